/*
 * Visual Basic's Like operator over bytes: * ? # [list] [!list].  Pure.
 *
 * A pattern is compiled once; matching takes time that no text can blow up:
 * rare bytes of the pattern are looked for under a step budget, then bits go
 * in parallel, each byte of the text once.  That holds for runs of up to 61
 * tokens; a run is what stands between two "*".  One of 64 may take half as
 * long again, a longer one ten times as long, and from 256 tokens on ten times
 * for each 256: two hundred times for one of 4,096.  Hundreds of runs or lists
 * in one pattern may take twice as long.
 */
#ifndef LIKE_H
#define LIKE_H

#include <stdbool.h>
#include <stddef.h>

#include "like_error.h"

struct like;

enum like_flags {
	LIKE_BINARY = 0,	/* case counts */
	LIKE_TEXT = 1,		/* ASCII letters are folded */
	LIKE_SEARCH = 2		/* match anywhere: as "*" pattern "*" */
};

/*
 * Compile a pattern of n bytes; flags are ORed like_flags.  The caller frees
 * it with like_free().  NULL: an unclosed "[", a reversed range or a pattern
 * over LIKE_PATTERN_MAX (error filled in), or no memory (error->what NULL).
 */
struct like
	*like_compile(const char *, size_t n, int flags, struct like_error *);

/* Whether the whole text (with LIKE_SEARCH: some part of it) matches. */
bool	 like_match(const struct like *, const char *, size_t);

/* As like_match(), and adds the steps it took to *steps: for the tests. */
bool	 like_match_steps(const struct like *, const char *, size_t,
	    unsigned long long *steps);

struct like_place {
	size_t		 from;	/* offset in the text: first byte */
	size_t		 to;	/* behind the last one */
	size_t		 found;	/* tokens found, in their order */
	size_t		 tokens;	/* of the pattern; "*" and "[]" are none */
};

/*
 * As like_match(), and tells where, or how near the text came: from and to
 * then span what was found of the pattern's beginning (equal: nothing).  With
 * LIKE_SEARCH what a "*" at either end takes is left out; without it, all
 * tokens may be found in a text that goes on behind them, and does not match.
 * Of several places it is the leftmost.  For people: it takes more time than
 * like_match(), but no text can blow that up either.
 */
bool	 like_locate(const struct like *, const char *, size_t,
	    struct like_place *);

/* Whether it matches every text, however short: nothing but "*". */
bool	 like_matches_all(const struct like *);

/* Wipes the pattern, which may be a secret.  NULL is fine. */
void	 like_free(struct like *);

#endif
