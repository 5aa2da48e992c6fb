/*
 * text/plain with format=flowed (RFC 3676).  Pure.
 */
#ifndef TEXT_FLOWED_H
#define TEXT_FLOWED_H

#include <stdbool.h>
#include <stddef.h>

#include "text_buf.h"

/*
 * Write text with the soft line breaks taken out; where delsp is true, with
 * the blank before each of them too.  Quoted lines keep their marks, written
 * "> " once for a paragraph's depth.  Lines end in LF or CRLF, those written
 * in LF.
 */
void	 text_unflow(const char *, size_t n, bool delsp, struct text_buf *out);

#endif
