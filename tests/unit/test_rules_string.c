/*
 * The second factor and keyword recipients in the rules: what is told before
 * the header, what behind it, and what no reply and no log may show.
 */
#include "rules_site.h"

#define BOB	"bob@example.com"
#define SMS	"0791234567@sms.example.net"
#define GUESS	"Hush1@sms.example.net"
#define BOX	"desk@box.example.net"
#define OUTSIDE	"198.51.100.9"
#define NET	"192.0.2.0/24"

#define STRING	"account a; channel sms string; channel box; " \
		"domain example.com none"
#define KEY	"account a; channel sms string key=Hush1 key=Hush2; " \
		"channel box key=Hush3; domain example.com none"
#define OTHERS	"account a; channel sms; domain example.com none; " \
		"account b; channel sms key=Hush1; domain example.org none"

#define NO(r)	VERDICT_REFUSE, REASON_ ## r
#define YES	VERDICT_ACCEPT, REASON_OK
#define LATER_ON	VERDICT_AFTER_DATA, REASON_OK

static const struct {
	const char	*policy;
	const char	*sender;
	const char	*recipient;
	bool		 header;
	int		 string;
	enum verdict	 verdict;
	enum reason	 reason;
	unsigned int	 asked;
	bool		 keyword, hide_reply;
} rows[] = {
	/* the string: beside an allowed sender, once the header is there */
	{ STRING, BOB, SMS, false, 0, LATER_ON, 0, 0, 0 },
	{ STRING, BOB, SMS, true, 1, YES, FACT_STRING, 0, 0 },
	{ STRING, BOB, SMS, true, 0, NO(STRING), FACT_STRING, 0, 0 },
	{ STRING, BOB, SMS, true, -1, VERDICT_DEFER, REASON_INTERNAL,
	    FACT_STRING, 0, 0 },
	{ STRING, BOB, BOX, false, 0, YES, 0, 0, 0 },
	{ STRING, BOB, BOX, true, 0, YES, 0, 0, 0 },
	{ STRING, "eve@example.org", SMS, true, 1, NO(NOT_REGISTERED), 0,
	    0, 0 },
	{ STRING, BOB, GUESS, false, 0, NO(BAD_NUMBER), 0, 0, 0 },
	{ "account a; channel sms string; domain example.com " NET, BOB, SMS,
	    true, 1, NO(SECURITY), 0, 0, 0 },
	/* a keyword: right or wrong is told behind DATA */
	{ KEY, BOB, GUESS, false, 0, LATER_ON, 0, 1, 1 },
	{ KEY, BOB, "nonsense@sms.example.net", false, 0, LATER_ON, 0,
	    1, 1 },
	{ KEY, BOB, GUESS, true, 0, VERDICT_ACCEPT, REASON_KEYWORD, 0,
	    1, 1 },
	{ KEY, BOB, "Hush2@sms.example.net", true, 0, VERDICT_ACCEPT,
	    REASON_KEYWORD, 0, 1, 1 },
	{ KEY, BOB, "hush1@sms.example.net", true, 1, NO(WRONG_KEYWORD), 0,
	    1, 1 },
	{ KEY, BOB, "Hush@sms.example.net", true, 1, NO(WRONG_KEYWORD), 0,
	    1, 1 },
	{ KEY, BOB, "Hush11@sms.example.net", true, 1, NO(WRONG_KEYWORD), 0,
	    1, 1 },
	{ KEY, BOB, "Hush3@sms.example.net", true, 1, NO(WRONG_KEYWORD), 0,
	    1, 1 },
	{ KEY, BOB, SMS, true, 0, NO(STRING), FACT_STRING, 0, 0 },
	/* nobody else learns that there is one */
	{ KEY, "eve@example.org", GUESS, false, 0, NO(NOT_REGISTERED), 0,
	    1, 1 },
	{ KEY, "eve@example.org", GUESS, true, 0, NO(NOT_REGISTERED), 0,
	    1, 1 },
	{ KEY, "", GUESS, false, 0, LATER_ON, 0, 1, 1 },
	{ KEY, "", GUESS, true, 0, NO(NULL_SENDER), 0, 1, 1 },
	{ OTHERS, "", "nonsense@sms.example.net", false, 0, LATER_ON, 0,
	    1, 1 },
	{ OTHERS, BOB, GUESS, false, 0, NO(BAD_NUMBER), 0, 1, 1 },
	{ OTHERS, "ann@example.org", GUESS, false, 0, LATER_ON, 0, 1, 1 },
	{ "account a; channel box; domain example.com none; account b; "
	    "channel sms key=Hush1; domain example.org none", BOB, GUESS,
	    true, 0, NO(CHANNEL_OFF), 0, 1, 1 },
	{ "account a; channel sms key=Hush1; domain example.com " NET, BOB,
	    GUESS, true, 0, NO(SECURITY), 0, 1, 1 },
	/* a number is never a keyword, "numbers" is none of a keyword's */
	{ "account a; channel sms key=Hush1 +41*; domain example.com none",
	    BOB, GUESS, true, 0, VERDICT_ACCEPT, REASON_KEYWORD, 0, 1, 1 },
	/* where names are taken: the exact one, and all replies are alike */
	{ KEY, BOB, BOX, false, 0, LATER_ON, 0, 0, 1 },
	{ KEY, BOB, BOX, true, 1, YES, FACT_STRING, 0, 1 },
	{ KEY, BOB, "Hush3@box.example.net", false, 0, LATER_ON, 0, 1, 1 },
	{ KEY, BOB, "Hush3@box.example.net", true, 0, VERDICT_ACCEPT,
	    REASON_KEYWORD, 0, 1, 1 },
	{ KEY, BOB, "Hush1@box.example.net", true, 1, NO(WRONG_KEYWORD), 0,
	    1, 1 },
	{ "account a; channel sms key=Hush1; channel box; domain example.com "
	    "none", BOB, "Hush1@box.example.net", true, 1, NO(WRONG_KEYWORD),
	    0, 1, 1 },
	{ "account a; channel sms key=Hush1; channel box; domain example.com "
	    "none", BOB, BOX, true, 0, YES, 0, 0, 1 },
	{ KEY, BOB, "Hush1@nowhere.example", true, 0, NO(NO_CHANNEL), 0, 0, 1 },
	{ KEY, "eve@example.org", "Hush3@box.example.net", true, 0,
	    NO(NOT_REGISTERED), 0, 0, 1 },
	{ KEY, "eve@example.org", BOX, true, 0, NO(NOT_REGISTERED), 0,
	    0, 1 },
};

static void
strings_and_keywords(void **state)
{
	struct site_verdict v;
	struct site s;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct site_mail mail = { .sender = rows[i].sender,
		    .recipient = rows[i].recipient, .from = OUTSIDE,
		    .header = rows[i].header, .string = rows[i].string };

		site_make(&s, rows[i].policy);
		site_judge(&s, &mail, &v);
		if (v.d.verdict != rows[i].verdict ||
		    v.d.reason != rows[i].reason ||
		    v.asked != rows[i].asked ||
		    v.d.keyword != rows[i].keyword ||
		    v.d.hide_reply != rows[i].hide_reply)
			fail_msg("row %zu { %s } <%s> to <%s>:\n%s", i,
			    rows[i].policy, rows[i].sender, rows[i].recipient,
			    v.all);
		assert_null(strstr(v.all, "Hush1 "));
		site_free(&s);
	}
}

/* Delivered all the same; a wrong keyword of a sender who is let is not. */
static void
monitor_mode(void **state)
{
	struct site_mail mail = { .sender = BOB, .recipient = SMS,
	    .from = OUTSIDE, .header = true, .string = 0 };
	struct site_verdict v;
	struct site s;

	(void)state;
	site_make(&s, "account a monitor; channel sms key=Hush1; "
	    "domain example.com " NET);
	site_judge(&s, &mail, &v);
	assert_int_equal(v.d.verdict, VERDICT_ACCEPT);
	assert_int_equal(v.d.reason, REASON_SECURITY);
	assert_true(v.d.would_refuse);
	/* else whoever forges the sender could try keywords here */
	mail.recipient = GUESS;
	site_judge(&s, &mail, &v);
	assert_int_equal(v.d.verdict, VERDICT_ACCEPT);
	assert_int_equal(v.d.reason, REASON_SECURITY);
	assert_true(v.d.keyword);
	assert_true(v.d.would_refuse);
	mail.recipient = "hush@sms.example.net";
	site_judge(&s, &mail, &v);
	assert_int_equal(v.d.verdict, VERDICT_ACCEPT);
	assert_int_equal(v.d.reason, REASON_SECURITY);
	assert_true(v.d.keyword);
	assert_true(v.d.would_refuse);
	site_free(&s);
	site_make(&s, "account a monitor; channel sms key=Hush1; "
	    "domain example.com none");
	site_judge(&s, &mail, &v);
	assert_int_equal(v.d.verdict, VERDICT_REFUSE);
	assert_int_equal(v.d.reason, REASON_WRONG_KEYWORD);
	assert_false(v.d.would_refuse);
	site_free(&s);
	mail.recipient = SMS;
	site_make(&s, "account a monitor; channel sms string; "
	    "domain example.com none");
	site_judge(&s, &mail, &v);
	assert_int_equal(v.d.verdict, VERDICT_ACCEPT);
	assert_int_equal(v.d.reason, REASON_STRING);
	assert_true(v.d.would_refuse);
	site_free(&s);
}

/* How the search went is a step that a person can use. */
static void
steps_tell_where(void **state)
{
	struct site_mail mail = { .sender = BOB, .recipient = SMS,
	    .from = OUTSIDE, .header = true, .string = 1 };
	struct site_verdict v;
	struct site s;

	(void)state;
	site_make(&s, STRING);
	site_judge(&s, &mail, &v);
	assert_non_null(strstr(v.all, "security string: alternative 2 stands "
	    "in field Subject, 9 bytes in\n"));
	mail.string = 0;
	site_judge(&s, &mail, &v);
	assert_non_null(strstr(v.all, "security string missing: alternative 2 "
	    "came nearest, 3 of its 7 characters, in field Subject\n"));
	site_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_and_keywords),
		cmocka_unit_test(monitor_mode),
		cmocka_unit_test(steps_tell_where),
	};

	return cmocka_run_group_tests_name("rules_string", tests, NULL, NULL);
}
