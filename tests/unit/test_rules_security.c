/*
 * The rules' last word: does the message come from where it should?  Every
 * set of security words, from everywhere, enforced and not.
 */
#include "rules_site.h"

#define BOX		"desk@box.example.net"
#define BOB		"bob@example.com"
#define NET		"192.0.2.0/24"
#define IN_NET		"192.0.2.7"
#define OUTSIDE		"198.51.100.7"
#define ELSEWHERE	"203.0.113.0/24"

#define NEEDS_ADDRESS	(SECURITY_LOCAL | SECURITY_SPF | SECURITY_GOOGLE | \
			SECURITY_OUTLOOK)
#define NOT_BUILT	(SECURITY_SPF | SECURITY_GOOGLE | SECURITY_OUTLOOK | \
			SECURITY_DKIM | SECURITY_DMARC)
#define ALL_WORDS	(SECURITY_NONE | SECURITY_LOCAL | NOT_BUILT)

static const char *const froms[] = { UNKNOWN, LOCAL, IN_NET, OUTSIDE,
    "2001:db8::7" };
static const char *const nets[] = { "", NET, ELSEWHERE,
    ELSEWHERE " 2001:db8::/32 " NET };

/* What DESIGN says of a set of words: the first that holds passes, what needs
 * an address that is not known is no "no", nor is what we cannot do yet. */
static enum reason
wanted(unsigned int words, const char *net, const char *from)
{
	bool local = strcmp(from, LOCAL) == 0;
	bool known = !local && strcmp(from, UNKNOWN) != 0;

	if (words & SECURITY_NONE)
		return REASON_OK;
	if ((words & SECURITY_LOCAL) && local)
		return REASON_OK;
	if (strcmp(from, IN_NET) == 0 && strstr(net, NET) != NULL)
		return REASON_OK;
	if (strchr(from, ':') != NULL && strchr(net, ':') != NULL)
		return REASON_OK;
	if (!local && !known && (*net != '\0' || (words & NEEDS_ADDRESS)))
		return REASON_CLIENT_UNKNOWN;
	return words & NOT_BUILT ? REASON_NOT_BUILT : REASON_SECURITY;
}

static enum verdict
verdict_of(enum reason reason)
{
	return reason == REASON_OK ? VERDICT_ACCEPT :
	    reason == REASON_SECURITY ? VERDICT_REFUSE : VERDICT_DEFER;
}

static void
write_policy(char *text, size_t size, const char *account,
    unsigned int words, const char *net)
{
	size_t i;

	snprintf(text, size, "account a %s; channel box; domain example.com %s",
	    account, net);
	for (i = 0; i < NELEM(site_words); i++)
		if (words & site_words[i].word) {
			strlcat(text, " ", size);
			strlcat(text, site_words[i].name, size);
		}
}

static void
check_security(unsigned int words, const char *net, const char *from,
    bool enforce)
{
	struct site_mail mail = { BOB, BOX, from, true, 0, false };
	enum reason reason = wanted(words, net, from);
	struct site_verdict v;
	char policy[512];
	struct site s;

	write_policy(policy, sizeof(policy), enforce ? "" : "monitor", words,
	    net);
	site_make(&s, policy);
	site_judge(&s, &mail, &v);
	if (v.d.reason != reason || v.d.verdict !=
	    (enforce ? verdict_of(reason) : VERDICT_ACCEPT))
		fail_msg("{ %s } from %s: %s", policy, from, v.last);
	assert_int_equal(v.d.would_refuse, !enforce && reason != REASON_OK);
	assert_non_null(v.d.source);
	site_free(&s);
}

static void
every_set_of_words_from_everywhere(void **state)
{
	unsigned int words, n = 0;
	size_t net, from;

	(void)state;
	for (words = 0; words <= ALL_WORDS; words++)
		for (net = 0; net < NELEM(nets); net++)
			for (from = 0; from < NELEM(froms); from++, n++) {
				check_security(words, nets[net], froms[from],
				    true);
				check_security(words, nets[net], froms[from],
				    false);
			}
	assert_int_equal(n, 128 * 4 * 5);
}

/* The same in plain words, in case that wanted() is wrong too. */
static void
words_alone(void **state)
{
	static const struct {
		const char *words, *from;
		enum verdict verdict;
		enum reason reason;
	} rows[] = {
#define YES		VERDICT_ACCEPT, REASON_OK
#define NO		VERDICT_REFUSE, REASON_SECURITY
#define WHO		VERDICT_DEFER, REASON_CLIENT_UNKNOWN
#define NOT_YET		VERDICT_DEFER, REASON_NOT_BUILT
		{ "none", UNKNOWN, YES },
		{ "none", OUTSIDE, YES },
		{ "none spf", UNKNOWN, YES },
		{ "local", LOCAL, YES },
		{ "local", OUTSIDE, NO },
		{ "local", UNKNOWN, WHO },
		{ "local", "127.0.0.1", NO },
		{ "spf", LOCAL, NOT_YET },
		{ "spf", "127.0.0.1", NOT_YET },
		{ "spf", UNKNOWN, WHO },
		{ "google", OUTSIDE, NOT_YET },
		{ "outlook", OUTSIDE, NOT_YET },
		{ "dkim", UNKNOWN, NOT_YET },
		{ "dmarc", UNKNOWN, NOT_YET },
		{ "dmarc", LOCAL, NOT_YET },
		{ NET, IN_NET, YES },
		{ NET, "192.0.2.255", YES },
		{ NET, "192.0.3.0", NO },
		{ NET, "::ffff:192.0.2.7", YES },
		{ NET, "c000:207::", NO },
		{ NET, LOCAL, NO },
		{ NET, UNKNOWN, WHO },
		{ NET " spf", IN_NET, YES },
		{ NET " spf", OUTSIDE, NOT_YET },
		{ NET " dkim", UNKNOWN, WHO },
		{ NET " local", LOCAL, YES },
		{ "", IN_NET, NO },
		{ "", UNKNOWN, NO },
	};
	struct site_verdict v;
	char policy[256];
	struct site s;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct site_mail mail = { BOB, BOX, rows[i].from, false, 0,
		    false };

		write_policy(policy, sizeof(policy), "", 0, rows[i].words);
		site_make(&s, policy);
		site_judge(&s, &mail, &v);
		if (v.d.verdict != rows[i].verdict ||
		    v.d.reason != rows[i].reason)
			fail_msg("{%s} from %s: %s", rows[i].words,
			    rows[i].from, v.last);
		site_free(&s);
	}
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
	    OUTSIDE, BUT(NOT_BUILT) },
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
	    "; account b monitor; channel box; anyone none", BOB, OUTSIDE, NO,
	    false },
	/* what this version cannot do is never a pass */
	{ "account a rate; channel box; domain example.com none", BOB,
	    OUTSIDE, NOT_YET, false },
	{ "account a rate; channel box; ip 192.0.2.7", BOB, IN_NET, NOT_YET,
	    false },
	{ "account a; channel box; domain example.com none verify", BOB,
	    OUTSIDE, NOT_YET, false },
	{ "account a; channel box string; domain example.com none", BOB,
	    OUTSIDE, NOT_YET, false },
	{ "account a; channel box; channel sms string; domain example.com "
	    "none", BOB, OUTSIDE, YES, false },
	{ "account a; channel box; domain example.com none verify; "
	    "email bob@example.com none", BOB, OUTSIDE, YES, false },
	{ "account a; channel box string; domain example.com " ELSEWHERE, BOB,
	    OUTSIDE, NO, false },
	{ "account a monitor; channel box; domain example.com none verify",
	    BOB, OUTSIDE, BUT(NOT_BUILT) },
	{ "account a monitor; channel box string; domain example.com none",
	    BOB, OUTSIDE, BUT(NOT_BUILT) },
	/* the first thing that would refuse it is told */
	{ "account a monitor; channel box string; domain example.com "
	    ELSEWHERE, BOB, OUTSIDE, BUT(SECURITY) },
};

static void
monitor_mode_and_what_is_not_built(void **state)
{
	struct site_verdict v;
	struct site s;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(modes); i++) {
		struct site_mail mail = { modes[i].sender, BOX, modes[i].from,
		    true, 0, false };

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

/* A rate is a limit on cost, not security: monitor mode leaves it in force. */
static void
monitor_mode_opens_no_loop_and_no_rate(void **state)
{
	struct site_mail mail = { BOB, BOX, OUTSIDE, true, SITE_HOPS + 1,
	    false };
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
	mail.auto_replied = false;
	site_make(&s, "account a monitor rate; channel box; "
	    "domain example.com " ELSEWHERE);
	site_judge(&s, &mail, &v);
	assert_int_equal(v.d.verdict, VERDICT_DEFER);
	assert_int_equal(v.d.reason, REASON_NOT_BUILT);
	site_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_set_of_words_from_everywhere),
		cmocka_unit_test(words_alone),
		cmocka_unit_test(monitor_mode_and_what_is_not_built),
		cmocka_unit_test(monitor_mode_opens_no_loop_and_no_rate),
	};

	return cmocka_run_group_tests_name("rules_security", tests, NULL,
	    NULL);
}
