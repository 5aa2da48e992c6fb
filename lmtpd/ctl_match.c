/*
 * lmtpctl match: try a pattern.  0 it matches, 1 it does not, 2 it is none.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "ctl.h"
#include "like.h"
#include "log.h"

static int
usage(void)
{
	fprintf(stderr, "usage: lmtpctl match [--text] [--] PATTERN TEXT\n");
	return EX_USAGE;
}

/* The pattern, and a mark under what is wrong. */
static void
explain(const char *pattern, const struct like_error *error)
{
	char before[4 * LIKE_PATTERN_MAX + 1], safe[4 * LIKE_PATTERN_MAX + 1];
	char head[LIKE_PATTERN_MAX + 1];

	strlcpy(head, pattern, error->at < sizeof(head) ?
	    error->at + 1 : sizeof(head));
	log_safe(before, sizeof(before), head);
	log_safe(safe, sizeof(safe), pattern);
	fprintf(stderr, "pattern, character %zu: %s, %s\n  %s\n  %*s^\n",
	    error->at + 1, error->what, error->right, safe,
	    (int)strlen(before), "");
}

int
ctl_match(const struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {
		{ "text", no_argument, NULL, 't' },
		{ 0 }
	};
	struct like_error error = { 0 };
	struct like *like;
	int c, flags = LIKE_BINARY, matches;

	(void)ctl;
	optind = 0;	/* getopt(3) begins anew */
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 't')
			return usage();
		flags = LIKE_TEXT;
	}
	if (argc - optind != 2)
		return usage();
	like = like_compile(argv[optind], strlen(argv[optind]), flags, &error);
	if (like == NULL && error.what == NULL) {
		fprintf(stderr, "lmtpctl: out of memory\n");
		return EX_OSERR;
	}
	if (like == NULL) {
		explain(argv[optind], &error);
		return 2;
	}
	matches = like_match(like, argv[optind + 1], strlen(argv[optind + 1]));
	like_free(like);
	return matches ? 0 : 1;
}
