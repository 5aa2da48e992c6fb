/*
 * What can be wrong with a Like pattern.
 */
#ifndef LIKE_ERROR_H
#define LIKE_ERROR_H

#include <stddef.h>

#define LIKE_PATTERN_MAX 4096	/* bytes of a pattern */

struct like_error {
	size_t		 at;	/* offset in the pattern */
	const char	*what;	/* what is wrong, static text */
	const char	*right;	/* what would be right, static text */
};

#endif
