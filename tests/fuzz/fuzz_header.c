/*
 * Fuzz target of header.c.  Input: the bound of bytes and that of fields (a
 * byte each, "~" for the real one), a byte for the size of the parts to feed,
 * and the message.  However it is fed it must be read alike, and the unfolded
 * block, read again, must be itself.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "header.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct bounds {
	size_t	 bytes;
	size_t	 fields;
};

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static bool
same(const char *a, size_t alen, const char *b, size_t blen)
{
	return alen == blen && memcmp(a, b, alen) == 0;
}

static struct header *
read_parts(const char *s, size_t n, size_t step, struct bounds b, int *answer)
{
	struct header	*h = header_new(b.bytes, b.fields);
	size_t		 part;

	must(h != NULL);
	*answer = 1;
	for (size_t at = 0; at < n && *answer == 1; at += part) {
		part = step < n - at ? step : n - at;
		*answer = header_feed(h, s + at, part);
	}
	if (*answer == 1)
		*answer = header_end(h);
	must(*answer == 0 || *answer == -1);
	return h;
}

static void
check_same(const struct header *a, const struct header *b)
{
	const struct header_field	*f, *g;
	const char			*s, *t;
	size_t				 n, m;

	s = header_text(a, &n);
	t = header_text(b, &m);
	must(same(s, n, t, m));
	must(header_count(a) == header_count(b));
	for (size_t i = 0; i < header_count(a); i++) {
		f = header_at(a, i);
		g = header_at(b, i);
		must(same(f->name, f->name_len, g->name, g->name_len));
		must(same(f->value, f->value_len, g->value, g->value_len));
	}
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void
check_field(const struct header_field *f)
{
	must(f->name_len > 0);
	for (size_t i = 0; i < f->name_len; i++)
		must(f->name[i] > ' ' && f->name[i] < 0x7f &&
		    f->name[i] != ':');
	must(memchr(f->value, '\n', f->value_len) == NULL);
	must(f->value_len == 0 || (!is_blank(f->value[0]) &&
	    !is_blank(f->value[f->value_len - 1])));
}

static void
check_header(const struct header *h, size_t n, struct bounds b)
{
	size_t	 len;

	must(header_body_offset(h) <= n);
	must(header_body_offset(h) <= b.bytes + 1);
	must(header_count(h) <= b.fields);
	(void)header_text(h, &len);
	must(len <= header_body_offset(h) + 1);
	for (size_t i = 0; i < header_count(h); i++)
		check_field(header_at(h, i));
	must(header_at(h, header_count(h)) == NULL);
}

/* A bound of one more, as the last field may have had no newline. */
static void
check_again(const struct header *h, struct bounds b)
{
	struct header	*again;
	const char	*text;
	size_t		 len;
	int		 answer;

	b.bytes++;
	text = header_text(h, &len);
	again = read_parts(text, len, len, b, &answer);
	must(answer == 0 && header_body_offset(again) == len);
	check_same(h, again);
	header_free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char	*s = (const char *)data + 3;
	struct header	*at_once, *in_parts;
	struct bounds	 b;
	size_t		 n;
	int		 answer, other;

	if (size < 3)
		return 0;
	b.bytes = data[0] == '~' ? HEADER_BYTES_MAX : data[0];
	b.fields = data[1] == '~' ? HEADER_FIELDS_MAX : data[1] % 16;
	n = size - 3;
	at_once = read_parts(s, n, n, b, &answer);
	in_parts = read_parts(s, n, 1 + data[2] % 32, b, &other);
	must(answer == other);
	if (answer == 0) {
		must(header_body_offset(at_once) ==
		    header_body_offset(in_parts));
		check_same(at_once, in_parts);
		check_header(at_once, n, b);
		check_again(at_once, b);
	}
	header_free(at_once);
	header_free(in_parts);
	return 0;
}
