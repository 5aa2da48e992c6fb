/*
 * Fuzz target of encword.c.  Input: a text.  It is decoded as one, word by
 * word and with its words blanked; and the bytes of it, written as one word,
 * must be read back.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encword.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const char	 digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* A block of its own size, so that a step too far is seen. */
static char *
copy_of(const char *s, size_t n)
{
	char	*copy = malloc(n > 0 ? n : 1);

	must(copy != NULL);
	if (n > 0)
		memcpy(copy, s, n);
	return copy;
}

static size_t
count(const char *s, size_t n, char c)
{
	size_t	 found = 0;

	for (size_t i = 0; i < n; i++)
		found += s[i] == c;
	return found;
}

/* Of what a word decodes to. */
static size_t
decoded_len(const char *text, const struct encword *w)
{
	size_t	 equals = count(text, w->text_len, '=');

	return w->base64 ? w->text_len / 4 * 3 - equals :
	    w->text_len - 2 * equals;
}

static void
check_alone(const char *s, const struct encword *w)
{
	char	*word = copy_of(s + w->at, w->len);
	char	*out = copy_of(word, w->len);
	size_t	 words;

	must(encword_decode(word, w->len, out, &words) ==
	    decoded_len(s + w->text, w));
	must(words == 1);
	must(count(out, decoded_len(s + w->text, w), '\n') == 0);
	must(memcmp(s + w->at, "=?", 2) == 0);
	must(memcmp(s + w->text + w->text_len, "?=", 2) == 0);
	must(w->at + w->len == w->text + w->text_len + 2);
	must(memchr(word, ' ', w->len) == NULL);
	free(word);
	free(out);
}

/* Blanked in place, it is a word as long, of nothing but x. */
static void
check_blank(char *s, size_t n, const struct encword *w)
{
	char		*out = copy_of(s, n);
	struct encword	 again;
	size_t		 words, len;

	encword_blank(s, w);
	must(encword_next(s, n, w->at, &again));
	must(again.at == w->at && again.len == w->len);
	must(again.text == w->text && again.text_len == w->text_len);
	len = encword_decode(s + w->at, w->len, out, &words);
	must(words == 1 && len > 0 && count(out, len, 'x') == len);
	free(out);
}

static void
check_text(const char *data, size_t n)
{
	char		*s = copy_of(data, n), *out = copy_of(data, n);
	struct encword	 w;
	size_t		 len, words, found = 0, least = n;

	len = encword_decode(s, n, out, &words);
	must(len <= n && count(out, len, '\n') == count(s, n, '\n'));
	for (size_t at = 0; encword_next(s, n, at, &w); at = w.at + w.len) {
		must(w.at >= at && w.at + w.len <= n);
		check_alone(s, &w);
		least -= w.len - decoded_len(s + w.text, &w);
		check_blank(s, n, &w);
		found++;
	}
	must(words == found);
	must(len <= least && len + count(s, n, ' ') + count(s, n, '\t') >=
	    least);
	must(found > 0 || (len == n && memcmp(out, s, n) == 0));
	free(s);
	free(out);
}

static size_t
write_base64(char *out, const uint8_t *data, size_t n)
{
	size_t		 len = 0;
	unsigned int	 bits;

	for (size_t i = 0; i < n; i += 3) {
		bits = (unsigned int)data[i] << 16;
		bits |= i + 1 < n ? (unsigned int)data[i + 1] << 8 : 0;
		bits |= i + 2 < n ? data[i + 2] : 0;
		out[len++] = digits[bits >> 18];
		out[len++] = digits[bits >> 12 & 63];
		out[len++] = i + 1 < n ? digits[bits >> 6 & 63] : '=';
		out[len++] = i + 2 < n ? digits[bits & 63] : '=';
	}
	return len;
}

static size_t
write_q(char *out, const uint8_t *data, size_t n)
{
	size_t	 len = 0;

	for (size_t i = 0; i < n; i++)
		if (data[i] == ' ')
			out[len++] = '_';
		else if (data[i] < ' ' || data[i] > '~' ||
		    strchr("=?_", data[i]) != NULL)
			len += sprintf(out + len, i % 2 ? "=%02x" : "=%02X",
			    data[i]);
		else
			out[len++] = (char)data[i];
	return len;
}

static void
check_written(const uint8_t *data, size_t n, bool base64)
{
	const char	*head = base64 ? "=?UTF-8*en?b?" : "=?koi8-r?Q?";
	char		*word = malloc(3 * n + 20), *out = malloc(3 * n + 20);
	size_t		 len = strlen(head), words;

	must(word != NULL && out != NULL);
	memcpy(word, head, len);
	len += base64 ? write_base64(word + len, data, n) :
	    write_q(word + len, data, n);
	memcpy(word + len, "?=", 2);
	must(encword_decode(word, len + 2, out, &words) == n && words == 1);
	for (size_t i = 0; i < n; i++)
		if (data[i] == '\0' || data[i] == '\r' || data[i] == '\n')
			must(out[i] == ' ');
		else
			must((uint8_t)out[i] == data[i]);
	free(word);
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_text((const char *)data, size);
	if (size > 0) {
		check_written(data, size, false);
		check_written(data, size, true);
	}
	return 0;
}
