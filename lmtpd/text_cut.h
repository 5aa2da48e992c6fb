/*
 * Where a text ends: before its first line that matches a pattern.  Pure.
 */
#ifndef TEXT_CUT_H
#define TEXT_CUT_H

#include <stddef.h>

struct like;

/*
 * How many bytes of text stand before the first line that one of the patterns
 * matches as a whole, with or without the blank at its end.  For what
 * text_clean() wrote.
 */
size_t	 text_cut(const char *, size_t n, struct like *const *patterns,
	    size_t npatterns);

#endif
