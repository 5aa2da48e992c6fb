/*
 * What the tests of text rooms share: a text in a block of its own size, and
 * what became of it.
 */
#ifndef TEXT_SITE_H
#define TEXT_SITE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text_buf.h"

struct text_row {
	const char	*in;
	const char	*out;
};

static inline char *
text_copy(const char *s, size_t n)
{
	char	*copy = malloc(n > 0 ? n : 1);

	assert_non_null(copy);
	if (n > 0)
		memcpy(copy, s, n);
	return copy;
}

/* Checks what out holds, and frees it. */
static inline void
text_is(struct text_buf *out, const char *in, const char *want)
{
	if (out->n != strlen(want) ||
	    (out->n > 0 && memcmp(out->s, want, out->n) != 0))
		print_error("of \"%s\" came \"%.*s\"\n", in, (int)out->n,
		    out->n > 0 ? out->s : "");
	assert_false(out->broken);
	assert_int_equal(out->n, strlen(want));
	if (out->n > 0)
		assert_memory_equal(out->s, want, out->n);
	text_reset(out);
}

#endif
