/*
 * Fuzz target of keyword_blank().  Input: keywords, one a line, of a grant
 * that tells case apart and of one that does not by turns; an empty line; a
 * header block.  Afterwards no keyword stands in the block, raw or decoded,
 * and nothing but keywords and encoded words was touched.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "encword.h"
#include "keyword.h"

#define KEYWORDS_MAX	8

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct site {
	struct account		 account;
	struct grant		 grant[2];
	struct alternative	 alternative[2][KEYWORDS_MAX];
	bool			 plain;	/* none that blanking may bring about */
};

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static char *
copy_of(const char *s, size_t n)
{
	char	*copy = malloc(n + 1);

	must(copy != NULL);
	memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

static bool
is_printable(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] > '~')
			return false;
	return n > 0;
}

/* How much of the input the keywords took; 0: it is none of ours. */
static size_t
read_keywords(struct site *in, const char *s, size_t n)
{
	const char	*at = s, *end;
	struct grant	*g;

	memset(in, 0, sizeof(*in));
	in->account.grant = in->grant;
	in->account.grants = 2;
	in->grant[0].alternative = in->alternative[0];
	in->grant[1].alternative = in->alternative[1];
	in->grant[1].compare_text = true;
	in->plain = true;
	for (size_t i = 0; (end = memchr(at, '\n', s + n - at)) != NULL; i++) {
		if (end == at)
			return at + 1 - s;
		if (i == 2 * KEYWORDS_MAX || !is_printable(at, end - at))
			return 0;
		g = &in->grant[i % 2];
		g->alternative[i / 2].keyword = copy_of(at, end - at);
		g->alternatives++;
		in->plain &= strpbrk(g->alternative[i / 2].keyword,
		    "eEhHxX4") == NULL;
		at = end + 1;
	}
	return 0;
}

static void
free_keywords(struct site *in)
{
	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < in->grant[i].alternatives; j++)
			free(in->alternative[i][j].keyword);
}

/* Where a keyword stands at or behind from; -1: nowhere. */
static long
find(const char *s, size_t n, size_t from, const char *keyword, bool text)
{
	const size_t	 len = strlen(keyword);

	for (; from + len <= n; from++)
		if ((text ? strncasecmp(s + from, keyword, len) :
		    memcmp(s + from, keyword, len)) == 0)
			return (long)from;
	return -1;
}

static void
must_be_gone(const struct site *in, const char *s, size_t n)
{
	const char	*keyword;

	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < in->grant[i].alternatives; j++) {
			keyword = in->alternative[i][j].keyword;
			if (keyword[strspn(keyword, i == 1 ? "xX" : "x")] !=
			    '\0')
				must(find(s, n, 0, keyword, i == 1) == -1);
		}
}

static void
must_be_gone_decoded(const struct site *in, const char *s, size_t n)
{
	char	*unfolded = copy_of(s, n), *out = copy_of(s, n);
	size_t	 len = 0, words;

	for (size_t i = 0; i < n; i++)
		if (s[i] != '\n' || i + 1 == n ||
		    (s[i + 1] != ' ' && s[i + 1] != '\t'))
			unfolded[len++] = s[i];
	len = encword_decode(unfolded, len, out, &words);
	must_be_gone(in, out, len);
	free(unfolded);
	free(out);
}

static void
mark_words(const char *s, size_t n, char *mark)
{
	struct encword	 w;

	for (size_t at = 0; encword_next(s, n, at, &w); at = w.at + w.len)
		memset(mark + w.text, 1, w.text_len);
}

static void
mark_keywords(const struct site *in, const char *s, size_t n, char *mark)
{
	const char	*keyword;
	long		 at;

	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < in->grant[i].alternatives; j++) {
			keyword = in->alternative[i][j].keyword;
			at = -1;
			while ((at = find(s, n, (size_t)(at + 1), keyword,
			    i == 1)) != -1)
				memset(mark + at, 2, strlen(keyword));
		}
}

/* Words of the result are marked too: an x may have mended one. */
static void
check_touched(const struct site *in, const char *was, const char *is, size_t n)
{
	char	*mark = calloc(n + 1, 1);

	must(mark != NULL);
	mark_words(was, n, mark);
	mark_words(is, n, mark);
	mark_keywords(in, was, n, mark);
	for (size_t i = 0; i < n; i++) {
		if (was[i] != is[i])
			must(mark[i] != 0 && strchr("xeHh4", is[i]) != NULL);
		else if (mark[i] == 2)
			must(strchr("xeHh4", is[i]) != NULL);
	}
	free(mark);
}

static void
check_block(const struct site *in, const char *s, size_t n)
{
	char	*was = copy_of(s, n), *is = malloc(n > 0 ? n : 1);
	int	 answer;

	must(is != NULL);
	memcpy(is, s, n);
	answer = keyword_blank(&in->account, is, n);
	must(answer == (memcmp(was, is, n) != 0));
	for (size_t i = 0; i < n; i++)
		must((was[i] == '\n') == (is[i] == '\n'));
	must_be_gone(in, is, n);
	must_be_gone_decoded(in, is, n);
	if (in->plain)
		check_touched(in, was, is, n);
	must(keyword_blank(&in->account, is, n) == 0);
	free(was);
	free(is);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char	*s = (const char *)data;
	struct site	 in;
	size_t		 used;

	if (size == 0)
		return 0;
	if ((used = read_keywords(&in, s, size)) > 0)
		check_block(&in, s + used, size - used);
	free_keywords(&in);
	return 0;
}
