/*
 * Fuzz target of like.c.  Input: a byte whose low two bits are the flags, the
 * pattern, a newline, the text.  Held against the plain matcher, against what
 * Search and Text mean, and to a count of steps; the place to the plain search.
 */
#include <stdint.h>
#include <stdlib.h>

#include "like.h"
#include "../unit/like_ref.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* What holds for the place whatever the pattern is. */
static void
check_place(const struct like *l, const char *s, size_t n, int flags,
    bool match)
{
	struct like_place	 at;

	must(like_locate(l, s, n, &at) == match);
	must(at.from <= at.to && at.to <= n && at.found <= at.tokens);
	must(at.to - at.from >= at.found);
	must((at.from == at.to) == (at.found == 0) || match);
	if (match)
		must(at.found == at.tokens);
	if (match && !(flags & LIKE_SEARCH))
		must(at.from == 0 && at.to == n);
	if (flags & LIKE_SEARCH)
		must(match == (at.found == at.tokens));
}

/* 0 or 1, or -1 if the pattern does not compile. */
static int
match(const char *p, size_t plen, const char *s, size_t n, int flags)
{
	unsigned long long	 steps = 0;
	struct like_error	 e;
	struct like		*l;
	bool			 yes;

	if ((l = like_compile(p, plen, flags, &e)) == NULL) {
		must(e.what != NULL && e.right != NULL && e.at <= plen);
		return -1;
	}
	yes = like_match_steps(l, s, n, &steps);
	must(yes == like_match(l, s, n));
	must(yes || !like_matches_all(l));
	must(steps <= ref_steps_max(p, plen, n));
	check_place(l, s, n, flags, yes);
	like_free(l);
	return yes;
}

/* Where the search finds the pattern, or the most of it. */
static void
check_locate(const char *p, size_t plen, const char *s, size_t n, int flags)
{
	struct like_error	 e;
	struct like_place	 at;
	struct ref_place	 ref;
	struct like		*l;

	l = like_compile(p, plen, flags | LIKE_SEARCH, &e);
	must(l != NULL);
	(void)like_locate(l, s, n, &at);
	ref = ref_locate(p, plen, s, n, flags & LIKE_TEXT);
	must(at.found == ref.found && at.tokens == ref.tokens);
	must(at.from == ref.from && at.to == ref.to);
	like_free(l);
}

static void
check_reference(const char *p, size_t plen, const char *s, size_t n,
    int flags)
{
	bool			 text = flags & LIKE_TEXT;
	struct like_error	 e;
	size_t			 at;

	if (!ref_valid(p, plen, text, &at)) {
		must(like_compile(p, plen, flags, &e) == NULL && e.at == at);
		return;
	}
	must(match(p, plen, s, n, flags) ==
	    ref_match(p, plen, s, n, text, flags & LIKE_SEARCH));
	check_locate(p, plen, s, n, flags);
}

/* Search is "*" pattern "*". */
static void
check_search(const char *p, size_t plen, const char *s, size_t n, int flags)
{
	char	*starred;

	if (plen + 2 > LIKE_PATTERN_MAX)
		return;
	must((starred = malloc(plen + 2)) != NULL);
	starred[0] = starred[plen + 1] = '*';
	memcpy(starred + 1, p, plen);
	must(match(p, plen, s, n, flags | LIKE_SEARCH) ==
	    match(starred, plen + 2, s, n, flags & ~LIKE_SEARCH));
	free(starred);
}

static char *
lower(const char *s, size_t n)
{
	char	*copy = malloc(n + 1);

	must(copy != NULL);
	for (size_t i = 0; i < n; i++)
		copy[i] = ref_lower(s[i], true);
	return copy;
}

/* Text is Binary with both sides in lower case. */
static void
check_text(const char *p, size_t plen, const char *s, size_t n, int flags)
{
	char	*lp = lower(p, plen), *ls = lower(s, n);

	must(match(p, plen, s, n, flags | LIKE_TEXT) ==
	    match(lp, plen, ls, n, flags & ~LIKE_TEXT));
	free(lp);
	free(ls);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char	*p = (const char *)data + 1, *newline;
	size_t		 plen, n;
	int		 flags;

	if (size == 0 || (newline = memchr(p, '\n', size - 1)) == NULL)
		return 0;
	flags = data[0] & (LIKE_TEXT | LIKE_SEARCH);
	plen = newline - p;
	n = size - plen - 2;
	if (plen <= LIKE_PATTERN_MAX && n <= REF_TEXT_MAX)
		check_reference(p, plen, newline + 1, n, flags);
	check_search(p, plen, newline + 1, n, flags);
	check_text(p, plen, newline + 1, n, flags);
	return 0;
}
