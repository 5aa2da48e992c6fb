/*
 * lmtpctl seen: server addresses that accounts' senders came from.  0; 1:
 * nothing was there to forget; 2: could not tell.
 */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf.h"
#include "ctl.h"
#include "ctl_load.h"
#include "log.h"
#include "seen.h"
#include "state.h"

#define UNTOLD	2

struct ask {
	const char	*account;	/* NULL: all */
	const char	*where;		/* to forget; NULL: all of the account's */
	bool		 forget;
	bool		 json;
};

static int
usage(void)
{
	fprintf(stderr, "usage: lmtpctl [-f conf] seen [--json] [ACCOUNT]\n"
	    "       lmtpctl [-f conf] seen --forget ACCOUNT [ADDRESS]\n");
	return EX_USAGE;
}

static int
complain(const char *account)
{
	char safe[512];

	log_safe(safe, sizeof(safe), account);	/* errno stays */
	if (errno == EINVAL)
		fprintf(stderr, "lmtpctl: \"%s\" is no account's name: that "
		    "is printable ASCII without blanks and \"/\", the first "
		    "no \".\" or \"-\"\n", safe);
	else
		fprintf(stderr, "lmtpctl: addresses of account \"%s\": %s\n",
		    safe, strerror(errno));
	return UNTOLD;
}

static void
print_one(const char *account, const struct seen *s)
{
	char when[STATE_TIME_MAX], told[STATE_TIME_MAX];
	char sender[4 * ADDR_MAX], message[4 * SEEN_TEXT_MAX];

	printf("%s %s first seen %s, sender <%s>, %s, message %s, %s%s\n",
	    account, s->where, state_time(when, s->when),
	    log_safe(sender, sizeof(sender), s->sender), s->decision,
	    log_safe(message, sizeof(message), s->message),
	    s->told != 0 ? "admins told " : "admins not told",
	    s->told != 0 ? state_time(told, s->told) : "");
}

/* What is no UTF-8 stands there escaped: an entry must not go missing. */
static json_t *
json_text(const char *text)
{
	char safe[4 * SEEN_TEXT_MAX];
	json_t *s = json_string(text);

	return s != NULL ? s : json_string(log_safe(safe, sizeof(safe), text));
}

static json_t *
json_one(const char *account, const struct seen *s)
{
	char when[STATE_TIME_MAX], told[STATE_TIME_MAX];

	return json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:s?}",
	    "account", account, "address", s->where,
	    "sender", json_text(s->sender),
	    "message", json_text(s->message), "decision", s->decision,
	    "when", state_time(when, s->when),
	    "told", s->told != 0 ? state_time(told, s->told) : NULL);
}

/* Prints, or adds to the list. */
static int
show(const struct policy *policy, const char *account, json_t *list)
{
	struct seen *v;
	long i, n = seen_list(policy->state_dir, account, false, &v);

	if (n == -1)
		return complain(account);
	for (i = 0; i < n; i++) {
		if (list == NULL)
			print_one(account, &v[i]);
		else
			json_array_append_new(list, json_one(account, &v[i]));
	}
	free(v);
	return 0;
}

static int
show_all(const struct policy *policy, const struct ask *ask)
{
	json_t *list = ask->json ? json_array() : NULL;
	int rc = 0, one;
	size_t i;

	for (i = 0; i < policy->accounts; i++) {
		const char *name = policy->account[i].name;

		if (ask->account != NULL && strcmp(ask->account, name) != 0)
			continue;
		one = show(policy, name, list);
		rc = one != 0 ? one : rc;
	}
	if (list == NULL)
		return rc;
	json_dumpf(list, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	printf("\n");
	json_decref(list);
	return rc;
}

/* "2001:db8::1" and the like name what it is kept as.  0, or -1. */
static int
read_where(const char *arg, char where[SEEN_WHERE_MAX])
{
	char name[SEEN_WHERE_MAX], safe[512];
	struct ip_addr ip;

	if (ip_read(arg, &ip) == 0) {
		seen_where(&ip, where);
		return 0;
	}
	if (strlcpy(where, arg, SEEN_WHERE_MAX) < SEEN_WHERE_MAX &&
	    seen_text_name(where, name) == 0)
		return 0;
	fprintf(stderr, "lmtpctl: \"%s\" is no server address: one such as "
	    "\"192.0.2.7\" would be right, as lmtpctl seen prints it\n",
	    log_safe(safe, sizeof(safe), arg));
	return -1;
}

static int
forget(const struct policy *policy, const struct ask *ask)
{
	char where[SEEN_WHERE_MAX] = "", safe[512];
	int rc;

	if (ask->where != NULL && read_where(ask->where, where) == -1)
		return UNTOLD;
	rc = seen_forget(policy->state_dir, ask->account,
	    ask->where != NULL ? where : NULL);
	if (rc == -1)
		return complain(ask->account);
	if (rc == 1)
		return 0;
	fprintf(stderr, "lmtpctl: account \"%s\"%s%s: nothing was there to "
	    "forget\n", log_safe(safe, sizeof(safe), ask->account),
	    *where != '\0' ? ", " : "", where);
	return 1;
}

static bool
has_account(const struct policy *policy, const char *name)
{
	size_t i;

	for (i = 0; i < policy->accounts; i++)
		if (strcmp(policy->account[i].name, name) == 0)
			return true;
	return false;
}

static int
read_options(int argc, char **argv, struct ask *ask)
{
	static const struct option options[] = {
		{ "forget", no_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 }
	};
	int c;

	optind = 0;	/* getopt(3) begins anew */
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'f' && c != 'j')
			return -1;
		ask->forget |= c == 'f';
		ask->json |= c == 'j';
	}
	if (optind < argc)
		ask->account = argv[optind++];
	if (optind < argc && ask->forget)
		ask->where = argv[optind++];
	return optind == argc && (!ask->forget || ask->account != NULL) &&
	    !(ask->forget && ask->json) ? 0 : -1;
}

int
ctl_seen(const struct ctl *ctl, int argc, char **argv)
{
	struct ask ask = { 0 };
	struct policy *policy;
	char safe[512];
	int rc = UNTOLD;

	if (read_options(argc, argv, &ask) == -1)
		return usage();
	log_open("lmtpctl", STDERR_FILENO);
	if ((policy = ctl_policy_as_owner(ctl)) == NULL)
		return UNTOLD;
	/* what an account that is gone left behind can be forgotten */
	if (ask.account != NULL && !ask.forget &&
	    !has_account(policy, ask.account))
		fprintf(stderr, "lmtpctl: there is no account \"%s\" in the "
		    "configuration\n",
		    log_safe(safe, sizeof(safe), ask.account));
	else
		rc = ask.forget ? forget(policy, &ask) :
		    show_all(policy, &ask);
	policy_free(policy);
	return rc;
}
