/*
 * Visual Basic's Like operator over bytes: * ? # [list] [!list].  Pure.
 *
 * A pattern is compiled once; matching takes time that no text can blow up:
 * a two-pointer walk under a step budget, then bits in parallel.
 */
#ifndef LIKE_H
#define LIKE_H

#include <stdbool.h>
#include <stddef.h>

#define LIKE_PATTERN_MAX 4096	/* bytes of a pattern */

struct like;

enum like_flags {
	LIKE_BINARY = 0,	/* case counts */
	LIKE_TEXT = 1,		/* ASCII letters are folded */
	LIKE_SEARCH = 2		/* match anywhere: as "*" pattern "*" */
};

struct like_error {
	size_t		 at;	/* offset in the pattern */
	const char	*what;	/* what is wrong, static text */
	const char	*right;	/* what would be right, static text */
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

/* Whether it matches every text, however short: nothing but "*". */
bool	 like_matches_all(const struct like *);

/* Wipes the pattern, which may be a secret.  NULL is fine. */
void	 like_free(struct like *);

#endif
