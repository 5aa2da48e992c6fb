/*
 * format=flowed, as RFC 3676 has it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text_flowed.h"
#include "text_site.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

static const struct text_row	 rows[] = {
	{ "", "" },
	{ "one", "one\n" },
	{ "one\ntwo\n", "one\ntwo\n" },
	{ "one \ntwo\n", "one two\n" },
	{ "one \r\ntwo\r\n", "one two\n" },
	{ "one \ntwo \nthree\n\nfour\n", "one two three\n\nfour\n" },
	{ "one ", "one " },
	{ "\n\n", "\n\n" },
	/* 4.4: stuffed */
	{ " one\n  two\n >three\n", "one\n two\n>three\n" },
	{ " \n", "\n" },
	{ "  \none\n", " one\n" },
	/* 4.5: quoted */
	{ "> one \n> two\n", "> one two\n" },
	{ ">one \n>two\n", "> one two\n" },
	{ ">> one \n> two\n", ">> one \n> two\n" },
	{ "> one \ntwo\n", "> one \ntwo\n" },
	{ "one \n> two\n", "one \n> two\n" },
	{ ">\n>>\n", "> \n>> \n" },
	/* 4.3: a signature's line stands alone, and ends a paragraph */
	{ "one \n-- \ntwo\n", "one \n-- \ntwo\n" },
	{ "> one \n> -- \n> two\n", "> one \n> -- \n> two\n" },
	{ " -- \ntwo\n", "-- \ntwo\n" },
	{ "--  \ntwo\n", "--  two\n" }
};

static const struct text_row	 delsp[] = {
	{ "one \ntwo\n", "onetwo\n" },
	{ "one  \ntwo\n", "one two\n" },
	{ "> one \n> two\n", "> onetwo\n" },
	{ "one \n-- \n", "one\n-- \n" },
	{ "one ", "one" }
};

static void
check(const struct text_row *row, size_t n, bool del)
{
	struct text_buf	 out = { .s = NULL };
	char		*in;

	for (; n > 0; n--, row++) {
		in = text_copy(row->in, strlen(row->in));
		text_unflow(in, strlen(row->in), del, &out);
		text_is(&out, row->in, row->out);
		free(in);
	}
}

static void
test_soft_breaks(void **state)
{
	(void)state;
	check(rows, NELEM(rows), false);
}

static void
test_delsp(void **state)
{
	(void)state;
	check(delsp, NELEM(delsp), true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_soft_breaks),
		cmocka_unit_test(test_delsp)
	};

	return cmocka_run_group_tests_name("text_flowed", tests, NULL, NULL);
}
