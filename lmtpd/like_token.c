/*
 * The grammar of Visual Basic's Like operator.  Trusts nobody: patterns come
 * from the configuration and the command line, and are bytes with a length.
 */
#include <string.h>

#include "like_token.h"

const struct like_set	 like_none;
const struct like_set	 like_digits = { { 0x3ffULL << '0', 0, 0, 0 } };

int
like_refuse(struct like_error *e, size_t at, const char *what,
    const char *right)
{
	e->at = at;
	e->what = what;
	e->right = right;
	return -1;
}

static bool
is_small(unsigned char c)
{
	return c >= 'a' && c <= 'z';
}

static unsigned char
fold(const struct like_reader *r, char c)
{
	if (r->fold && c >= 'A' && c <= 'Z')
		return c - 'A' + 'a';
	return c;
}

static void
set_add(struct like_set *set, unsigned int first, unsigned int last)
{
	for (; first <= last; first++)
		set->bits[first / 64] |= 1ULL << first % 64;
}

/*
 * Capitals go by their small letters, of which alone the list told.  Both lie
 * in one word, 32 bits apart.
 */
static void
set_fold(struct like_set *set)
{
	const uint64_t	 small = 0x3ffffffULL << 'a' % 64;

	set->bits[1] &= ~(small >> 32);
	set->bits[1] |= (set->bits[1] & small) >> 32;
}

static void
set_negate(struct like_set *set)
{
	for (int i = 0; i < 4; i++)
		set->bits[i] = ~set->bits[i];
}

/*
 * Items of a list: x or x-y.  That "-" is literal when first, last or behind
 * a range comes from reading on: there it is no x with a "-" and a y behind.
 */
static int
read_items(struct like_reader *r, size_t close, struct like_set *set,
    struct like_error *e)
{
	unsigned char	 first, last;
	size_t		 start;

	while (r->at < close) {
		start = r->at;
		first = last = fold(r, r->pattern[r->at++]);
		if (close - r->at >= 2 && r->pattern[r->at] == '-') {
			last = fold(r, r->pattern[r->at + 1]);
			r->at += 2;
		}
		if (first > last)
			return like_refuse(e, start, "reversed range",
			    "the lower end first, as in [a-z]");
		set_add(set, first, last);
	}
	return 0;
}

static int
set_count(const struct like_set *set)
{
	int	 n = 0;

	for (int i = 0; i < 4; i++)
		n += __builtin_popcountll(set->bits[i]);
	return n;
}

/* What a list comes to, which may be something plainer. */
static void
list_reduce(struct like_token *t)
{
	int	 n = set_count(&t->set);

	t->byte = 0;
	while (t->byte < 255 && !like_set_has(&t->set, t->byte))
		t->byte++;
	if (n == 256)
		t->kind = LIKE_ANY;
	else if (n == 1)
		t->kind = LIKE_BYTE;
	else if (n == 2 && is_small(t->byte + 32) &&
	    like_set_has(&t->set, t->byte + 32)) {
		t->kind = LIKE_LETTER;
		t->byte += 32;
	} else if (memcmp(&t->set, &like_digits, sizeof(t->set)) == 0)
		t->kind = LIKE_DIGIT;
	else if (n > 128) {
		t->kind = LIKE_EXCEPT;
		set_negate(&t->set);
	} else
		t->kind = LIKE_LIST;
}

/* Reads on behind the "[" up to and with the "]". */
static int
read_list(struct like_reader *r, struct like_token *t, struct like_error *e)
{
	const char	*bracket;
	size_t		 close;
	bool		 negate;

	bracket = memchr(r->pattern + r->at, ']', r->len - r->at);
	if (bracket == NULL)
		return like_refuse(e, r->at - 1, "unclosed [",
		    "a ] behind the list, or [[] for the character");
	close = bracket - r->pattern;
	t->kind = LIKE_EMPTY;
	if (close > r->at) {
		negate = close - r->at >= 2 && r->pattern[r->at] == '!';
		if (negate)
			r->at++;
		memset(&t->set, 0, sizeof(t->set));
		if (read_items(r, close, &t->set, e) == -1)
			return -1;
		if (negate)
			set_negate(&t->set);
		if (r->fold)
			set_fold(&t->set);
		list_reduce(t);
	}
	r->at = close + 1;
	return 0;
}

int
like_token_read(struct like_reader *r, struct like_token *t,
    struct like_error *e)
{
	if (r->at == r->len)
		return 0;
	t->byte = fold(r, r->pattern[r->at++]);
	if (t->byte == '*')
		t->kind = LIKE_STAR;
	else if (t->byte == '?')
		t->kind = LIKE_ANY;
	else if (t->byte == '#')
		t->kind = LIKE_DIGIT;
	else if (t->byte == '[')
		return read_list(r, t, e) == -1 ? -1 : 1;
	else if (r->fold && is_small(t->byte))
		t->kind = LIKE_LETTER;
	else
		t->kind = LIKE_BYTE;
	return 1;
}
