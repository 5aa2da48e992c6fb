/*
 * Takes out of a text what only layout needs.  Trusts no byte.
 */
#include <stdbool.h>
#include <string.h>

#include "text_clean.h"
#include "text_utf8.h"

#define JOINER_NOT	0x200c		/* joins and separates letters */
#define JOINER		0x200d		/* makes one emoji of two */

enum kind {
	SHOWN,
	BLANK,
	LINE_END,
	NOTHING,
	JOIN
};

static bool
is_blank(uint32_t c)
{
	return c == ' ' || c == '\t' || c == 0xa0 || c == 0x1680 ||
	    (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f ||
	    c == 0x2800 || c == 0x3000 || c == 0x3164 || c == 0x115f ||
	    c == 0x1160 || c == 0xffa0;
}

/*
 * Soft hyphens, byte order marks, directions, and what senders pad a preview
 * with.
 */
static bool
is_nothing(uint32_t c)
{
	return c < 0x20 || c == 0x7f || c == 0xad || c == 0x34f ||
	    c == 0x61c || c == 0x180e || c == 0x200b || c == 0x200e ||
	    c == 0x200f ||
	    (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
	    c == 0xfeff || (c >= 0xfff9 && c <= 0xfffc) ||
	    (c & 0xfffe) == 0xfffe;
}

static enum kind
kind_of(uint32_t c)
{
	if (c == '\n' || c == '\v' || c == '\f' || c == 0x2028 || c == 0x2029)
		return LINE_END;
	if (is_blank(c))
		return BLANK;
	if (c == JOINER || c == JOINER_NOT)
		return JOIN;
	return is_nothing(c) ? NOTHING : SHOWN;
}

/* What was read and is not yet written, since it depends on what comes. */
struct held {
	bool		 blank;
	uint32_t	 join;		/* or 0 */
	bool		 start;		/* of a line */
};

static void
put(uint32_t c, struct held *held, struct text_buf *out)
{
	switch (kind_of(c)) {
	case NOTHING:
		return;
	case JOIN:
		if (!held->blank && !held->start)
			held->join = c;
		return;
	case BLANK:
		held->blank = !held->start;
		held->join = 0;
		return;
	case LINE_END:
		c = '\n';
		break;
	case SHOWN:
		if (held->join != 0)
			text_add_char(out, held->join);
		break;
	}
	if (held->blank)
		text_add_byte(out, ' ');
	text_add_char(out, c);
	*held = (struct held){ .start = c == '\n' };
}

void
text_clean(const char *s, size_t n, struct text_buf *out)
{
	struct held	 held = { .start = true };
	size_t		 at = 0;
	uint32_t	 c;

	while (at < n) {
		c = text_next_1252(s, n, &at);
		if (c == '\r') {	/* alone: an old Macintosh's */
			if (at < n && s[at] == '\n')
				at++;
			c = '\n';
		}
		if (c >= 0x80 && c < 0xa0)
			c = text_1252((unsigned char)c);
		put(c, &held, out);
	}
	if (held.blank)
		text_add_byte(out, ' ');
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\n';
}

void
text_fold(struct text_buf *b)
{
	size_t	 r, w = 0, lines = 0;
	bool	 blank = false;

	for (r = 0; r < b->n; r++) {
		if (is_space(b->s[r])) {
			lines += b->s[r] == '\n';
			blank = true;
			continue;
		}
		if (blank && w > 0) {
			b->s[w++] = lines > 0 ? '\n' : ' ';
			if (lines > 1)
				b->s[w++] = '\n';
		}
		b->s[w++] = b->s[r];
		blank = false;
		lines = 0;
	}
	b->n = w;
}

void
text_fold_line(struct text_buf *b)
{
	size_t	 r, w = 0;

	for (r = 0; r < b->n; r++)
		if (!is_space(b->s[r]))
			b->s[w++] = b->s[r];
		else if (w > 0 && b->s[w - 1] != ' ')
			b->s[w++] = ' ';
	while (w > 0 && b->s[w - 1] == ' ')
		w--;
	b->n = w;
}
