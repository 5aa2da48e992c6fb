/*
 * announce.h on a command line, for tests: a run of it can be traced, killed
 * and begun again.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "announce.h"
#include "log.h"
#include "table.h"

static char template[] = "Subject: to %a\n\n%u\n%c\n";

static _Noreturn void
usage(void)
{
	errx(2, "usage: announce add|left|run|table state-dir table "
	    "[mailer | address ...]");
}

/* The addresses in a queue, each with the user "u". */
static int
add(const char *state_dir, const char *table, char **address)
{
	struct announce *a = announce_begin(state_dir, table);

	if (a == NULL)
		err(1, "announce_begin");
	for (; *address != NULL; address++)
		if (announce_add(a, *address, "u") == -1)
			err(1, "announce_add");
	if (announce_commit(a) == -1)
		err(1, "announce_commit");
	return 0;
}

/* A table of them. */
static int
make(const char *state_dir, const char *table, char **address)
{
	struct table_maker *t = table_make(state_dir, table);

	if (t == NULL)
		err(1, "table_make");
	for (; *address != NULL; address++)
		if (table_make_add(t, *address, "u") == -1)
			err(1, "table_make_add");
	if (table_make_commit(t) == -1)
		err(1, "table_make_commit");
	return 0;
}

static void
say(void *arg, long done, long all)
{
	(void)arg;
	printf("%ld of %ld\n", done, all);
	fflush(stdout);
}

/* Until standard input can be read. */
static int
run(char *state_dir, const char *table, char **mailer)
{
	struct policy p = { .hostname = (char *)"gw.example.net",
	    .state_dir = state_dir, .notice_from = (char *)"",
	    .mailer.v = mailer };

	while (mailer[p.mailer.n] != NULL)
		p.mailer.n++;
	return announce_run(&p, table, template, STDIN_FILENO, say,
	    NULL) == 0 ? 0 : 1;
}

static int
left(const char *state_dir, const char *table)
{
	long n = announce_left(state_dir, table);

	if (n == -1)
		err(1, "announce_left");
	printf("%ld\n", n);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc < 4)
		usage();
	log_open("announce", STDERR_FILENO);
	if (strcmp(argv[1], "add") == 0)
		return add(argv[2], argv[3], argv + 4);
	if (strcmp(argv[1], "table") == 0)
		return make(argv[2], argv[3], argv + 4);
	if (strcmp(argv[1], "run") == 0)
		return run(argv[2], argv[3], argv + 4);
	if (strcmp(argv[1], "left") == 0)
		return left(argv[2], argv[3]);
	usage();
}
