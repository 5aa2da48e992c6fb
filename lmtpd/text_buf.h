/*
 * Text that grows.  One that finds no memory stays as it is from then on and
 * says so: asked once, at the end.
 */
#ifndef TEXT_BUF_H
#define TEXT_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero is an empty one.  s is not NUL terminated; the caller frees it. */
struct text_buf {
	char		*s;
	size_t		 n;
	size_t		 room;
	bool		 broken;	/* there was no memory */
};

void	 text_add(struct text_buf *, const char *, size_t);
void	 text_add_byte(struct text_buf *, char);
/* A code point, in UTF-8; what is none becomes U+FFFD. */
void	 text_add_char(struct text_buf *, uint32_t);
/* An empty one that frees what it had. */
void	 text_reset(struct text_buf *);

#endif
