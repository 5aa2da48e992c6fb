/*
 * A directory with a mailer that a test writes, a policy that names it, and a
 * log that can be read.  In scripts $D is the directory.
 */
#ifndef MAILER_SITE_H
#define MAILER_SITE_H

#include <sys/stat.h>

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "policy.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

struct site {
	char		 dir[64];
	char		 mailer[80];
	char		*argv[8];
	struct policy	 policy;
	int		 log;
};

static inline void
site_path(const struct site *s, const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", s->dir, name);
}

static inline void
site_script(struct site *s, const char *text)
{
	FILE *f = fopen(s->mailer, "we");

	if (f == NULL)
		err(1, "%s", s->mailer);
	fprintf(f, "#!/bin/sh\nD=%s\n%s\n", s->dir, text);
	fclose(f);
	chmod(s->mailer, 0755);
}

/* Keeps each mail as mail.N, N from 1. */
#define SITE_KEEP \
	"n=$(($(ls $D | grep -c '^mail\\.') + 1))\n" \
	"cat >$D/mail.$n\n"

static inline struct site *
site_open(void)
{
	struct site *s = calloc(1, sizeof(*s));
	char path[128];

	if (s == NULL)
		err(1, NULL);
	strlcpy(s->dir, "/tmp/mailer_site.XXXXXX", sizeof(s->dir));
	if (mkdtemp(s->dir) == NULL)
		err(1, "mkdtemp");
	snprintf(s->mailer, sizeof(s->mailer), "%s/mailer", s->dir);
	s->argv[0] = s->mailer;
	s->policy.mailer.v = s->argv;
	s->policy.mailer.n = 1;
	s->policy.hostname = (char *)"gw.example.net";
	s->policy.notice_from = (char *)"";
	s->policy.state_dir = s->dir;
	site_path(s, "log", path);
	s->log = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	log_open("test", s->log);
	return s;
}

static inline void
site_close(struct site *s)
{
	char command[128];

	log_open("test", -1);
	close(s->log);
	snprintf(command, sizeof(command), "rm -rf '%s'", s->dir);
	if (system(command) != 0)
		err(1, "%s", command);
	free(s);
}

/* A file's text, good until the next call; NULL: there is none. */
static inline const char *
site_read(const struct site *s, const char *name)
{
	static char text[1 << 17];
	char path[128];
	ssize_t n;
	int fd;

	site_path(s, name, path);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return NULL;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static inline void
site_forget_log(struct site *s)
{
	if (ftruncate(s->log, 0) == -1)
		err(1, "ftruncate");
}

static inline unsigned int
count(const char *text, const char *what)
{
	unsigned int n = 0;

	for (; (text = strstr(text, what)) != NULL; text += strlen(what))
		n++;
	return n;
}

#endif
