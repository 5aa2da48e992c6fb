/*
 * What every part of the configuration reader does: report, and copy.  Running
 * out of memory while loading ends the program: nothing is under way yet.
 */
#include <sys/stat.h>

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "conf_say.h"

static void
report(struct conf_errors *e, enum conf_kind kind, struct where where,
    const char *fmt, va_list ap)
{
	char *what, *text;

	e->n++;
	if (vasprintf(&what, fmt, ap) == -1 ||
	    asprintf(&text, "%s:%d: %s", where.file, where.line, what) == -1)
		err(EX_OSERR, NULL);
	e->report->say(e->report->arg, kind, text);
	free(what);
	free(text);
}

void
conf_error(struct conf_errors *e, struct where where, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(e, CONF_ERROR, where, fmt, ap);
	va_end(ap);
}

void
conf_doubt(struct conf_errors *e, struct where where, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(e, CONF_WARNING, where, fmt, ap);
	va_end(ap);
}

struct where
conf_top(const struct policy *p)
{
	return (struct where){ p->files.v[0], 1 };
}

const char *
conf_writers(mode_t mode)
{
	return mode & S_IWOTH ? "everyone" : mode & S_IWGRP ? "its group" :
	    NULL;
}

char *
conf_dup(const char *s)
{
	char *copy = strdup(s);

	if (copy == NULL)
		err(EX_OSERR, NULL);
	return copy;
}

void *
conf_room(size_t n, size_t size)
{
	void *room = calloc(n == 0 ? 1 : n, size);

	if (room == NULL)
		err(EX_OSERR, NULL);
	return room;
}
