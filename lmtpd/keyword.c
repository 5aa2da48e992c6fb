/*
 * Keyword addresses.  Trusts nobody with the keywords: neither who guesses at
 * them by recipients, and has a clock, nor a backend that reads the header.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "addr.h"
#include "encword.h"
#include "keyword.h"

struct word {
	const char	*s;
	size_t		 n;
	bool		 fold;
};

/* What is to be blanked. */
struct words {
	struct word	*v;
	size_t		 n;
	size_t		 back;		/* bytes, see overwrite() */
	bool		 begins[256];	/* some word */
};

/* Room to decode a field in. */
struct room {
	char		*unfolded;
	char		*decoded;
};

/* --- is an address one of them */

static unsigned int
fold(unsigned int c)
{
	return c | (unsigned int)(c - 'A' < 26) << 5;
}

/*
 * Both are held against each other as far as an address can reach, zeros
 * behind their ends.  What work that is depends on the keyword alone, which is
 * the same for all who ask.
 */
static bool
is_word(const char *word, bool text, const char *local)
{
	const size_t	 len = strlen(word);
	unsigned int	 differ = 0, a, b;

	for (size_t i = 0; i < ADDR_MAX; i++) {
		a = (unsigned char)local[i];
		b = i < len ? (unsigned char)word[i] : 0;
		differ |= text ? fold(a) ^ fold(b) : a ^ b;
	}
	return differ == 0;
}

/* local has ADDR_MAX bytes, zeros behind its end. */
static bool
grant_has(const struct grant *g, const char *local)
{
	const struct alternative	*alt;
	bool				 found = false;

	for (size_t i = 0; i < g->alternatives; i++) {
		alt = &g->alternative[i];
		if (alt->keyword != NULL)
			found |= is_word(alt->keyword, g->compare_text, local);
	}
	return found;
}

/* Into ADDR_MAX bytes.  One too long for an address becomes "": no keyword. */
static void
copy_local(const char *address, char *local)
{
	size_t	 n = addr_local_len(address);

	memset(local, 0, ADDR_MAX);
	if (n >= ADDR_MAX)
		n = 0;
	memcpy(local, address, n);
}

bool
keyword_of_grant(const struct grant *g, const char *address)
{
	char	 local[ADDR_MAX];

	copy_local(address, local);
	return grant_has(g, local);
}

bool
keyword_of_account(const struct account *a, const char *address)
{
	char	 local[ADDR_MAX];
	bool	 found = false;

	copy_local(address, local);
	for (size_t i = 0; i < a->grants; i++)
		found |= grant_has(&a->grant[i], local);
	return found;
}

bool
keyword_of_policy(const struct policy *p, const char *address)
{
	const struct account	*a;
	char			 local[ADDR_MAX];
	bool			 found = false;

	copy_local(address, local);
	for (size_t i = 0; i < p->accounts; i++) {
		a = &p->account[i];
		for (size_t j = 0; j < a->grants; j++)
			found |= grant_has(&a->grant[j], local);
	}
	return found;
}

bool
keyword_any(const struct grant *g)
{
	for (size_t i = 0; i < g->alternatives; i++)
		if (g->alternative[i].keyword != NULL)
			return true;
	return false;
}

/* --- take them out of a header */

static bool
has_x(const struct word *w)
{
	return memchr(w->s, 'x', w->n) != NULL ||
	    (w->fold && memchr(w->s, 'X', w->n) != NULL);
}

static void
add_word(struct words *words, const char *s, bool fold)
{
	const struct word	 w = { s, strlen(s), fold };
	unsigned char		 c = *s;

	/* what is nothing but x is what the others become */
	if (strspn(s, fold ? "xX" : "x") == w.n)
		return;
	words->v[words->n++] = w;
	if (has_x(&w) && w.n - 1 > words->back)
		words->back = w.n - 1;
	words->begins[c] = true;
	if (fold && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
		words->begins[c ^ ('a' ^ 'A')] = true;
}

/* The words are the account's.  -1: no memory. */
static int
words_of(const struct account *a, struct words *words)
{
	const struct alternative	*alt;
	const struct grant		*g;
	size_t				 n = 0;

	memset(words, 0, sizeof(*words));
	for (size_t i = 0; i < a->grants; i++)
		n += a->grant[i].alternatives;
	if (n == 0)
		return 0;
	if ((words->v = calloc(n, sizeof(*words->v))) == NULL)
		return -1;
	for (size_t i = 0; i < a->grants; i++) {
		g = &a->grant[i];
		for (size_t j = 0; j < g->alternatives; j++) {
			alt = &g->alternative[j];
			if (alt->keyword != NULL)
				add_word(words, alt->keyword, g->compare_text);
		}
	}
	return 0;
}

/* Length of the longest word that n > 0 bytes begin with, or 0. */
static size_t
match(const struct words *words, const char *s, size_t n)
{
	const struct word	*w;
	size_t			 longest = 0;

	if (!words->begins[(unsigned char)*s])
		return 0;
	for (size_t i = 0; i < words->n; i++) {
		w = &words->v[i];
		if (w->n > longest && w->n <= n &&
		    (w->fold ? strncasecmp(s, w->s, w->n) :
		    memcmp(s, w->s, w->n)) == 0)
			longest = w->n;
	}
	return longest;
}

static bool
shows(const struct words *words, const char *s, size_t n)
{
	for (size_t at = 0; at < n; at++)
		if (match(words, s + at, n - at) > 0)
			return true;
	return false;
}

/*
 * Overwrite the words as they stand, those that overlap too: a byte is looked
 * at before it is overwritten.  A word that has an x itself may come about
 * where others were overwritten, so look there again.  Each time that takes a
 * byte that was no x, so it ends.
 */
static bool
overwrite(const struct words *words, char *s, size_t n)
{
	size_t	 at = 0, begin = 0, end = 0, len;
	bool	 found = false;

	while (at < n) {
		if ((len = match(words, s + at, n - at)) > 0) {
			if (at >= end)
				begin = at;
			if (at + len > end)
				end = at + len;
			found = true;
		}
		if (at < end)
			s[at] = 'x';
		if (++at == end && words->back > 0)
			end = at = begin - (begin < words->back ? begin :
			    words->back);
	}
	return found;
}

static bool
is_fold(const char *s, const char *end)
{
	return *s == '\n' && end - s > 1 && (s[1] == ' ' || s[1] == '\t');
}

/* Length of the field that n > 0 bytes begin with, its line end included. */
static size_t
field_len(const char *s, size_t n)
{
	const char	*end = s + n, *at = s;

	while ((at = memchr(at, '\n', end - at)) != NULL && is_fold(at, end))
		at++;
	return at == NULL ? n : (size_t)(at + 1 - s);
}

static size_t
unfold(const char *s, size_t n, char *out)
{
	size_t	 len = 0;

	for (size_t i = 0; i < n; i++)
		if (!is_fold(s + i, s + n))
			out[len++] = s[i];
	return len;
}

/* Whether a field shows a word once its encoded words are decoded. */
static bool
spells(const struct words *words, const char *s, size_t n, struct room *room)
{
	size_t	 decoded, len;

	len = unfold(s, n, room->unfolded);
	len = encword_decode(room->unfolded, len, room->decoded, &decoded);
	return decoded > 0 && shows(words, room->decoded, len);
}

/* Encoded words hold no blanks, so they are the same in a folded field. */
static void
blank_encwords(char *s, size_t n)
{
	struct encword	 w;

	for (size_t at = 0; encword_next(s, n, at, &w); at = w.at + w.len)
		encword_blank(s, &w);
}

/* Leave no encoded word. */
static void
break_encwords(char *s, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++)
		if (s[i] == '=' && s[i + 1] == '?')
			s[i] = s[i + 1] = 'x';
}

/* What is left to break is a keyword that is part letters around an encoded
 * word and part x, or the like. */
static bool
blank_field(const struct words *words, char *s, size_t n, struct room *room)
{
	if (!spells(words, s, n, room))
		return false;
	blank_encwords(s, n);
	overwrite(words, s, n);
	if (spells(words, s, n, room)) {
		break_encwords(s, n);
		overwrite(words, s, n);
	}
	return true;
}

static size_t
longest_field(const char *s, size_t n)
{
	size_t	 len, longest = 0;

	for (size_t at = 0; at < n; at += len) {
		len = field_len(s + at, n - at);
		if (len > longest)
			longest = len;
	}
	return longest;
}

/* 1: something was overwritten; 0; -1: no memory. */
static int
blank_decoded(const struct words *words, char *s, size_t n)
{
	struct room	 room;
	struct encword	 w;
	size_t		 len, longest;
	int		 found = 0;

	if (!encword_next(s, n, 0, &w))
		return 0;
	longest = longest_field(s, n);
	room.unfolded = malloc(longest);
	room.decoded = malloc(longest);
	if (room.unfolded == NULL || room.decoded == NULL)
		found = -1;
	for (size_t at = 0; found != -1 && at < n; at += len) {
		len = field_len(s + at, n - at);
		found |= blank_field(words, s + at, len, &room);
	}
	freezero(room.unfolded, longest);
	freezero(room.decoded, longest);
	return found;
}

int
keyword_blank(const struct account *a, char *s, size_t n)
{
	struct words	 words;
	int		 found, decoded = 0;

	if (words_of(a, &words) == -1)
		return -1;
	found = overwrite(&words, s, n);
	if (words.n > 0)
		decoded = blank_decoded(&words, s, n);
	free(words.v);
	return decoded == -1 ? -1 : found | decoded;
}
