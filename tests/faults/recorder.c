/*
 * recorder [-g] file [word ...] - the fastest backend and mailer: keeps its
 * arguments and all of its standard input in a file of its own, FILE.PID.part,
 * which becomes FILE.PID as its last act before it ends with success.  With -g
 * it first leaves somebody behind, who would stay for ever.
 */
#include <sys/wait.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* In a session of its own, and its parent has ended. */
static void
leave_grandchild(void)
{
	pid_t child = fork();

	if (child == -1)
		err(EX_TEMPFAIL, "fork");
	if (child > 0) {
		waitpid(child, NULL, 0);
		return;
	}
	setsid();
	if (fork() == 0)
		for (;;)
			pause();
	_exit(0);
}

static void
copy(FILE *to)
{
	char buf[65536];
	ssize_t n;

	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) > 0)
		if (fwrite(buf, 1, (size_t)n, to) != (size_t)n)
			err(EX_TEMPFAIL, "write");
	if (n == -1)
		err(EX_TEMPFAIL, "read");
}

int
main(int argc, char **argv)
{
	char *part, *whole;
	FILE *f;
	int i;

	if (argc > 1 && strcmp(argv[1], "-g") == 0) {
		leave_grandchild();
		argc--;
		argv++;
	}
	if (argc < 2)
		errx(EX_USAGE, "usage: recorder [-g] file [word ...]");
	if (asprintf(&whole, "%s.%ld", argv[1], (long)getpid()) == -1 ||
	    asprintf(&part, "%s.part", whole) == -1 ||
	    (f = fopen(part, "w")) == NULL)
		err(EX_TEMPFAIL, "%s", argv[1]);
	for (i = 2; i < argc; i++)
		fprintf(f, "%s%c", argv[i], i + 1 < argc ? ' ' : '\n');
	copy(f);
	if (fclose(f) != 0 || rename(part, whole) == -1)
		err(EX_TEMPFAIL, "%s", whole);
	return 0;
}
