/*
 * What of a message is its text (alone names g_mime_*, but for iconv's sake
 * text_charset.c).
 *
 * Of alternatives the first text/plain that says anything is taken, else
 * another part that has text/plain, else HTML; of related parts the root, of
 * a signed message what was signed; else all texts, in their order.  Parts that
 * are attached or have a file's name, and messages within, are not taken.
 */
#ifndef TEXT_MIME_H
#define TEXT_MIME_H

#include "text_buf.h"
#include "text_charset.h"

#define TEXT_DEPTH_MAX	50	/* of parts in parts */

/* Before anything is parsed. */
void	 text_mime_init(void);

/*
 * Take apart a message, which is freed with it, and write its subject and its
 * text, both as text_clean() writes them.  0, or -1: parts are nested too
 * deep.
 */
int	 text_mime_read(struct text_buf *message,
	    const struct text_charsets *, struct text_buf *subject,
	    struct text_buf *body);

#endif
