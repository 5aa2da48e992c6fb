/*
 * lmtpctl check: 0 clean, 1 warnings, 2 errors.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf.h"
#include "ctl.h"
#include "lint.h"
#include "log.h"
#include "privsep.h"

static void
say(void *arg, enum conf_kind kind, const char *text)
{
	char safe[2048];

	(void)arg;
	log_safe(safe, sizeof(safe), text);
	printf("%s: %s\n", kind == CONF_ERROR ? "error" : "warning", safe);
}

static const struct conf_report to_stdout = { say, NULL };

/*
 * Load the policy; where root asks, once more as the user that will: what root
 * can read says nothing.  *doubts counts what that user cannot even try.
 */
static struct policy *
load(const char *path, unsigned int *doubts)
{
	struct policy *policy = conf_load(path, &to_stdout);
	struct conf_errors errors = { &to_stdout, 0 };

	*doubts = 0;
	if (policy == NULL || geteuid() != 0)
		return policy;
	if (privsep_become_owner(policy->state_dir) == -1) {
		conf_doubt(&errors, conf_top(policy), "state-dir \"%s\" must "
		    "be there and belong to the user of lmtpd (%s): checked "
		    "as root instead", policy->state_dir,
		    errno == EPERM ? "root owns it" : strerror(errno));
		*doubts = errors.n;
		return policy;
	}
	policy_free(policy);
	return conf_load(path, &to_stdout);
}

int
ctl_check(const struct ctl *ctl, int argc, char **argv)
{
	struct policy *policy;
	unsigned int warnings;

	(void)argv;
	if (argc != 1) {
		fprintf(stderr, "usage: lmtpctl [-f conf] check\n");
		return EX_USAGE;
	}
	if ((policy = load(ctl->conf, &warnings)) == NULL)
		return 2;
	warnings += lint_policy(policy, &to_stdout);
	policy_free(policy);
	if (warnings == 0)
		printf("configuration OK\n");
	return warnings == 0 ? 0 : 1;
}
