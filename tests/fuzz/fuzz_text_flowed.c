/*
 * Fuzz target of text_flowed.c.  Input: a byte for DelSp, and a text.  Nothing
 * but blanks, marks of quotes and line ends comes or goes.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text_flowed.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static bool
is_layout(char c)
{
	return c == ' ' || c == '>' || c == '\n' || c == '\r';
}

/* The next byte that is no layout; '\n' at the end. */
static char
next_word(const char *s, size_t n, size_t *at)
{
	while (*at < n && is_layout(s[*at]))
		(*at)++;
	return *at < n ? s[(*at)++] : '\n';
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text_buf	 out = { .s = NULL };
	size_t		 n = size > 0 ? size - 1 : 0, at = 0, to = 0;
	char		*s = malloc(n > 0 ? n : 1), c;

	must(s != NULL);
	if (n > 0)
		memcpy(s, data + 1, n);
	text_unflow(s, n, size > 0 && data[0] & 1, &out);
	must(!out.broken && out.n <= 2 * n + 1);
	do {
		c = next_word(s, n, &at);
		must(next_word(out.s, out.n, &to) == c);
	} while (c != '\n');
	text_reset(&out);
	free(s);
	return 0;
}
