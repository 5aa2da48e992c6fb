/*
 * Tests of conf_text.c and conf_scan.c: what is refused and on which line,
 * which bytes become blanks, and where sections begin.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

#include "conf_text.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

struct said {
	char	 text[4096];	/* "line: text\n" for each error */
	int	 n;
};

static void
say(void *arg, int line, const char *text)
{
	struct said *said = arg;
	size_t len = strlen(said->text);

	said->n++;
	snprintf(said->text + len, sizeof(said->text) - len, "%d: %s\n", line,
	    text);
}

/* Scan a copy, which the caller frees. */
static char *
scan(const char *text, size_t n, struct conf_text *out, struct said *said,
    int *rv)
{
	const struct conf_text_report report = { say, said };
	struct conf_keys top = { .n = 0 };
	char *copy = malloc(n + 1);

	assert_non_null(copy);
	memcpy(copy, text, n);
	copy[n] = '\0';
	memset(said, 0, sizeof(*said));
	*rv = conf_text_scan(copy, n, &top, out, &report);
	return copy;
}

struct refusal {
	const char	*text;
	int		 rv;
	const char	*error;		/* how the first one begins */
};

static const struct refusal refusals[] = {
	/* cut off */
	{ "a {\n", -1, "2: the file ends inside the section that begins on "
	    "line 1" },
	{ "a {\n b {\n }\n", -1, "4: the file ends inside the section that "
	    "begins on line 1" },
	{ "a {\n b \"t\"\n {\n", -1, "4: the file ends inside the section that "
	    "begins on line 2" },
	{ "\na = {\"x\",\n", -1, "3: a list is" },
	{ "a = {\"x\"\n\n", -1, "3: a list is" },
	{ "a = {\"x\" \"y\"}\n", -1, "1: a list is" },
	{ "a = {,}\n", -1, "1: a list is" },
	{ "a =\n", -1, "1: a = has no value" },
	{ "a\n\n", -1, "1: a is followed by neither" },
	{ "a \"t\"\n\n", -1, "1: a is followed by neither" },
	{ "n = 1\nn2 = 10", -1, "2: the file ends within a word" },
	{ "n", -1, "1: the file ends within a word" },
	{ "a = \"x", -1, "1: a string ends on the line" },
	{ "a = \"x\n\"\n", -1, "1: a string ends on the line" },
	{ "a = \"x\r\n\"\n", -1, "1: a string ends on the line" },
	{ "a = \"x\\", -1, "1: a backslash in double quotes" },
	{ "a = \"x\\\n\"\n", -1, "1: a backslash in double quotes" },
	{ "a = 'x\\\n'\n", -1, "1: a string ends on the line" },
	{ "a = 'x\\'", -1, "1: a string ends on the line" },
	{ "\n/* a\n\n", -1, "2: the comment that begins here" },
	{ "/*/", -1, "1: the comment that begins here" },
	{ "include(", -1, "1: include( is not closed" },
	{ "\ninclude(\n\"x\"\n", -1, "2: include( is not closed" },
	{ "include(\"a\" \"b\")\n", -1, "1: include( is not closed" },
	/* what libconfuse takes in silence */
	{ "\na = \"x\"\nb = 1\na = \"y\"\n", 1, "4: a is set again (first on "
	    "line 2)" },
	{ "a = {}\na = {\"x\"}\n", 1, "2: a is set again" },
	{ "a {\nb = 1\n}\na {\nb = 1\nb = 2\n}\n", 1, "6: b is set again "
	    "(first on line 5)" },
	{ "a += {\"x\"}\n", -1, "1: \"+=\" is not supported" },
	{ "a = \"${LMTPD_TEST_UNSET}\"\n", 1, "1: ${LMTPD_TEST_UNSET} is not "
	    "set" },
	{ "a = \"x${LMTPD_TEST_UNSET\"\nb = \"}\"\n", -1, "1: \"${\" begins "
	    "no" },
	{ "a = \"${}\"\n", -1, "1: \"${\" begins no" },
	{ "a = \"${X-Y}\"\n", -1, "1: \"${\" begins no" },
	{ "a = \"${X:-\\}\"\n", -1, "1: \"${\" begins no" },
	{ "a = ${HOME}\n", -1, "1: '$' outside quotes" },
	{ "security = {}\n", 1, "1: security = {} is empty" },
	{ "a \"t\" {\n command = {\n}\n}\n", 1, "2: command = {} is empty" },
	{ "\"a\" = 1\n", -1, "1: a key without quotes" },
	{ "a = \"\\x41\"\n", -1, "1: a backslash in double quotes" },
	{ "a = \"\\0\"\n", -1, "1: a backslash in double quotes" },
	/* a security string must come as it is */
	{ "security-string = \"a\\\\b\"\n", 1, "1: security-string: a double" },
	{ "a {\nsecurity-string = \"${HOME}\"\n}\n", 1,
	    "2: security-string: a double" },
	{ "security-string = {\"\\\"\"}\n", 1, "1: security-string: a double" },
	/* signs out of place */
	{ "a {\n}\n}\n", -1, "3: \"}\" closes nothing" },
	{ "= 1\n", -1, "1: a key without quotes" },
	{ "{ }\n", -1, "1: a key without quotes" },
	{ "a = }\n", -1, "1: a = has no value" },
	{ "a = 1;\n", -1, "1: ';' outside quotes" },
	{ "a = 1 * 2\n", -1, "1: '*' outside quotes" },
	{ "a = 1 + 2\n", -1, "1: '+' has no meaning" },
	{ "a = x\xc3\xbc\n", -1, "1: byte 0xc3 outside quotes" },
	{ "\xef\xbb\xbf" "a = 1\n", -1, "1: byte 0xef outside quotes" },
	{ "a = 1\rb = 2\n", -1, "1: byte 0x0d outside quotes" },
	{ "a = http://x/\n", -1, "1: \"/\" right behind a word" },
	{ "a = b#c\n", -1, "1: \"#\" right behind a word" },
	{ "a = b/*c*/\n", -1, "1: \"/\" right behind a word" },
	{ "a = \"\x01\"\n", -1, "1: control character 0x01" },
	{ "a = '\x7f'\n", -1, "1: control character 0x7f" },
	{ "a{a{a{a{a{a{a{a{\na{}}}}}}}}}\n", -1, "2: sections are nested" },
};

static void
faults_are_told_with_their_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(refusals); i++) {
		const struct refusal *r = &refusals[i];
		struct conf_text out;
		struct said said;
		int rv;
		char *copy = scan(r->text, strlen(r->text), &out, &said, &rv);

		if (rv != r->rv || said.n != 1 ||
		    strncmp(said.text, r->error, strlen(r->error)) != 0)
			fail_msg("%s\n%d %s", r->text, rv, said.text);
		conf_text_free(&out);
		free(copy);
	}
}

static const char *const accepted[] = {
	"",
	"\n",
	"# x",
	"// x",
	"/**/",
	"a = 1\n",
	"a = /var/lib/x/\n",
	"a = \"x\"",
	"a = {\"x\",}",
	"a = {}",
	"a {}",
	"a \"t\" {}",
	"a t {}",
	"include(\"x\")",
	"include()",
	"a = \"$\" b = '$' c = \"$x\" d = '${X}' e = '\\x' f = \"\\${X}\"\n",
	"g = '\\\\'\n",
	"a = \"${LMTPD_TEST_UNSET:-x y}\"\n",
	"a = \"${LMTPD_TEST_SET}\"\n",
	"a = \"#\" b = '//' c = \"/*\"\n",
	"security-string = 'a\\b${X}' x = \"\\\\\"\n",
	"security-string = \"abc;[1-5]\"\n",
	"a = \"\xc3\xbc\t\"\r\nb = 1\r\n",
	"a {b = 1} a {b = 1}\n",
	"a{a{a{a{a{a{a{a{}}}}}}}}",
};

static void
sound_texts_pass(void **state)
{
	(void)state;
	setenv("LMTPD_TEST_SET", "", 1);
	for (size_t i = 0; i < NELEM(accepted); i++) {
		struct conf_text out;
		struct said said;
		int rv;
		char *copy = scan(accepted[i], strlen(accepted[i]), &out,
		    &said, &rv);

		if (rv != 0 || said.n != 0)
			fail_msg("%s\n%d %s", accepted[i], rv, said.text);
		conf_text_free(&out);
		free(copy);
	}
}

/* Each error that leaves a sense to the rest is told. */
static void
all_errors_are_told_at_once(void **state)
{
	static const char text[] = "a = 1\na = 2\nb = \"${LMTPD_TEST_UNSET}\"\n"
	    "c {\n security = {}\n}\n";
	struct conf_text out;
	struct said said;
	int rv;
	char *copy = scan(text, strlen(text), &out, &said, &rv);

	(void)state;
	assert_int_equal(rv, 1);
	assert_int_equal(said.n, 3);
	assert_non_null(strstr(said.text, "2: a is set again"));
	assert_non_null(strstr(said.text, "3: ${LMTPD_TEST_UNSET}"));
	assert_non_null(strstr(said.text, "5: security = {}"));
	conf_text_free(&out);
	free(copy);
}

static void
comments_become_blanks(void **state)
{
	static const char text[] = "a = '#' # {\n/* }\n\" */b = \"//\" "
	    "// '\r\n";
	static const char want[] = "a = '#'    \n    \n    b = \"//\"      \n";
	struct conf_text out;
	struct said said;
	int rv;
	char *copy = scan(text, strlen(text), &out, &said, &rv);

	(void)state;
	assert_string_equal(said.text, "");
	assert_int_equal(rv, 0);
	assert_string_equal(copy, want);
	conf_text_free(&out);
	free(copy);
}

/* In the order in which they end. */
static void
sections_keep_their_line(void **state)
{
	static const char text[] = "a {\n}\nb \"t\"\n{\n c {} d {\n e {}\n }\n"
	    "}\na = 1\nf {}\n";
	static const int want[] = { 1, 5, 6, 5, 3, 10 };
	struct conf_text out;
	struct said said;
	int rv;
	char *copy = scan(text, strlen(text), &out, &said, &rv);

	(void)state;
	assert_int_equal(rv, 0);
	assert_int_equal(out.sections, NELEM(want));
	assert_memory_equal(out.line, want, sizeof(want));
	conf_text_free(&out);
	free(copy);
}

static void
indents_are_dropped(void **state)
{
	char text[] = "\t a {\n  b = \" c \"  \n\n   \n}";
	size_t n = conf_text_squeeze(text, strlen(text));

	(void)state;
	text[n] = '\0';
	assert_string_equal(text, "a {\nb = \" c \"  \n\n\n}");
}

static void
nul_is_refused(void **state)
{
	static const char text[] = "a = 1\n# \0\nsecurity = {\"spf\"}\n";
	struct conf_text out;
	struct said said;
	int rv;
	char *copy = scan(text, sizeof(text) - 1, &out, &said, &rv);

	(void)state;
	assert_int_equal(rv, -1);
	assert_int_equal(strncmp(said.text, "2: a NUL byte", 13), 0);
	conf_text_free(&out);
	free(copy);
}

/* Keys outside sections count over all files. */
static void
repeated_keys_are_seen_across_files(void **state)
{
	struct said said = { .n = 0 };
	const struct conf_text_report report = { say, &said };
	struct conf_keys top = { .n = 0 };
	struct conf_text out;
	char one[] = "numbers = {\"1\"}\n", two[] = "\nnumbers = {}\n";

	(void)state;
	assert_int_equal(conf_text_scan(one, strlen(one), &top, &out, &report),
	    0);
	conf_text_free(&out);
	assert_int_equal(conf_text_scan(two, strlen(two), &top, &out, &report),
	    1);
	conf_text_free(&out);
	assert_string_equal(said.text, "2: numbers is set again (first on "
	    "line 1): keep one\n");
}

static void
bounds_hold(void **state)
{
	size_t n = CONF_TEXT_MAX + 1, i;
	char *big = malloc(n), keys[2048] = "";
	struct conf_text out;
	struct said said;
	int rv;

	(void)state;
	assert_non_null(big);
	memset(big, ' ', n);
	free(scan(big, n - 1, &out, &said, &rv));
	assert_int_equal(rv, 0);
	free(scan(big, n, &out, &said, &rv));
	assert_int_equal(rv, -1);
	assert_int_equal(strncmp(said.text, "1: larger than", 14), 0);
	free(big);
	for (i = 0; i <= CONF_KEYS_MAX; i++)
		snprintf(keys + strlen(keys), sizeof(keys) - strlen(keys),
		    "k%zu = 1\n", i);
	free(scan(keys, strlen(keys), &out, &said, &rv));
	assert_int_equal(rv, -1);
	assert_int_equal(strncmp(said.text, "65: too many keys", 17), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults_are_told_with_their_line),
		cmocka_unit_test(sound_texts_pass),
		cmocka_unit_test(all_errors_are_told_at_once),
		cmocka_unit_test(comments_become_blanks),
		cmocka_unit_test(sections_keep_their_line),
		cmocka_unit_test(indents_are_dropped),
		cmocka_unit_test(nul_is_refused),
		cmocka_unit_test(repeated_keys_are_seen_across_files),
		cmocka_unit_test(bounds_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
