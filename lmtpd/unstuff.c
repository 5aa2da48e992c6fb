/*
 * Takes the transparency off DATA (RFC 5321 section 4.5.2).  It trusts no
 * byte: whoever gets another end of data seen here than the MTA saw smuggles
 * in a mail of his own, so only CRLF.CRLF ends it.
 */
#include <string.h>

#include "lmtp.h"

/* What the last chunk ended in.  Zero is the start. */
enum unstuff_state {
	AT_START,		/* at the start of a line */
	AT_TEXT,		/* within a line */
	AT_CR,			/* within a line, a CR is held back */
	AT_DOT,			/* a line's first dot is held back */
	AT_DOT_CR		/* and a CR behind it */
};

/* A chunk under way: n bytes, r of them read, w written. */
struct chunk {
	struct lmtp_data	*data;
	char			*buf;
	size_t			 n;
	size_t			 r;
	size_t			 w;
};

/*
 * Goes on behind a CR that the chunk before ended in.  Returns how many bytes
 * were put in front of the chunk: a CR alone is text, and comes out again.
 */
static size_t
resume_cr(struct chunk *c)
{
	if (c->buf[0] != '\n') {
		memmove(c->buf + 1, c->buf, c->n);
		c->buf[0] = '\r';
		c->n++;
		c->r = c->w = 1;
		c->data->state = AT_TEXT;
		return 1;
	}
	c->r = 1;
	if (c->data->state == AT_DOT_CR)
		c->data->done = true;
	else
		c->w = 1;
	c->data->state = AT_START;
	return 0;
}

/* Behind the first dot of a line: the end of the data, or a stuffed dot. */
static void
read_dot(struct chunk *c)
{
	size_t	 left = c->n - c->r;

	if (left == 0)
		c->data->state = AT_DOT;
	else if (c->buf[c->r] != '\r')
		c->data->state = AT_TEXT;
	else if (left == 1) {
		c->r++;
		c->data->state = AT_DOT_CR;
	} else if (c->buf[c->r + 1] == '\n') {
		c->r += 2;
		c->data->done = true;
		c->data->state = AT_START;
	} else
		c->data->state = AT_TEXT;
}

/* Moves the chunk's next n bytes down to where they belong. */
static void
move_text(struct chunk *c, size_t n)
{
	memmove(c->buf + c->w, c->buf + c->r, n);
	c->r += n;
	c->w += n;
}

/* The rest of a line, up to its LF or the chunk's end. */
static void
read_text(struct chunk *c)
{
	size_t		 left = c->n - c->r;
	const char	*text = c->buf + c->r;
	const char	*lf = memchr(text, '\n', left);

	c->data->state = AT_TEXT;
	if (lf == NULL) {
		if (text[left - 1] != '\r') {
			move_text(c, left);
			return;
		}
		move_text(c, left - 1);
		c->r++;
		c->data->state = AT_CR;
	} else if (lf > text && lf[-1] == '\r') {
		move_text(c, (size_t)(lf - text) - 1);
		c->buf[c->w++] = '\n';
		c->r += 2;
		c->data->state = AT_START;
	} else {
		c->data->fault |= DATA_BARE_LF;
		move_text(c, (size_t)(lf - text) + 1);
	}
}

/* No CR of a CRLF and no byte behind the end is left in what was written. */
static void
note_faults(struct chunk *c)
{
	if (memchr(c->buf, '\r', c->w) != NULL)
		c->data->fault |= DATA_BARE_CR;
	if (memchr(c->buf, '\0', c->w) != NULL)
		c->data->fault |= DATA_NUL;
}

size_t
lmtp_unstuff(struct lmtp_data *data, char *buf, size_t n, size_t *out)
{
	struct chunk	 c = { .data = data, .buf = buf, .n = n };
	size_t		 held = 0;

	*out = 0;
	if (n == 0 || data->done)
		return 0;
	if (data->state == AT_CR || data->state == AT_DOT_CR)
		held = resume_cr(&c);
	else if (data->state == AT_DOT)
		read_dot(&c);
	while (c.r < c.n && !data->done) {
		if (data->state == AT_START && buf[c.r] == '.') {
			c.r++;
			read_dot(&c);
		} else
			read_text(&c);
	}
	note_faults(&c);
	*out = c.w;
	/* what lies behind the end goes back to where the caller has it */
	memmove(buf + c.r - held, buf + c.r, c.n - c.r);
	return c.r - held;
}
