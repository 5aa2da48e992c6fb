/*
 * What a program that we run writes.  It is hostile text, as long as it likes:
 * lines are cut, counted and escaped (log.c does).
 */
#include <fcntl.h>
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
close_fd(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

int
output_open(struct output *o, int *write_end)
{
	int fd[2];

	*o = (struct output){ .fd = -1, .other = -1 };
	if (pipe2(fd, O_CLOEXEC) == -1)
		return -1;
	if (fcntl(fd[0], F_SETFL, O_NONBLOCK) == -1) {
		/* nobody may read it, as the end of it would never come */
		close(fd[0]);
		close(fd[1]);
		return -1;
	}
	o->fd = fd[0];
	*write_end = o->other = fd[1];
	return 0;
}

void
output_read(struct output *o, const char *who)
{
	char buf[4096];
	ssize_t n = 0;
	int i;

	for (i = 0; i < READS && o->fd != -1; i++) {
		n = read(o->fd, buf, sizeof(buf));
		if (n <= 0)
			return;
		take(o, who, buf, n);
	}
}

/* 1 to 3 digits of an enhanced code, and what ends them. */
static const char *
read_digits(const char *p, char end)
{
	size_t n = strspn(p, "0123456789");

	return n >= 1 && n <= 3 && p[n] == end ? p + n + 1 : NULL;
}

bool
output_status(const struct output *o, char *code, size_t code_size,
    char *text, size_t text_size)
{
	const char *end = o->first + strcspn(o->first, " ");
	size_t len = end - o->first;
	const char *p;

	if (len >= code_size)
		return false;
	memcpy(code, o->first, len);
	code[len] = '\0';
	if ((code[0] != '4' && code[0] != '5') || code[1] != '.' ||
	    (p = read_digits(code + 2, '.')) == NULL ||
	    read_digits(p, '\0') == NULL) {
		code[0] = '\0';
		return false;
	}
	log_safe(text, text_size, *end == ' ' ? end + 1 : "");
	return true;
}

void
output_end(struct output *o, const char *who)
{
	output_read(o, who);
	if (o->len > 0)
		end_line(o, who);
	close_fd(&o->fd);
	close_fd(&o->other);
}
