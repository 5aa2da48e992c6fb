/*
 * The rules' last word: does the message come from where it should?  Every
 * set of security words, from everywhere, before and after the header; what
 * is asked for, and what its answers come to.
 */
#include "rules_site.h"

#define BOX		"desk@box.example.net"
#define BOB		"bob@example.com"
#define NET		"192.0.2.0/24"
#define IN_NET		"192.0.2.7"
#define OUTSIDE		"198.51.100.7"
#define ELSEWHERE	"203.0.113.0/24"

#define ASKING		(SECURITY_SPF | SECURITY_GOOGLE | SECURITY_OUTLOOK)
#define NEEDS_ADDRESS	(SECURITY_LOCAL | ASKING)
#define IN_HEADER	(SECURITY_DKIM | SECURITY_DMARC)
#define ALL_WORDS	(SECURITY_NONE | NEEDS_ADDRESS | IN_HEADER)

static const char *const froms[] = { UNKNOWN, LOCAL, LATER, IN_NET, OUTSIDE,
    "2001:db8::7" };
static const char *const nets[] = { "", NET, ELSEWHERE,
    ELSEWHERE " 2001:db8::/32 " NET };

struct wish {
	enum verdict	 verdict;
	enum reason	 reason;
	unsigned int	 asked;
};

static unsigned int
facts_of(unsigned int words)
{
	return (words & SECURITY_SPF ? FACT_SPF : 0) |
	    (words & SECURITY_GOOGLE ? FACT_GOOGLE : 0) |
	    (words & SECURITY_OUTLOOK ? FACT_OUTLOOK : 0);
}

static bool
free_pass(unsigned int words, const char *net, const struct site_mail *mail)
{
	bool six = strchr(mail->from, ':') != NULL;

	return (words & SECURITY_NONE) ||
	    ((words & SECURITY_LOCAL) && strcmp(mail->from, LOCAL) == 0) ||
	    (strcmp(mail->from, IN_NET) == 0 && strstr(net, NET) != NULL) ||
	    (six && strchr(net, ':') != NULL) ||
	    (mail->header && (words & SECURITY_DKIM) && mail->dkim) ||
	    (mail->header && (words & SECURITY_DMARC) && mail->dmarc);
}

/* What DESIGN says of a set of words where all the DNS answers is "none": what
 * holds for free is not asked for, and what needs an address that is not known
 * is no "no". */
static struct wish
wanted(unsigned int words, const char *net, const struct site_mail *mail)
{
	bool local = strcmp(mail->from, LOCAL) == 0;
	bool later = strcmp(mail->from, LATER) == 0;
	bool unknown = later || strcmp(mail->from, UNKNOWN) == 0;
	bool wait = !mail->header && (words & IN_HEADER);
	struct wish w = { VERDICT_ACCEPT, REASON_OK, 0 };

	if (free_pass(words, net, mail))
		return w;
	if (unknown && (*net != '\0' || (words & NEEDS_ADDRESS))) {
		w.verdict = wait || later ? VERDICT_AFTER_DATA :
		    VERDICT_DEFER;
		w.reason = REASON_CLIENT_UNKNOWN;
	} else {
		w.asked = local ? 0 : facts_of(words);
		w.verdict = wait ? VERDICT_AFTER_DATA : VERDICT_REFUSE;
		w.reason = REASON_SECURITY;
	}
	if (w.verdict == VERDICT_AFTER_DATA)
		w.reason = REASON_OK;
	return w;
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

/* Monitor mode turns into a pass what is a "no" or a "could not tell". */
static void
check_wish(struct site *s, const struct site_mail *mail, struct wish w,
    bool enforce, const char *policy)
{
	bool passes = !enforce && w.verdict != VERDICT_AFTER_DATA;
	struct site_verdict v;

	site_judge(s, mail, &v);
	if (v.d.reason != w.reason || v.asked != w.asked ||
	    v.d.verdict != (passes ? VERDICT_ACCEPT : w.verdict))
		fail_msg("{ %s } from %s, header %d dkim %d dmarc %d, spf %s "
		    "google %s outlook %s: asked %u, not %u, %s",
		    policy, mail->from, mail->header, mail->dkim, mail->dmarc,
		    spf_result_name(mail->spf), spf_result_name(mail->google),
		    spf_result_name(mail->outlook), v.asked, w.asked, v.last);
	assert_int_equal(v.d.would_refuse, passes && w.reason != REASON_OK);
	assert_int_equal(v.rounds, w.asked != 0);
	assert_non_null(v.d.source);
}

static unsigned int
check_headers(struct site *s, unsigned int words, const char *net,
    bool enforce, const char *policy)
{
	struct site_mail mail = { .sender = BOB, .recipient = BOX };
	unsigned int bits, n = 0;
	size_t from;

	for (from = 0; from < NELEM(froms); from++)
		for (bits = 0; bits < 8; bits++) {
			/* with the header, nothing is told later */
			if ((bits & 1) && strcmp(froms[from], LATER) == 0)
				continue;
			mail.from = froms[from];
			mail.header = bits & 1;
			mail.dkim = bits & 2;
			mail.dmarc = bits & 4;
			check_wish(s, &mail, wanted(words, net, &mail),
			    enforce, policy);
			n++;
		}
	return n;
}

static void
every_set_of_words_from_everywhere(void **state)
{
	unsigned int words, n = 0;
	char policy[512];
	struct site s;
	size_t net;
	int enforce;

	(void)state;
	for (words = 0; words <= ALL_WORDS; words++)
		for (net = 0; net < NELEM(nets); net++)
			for (enforce = 0; enforce < 2; enforce++) {
				write_policy(policy, sizeof(policy),
				    enforce ? "" : "monitor", words,
				    nets[net]);
				site_make(&s, policy);
				n += check_headers(&s, words, nets[net],
				    enforce, policy);
				site_free(&s);
			}
	assert_int_equal(n, 128 * 4 * 2 * (5 * 8 + 4));
}

/* The results of the words that ask: a pass is enough, what could not tell
 * defers, and SPF's own "no" is told in its own words. */
static struct wish
weighed(unsigned int words, const struct site_mail *mail)
{
	struct wish w = { VERDICT_REFUSE, REASON_SECURITY, facts_of(words) };
	bool spf = words & SECURITY_SPF, google = words & SECURITY_GOOGLE,
	    outlook = words & SECURITY_OUTLOOK;

	if ((spf && mail->spf == SPF_PASS) ||
	    (google && mail->google == SPF_PASS) ||
	    (outlook && mail->outlook == SPF_PASS)) {
		w.verdict = VERDICT_ACCEPT;
		w.reason = REASON_OK;
	} else if ((spf && mail->spf == SPF_TEMPERROR) ||
	    (google && mail->google >= SPF_TEMPERROR) ||
	    (outlook && mail->outlook >= SPF_TEMPERROR)) {
		w.verdict = VERDICT_DEFER;
		w.reason = REASON_DNS;
	} else if (spf && mail->spf == SPF_FAIL)
		w.reason = REASON_SPF_FAIL;
	else if (spf && mail->spf == SPF_PERMERROR)
		w.reason = REASON_SPF_PERMERROR;
	if ((words & IN_HEADER) && !mail->header && w.reason != REASON_OK) {
		w.verdict = VERDICT_AFTER_DATA;
		w.reason = REASON_OK;
	}
	return w;
}

static void
check_results(struct site *s, unsigned int words, bool enforce,
    const char *policy)
{
	struct site_mail mail = { .sender = BOB, .recipient = BOX,
	    .from = OUTSIDE };
	unsigned int n;

	for (n = 0; n < 2 * SPF_RESULTS * SPF_RESULTS * SPF_RESULTS; n++) {
		mail.header = n & 1;
		mail.spf = n / 2 % SPF_RESULTS;
		mail.google = n / 2 / SPF_RESULTS % SPF_RESULTS;
		mail.outlook = n / 2 / SPF_RESULTS / SPF_RESULTS;
		check_wish(s, &mail, weighed(words, &mail), enforce, policy);
	}
}

static void
every_result_of_every_word_that_asks(void **state)
{
	static const unsigned int beside[] = { 0, SECURITY_LOCAL,
	    SECURITY_DKIM, SECURITY_DMARC };
	unsigned int words, checked = 0;
	char policy[512];
	struct site s;
	size_t i;

	(void)state;
	assert_int_equal(SPF_RESULTS, 7);
	for (words = SECURITY_SPF; words <= ASKING; words += SECURITY_SPF)
		for (i = 0; i < 2 * NELEM(beside); i++, checked++) {
			write_policy(policy, sizeof(policy), i % 2 == 0 ?
			    "" : "monitor", words | beside[i / 2], ELSEWHERE);
			site_make(&s, policy);
			check_results(&s, words | beside[i / 2], i % 2 == 0,
			    policy);
			site_free(&s);
		}
	assert_int_equal(checked, 7 * 8);
}

#define YES		VERDICT_ACCEPT, REASON_OK
#define NO(reason)	VERDICT_REFUSE, REASON_##reason
#define WHO		VERDICT_DEFER, REASON_CLIENT_UNKNOWN
#define DNS		VERDICT_DEFER, REASON_DNS
#define WAIT		VERDICT_AFTER_DATA, REASON_OK

/* The same in plain words, in case that wanted() is wrong too.  The three
 * that ask all get the same answer. */
static const struct {
	const char	*words, *from;
	enum spf_result	 result;
	enum verdict	 verdict;
	enum reason	 reason;
	unsigned int	 asked;
} plain[] = {
	{ "none", UNKNOWN, SPF_FAIL, YES, 0 },
	{ "none", OUTSIDE, SPF_FAIL, YES, 0 },
	{ "none spf", UNKNOWN, SPF_FAIL, YES, 0 },
	{ "none dkim", LATER, SPF_FAIL, YES, 0 },
	{ "local", LOCAL, SPF_FAIL, YES, 0 },
	{ "local", OUTSIDE, SPF_PASS, NO(SECURITY), 0 },
	{ "local", UNKNOWN, SPF_PASS, WHO, 0 },
	{ "local", LATER, SPF_PASS, WAIT, 0 },
	{ "local", "127.0.0.1", SPF_PASS, NO(SECURITY), 0 },
	{ "spf", LOCAL, SPF_PASS, NO(SECURITY), 0 },
	{ "spf", UNKNOWN, SPF_PASS, WHO, 0 },
	{ "spf", LATER, SPF_PASS, WAIT, 0 },
	{ "spf", "127.0.0.1", SPF_PASS, YES, FACT_SPF },
	{ "spf", OUTSIDE, SPF_PASS, YES, FACT_SPF },
	{ "spf", OUTSIDE, SPF_NONE, NO(SECURITY), FACT_SPF },
	{ "spf", OUTSIDE, SPF_NEUTRAL, NO(SECURITY), FACT_SPF },
	{ "spf", OUTSIDE, SPF_SOFTFAIL, NO(SECURITY), FACT_SPF },
	{ "spf", OUTSIDE, SPF_FAIL, NO(SPF_FAIL), FACT_SPF },
	{ "spf", OUTSIDE, SPF_PERMERROR, NO(SPF_PERMERROR), FACT_SPF },
	{ "spf", OUTSIDE, SPF_TEMPERROR, DNS, FACT_SPF },
	{ "google", OUTSIDE, SPF_PASS, YES, FACT_GOOGLE },
	{ "google", OUTSIDE, SPF_FAIL, NO(SECURITY), FACT_GOOGLE },
	{ "google", OUTSIDE, SPF_NONE, NO(SECURITY), FACT_GOOGLE },
	{ "google", OUTSIDE, SPF_PERMERROR, DNS, FACT_GOOGLE },
	{ "google", OUTSIDE, SPF_TEMPERROR, DNS, FACT_GOOGLE },
	{ "google", UNKNOWN, SPF_PASS, WHO, 0 },
	{ "outlook", OUTSIDE, SPF_PASS, YES, FACT_OUTLOOK },
	{ "outlook", OUTSIDE, SPF_SOFTFAIL, NO(SECURITY), FACT_OUTLOOK },
	{ "outlook", OUTSIDE, SPF_PERMERROR, DNS, FACT_OUTLOOK },
	{ "outlook", LOCAL, SPF_PASS, NO(SECURITY), 0 },
	{ "spf google", OUTSIDE, SPF_FAIL, NO(SPF_FAIL),
	    FACT_SPF | FACT_GOOGLE },
	{ "spf outlook", OUTSIDE, SPF_PERMERROR, DNS,
	    FACT_SPF | FACT_OUTLOOK },
	/* the header may still tell, and is not asked before it came */
	{ "dkim", UNKNOWN, SPF_FAIL, WAIT, 0 },
	{ "dmarc", LOCAL, SPF_FAIL, WAIT, 0 },
	{ "dkim local", UNKNOWN, SPF_FAIL, WAIT, 0 },
	{ "dkim spf", OUTSIDE, SPF_FAIL, WAIT, FACT_SPF },
	{ "dkim spf", OUTSIDE, SPF_TEMPERROR, WAIT, FACT_SPF },
	{ "dkim spf", OUTSIDE, SPF_PASS, YES, FACT_SPF },
	{ "dmarc spf", UNKNOWN, SPF_PASS, WAIT, 0 },
	{ NET, IN_NET, SPF_FAIL, YES, 0 },
	{ NET, "192.0.2.255", SPF_FAIL, YES, 0 },
	{ NET, "192.0.3.0", SPF_PASS, NO(SECURITY), 0 },
	{ NET, "::ffff:192.0.2.7", SPF_FAIL, YES, 0 },
	{ NET, "c000:207::", SPF_PASS, NO(SECURITY), 0 },
	{ NET, LOCAL, SPF_PASS, NO(SECURITY), 0 },
	{ NET, UNKNOWN, SPF_PASS, WHO, 0 },
	{ NET, LATER, SPF_PASS, WAIT, 0 },
	{ NET " spf", IN_NET, SPF_FAIL, YES, 0 },
	{ NET " spf", OUTSIDE, SPF_PASS, YES, FACT_SPF },
	{ NET " dkim", UNKNOWN, SPF_PASS, WAIT, 0 },
	{ NET " local", LOCAL, SPF_FAIL, YES, 0 },
	{ "", IN_NET, SPF_PASS, NO(SECURITY), 0 },
	{ "", UNKNOWN, SPF_PASS, NO(SECURITY), 0 },
	{ "", LATER, SPF_PASS, NO(SECURITY), 0 },
};

static void
words_in_plain_words(void **state)
{
	char policy[256];
	struct site s;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(plain); i++) {
		struct site_mail mail = { .sender = BOB, .recipient = BOX,
		    .from = plain[i].from, .spf = plain[i].result,
		    .google = plain[i].result, .outlook = plain[i].result };
		struct wish w = { plain[i].verdict, plain[i].reason,
		    plain[i].asked };

		write_policy(policy, sizeof(policy), "", 0, plain[i].words);
		site_make(&s, policy);
		check_wish(&s, &mail, w, true, policy);
		site_free(&s);
	}
}

/* Before the header they are nobody's; each word reads its own alone. */
static void
dkim_and_dmarc_pass_for_free(void **state)
{
	static const struct {
		const char *words, *from;
		bool header, dkim, dmarc;
		enum verdict verdict;
		enum reason reason;
		unsigned int asked;
	} rows[] = {
		{ "dkim", UNKNOWN, true, true, false, YES, 0 },
		{ "dkim", UNKNOWN, true, false, true, NO(SECURITY), 0 },
		{ "dmarc", UNKNOWN, true, false, true, YES, 0 },
		{ "dmarc", UNKNOWN, true, true, false, NO(SECURITY), 0 },
		{ "dkim", OUTSIDE, false, true, true, WAIT, 0 },
		{ "spf dkim", OUTSIDE, true, true, false, YES, 0 },
		{ "spf dkim", UNKNOWN, true, true, false, YES, 0 },
		{ "spf dkim", UNKNOWN, true, false, true, WHO, 0 },
		{ "spf dmarc", OUTSIDE, true, true, false, NO(SPF_FAIL),
		    FACT_SPF },
		{ "google outlook dmarc", OUTSIDE, true, false, true, YES,
		    0 },
		{ "spf", OUTSIDE, true, true, true, NO(SPF_FAIL), FACT_SPF },
		{ "local", OUTSIDE, true, true, true, NO(SECURITY), 0 },
		{ NET " dkim", OUTSIDE, true, false, false, NO(SECURITY), 0 },
	};
	char policy[256];
	struct site s;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct site_mail mail = { .sender = BOB, .recipient = BOX,
		    .from = rows[i].from, .header = rows[i].header,
		    .dkim = rows[i].dkim, .dmarc = rows[i].dmarc,
		    .spf = SPF_FAIL };
		struct wish w = { rows[i].verdict, rows[i].reason,
		    rows[i].asked };

		write_policy(policy, sizeof(policy), "", 0, rows[i].words);
		site_make(&s, policy);
		check_wish(&s, &mail, w, true, policy);
		site_free(&s);
	}
}

static void
replies_of_the_dns_have_their_codes(void **state)
{
	static const struct {
		enum reason reason;
		int code;
		const char *enhanced;
	} rows[] = {
		{ REASON_SECURITY, 550, "5.7.1" },
		{ REASON_SPF_FAIL, 550, "5.7.23" },
		{ REASON_SPF_PERMERROR, 550, "5.7.24" },
		{ REASON_DNS, 451, "4.7.24" },
		{ REASON_NOT_VERIFIED, 550, "5.7.1" },
		{ REASON_CLIENT_UNKNOWN, 451, "4.7.1" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		const struct reason_words *w = reason_words(rows[i].reason);

		assert_int_equal(w->code, rows[i].code);
		assert_string_equal(w->enhanced, rows[i].enhanced);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_set_of_words_from_everywhere),
		cmocka_unit_test(every_result_of_every_word_that_asks),
		cmocka_unit_test(words_in_plain_words),
		cmocka_unit_test(dkim_and_dmarc_pass_for_free),
		cmocka_unit_test(replies_of_the_dns_have_their_codes),
	};

	return cmocka_run_group_tests_name("rules_security", tests, NULL,
	    NULL);
}
