/*
 * UTF-8 and windows-1252.  Trusts no byte.
 */
#include "text_utf8.h"

/* Byte n of a character goes on with six bits. */
static bool
goes_on(const char *s, size_t n, size_t at)
{
	return at < n && ((unsigned char)s[at] & 0xc0) == 0x80;
}

uint32_t
text_next(const char *s, size_t n, size_t *at)
{
	/* the least code point of each length: a longer way to write one less
	 * is no UTF-8 */
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)s[*at];
	size_t i, len = first < 0x80 ? 1 : first < 0xc0 ? 0 :
	    first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf8 ? 4 : 0;
	uint32_t c = len > 1 ? first & (0xffU >> (len + 1)) : first;

	for (i = 1; i < len && goes_on(s, n, *at + i); i++)
		c = c << 6 | ((unsigned char)s[*at + i] & 0x3f);
	if (len == 0 || i < len || c < least[len] || c > 0x10ffff ||
	    (c >= 0xd800 && c <= 0xdfff)) {
		(*at)++;
		return TEXT_NONE;
	}
	*at += len;
	return c;
}

uint32_t
text_1252(unsigned char byte)
{
	static const uint16_t high[] = {
		0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
		0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd,
		0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
		0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178
	};

	return byte >= 0x80 && byte < 0xa0 ? high[byte - 0x80] : byte;
}

uint32_t
text_next_1252(const char *s, size_t n, size_t *at)
{
	unsigned char	 byte = (unsigned char)s[*at];
	uint32_t	 c = text_next(s, n, at);

	return c != TEXT_NONE ? c : text_1252(byte);
}

bool
text_is_utf8(const char *s, size_t n)
{
	size_t	 at = 0;

	while (at < n)
		if (text_next(s, n, &at) == TEXT_NONE)
			return false;
	return true;
}

void
text_guess(const char *s, size_t n, struct text_buf *out)
{
	if (text_is_utf8(s, n)) {
		text_add(out, s, n);
		return;
	}
	for (size_t at = 0; at < n; at++)
		text_add_char(out, text_1252((unsigned char)s[at]));
}

void
text_mend(const char *s, size_t n, struct text_buf *out)
{
	size_t	 at = 0;

	while (at < n)
		text_add_char(out, text_next_1252(s, n, &at));
}
