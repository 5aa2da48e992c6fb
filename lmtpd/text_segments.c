/*
 * Counts what a text takes as short messages.  Trusts no byte.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "text_segments.h"
#include "text_utf8.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

/* Of one alphabet. */
struct count {
	size_t	 units;		/* septets, or 16 bits */
	size_t	 parts;		/* were it several */
	size_t	 used;		/* of the last part */
};

struct tally {
	struct count	 gsm;
	struct count	 ucs2;
	bool		 beyond;	/* of what GSM has */
};

/* The default alphabet's characters above 127: TS 23.038, 6.2.1. */
static const uint16_t gsm_high[] = {
	0xa1, 0xa3, 0xa4, 0xa5, 0xa7, 0xbf, 0xc4, 0xc5, 0xc6, 0xc7, 0xc9, 0xd1,
	0xd6, 0xd8, 0xdc, 0xdf, 0xe0, 0xe4, 0xe5, 0xe6, 0xe8, 0xe9, 0xec, 0xf1,
	0xf2, 0xf6, 0xf8, 0xf9, 0xfc, 0x393, 0x394, 0x398, 0x39b, 0x39e, 0x3a0,
	0x3a3, 0x3a6, 0x3a8, 0x3a9
};

/* Septets that a character takes, or 0: it has none. */
static size_t
gsm_width(uint32_t c)
{
	if (c == '\n' || c == '\r' || (c >= ' ' && c <= '~' && c != '`'))
		return strchr("^{}\\[~]|", (int)c) != NULL ? 2 : 1;
	if (c == 0x20ac || c == '\f')
		return 2;
	for (size_t i = 0; i < NELEM(gsm_high); i++)
		if (gsm_high[i] == c)
			return 1;
	return 0;
}

static void
count_add(struct count *count, size_t width, size_t part)
{
	count->units += width;
	if (count->parts == 0 || count->used + width > part) {
		count->parts++;
		count->used = 0;
	}
	count->used += width;
}

static void
tally_add(struct tally *t, uint32_t c)
{
	size_t	 width = gsm_width(c);

	t->beyond = t->beyond || width == 0;
	count_add(&t->gsm, width, 153);
	count_add(&t->ucs2, c > 0xffff && c != TEXT_NONE ? 2 : 1, 67);
}

static size_t
count_parts(const struct count *count, size_t alone)
{
	return count->units == 0 ? 0 : count->units <= alone ? 1 :
	    count->parts;
}

static size_t
tally_parts(const struct tally *t)
{
	return t->beyond ? count_parts(&t->ucs2, 70) :
	    count_parts(&t->gsm, 160);
}

size_t
text_segments(const char *s, size_t n)
{
	struct tally	 t = { .beyond = false };
	size_t		 at = 0;

	while (at < n)
		tally_add(&t, text_next(s, n, &at));
	return tally_parts(&t);
}

static bool
is_flag(uint32_t c)
{
	return c >= 0x1f1e6 && c <= 0x1f1ff;
}

/* Belongs to the character before it. */
static bool
is_mark(uint32_t c)
{
	return (c >= 0x300 && c <= 0x36f) || (c >= 0x483 && c <= 0x489) ||
	    (c >= 0x591 && c <= 0x5bd) || (c >= 0x610 && c <= 0x61a) ||
	    (c >= 0x64b && c <= 0x65f) || (c >= 0x93a && c <= 0x94f &&
	    c != 0x93d) || (c >= 0xe31 && c <= 0xe3a && c != 0xe32 &&
	    c != 0xe33) || (c >= 0xe47 && c <= 0xe4e) ||
	    (c >= 0x1ab0 && c <= 0x1aff) || (c >= 0x1dc0 && c <= 0x1dff) ||
	    c == 0x200c || c == 0x200d || (c >= 0x20d0 && c <= 0x20ff) ||
	    c == 0x3099 || c == 0x309a || (c >= 0xfe00 && c <= 0xfe0f) ||
	    (c >= 0xfe20 && c <= 0xfe2f) || (c >= 0x1f3fb && c <= 0x1f3ff) ||
	    (c >= 0xe0000 && c <= 0xe01ef);
}

/* What went before, as far as it tells where a text may end. */
struct before {
	uint32_t	 last;
	bool		 half_flag;
};

static bool
may_end(const struct before *b, uint32_t next)
{
	return !is_mark(next) && b->last != 0x200d &&
	    !(b->half_flag && is_flag(next)) &&
	    !(b->last == '\r' && next == '\n');
}

size_t
text_fit(const char *s, size_t n, size_t segments)
{
	struct before	 b = { .last = 0 };
	struct tally	 t = { .beyond = false };
	size_t		 at = 0, from, fit = 0;
	uint32_t	 c;

	while (at < n) {
		from = at;
		c = text_next(s, n, &at);
		if (may_end(&b, c))
			fit = from;
		b.half_flag = is_flag(c) && !b.half_flag;
		b.last = c;
		tally_add(&t, c);
		if (tally_parts(&t) > segments)
			return fit > 0 ? fit : from;
	}
	return n;
}
