/*
 * The Like operator in the plainest way, to hold like.c against: a table of
 * which ends of the text the pattern read so far can reach.  Shares nothing
 * with like.c.  For short texts of ours and the fuzzer's.
 */
#ifndef LIKE_REF_H
#define LIKE_REF_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define REF_TEXT_MAX	1024

static unsigned char
ref_lower(unsigned char c, bool text)
{
	return text && c >= 'A' && c <= 'Z' ? c + 32 : c;
}

/* Whether the inside of a list has a reversed range; *at is its offset. */
static bool
ref_reversed(const unsigned char *in, size_t n, bool text, size_t *at)
{
	size_t	 i = n > 1 && in[0] == '!' ? 1 : 0;

	while (i < n) {
		if (i + 2 < n && in[i + 1] == '-') {
			*at = i;
			if (ref_lower(in[i], text) > ref_lower(in[i + 2], text))
				return true;
			i += 3;
		} else
			i++;
	}
	return false;
}

static bool
ref_in_list(const unsigned char *in, size_t n, unsigned char c, bool text)
{
	bool	 negate = n > 1 && in[0] == '!', found = false;
	size_t	 i = negate ? 1 : 0;

	c = ref_lower(c, text);
	while (i < n) {
		if (i + 2 < n && in[i + 1] == '-') {
			if (ref_lower(in[i], text) <= c &&
			    c <= ref_lower(in[i + 2], text))
				found = true;
			i += 3;
		} else {
			if (ref_lower(in[i], text) == c)
				found = true;
			i++;
		}
	}
	return found != negate;
}

/* Whether a token that is no star takes the byte. */
static bool
ref_takes(const unsigned char *token, size_t n, unsigned char c, bool text)
{
	if (token[0] == '[')
		return ref_in_list(token + 1, n - 2, c, text);
	if (token[0] == '?')
		return true;
	if (token[0] == '#')
		return c >= '0' && c <= '9';
	return ref_lower(token[0], text) == ref_lower(c, text);
}

/* Length of the token at p; 0: it is an unclosed list. */
static size_t
ref_token_len(const unsigned char *p, size_t n)
{
	size_t	 i;

	if (p[0] != '[')
		return 1;
	for (i = 1; i < n; i++)
		if (p[i] == ']')
			return i + 1;
	return 0;
}

/* Whether the pattern is right; if not, *at is the offset. */
static bool
ref_valid(const char *pattern, size_t n, bool text, size_t *at)
{
	const unsigned char	*p = (const unsigned char *)pattern;
	size_t			 i, len, inside;

	for (i = 0; i < n; i += len) {
		if ((len = ref_token_len(p + i, n - i)) == 0) {
			*at = i;
			return false;
		}
		if (p[i] == '[' &&
		    ref_reversed(p + i + 1, len - 2, text, &inside)) {
			*at = i + 1 + inside;
			return false;
		}
	}
	return true;
}

/* reach[j]: the pattern so far matches the first j bytes of the text. */
static void
ref_star(bool *reach, size_t n)
{
	for (size_t j = 1; j <= n; j++)
		reach[j] = reach[j] || reach[j - 1];
}

static void
ref_one(bool *reach, const unsigned char *token, size_t len,
    const unsigned char *t, size_t n, bool text)
{
	for (size_t j = n; j > 0; j--)
		reach[j] = reach[j - 1] &&
		    ref_takes(token, len, t[j - 1], text);
	reach[0] = false;
}

/* For a pattern that is ref_valid(), and n up to REF_TEXT_MAX. */
static bool
ref_match(const char *pattern, size_t plen, const char *s, size_t n, bool text,
    bool search)
{
	const unsigned char	*p = (const unsigned char *)pattern;
	const unsigned char	*t = (const unsigned char *)s;
	bool			 reach[REF_TEXT_MAX + 1] = { true };
	size_t			 i, len;

	if (search)
		ref_star(reach, n);
	for (i = 0; i < plen; i += len) {
		len = ref_token_len(p + i, plen - i);
		if (p[i] == '*')
			ref_star(reach, n);
		else if (len != 2 || p[i] != '[')
			ref_one(reach, p + i, len, t, n, text);
	}
	if (search)
		ref_star(reach, n);
	return reach[n];
}

/* How many tokens, from the first on, take the bytes of s one by one. */
static size_t
ref_prefix(const unsigned char *p, size_t plen, const unsigned char *s,
    size_t n, bool text)
{
	size_t	 k = 0, len;

	for (size_t i = 0; i < plen; i += len) {
		len = ref_token_len(p + i, plen - i);
		if (len == 2 && p[i] == '[')
			continue;
		if (k == n || !ref_takes(p + i, len, s[k], text))
			return k;
		k++;
	}
	return k;
}

/* Length in bytes of the run at p, which ends at a star; and its tokens. */
static size_t
ref_run_len(const unsigned char *p, size_t n, size_t *tokens)
{
	size_t	 i, len;

	*tokens = 0;
	for (i = 0; i < n && p[i] != '*'; i += len) {
		len = ref_token_len(p + i, n - i);
		*tokens += len != 2 || p[i] != '[';
	}
	return i;
}

struct ref_place {
	size_t	 from, to, found, tokens;
};

/* The best place for one more run, at or behind where the last one ended. */
static void
ref_add_run(struct ref_place *place, const unsigned char *run, size_t len,
    const unsigned char *s, size_t n, bool text)
{
	size_t	 best = 0, where = 0, k;

	for (size_t j = place->to; j <= n; j++) {
		k = ref_prefix(run, len, s + j, n - j, text);
		if (k > best) {
			best = k;
			where = j;
		}
	}
	if (best == 0)
		return;
	if (place->found == 0)
		place->from = where;
	place->to = where + best;
	place->found += best;
}

/* Where a pattern that is searched for stands, or the most of it. */
static struct ref_place
ref_locate(const char *pattern, size_t plen, const char *s, size_t n,
    bool text)
{
	const unsigned char	*p = (const unsigned char *)pattern;
	struct ref_place	 place = { 0, 0, 0, 0 };
	size_t			 len, tokens;

	for (size_t i = 0; i < plen; i += len + 1) {
		len = ref_run_len(p + i, plen - i, &tokens);
		if (place.found == place.tokens)
			ref_add_run(&place, p + i, len,
			    (const unsigned char *)s, n, text);
		place.tokens += tokens;
	}
	return place;
}

/*
 * Steps that a match of any text may take: an eighth of the text for jumping,
 * then one for every two bytes, or for each byte once for each 64 tokens of a
 * longest run of more, and something for each token and each list of the
 * pattern.
 */
static unsigned long long
ref_steps_max(const char *pattern, size_t plen, size_t n)
{
	const unsigned char	*p = (const unsigned char *)pattern;
	size_t			 longest = 1, lists = 0, len, tokens, i;

	for (i = 0; i < plen; i += len + 1) {
		len = ref_run_len(p + i, plen - i, &tokens);
		if (tokens > longest)
			longest = tokens;
	}
	for (i = 0; i < plen; i++)
		lists += p[i] == '[';
	return n / 8 + (longest <= 64 ? n / 2 : n * ((longest + 63) / 64)) +
	    300 + 24 * plen + 90 * lists;
}

#endif
