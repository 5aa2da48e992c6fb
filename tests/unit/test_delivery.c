/*
 * What a backend is told: every macro, the rule about dashes, and the whole
 * environment.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

#include "delivery.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define WORDS_MAX	12

static const struct delivery usual = {
	.log_id = "log1",
	.id = "id0123",
	.sender = "alice@example.com",
	.recipient = "079 1@sms.example.net",
	.original = "sms@example.com",
	.number = "+41791",
	.user = "acme.alice",
	.account = "acme",
	.channel = "sms",
	.client = "192.0.2.7",
	.helo = "mail.example.com",
	.name = "unknown",
	.queue_id = "4Qx1",
	.spf = "softfail",
	.state_dir = "/var/lib/lmtpd",
	.size = 18446744073709551615ULL
};

static const struct delivery nothing = {
	.log_id = "", .id = "", .sender = "", .recipient = "", .original = "",
	.number = "", .user = "", .account = "", .channel = "", .client = "",
	.helo = "", .name = "", .queue_id = "", .spf = "", .state_dir = ""
};

/* The argv of a command, or NULL. */
static char **
expand(const struct delivery *d, bool *dash, const char *const *word)
{
	struct backend b = { .name = (char *)"b" };
	char *v[WORDS_MAX + 1] = { NULL };

	for (; word[b.command.n] != NULL; b.command.n++)
		v[b.command.n] = (char *)word[b.command.n];
	b.command.v = v;
	return delivery_argv(&b, d, dash);
}

/* Checks one argument behind the program's name; wanted NULL: a dash. */
static void
check_word(const struct delivery *d, const char *word, const char *wanted)
{
	const char *const command[] = { "/bin/backend", word, "end", NULL };
	bool dash = wanted != NULL;
	char **argv = expand(d, &dash, command);

	if (dash != (wanted == NULL) || (argv == NULL) != dash)
		fail_msg("\"%s\": dash is %d, argv %p", word, dash,
		    (void *)argv);
	if (argv == NULL)
		return;
	assert_string_equal(argv[0], "/bin/backend");
	assert_string_equal(argv[1], wanted);
	assert_string_equal(argv[2], "end");
	assert_null(argv[3]);
	delivery_free(argv);
}

static void
every_macro(void **state)
{
	static const char *const rows[][2] = {
		{ "%n", "+41791" },
		{ "%N", "41791" },
		{ "%r", "079 1@sms.example.net" },
		{ "%l", "079 1" },
		{ "%d", "sms.example.net" },
		{ "%s", "alice@example.com" },
		{ "%u", "acme.alice" },
		{ "%a", "acme" },
		{ "%c", "sms" },
		{ "%i", "192.0.2.7" },
		{ "%q", "4Qx1" },
		{ "%%", "%" },
		{ "", "" },
		{ "plain", "plain" },
		{ "%l@%d", "079 1@sms.example.net" },
		{ "%n%N", "+4179141791" },
		{ "%%n", "%n" },
		{ "%%%n", "%+41791" },
		{ "%%%%", "%%" },
		{ "100%", "100%" },
		{ "%", "%" },
		{ "-f%s", "-falice@example.com" },
		{ "--from=%s", "--from=alice@example.com" },
		{ "a%Nb%Nc", "a41791b41791c" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++)
		check_word(&usual, rows[i][0], rows[i][1]);
}

static void
values_are_never_expanded_again(void **state)
{
	struct delivery d = usual;

	(void)state;
	d.sender = "%u%%%n@x";
	d.queue_id = "`id`; $(id) 'x' \"y\"\\ *";
	check_word(&d, "%s", "%u%%%n@x");
	check_word(&d, "%s%q", "%u%%%n@x`id`; $(id) 'x' \"y\"\\ *");
}

static void
local_parts_and_domains(void **state)
{
	static const char *const rows[][3] = {
		{ "a@b", "a", "b" },
		{ "postmaster", "postmaster", "" },
		{ "\"a@b\"@c.d", "\"a@b\"", "c.d" },
		{ "a@[IPv6:::1]", "a", "[IPv6:::1]" },
	};
	struct delivery d = usual;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		d.recipient = rows[i][0];
		check_word(&d, "%r", rows[i][0]);
		check_word(&d, "%l", rows[i][1]);
		check_word(&d, "%d", rows[i][2]);
	}
}

static void
numbers(void **state)
{
	struct delivery d = usual;

	(void)state;
	/* a short code has no "+", a name no number */
	d.number = "4711";
	check_word(&d, "%n", "4711");
	check_word(&d, "%N", "4711");
	d.number = "";
	check_word(&d, "%n", "");
	check_word(&d, "%N", "");
	check_word(&d, "to=%N;", "to=;");
}

/* An argument stays one, even where it is empty. */
static void
empty_values_are_empty_arguments(void **state)
{
	static const char macros[] = "nNrldsuaciq";
	char word[3] = "%", pair[5] = "%x%x";
	const char *p;

	(void)state;
	for (p = macros; *p != '\0'; p++) {
		word[1] = pair[1] = pair[3] = *p;
		check_word(&nothing, word, "");
		check_word(&nothing, pair, "");
	}
}

/* wanted NULL: refused, since the value would start an argument. */
static void
a_dash_never_starts_an_argument(void **state)
{
	static const char *const rows[][2] = {
		{ "%s", NULL },
		{ "%r", NULL },
		{ "%l", NULL },
		{ "%s%s", NULL },
		{ "%a%s", NULL },		/* %a is empty */
		{ "%a%u%c%s", NULL },
		{ "%s tail", NULL },
		{ "%%%s", "%-x@y" },
		{ "a%s", "a-x@y" },
		{ " %s", " -x@y" },
		{ "--from=%s", "--from=-x@y" },
		{ "%d%s", "z-x@y" },
		{ "-%s", "--x@y" },		/* the config's own dash */
		{ "-%a", "-" },
		{ "--", "--" },
		{ "%d", "z" },
	};
	struct delivery d = nothing;
	size_t i;

	(void)state;
	d.sender = "-x@y";
	d.recipient = "-@z";
	for (i = 0; i < NELEM(rows); i++)
		check_word(&d, rows[i][0], rows[i][1]);
	d = nothing;
	d.number = "-1";
	check_word(&d, "%n%N", NULL);
	d.number = "+-1";
	check_word(&d, "%N", NULL);
	check_word(&d, "%n", "+-1");
}

/* Whichever argument it is, and though the others are fine. */
static void
a_dash_anywhere_refuses_the_command(void **state)
{
	static const char *const commands[][5] = {
		{ "/b", "%s", "x", "y", NULL },
		{ "/b", "x", "%s", "y", NULL },
		{ "/b", "x", "%n", "%s", NULL },
		{ "/b", "--", "%s", NULL, NULL },
	};
	struct delivery d = usual;
	bool dash;
	size_t i;

	(void)state;
	d.sender = "-oQ/tmp@x";
	for (i = 0; i < NELEM(commands); i++) {
		dash = false;
		assert_null(expand(&d, &dash, commands[i]));
		assert_true(dash);
	}
	/* it is asked anew each time */
	check_word(&usual, "%s", "alice@example.com");
}

static void
long_values_are_whole(void **state)
{
	static char sender[ADDR_MAX], wanted[4 * ADDR_MAX];
	struct delivery d = usual;

	(void)state;
	memset(sender, 'a', sizeof(sender) - 1);
	d.sender = sender;
	snprintf(wanted, sizeof(wanted), "%s,%s,%s", sender, sender, sender);
	check_word(&d, "%s,%s,%s", wanted);
}

/* Exactly these lines, in any order. */
static void
check_env(const struct backend *b, const struct delivery *d,
    const char *const *wanted, size_t n)
{
	char **env = delivery_env(b, d);
	size_t i, j, found;

	assert_non_null(env);
	for (i = 0; env[i] != NULL; i++)
		;
	assert_int_equal(i, n);
	for (i = 0; i < n; i++) {
		for (j = 0, found = 0; env[j] != NULL; j++)
			found += strcmp(env[j], wanted[i]) == 0;
		if (found != 1)
			fail_msg("\"%s\": %zu times", wanted[i], found);
	}
	delivery_free(env);
}

#define SEARCH		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:" \
			"/usr/bin:/sbin:/bin"

static void
the_whole_environment(void **state)
{
	static const char *const wanted[] = {
		SEARCH,
		"LC_ALL=C.UTF-8",
		"LMTPD_SENDER=alice@example.com",
		"LMTPD_RECIPIENT=079 1@sms.example.net",
		"LMTPD_ORIGINAL_RECIPIENT=sms@example.com",
		"LMTPD_NUMBER=+41791",
		"LMTPD_USER=acme.alice",
		"LMTPD_ACCOUNT=acme",
		"LMTPD_CHANNEL=sms",
		"LMTPD_CLIENT_ADDRESS=192.0.2.7",
		"LMTPD_CLIENT_HELO=mail.example.com",
		"LMTPD_CLIENT_NAME=unknown",
		"LMTPD_QUEUE_ID=4Qx1",
		"LMTPD_SIZE=18446744073709551615",
		"LMTPD_SPF=softfail",
		"LMTPD_DELIVERY_ID=id0123",
		"LMTPD_STATE_DIR=/var/lib/lmtpd",
	};
	struct backend b = { .name = (char *)"b" };

	(void)state;
	check_env(&b, &usual, wanted, NELEM(wanted));
}

static void
an_empty_value_is_there_all_the_same(void **state)
{
	static const char *const wanted[] = {
		SEARCH, "LC_ALL=C.UTF-8", "LMTPD_SENDER=",
		"LMTPD_RECIPIENT=", "LMTPD_ORIGINAL_RECIPIENT=",
		"LMTPD_NUMBER=", "LMTPD_USER=", "LMTPD_ACCOUNT=",
		"LMTPD_CHANNEL=", "LMTPD_CLIENT_ADDRESS=",
		"LMTPD_CLIENT_HELO=", "LMTPD_CLIENT_NAME=",
		"LMTPD_QUEUE_ID=", "LMTPD_SIZE=0", "LMTPD_SPF=",
		"LMTPD_DELIVERY_ID=", "LMTPD_STATE_DIR=",
	};
	struct backend b = { .name = (char *)"b" };

	(void)state;
	check_env(&b, &nothing, wanted, NELEM(wanted));
}

/* The backend's own wins, and stands there once. */
static void
the_backend_s_own_variables(void **state)
{
	static char *own[] = { "PATH=/opt/bin", "LMTPD_SENDER=", "X=%n=$Y",
	    "PAT=1", "LMTPD_USER2=2", "LMTPD_SIZE=-1", NULL };
	static const char *const wanted[] = {
		"PATH=/opt/bin", "LMTPD_SENDER=", "X=%n=$Y", "PAT=1",
		"LMTPD_USER2=2", "LMTPD_SIZE=-1",
		"LC_ALL=C.UTF-8",
		"LMTPD_RECIPIENT=079 1@sms.example.net",
		"LMTPD_ORIGINAL_RECIPIENT=sms@example.com",
		"LMTPD_NUMBER=+41791", "LMTPD_USER=acme.alice",
		"LMTPD_ACCOUNT=acme", "LMTPD_CHANNEL=sms",
		"LMTPD_CLIENT_ADDRESS=192.0.2.7",
		"LMTPD_CLIENT_HELO=mail.example.com",
		"LMTPD_CLIENT_NAME=unknown", "LMTPD_QUEUE_ID=4Qx1",
		"LMTPD_SPF=softfail", "LMTPD_DELIVERY_ID=id0123",
		"LMTPD_STATE_DIR=/var/lib/lmtpd",
	};
	struct backend b = { .name = (char *)"b" };

	(void)state;
	b.environment.v = own;
	b.environment.n = NELEM(own) - 1;
	check_env(&b, &usual, wanted, NELEM(wanted));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_macro),
		cmocka_unit_test(values_are_never_expanded_again),
		cmocka_unit_test(local_parts_and_domains),
		cmocka_unit_test(numbers),
		cmocka_unit_test(empty_values_are_empty_arguments),
		cmocka_unit_test(a_dash_never_starts_an_argument),
		cmocka_unit_test(a_dash_anywhere_refuses_the_command),
		cmocka_unit_test(long_values_are_whole),
		cmocka_unit_test(the_whole_environment),
		cmocka_unit_test(an_empty_value_is_there_all_the_same),
		cmocka_unit_test(the_backend_s_own_variables),
	};

	return cmocka_run_group_tests_name("delivery", tests, NULL, NULL);
}
