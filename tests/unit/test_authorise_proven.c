/*
 * Who is proven, so that a refusal may be told (refusals = "proven").
 */
#include "authorise_site.h"

static void
check_proven(struct rig *rig, int answer, int spf)
{
	struct resolver *r = &rig->resolver;

	memset(r->asked, 0, sizeof(r->asked));
	assert_int_equal(authorise_proven(&rig->evidence, &rig->d), answer);
	assert_int_equal(r->asked[0], spf);
	assert_int_equal(r->asked[1] + r->asked[2], 0);
}

static void
proven_by_spf_alone_on_a_pass(void **state)
{
	struct rig rig;
	int result;

	(void)state;
	make_rig(&rig);
	for (result = 0; result < SPF_RESULTS; result++) {
		rig.resolver.spf = result;
		check_proven(&rig, result == SPF_PASS ? 1 :
		    result == SPF_TEMPERROR ? -1 : 0, 1);
		rig.d.source = &rig.source[0];
	}
	assert_true(addr_equal(rig.resolver.last.sender, BOB));
	/* whom no account names can be proven as well */
	rig.d.source = NULL;
	rig.resolver.spf = SPF_PASS;
	rig.evidence.sender = "stranger@example.org";
	check_proven(&rig, 1, 1);
	/* an address that is not known proves nobody, and asks nothing */
	rig.origin.client.family = AF_UNSPEC;
	check_proven(&rig, 0, 0);
	rig.origin.later = true;
	check_proven(&rig, 0, 0);
	like_free(rig.channel.recipient);
}

/* Nothing is asked where something else proves it, or nobody is told. */
static void
proven_without_a_question(void **state)
{
	struct rig rig;

	(void)state;
	make_rig(&rig);
	rig.resolver.spf = SPF_FAIL;
	rig.header.dkim = rig.header.dmarc = true;
	check_proven(&rig, 0, 1);
	rig.header.known = true;
	check_proven(&rig, 1, 0);
	rig.header.dkim = false;
	check_proven(&rig, 1, 0);
	rig.header.dmarc = false;
	check_proven(&rig, 0, 1);
	rig.header.dkim = true;
	check_proven(&rig, 1, 0);
	rig.header.dkim = false;
	rig.origin.local = true;
	check_proven(&rig, 1, 0);
	rig.origin.local = false;
	check_proven(&rig, 0, 1);
	rig.evidence.sender = "";
	check_proven(&rig, 1, 0);
	like_free(rig.channel.recipient);
}

/* An address that the configuration names: of this source, and no other. */
static void
proven_by_a_known_address(void **state)
{
	struct security *s;
	struct rig rig;

	(void)state;
	make_rig(&rig);
	s = &rig.source[0].security;
	s->net = &rig.net;
	s->nets = 1;
	rig.resolver.spf = SPF_TEMPERROR;
	assert_int_equal(ip_net_read("192.0.2.0/24", &rig.net), 0);
	rig.d.source = &rig.source[0];
	check_proven(&rig, 1, 0);
	rig.d.source = &rig.source[1];
	check_proven(&rig, -1, 1);
	rig.d.source = NULL;
	check_proven(&rig, -1, 1);
	assert_int_equal(ip_net_read("198.51.100.0/24", &rig.net), 0);
	rig.d.source = &rig.source[0];
	check_proven(&rig, -1, 1);
	/* an ip source that won is such an address */
	rig.d.source = &rig.source[2];
	check_proven(&rig, 1, 0);
	like_free(rig.channel.recipient);
}

/* A refusal of a recipient or a message is no news to a forger's victim. */
static void
which_refusals_are_of_the_sender(void **state)
{
	static const enum reason of_sender[] = { REASON_NULL_SENDER,
	    REASON_NOT_REGISTERED, REASON_REWRITTEN, REASON_CHANNEL_OFF,
	    REASON_NUMBER_NOT_ALLOWED, REASON_SECURITY, REASON_STRING,
	    REASON_SPF_FAIL,
	    REASON_SPF_PERMERROR, REASON_NOT_VERIFIED, REASON_LOOP,
	    REASON_AUTO_REPLY, REASON_WRONG_KEYWORD };
	size_t i;
	int reason;

	(void)state;
	for (reason = 0; reason < REASONS; reason++) {
		bool wanted = false;

		for (i = 0; i < NELEM(of_sender); i++)
			wanted |= of_sender[i] == (enum reason)reason;
		if (reason_is_of_sender(reason) != wanted)
			fail_msg("%s", reason_words(reason)->name);
	}
}

/* refusals = "proven", and what becomes of a refusal. */
static void
spares_whom_a_forger_names(void **state)
{
	static const struct {
		bool		 proven;
		enum verdict	 verdict;
		enum reason	 reason;
		enum spf_result	 spf;
		enum verdict	 becomes;
		enum reason	 says;
		int		 asked;
	} rows[] = {
		{ false, VERDICT_REFUSE, REASON_NOT_REGISTERED, SPF_FAIL,
		    VERDICT_REFUSE, REASON_NOT_REGISTERED, 0 },
		{ true, VERDICT_REFUSE, REASON_NOT_REGISTERED, SPF_PASS,
		    VERDICT_REFUSE, REASON_NOT_REGISTERED, 1 },
		{ true, VERDICT_REFUSE, REASON_NOT_REGISTERED, SPF_FAIL,
		    VERDICT_AFTER_DATA, REASON_NOT_REGISTERED, 1 },
		{ true, VERDICT_REFUSE, REASON_NOT_REGISTERED, SPF_TEMPERROR,
		    VERDICT_DEFER, REASON_DNS, 1 },
		{ true, VERDICT_REFUSE, REASON_NO_CHANNEL, SPF_FAIL,
		    VERDICT_REFUSE, REASON_NO_CHANNEL, 0 },
		{ true, VERDICT_ACCEPT, REASON_OK, SPF_FAIL,
		    VERDICT_ACCEPT, REASON_OK, 0 },
	};
	struct rig rig;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		make_rig(&rig);
		rig.policy.refusals_proven = rows[i].proven;
		rig.resolver.spf = rows[i].spf;
		rig.d.verdict = rows[i].verdict;
		rig.d.reason = rows[i].reason;
		authorise_spare(&rig.evidence, &rig.d);
		assert_int_equal(rig.d.verdict, rows[i].becomes);
		assert_int_equal(rig.d.reason, rows[i].says);
		assert_int_equal(rig.resolver.asked[0], rows[i].asked);
		like_free(rig.channel.recipient);
	}
}

/* Whose a sender is costs no question, and needs no recipient. */
static void
the_sender_alone(void **state)
{
	struct rig rig;

	(void)state;
	make_rig(&rig);
	authorise_sender(&rig.evidence, &rig.d, NULL);
	assert_int_equal(rig.d.verdict, VERDICT_ACCEPT);
	assert_ptr_equal(rig.d.source, &rig.source[0]);
	rig.evidence.sender = "stranger@example.org";
	authorise_sender(&rig.evidence, &rig.d, NULL);
	assert_int_equal(rig.d.reason, REASON_NOT_REGISTERED);
	assert_int_equal(rig.resolver.asked[0], 0);
	like_free(rig.channel.recipient);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proven_by_spf_alone_on_a_pass),
		cmocka_unit_test(proven_without_a_question),
		cmocka_unit_test(proven_by_a_known_address),
		cmocka_unit_test(which_refusals_are_of_the_sender),
		cmocka_unit_test(spares_whom_a_forger_names),
		cmocka_unit_test(the_sender_alone),
	};

	return cmocka_run_group_tests_name("authorise_proven", tests, NULL,
	    NULL);
}
