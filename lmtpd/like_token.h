/*
 * The grammar of Like patterns, read token by token.  Pure.
 */
#ifndef LIKE_TOKEN_H
#define LIKE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "like_error.h"

enum like_kind {
	LIKE_STAR,		/* any run, also an empty one */
	LIKE_EMPTY,		/* "[]": takes no byte and changes nothing */
	/* those that take one byte: */
	LIKE_BYTE,		/* this one */
	LIKE_LETTER,		/* this small letter, or it as a capital */
	LIKE_DIGIT,
	LIKE_LIST,		/* one of a set */
	LIKE_EXCEPT,		/* one that is not of a set */
	LIKE_ANY
};

struct like_set {
	uint64_t	 bits[4];	/* byte c is bit c % 64 of word c / 64 */
};

struct like_token {
	enum like_kind	 kind;
	unsigned char	 byte;		/* of LIKE_BYTE and LIKE_LETTER */
	struct like_set	 set;		/* of LIKE_LIST and LIKE_EXCEPT */
};

struct like_reader {
	const char	*pattern;
	size_t		 len;
	size_t		 at;		/* what is read next */
	bool		 fold;		/* ASCII letters are one */
};

/*
 * Reads the next token.  A list that is as good as a byte, a letter, "?" or
 * "#" is told as that, and a set has at most 128 bytes.  -1: the pattern is
 * wrong, the error is filled in; 0: it has ended; 1: a token was read.
 */
int	 like_token_read(struct like_reader *, struct like_token *,
	    struct like_error *);

/* Fills in the error; returns -1. */
int	 like_refuse(struct like_error *, size_t at, const char *what,
	    const char *right);

/* As sets of their own: what LIKE_DIGIT takes, what LIKE_ANY does not. */
extern const struct like_set	 like_digits, like_none;

static inline bool
like_set_has(const struct like_set *set, unsigned char c)
{
	return set->bits[c / 64] >> c % 64 & 1;
}

#endif
