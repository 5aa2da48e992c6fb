/*
 * Running the mailer.  It is trusted to take mail, and to say whether it did.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "errand.h"
#include "log.h"
#include "mailer.h"

/* A word with %f and %% filled in; the caller frees it. */
static char *
expand(const char *word, const char *from)
{
	char *out = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&out, &n);

	if (f == NULL)
		return NULL;
	for (; *word != '\0'; word++)
		if (*word != '%' || word[1] == '\0')
			fputc(*word, f);
		else if (*++word == 'f')
			fputs(*from != '\0' ? from : "<>", f);
		else
			fputc(*word, f);
	if (fclose(f) == 0)
		return out;
	free(out);
	return NULL;
}

static void
free_words(char **v)
{
	char **p;

	for (p = v; p != NULL && *p != NULL; p++)
		free(*p);
	free(v);
}

static char **
make_argv(const struct policy *p)
{
	char **argv = calloc(p->mailer.n + 1, sizeof(*argv));
	size_t i;

	for (i = 0; argv != NULL && i < p->mailer.n; i++)
		if ((argv[i] = expand(p->mailer.v[i], p->notice_from)) ==
		    NULL) {
			free_words(argv);
			return NULL;
		}
	return argv;
}

/* All of it in a file that has no name and is read from its beginning. */
static int
make_input(const char *message, size_t n)
{
	int fd = memfd_create("mail", MFD_CLOEXEC);
	ssize_t done = 0;

	if (fd == -1)
		return -1;
	for (; n > 0; n -= (size_t)done, message += done)
		if ((done = write(fd, message, n)) == -1) {
			close(fd);
			return -1;
		}
	if (lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	close(fd);
	return -1;
}

/* What its end means. */
static int
judge(const struct errand *e)
{
	int status = e->status;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;	/* believed, however late */
	if (e->ended != NULL)
		log_warnx("mailer: ended: %s", e->ended);
	else if (WIFEXITED(status)) {
		log_warnx("mailer: exit status %d: it did not take the mail",
		    WEXITSTATUS(status));
		return -1;
	} else
		log_warnx("mailer: killed by signal %d", WTERMSIG(status));
	return 1;
}

int
mailer_send(const struct policy *p, const char *message, size_t n,
    int stop_fd)
{
	static char *env[] = { "PATH=" LAUNCH_PATH, "LC_ALL=C.UTF-8", NULL };
	struct launch s = { .env = env, .fd = { -1, -1, -1 } };
	struct errand e = {
		.who = "mailer",
		.deadline = clock_ms() + MAILER_SECONDS * 1000,
		.stop_fd = stop_fd
	};
	int rc = -1;

	if (p->mailer.n == 0) {
		log_warnx("mail is due and no mailer is configured");
		return -1;
	}
	s.argv = make_argv(p);
	s.fd[0] = make_input(message, n);
	if (s.argv != NULL && s.fd[0] != -1)
		rc = errand_run(&e, &s);
	if (rc == -1)
		log_warn("mailer: cannot run %s", p->mailer.v[0]);
	if (s.fd[0] != -1)
		close(s.fd[0]);
	free_words(s.argv);
	return rc == -1 ? -1 : judge(&e);
}
