/*
 * What a trusted peer's header says of where a mail comes from and who signed
 * it; and that a sender's own fields, and a stranger's, say nothing.
 */
#include <sys/socket.h>

#include "inspect_site.h"

#define ID		"mx.example.net"
#define BOB		"bob@example.com"
#define AR		"Authentication-Results: "
#define OURS		AR ID "; "
#define DKIM		"dkim=pass header.d=example.com"
#define DMARC		"dmarc=pass header.from=example.com"
#define OTHERS		AR "mx.evil.example; " DKIM "; " DMARC "\n"
#define BROKEN		AR ID "\"; " DKIM "\n"

#define NONE		0
#define SIGNED		1	/* DKIM */
#define ALIGNED		2	/* DMARC */
#define BOTH		(SIGNED | ALIGNED)

static const struct {
	const char	*header;
	int		 passes;	/* of a trusted peer */
} results[] = {
	{ "Subject: x\n", NONE },
	{ OURS DKIM "\n", SIGNED },
	{ OURS DMARC "\n", ALIGNED },
	{ OURS DKIM "; " DMARC "\n", BOTH },
	{ OURS DKIM ";\n\t" DMARC "\n", BOTH },
	{ "authentication-results: MX.Example.NET; " DKIM "\n", SIGNED },
	{ AR "(a; b) " ID " 1 (x); " DKIM "\n", SIGNED },
	{ OURS "dkim=fail header.d=example.com; " DKIM "\n", SIGNED },
	{ "Received: x\n" OURS DKIM "\nReceived: y\n", SIGNED },
	/* not this domain */
	{ OURS "dkim=pass header.d=evil.example\n", NONE },
	{ OURS "dkim=pass header.d=sales.example.com\n", NONE },
	{ OURS "dkim=pass header.d=com\n", NONE },
	{ OURS "dkim=pass header.i=@example.com\n", NONE },
	{ OURS "dmarc=pass header.d=example.com\n", NONE },
	{ OURS "dkim=pass header.from=example.com\n", NONE },
	{ OURS "dmarc=fail header.from=example.com\n", NONE },
	{ OURS "spf=pass smtp.mailfrom=example.com\n", NONE },
	{ OURS "dkim=fail (" DKIM ")\n", NONE },
	{ OURS "none\n", NONE },
	/* ours is the topmost one alone */
	{ OURS "dkim=fail header.d=example.com\n" OURS DKIM "; " DMARC "\n",
	    NONE },
	{ OURS "none\n" OURS DKIM "\n", NONE },
	{ OURS DKIM "\n" OURS "none\n", SIGNED },
	{ OURS DKIM "\n" OURS DMARC "\n", SIGNED },
	/* another's says nothing, above or below */
	{ OTHERS, NONE },
	{ OTHERS OURS "none\n", NONE },
	{ OURS "none\n" OTHERS, NONE },
	{ OTHERS OURS DKIM "\n", SIGNED },
	{ OURS DMARC "\n" OTHERS, ALIGNED },
	{ AR "mx.example.net.evil.example; " DKIM "\n", NONE },
	{ AR "x" ID "; " DKIM "\n", NONE },
	{ AR ID " 2; " DKIM "\n", NONE },
	{ AR "evil.example; x=y (" ID "; " DKIM ")\n", NONE },
	/* ours, malformed: it neither says anything nor is passed over */
	{ BROKEN, NONE },
	{ BROKEN OURS DKIM "\n", NONE },
	{ AR "(" ID "; " DKIM "\n" OURS DKIM "\n", NONE },
	{ OURS DKIM "; dmarc=\n", NONE },
	{ OURS "dkim=\n" OURS DKIM "; " DMARC "\n", NONE },
	{ OURS DKIM "; (\n" OURS DKIM "\n", NONE },
	/* not such a field, or not the header's */
	{ "X-" AR ID "; " DKIM "\n", NONE },
	{ "ARC-" AR "i=1; " ID "; " DKIM "\n", NONE },
	{ "Subject: x\n " AR ID "; " DKIM "\n", NONE },
	{ "Subject: x\n\n" OURS DKIM "\n", NONE },
};

static int
passes(const char *id, bool trusted, const char *identity,
    const char *header)
{
	struct policy policy = { .authserv_id = (char *)id };
	struct header_facts f;

	assert_int_equal(inspect(&policy, trusted, identity, header,
	    strlen(header), &f), 0);
	return (f.dkim ? SIGNED : 0) | (f.dmarc ? ALIGNED : 0);
}

static void
results_that_a_trusted_mta_wrote(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(results); i++) {
		int found = passes(ID, true, BOB, results[i].header);

		if (found != results[i].passes)
			fail_msg("%d, not %d: %s", found, results[i].passes,
			    results[i].header);
	}
}

/* Nor does one count where it is not known whose it would be. */
static void
results_that_count_for_nothing(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(results); i++) {
		const char *header = results[i].header;

		assert_int_equal(passes(ID, false, BOB, header), NONE);
		assert_int_equal(passes("", true, BOB, header), NONE);
		assert_int_equal(passes("other.example", true, BOB, header),
		    NONE);
		assert_int_equal(passes(ID, true, "bob@example.org", header),
		    NONE);
		assert_int_equal(passes(ID, true, "", header), NONE);
		assert_int_equal(passes(ID, true, "example.com", header),
		    NONE);
	}
	assert_int_equal(passes("", true, BOB, AR "; " DKIM "\n"), NONE);
	assert_int_equal(passes(ID, true, "", OURS "dkim=pass header.d=\n"),
	    NONE);
	assert_int_equal(passes(ID, true, "\"x@example.com\"@evil.example",
	    OURS DKIM "\n"), NONE);
}

/* The identity's domain, as A-labels; case is no matter. */
static void
results_are_of_the_identity_s_domain(void **state)
{
	(void)state;
	assert_int_equal(passes(ID, true, "b@EXAMPLE.com", OURS DKIM "\n"),
	    SIGNED);
	assert_int_equal(passes(ID, true, "b@xn--bcher-kva.example",
	    OURS "dkim=pass header.d=xn--bcher-kva.example\n"), SIGNED);
	assert_int_equal(passes(ID, true, "\"a@b\"@example.com",
	    OURS DKIM "\n"), SIGNED);
}

#define HOP(ip)		"Received: from h.example (n.example [" ip "])\n" \
			"\tby gw.example.net (Postfix) with ESMTP id 1;\n" \
			"\tMon, 2 Jun 2025 10:00:00 +0200\n"
#define PICKUP		"Received: by gw.example.net (Postfix, from userid " \
			"1000)\n\tid 1; Mon, 2 Jun 2025 10:00:00 +0200\n"
#define STRANGE		"Received: from x ([192.0.2.99]) via carrier pigeon\n"
#define LIAR		"Received: from h by [192.0.2.99] (n [192.0.2.9])\n" \
			"\tby gw.example.net (Postfix) with ESMTP id 1; d\n"
#define RELAY		"10.0.0.1"
#define RELAY_SIX	"IPv6:2001:db8:1::9"
#define CLIENT		"192.0.2.9"

static const struct {
	const char	*header;
	const char	*alone;		/* no relay is trusted */
	const char	*walked;	/* past 10.0.0.0/8, 2001:db8:1::/48 */
} hops[] = {
	{ "Subject: x\n", "", "" },
	{ HOP(CLIENT), CLIENT, CLIENT },
	{ "Subject: x\n" HOP(CLIENT), CLIENT, CLIENT },
	{ HOP("IPv6:2001:db8::9"), "2001:db8::9", "2001:db8::9" },
	{ HOP("IPv6:::ffff:192.0.2.9"), CLIENT, CLIENT },
	{ PICKUP, "local", "local" },
	{ PICKUP HOP(CLIENT), "local", "local" },
	/* the first that is no relay; what is below it is the sender's */
	{ HOP(CLIENT) HOP("192.0.2.10"), CLIENT, CLIENT },
	{ HOP(CLIENT) HOP(RELAY) HOP("192.0.2.10"), CLIENT, CLIENT },
	{ HOP(RELAY) HOP(CLIENT), RELAY, CLIENT },
	{ HOP(RELAY) HOP(RELAY_SIX) HOP(CLIENT), RELAY, CLIENT },
	{ HOP(RELAY_SIX) HOP(CLIENT), "2001:db8:1::9", CLIENT },
	{ HOP("11.0.0.1") HOP(CLIENT), "11.0.0.1", "11.0.0.1" },
	{ HOP("IPv6:::ffff:10.0.0.1") HOP(CLIENT), RELAY, CLIENT },
	{ HOP("IPv6:2001:db8:2::9") HOP(CLIENT), "2001:db8:2::9",
	    "2001:db8:2::9" },
	/* relays alone: from nowhere that is known */
	{ HOP(RELAY), RELAY, "" },
	{ HOP(RELAY) HOP("10.9.9.9"), RELAY, "" },
	/* local on a relay is not local here */
	{ HOP(RELAY) PICKUP, RELAY, "" },
	{ HOP(RELAY) PICKUP HOP(CLIENT), RELAY, "" },
	/* one that is not understood ends the walk: no guess below it */
	{ STRANGE, "", "" },
	{ STRANGE HOP(CLIENT), "", "" },
	{ STRANGE PICKUP, "", "" },
	{ HOP(RELAY) STRANGE HOP(CLIENT), RELAY, "" },
	{ LIAR HOP(CLIENT), "", "" },
	{ HOP(CLIENT) STRANGE, CLIENT, CLIENT },
	{ "Received:\n" HOP(CLIENT), "", "" },
	/* not the header's */
	{ "X-" HOP(CLIENT), "", "" },
	{ "Subject: x\n\n" HOP(CLIENT), "", "" },
};

static const char *
origin_of(const struct policy *policy, bool trusted, const char *header)
{
	static char ip[ADDR_IP_MAX];
	struct header_facts f;

	assert_int_equal(inspect(policy, trusted, BOB, header,
	    strlen(header), &f), 0);
	ip_write(&f.origin.client, ip);
	if (!f.origin.local)
		return ip;
	assert_int_equal(f.origin.client.family, AF_UNSPEC);
	return "local";
}

static void
origins_behind_trusted_relays(void **state)
{
	struct ip_net relay[2];
	struct policy alone = { .authserv_id = (char *)"" };
	struct policy walking = { .authserv_id = (char *)"",
	    .trusted_relay = relay, .trusted_relays = NELEM(relay) };
	size_t i;

	(void)state;
	assert_int_equal(ip_net_read("10.0.0.0/8", &relay[0]), 0);
	assert_int_equal(ip_net_read("2001:db8:1::/48", &relay[1]), 0);
	for (i = 0; i < NELEM(hops); i++) {
		const char *header = hops[i].header;

		if (strcmp(origin_of(&alone, true, header),
		    hops[i].alone) != 0 || strcmp(origin_of(&walking, true,
		    header), hops[i].walked) != 0)
			fail_msg("\"%s\": %s", origin_of(&walking, true,
			    header), header);
		assert_string_equal(origin_of(&walking, false, header), "");
		assert_string_equal(origin_of(&alone, false, header), "");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_that_a_trusted_mta_wrote),
		cmocka_unit_test(results_that_count_for_nothing),
		cmocka_unit_test(results_are_of_the_identity_s_domain),
		cmocka_unit_test(origins_behind_trusted_relays),
	};

	return cmocka_run_group_tests_name("inspect_trust", tests, NULL,
	    NULL);
}
