/*
 * The rules: verified domains, monitor mode, and that nothing is asked for
 * where what is known already decides.
 */
#include "rules_site.h"

#define BOX		"desk@box.example.net"
#define BOB		"bob@example.com"
#define NET		"192.0.2.0/24"
#define IN_NET		"192.0.2.7"
#define OUTSIDE		"198.51.100.7"
#define ELSEWHERE	"203.0.113.0/24"

#define YES		VERDICT_ACCEPT, REASON_OK
#define NO(reason)	VERDICT_REFUSE, REASON_##reason
#define WHO		VERDICT_DEFER, REASON_CLIENT_UNKNOWN
#define WAIT		VERDICT_AFTER_DATA, REASON_OK

struct wish {
	enum verdict	 verdict;
	enum reason	 reason;
	unsigned int	 asked;
};

#define VERIFY		"domain example.com spf verify"
#define BOX_OF		"; channel box; "

/* A domain is looked up where it won and all that is for free let it pass;
 * one that is not verified costs no question of the DNS. */
static void
domains_are_verified_first(void **state)
{
	static const struct {
		const char *policy;
		int verified;
		enum spf_result spf;
		struct wish wish;
		int rounds;
		bool would_refuse;
	} rows[] = {
		{ "account a" BOX_OF VERIFY, 1, SPF_PASS,
		    { YES, FACT_VERIFIED | FACT_SPF }, 2, false },
		{ "account a" BOX_OF VERIFY, 1, SPF_FAIL,
		    { NO(SPF_FAIL), FACT_VERIFIED | FACT_SPF }, 2, false },
		{ "account a" BOX_OF VERIFY, 0, SPF_PASS,
		    { NO(NOT_VERIFIED), FACT_VERIFIED }, 1, false },
		{ "account a" BOX_OF VERIFY, -1, SPF_PASS,
		    { VERDICT_DEFER, REASON_INTERNAL, FACT_VERIFIED }, 1,
		    false },
		{ "account a" BOX_OF "domain example.com none verify", 1,
		    SPF_FAIL, { YES, FACT_VERIFIED }, 1, false },
		{ "account a" BOX_OF "domain example.com none verify", 0,
		    SPF_PASS, { NO(NOT_VERIFIED), FACT_VERIFIED }, 1, false },
		/* nothing that is refused for free is looked up */
		{ "account a; channel sms; " VERIFY, 1, SPF_PASS,
		    { NO(CHANNEL_OFF), 0 }, 0, false },
		{ "account a" BOX_OF VERIFY "; email bob@example.com none", 0,
		    SPF_FAIL, { YES, 0 }, 0, false },
		{ "account a" BOX_OF "domain example.com none", 0, SPF_FAIL,
		    { YES, 0 }, 0, false },
		/* monitor mode tells the first thing that is wrong */
		{ "account a monitor" BOX_OF VERIFY, 0, SPF_PASS,
		    { VERDICT_ACCEPT, REASON_NOT_VERIFIED,
		    FACT_VERIFIED | FACT_SPF }, 2, true },
		{ "account a monitor" BOX_OF VERIFY, 0, SPF_FAIL,
		    { VERDICT_ACCEPT, REASON_NOT_VERIFIED,
		    FACT_VERIFIED | FACT_SPF }, 2, true },
		{ "account a monitor" BOX_OF VERIFY, 1, SPF_FAIL,
		    { VERDICT_ACCEPT, REASON_SPF_FAIL,
		    FACT_VERIFIED | FACT_SPF }, 2, true },
		{ "account a monitor" BOX_OF VERIFY, 1, SPF_PASS,
		    { YES, FACT_VERIFIED | FACT_SPF }, 2, false },
		/* a failure of ours is no reason to let all in */
		{ "account a monitor" BOX_OF VERIFY, -1, SPF_PASS,
		    { VERDICT_DEFER, REASON_INTERNAL, FACT_VERIFIED }, 1,
		    false },
	};
	struct site_verdict v;
	struct site s;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct site_mail mail = { .sender = BOB, .recipient = BOX,
		    .from = OUTSIDE, .verified = rows[i].verified,
		    .spf = rows[i].spf };

		site_make(&s, rows[i].policy);
		site_judge(&s, &mail, &v);
		if (v.d.verdict != rows[i].wish.verdict ||
		    v.d.reason != rows[i].wish.reason ||
		    v.asked != rows[i].wish.asked ||
		    v.rounds != rows[i].rounds ||
		    v.d.would_refuse != rows[i].would_refuse)
			fail_msg("row %zu: asked %u in %d rounds\n%s", i,
			    v.asked, v.rounds, v.all);
		site_free(&s);
	}
}

/* Of three facts that could be asked for, nothing is where a probe, a bad
 * number or a rewritten sender has decided. */
static void
what_is_refused_for_free_costs_no_question(void **state)
{
	static const struct {
		const char *sender, *recipient;
		enum verdict verdict;
		enum reason reason;
	} rows[] = {
		{ "", BOX, WAIT },
		{ "double-bounce@example.com", BOX, WAIT },
		{ BOB, "x@example.net", NO(NO_CHANNEL) },
		{ BOB, "x@sms.example.net", NO(BAD_NUMBER) },
		{ BOB, "4711@sms.example.net", NO(NUMBER_NOT_ALLOWED) },
		{ BOB, "x@robot.example.net", NO(CHANNEL_OFF) },
		{ "eve@evil.example", BOX, NO(NOT_REGISTERED) },
		{ "SRS0=H=T=y.example=x@example.com", BOX, NO(REWRITTEN) },
	};
	struct site_verdict v;
	struct site s;
	size_t i;

	(void)state;
	site_make(&s, "account a; channel sms; channel box; "
	    "domain example.com spf google outlook verify");
	for (i = 0; i < NELEM(rows); i++) {
		struct site_mail mail = { .sender = rows[i].sender,
		    .recipient = rows[i].recipient, .from = OUTSIDE };

		site_judge(&s, &mail, &v);
		assert_int_equal(v.d.verdict, rows[i].verdict);
		assert_int_equal(v.d.reason, rows[i].reason);
		assert_int_equal(v.asked, 0);
	}
	site_free(&s);
}

static const struct {
	const char	*policy;
	const char	*sender;
	const char	*from;
	enum verdict	 verdict;
	enum reason	 reason;
	bool		 would_refuse;
} modes[] = {
#define BUT(reason)	VERDICT_ACCEPT, REASON_##reason, true
#define SINCE(reason)	VERDICT_REFUSE, REASON_##reason, false
	/* the server is the security of an ip source */
	{ "account a; channel box; ip 192.0.2.7 203.0.113.9", BOB, IN_NET,
	    YES, false },
	/* monitor mode is for security, and for nothing else */
	{ "account a monitor; channel box; domain example.com " ELSEWHERE,
	    BOB, OUTSIDE, BUT(SECURITY) },
	{ "account a monitor; channel box; domain example.com " NET, BOB,
	    IN_NET, YES, false },
	{ "account a monitor; channel box; domain example.com " NET, BOB,
	    UNKNOWN, BUT(CLIENT_UNKNOWN) },
	{ "account a monitor; channel box; domain example.com spf", BOB,
	    OUTSIDE, BUT(SPF_FAIL) },
	{ "account a monitor; channel box; domain example.com google", BOB,
	    OUTSIDE, BUT(DNS) },
	{ "account a monitor; channel box; domain example.com outlook", BOB,
	    OUTSIDE, YES, false },
	{ "account a monitor; channel box; domain example.com dkim", BOB,
	    OUTSIDE, BUT(SECURITY) },
	{ "account a monitor; channel box; domain example.com none", "x@y",
	    OUTSIDE, SINCE(NOT_REGISTERED) },
	{ "account a monitor; channel box; anyone none", "", OUTSIDE,
	    SINCE(NULL_SENDER) },
	{ "account a monitor; channel box; ip 192.0.2.7", BOB, OUTSIDE,
	    SINCE(NOT_REGISTERED) },
	{ "account a monitor; channel box; ip 192.0.2.7", BOB, UNKNOWN, WHO,
	    false },
	{ "account a monitor; channel sms; domain example.com none", BOB,
	    OUTSIDE, SINCE(CHANNEL_OFF) },
	{ "account a monitor; channel box; domain example.com none",
	    "SRS0=H=T=y.example=x@example.com", OUTSIDE, SINCE(REWRITTEN) },
	/* another account's mode is no help */
	{ "account a; channel box; domain example.com " ELSEWHERE
	    "; account b monitor; channel box; anyone none", BOB, OUTSIDE,
	    SINCE(SECURITY) },
	/* a rate is counted at delivery, not here */
	{ "account a rate; channel box; domain example.com none", BOB,
	    OUTSIDE, YES, false },
	/* the first thing that would refuse it is told */
	{ "account a monitor; channel box string; domain example.com "
	    ELSEWHERE, BOB, OUTSIDE, BUT(SECURITY) },
};

static void
monitor_mode(void **state)
{
	struct site_verdict v;
	struct site s;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(modes); i++) {
		struct site_mail mail = { .sender = modes[i].sender,
		    .recipient = BOX, .from = modes[i].from, .header = true,
		    .spf = SPF_FAIL, .google = SPF_PERMERROR,
		    .outlook = SPF_PASS };

		site_make(&s, modes[i].policy);
		site_judge(&s, &mail, &v);
		if (v.d.verdict != modes[i].verdict ||
		    v.d.reason != modes[i].reason ||
		    v.d.would_refuse != modes[i].would_refuse)
			fail_msg("{ %s } <%s> from %s:\n%s", modes[i].policy,
			    modes[i].sender, modes[i].from, v.all);
		site_free(&s);
	}
}

/* Loops and robots are no matter of security. */
static void
monitor_mode_opens_no_loop(void **state)
{
	struct site_mail mail = { .sender = BOB, .recipient = BOX,
	    .from = OUTSIDE, .header = true, .hops = SITE_HOPS + 1 };
	struct site_verdict v;
	struct site s;

	(void)state;
	site_make(&s, "account a monitor; channel box; domain example.com "
	    ELSEWHERE);
	site_judge(&s, &mail, &v);
	assert_int_equal(v.d.verdict, VERDICT_REFUSE);
	assert_int_equal(v.d.reason, REASON_LOOP);
	assert_false(v.d.would_refuse);
	mail.hops = 0;
	mail.auto_replied = true;
	site_judge(&s, &mail, &v);
	assert_int_equal(v.d.verdict, VERDICT_REFUSE);
	assert_int_equal(v.d.reason, REASON_AUTO_REPLY);
	site_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(domains_are_verified_first),
		cmocka_unit_test(what_is_refused_for_free_costs_no_question),
		cmocka_unit_test(monitor_mode),
		cmocka_unit_test(monitor_mode_opens_no_loop),
	};

	return cmocka_run_group_tests_name("rules_verify", tests, NULL, NULL);
}
