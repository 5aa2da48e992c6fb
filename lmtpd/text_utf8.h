/*
 * UTF-8 (RFC 3629), and what stands in its place: bytes of windows-1252.
 * Pure.
 */
#ifndef TEXT_UTF8_H
#define TEXT_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text_buf.h"

#define TEXT_NONE	UINT32_MAX	/* no character begins here */

/*
 * The character at *at, which is below n; moves *at behind it.  TEXT_NONE, and
 * one byte further, where the bytes are not UTF-8.
 */
uint32_t text_next(const char *, size_t n, size_t *at);

/* As text_next(), and bytes that are not UTF-8 are windows-1252. */
uint32_t text_next_1252(const char *, size_t n, size_t *at);

bool	 text_is_utf8(const char *, size_t n);

/* What windows-1252 has for a byte. */
uint32_t text_1252(unsigned char);

/* Bytes of which nobody knows better: UTF-8 if all are, else windows-1252. */
void	 text_guess(const char *, size_t n, struct text_buf *out);

/* UTF-8, but for single bytes that are not. */
void	 text_mend(const char *, size_t n, struct text_buf *out);

#endif
