/*
 * Tests of idn.c: A-labels of domains, and ASCII without the library.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

#include "idn.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

static const char *const domains[][2] = {
	{ "", "" },
	{ "Example.COM", "example.com" },
	{ "XN--BCHER-KVA.ch", "xn--bcher-kva.ch" },
	{ "b\xc3\xbc" "cher.example", "xn--bcher-kva.example" },
	{ "B\xc3\x9c" "CHER.Example", "xn--bcher-kva.example" },
	{ "fu\xc3\x9f.example", "xn--fu-hia.example" },	/* nontransitional */
	{ "u\xcc\x88.example", "xn--tda.example" },	/* composed first */
	{ "\xe4\xbe\x8b.\xe6\xb5\x8b\xe8\xaf\x95", "xn--fsq.xn--0zwm56d" },
	/* a full-width dot is a dot */
	{ "a\xef\xbc\x8e" "b.example", "a.b.example" },
};

static const char *const no_domains[] = {
	"\xff.example",			/* no UTF-8 */
	"\xc3",
	"xn--\xc3\xbc.example",
	"\xe2\x80\xae.example",		/* a direction mark */
	"evil\xef\xbc\xa0" "example.com",	/* a full-width "@" */
	"a\xef\xbc\x8f" "b.example",		/* a full-width "/" */
};

static bool
maps_library(void)
{
	char line[1024];
	bool found = false;
	FILE *fp = fopen("/proc/self/maps", "r");

	assert_non_null(fp);
	while (fgets(line, sizeof(line), fp) != NULL)
		found = found || strstr(line, "libidn2") != NULL;
	fclose(fp);
	return found;
}

/* Runs first: the library is there for good once it was opened. */
static void
ascii_needs_no_library(void **state)
{
	char out[64];

	(void)state;
	assert_int_equal(idn_to_ascii("Example.COM", out, sizeof(out)), 0);
	assert_false(maps_library());
	assert_int_equal(idn_to_ascii("\xc3\xbc", out, sizeof(out)), 0);
	assert_true(maps_library());
}

static void
domains_become_a_labels(void **state)
{
	char out[64];

	(void)state;
	for (size_t i = 0; i < NELEM(domains); i++) {
		assert_int_equal(idn_to_ascii(domains[i][0], out, sizeof(out)),
		    0);
		assert_string_equal(out, domains[i][1]);
	}
}

static void
nonsense_is_refused(void **state)
{
	char out[64];

	(void)state;
	for (size_t i = 0; i < NELEM(no_domains); i++)
		assert_int_equal(idn_to_ascii(no_domains[i], out, sizeof(out)),
		    -1);
}

static void
size_is_a_bound(void **state)
{
	char out[18];

	(void)state;
	assert_int_equal(idn_to_ascii("abc", out, 4), 0);
	assert_int_equal(idn_to_ascii("abc", out, 3), -1);
	assert_int_equal(idn_to_ascii("b\xc3\xbc" "cher.com", out, 18), 0);
	assert_string_equal(out, "xn--bcher-kva.com");
	assert_int_equal(idn_to_ascii("b\xc3\xbc" "cher.com", out, 17), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ascii_needs_no_library),
		cmocka_unit_test(domains_become_a_labels),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(size_is_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
