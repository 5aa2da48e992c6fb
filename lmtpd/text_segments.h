/*
 * How many short messages a text takes (3GPP TS 23.038 and 23.040), and how
 * much of it goes into so many.  Pure.
 *
 * A text all of whose characters the GSM default alphabet or its extension
 * table has takes septets: 160 in one message, 153 in each of several.  Any
 * other is UCS-2 (in truth UTF-16): 70, or 67.  No part ends within an escape
 * sequence or between surrogates.
 */
#ifndef TEXT_SEGMENTS_H
#define TEXT_SEGMENTS_H

#include <stddef.h>

#define TEXT_SEGMENTS_MAX	255	/* the most that one header can count */

/* How many it takes; 0 for an empty text, which is UTF-8. */
size_t	 text_segments(const char *, size_t n);

/*
 * How many bytes of the text, from its start, go into so many messages.  It
 * ends between two characters as people see them: not before a mark, a
 * variation or a skin tone, nor beside a joiner, nor within a flag, unless
 * there is one character alone.
 */
size_t	 text_fit(const char *, size_t n, size_t segments);

#endif
