/*
 * Telephone numbers, as people write them to the left of an "@".
 */
#include <stdarg.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "number.h"

#define COUNT(rows)	(sizeof(rows) / sizeof((rows)[0]))

/* Country code, trunk prefix, what was written, what comes of it. */
static const struct {
	const char		*country;
	const char		*trunk;
	const char		*in;
	enum addr_number	 kind;
	const char		*out;
} numbers[] = {
	{ "41", "0", "+41791234567", NUMBER_E164, "+41791234567" },
	{ "41", "0", "0041791234567", NUMBER_E164, "+41791234567" },
	{ "41", "0", "0791234567", NUMBER_E164, "+41791234567" },
	{ "41", "0", "41791234567", NUMBER_E164, "+41791234567" },
	{ "41", "0", "+41 (0)79 123 45 67", NUMBER_E164, "+41791234567" },
	{ "41", "0", "0041(0)79/123.45-67", NUMBER_E164, "+41791234567" },
	{ "41", "0", "(079) 123 45 67", NUMBER_E164, "+41791234567" },
	{ "41", "0", "(0)79 123 45 67", NUMBER_E164, "+41791234567" },
	{ "41", "0", "(+41) 79 123 45 67", NUMBER_E164, "+41791234567" },
	{ "41", "0", "\"+41 79 123 45 67\"", NUMBER_E164, "+41791234567" },
	{ "41", "0", "\"079 123 45 67\"", NUMBER_E164, "+41791234567" },
	{ "41", "0", "+423(0)1234567", NUMBER_E164, "+4231234567" },
	{ "41", "0", "+4179(0)(0)1", NUMBER_E164, "+4179001" },
	{ "41", "0", "+41(0)(0)79", NUMBER_E164, "+41079" },
	{ "41", "0", "+41791(0)1", NUMBER_E164, "+4179101" },
	{ "41", "0", "41(0)791234567", NUMBER_E164, "+410791234567" },
	{ "", "0", "+41791234567", NUMBER_E164, "+41791234567" },
	{ "", "0", "0791234567", NUMBER_BAD, "" },
	{ "", "0", "41791234567", NUMBER_E164, "+41791234567" },
	{ "", "", "0791234567", NUMBER_BAD, "" },
	{ "", "", "41791234567", NUMBER_E164, "+41791234567" },
	{ "39", "", "0612345678", NUMBER_BAD, "" },
	{ "7", "8", "89161234567", NUMBER_E164, "+79161234567" },
	{ "36", "06", "06301234567", NUMBER_E164, "+36301234567" },
	{ "36", "06", "0301234567", NUMBER_BAD, "" },
	{ "41", "0", "112", NUMBER_SHORT, "112" },
	{ "41", "0", "1-1-2", NUMBER_SHORT, "112" },
	{ "", "", "123456", NUMBER_SHORT, "123456" },
	{ "", "", "1234567", NUMBER_E164, "+1234567" },
	{ "41", "0", "12", NUMBER_BAD, "" },
	{ "41", "0", "01", NUMBER_E164, "+411" },
	{ "41", "0", "0", NUMBER_BAD, "" },
	{ "423", "0", "0", NUMBER_BAD, "" },
	{ "41", "0", "+112", NUMBER_E164, "+112" },
	{ "41", "0", "+41", NUMBER_BAD, "" },
	{ "41", "0", "+123456789012345", NUMBER_E164, "+123456789012345" },
	{ "41", "0", "+1234567890123456", NUMBER_BAD, "" },
	{ "41", "0", "00123456789012345", NUMBER_E164, "+123456789012345" },
	{ "41", "0", "01234567890123", NUMBER_E164, "+411234567890123" },
	{ "41", "0", "012345678901234", NUMBER_BAD, "" },
	{ "41", "0", "1234567890123456", NUMBER_BAD, "" },
	{ "41", "0", "+0791234567", NUMBER_BAD, "" },
	{ "41", "0", "000791234567", NUMBER_BAD, "" },
	{ "41", "0", "+0041791234567", NUMBER_BAD, "" },
	{ "41", "0", "++41791234567", NUMBER_BAD, "" },
	{ "41", "0", "41+791234567", NUMBER_BAD, "" },
	{ "41", "0", "+", NUMBER_BAD, "" },
	{ "41", "0", "00", NUMBER_BAD, "" },
	{ "41", "0", "", NUMBER_BAD, "" },
	{ "41", "0", "\"\"", NUMBER_BAD, "" },
	{ "41", "0", "\"", NUMBER_BAD, "" },
	{ "41", "0", "- -", NUMBER_BAD, "" },
	{ "41", "0", "boss", NUMBER_BAD, "" },
	{ "41", "0", "+4179123456x", NUMBER_BAD, "" },
	{ "41", "0", "+41791234567;rm", NUMBER_BAD, "" },
	{ "41", "0", "+41\t791234567", NUMBER_BAD, "" },
	{ "41", "0", "\331\241\331\242\331\243", NUMBER_BAD, "" },
	{ "41", "0", "123456789012345678901234567890123456", NUMBER_BAD, "" },
};

static void
number_is_normalised(void **state)
{
	char	 out[ADDR_NUMBER_MAX + 1];
	size_t	 i;

	(void)state;
	for (i = 0; i < COUNT(numbers); i++) {
		memset(out, 0x5a, sizeof(out));
		if (addr_number(numbers[i].in, strlen(numbers[i].in),
		    numbers[i].country, numbers[i].trunk, out) !=
		    numbers[i].kind || strcmp(out, numbers[i].out) != 0)
			fail_msg("%s: %s", numbers[i].in, out);
		assert_int_equal(out[ADDR_NUMBER_MAX], 0x5a);
	}
	assert_int_equal(addr_number("112\0", 4, "", "", out), NUMBER_BAD);
	assert_int_equal(addr_number("1123", 3, "", "", out), NUMBER_SHORT);
	assert_string_equal(out, "112");
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(number_is_normalised),
	};

	return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
