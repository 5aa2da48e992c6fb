/*
 * lmtpctl sweep: remove what has expired below state-dir, and tell admins what
 * is left to tell.  A timer calls it; no hand is ever needed.  0, or 2 where
 * something could not be done.
 */
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf.h"
#include "ctl.h"
#include "ctl_load.h"
#include "done.h"
#include "log.h"
#include "notice.h"
#include "rate.h"
#include "seen.h"

#define DAY	86400
#define HOUR	3600

/* What a step could not do is told, and the next one is taken. */
static int
step(const char *what, int rc)
{
	if (rc != -1)
		return 0;
	log_warn("cannot sweep %s", what);
	return 2;
}

static int
sweep(const struct policy *policy)
{
	const char *dir = policy->state_dir;
	int rc = 0;
	size_t i;

	rc |= step("done", done_sweep(dir, policy->remember));
	rc |= step("rate", rate_sweep(dir, "rate", DAY));
	rc |= step("notices", rate_sweep(dir, "notices", HOUR));
	for (i = 0; i < policy->accounts; i++)
		if (seen_untold(dir, policy->account[i].name) &&
		    notice_tell(policy, &policy->account[i], -1) == -1)
			rc = 2;
	return rc;
}

int
ctl_sweep(const struct ctl *ctl, int argc, char **argv)
{
	struct policy *policy;
	int rc;

	(void)argv;
	if (argc != 1) {
		fprintf(stderr, "usage: lmtpctl [-f conf] sweep\n");
		return EX_USAGE;
	}
	log_open("lmtpctl", STDERR_FILENO);
	if ((policy = ctl_policy_as_owner(ctl)) == NULL)
		return 2;
	rc = sweep(policy);
	policy_free(policy);
	return rc;
}
