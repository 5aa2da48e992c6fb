/*
 * The facts that the rules get: whom to believe about the client, and who the
 * sender is.  What a header says is test_authorise_header.c's.
 */
#include <sys/socket.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

#include "authorise.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define BOX		"desk@box.example.net"

#define GONE		"[]"	/* given, but [UNAVAILABLE] */

static const struct {
	enum client_address	 mode;
	bool			 trusted;
	bool			 refused;
	const char		*addr;		/* NULL: not given */
	const char		*source;
	const char		*client;	/* wanted, "" not known */
	bool			 local;
	bool			 believed;	/* helo, name and queue id */
} origins[] = {
	{ CLIENT_XFORWARD, true, false, "192.0.2.7", NULL, "192.0.2.7",
	    false, true },
	{ CLIENT_XFORWARD, true, false, "2001:db8::7", "REMOTE",
	    "2001:db8::7", false, true },
	{ CLIENT_XFORWARD, true, false, NULL, "LOCAL", "", true, true },
	{ CLIENT_XFORWARD, true, false, NULL, "local", "", true, true },
	{ CLIENT_XFORWARD, true, false, NULL, "REMOTE", "", false, true },
	{ CLIENT_XFORWARD, true, false, NULL, GONE, "", false, true },
	{ CLIENT_XFORWARD, true, false, NULL, "LOCALLY", "", false, true },
	{ CLIENT_XFORWARD, true, false, NULL, NULL, "", false, true },
	/* beside an ADDR, be it none, SOURCE says nothing */
	{ CLIENT_XFORWARD, true, false, "192.0.2.7", "LOCAL", "192.0.2.7",
	    false, true },
	{ CLIENT_XFORWARD, true, false, GONE, "LOCAL", "", false, true },
	{ CLIENT_XFORWARD, true, false, GONE, NULL, "", false, true },
	/* one was refused: what was lost with it? */
	{ CLIENT_XFORWARD, true, true, "192.0.2.7", NULL, "", false, false },
	{ CLIENT_XFORWARD, true, true, NULL, "LOCAL", "", false, false },
	/* of strangers nothing is believed */
	{ CLIENT_XFORWARD, false, false, "192.0.2.7", NULL, "", false,
	    false },
	{ CLIENT_XFORWARD, false, false, NULL, "LOCAL", "", false, false },
	/* the peer is the client, and is not local for saying so */
	{ CLIENT_PEER, false, false, NULL, NULL, "203.0.113.5", false,
	    false },
	{ CLIENT_PEER, true, false, "192.0.2.7", NULL, "203.0.113.5", false,
	    true },
	{ CLIENT_PEER, true, false, NULL, "LOCAL", "203.0.113.5", false,
	    true },
	{ CLIENT_PEER, true, true, NULL, "LOCAL", "203.0.113.5", false,
	    false },
	/* not built: never a pass */
	{ CLIENT_XCLIENT, true, false, "192.0.2.7", NULL, "", false, true },
	{ CLIENT_XCLIENT, true, false, NULL, "LOCAL", "", false, true },
	{ CLIENT_RECEIVED, true, false, "192.0.2.7", NULL, "", false, true },
	{ CLIENT_RECEIVED, true, false, NULL, "LOCAL", "", false, true },
};

static void
give(struct envelope *e, enum lmtp_attr attr, const char *value)
{
	if (value == NULL)
		return;
	e->xforward.given |= 1U << attr;
	if (strcmp(value, GONE) != 0)
		strlcpy(e->xforward.value[attr], value, LMTP_NAME_MAX);
}

static void
check_origin(size_t i)
{
	struct policy policy = { .client_address = origins[i].mode };
	struct peer peer = { .trusted = origins[i].trusted };
	bool believed = origins[i].believed;
	static struct envelope e;
	struct origin o;
	char client[ADDR_IP_MAX];

	memset(&e, 0, sizeof(e));
	memset(&o, 0xa5, sizeof(o));
	assert_int_equal(ip_read("203.0.113.5", &peer.addr), 0);
	e.xforward_refused = origins[i].refused;
	give(&e, XF_ADDR, origins[i].addr);
	give(&e, XF_SOURCE, origins[i].source);
	give(&e, XF_HELO, "helo.example");
	give(&e, XF_NAME, "name.example");
	give(&e, XF_IDENT, "4Qx1");
	authorise_origin(&policy, &peer, &e, &o);
	ip_write(&o.client, client);
	if (strcmp(client, origins[i].client) != 0 ||
	    o.local != origins[i].local)
		fail_msg("row %zu: client \"%s\", local %d", i, client,
		    o.local);
	assert_string_equal(o.helo, believed ? "helo.example" : "");
	assert_string_equal(o.name, believed ? "name.example" : "");
	assert_string_equal(o.queue_id, believed ? "4Qx1" : "");
}

static void
whom_to_believe_about_the_client(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(origins); i++)
		check_origin(i);
}

/* A unix socket's peer has no address: then none is known. */
static void
a_peer_without_an_address(void **state)
{
	struct policy policy = { .client_address = CLIENT_PEER };
	struct peer peer = { .trusted = true };
	static struct envelope e;
	struct origin o;

	(void)state;
	give(&e, XF_ADDR, "192.0.2.7");
	authorise_origin(&policy, &peer, &e, &o);
	assert_int_equal(o.client.family, AF_UNSPEC);
	assert_false(o.local);
}

struct rig {
	struct policy	 policy;
	struct channel	 channel;
	struct account	 account;
	struct grant	 grant;
	struct source	 source[3];
};

/* One channel of names, and an account with two domains and an address. */
static void
make_rig(struct rig *rig)
{
	static const char *const name[] = { "example.com",
	    "xn--bcher-kva.example", "b\303\266b@xn--bcher-kva.example" };
	struct like_error error;
	size_t i;

	memset(rig, 0, sizeof(*rig));
	rig->channel.name = (char *)"box";
	rig->channel.where.file = rig->account.where.file = "c";
	rig->channel.recipient = like_compile("*@box.example.net", 17,
	    LIKE_TEXT, &error);
	assert_non_null(rig->channel.recipient);
	rig->account.name = rig->account.rate = (char *)"";
	rig->account.enforce = true;
	rig->grant.channel = &rig->channel;
	rig->grant.security_string = (char *)"";
	rig->account.grant = &rig->grant;
	rig->account.grants = 1;
	for (i = 0; i < NELEM(name); i++) {
		rig->source[i].kind = i < 2 ? SOURCE_DOMAIN : SOURCE_EMAIL;
		rig->source[i].name = (char *)name[i];
		rig->source[i].where.file = "c";
		rig->source[i].security.words = SECURITY_NONE;
		rig->source[i].account = &rig->account;
	}
	rig->account.source = rig->source;
	rig->account.sources = NELEM(name);
	rig->policy.channel = &rig->channel;
	rig->policy.account = &rig->account;
	rig->policy.channels = rig->policy.accounts = 1;
	rig->policy.max_hops = 3;
}

#define STRANGER	(-1)
#define AT_SIGN		"\357\274\240"	/* U+FF20, UTS 46 makes it "@" */

static const struct {
	const char	*sender;
	int		 source;
} senders[] = {
	{ "bob@example.com", 0 },
	{ "BOB@EXAMPLE.COM", 0 },
	{ "prvs=0123ab=bob@example.com", 0 },
	{ "bob@b\303\274cher.example", 1 },
	{ "bob@B\303\234CHER.Example", 1 },
	{ "bob@XN--BCHER-KVA.example", 1 },
	{ "prvs=0123ab=bob@b\303\274cher.example", 1 },
	{ "b\303\266b@b\303\274cher.example", 2 },
	{ "prvs=0123ab=b\303\266b@b\303\274cher.example", 2 },
	{ "bob@example\343\200\202com", 0 },	/* U+3002 is a dot */
	{ "bob@example.org", STRANGER },
	{ "bob@b\303\274cher.example.org", STRANGER },
	{ "bob@bu\314\210cher.example", 1 },	/* NFC makes it the same */
	{ "bob", STRANGER },
	/* what is mapped must be a domain all the same */
	{ "eve@evil.example" AT_SIGN "example.com", STRANGER },
	{ "eve@x" AT_SIGN "xn--bcher-kva.example", STRANGER },
	{ "eve" AT_SIGN "example.com", STRANGER },
	{ "eve" AT_SIGN "example.com@evil.example", STRANGER },
	{ "eve@evil.example\302\240example.com", STRANGER },
	{ "eve@\357\274\202@example.com\357\274\202.evil.example",
	    STRANGER },
};

static void
who_the_sender_is(void **state)
{
	static const struct origin nowhere = { .helo = "", .name = "",
	    .queue_id = "" };
	struct decision d;
	struct rig rig;
	size_t i;

	(void)state;
	make_rig(&rig);
	for (i = 0; i < NELEM(senders); i++) {
		authorise(&rig.policy, &nowhere, NULL, senders[i].sender, BOX,
		    &d, NULL);
		if (senders[i].source == STRANGER) {
			if (d.reason != REASON_NOT_REGISTERED)
				fail_msg("<%s>: %s", senders[i].sender,
				    reason_words(d.reason)->name);
			assert_int_equal(d.verdict, VERDICT_REFUSE);
			continue;
		}
		if (d.source != &rig.source[senders[i].source])
			fail_msg("<%s>: %s", senders[i].sender,
			    reason_words(d.reason)->name);
		assert_int_equal(d.verdict, VERDICT_ACCEPT);
	}
	like_free(rig.channel.recipient);
}

/* The longest sender there is, with a domain that grows when it is mapped. */
static void
a_domain_that_grows(void **state)
{
	static const struct origin nowhere = { .helo = "", .name = "",
	    .queue_id = "" };
	char sender[ADDR_MAX];
	struct decision d;
	struct rig rig;
	size_t i, n;

	(void)state;
	make_rig(&rig);
	for (n = 400; n < ADDR_MAX; n++) {
		memset(sender, 'a', n);
		sender[n] = '\0';
		memcpy(sender + n - 40, "@", 1);
		for (i = 0; i < 9; i++)
			memcpy(sender + n - 39 + i * 4, "\303\274b.", 4);
		memcpy(sender + n - 3, "exa", 3);
		assert_true(addr_valid(sender));
		authorise(&rig.policy, &nowhere, NULL, sender, BOX, &d, NULL);
		assert_int_equal(d.reason, REASON_NOT_REGISTERED);
	}
	like_free(rig.channel.recipient);
}

/* The origin and the header reach the rules; what is not known does not. */
static void
facts_reach_the_rules(void **state)
{
	struct header_facts looping = { .known = true, .hops = 4 };
	struct header_facts fine = { .known = true, .hops = 3 };
	struct header_facts replied = { .known = true, .auto_replied = true };
	struct header_facts unknown = { .known = false, .hops = 4 };
	struct origin o = { .helo = "", .name = "", .queue_id = "" };
	const struct {
		struct header_facts *header;
		enum reason reason;
	} rows[] = {
		{ NULL, REASON_OK }, { &unknown, REASON_OK },
		{ &fine, REASON_OK }, { &looping, REASON_LOOP },
		{ &replied, REASON_AUTO_REPLY },
	};
	struct decision d;
	struct rig rig;
	size_t i;

	(void)state;
	make_rig(&rig);
	for (i = 0; i < NELEM(rows); i++) {
		authorise(&rig.policy, &o, rows[i].header, "b@example.com",
		    BOX, &d, NULL);
		assert_int_equal(d.reason, rows[i].reason);
	}
	rig.source[0].security.words = SECURITY_LOCAL;
	authorise(&rig.policy, &o, NULL, "b@example.com", BOX, &d, NULL);
	assert_int_equal(d.reason, REASON_CLIENT_UNKNOWN);
	assert_int_equal(ip_read("192.0.2.7", &o.client), 0);
	authorise(&rig.policy, &o, NULL, "b@example.com", BOX, &d, NULL);
	assert_int_equal(d.reason, REASON_SECURITY);
	o.client.family = AF_UNSPEC;
	o.local = true;
	authorise(&rig.policy, &o, NULL, "b@example.com", BOX, &d, NULL);
	assert_int_equal(d.reason, REASON_OK);
	like_free(rig.channel.recipient);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whom_to_believe_about_the_client),
		cmocka_unit_test(a_peer_without_an_address),
		cmocka_unit_test(who_the_sender_is),
		cmocka_unit_test(a_domain_that_grows),
		cmocka_unit_test(facts_reach_the_rules),
	};

	return cmocka_run_group_tests_name("authorise", tests, NULL, NULL);
}
