/*
 * The second factor: which alternative of a security string stands in a
 * message's header block.  Pure.
 */
#ifndef FACTOR_H
#define FACTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "header.h"
#include "policy.h"

#define FACTOR_FIELD_MAX	64	/* bytes of a field's name that are told */

struct factor {
	int		 holds;		/* 1 yes, 0 no, -1: no memory to tell */
	unsigned int	 alternative;	/* from 1: the one that stands there, or
					 * came nearest; 0: none came near */
	bool		 decoded;	/* only with encoded words decoded */
	char		 field[FACTOR_FIELD_MAX];	/* where it begins */
	size_t		 at;		/* bytes behind the field's first */
	size_t		 found;		/* characters of the pattern found */
	size_t		 tokens;	/* of so many */
};

/*
 * Search the unfolded block (header.h) for each alternative in turn, as it is
 * and with encoded words decoded.  Only holds and, where it is 1, alternative
 * and decoded are filled in; with locate all are, at a cost.
 */
void	 factor_search(const struct grant *, const struct header *,
	    bool locate, struct factor *);

#endif
