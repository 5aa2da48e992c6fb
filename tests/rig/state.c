/*
 * state - what keeps state, a call at a time, to be killed in the middle of
 * one.  It prints what the call answered, or "-1" and the name of the error,
 * and then ends with 1.  It trusts its caller.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "done.h"
#include "log.h"
#include "rate.h"
#include "seen.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define ID		"20260131T235959-1"

static int
say(long rc)
{
	if (rc == -1)
		printf("-1 %s\n", strerrorname_np(errno));
	else
		printf("%ld\n", rc);
	return rc == -1;
}

static int
note(char **arg)
{
	struct seen	 s = { .sender = "a@example.com", .message = "<m@x>",
	    .decision = "delivered", .when = time(NULL) };

	strlcpy(s.where, arg[2], sizeof(s.where));
	return say(seen_note(arg[0], arg[1], &s));
}

/* As a teller does it whose mailer takes everything. */
static int
tell(char **arg)
{
	struct seen	*list;
	int		 lock = seen_lock(arg[0], arg[1]), rc = 0;
	long		 i, n;

	if (lock == -1)
		return say(-1);
	n = seen_list(arg[0], arg[1], true, &list);
	for (i = 0; i < n && rc == 0; i++) {
		list[i].told = time(NULL);
		rc = seen_write(arg[0], arg[1], &list[i]);
	}
	if (n == -1 || rc == -1 || seen_all_told(arg[0], arg[1]) == -1)
		return say(-1);
	free(list);
	close(lock);
	return say(n);
}

static int
forget(char **arg)
{
	return say(seen_forget(arg[0], arg[1],
	    strcmp(arg[2], "all") == 0 ? NULL : arg[2]));
}

/* "told ADDRESS" or "untold ADDRESS", and whether one is to be told. */
static int
list(char **arg)
{
	struct seen	*list;
	long		 i, n = seen_list(arg[0], arg[1], false, &list);

	for (i = 0; i < n; i++)
		printf("%s %s\n", list[i].told != 0 ? "told" : "untold",
		    list[i].where);
	if (n > 0)
		free(list);
	if (seen_untold(arg[0], arg[1]))
		puts("marked");
	return n == -1 ? say(-1) : 0;
}

static int
read_rate(const char *text, struct rate_place *place, char **arg)
{
	struct rate	 rate;

	if (rate_read(text, &rate) == -1)
		errx(EX_USAGE, "%s is no rate", text);
	return rate_reserve(arg[0], "rate", arg[1], &rate, place);
}

static int
reserve(char **arg)
{
	struct rate_place	 place;

	return say(read_rate(arg[2], &place, arg));
}

static int
give_back(char **arg)
{
	struct rate_place	 place;
	int			 rc = read_rate(arg[2], &place, arg);

	if (rc == 1)
		rc = rate_return(arg[0], "rate", arg[1], &place);
	return say(rc);
}

static int
sweep_rate(char **arg)
{
	return say(rate_sweep(arg[0], "rate", (unsigned int)atoi(arg[1])));
}

static int
claim(char **arg, struct done *done)
{
	static const char *const	 answers[] = {
		[DONE_CLAIMED] = "claimed", [DONE_BEFORE] = "before",
		[DONE_HELD] = "held"
	};
	char			 id[DONE_ID_MAX];
	enum done_answer	 answer;

	answer = done_claim(arg[0], arg[1], 3600, done, id);
	if (answer == DONE_FAILED)
		return say(-1);
	puts(answers[answer]);
	return 0;
}

static int
keep(char **arg)
{
	struct done	 done;

	if (claim(arg, &done) != 0 || done.fd == -1)
		return 1;
	return say(done_keep(&done, ID));
}

static int
release(char **arg)
{
	struct done	 done;
	int		 rc = claim(arg, &done);

	done_release(arg[0], &done);
	return rc;
}

static int
sweep_done(char **arg)
{
	return say(done_sweep(arg[0], strtoul(arg[1], NULL, 10)));
}

static const struct {
	const char	*word;
	int		 args;
	int		(*run)(char **);
} words[] = {
	{ "note", 3, note }, { "tell", 2, tell }, { "forget", 3, forget },
	{ "list", 2, list }, { "reserve", 3, reserve },
	{ "return", 3, give_back }, { "sweep-rate", 2, sweep_rate },
	{ "keep", 2, keep }, { "release", 2, release },
	{ "sweep-done", 2, sweep_done }
};

int
main(int argc, char **argv)
{
	size_t	 i;

	log_open("state", STDERR_FILENO);
	for (i = 0; argc > 1 && i < NELEM(words); i++)
		if (strcmp(argv[1], words[i].word) == 0 &&
		    argc == words[i].args + 2)
			return words[i].run(argv + 2);
	errx(EX_USAGE, "usage: state WORD STATE-DIR ARGUMENT ...");
}
