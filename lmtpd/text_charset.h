/*
 * Charsets made UTF-8 (alone names iconv).
 */
#ifndef TEXT_CHARSET_H
#define TEXT_CHARSET_H

#include <stddef.h>

#include "text_buf.h"

struct text_charsets;

/*
 * Opens, and so loads, what converts each charset whose name occurs in a
 * message; from then on no file is opened for one.  NULL: no memory.  Freed by
 * text_charsets_close().
 */
struct text_charsets
	*text_charsets_open(const char *message, size_t n);
void	 text_charsets_close(struct text_charsets *);

/*
 * Write what these bytes mean.  Without a name, or where it was not opened or
 * is US-ASCII: UTF-8 if all of them are, else windows-1252.  Bytes that UTF-8
 * does not have are windows-1252, those of another charset U+FFFD.
 */
void	 text_convert(const struct text_charsets *, const char *name,
	    const char *, size_t n, struct text_buf *out);

#endif
