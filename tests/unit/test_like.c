/*
 * Tests of like.c and what it is made of: every rule of the grammar in a
 * table, random pairs against the plain matcher and search of like_ref.h, and
 * texts made to be slow, held to a count of steps.  LIKE_SEED in the
 * environment repeats a random run.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <setjmp.h>
#include <cmocka.h>

#include "like.h"
#include "like_ref.h"

#define B	LIKE_BINARY
#define T	LIKE_TEXT
#define S	LIKE_SEARCH
#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

#define PAIRS		200000
#define PLACES		60000
#define SLOW_TEXT	65536

struct rule {
	int		 flags;
	const char	*pattern;
	const char	*text;
	bool		 match;
};

static const struct rule	 rules[] = {
	/* the whole string */
	{ B, "", "", true },
	{ B, "", "a", false },
	{ B, "abc", "abc", true },
	{ B, "abc", "abcd", false },
	{ B, "abc", "xabc", false },
	{ B, "abc", "ab", false },
	{ B, "abc", "ABC", false },
	/* ? any one character */
	{ B, "?", "a", true },
	{ B, "?", "\n", true },
	{ B, "?", "\xff", true },
	{ B, "?", "", false },
	{ B, "?", "ab", false },
	{ B, "a?c", "a?c", true },
	{ B, "??", "ab", true },
	/* # one ASCII digit */
	{ B, "#", "0", true },
	{ B, "#", "9", true },
	{ B, "#", "/", false },
	{ B, "#", ":", false },
	{ B, "#", "#", false },
	{ B, "#", "\xb2", false },
	{ B, "#", "12", false },
	{ B, "a##b", "a12b", true },
	/* * any run, also empty */
	{ B, "*", "", true },
	{ B, "*", "abc\n", true },
	{ B, "**", "", true },
	{ B, "a*", "a", true },
	{ B, "a*", "ba", false },
	{ B, "*a", "bca", true },
	{ B, "*a", "bcab", false },
	{ B, "a*b", "ab", true },
	{ B, "a*b", "axxb", true },
	{ B, "a*b", "a\nb", true },
	{ B, "a*a", "a", false },
	{ B, "ab*ba", "aba", false },
	{ B, "ab*ba", "abba", true },
	{ B, "a*b*c", "abbcc", true },
	{ B, "a*b*c", "acb", false },
	{ B, "*ab*ab*", "ab", false },
	{ B, "*ab*ab*", "abab", true },
	{ B, "*a?c*", "aabc", true },
	{ B, "*a*?", "a", false },
	{ B, "*?*", "", false },
	{ B, "*?*", "x", true },
	/* [list] */
	{ B, "[abc]", "b", true },
	{ B, "[abc]", "d", false },
	{ B, "[abc]", "", false },
	{ B, "[abc]", "ab", false },
	{ B, "[a-c]", "a", true },
	{ B, "[a-c]", "c", true },
	{ B, "[a-c]", "d", false },
	{ B, "[a-c]", "-", false },
	{ B, "[a-a]", "a", true },
	{ B, "[a-cx-z]", "y", true },
	{ B, "[a-cx-z]", "m", false },
	{ B, "[1,3,5]", "3", true },
	{ B, "[1,3,5]", ",", true },
	{ B, "[1,3,5]", "2", false },
	{ B, "22.22.22.[1-5]", "22.22.22.4", true },
	{ B, "22.22.22.[1-5]", "22.22.22.6", false },
	{ B, "[\xe0-\xff]", "\xff", true },
	{ B, "[\x01-\xff]", "\x80", true },
	/* [!list] */
	{ B, "[!abc]", "d", true },
	{ B, "[!abc]", "a", false },
	{ B, "[!abc]", "!", true },
	{ B, "[!abc]", "", false },
	{ B, "[!a-c]", "b", false },
	{ B, "[!a-c]", "\xff", true },
	{ B, "[!!]", "!", false },
	{ B, "[!!]", "a", true },
	{ B, "[!#]", "1", true },
	{ B, "[!#]", "#", false },
	/* a ! that is not first is literal, and so is all of [!] */
	{ B, "[!]", "!", true },
	{ B, "[!]", "a", false },
	{ B, "[!]", "", false },
	{ B, "[a!]", "!", true },
	{ B, "[a!]", "a", true },
	{ B, "[a!b]", "b", true },
	{ B, "!", "!", true },
	{ B, "a!b", "a!b", true },
	/* escapes by bracket only */
	{ B, "[*]", "*", true },
	{ B, "[*]", "a", false },
	{ B, "[*]", "", false },
	{ B, "[?]", "?", true },
	{ B, "[?]", "a", false },
	{ B, "[#]", "#", true },
	{ B, "[#]", "1", false },
	{ B, "[[]", "[", true },
	{ B, "[[]a]", "[a]", true },
	{ B, "[![]", "[", false },
	{ B, "[![]", "x", true },
	{ B, "[*?#[]", "[", true },
	{ B, "\\*", "\\anything", true },
	{ B, "\\?", "?", false },
	/* ] outside a list is literal, inside one impossible */
	{ B, "]", "]", true },
	{ B, "a]b", "a]b", true },
	{ B, "[a]]", "a]", true },
	{ B, "[a]]", "]", false },
	{ B, "[]]", "]", true },
	{ B, "[!]]", "!]", true },
	/* [] takes no character */
	{ B, "[]", "", true },
	{ B, "[]", "a", false },
	{ B, "a[]b", "ab", true },
	{ B, "a[]b", "axb", false },
	{ B, "[][][]", "", true },
	{ B, "*[]*", "", true },
	/* - first, last, or behind a range is literal */
	{ B, "[-a]", "-", true },
	{ B, "[-a]", "a", true },
	{ B, "[-a]", "B", false },
	{ B, "[a-]", "-", true },
	{ B, "[a-]", "a", true },
	{ B, "[a-]", "b", false },
	{ B, "[-]", "-", true },
	{ B, "[--]", "-", true },
	{ B, "[!-]", "-", false },
	{ B, "[!-]", "a", true },
	{ B, "[!-a]", "-", false },
	{ B, "[!-a]", "B", true },
	{ B, "[!a-]", "-", false },
	{ B, "[!a-]", "b", true },
	{ B, "[a-c-e]", "b", true },
	{ B, "[a-c-e]", "-", true },
	{ B, "[a-c-e]", "e", true },
	{ B, "[a-c-e]", "d", false },
	{ B, "[a-c-]", "-", true },
	{ B, "[--D]", "-", true },
	{ B, "[--D]", "9", true },
	{ B, "[--D]", "D", true },
	{ B, "[--D]", "E", false },
	{ B, "[--D]", ",", false },
	{ B, "[!--D]", "9", false },
	{ B, "[!--D]", "E", true },
	{ B, "[---]", "-", true },
	{ B, "[!-#]", "\"", true },
	{ B, "[a!-#]", "\"", true },
	{ B, "-", "-", true },
	{ B, "a-c", "b", false },
	/* Text folds ASCII letters, also in lists and ranges */
	{ T, "abc", "ABC", true },
	{ T, "ABC", "abc", true },
	{ T, "aBc", "AbC", true },
	{ T, "[a-c]", "B", true },
	{ T, "[A-C]", "b", true },
	{ T, "[a-Z]", "m", true },
	{ T, "[a-Z]", "M", true },
	{ T, "[a-Z]", "_", false },
	{ T, "[!a-c]", "B", false },
	{ T, "[!A]", "a", false },
	{ T, "[!A]", "B", true },
	{ T, "[xyz]", "Y", true },
	{ T, "[a]", "`", false },
	{ T, "[[]", "{", false },
	{ T, "@", "`", false },
	{ T, "\xe4", "\xc4", false },
	{ T, "*Foo*bar", "afOO-BAR", true },
	/* search: as "*" pattern "*" */
	{ S, "b", "abc", true },
	{ S, "", "", true },
	{ S, "", "abc", true },
	{ S, "[]", "abc", true },
	{ S, "abc", "abc", true },
	{ S, "B", "abc", false },
	{ S | T, "B", "abc", true },
	{ S, "22.22.22", "[122.22.221]", true },
	{ S, "a*b", "xaxbx", true },
	{ S, "a*b", "xbxax", false },
	{ S, "?", "", false },
	{ S, "[!a]", "aaa", false },
	{ S, "[!a]", "aab", true },
	{ S, "*", "", true },
};

static const struct bad_rule {
	int		 flags;
	const char	*pattern;
	size_t		 at;
	const char	*what;
} bad_rules[] = {
	{ B, "[", 0, "unclosed [" },
	{ B, "[a", 0, "unclosed [" },
	{ B, "ab[!", 2, "unclosed [" },
	{ B, "[a][", 3, "unclosed [" },
	{ B, "a]b[c-", 3, "unclosed [" },
	{ B, "[z-a", 0, "unclosed [" },
	{ B, "[b-a]", 1, "reversed range" },
	{ B, "[!b-a]", 2, "reversed range" },
	{ B, "xx[a-cz-y]", 6, "reversed range" },
	{ B, "[a--]", 1, "reversed range" },
	{ B, "[a-Z]", 1, "reversed range" },
	{ B, "[\xff-a]", 1, "reversed range" },
	{ B, "[b-a]*[", 1, "reversed range" },
	{ S, "[b-a]", 1, "reversed range" },
	{ T, "[b-A]", 1, "reversed range" },
	{ T, "[A-_]", 1, "reversed range" },
};

static struct like *
compile(const char *pattern, size_t n, int flags)
{
	struct like_error	 e;
	struct like		*l;

	if ((l = like_compile(pattern, n, flags, &e)) == NULL)
		fail_msg("%.*s at %zu: %s", (int)n, pattern, e.at, e.what);
	return l;
}

static void
test_rules(void **state)
{
	const struct rule	*r;
	struct like		*l;

	(void)state;
	for (r = rules; r < rules + NELEM(rules); r++) {
		l = compile(r->pattern, strlen(r->pattern), r->flags);
		if (like_match(l, r->text, strlen(r->text)) != r->match)
			fail_msg("\"%s\" Like \"%s\" (%d) is not %d", r->text,
			    r->pattern, r->flags, r->match);
		like_free(l);
	}
}

/* The plain matcher is held to the same table. */
static void
test_reference(void **state)
{
	const struct rule	*r;
	size_t			 at, n;

	(void)state;
	for (r = rules; r < rules + NELEM(rules); r++) {
		n = strlen(r->pattern);
		assert_true(ref_valid(r->pattern, n, r->flags & T, &at));
		if (ref_match(r->pattern, n, r->text, strlen(r->text),
		    r->flags & T, r->flags & S) != r->match)
			fail_msg("reference: \"%s\" Like \"%s\" (%d)", r->text,
			    r->pattern, r->flags);
	}
}

static void
test_errors(void **state)
{
	const struct bad_rule	*r;
	struct like_error	 e;

	(void)state;
	for (r = bad_rules; r < bad_rules + NELEM(bad_rules); r++) {
		memset(&e, 0xff, sizeof(e));
		if (like_compile(r->pattern, strlen(r->pattern), r->flags, &e))
			fail_msg("\"%s\" compiles", r->pattern);
		if (e.at != r->at)
			fail_msg("\"%s\": at %zu", r->pattern, e.at);
		assert_string_equal(e.what, r->what);
		assert_non_null(e.right);
		assert_true(strlen(e.right) > 0);
	}
}

static void
test_pattern_max(void **state)
{
	static char		 p[LIKE_PATTERN_MAX + 1];
	struct like_error	 e;
	struct like		*l;

	(void)state;
	memset(p, '?', sizeof(p));
	l = compile(p, LIKE_PATTERN_MAX, B);
	assert_true(like_match(l, p, LIKE_PATTERN_MAX));
	assert_false(like_match(l, p, LIKE_PATTERN_MAX - 1));
	assert_false(like_match(l, p, LIKE_PATTERN_MAX + 1));
	like_free(l);

	assert_null(like_compile(p, LIKE_PATTERN_MAX + 1, B, &e));
	assert_int_equal(e.at, LIKE_PATTERN_MAX);
	assert_string_equal(e.what, "pattern too long");
	assert_non_null(e.right);
}

/* Patterns and texts are bytes with a length: NUL is one of them. */
static void
test_nul(void **state)
{
	struct like	*l;

	(void)state;
	l = compile("a\0b", 3, B);
	assert_true(like_match(l, "a\0b", 3));
	assert_false(like_match(l, "a", 1));
	assert_false(like_match(l, "a\0c", 3));
	like_free(l);
	l = compile("\0", 1, S);
	assert_true(like_match(l, "xx\0x", 4));
	assert_false(like_match(l, "xxx", 3));
	like_free(l);
}

static void
test_matches_all(void **state)
{
	static const struct {
		int		 flags;
		const char	*pattern;
		bool		 all;
	} t[] = {
		{ B, "*", true }, { B, "**", true }, { B, "*[]*", true },
		{ B, "[]*", true }, { S, "", true }, { S, "*", true },
		{ S, "[]", true }, { B, "", false }, { B, "[]", false },
		{ B, "?", false }, { B, "*?", false }, { S, "?", false },
		{ S, "[*]", false }, { B, "[*]", false }, { B, "a*", false },
		{ S, "*a*", false }, { S, "[!a]", false },
	};
	struct like	*l;

	(void)state;
	for (size_t i = 0; i < NELEM(t); i++) {
		l = compile(t[i].pattern, strlen(t[i].pattern), t[i].flags);
		if (like_matches_all(l) != t[i].all)
			fail_msg("\"%s\" (%d)", t[i].pattern, t[i].flags);
		like_free(l);
	}
}

static void
test_free_null(void **state)
{
	(void)state;
	like_free(NULL);
}

/* One pattern against a text long enough for its jumping to be given up. */
static void
test_long_runs(void **state)
{
	static const size_t	 lens[] = { 1, 2, 63, 64, 65, 127, 128, 129,
	    192, 1000, LIKE_PATTERN_MAX };
	static char		 p[LIKE_PATTERN_MAX], text[SLOW_TEXT];
	struct like		*l;
	size_t			 n;

	(void)state;
	memset(p, 'a', sizeof(p));
	for (size_t i = 0; i < NELEM(lens); i++) {
		n = lens[i];
		p[n - 1] = '#';
		l = compile(p, n, S);
		memset(text, 'a', sizeof(text));
		assert_false(like_match(l, text, sizeof(text)));
		text[sizeof(text) - 1] = '7';
		assert_true(like_match(l, text, sizeof(text)));
		assert_false(like_match(l, text, sizeof(text) - 1));
		text[sizeof(text) - n] = 'b';
		assert_false(like_match(l, text, sizeof(text)));
		like_free(l);
		p[n - 1] = 'a';
	}
}

/* Runs side by side in one word, up to its edge, over it and in the next. */
static void
test_runs_beside(void **state)
{
	char		 p[2 * 130 + 3], text[1000];
	struct like	*l;

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t k = 1; k <= 130; k++)
		for (size_t n = 1; n <= 130; n++) {
			memset(p, 'a', sizeof(p));
			p[0] = p[k + 1] = p[k + n + 2] = '*';
			p[k + n + 1] = '#';
			text[600] = '1';
			l = compile(p, k + n + 3, B);
			assert_true(like_match(l, text, sizeof(text)));
			assert_true(like_match(l, text + 601 - k - n, k + n));
			assert_false(like_match(l, text + 602 - k - n, k + n));
			assert_false(like_match(l, text, 600));
			like_free(l);
		}
}

struct place_rule {
	int		 flags;
	const char	*pattern;
	const char	*text;
	bool		 match;
	size_t		 from, to, found, tokens;
};

static const struct place_rule	 place_rules[] = {
	/* searched for: the leftmost place, without what ends take */
	{ S, "b", "abcb", true, 1, 2, 1, 1 },
	{ S, "abc", "xxabcx", true, 2, 5, 3, 3 },
	{ S, "*abc*", "xxabcx", true, 2, 5, 3, 3 },
	{ S, "a*c", "xaxaxcxc", true, 1, 6, 2, 2 },
	{ S, "a[]b", "xab", true, 1, 3, 2, 2 },
	{ S, "", "abc", true, 0, 0, 0, 0 },
	{ S, "*", "abc", true, 0, 0, 0, 0 },
	{ S, "[]", "abc", true, 0, 0, 0, 0 },
	{ S, "?", "abc", true, 0, 1, 1, 1 },
	{ S | T, "B", "abc", true, 1, 2, 1, 1 },
	{ S | T, "CustomER*33.3#", "x customer y33.33z", true, 2, 17, 13, 13 },
	/* and the most of it, if it is not there */
	{ S, "abcd", "xxabcx", false, 2, 5, 3, 4 },
	{ S, "abcd", "abxabcxab", false, 3, 6, 3, 4 },
	{ S, "abc", "abxab", false, 0, 2, 2, 3 },
	{ S, "abc", "bc", false, 0, 0, 0, 3 },
	{ S, "abc", "", false, 0, 0, 0, 3 },
	{ S, "?", "", false, 0, 0, 0, 1 },
	{ S, "ab*cd", "xabxcx", false, 1, 5, 3, 4 },
	{ S, "ab*cd", "xabxdx", false, 1, 3, 2, 4 },
	{ S, "ab*cd", "cdab", false, 2, 4, 2, 4 },
	{ S, "ab*cd", "cda", false, 2, 3, 1, 4 },
	{ S, "a*b*c", "cab", false, 1, 3, 2, 3 },
	{ S, "a*a", "a", false, 0, 1, 1, 2 },
	{ S, "[!a]#", "aab1c", true, 2, 4, 2, 2 },
	{ S, "[!a]#b", "aab1c2", false, 2, 4, 2, 3 },
	{ S, "abc", "ABC", false, 0, 0, 0, 3 },
	/* the whole text */
	{ B, "abc", "abc", true, 0, 3, 3, 3 },
	{ B, "", "", true, 0, 0, 0, 0 },
	{ B, "", "a", false, 0, 0, 0, 0 },
	{ B, "*", "abc", true, 0, 3, 0, 0 },
	{ B, "*b*", "abc", true, 0, 3, 1, 1 },
	{ B, "a*", "abc", true, 0, 3, 1, 1 },
	{ B, "abc", "abd", false, 0, 2, 2, 3 },
	{ B, "abc", "xabc", false, 0, 0, 0, 3 },
	{ B, "abc", "ab", false, 0, 2, 2, 3 },
	{ B, "abc", "abcd", false, 0, 3, 3, 3 },
	{ B, "*bc", "abcd", false, 0, 0, 0, 2 },
	{ B, "*bc", "abb", false, 1, 2, 1, 2 },
	{ B, "*bc", "aba", false, 1, 2, 1, 2 },
	{ B, "*bc", "b", false, 0, 1, 1, 2 },
	{ B, "ab*ba", "aba", false, 0, 2, 2, 4 },
	{ B, "ab*ba", "ab", false, 0, 2, 2, 4 },
	{ B, "ab*cd", "abxcx", false, 0, 4, 3, 4 },
	{ B, "ab*c*d", "abxxd", false, 0, 2, 2, 4 },
	{ B, "ab*c*d", "abxcx", false, 0, 4, 3, 4 },
	{ B, "*c*d", "xcx", false, 1, 2, 1, 2 },
	{ T, "A*C", "abbc", true, 0, 4, 2, 2 },
};

static void
test_locate(void **state)
{
	const struct place_rule	*r;
	struct like_place	 at;
	struct like		*l;
	bool			 yes;

	(void)state;
	for (r = place_rules; r < place_rules + NELEM(place_rules); r++) {
		l = compile(r->pattern, strlen(r->pattern), r->flags);
		memset(&at, 0xff, sizeof(at));
		yes = like_locate(l, r->text, strlen(r->text), &at);
		if (yes != r->match || at.from != r->from || at.to != r->to ||
		    at.found != r->found || at.tokens != r->tokens)
			fail_msg("\"%s\" in \"%s\" (%d): %d at %zu-%zu, "
			    "%zu of %zu", r->pattern, r->text, r->flags, yes,
			    at.from, at.to, at.found, at.tokens);
		like_free(l);
	}
}

/* The plain search is held to the same table. */
static void
test_locate_reference(void **state)
{
	const struct place_rule	*r;
	struct ref_place	 at;

	(void)state;
	for (r = place_rules; r < place_rules + NELEM(place_rules); r++) {
		if (!(r->flags & S))
			continue;
		at = ref_locate(r->pattern, strlen(r->pattern), r->text,
		    strlen(r->text), r->flags & T);
		if (at.from != r->from || at.to != r->to ||
		    at.found != r->found || at.tokens != r->tokens)
			fail_msg("reference: \"%s\" in \"%s\"", r->pattern,
			    r->text);
	}
}

/* Runs of one word and of several, of which all but the end is there. */
static void
test_locate_long_runs(void **state)
{
	static const size_t	 lens[] = { 2, 63, 64, 65, 66, 127, 128, 129,
	    130, 192, 1000, LIKE_PATTERN_MAX };
	static char		 p[LIKE_PATTERN_MAX], text[3 * LIKE_PATTERN_MAX];
	struct like_place	 at;
	struct like		*l;
	size_t			 n;

	(void)state;
	for (size_t i = 0; i < NELEM(lens); i++) {
		n = lens[i];
		memset(p, 'a', n);
		p[n - 1] = '#';
		memset(text, 'x', sizeof(text));
		memset(text + 777, 'a', n - 1);
		l = compile(p, n, S);
		assert_false(like_locate(l, text, sizeof(text), &at));
		assert_int_equal(at.from, 777);
		assert_int_equal(at.to, 777 + n - 1);
		assert_int_equal(at.found, n - 1);
		text[777 + n - 1] = '5';
		assert_true(like_locate(l, text, sizeof(text), &at));
		assert_int_equal(at.from, 777);
		assert_int_equal(at.to, 777 + n);
		assert_int_equal(at.found, n);
		like_free(l);
	}
}

/* Texts of all lengths in memory of just that length, a run at their end. */
static void
test_text_end(void **state)
{
	static const char	*patterns[] = { "b", "ab", "a[a-c]b", "aaaab",
	    "[!b]b" };
	struct like		*l;
	char			*text;

	(void)state;
	for (size_t i = 0; i < 4 * NELEM(patterns); i++)
		for (size_t n = 6; n < 300; n++) {
			l = compile(patterns[i / 4], strlen(patterns[i / 4]),
			    S | (i & T));
			assert_non_null(text = malloc(n));
			memset(text, i & 2 ? 'a' : 'A', n);
			memcpy(text + n - 6, "aaaaab", 6);
			assert_true(like_match(l, text, n));
			assert_false(like_match(l, text, n - 1));
			free(text);
			like_free(l);
		}
}

static uint64_t		 rng;

static int
seed_random(void **state)
{
	const char	*seed = getenv("LIKE_SEED");

	(void)state;
	rng = seed != NULL ? strtoull(seed, NULL, 10) :
	    (uint64_t)time(NULL) * 2654435761U + 1;
	if (rng == 0)
		rng = 1;
	print_message("LIKE_SEED=%llu\n", (unsigned long long)rng);
	return 0;
}

static unsigned int
rnd(unsigned int below)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (rng >> 20) % below;
}

static size_t
random_bytes(char *s, size_t n, const char *alphabet)
{
	for (size_t i = 0; i < n; i++)
		s[i] = alphabet[rnd(strlen(alphabet))];
	return n;
}

/* A text that a pattern might match: each token as itself, a star as some. */
static size_t
text_for(char *s, size_t max, const char *p, size_t plen)
{
	size_t	 n = 0;

	for (size_t i = 0; i < plen && n < max; i++) {
		if (p[i] == '*')
			n += random_bytes(s + n, rnd(2), "ab1");
		else if (p[i] == '?' || p[i] == '[')
			s[n++] = "abB1-!"[rnd(6)];
		else
			s[n++] = p[i] == '#' ? '1' : p[i];
		if (p[i] == '[')
			while (i < plen && p[i] != ']')
				i++;
	}
	if (n > 0 && rnd(4) == 0)
		s[rnd(n)] = 'b';
	return n;
}

/* How many pairs were of a bad pattern, and how many matched. */
struct tally {
	unsigned int	 bad;
	unsigned int	 matched;
};

static void
try_pair(const char *p, size_t plen, const char *s, size_t n, int flags,
    struct tally *t)
{
	struct like_error	 e;
	struct like		*l;
	size_t			 at = 0;
	bool			 valid, want;

	valid = ref_valid(p, plen, flags & T, &at);
	l = like_compile(p, plen, flags, &e);
	if (valid != (l != NULL) || (!valid && e.at != at))
		fail_msg("pattern \"%.*s\" (%d)", (int)plen, p, flags);
	if (!valid) {
		t->bad++;
		return;
	}
	want = ref_match(p, plen, s, n, flags & T, flags & S);
	if (like_match(l, s, n) != want)
		fail_msg("\"%.*s\" Like \"%.*s\" (%d) is not %d", (int)n, s,
		    (int)plen, p, flags, want);
	t->matched += want;
	like_free(l);
}

static void
random_pair(unsigned int i, struct tally *t)
{
	static const char	*alphabets[] = { "ab*?#", "aB1*?#[]!-",
	    "ab[]!-1z*", "aAbB*", "aaaaaaab*", "aaaaaaaaaaaaaaa?#" };
	char			 p[300], s[600];
	const char		*alphabet = alphabets[rnd(NELEM(alphabets))];
	unsigned int		 longest = i % 100 == 0 ? 300 : 12;
	size_t			 n, plen;

	plen = random_bytes(p, rnd(longest), alphabet);
	if (rnd(2) == 0)
		n = text_for(s, sizeof(s) - 1, p, plen);
	else
		n = random_bytes(s, rnd(2 * longest), "aaabB1-!]");
	try_pair(p, plen, s, n, rnd(4), t);
}

static void
test_random_pairs(void **state)
{
	struct tally	 t = { 0, 0 };

	(void)state;
	for (unsigned int i = 0; i < PAIRS; i++)
		random_pair(i, &t);
	print_message("%d pairs: %u bad patterns, %u matches\n", PAIRS, t.bad,
	    t.matched);
	assert_in_range(t.bad, PAIRS / 50, PAIRS / 2);
	assert_in_range(t.matched, PAIRS / 20, PAIRS / 2);
}

/* How many of the searches found all, some or nothing of the pattern. */
struct near {
	unsigned int	 all, some, none;
};

static void
try_place(const char *p, size_t plen, const char *s, size_t n, int flags,
    struct near *near)
{
	struct like		*l = compile(p, plen, flags | S);
	struct ref_place	 ref;
	struct like_place	 at;
	bool			 yes;

	yes = like_locate(l, s, n, &at);
	ref = ref_locate(p, plen, s, n, flags & T);
	if (yes != (ref.found == ref.tokens) || yes != like_match(l, s, n) ||
	    at.from != ref.from || at.to != ref.to || at.found != ref.found ||
	    at.tokens != ref.tokens)
		fail_msg("\"%.*s\" in \"%.*s\" (%d): %zu-%zu, not %zu-%zu",
		    (int)plen, p, (int)n, s, flags, at.from, at.to, ref.from,
		    ref.to);
	near->all += yes;
	near->some += !yes && at.found > 0;
	near->none += !yes && at.found == 0;
	like_free(l);
}

/* Without LIKE_SEARCH: what holds whatever the pattern is. */
static void
try_whole(const char *p, size_t plen, const char *s, size_t n, int flags)
{
	struct like		*l = compile(p, plen, flags & ~S);
	struct like_place	 at;
	bool			 yes = like_locate(l, s, n, &at);

	assert_int_equal(yes, like_match(l, s, n));
	assert_true(at.from <= at.to && at.to <= n);
	assert_true(at.found <= at.tokens && at.found <= at.to - at.from);
	if (yes) {
		assert_int_equal(at.from, 0);
		assert_int_equal(at.to, n);
		assert_int_equal(at.found, at.tokens);
	} else
		assert_int_equal(at.found == 0, at.from == at.to);
	like_free(l);
}

static void
random_place(unsigned int i, struct near *near)
{
	static const char	*alphabets[] = { "ab*?#", "aB1*?#!-", "aAbB*",
	    "aaaaaaab*", "abcdefghijkl1#", "aaaaaaaaaaaaaaa?#" };
	char			 p[300], s[600];
	const char		*alphabet = alphabets[rnd(NELEM(alphabets))];
	unsigned int		 longest = i % 50 == 0 ? 300 : 12;
	size_t			 n, plen, before;

	plen = random_bytes(p, rnd(longest), alphabet);
	if (plen > 3 && rnd(4) == 0)
		memcpy(p + rnd(plen - 3), "[!b]", 4);
	before = random_bytes(s, rnd(20), "aaabB1-");
	n = before + text_for(s + before, sizeof(s) - before - 1, p, plen);
	if (rnd(3) == 0)
		n = random_bytes(s, rnd(2 * longest), "aaabB1-!]");
	try_place(p, plen, s, n, rnd(4), near);
	try_whole(p, plen, s, n, rnd(4));
}

static void
test_random_places(void **state)
{
	struct near	 near = { 0, 0, 0 };

	(void)state;
	for (unsigned int i = 0; i < PLACES; i++)
		random_place(i, &near);
	print_message("%d places: %u all, %u some, %u none\n", PLACES,
	    near.all, near.some, near.none);
	assert_in_range(near.all, PLACES / 20, PLACES);
	assert_in_range(near.some, PLACES / 20, PLACES);
	assert_in_range(near.none, PLACES / 200, PLACES);
}

/* Held to ref_steps_max(), whatever the flags are. */
static void
hold_steps(const char *p, size_t plen, const char *text, size_t n)
{
	unsigned long long	 steps, max = ref_steps_max(p, plen, n);
	struct like		*l;

	for (int flags = 0; flags < 4; flags++) {
		l = compile(p, plen, flags);
		steps = 0;
		(void)like_match_steps(l, text, n, &steps);
		if (steps > max)
			fail_msg("\"%.60s\" (%d): %llu steps, not %llu", p,
			    flags, steps, max);
		like_free(l);
	}
}

static const char	*slow_patterns[] = {
	"*aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab*",
	"*aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa[!a]*",
	"*aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa#*",
	"*#aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa*",
	"*????????????????????????????????????????????????[!ab]*",
	"*a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a[!ab]*",
	"*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*[!ab]*",
	"*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*[!ab]",
	"*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*[!ab]*",
	"*ab*ab*ab*ab*ab*ab*ab*ab*ab*ab*ab*ab*ba[!ab]*",
	"*a[!ab]*",
	"*b[!ab]*",
	"*[!ab]b*",
	"a*a[!ab]b*b",
	"*[!x][!x][!x][!x][!x][!x][!x][!x][!x][!x][!x][!x][!x][!x][!x]#*",
	"*[ -y][ -y]*[ -y][!z]*[ -x][ -y]*[ -y][ac-eg-z]*[ -y][!z]*#*",
	"*a?b*a?b*a?b*a?b*a?b*a?b*a?b*a?b*a?b*a?b*a?b*a?b*[!ab]*",
	"*A?B*a?b*A?b*a?B*A?B*a?b*A?b*a?B*A?B*a?b*A?b*a?B*[!ab]*",
	"*AaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAab*",
};

/* Letters of the alphabet over and over, with a "b" at every so many. */
static void
fill(char *text, size_t n, const char *alphabet, size_t every)
{
	for (size_t i = 0; i < n; i++)
		text[i] = every != 0 && i % every == 0 ? 'b' :
		    alphabet[i % strlen(alphabet)];
}

static void
test_steps(void **state)
{
	static const size_t	 every[] = { 0, 1, 2, 3, 5, 8, 13, 16, 33, 40,
	    51, 64, 100, 1000 };
	static const char	*alphabets[] = { "a", "aA", "ab", "aab", "zya" };
	static char		 text[SLOW_TEXT];

	(void)state;
	for (size_t i = 0; i < NELEM(every) * NELEM(alphabets); i++) {
		fill(text, sizeof(text), alphabets[i % NELEM(alphabets)],
		    every[i / NELEM(alphabets)]);
		for (size_t k = 0; k < NELEM(slow_patterns); k++)
			hold_steps(slow_patterns[k], strlen(slow_patterns[k]),
			    text, sizeof(text));
	}
}

/* As long as patterns can be: the unit over and over, and an end. */
static void
hold_long_pattern(const char *unit, const char *end)
{
	static char	 text[SLOW_TEXT], p[LIKE_PATTERN_MAX];
	size_t		 len = strlen(unit), n = 0;

	for (; n + len + strlen(end) <= sizeof(p); n += len)
		memcpy(p + n, unit, len);
	memcpy(p + n, end, strlen(end));
	n += strlen(end);
	fill(text, sizeof(text), "a", 0);
	hold_steps(p, n, text, sizeof(text));
	fill(text, sizeof(text), "aB", 7);
	hold_steps(p, n, text, sizeof(text));
}

/* From one run of 4,096 tokens to 2,048 runs of one. */
static void
test_steps_long_pattern(void **state)
{
	(void)state;
	hold_long_pattern("a", "#");
	hold_long_pattern("?", "#");
	hold_long_pattern("[!x]", "#");
	hold_long_pattern("*a", "*#");
	hold_long_pattern("*?", "*#");
	hold_long_pattern("*ab", "*#");
	hold_long_pattern("*a?", "*#");
	hold_long_pattern("*[ -y]", "*[!a-z]");
	hold_long_pattern("*[ac-eg-z][!b]", "*#");
	hold_long_pattern("*aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaa", "b*#");
}

static void
test_steps_random(void **state)
{
	static char	 text[SLOW_TEXT / 16];
	char		 p[60];

	(void)state;
	for (unsigned int i = 0; i < 2000; i++) {
		random_bytes(text, sizeof(text), i % 2 ? "abAB" : "aaaaaaab");
		random_bytes(p, sizeof(p), i % 3 ? "aab*" : "aaaaaa?b");
		hold_steps(p, sizeof(p), text, sizeof(text));
	}
}

/* Where two bytes of the pattern are rare, most of the text is cheap. */
static void
test_steps_jump(void **state)
{
	static const char	*patterns[] = { "aaab#", "AAAB#", "#xY" };
	static char		 text[SLOW_TEXT];
	unsigned long long	 steps;
	struct like		*l;

	(void)state;
	for (size_t i = 0; i < 2 * NELEM(patterns); i++) {
		l = compile(patterns[i / 2], strlen(patterns[i / 2]),
		    i % 2 == 0 ? S : S | T);
		steps = 0;
		fill(text, sizeof(text), "a", 0);
		assert_false(like_match_steps(l, text, sizeof(text), &steps));
		assert_in_range(steps, 1, sizeof(text) / 16 + 600);
		steps = 0;
		fill(text, sizeof(text), "a", 1000);
		assert_false(like_match_steps(l, text, sizeof(text), &steps));
		assert_in_range(steps, 1, sizeof(text) / 12);
		like_free(l);
	}
}

/* Steps are added up, and are counted at all. */
static void
test_steps_add(void **state)
{
	unsigned long long	 one = 0, two;
	struct like		*l = compile("b", 1, S);

	(void)state;
	assert_false(like_match_steps(l, "aaaaaaaa", 8, &one));
	assert_true(one >= 8 * 5 + 16);	/* places tried, and pivots */
	two = one;
	assert_false(like_match_steps(l, "aaaaaaaa", 8, &two));
	assert_int_equal(two, 2 * one);
	like_free(l);
}

/* A list takes longer to be made ready than a byte, and that counts too. */
static void
test_steps_list(void **state)
{
	unsigned long long	 byte = 0, list = 0;
	struct like		*l;

	(void)state;
	l = compile("[!a]", 4, S);
	assert_false(like_match_steps(l, "aaaaaaaa", 8, &byte));
	like_free(l);
	l = compile("[b-y]", 5, S);
	assert_false(like_match_steps(l, "aaaaaaaa", 8, &list));
	like_free(l);
	assert_true(list >= byte + 5);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_reference),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_pattern_max),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_matches_all),
		cmocka_unit_test(test_free_null),
		cmocka_unit_test(test_long_runs),
		cmocka_unit_test(test_runs_beside),
		cmocka_unit_test(test_text_end),
		cmocka_unit_test(test_locate),
		cmocka_unit_test(test_locate_reference),
		cmocka_unit_test(test_locate_long_runs),
		cmocka_unit_test(test_random_pairs),
		cmocka_unit_test(test_random_places),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_steps_long_pattern),
		cmocka_unit_test(test_steps_random),
		cmocka_unit_test(test_steps_jump),
		cmocka_unit_test(test_steps_add),
		cmocka_unit_test(test_steps_list),
	};

	return cmocka_run_group_tests(tests, seed_random, NULL);
}
