/*
 * The rules: recipients and their numbers, probes, headers, and the trace.
 */
#include "rules_site.h"

#define PHONE		"+41791234567@sms.example.net"
#define BOX		"desk@box.example.net"
#define ALICE		"alice@example.com"
#define BOB		"bob@example.com"
#define SERVER		"192.0.2.7"

#define BOTH		"; channel sms; channel box"
#define EMAIL		"account a" BOTH "; email alice@example.com none"
#define DOMAIN		"account a" BOTH "; domain example.com none"
#define IP		"account a" BOTH "; ip 192.0.2.7"
#define ANYONE		"account a" BOTH "; anyone none"
#define ALL		"account a" BOTH "; anyone none; ip 192.0.2.7; " \
			"domain example.com none; " \
			"email alice@example.com none"

#define YES		VERDICT_ACCEPT, REASON_OK
#define NO(reason)	VERDICT_REFUSE, REASON_##reason

static const struct {
	const char	*local;
	const char	*numbers;	/* patterns */
	enum reason	 reason;
	const char	*number;	/* "" where it is bad */
} numbers[] = {
	{ "+41791234567", "", REASON_OK, "+41791234567" },
	{ "0041791234567", "", REASON_OK, "+41791234567" },
	{ "079.123.45.67", "", REASON_OK, "+41791234567" },
	{ "+41(0)79-123-45-67", "", REASON_OK, "+41791234567" },
	{ "4915112345678", "", REASON_OK, "+4915112345678" },
	{ "\"+41 79 123\"", "", REASON_OK, "+4179123" },
	{ "alice", "", REASON_BAD_NUMBER, "" },
	{ "+", "", REASON_BAD_NUMBER, "" },
	{ "+4179a", "", REASON_BAD_NUMBER, "" },
	{ "12", "", REASON_BAD_NUMBER, "" },
	{ "+1234567890123456", "", REASON_BAD_NUMBER, "" },
	{ "+41791234567", "+41*", REASON_OK, "+41791234567" },
	{ "+41791234567", "+49* +41*", REASON_OK, "+41791234567" },
	{ "0791234567", "+4179*", REASON_OK, "+41791234567" },
	{ "+41791234567", "+49*", REASON_NUMBER_NOT_ALLOWED,
	    "+41791234567" },
	{ "+41791234567", "+41", REASON_NUMBER_NOT_ALLOWED, "+41791234567" },
	{ "+41791234567", "41*", REASON_NUMBER_NOT_ALLOWED, "+41791234567" },
	{ "+41791234567", "*", REASON_OK, "+41791234567" },
	{ "+141791234567", "+41*", REASON_NUMBER_NOT_ALLOWED,
	    "+141791234567" },
	/* short codes: only where a pattern names them */
	{ "4711", "", REASON_NUMBER_NOT_ALLOWED, "4711" },
	{ "4711", "*", REASON_NUMBER_NOT_ALLOWED, "4711" },
	{ "4711", "+*", REASON_NUMBER_NOT_ALLOWED, "4711" },
	{ "4711", "####", REASON_NUMBER_NOT_ALLOWED, "4711" },
	{ "4711", "[4]711", REASON_NUMBER_NOT_ALLOWED, "4711" },
	{ "4711", "+4711", REASON_NUMBER_NOT_ALLOWED, "4711" },
	{ "4711", "4712", REASON_NUMBER_NOT_ALLOWED, "4711" },
	{ "4711", "* 4711", REASON_OK, "4711" },
	{ "4711", "47##", REASON_OK, "4711" },
	{ "4711", "?711", REASON_NUMBER_NOT_ALLOWED, "4711" },
	{ "911", "9##", REASON_OK, "911" },
	{ "471100", "4711*", REASON_OK, "471100" },
	{ "4711000", "4711*", REASON_NUMBER_NOT_ALLOWED, "+4711000" },
	{ "+4711", "4711", REASON_NUMBER_NOT_ALLOWED, "+4711" },
	{ "+4711", "+4711", REASON_OK, "+4711" },
};

static void
numbers_and_short_codes(void **state)
{
	char policy[256], rcpt[128];
	struct site_mail mail = { .sender = BOB, .from = UNKNOWN };
	struct site_verdict v;
	struct site s;
	size_t i;

	(void)state;
	mail.recipient = rcpt;
	for (i = 0; i < NELEM(numbers); i++) {
		snprintf(policy, sizeof(policy), "account a; channel sms %s; "
		    "anyone none", numbers[i].numbers);
		snprintf(rcpt, sizeof(rcpt), "%s@sms.example.net",
		    numbers[i].local);
		site_make(&s, policy);
		site_judge(&s, &mail, &v);
		if (v.d.reason != numbers[i].reason)
			fail_msg("%s by {%s}: %s", numbers[i].local,
			    numbers[i].numbers,
			    reason_words(v.d.reason)->name);
		assert_string_equal(v.d.number, numbers[i].number);
		site_free(&s);
	}
}

/* A local part that is a name is none the less, and has no number. */
static void
a_name_has_no_number(void **state)
{
	static const char *const names[] = {
		"desk", "4711", "+41791234567", "-x", "\"a b\"",
	};
	struct site_mail mail = { .sender = BOB, .from = UNKNOWN };
	struct site_verdict v;
	char rcpt[64];
	struct site s;
	size_t i;

	(void)state;
	mail.recipient = rcpt;
	/* patterns for numbers do not bind names */
	site_make(&s, "account a; channel box +49*; anyone none");
	for (i = 0; i < NELEM(names); i++) {
		snprintf(rcpt, sizeof(rcpt), "%s@box.example.net", names[i]);
		site_judge(&s, &mail, &v);
		assert_int_equal(v.d.verdict, VERDICT_ACCEPT);
		assert_string_equal(v.d.number, "");
	}
	site_free(&s);
}

static const struct {
	const char	*policy;
	const char	*sender;
	const char	*recipient;
	enum verdict	 before;
	enum reason	 why;
	enum verdict	 after;
	enum reason	 in_the_end;
} probes[] = {
#define PROBED		VERDICT_AFTER_DATA, REASON_OK
	{ EMAIL, "", BOX, PROBED, NO(NULL_SENDER) },
	{ ALL, "", BOX, PROBED, NO(NULL_SENDER) },
	{ IP, "", BOX, PROBED, NO(NULL_SENDER) },
	{ ANYONE, "", BOX, PROBED, NO(NULL_SENDER) },
	{ ANYONE " null-sender", "", BOX, PROBED, YES },
	{ ANYONE " null-sender", BOB, BOX, YES, YES },
	{ "account a" BOTH "; anyone null-sender", "", BOX, PROBED,
	    NO(SECURITY) },
	{ EMAIL, "double-bounce@mx.example", BOX, PROBED,
	    NO(NOT_REGISTERED) },
	{ EMAIL, "Double-Bounce@mx.example", BOX, PROBED,
	    NO(NOT_REGISTERED) },
	{ ANYONE, "double-bounce@mx.example", BOX, PROBED, YES },
	{ DOMAIN, "double-bounce@example.com", BOX, PROBED, YES },
	{ "account a; channel sms; anyone none", "double-bounce@x", BOX,
	    PROBED, NO(CHANNEL_OFF) },
	{ EMAIL, "xdouble-bounce@mx.example", BOX, NO(NOT_REGISTERED),
	    NO(NOT_REGISTERED) },
	/* of the recipient it learns the truth at once */
	{ EMAIL, "", "x@example.net", NO(NO_CHANNEL), NO(NO_CHANNEL) },
	{ EMAIL, "", "x@sms.example.net", NO(BAD_NUMBER), NO(BAD_NUMBER) },
	{ EMAIL, "double-bounce@x", "x@sms.example.net", NO(BAD_NUMBER),
	    NO(BAD_NUMBER) },
	{ EMAIL, "", PHONE, PROBED, NO(NULL_SENDER) },
	{ "account a" BOTH "; anyone null-sender spf", "", BOX, PROBED,
	    NO(SPF_FAIL) },
	{ "account a" BOTH "; domain example.com spf verify",
	    "double-bounce@example.com", BOX, PROBED, NO(NOT_VERIFIED) },
};

static void
probes_are_judged_after_data(void **state)
{
	struct site_mail mail = { .from = SERVER, .spf = SPF_FAIL };
	struct site_verdict v;
	struct site s;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(probes); i++) {
		mail.sender = probes[i].sender;
		mail.recipient = probes[i].recipient;
		site_make(&s, probes[i].policy);
		mail.header = false;
		site_judge(&s, &mail, &v);
		assert_int_equal(v.d.verdict, probes[i].before);
		assert_int_equal(v.d.reason, probes[i].why);
		/* nothing is said, or asked, of a probe's right */
		if (probes[i].before == VERDICT_AFTER_DATA) {
			assert_int_equal(v.asked, 0);
			assert_null(v.d.source);
			assert_null(v.d.grant);
			assert_non_null(v.d.channel);
		}
		mail.header = true;
		site_judge(&s, &mail, &v);
		assert_int_equal(v.d.verdict, probes[i].after);
		assert_int_equal(v.d.reason, probes[i].in_the_end);
		site_free(&s);
	}
}

static void
headers(void **state)
{
	static const struct {
		const char *recipient;
		bool header;
		unsigned int hops;
		bool auto_replied;
		enum verdict verdict;
		enum reason reason;
	} rows[] = {
		{ BOX, true, 0, false, YES },
		{ BOX, true, SITE_HOPS, false, YES },
		{ BOX, true, SITE_HOPS + 1, false, NO(LOOP) },
		{ BOX, true, 1000, true, NO(LOOP) },
		{ BOX, true, SITE_HOPS, true, NO(AUTO_REPLY) },
		{ PHONE, true, 0, true, NO(AUTO_REPLY) },
		{ "x@robot.example.net", true, 0, true, YES },
		{ "x@robot.example.net", true, SITE_HOPS + 1, true,
		    NO(LOOP) },
		/* not valid without the header */
		{ BOX, false, SITE_HOPS + 1, true, YES },
	};
	struct site_verdict v;
	struct site s;
	size_t i;

	(void)state;
	site_make(&s, ANYONE "; channel robot");
	for (i = 0; i < NELEM(rows); i++) {
		struct site_mail mail = {
			.sender = BOB,
			.recipient = rows[i].recipient,
			.from = UNKNOWN,
			.header = rows[i].header,
			.hops = rows[i].hops,
			.auto_replied = rows[i].auto_replied
		};

		site_judge(&s, &mail, &v);
		assert_int_equal(v.d.verdict, rows[i].verdict);
		assert_int_equal(v.d.reason, rows[i].reason);
	}
	site_free(&s);
}

/* It is the answer to "why?": it names what decided, and where that stands. */
static void
the_trace_names_what_decided(void **state)
{
	static const char *const wanted[] = {
		"channel \"sms\" takes <" PHONE "> (site.conf:1)\n",
		"number +41791234567\n",
		"account \"a\", email \"" ALICE "\" (site.conf:103)\n",
		"client " SERVER "\n",
	};
	struct site_mail mail = {
		.sender = ALICE,
		.recipient = PHONE,
		.from = SERVER,
		.header = true
	};
	struct site_verdict v;
	struct site s;
	const char *at;
	size_t i;

	(void)state;
	site_make(&s, ALL);
	site_judge(&s, &mail, &v);
	at = v.all;
	for (i = 0; i < NELEM(wanted); i++) {
		at = strstr(at, wanted[i]);
		if (at == NULL)
			fail_msg("no \"%s\" there in\n%s", wanted[i], v.all);
	}
	site_free(&s);
}

/* What was asked, and what came of it. */
static void
the_trace_names_what_was_asked(void **state)
{
	static const char wanted[] =
	    "domain \"example.com\" is verified\n"
	    "client " SERVER "\n"
	    "spf: softfail\n"
	    "google: temperror\n"
	    "outlook: pass\n"
	    "security holds\n"
	    "accept: recipient ok\n";
	struct site_mail mail = {
		.sender = BOB,
		.recipient = BOX,
		.from = SERVER,
		.header = true,
		.spf = SPF_SOFTFAIL,
		.google = SPF_TEMPERROR,
		.outlook = SPF_PASS,
		.verified = 1
	};
	struct site_verdict v;
	struct site s;

	(void)state;
	site_make(&s, "account a" BOTH "; domain example.com spf google "
	    "outlook verify");
	site_judge(&s, &mail, &v);
	if (strstr(v.all, wanted) == NULL)
		fail_msg("%s", v.all);
	site_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_short_codes),
		cmocka_unit_test(a_name_has_no_number),
		cmocka_unit_test(probes_are_judged_after_data),
		cmocka_unit_test(headers),
		cmocka_unit_test(the_trace_names_what_decided),
		cmocka_unit_test(the_trace_names_what_was_asked),
	};

	return cmocka_run_group_tests_name("rules_recipient", tests, NULL,
	    NULL);
}
