/*
 * Reader of a message's header block.  Trusts nobody: every byte is the
 * sender's.  It stores what was fed, unfolded, and no more than its bounds.
 *
 * A line is a field once its colon was seen.  Until then it is held at the
 * end of the text, and if it proves to be none it is taken off again: it is
 * the body's first line.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "header.h"

#define TEXT_START	1024	/* bytes allocated at first */

static const char	 mbox_from[] = "From ";

enum state {
	STATE_LINE,		/* at the start of a line */
	STATE_NAME,		/* in what may be a field's name */
	STATE_BLANKS,		/* between that and its colon */
	STATE_VALUE,
	STATE_SKIP,		/* in an mbox "From " line */
	STATE_DONE,
	STATE_TOO_BIG,
	STATE_NO_MEMORY
};

struct header {
	size_t			 bytes_max;
	size_t			 fields_max;
	enum state		 state;
	size_t			 block;		/* bytes known to be of it */
	size_t			 pending;	/* bytes of the held line */
	size_t			 line;		/* where that is in text */
	size_t			 body;		/* offset */
	char			*text;
	size_t			 len;
	size_t			 size;		/* allocated */
	size_t			 count;
	struct header_field	*fields;	/* once all have been read */
};

struct header *
header_new(size_t bytes_max, size_t fields_max)
{
	struct header	*h;

	if ((h = calloc(1, sizeof(*h))) == NULL)
		return NULL;
	h->bytes_max = bytes_max;
	h->fields_max = fields_max;
	return h;
}

static bool
reading(const struct header *h)
{
	return h->state < STATE_DONE;
}

static int
answer(const struct header *h)
{
	switch (h->state) {
	case STATE_DONE:
		return 0;
	case STATE_TOO_BIG:
		return -1;
	case STATE_NO_MEMORY:
		return -2;
	default:
		return 1;
	}
}

/* What is counted and held keeps len + n within bytes_max and a newline. */
static bool
grow(struct header *h, size_t n)
{
	size_t	 size = h->size == 0 ? TEXT_START : h->size;
	char	*text;

	while (size - h->len < n)
		size *= 2;
	if (size - 1 > h->bytes_max)
		size = h->bytes_max + 1;
	if (size == h->size)
		return true;
	if ((text = realloc(h->text, size)) == NULL) {
		h->state = STATE_NO_MEMORY;
		return false;
	}
	h->text = text;
	h->size = size;
	return true;
}

static void
store(struct header *h, const char *s, size_t n)
{
	if (!grow(h, n))
		return;
	memcpy(h->text + h->len, s, n);
	h->len += n;
}

/* Count bytes that are the block's for certain. */
static bool
count_bytes(struct header *h, size_t n)
{
	if (n > h->bytes_max - h->block) {
		h->state = STATE_TOO_BIG;
		return false;
	}
	h->block += n;
	return true;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_name(char c)
{
	return c > ' ' && c <= '~' && c != ':';
}

/* A field as it stands in the text: name, blanks, colon, value. */
static void
parse_field(struct header_field *f, const char *s, const char *end)
{
	const char	*colon = memchr(s, ':', end - s);
	const char	*value = colon + 1;

	f->name = s;
	while (is_blank(colon[-1]))
		colon--;
	f->name_len = colon - s;
	while (value < end && is_blank(*value))
		value++;
	while (value < end && is_blank(end[-1]))
		end--;
	f->value = value;
	f->value_len = end - value;
}

/* The text is at rest now, so that fields may point into it. */
static void
finish(struct header *h, size_t body)
{
	const char	*s = h->text, *end;

	h->body = body;
	h->state = STATE_DONE;
	if (h->count == 0)
		return;
	h->fields = reallocarray(NULL, h->count, sizeof(*h->fields));
	if (h->fields == NULL) {
		h->state = STATE_NO_MEMORY;
		return;
	}
	for (size_t i = 0; i < h->count; i++, s = end + 1) {
		end = memchr(s, '\n', h->text + h->len - s);
		parse_field(&h->fields[i], s, end);
	}
}

/* End the field that came before, if any. */
static void
end_field(struct header *h)
{
	if (h->count > 0)
		store(h, "\n", 1);
}

/* The held line has its colon. */
static void
begin_field(struct header *h)
{
	if (!count_bytes(h, h->pending))
		return;
	if (h->count == h->fields_max) {
		h->state = STATE_TOO_BIG;
		return;
	}
	h->count++;
	h->state = STATE_VALUE;
}

/* The held line is no field: an mbox line if it is the first, or the body. */
static void
no_field(struct header *h)
{
	const size_t	 n = sizeof(mbox_from) - 1;
	bool		 mbox;

	mbox = h->block == 0 && h->len >= n &&
	    memcmp(h->text, mbox_from, n) == 0;
	h->len = h->line;
	if (!mbox)
		finish(h, h->block);
	else if (count_bytes(h, h->pending))
		h->state = STATE_SKIP;
}

/*
 * Hold a byte of a line that may be a field.  Of a line that would be over
 * the bound as a field no more is stored: as the body it is none of our own.
 */
static void
hold(struct header *h, char c)
{
	if (h->block + h->pending < h->bytes_max)
		store(h, &c, 1);
	h->pending++;
}

/* Each of these takes 0 or more of n > 0 bytes, and returns how many. */

static size_t
take_line(struct header *h, const char *s)
{
	if (is_blank(*s)) {
		/* of nothing: whoever reads on behind fields of ours takes
		 * it for theirs, and goes on with the header */
		h->state = h->count > 0 ? STATE_VALUE : STATE_SKIP;
		return 0;
	}
	end_field(h);
	if (!reading(h))
		return 0;
	h->line = h->len;
	h->pending = 0;
	if (*s == '\n')
		finish(h, h->block + 1);
	else if (is_name(*s))
		h->state = STATE_NAME;
	else
		finish(h, h->block);
	return 0;
}

static size_t
take_name(struct header *h, const char *s)
{
	if (*s == ':' || is_blank(*s))
		h->state = STATE_BLANKS;
	else if (is_name(*s))
		hold(h, *s);
	else
		no_field(h);
	return h->state == STATE_NAME;
}

static size_t
take_blanks(struct header *h, const char *s)
{
	if (!is_blank(*s) && *s != ':') {
		no_field(h);
		return 0;
	}
	hold(h, *s);
	if (*s == ':' && reading(h))
		begin_field(h);
	return 1;
}

/* The rest of a line; its newline is kept back, as a fold takes it away. */
static size_t
take_rest(struct header *h, const char *s, size_t n)
{
	const char	*newline = memchr(s, '\n', n);
	size_t		 len = newline == NULL ? n : (size_t)(newline - s);

	if (!count_bytes(h, len + (newline != NULL)))
		return 0;
	if (h->state == STATE_VALUE)
		store(h, s, len);
	if (newline != NULL && reading(h))
		h->state = STATE_LINE;
	return len + (newline != NULL);
}

static size_t
take(struct header *h, const char *s, size_t n)
{
	switch (h->state) {
	case STATE_LINE:
		return take_line(h, s);
	case STATE_NAME:
		return take_name(h, s);
	case STATE_BLANKS:
		return take_blanks(h, s);
	default:
		return take_rest(h, s, n);
	}
}

int
header_feed(struct header *h, const char *s, size_t n)
{
	size_t	 used;

	while (n > 0 && reading(h)) {
		used = take(h, s, n);
		s += used;
		n -= used;
	}
	return answer(h);
}

int
header_end(struct header *h)
{
	if (h->state == STATE_NAME || h->state == STATE_BLANKS)
		no_field(h);
	if (h->state == STATE_VALUE || h->state == STATE_LINE)
		end_field(h);
	if (reading(h))
		finish(h, h->block);
	return answer(h);
}

size_t
header_count(const struct header *h)
{
	return h->count;
}

const struct header_field *
header_at(const struct header *h, size_t i)
{
	return i < h->count ? &h->fields[i] : NULL;
}

const struct header_field *
header_next(const struct header *h, const char *name, size_t *i)
{
	const size_t			 n = strlen(name);
	const struct header_field	*f;

	while ((f = header_at(h, *i)) != NULL) {
		++*i;
		if (f->name_len == n && strncasecmp(f->name, name, n) == 0)
			return f;
	}
	return NULL;
}

const char *
header_text(const struct header *h, size_t *len)
{
	*len = h->len;
	return h->len > 0 ? h->text : "";
}

size_t
header_body_offset(const struct header *h)
{
	return h->body;
}

void
header_free(struct header *h)
{
	if (h == NULL)
		return;
	free(h->fields);
	free(h->text);
	free(h);
}
