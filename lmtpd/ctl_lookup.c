/*
 * lmtpctl lookup: which account, source and forwarding user a sender gets, and
 * why.  0: one has it; 1: none; 2: could not tell.
 */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "authorise.h"
#include "ctl.h"
#include "ctl_load.h"
#include "log.h"
#include "source_kind.h"

#define UNTOLD	2

struct ask {
	char		 sender[ADDR_MAX];
	struct origin	 origin;
	bool		 json;
};

static int
usage(void)
{
	fprintf(stderr, "usage: lmtpctl [-f conf] lookup [--json] "
	    "[--client ADDRESS] ADDRESS\n");
	return EX_USAGE;
}

static void
say_step(void *arg, const char *text)
{
	char safe[2048];

	(void)arg;
	/* there is no recipient to be taken */
	if (strncmp(text, "accept: ", 8) == 0)
		return;
	printf("%s\n", log_safe(safe, sizeof(safe), text));
}

static int
print_json(const struct ask *ask, const struct decision *d)
{
	const struct source *s = d->source;
	const char *kind = s != NULL ? source_kind_name(s->kind) : NULL;
	json_t *o = json_pack("{s:s, s:b, s:s, s:s*, s:s*, s:s*, s:s*, s:s*, "
	    "s:o*}", "address", ask->sender, "found", s != NULL,
	    "reason", reason_words(d->reason)->name,
	    "account", s != NULL ? s->account->name : NULL, "source", kind,
	    "name", s != NULL ? s->name : NULL, "user", d->user,
	    "file", s != NULL ? s->where.file : NULL,
	    "line", s != NULL ? json_integer(s->where.line) : NULL);

	if (o == NULL)
		return -1;
	json_dumpf(o, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	printf("\n");
	json_decref(o);
	return 0;
}

static int
look_up(const struct ask *ask, const struct policy *policy)
{
	struct users users = { 0 };
	struct header_facts none = { 0 };
	struct evidence evidence = { .policy = policy, .origin = &ask->origin,
	    .header = &none, .sender = ask->sender, .users = &users };
	struct trace trace = { say_step, NULL };
	struct decision d;

	authorise_sender(&evidence, &d, ask->json ? NULL : &trace);
	if (ask->json && print_json(ask, &d) == -1)
		fprintf(stderr, "lmtpctl: out of memory\n");
	if (!ask->json && d.source != NULL)
		printf("account %s, forwarding user %s\n",
		    d.source->account->name, d.user);
	return d.verdict == VERDICT_ACCEPT ? 0 :
	    d.verdict == VERDICT_REFUSE ? 1 : UNTOLD;
}

static int
read_options(int argc, char **argv, struct ask *ask)
{
	static const struct option options[] = {
		{ "client", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 }
	};
	int c;

	optind = 0;	/* getopt(3) begins anew */
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'c' && ip_read(optarg, &ask->origin.client) == -1)
			return -1;
		if (c != 'c' && c != 'j')
			return -1;
		ask->json |= c == 'j';
	}
	return argc - optind != 1 ? -1 :
	    ctl_address("address", argv[optind], ask->sender);
}

int
ctl_lookup(const struct ctl *ctl, int argc, char **argv)
{
	struct ask ask = { .origin = { .source = "", .helo = "", .name = "",
	    .queue_id = "" } };
	struct policy *policy;
	int rc;

	if (read_options(argc, argv, &ask) == -1)
		return usage();
	log_open("lmtpctl", STDERR_FILENO);
	if ((policy = ctl_policy_as_owner(ctl)) == NULL)
		return UNTOLD;
	rc = look_up(&ask, policy);
	policy_free(policy);
	return rc;
}
