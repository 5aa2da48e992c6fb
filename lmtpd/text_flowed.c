/*
 * Takes the soft line breaks out of format=flowed.  Trusts no byte.
 */
#include <string.h>

#include "text_flowed.h"

/* A line, without what only marks it. */
struct line {
	const char	*s;
	size_t		 n;
	size_t		 depth;		/* of quoting */
	bool		 soft;		/* goes on in the next one */
};

static bool
is_signature(const struct line *line)
{
	return line->n == 3 && memcmp(line->s, "-- ", 3) == 0;
}

/* Reads the line at *at, which is below n, and moves *at behind it. */
static struct line
next_line(const char *s, size_t n, size_t *at)
{
	const char	*end = memchr(s + *at, '\n', n - *at);
	struct line	 line = { .s = s + *at };

	line.n = end != NULL ? (size_t)(end - line.s) : n - *at;
	*at += line.n + (end != NULL);
	if (line.n > 0 && line.s[line.n - 1] == '\r')
		line.n--;
	while (line.depth < line.n && line.s[line.depth] == '>')
		line.depth++;
	line.s += line.depth;
	line.n -= line.depth;
	if (line.n > 0 && line.s[0] == ' ') {	/* stuffed */
		line.s++;
		line.n--;
	}
	line.soft = line.n > 0 && line.s[line.n - 1] == ' ' &&
	    !is_signature(&line);
	return line;
}

static void
put_quotes(size_t depth, struct text_buf *out)
{
	if (depth == 0)
		return;
	while (depth-- > 0)
		text_add_byte(out, '>');
	text_add_byte(out, ' ');
}

void
text_unflow(const char *s, size_t n, bool delsp, struct text_buf *out)
{
	struct line	 line;
	size_t		 at = 0, depth = 0;
	bool		 within = false;	/* a paragraph goes on */

	while (at < n) {
		line = next_line(s, n, &at);
		/* section 4.5: a paragraph ends with its depth */
		if (within && (line.depth != depth || is_signature(&line))) {
			text_add_byte(out, '\n');
			within = false;
		}
		if (!within)
			put_quotes(line.depth, out);
		depth = line.depth;
		text_add(out, line.s, line.n - (line.soft && delsp));
		if (!line.soft)
			text_add_byte(out, '\n');
		within = line.soft;
	}
}
