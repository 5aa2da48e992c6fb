/*
 * Tests of encword.c.  Each text is read from a block of its own size, and
 * decoded into one, so that a step too far is seen.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

#include "encword.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define BIG		(256 * 1024)

struct text {
	const char	*in;
	const char	*out;		/* NULL: the same */
	size_t		 words;
};

static const struct text	 texts[] = {
	{ "", NULL, 0 },
	{ "plain = ? text?=", NULL, 0 },
	{ "=?utf-8?q?abc?=", "abc", 1 },
	{ "=?UTF-8?Q?abc?=", "abc", 1 },
	{ "=?utf-8?b?YWJj?=", "abc", 1 },
	{ "=?utf-8?B?YWJj?=", "abc", 1 },
	{ "Subject: =?utf-8?q?a?= end\nTo: b\n", "Subject: a end\nTo: b\n",
	    1 },

	/* charsets */
	{ "=?us-ascii?q?a?=", "a", 1 },
	{ "=?US-Ascii?q?a?=", "a", 1 },
	{ "=?iso-8859-1?q?a=E4?=", "a\xe4", 1 },
	{ "=?ISO-8859-15?q?a?=", "a", 1 },
	{ "=?windows-1252?q?a?=", "a", 1 },
	{ "=?Windows-1250?q?a?=", "a", 1 },
	{ "=?cp1251?q?a?=", "a", 1 },
	{ "=?CP1252?q?a?=", "a", 1 },
	{ "=?koi8-r?q?=C1?=", "\xc1", 1 },
	{ "=?KOI8-U?q?a?=", "a", 1 },
	{ "=?utf-8?q?=C3=A4?=", "\xc3\xa4", 1 },
	{ "=?utf-16?q?a?=", NULL, 0 },
	{ "=?utf-7?q?a?=", NULL, 0 },
	{ "=?utf-88?q?a?=", NULL, 0 },
	{ "=?utf-?q?a?=", NULL, 0 },
	{ "=?iso-2022-jp?b?GyRCJDMbKEI=?=", NULL, 0 },
	{ "=?shift_jis?q?a?=", NULL, 0 },
	{ "=?gb2312?q?a?=", NULL, 0 },
	{ "=?koi8?q?a?=", NULL, 0 },
	{ "=?iso-8859-?q?a?=", NULL, 0 },
	{ "=?iso-8859?q?a?=", NULL, 0 },
	{ "=?iso-8859-x?q?a?=", NULL, 0 },
	{ "=?windows-125?q?a?=", NULL, 0 },
	{ "=?windows-874?q?a?=", NULL, 0 },
	{ "=?cp437?q?a?=", NULL, 0 },
	{ "=??q?a?=", NULL, 0 },
	{ "=?x-unknown?q?a?=", NULL, 0 },

	/* a language */
	{ "=?utf-8*en?q?a?=", "a", 1 },
	{ "=?us-ascii*de-CH?q?a?=", "a", 1 },
	{ "=?utf-8*?q?a?=", NULL, 0 },
	{ "=?*en?q?a?=", NULL, 0 },
	{ "=?utf-16*en?q?a?=", NULL, 0 },
	{ "=?utf-8*e n?q?a?=", NULL, 0 },

	/* Q */
	{ "=?utf-8?q?a_b=20c=5F_?=", "a b c_ ", 1 },
	{ "=?utf-8?q?=3D=3d=3f=41?=", "==?A", 1 },
	{ "=?utf-8?q?=?=", NULL, 0 },
	{ "=?utf-8?q?a=?=", NULL, 0 },
	{ "=?utf-8?q?a=4?=", NULL, 0 },
	{ "=?utf-8?q?a=4g?=", NULL, 0 },
	{ "=?utf-8?q?a=g4?=", NULL, 0 },
	{ "=?utf-8?q?\?=", NULL, 0 },
	{ "=?utf-8?q?a b?=", NULL, 0 },
	{ "=?utf-8?q?a\tb?=", NULL, 0 },
	{ "=?utf-8?q?a\nb?=", NULL, 0 },
	{ "=?utf-8?q?a\xc3\xa4?=", NULL, 0 },
	{ "=?utf-8?q?a\x7f?=", NULL, 0 },
	{ "=?utf-8?q?a?b?=", NULL, 0 },
	{ "=?utf-8?q?!\"#$%&'()*+,-./09:;<>@AZ[\\]^`az{|}~?=",
	    "!\"#$%&'()*+,-./09:;<>@AZ[\\]^`az{|}~", 1 },
	{ "=?utf-8?q?a=00b=0Dc=0Ad=09e?=", "a b c d\te", 1 },

	/* B */
	{ "=?utf-8?b?YQ==?=", "a", 1 },
	{ "=?utf-8?b?YWI=?=", "ab", 1 },
	{ "=?utf-8?b?YWJjZA==?=", "abcd", 1 },
	{ "=?utf-8?b?+/+/?=", "\xfb\xff\xbf", 1 },
	{ "=?utf-8?b?AA0K?=", "   ", 1 },
	{ "=?utf-8?b?\?=", NULL, 0 },
	{ "=?utf-8?b?YQ=?=", NULL, 0 },
	{ "=?utf-8?b?YQ?=", NULL, 0 },
	{ "=?utf-8?b?YWJ?=", NULL, 0 },
	{ "=?utf-8?b?YWJjZ?=", NULL, 0 },
	{ "=?utf-8?b?Y===?=", NULL, 0 },
	{ "=?utf-8?b?====?=", NULL, 0 },
	{ "=?utf-8?b?YWJj====?=", NULL, 0 },
	{ "=?utf-8?b?YQ==YQ==?=", NULL, 0 },
	{ "=?utf-8?b?Y=Q=?=", NULL, 0 },
	{ "=?utf-8?b?YW-_?=", NULL, 0 },
	{ "=?utf-8?b?YW!j?=", NULL, 0 },
	{ "=?utf-8?b?YW j?=", NULL, 0 },

	/* cut short, or of another kind */
	{ "=?", NULL, 0 },
	{ "=?=", NULL, 0 },
	{ "=?utf-8", NULL, 0 },
	{ "=?utf-8?", NULL, 0 },
	{ "=?utf-8?q", NULL, 0 },
	{ "=?utf-8?q?", NULL, 0 },
	{ "=?utf-8?q?a", NULL, 0 },
	{ "=?utf-8?q?a?", NULL, 0 },
	{ "=?utf-8?q?=4", NULL, 0 },
	{ "=?utf-8?q?=41", NULL, 0 },
	{ "=?utf-8?b?YWJj", NULL, 0 },
	{ "=?utf-8?b?YWJj?", NULL, 0 },
	{ "=?utf-8?q?a? =", NULL, 0 },
	{ "=?utf-8?x?a?=", NULL, 0 },
	{ "=?utf-8?qq?a?=", NULL, 0 },
	{ "=?utf-8??a?=", NULL, 0 },
	{ "= ?utf-8?q?a?=", NULL, 0 },
	{ "=?ut\nf-8?q?a?=", NULL, 0 },

	/* where they stand */
	{ "a=?utf-8?q?b?=c", "abc", 1 },
	{ "\"=?utf-8?q?b?=\"", "\"b\"", 1 },
	{ "=?=?utf-8?q?a?=", "=?a", 1 },
	{ "=?utf-8=?utf-8?q?a?=", "=?utf-8a", 1 },
	{ "=?utf-8?q=?utf-8?q?a?=", "=?utf-8?qa", 1 },
	{ "=?utf-8?q?=?utf-8?q?a?=", "=?utf-8?q?a", 1 },
	{ "=?utf-8?q?x=?utf-8?q?a?=", "=?utf-8?q?xa", 1 },
	{ "=?utf-8?q?\?=?utf-8?q?a?=", "=?utf-8?q??a", 1 },
	{ "=?utf-16?q?=?utf-8?q?a?=", "=?utf-16?q?a", 1 },
	{ "=?utf-8?q?a?=?utf-8?q?b?=", "a?utf-8?q?b?=", 1 },
	{ "=?utf-8?q?a?= =?utf-16?q?b?=", "a =?utf-16?q?b?=", 1 },

	/* decoded once, not again */
	{ "=?utf-8?q?=3D=3Futf-8=3Fq=3Fa=3F=3D?=", "=?utf-8?q?a?=", 1 },
	{ "=?utf-8?q?=3D?=?utf-8?q?a?=", "=?utf-8?q?a?=", 1 },

	/* blanks between two of them */
	{ "=?utf-8?q?a?= =?utf-8?b?Yg==?=", "ab", 2 },
	{ "=?utf-8?q?a?= \t  =?utf-8?q?b?=", "ab", 2 },
	{ "=?utf-8?q?a?==?utf-8?q?b?=", "ab", 2 },
	{ "=?utf-8?q?a?=\n=?utf-8?q?b?=", "a\nb", 2 },
	{ "=?utf-8?q?a?= \n =?utf-8?q?b?=", "a \n b", 2 },
	{ "=?utf-8?q?a?= , =?utf-8?q?b?=", "a , b", 2 },
	{ " =?utf-8?q?a?= ", " a ", 1 },
	{ "=?utf-8?q?a?= x", "a x", 1 },
	{ "x =?utf-8?q?a?= =?utf-8?q?b?= =?koi8-r?q?c?= x", "x abc x", 3 },
	{ "=?utf-8?q?a_?= =?utf-8?q?_b?=", "a  b", 2 },
	/* a character cut in two */
	{ "=?utf-8?q?=C3?= =?utf-8?q?=A4?=", "\xc3\xa4", 2 },
};

/* Of n bytes, NUL terminated, to be freed; *len is how many it holds. */
static char *
decode(const char *s, size_t n, size_t *len, size_t *words)
{
	char	*copy = malloc(n > 0 ? n : 1), *out = malloc(n > 0 ? n : 1);
	char	*end;

	assert_non_null(copy);
	assert_non_null(out);
	memcpy(copy, s, n);
	*words = 12345;
	*len = encword_decode(copy, n, out, words);
	assert_true(*len <= n);
	assert_memory_equal(copy, s, n);
	free(copy);
	end = realloc(out, *len + 1);
	assert_non_null(end);
	end[*len] = '\0';
	return end;
}

static void
test_decode(void **state)
{
	const struct text	*t;
	const char		*want;
	size_t			 len, words;
	char			*got;

	(void)state;
	for (size_t i = 0; i < NELEM(texts); i++) {
		t = &texts[i];
		want = t->out == NULL ? t->in : t->out;
		got = decode(t->in, strlen(t->in), &len, &words);
		if (strcmp(got, want) != 0 || len != strlen(want) ||
		    words != t->words)
			fail_msg("\"%s\": \"%s\", %zu words", t->in, got,
			    words);
		free(got);
	}
}

/* What stands for itself when a text is cut anywhere. */
static void
test_cut(void **state)
{
	static const char	*whole[] = {
		"=?utf-8*en?q?a=41_b?=", "=?iso-8859-1?b?YWJjZA==?="
	};
	size_t			 len, words;
	char			*got;

	(void)state;
	for (size_t i = 0; i < NELEM(whole); i++)
		for (size_t n = 0; n < strlen(whole[i]); n++) {
			got = decode(whole[i], n, &len, &words);
			assert_int_equal(words, 0);
			assert_int_equal(len, n);
			assert_memory_equal(got, whole[i], n);
			free(got);
		}
}

static void
test_nul(void **state)
{
	static const char	 in[] = "a\0=?utf-8?q?b\0?= =?utf-8?q?c?=\0";
	static const char	 out[] = "a\0=?utf-8?q?b\0?= c\0";
	size_t			 len, words;
	char			*got;

	(void)state;
	got = decode(in, sizeof(in), &len, &words);
	assert_int_equal(words, 1);
	assert_int_equal(len, sizeof(out));
	assert_memory_equal(got, out, sizeof(out));
	free(got);
}

/* RFC 2047 says 75 characters; mailers do not. */
static void
test_long_word(void **state)
{
	const size_t	 n = 64 * 1024;
	char		*s = malloc(n), *got;
	size_t		 len, words;

	(void)state;
	assert_non_null(s);
	memset(s, 'a', n);
	memcpy(s, "=?utf-8?q?", 10);
	memcpy(s + n - 2, "?=", 2);
	got = decode(s, n, &len, &words);
	assert_int_equal(words, 1);
	assert_int_equal(len, n - 12);
	assert_int_equal(strspn(got, "a"), n - 12);
	free(got);
	free(s);
}

static void
test_next(void **state)
{
	static const char	 s[] =
	    "To: =?utf-8*en?Q?ab?= =?x?q?a?= =?cp1252?b?YQ==?=!";
	struct encword		 w;

	(void)state;
	for (size_t from = 0; from <= 4; from++) {
		assert_true(encword_next(s, strlen(s), from, &w));
		assert_int_equal(w.at, 4);
		assert_int_equal(w.len, 17);
		assert_int_equal(w.text, 17);
		assert_int_equal(w.text_len, 2);
		assert_false(w.base64);
	}
	for (size_t from = 5; from <= 32; from++) {
		assert_true(encword_next(s, strlen(s), from, &w));
		assert_int_equal(w.at, 32);
		assert_int_equal(w.len, 17);
		assert_int_equal(w.text, 43);
		assert_int_equal(w.text_len, 4);
		assert_true(w.base64);
	}
	for (size_t from = 33; from <= strlen(s); from++)
		assert_false(encword_next(s, strlen(s), from, &w));
}

static void
test_blank(void **state)
{
	static const struct {
		const char	*in;
		const char	*blanked;
		const char	*decoded;
	}	 cases[] = {
		{ "=?utf-8?q?a=41_c?=", "=?utf-8?q?xxxxxx?=", "xxxxxx" },
		{ "-=?utf-8?Q?a?=-", "-=?utf-8?Q?x?=-", "-x-" },
		{ "=?utf-8?b?YQ==?=", "=?utf-8?b?eHh4?=", "xxx" },
		{ "=?utf-8?B?YWJjZGVm?=", "=?utf-8?B?eHh4eHh4?=", "xxxxxx" },
		{ "=?utf-8*e?q?a?= b", "=?utf-8*e?q?x?= b", "x b" },
	};
	struct encword	 w;
	size_t		 len, words;
	char		 s[64], *got;

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		snprintf(s, sizeof(s), "%s", cases[i].in);
		assert_true(encword_next(s, strlen(s), 0, &w));
		encword_blank(s, &w);
		assert_string_equal(s, cases[i].blanked);
		got = decode(s, strlen(s), &len, &words);
		assert_string_equal(got, cases[i].decoded);
		free(got);
	}
}

/* A piece over and over, up to BIG bytes, and a last word. */
static char *
repeat(const char *piece, const char *last, size_t *n)
{
	size_t	 len = strlen(piece);
	char	*s = malloc(BIG + strlen(last) + 1);

	assert_non_null(s);
	for (*n = 0; *n + len <= BIG; *n += len)
		memcpy(s + *n, piece, len);
	memcpy(s + *n, last, strlen(last) + 1);
	*n += strlen(last);
	return s;
}

/*
 * Texts that promise a word at every step.  That each takes no more than a
 * few looks at a byte is argued in encword.c; were it the square of its
 * length, this would not end in the time a test is given.
 */
static void
test_hostile(void **state)
{
	static const char *const	 pieces[] = {
		"=?", "=", "?", "=?=", "=?utf-8", "=?utf-8*", "=?utf-8*a",
		"=?utf-8?", "=?utf-8?q", "=?utf-8?q?", "=?utf-8?q?a",
		"=?utf-8?b?YWJj", "=?utf-8?q?a?-", "=?utf-8?q?=4", "utf-8?q?",
		"=?utf-8?q?a b", "=?utf-8?b?====", "=?x?q?a?= ", "a", "=41"
	};
	static const char		 last[] = "\n=?utf-8?q?z?=";
	size_t				 n, len, words;
	char				*s, *got;

	(void)state;
	for (size_t i = 0; i < NELEM(pieces); i++) {
		s = repeat(pieces[i], last, &n);
		got = decode(s, n, &len, &words);
		assert_int_equal(words, 1);
		assert_int_equal(len, n - strlen(last) + 2);
		assert_memory_equal(got, s, len - 1);
		assert_int_equal(got[len - 1], 'z');
		free(got);
		free(s);
	}
}

/* An opening and then nothing that would end it. */
static void
test_hostile_open(void **state)
{
	static const char *const	 heads[] = {
		"=?", "=?utf-8*", "=?utf-8?q?", "=?utf-8?b?"
	};
	size_t				 n, len, words;
	char				*s, *got;

	(void)state;
	for (size_t i = 0; i < NELEM(heads); i++) {
		s = repeat("a", "", &n);
		memcpy(s, heads[i], strlen(heads[i]));
		got = decode(s, n, &len, &words);
		assert_int_equal(words, 0);
		assert_string_equal(got, s);
		free(got);
		free(s);
	}
}

static void
test_many_words(void **state)
{
	static const char	 piece[] = "=?utf-8?b?YQ==?= \t ";
	size_t			 n, len, words;
	char			*s, *got;

	(void)state;
	s = repeat(piece, "!", &n);
	got = decode(s, n, &len, &words);
	assert_int_equal(words, BIG / strlen(piece));
	assert_int_equal(len, words + 4);
	assert_int_equal(strspn(got, "a"), words);
	assert_string_equal(got + words, " \t !");
	free(got);
	free(s);
}

/* Every byte there and back, in both encodings. */
static void
test_every_byte(void **state)
{
	static const char	 digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char			 s[64], *got;
	size_t			 len, words;

	(void)state;
	for (int c = 0; c < 256; c++) {
		int	 want = c == '\r' || c == '\n' || c == 0 ? ' ' : c;

		snprintf(s, sizeof(s), c % 2 ? "=?utf-8?q?=%02X?=" :
		    "=?utf-8?q?=%02x?=", (unsigned int)c);
		got = decode(s, strlen(s), &len, &words);
		assert_int_equal(len, 1);
		assert_int_equal((unsigned char)got[0], want);
		free(got);
		snprintf(s, sizeof(s), "=?utf-8?b?%c%c==?=", digits[c >> 2],
		    digits[c << 4 & 63]);
		got = decode(s, strlen(s), &len, &words);
		assert_int_equal(len, 1);
		assert_int_equal((unsigned char)got[0], want);
		free(got);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_long_word),
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_blank),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_hostile_open),
		cmocka_unit_test(test_many_words),
		cmocka_unit_test(test_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
