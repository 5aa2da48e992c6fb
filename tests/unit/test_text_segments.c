/*
 * What a text takes as short messages.  The capacities are told here once
 * more, as 3GPP TS 23.038 and 23.040 have them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text_segments.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define FAMILY		"\U0001F468\u200D\U0001F469\u200D\U0001F467"
#define SWISS		"\U0001F1E8\U0001F1ED"

/* head, then n times s, then tail; freed by the caller, in a block of its own
 * size. */
static char *
build(const char *head, const char *s, size_t n, const char *tail, size_t *len)
{
	char	*text, *to;

	*len = strlen(head) + n * strlen(s) + strlen(tail);
	assert_non_null(text = malloc(*len > 0 ? *len : 1));
	to = mempcpy(text, head, strlen(head));
	while (n-- > 0)
		to = mempcpy(to, s, strlen(s));
	memcpy(to, tail, strlen(tail));
	return text;
}

static void
takes(const char *head, const char *s, size_t n, const char *tail, size_t want)
{
	size_t	 len;
	char	*text = build(head, s, n, tail, &len);

	assert_int_equal(text_segments(text, len), want);
	free(text);
}

static void
test_gsm_capacity(void **state)
{
	(void)state;
	takes("", "", 0, "", 0);
	takes("", "a", 1, "", 1);
	takes("", "a", 160, "", 1);
	takes("", "a", 161, "", 2);
	takes("", "a", 306, "", 2);
	takes("", "a", 307, "", 3);
	takes("", "a", 153 * 255, "", 255);
	takes("", "a", 153 * 255 + 1, "", 256);
	takes("", "\n", 160, "", 1);
}

static void
test_ucs2_capacity(void **state)
{
	(void)state;
	takes("", "\u00ea", 70, "", 1);
	takes("", "\u00ea", 71, "", 2);
	takes("", "\u00ea", 134, "", 2);
	takes("", "\u00ea", 135, "", 3);
	takes("\u00ea", "a", 69, "", 1);
	takes("\u00ea", "a", 70, "", 2);
	takes("`", "a", 70, "", 2);
	takes("\t", "a", 70, "", 2);
	takes("", "\U0001F600", 35, "", 1);
	takes("", "\U0001F600", 36, "", 2);
}

/* An escape takes two septets, and both in one part. */
static void
test_extension(void **state)
{
	static const char *const two[] = {
		"^", "{", "}", "\\", "[", "~", "]", "|", "\u20ac", "\f"
	};

	(void)state;
	for (size_t i = 0; i < NELEM(two); i++) {
		takes("", two[i], 80, "", 1);
		takes("", two[i], 80, "a", 2);
		takes("", two[i], 2 * 76, "", 2);
		/* 153 is odd: the last septet of a part stays empty */
		takes("", two[i], 2 * 76, "a", 2);
		takes("a", two[i], 2 * 76, "a", 2);
		takes("", two[i], 2 * 76 + 1, "", 3);
	}
}

/* So do surrogates: 67 is odd as well. */
static void
test_surrogates(void **state)
{
	(void)state;
	takes("", "\U0001F600", 2 * 33, "", 2);
	takes("", "\U0001F600", 2 * 33 + 1, "", 3);
	takes("a", "\U0001F600", 33 + 33, "", 2);
	takes("a", "\U0001F600", 33 + 33, "a", 2);
	takes("a", "\U0001F600", 33 + 33, "aa", 3);
}

/* Every character below U+3000, against the table as the standard prints it. */
static void
test_alphabet(void **state)
{
	static const char	 gsm[] =
	    "@\u00a3$\u00a5\u00e8\u00e9\u00f9\u00ec\u00f2\u00c7\n\u00d8\u00f8"
	    "\r\u00c5\u00e5\u0394_\u03a6\u0393\u039b\u03a9\u03a0\u03a8\u03a3"
	    "\u0398\u039e\u00c6\u00e6\u00df\u00c9 !\"#\u00a4%&'()*+,-./"
	    "0123456789:;<=>?\u00a1ABCDEFGHIJKLMNOPQRSTUVWXYZ\u00c4\u00d6"
	    "\u00d1\u00dc\u00a7\u00bfabcdefghijklmnopqrstuvwxyz\u00e4\u00f6"
	    "\u00f1\u00fc\u00e0\f^{}\\[~]|\u20ac";
	char	 c[4] = "";

	(void)state;
	for (unsigned int u = 1; u < 0x3000; u++) {
		memset(c, 0, sizeof(c));
		if (u < 0x80) {
			c[0] = (char)u;
		} else if (u < 0x800) {
			c[0] = (char)(0xc0 | u >> 6);
			c[1] = (char)(0x80 | (u & 0x3f));
		} else {
			c[0] = (char)(0xe0 | u >> 12);
			c[1] = (char)(0x80 | (u >> 6 & 0x3f));
			c[2] = (char)(0x80 | (u & 0x3f));
		}
		takes(c, "a", 100, "", strstr(gsm, c) != NULL ? 1 : 2);
	}
}

static void
fits(const char *head, const char *s, size_t n, const char *tail,
    size_t segments, size_t want)
{
	size_t	 len;
	char	*text = build(head, s, n, tail, &len);

	assert_int_equal(text_fit(text, len, segments), want);
	free(text);
}

static void
test_fit(void **state)
{
	(void)state;
	fits("", "a", 160, "", 1, 160);
	fits("", "a", 161, "", 1, 160);
	fits("", "a", 400, "", 2, 306);
	fits("", "\u00ea", 71, "", 1, 140);
	fits("", "[", 81, "", 1, 80);
	fits("", "[", 200, "", 2, 152);
	/* without what makes it UCS-2 there is room for more */
	fits("", "a", 160, "\u00ea", 1, 160);
	fits("", "a", 71, "\u00ea", 1, 71);
	fits("\u00ea", "a", 100, "", 1, 71);
	fits("", "a", 10, "", 0, 0);
}

static void
test_fit_keeps_characters_whole(void **state)
{
	(void)state;
	fits("a", "\U0001F600", 35, "", 1, 1 + 34 * 4);
	fits("\u00ea", "a", 66, FAMILY, 1, 2 + 66);
	fits("\u00ea", "a", 61, FAMILY, 1, 2 + 61 + strlen(FAMILY));
	fits("\u00ea", "a", 68, "e\u0301", 1, 2 + 68);
	fits("\u00ea", "a", 68, "\u2764\ufe0f", 1, 2 + 68);
	fits("\u00ea", "a", 66, "\U0001F44D\U0001F3FD", 1, 2 + 66);
	fits("\u00ea", "a", 66, SWISS SWISS, 1, 2 + 66);
	fits("\u00ea", "a", 65, SWISS SWISS, 1, 2 + 65 + strlen(SWISS));
	/* one character that is longer than all there is room for */
	fits("e", "\u0301", 100, "", 1, 1 + 69 * 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gsm_capacity),
		cmocka_unit_test(test_ucs2_capacity),
		cmocka_unit_test(test_extension),
		cmocka_unit_test(test_surrogates),
		cmocka_unit_test(test_alphabet),
		cmocka_unit_test(test_fit),
		cmocka_unit_test(test_fit_keeps_characters_whole)
	};

	return cmocka_run_group_tests_name("text_segments", tests, NULL, NULL);
}
