/*
 * The names of charsets that are looked for in a message.
 */
#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ctype.h>

#include <cmocka.h>

#include "text_names.h"
#include "text_site.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

/* They are looked up by halves, and what they are converted by is there. */
static void
test_table(void **state)
{
	const char	*from;
	iconv_t		 cd;

	(void)state;
	for (size_t i = 0; i < text_nnames; i++) {
		if (i > 0)
			assert_true(strcmp(text_names[i - 1].name,
			    text_names[i].name) < 0);
		for (const char *s = text_names[i].name; *s != '\0'; s++)
			assert_false(isupper((unsigned char)*s));
		from = text_names[i].from != NULL ? text_names[i].from :
		    text_names[i].name;
		cd = iconv_open("UTF-8", from);
		if (cd == (iconv_t)-1)
			print_error("iconv has no %s\n", from);
		assert_true(cd != (iconv_t)-1);
		iconv_close(cd);
	}
}

static void
test_lookup(void **state)
{
	char	 upper[32];
	size_t	 len, k;

	(void)state;
	for (size_t i = 0; i < text_nnames; i++) {
		len = strlen(text_names[i].name);
		assert_in_range(len, 2, sizeof(upper) - 1);
		assert_int_equal(text_name(text_names[i].name, len), i);
		for (k = 0; k < len; k++)
			upper[k] = (char)toupper((unsigned char)
			    text_names[i].name[k]);
		assert_int_equal(text_name(upper, len), i);
	}
	assert_int_equal(text_name("", 0), -1);
	assert_int_equal(text_name("utf-8", 5), -1);
	assert_int_equal(text_name("iso-8859", 8), -1);
	assert_int_equal(text_name("iso-8859-12", 11), -1);
	assert_int_equal(text_name("zzz", 3), -1);
}

static void
found_is(const char *text, const char *name)
{
	bool	 found[TEXT_NAMES_MAX];
	char	*copy = text_copy(text, strlen(text));
	int	 i = name != NULL ? text_name(name, strlen(name)) : -1;

	text_names_search(copy, strlen(text), found);
	for (int k = 0; k < TEXT_NAMES_MAX; k++) {
		if (found[k] != (k == i))
			print_error("\"%s\": %s\n", text, found[k] ?
			    text_names[k].name : name);
		assert_int_equal(found[k], k == i);
	}
	free(copy);
}

static void
test_search(void **state)
{
	(void)state;
	found_is("", NULL);
	found_is("k", NULL);
	found_is("koi8-r", "koi8-r");
	found_is("charset=KOI8-R", "koi8-r");
	found_is("charset=\"koi8-R\"; x", "koi8-r");
	found_is("=?Koi8-R?Q?x?=", "koi8-r");
	found_is("charset=iso8859-7", "iso-8859-7");
	found_is("charset=ISO_8859-7", "iso-8859-7");
	found_is("charset=iso-8859_15", "iso-8859-15");
	found_is("charset=iso88595", "iso-8859-5");
	found_is("charset=iso8859-8-i", "iso-8859-8-i");
	found_is("charset=iso8859", NULL);
	found_is("charset=iso-8859-", NULL);
	found_is("charset=iso-8859-17", NULL);
	found_is("charset=iso-8859-100000000000000000000", NULL);
	found_is("charset=3Dkoi8-r", "koi8-r");	/* quoted-printable */
	found_is("charset3Dkoi8-r", NULL);
	found_is("charset=3D\"koi8-r\"", "koi8-r");
	found_is("filename*=koi8-r'ru'x", "koi8-r");
	found_is("charset=iso-8859-15", "iso-8859-15");
	found_is("charset=iso-8859-1", "iso-8859-1");
	found_is("xkoi8-r koi8-rx koi8 koi8-r_", NULL);
	found_is("koi koi8-r", "koi8-r");
	found_is("koi8-r koi8-r koi8-r", "koi8-r");
	found_is("utf-8 us-ascii", NULL);
}

static void
test_every_name_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < text_nnames; i++)
		found_is(text_names[i].name, text_names[i].name);
}

static void
test_scrub(void **state)
{
	static const struct text_row rows[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "=?", "=?" },
		{ "=?ebcdic", "=?ebcdic" },
		{ "=?koi8-r?Q?a?=", "=?koi8-r?Q?a?=" },
		{ "=?UTF-8?Q?a?= =?us-ascii*en?Q?a?=",
		    "=?UTF-8?Q?a?= =?us-ascii*en?Q?a?=" },
		{ "=?EBCDIC-US?Q?a?=", "=?xxxxxxxxx?Q?a?=" },
		{ "=?EBCDIC-US*en?Q?a?=", "=?xxxxxxxxx*en?Q?a?=" },
		{ "=?a?Q?=?b?Q?c?=", "=?x?Q?=?x?Q?c?=" }
	};
	char	 text[64];

	(void)state;
	for (size_t i = 0; i < NELEM(rows); i++) {
		snprintf(text, sizeof(text), "%s", rows[i].in);
		text_names_scrub(text);
		assert_string_equal(text, rows[i].out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_every_name_is_found),
		cmocka_unit_test(test_scrub)
	};

	return cmocka_run_group_tests_name("text_names", tests, NULL, NULL);
}
