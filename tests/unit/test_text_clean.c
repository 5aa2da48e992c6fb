/*
 * UTF-8 and what stands in its place, what nobody sees, blank space, and the
 * line that ends a text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "like.h"
#include "text_clean.h"
#include "text_cut.h"
#include "text_site.h"
#include "text_utf8.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

static void
test_code_points(void **state)
{
	struct text_buf	 b = { .s = NULL };
	size_t		 at;

	(void)state;
	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		b.n = at = 0;
		text_add_char(&b, c);
		assert_int_equal(b.n, c < 0x80 ? 1 : c < 0x800 ? 2 :
		    c < 0x10000 ? 3 : 4);
		assert_int_equal(text_next(b.s, b.n, &at), c);
		assert_int_equal(at, b.n);
		for (size_t n = 1; n < b.n; n++) {
			at = 0;
			assert_int_equal(text_next(b.s, n, &at), TEXT_NONE);
			assert_int_equal(at, 1);
		}
	}
	text_reset(&b);
}

static void
test_what_is_no_utf8(void **state)
{
	static const char *const bad[] = {
		"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf",
		"\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff", "\xe4o",
		"\xc3(", "\xe2\x82("
	};
	static const uint32_t none[] = { 0xd800, 0xdfff, 0x110000, TEXT_NONE };
	struct text_buf	 b = { .s = NULL };
	size_t		 at;

	(void)state;
	for (size_t i = 0; i < NELEM(bad); i++) {
		at = 0;
		assert_int_equal(text_next(bad[i], strlen(bad[i]), &at),
		    TEXT_NONE);
		assert_int_equal(at, 1);
		assert_false(text_is_utf8(bad[i], strlen(bad[i])));
	}
	for (size_t i = 0; i < NELEM(none); i++) {
		text_add_char(&b, none[i]);
		text_is(&b, "no code point", "\ufffd");
	}
}

static void
test_guess_and_mend(void **state)
{
	static const struct text_row guess[] = {
		{ "", "" },
		{ "Z\xc3\xbcrich", "Zürich" },
		{ "Z\xfcrich \x80", "Zürich €" },
		{ "Z\xc3\xbcrich Z\xfcrich", "ZÃ¼rich Zürich" }
	}, mend[] = {
		{ "", "" },
		{ "Z\xc3\xbcrich", "Zürich" },
		{ "Z\xc3\xbcrich Z\xfcrich", "Zürich Zürich" },
		{ "\xe2\x82", "â‚" }
	};
	struct text_buf	 out = { .s = NULL };
	char		*in;

	(void)state;
	for (size_t i = 0; i < NELEM(guess); i++) {
		in = text_copy(guess[i].in, strlen(guess[i].in));
		text_guess(in, strlen(guess[i].in), &out);
		text_is(&out, guess[i].in, guess[i].out);
		free(in);
	}
	for (size_t i = 0; i < NELEM(mend); i++) {
		in = text_copy(mend[i].in, strlen(mend[i].in));
		text_mend(in, strlen(mend[i].in), &out);
		text_is(&out, mend[i].in, mend[i].out);
		free(in);
	}
}

static const struct text_row	 cleaned[] = {
	{ "", "" },
	{ "a", "a" },
	{ "  a\t \tb", "a b" },
	{ "a  ", "a " },
	{ "-- \nx", "-- \nx" },
	{ "a\u00a0\u2009\u3000b", "a b" },
	{ "\u00a0\u00a0\n", "\n" },
	/* line ends */
	{ "a\r\nb\rc\nd\ve\ff\u2028g\u2029h\xc2\x85i", "a\nb\nc\nd\ne\nf\ng\nh"
	    "…i" },
	{ "a\r\r\nb", "a\n\nb" },
	/* what nobody sees */
	{ "a\x01" "b\x1b[1mc\x7f" "d", "ab[1mcd" },
	{ "\ufeff" "a\u200bb\u00adc\u2060d\u202ee", "abcde" },
	{ "a\ufffcb\ufffdc", "ab\ufffdc" },
	/* joiners: between characters alone */
	{ "a\u200cb", "a\u200cb" },
	{ "\U0001F468\u200D\U0001F469", "\U0001F468\u200D\U0001F469" },
	{ "\u200ca", "a" },
	{ "a\u200c b", "a b" },
	{ "a \u200c b\u200d\nc\u200d", "a b\nc" },
	{ "a\u200d\u00a0\u200d\u00a0", "a " },
	/* windows-1252 that was taken for ISO 8859-1 */
	{ "it\xc2\x92s", "it’s" },
	{ "it\x92s", "it’s" },
	/* marks and variations stay */
	{ "e\u0301 \u2764\ufe0f 1\ufe0f\u20e3", "e\u0301 \u2764\ufe0f "
	    "1\ufe0f\u20e3" }
};

static void
test_clean(void **state)
{
	struct text_buf	 out = { .s = NULL };
	char		*in;

	(void)state;
	for (size_t i = 0; i < NELEM(cleaned); i++) {
		in = text_copy(cleaned[i].in, strlen(cleaned[i].in));
		text_clean(in, strlen(cleaned[i].in), &out);
		text_is(&out, cleaned[i].in, cleaned[i].out);
		free(in);
	}
	text_clean("a\0b", 3, &out);
	text_is(&out, "a, NUL, b", "ab");
}

static void
test_fold(void **state)
{
	static const struct { const char *in, *lines, *line; } rows[] = {
		{ "", "", "" },
		{ " \n \n", "", "" },
		{ "a", "a", "a" },
		{ "a \nb ", "a\nb", "a b" },
		{ "\n\na\n\n\n\nb\n\n", "a\n\nb", "a b" },
		{ "a \n \n b c", "a\n\nb c", "a b c" },
		{ "a\nb\n\nc", "a\nb\n\nc", "a b c" }
	};
	struct text_buf	 b = { .s = NULL };

	(void)state;
	for (size_t i = 0; i < NELEM(rows); i++) {
		text_add(&b, rows[i].in, strlen(rows[i].in));
		text_fold(&b);
		text_is(&b, rows[i].in, rows[i].lines);
		text_add(&b, rows[i].in, strlen(rows[i].in));
		text_fold_line(&b);
		text_is(&b, rows[i].in, rows[i].line);
	}
}

static void
test_cut(void **state)
{
	static const struct {
		const char	*text;
		const char	*pattern;
		size_t		 cut;
	} rows[] = {
		{ "", "-- ", 0 },
		{ "a\n-- \nb", "-- ", 2 },
		{ "a\n--\nb", "-- ", 6 },
		{ "a\n-- \nb", "--", 2 },
		{ "a\n--- \n-- ", "-- ", 7 },
		{ "-- ", "-- ", 0 },
		{ "a-- \nb", "-- ", 6 },
		{ "a\nOn x Bob wrote: \n> c", "On * wrote:", 2 },
		{ "a\non x Bob wrote:\n> c", "On * wrote:", 21 },
		{ "a\n\nb", "", 2 },
		{ "a\nb\n", "", 4 },
		{ "a\n____\nb", "__*", 2 },
		{ "Le 3, Ève a écrit :\nb", "Le * a écrit :", 0 }
	};
	struct like_error	 e;
	struct like		*patterns[2];
	char			*text;

	(void)state;
	assert_non_null(patterns[0] = like_compile("never", 5, 0, &e));
	for (size_t i = 0; i < NELEM(rows); i++) {
		patterns[1] = like_compile(rows[i].pattern,
		    strlen(rows[i].pattern), LIKE_BINARY, &e);
		assert_non_null(patterns[1]);
		text = text_copy(rows[i].text, strlen(rows[i].text));
		assert_int_equal(text_cut(text, strlen(rows[i].text),
		    patterns, 2), rows[i].cut);
		assert_int_equal(text_cut(text, strlen(rows[i].text),
		    patterns, 0), strlen(rows[i].text));
		like_free(patterns[1]);
		free(text);
	}
	like_free(patterns[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_code_points),
		cmocka_unit_test(test_what_is_no_utf8),
		cmocka_unit_test(test_guess_and_mend),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_cut)
	};

	return cmocka_run_group_tests_name("text_clean", tests, NULL, NULL);
}
