/*
 * Fuzz target of text_segments.c.  Input: a byte that tells how many messages
 * there are, and a text.  What fits must fit, must be all that may, and counts
 * only grow with the text.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text_segments.h"
#include "text_utf8.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static bool
ends_a_character(const char *s, size_t n, size_t end)
{
	size_t	 at = 0;

	while (at < n && at < end)
		text_next(s, n, &at);
	return at == end;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t	 n = size > 0 ? size - 1 : 0, fit, max, all, half;
	char	*s = malloc(n > 0 ? n : 1);

	must(s != NULL);
	if (size == 0) {
		free(s);
		return 0;
	}
	max = data[0];
	memcpy(s, data + 1, n);
	all = text_segments(s, n);
	fit = text_fit(s, n, max);
	must((all == 0) == (n == 0));
	must(fit <= n && text_segments(s, fit) <= max);
	must((fit == n) == (all <= max));
	must(max == 0 || n == 0 || fit > 0);
	must(ends_a_character(s, n, fit));
	for (half = n / 2; half > 0; half /= 2)
		if (ends_a_character(s, n, half))
			must(text_segments(s, half) <= all);
	free(s);
	return 0;
}
