/*
 * Words of a command line.  Pure; nothing here is NUL terminated but what
 * lmtp_xtext() writes.
 */
#ifndef LMTP_TEXT_H
#define LMTP_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* A stretch of a line; p is NULL where there is none at all. */
struct lmtp_text {
	const char	*p;
	size_t		 n;
};

/* Go on behind n bytes, or behind blanks. */
void	 lmtp_skip(struct lmtp_text *, size_t);
void	 lmtp_skip_blanks(struct lmtp_text *);

/* Takes the next word off rest; blanks part words.  False: no more of them. */
bool	 lmtp_word(struct lmtp_text *rest, struct lmtp_text *word);

/* Splits KEY=VALUE; value->p is NULL where there is no "=". */
void	 lmtp_split(struct lmtp_text word, struct lmtp_text *key,
	    struct lmtp_text *value);

/* Equal with the case of ASCII letters ignored. */
bool	 lmtp_is(struct lmtp_text, const char *);

/*
 * Decodes xtext (RFC 3461 section 4), or copies the raw text where it is none.
 * 0; -1 where the result is empty, not addr_clean() or over size - 1 bytes.
 */
int	 lmtp_xtext(struct lmtp_text, char *out, size_t size);

#endif
