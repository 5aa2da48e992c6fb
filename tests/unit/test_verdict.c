/*
 * The words for each reason, and a program's own in their place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "verdict.h"

/* No reason without words, no two of one name, and the classes agree. */
static void
the_table_of_reasons_is_whole(void **state)
{
	const struct reason_words *w, *other;
	int i, j;

	(void)state;
	for (i = 0; i < REASONS; i++) {
		w = reason_words(i);
		assert_non_null(w->name);
		assert_in_range(strlen(w->name), 2, 24);
		assert_null(strpbrk(w->name, " =\"\\"));
		assert_in_range(w->code, 250, 554);
		assert_int_equal(w->enhanced[0], '0' + w->code / 100);
		assert_int_equal(w->enhanced[1], '.');
		assert_in_range(strlen(w->text), 1, 80);
		for (j = 0; j < i; j++) {
			other = reason_words(j);
			assert_string_not_equal(w->name, other->name);
		}
	}
}

/* A program's own words take the place of the reason's, its name stays. */
static void
a_program_has_its_own_words(void **state)
{
	const struct reason_words *is = reason_words(REASON_TEXT);
	const struct {
		const char *enhanced, *text;
		struct reason_words want;
	} rows[] = {
		{ "", "", { is->name, 554, "5.6.0", is->text } },
		{ "", "no code", { is->name, 554, "5.6.0", is->text } },
		{ "5.2.3", "too long", { is->name, 550, "5.2.3", "too long" } },
		{ "5.1.1", "", { is->name, 550, "5.1.1", is->text } },
		{ "4.3.1", "later", { is->name, 451, "4.3.1", "later" } }
	};
	struct reason_words w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		w = reason_reply(REASON_TEXT, rows[i].enhanced, rows[i].text);
		assert_string_equal(w.name, rows[i].want.name);
		assert_int_equal(w.code, rows[i].want.code);
		assert_string_equal(w.enhanced, rows[i].want.enhanced);
		assert_string_equal(w.text, rows[i].want.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_of_reasons_is_whole),
		cmocka_unit_test(a_program_has_its_own_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
