/*
 * What the words of lmtpctl share.  Trusts the terminal with nothing: all that
 * a file or an argument says is escaped.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "conf.h"
#include "ctl_load.h"
#include "identity.h"
#include "log.h"
#include "privsep.h"

static void
say_error(void *arg, enum conf_kind kind, const char *text)
{
	char safe[2048];

	(void)arg;
	if (kind == CONF_ERROR)
		fprintf(stderr, "lmtpctl: %s\n",
		    log_safe(safe, sizeof(safe), text));
}

static const struct conf_report errors_only = { say_error, NULL };

struct policy *
ctl_policy(const struct ctl *ctl)
{
	return conf_load(ctl->conf, &errors_only);
}

struct policy *
ctl_policy_as_owner(const struct ctl *ctl)
{
	struct policy *policy = ctl_policy(ctl);

	if (policy == NULL || privsep_become_owner(policy->state_dir) == 0)
		return policy;
	fprintf(stderr, "lmtpctl: state-dir %s must be there and belong to "
	    "the user of lmtpd: %s\n", policy->state_dir, errno == EPERM ?
	    "root owns it" : strerror(errno));
	policy_free(policy);
	return NULL;
}

void
ctl_complain_table(const char *name)
{
	char safe[1024];

	if (errno == EINVAL)
		fprintf(stderr, "lmtpctl: a table's name is printable ASCII "
		    "without blanks and \"/\", the first no \".\" or "
		    "\"-\"\n");
	else if (errno == EPERM)
		fprintf(stderr, "lmtpctl: others than lmtpd's user may change "
		    "table %s: lmtpctl check says where\n",
		    log_safe(safe, sizeof(safe), name));
	else
		fprintf(stderr, "lmtpctl: table %s: %s\n",
		    log_safe(safe, sizeof(safe), name), strerror(errno));
}

int
ctl_address(const char *what, const char *s, char *out)
{
	char path[ADDR_MAX], safe[4 * ADDR_MAX];
	size_t n = strlen(s);
	char *p;

	out[0] = '\0';
	if (n >= 2 && s[0] == '<' && s[n - 1] == '>') {
		s++;
		n -= 2;
	}
	if (n == 0)
		return 0;
	if (addr_read_path(s, n, path) == -1 || identity_of(path, out) == -1) {
		fprintf(stderr, "lmtpctl: %s \"%s\" is malformed\n", what,
		    log_safe(safe, sizeof(safe), s));
		return -1;
	}
	for (p = out; *p != '\0'; p++)
		*p = tolower((unsigned char)*p);
	return 0;
}
