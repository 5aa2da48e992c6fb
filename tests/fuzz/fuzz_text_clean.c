/*
 * Fuzz target of text_clean.c, text_utf8.c and text_cut.c.  Input: a pattern,
 * a NUL, and a text.  What comes out is UTF-8 that cleaning and folding leave
 * as it is; the line that it is cut at matches, and none before.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "like.h"
#include "text_clean.h"
#include "text_cut.h"
#include "text_utf8.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static bool
same(const struct text_buf *a, const struct text_buf *b)
{
	return a->n == b->n && (a->n == 0 || memcmp(a->s, b->s, a->n) == 0);
}

static void
check_decoders(const char *s, size_t n)
{
	struct text_buf	 guess = { .s = NULL }, mend = { .s = NULL };

	text_guess(s, n, &guess);
	text_mend(s, n, &mend);
	must(text_is_utf8(guess.s, guess.n) && text_is_utf8(mend.s, mend.n));
	must(!text_is_utf8(s, n) || same(&guess, &mend));
	text_reset(&guess);
	text_reset(&mend);
}

static void
check_folded(struct text_buf *b)
{
	struct text_buf	 again = { .s = NULL };

	text_fold(b);
	if (b->n == 0)
		return;
	must(strchr(" \n", b->s[0]) == NULL &&
	    strchr(" \n", b->s[b->n - 1]) == NULL);
	must(memmem(b->s, b->n, "\n\n\n", 3) == NULL &&
	    memmem(b->s, b->n, " \n", 2) == NULL &&
	    memmem(b->s, b->n, "  ", 2) == NULL);
	text_add(&again, b->s, b->n);
	text_fold(&again);
	must(same(b, &again));
	text_fold_line(&again);
	must(again.n > 0 && again.n <= b->n &&
	    memchr(again.s, '\n', again.n) == NULL);
	text_reset(&again);
}

static bool
line_matches(struct like *like, const char *s, size_t n)
{
	return like_match(like, s, n) ||
	    (n > 0 && s[n - 1] == ' ' && like_match(like, s, n - 1));
}

static void
check_cut(const char *pattern, const struct text_buf *b)
{
	struct like_error	 e;
	struct like		*like;
	size_t			 at = 0, cut, len;
	const char		*end;

	like = like_compile(pattern, strlen(pattern), LIKE_BINARY, &e);
	if (like == NULL)
		return;
	cut = text_cut(b->s, b->n, &like, 1);
	must(cut <= b->n);
	for (; at < b->n && at <= cut; at += len + 1) {
		end = memchr(b->s + at, '\n', b->n - at);
		len = end != NULL ? (size_t)(end - b->s) - at : b->n - at;
		must(line_matches(like, b->s + at, len) == (at == cut));
	}
	like_free(like);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t	*nul = size > 0 ? memchr(data, '\0', size) : NULL;
	struct text_buf	 out = { .s = NULL }, again = { .s = NULL };
	size_t		 n;
	char		*s;

	if (nul == NULL)
		return 0;
	n = size - (size_t)(nul + 1 - data);
	s = malloc(n > 0 ? n : 1);
	must(s != NULL);
	memcpy(s, nul + 1, n);
	check_decoders(s, n);
	text_clean(s, n, &out);
	must(text_is_utf8(out.s, out.n));
	text_clean(out.s, out.n, &again);
	must(same(&out, &again));
	check_cut((const char *)data, &out);
	check_folded(&out);
	text_reset(&out);
	text_reset(&again);
	free(s);
	return 0;
}
