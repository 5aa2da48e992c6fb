/*
 * A server address that was seen, as text: the file's name, and what is in it.
 * Pure functions over bounded text.
 */
#ifndef SEEN_TEXT_H
#define SEEN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "addr.h"

#define SEEN_WHERE_MAX	64	/* of an address as text, with its NUL */
#define SEEN_TEXT_MAX	256
#define SEEN_AUTHORISED	"authorised"	/* a decision; with more behind it, not
					 * by what the sender's section says */
#define SEEN_MANY	10000	/* of an account: more are counted, not kept */
#define SEEN_FILE_MAX	2048	/* bytes of a file, NUL included */

/* Text is hostile (mail) but holds no control character nor line end. */
struct seen {
	char	 where[SEEN_WHERE_MAX];	/* "192.0.2.1", "2001:db8:0:1::/64",
					 * "google" or "outlook" */
	char	 sender[ADDR_MAX];
	char	 message[SEEN_TEXT_MAX];	/* Message-ID, queue id; "" */
	char	 decision[SEEN_TEXT_MAX];	/* in words */
	time_t	 when;
	time_t	 told;			/* 0: not yet */
	bool	 authorised;		/* told to seen_note(), kept nowhere */
};

/* "2001:db8::/64" is "2001:db8::_64".  0, or -1 where it is no address. */
int	 seen_text_name(const char *where, char out[SEEN_WHERE_MAX]);
/* And back. */
int	 seen_text_where(const char *name, char out[SEEN_WHERE_MAX]);

/* A line for each field but where, none for what is empty; a control character
 * becomes "?".  Returns the length. */
size_t	 seen_text_write(const struct seen *, char out[SEEN_FILE_MAX]);
/* 0; -1: nobody here wrote it.  where is left as it is. */
int	 seen_text_read(const char *, struct seen *);

#endif
