/*
 * What of a page is text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text_html.h"
#include "text_site.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

static const struct text_row	 lines[] = {
	{ "", "" },
	{ "<body></body>", "" },
	{ "words", "words" },
	{ "<p>a", "a" },
	{ "<p>a</p>b", "a\nb" },
	{ "<p>a</p><p>b</p>", "a\nb" },
	{ "<div><div>a</div></div><div>b</div>", "a\nb" },
	{ "a<br>b<br><br>c", "a\nb\n\nc" },
	{ "<div>a</div><div><br></div><div>b</div>", "a\n\nb" },
	{ "<div>a<br></div>b", "a\nb" },
	{ "a <b> b </b> c", "a b c" },
	{ "a<b>b</b>c", "abc" },
	{ " a\n\t b ", "a b " },
	{ "<p>-- <br>Anna</p>", "-- \nAnna" },
	{ "<ul><li>a<li>b</ul>c", "a\nb\nc" },
	{ "<h1>a</h1>b<hr>c", "a\nb\nc" },
	{ "<table><tr><td>a<td>b<tr><th>c</th><th>d</th></table>",
	    "a b\nc d" },
	{ "<pre>a\n  b\n\nc</pre>d", "a\nb\n\nc\nd" },
	{ "<a href='https://example.com/'>here</a>", "here" },
	{ "<button>a</button><custom-tag>b</custom-tag>", "ab" }
};

static const struct text_row	 unseen[] = {
	{ "<head><title>x</title><style>y</style></head><p>a", "a" },
	{ "a<script>x</script>b", "ab" },
	{ "a<style>x</style>b", "ab" },
	{ "a<!-- x -->b", "ab" },
	{ "a<!--[if mso]>x<![endif]-->b", "ab" },
	{ "<p hidden>x</p>a", "a" },
	{ "<p hidden=''>x<b>y</b></p>a", "a" },
	{ "<p style='display:none'>x<p>a", "a" },
	{ "<p style='color:red; DISPLAY : NONE !important'>x</p>a", "a" },
	{ "<p style='display:block'>a</p>", "a" },
	{ "<p style='display:'>a</p><p style='display'>b</p>", "a\nb" },
	{ "<p style='x-display:none'>a</p>", "a" },
	{ "<p style='display:block;display:none'>x</p>a", "a" },
	{ "<div hidden>x<div>y</div>z</div>a", "a" },
	{ "<br hidden>a", "a" },
	{ "<img alt='Logo'>a<img><img alt=''>b", "ab" },
	{ "<img alt='\U0001F44D'>a", "\U0001F44Da" },
	{ "<img alt='&#128077;'>a", "\U0001F44Da" },
	{ "<p hidden>x<img alt='\U0001F44D'></p>a", "a" },
	{ "<textarea>x</textarea><template>y</template>a", "a" }
};

static const struct text_row	 entities[] = {
	{ "&auml;&euro;&lt;&gt;&amp;&quot;&apos;", "ä€<>&\"'" },
	{ "&#228;&#xe4;&#128512;", "ää😀" },
	{ "&nbsp;", "\u00a0" },
	{ "AT&T &unknown; a&b", "AT&T &unknown; a&b" },
	{ "1 < 2 <3", "1 < 2 <3" },
	{ "Zürich 😀", "Zürich 😀" }
};

/* libxml2 puts what has no <body> into one, or not: so the last line end is
 * not held to account. */
static void
check(const struct text_row *row, size_t n)
{
	struct text_buf	 out = { .s = NULL };
	char		*in;

	for (; n > 0; n--, row++) {
		in = text_copy(row->in, strlen(row->in));
		text_from_html(in, strlen(row->in), &out);
		if (out.n > 0 && out.s[out.n - 1] == '\n')
			out.n--;
		text_is(&out, row->in, row->out);
		free(in);
	}
}

static void
test_lines(void **state)
{
	(void)state;
	check(lines, NELEM(lines));
}

static void
test_unseen(void **state)
{
	(void)state;
	check(unseen, NELEM(unseen));
}

static void
test_entities(void **state)
{
	(void)state;
	check(entities, NELEM(entities));
}

/* A page's own word for its charset is not the parser's to follow. */
static void
test_charset_is_ours(void **state)
{
	static const struct text_row row = {
		"<meta charset='iso-8859-1'><p>Zürich", "Zürich"
	};

	(void)state;
	check(&row, 1);
}

static void
test_charset(void **state)
{
	static const struct text_row rows[] = {
		{ "", "" },
		{ "<p>", "" },
		{ "charset=", "" },
		{ "charset=\"", "" },
		{ "<meta charset=koi8-r>", "koi8-r" },
		{ "<META CHARSET=\"KOI8-R\">", "KOI8-R" },
		{ "<meta content='text/html; charset=iso-8859-2'>",
		    "iso-8859-2" },
		{ "<meta charset='x y'>", "x" }
	};
	char	 name[TEXT_CHARSET_NAME_MAX], *in;

	(void)state;
	for (size_t i = 0; i < NELEM(rows); i++) {
		in = text_copy(rows[i].in, strlen(rows[i].in));
		assert_string_equal(text_html_charset(in, strlen(rows[i].in),
		    name), rows[i].out);
		free(in);
	}
	in = text_copy(NULL, 0);
	in = realloc(in, 4096);
	assert_non_null(in);
	memset(in, 'x', 4096);
	memcpy(in, "charset=", 8);
	assert_int_equal(strlen(text_html_charset(in, 4096, name)),
	    TEXT_CHARSET_NAME_MAX - 1);
	memmove(in + 3000, in, 8);
	memset(in, ' ', 8);
	assert_string_equal(text_html_charset(in, 4096, name), "");
	free(in);
}

static int
init(void **state)
{
	(void)state;
	text_html_init();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_unseen),
		cmocka_unit_test(test_entities),
		cmocka_unit_test(test_charset_is_ours),
		cmocka_unit_test(test_charset)
	};

	return cmocka_run_group_tests_name("text_html", tests, init, NULL);
}
