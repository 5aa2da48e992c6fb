/*
 * lmtpctl: questions to ask of an lmtpd installation.  A table of words.
 */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "ctl.h"
#include "sandbox.h"

static const struct word {
	const char	*name;
	int		(*run)(const struct ctl *, int, char **);
	const char	*usage;
	const char	*says;
} words[] = {
	{ "check", ctl_check, "check",
	    "read the configuration, tell errors and doubts" },
	{ "explain", ctl_explain, "explain --sender S --recipient R < message",
	    "what would be decided, and why" },
	{ "match", ctl_match, "match [--text] [--] PATTERN TEXT",
	    "does the whole text match the pattern?" },
	{ "domain", ctl_domain, "domain token DOMAIN",
	    "the TXT record that is to prove a domain" },
	{ "domain", ctl_domain, "domain verify [DOMAIN | --all]",
	    "ask the DNS for it" },
	{ "domain", ctl_domain, "domain list",
	    "all domains, and since when they are proven" },
	{ "import", ctl_import, "import TABLE FILE.csv",
	    "addresses into a users table, with a preview" },
	{ "export", ctl_export, "export TABLE", "the same CSV back" },
	{ "lookup", ctl_lookup, "lookup ADDRESS",
	    "whose sender an address is, and why" },
	{ "seen", ctl_seen, "seen [ACCOUNT]",
	    "server addresses that senders came from" },
	{ "seen", ctl_seen, "seen --forget ACCOUNT [ADDRESS]",
	    "as if it had never come: admins hear of it again" },
	{ "sweep", ctl_sweep, "sweep",
	    "remove what has expired from the state dir" },
	{ "spf", ctl_spf, "spf --client A --helo H --sender S",
	    "what SPF says of a client and a sender" },
};

#define WORDS	(sizeof(words) / sizeof(words[0]))

static _Noreturn void
usage(void)
{
	size_t i;

	fprintf(stderr, "usage: lmtpctl [-f conf] word\n");
	for (i = 0; i < WORDS; i++)
		fprintf(stderr, "  %-46s %s\n", words[i].usage, words[i].says);
	exit(EX_USAGE);
}

int
main(int argc, char **argv)
{
	struct ctl ctl = { .conf = LMTPD_CONF };
	size_t i;
	int c;

	/* who executes us may ignore it, and waitpid(2) would know nothing */
	signal(SIGCHLD, SIG_DFL);
	if (sandbox_secrets() == -1)
		err(EX_OSERR, "cannot keep secrets out of core files");
	while ((c = getopt(argc, argv, "+f:")) != -1) {
		if (c != 'f')
			usage();
		ctl.conf = optarg;
	}
	argc -= optind;
	argv += optind;
	if (argc == 0)
		usage();
	for (i = 0; i < WORDS; i++)
		if (strcmp(argv[0], words[i].name) == 0)
			return words[i].run(&ctl, argc, argv);
	usage();
}
