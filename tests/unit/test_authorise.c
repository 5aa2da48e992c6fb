/*
 * What authorise.c asks the resolver and the state directory: no more than
 * the rules need, in the right words.  Whom it proves is
 * test_authorise_proven.c's.
 */
#include "authorise_site.h"

/* The reason, and how often each was asked. */
static void
check(struct rig *rig, enum reason reason, int spf, int google, int outlook)
{
	struct resolver *r = &rig->resolver;

	memset(r->asked, 0, sizeof(r->asked));
	memset(&rig->d, 0xa5, sizeof(rig->d));
	authorise(&rig->evidence, BOX, &rig->d, NULL);
	if (rig->d.reason != reason)
		fail_msg("%s, not %s", reason_words(rig->d.reason)->name,
		    reason_words(reason)->name);
	assert_int_equal(r->asked[0], spf);
	assert_int_equal(r->asked[1], google);
	assert_int_equal(r->asked[2], outlook);
}

static void
what_is_asked_is_what_a_rule_needs(void **state)
{
	struct rig rig;
	struct security *s = &rig.source[0].security;

	(void)state;
	make_rig(&rig);
	rig.resolver.spf = SPF_PASS;
	check(&rig, REASON_OK, 1, 0, 0);
	rig.resolver.spf = SPF_FAIL;
	check(&rig, REASON_SPF_FAIL, 1, 0, 0);
	s->words = SECURITY_GOOGLE | SECURITY_OUTLOOK;
	rig.resolver.outlook = SPF_PASS;
	check(&rig, REASON_OK, 0, 1, 1);
	rig.resolver.outlook = SPF_FAIL;
	rig.resolver.google = SPF_TEMPERROR;
	check(&rig, REASON_DNS, 0, 1, 1);
	/* where something else holds, or decides, nothing is asked */
	s->words |= SECURITY_NONE;
	check(&rig, REASON_OK, 0, 0, 0);
	s->words = SECURITY_SPF | SECURITY_LOCAL;
	rig.origin.local = true;
	rig.origin.client.family = AF_UNSPEC;
	check(&rig, REASON_OK, 0, 0, 0);
	rig.origin.local = false;
	check(&rig, REASON_CLIENT_UNKNOWN, 0, 0, 0);
	rig.origin.later = true;
	check(&rig, REASON_OK, 0, 0, 0);
	assert_int_equal(rig.d.verdict, VERDICT_AFTER_DATA);
	rig.evidence.sender = "eve@evil.example";
	check(&rig, REASON_NOT_REGISTERED, 0, 0, 0);
	assert_int_equal(lookups, 0);
	like_free(rig.channel.recipient);
}

static struct header *
read_block(const char *text)
{
	struct header *h = header_new(HEADER_BYTES_MAX, HEADER_FIELDS_MAX);

	assert_non_null(h);
	if (header_feed(h, text, strlen(text)) == 1)
		assert_int_equal(header_end(h), 0);
	return h;
}

/* The header is searched where there is one, and once for all recipients. */
static void
strings_are_looked_for_once(void **state)
{
	struct like_error error;
	struct alternative hush = {
		.like = like_compile("Hush", 4, LIKE_SEARCH, &error)
	};
	struct factor_memo memo = { 0 };
	struct rig rig;

	(void)state;
	make_rig(&rig);
	rig.source[0].security.words = SECURITY_NONE;
	rig.grant.alternative = &hush;
	rig.grant.alternatives = 1;
	check(&rig, REASON_OK, 0, 0, 0);
	assert_int_equal(rig.d.verdict, VERDICT_AFTER_DATA);
	rig.header.known = true;
	rig.header.block = read_block("Subject: hush\n\nHush\n");
	check(&rig, REASON_STRING, 0, 0, 0);
	rig.evidence.memo = &memo;
	check(&rig, REASON_STRING, 0, 0, 0);
	assert_ptr_equal(memo.account, &rig.account);
	header_free(rig.header.block);
	rig.header.block = read_block("Subject: Hush\n");
	check(&rig, REASON_STRING, 0, 0, 0);	/* remembered */
	rig.evidence.memo = NULL;
	authorise_forget(&memo);
	check(&rig, REASON_OK, 0, 0, 0);
	assert_int_equal(rig.d.verdict, VERDICT_ACCEPT);
	header_free(rig.header.block);
	like_free(hush.like);
	like_free(rig.channel.recipient);
}

/* A table is asked once a judgement, and names the forwarding user. */
static void
tables_are_asked_where_they_count(void **state)
{
	struct rig rig;

	(void)state;
	make_rig(&rig);
	rig.resolver.spf = SPF_PASS;
	tables_asked = 0;
	check(&rig, REASON_OK, 1, 0, 0);
	assert_int_equal(tables_asked, 0);
	rig.source[2].kind = SOURCE_USERS;
	rig.source[2].security.words = SECURITY_NONE;
	rig.account.sources = 3;
	in_table = BOB;
	check(&rig, REASON_OK, 0, 0, 0);
	assert_int_equal(tables_asked, 1);
	assert_ptr_equal(rig.d.source, &rig.source[2]);
	assert_string_equal(rig.d.user, "table.user");
	in_table = "";
	check(&rig, REASON_OK, 1, 0, 0);
	assert_ptr_equal(rig.d.source, &rig.source[0]);
	in_table = "?";
	check(&rig, REASON_INTERNAL, 0, 0, 0);
	assert_int_equal(rig.d.verdict, VERDICT_DEFER);
	like_free(rig.channel.recipient);
}

/* The trace is told of one judgement, and costs no further question. */
static void
count_step(void *arg, const char *text)
{
	int *steps = arg;

	if (strcmp(text, "spf: pass") == 0)
		(*steps)++;
}

static void
a_trace_asks_no_more(void **state)
{
	int steps = 0;
	struct trace trace = { count_step, &steps };
	struct rig rig;

	(void)state;
	make_rig(&rig);
	rig.resolver.spf = SPF_PASS;
	authorise(&rig.evidence, BOX, &rig.d, &trace);
	assert_int_equal(rig.d.verdict, VERDICT_ACCEPT);
	assert_int_equal(rig.resolver.asked[0], 1);
	assert_int_equal(steps, 1);
	like_free(rig.channel.recipient);
}

static void
questions_are_in_the_sender_s_name(void **state)
{
	const struct spf_question *q;
	char ip[ADDR_IP_MAX];
	struct rig rig;

	(void)state;
	make_rig(&rig);
	q = &rig.resolver.last;
	rig.evidence.sender = "prvs=0123ab=bob@EXAMPLE.com";
	check(&rig, REASON_SECURITY, 1, 0, 0);
	assert_true(addr_equal(q->sender, BOB));
	assert_string_equal(q->helo, "helo.example");
	assert_int_equal(q->timeout, 17);
	ip_write(&q->client, ip);
	assert_string_equal(ip, CLIENT);
	rig.source[0].security.words = SECURITY_GOOGLE;
	check(&rig, REASON_SECURITY, 0, 1, 0);
	assert_string_equal(q->domain, "google.record");
	ip_write(&q->client, ip);
	assert_string_equal(ip, CLIENT);
	/* IDN: the DNS knows A-labels alone */
	rig.source[1].verify = false;
	rig.source[1].security.words = SECURITY_SPF;
	rig.evidence.sender = "bob@b\303\274cher.example";
	check(&rig, REASON_SECURITY, 1, 0, 0);
	assert_string_equal(q->sender, "bob@xn--bcher-kva.example");
	like_free(rig.channel.recipient);
}

static void
a_domain_is_looked_up_where_it_won(void **state)
{
	struct rig rig;

	(void)state;
	make_rig(&rig);
	rig.evidence.sender = "bob@b\303\274cher.example";
	verified = 1;
	check(&rig, REASON_OK, 0, 0, 0);
	assert_int_equal(lookups, 1);
	assert_string_equal(looked_up, "xn--bcher-kva.example");
	verified = 0;
	check(&rig, REASON_NOT_VERIFIED, 0, 0, 0);
	verified = -1;
	check(&rig, REASON_INTERNAL, 0, 0, 0);
	assert_int_equal(rig.d.verdict, VERDICT_DEFER);
	assert_int_equal(lookups, 3);
	rig.evidence.sender = BOB;
	check(&rig, REASON_SECURITY, 1, 0, 0);
	assert_int_equal(lookups, 3);
	like_free(rig.channel.recipient);
}

/* The header reaches the rules where it is known; else none of it does. */
static void
the_header_reaches_the_rules(void **state)
{
	struct rig rig;
	struct security *s = &rig.source[0].security;

	(void)state;
	make_rig(&rig);
	rig.header.hops = 4;
	rig.header.dkim = true;
	rig.resolver.spf = SPF_PASS;
	check(&rig, REASON_OK, 1, 0, 0);
	rig.header.known = true;
	check(&rig, REASON_LOOP, 1, 0, 0);
	rig.header.hops = 3;
	check(&rig, REASON_OK, 1, 0, 0);
	rig.header.auto_replied = true;
	check(&rig, REASON_AUTO_REPLY, 1, 0, 0);
	rig.header.auto_replied = false;
	s->words = SECURITY_SPF | SECURITY_DKIM;
	check(&rig, REASON_OK, 0, 0, 0);
	s->words = SECURITY_DMARC;
	check(&rig, REASON_SECURITY, 0, 0, 0);
	rig.header.dmarc = true;
	check(&rig, REASON_OK, 0, 0, 0);
	rig.header.known = false;
	check(&rig, REASON_OK, 0, 0, 0);
	assert_int_equal(rig.d.verdict, VERDICT_AFTER_DATA);
	like_free(rig.channel.recipient);
}

/* Only an answer to the very question that the rules asked is known. */
static void
what_spf_said_is_known_once_asked(void **state)
{
	struct spf_answer answer;
	struct rig rig;

	(void)state;
	make_rig(&rig);
	rig.resolver.spf = SPF_SOFTFAIL;
	rig.resolver.remembers = true;
	assert_false(authorise_spf_known(&rig.evidence, &answer));
	check(&rig, REASON_SECURITY, 1, 0, 0);
	assert_true(authorise_spf_known(&rig.evidence, &answer));
	assert_int_equal(answer.result, SPF_SOFTFAIL);
	rig.evidence.sender = "eve@evil.example";
	assert_false(authorise_spf_known(&rig.evidence, &answer));
	/* and asking that asks nobody */
	assert_int_equal(rig.resolver.asked[0], 1);
	like_free(rig.channel.recipient);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_asked_is_what_a_rule_needs),
		cmocka_unit_test(strings_are_looked_for_once),
		cmocka_unit_test(tables_are_asked_where_they_count),
		cmocka_unit_test(a_trace_asks_no_more),
		cmocka_unit_test(questions_are_in_the_sender_s_name),
		cmocka_unit_test(a_domain_is_looked_up_where_it_won),
		cmocka_unit_test(the_header_reaches_the_rules),
		cmocka_unit_test(what_spf_said_is_known_once_asked),
	};

	return cmocka_run_group_tests_name("authorise", tests, NULL, NULL);
}
