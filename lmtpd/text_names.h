/*
 * The charsets that a message may name.  Pure.
 *
 * What converts one is a file that iconv(3) loads, and no file may be opened
 * once a message is parsed.  So the names are looked for in its bytes, without
 * a thought for what they stand in.
 */
#ifndef TEXT_NAMES_H
#define TEXT_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct text_name {
	const char	*name;		/* in lower case */
	/* what to convert from, where it is not the name: what senders call by
	 * it has more characters, or iconv(3) another word */
	const char	*from;
};

extern const struct text_name text_names[];
extern const size_t text_nnames;	/* at most TEXT_NAMES_MAX */

#define TEXT_NAMES_MAX	160

/* The index of a name of n bytes, in any case; -1: there is none. */
int	 text_name(const char *, size_t n);

/* Set found[] for each name that occurs, as a whole word. */
void	 text_names_search(const char *, size_t n,
	    bool found[TEXT_NAMES_MAX]);

/* Overwrite in a header field's text, in place, the charset of each encoded
 * word (RFC 2047) whose name there is not, by 'x's. */
void	 text_names_scrub(char *);

#endif
