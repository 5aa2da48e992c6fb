/*
 * Encoded words (RFC 2047) in an unfolded header block.  Pure.
 *
 * Only charsets whose bytes below 128 are ASCII's are read: us-ascii, utf-8,
 * iso-8859-*, windows-125* (cp125*), koi8-r and koi8-u, in any case, with or
 * without a language (RFC 2231 section 5).  Their bytes are handed over as
 * they are; nothing is converted.  A word of another charset, or one that is
 * broken, is no word here and stays as it was written.
 */
#ifndef ENCWORD_H
#define ENCWORD_H

#include <stdbool.h>
#include <stddef.h>

/* Offsets into the text that was searched. */
struct encword {
	size_t		 at;		/* of its "=?" */
	size_t		 len;		/* up to and with its "?=" */
	size_t		 text;		/* of the encoded text */
	size_t		 text_len;
	bool		 base64;	/* "B"; else "Q" */
};

/* The next word that begins at or behind from.  Whether there is one. */
bool	 encword_next(const char *, size_t n, size_t from, struct encword *);

/*
 * Write n bytes of text with its words decoded; blanks between two of them
 * are dropped (RFC 2047 section 6.2).  CR, LF and NUL that a word holds become
 * a blank, so that each '\n' still ends a field.  out has room for n bytes and
 * is not the text.  Returns the bytes written, at most n; *words is how many
 * words were decoded.
 */
size_t	 encword_decode(const char *, size_t n, char *out, size_t *words);

/* Overwrite a word's encoded text in place by one that decodes to 'x's. */
void	 encword_blank(char *, const struct encword *);

#endif
