/*
 * HTML made text (alone names xml*, html*).
 *
 * A block element begins a line of its own, <br> ends one, cells of a table's
 * row stand in one line.  Of a link its text is taken, of an image nothing but
 * an alternative text that is an emoji.  What nobody would see is left out:
 * <head>, <style>, <script>, what is `hidden' or has display:none.
 */
#ifndef TEXT_HTML_H
#define TEXT_HTML_H

#include <stddef.h>

#include "text_buf.h"

#define TEXT_CHARSET_NAME_MAX	64

/* Before anything is parsed. */
void	 text_html_init(void);

/* Write what a page of n bytes of UTF-8 shows. */
void	 text_from_html(const char *, size_t n, struct text_buf *out);

/*
 * The charset that the page itself names in its first bytes.  Returns name,
 * empty where there is none.  Pure.
 */
char	*text_html_charset(const char *, size_t n,
	    char name[TEXT_CHARSET_NAME_MAX]);

#endif
