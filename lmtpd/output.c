/*
 * What a program that we run writes.  It is hostile text, as long as it likes:
 * lines are cut, counted and escaped (log.c does).
 */
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "output.h"

#define READS	16	/* at a time: a flood must not keep us from clocks */

static void
end_line(struct output *o, const char *who)
{
	o->line[o->len] = '\0';
	if (o->lines == 0)
		strlcpy(o->first, o->line, sizeof(o->first));
	if (o->lines < OUTPUT_LINES_MAX && o->len > 0)
		log_info("%s: %s", who, o->line);
	else if (o->lines == OUTPUT_LINES_MAX)
		log_info("%s: more output is dropped", who);
	o->lines++;
	o->len = 0;
}

static void
take(struct output *o, const char *who, const char *p, ssize_t n)
{
	for (; n > 0; n--, p++) {
		if (*p == '\n')
			end_line(o, who);
		else if (o->len < sizeof(o->line) - 1)
			o->line[o->len++] = *p == '\0' ? ' ' : *p;
	}
}

static void
close_it(struct output *o)
{
	if (o->fd != -1)
		close(o->fd);
	o->fd = -1;
}

void
output_read(struct output *o, const char *who)
{
	char buf[4096];
	ssize_t n = 0;
	int i;

	for (i = 0; i < READS && o->fd != -1; i++) {
		n = read(o->fd, buf, sizeof(buf));
		if (n == -1)
			return;
		take(o, who, buf, n);
		if (n == 0)
			close_it(o);
	}
}

void
output_end(struct output *o, const char *who)
{
	output_read(o, who);
	if (o->len > 0)
		end_line(o, who);
	close_it(o);
}
