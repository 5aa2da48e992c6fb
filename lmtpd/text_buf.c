/*
 * Text that grows.  Trusts its callers.
 */
#include <stdlib.h>
#include <string.h>

#include "text_buf.h"

#define FIRST_ROOM	1024

static bool
make_room(struct text_buf *b, size_t n)
{
	size_t	 room = b->room > 0 ? b->room : FIRST_ROOM;
	char	*s;

	if (b->broken)
		return false;
	if (n <= b->room - b->n)
		return true;
	while (room - b->n < n && room <= SIZE_MAX / 2)
		room *= 2;
	if (room - b->n < n || (s = realloc(b->s, room)) == NULL) {
		b->broken = true;
		return false;
	}
	b->s = s;
	b->room = room;
	return true;
}

void
text_add(struct text_buf *b, const char *s, size_t n)
{
	if (n == 0 || !make_room(b, n))
		return;
	memcpy(b->s + b->n, s, n);
	b->n += n;
}

void
text_add_byte(struct text_buf *b, char c)
{
	if (make_room(b, 1))
		b->s[b->n++] = c;
}

void
text_add_char(struct text_buf *b, uint32_t c)
{
	char	 s[4];

	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		c = 0xfffd;
	if (c < 0x80) {
		text_add_byte(b, (char)c);
		return;
	}
	s[0] = (char)(c >> 18 | 0xf0);
	s[1] = (char)((c >> 12 & 0x3f) | 0x80);
	s[2] = (char)((c >> 6 & 0x3f) | 0x80);
	s[3] = (char)((c & 0x3f) | 0x80);
	if (c >= 0x10000) {
		text_add(b, s, 4);
	} else if (c >= 0x800) {
		s[1] = (char)(c >> 12 | 0xe0);
		text_add(b, s + 1, 3);
	} else {
		s[2] = (char)(c >> 6 | 0xc0);
		text_add(b, s + 2, 2);
	}
}

void
text_reset(struct text_buf *b)
{
	free(b->s);
	*b = (struct text_buf){ .s = NULL };
}
