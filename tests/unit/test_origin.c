/*
 * Where a message comes from: whom to believe, in every way that
 * client-address knows, and the command line, which wins over all of them.
 */
#include <sys/socket.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

#include "origin.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define GONE		"[]"	/* given, but [UNAVAILABLE] */
#define PEER_IP		"203.0.113.5"

/* Of the connection and of the envelope; each says another address. */
struct said {
	bool		 trusted;
	bool		 refused;	/* an XFORWARD was malformed */
	const char	*xf_addr;	/* NULL: not given */
	const char	*xf_source;
	const char	*xc_addr;	/* XCLIENT's, or the command line's */
	const char	*xc_source;
	bool		 given;		/* by the command line */
	/* of the header */
	bool		 known;
	const char	*received;	/* NULL: not sure; "local" */
};

/* Whose HELO and NAME. */
enum whose { NOBODY, XFORWARD, XCLIENT };

static void
give(struct lmtp_xforward *xf, enum lmtp_attr attr, const char *value)
{
	if (value == NULL)
		return;
	xf->given |= 1U << attr;
	if (strcmp(value, GONE) != 0)
		strlcpy(xf->value[attr], value, LMTP_NAME_MAX);
}

static void
find(enum client_address mode, const struct said *said, struct envelope *e,
    struct peer *peer, struct origin *o)
{
	struct policy policy = { .client_address = mode };
	struct header_facts header = { .known = said->known };

	memset(e, 0, sizeof(*e));
	memset(peer, 0, sizeof(*peer));
	memset(o, 0xa5, sizeof(*o));
	peer->trusted = said->trusted;
	peer->given = said->given;
	assert_int_equal(ip_read(PEER_IP, &peer->addr), 0);
	e->xforward_refused = said->refused;
	give(&e->xforward, XF_ADDR, said->xf_addr);
	give(&e->xforward, XF_SOURCE, said->xf_source);
	give(&e->xforward, XF_HELO, "helo.xforward");
	give(&e->xforward, XF_NAME, "name.xforward");
	give(&e->xforward, XF_IDENT, "4Qx1");
	give(&peer->client, XF_ADDR, said->xc_addr);
	give(&peer->client, XF_SOURCE, said->xc_source);
	give(&peer->client, XF_HELO, "helo.xclient");
	give(&peer->client, XF_NAME, "name.xclient");
	if (said->received != NULL && strcmp(said->received, "local") == 0)
		header.origin.local = true;
	else if (said->received != NULL)
		assert_int_equal(ip_read(said->received,
		    &header.origin.client), 0);
	origin_find(&policy, peer, e, &header, o);
}

struct row {
	struct said	 said;
	const char	*client;	/* wanted; "" not known */
	bool		 local;
	bool		 later;
	enum whose	 whose;
	const char	*queue_id;
	const char	*source;
};

static void
check_rows(enum client_address mode, const struct row *row, size_t n)
{
	static const char *const helo[] = { "", "helo.xforward",
	    "helo.xclient" }, *const name[] = { "", "name.xforward",
	    "name.xclient" };
	static struct envelope e;
	static struct peer peer;
	struct origin o;
	char client[ADDR_IP_MAX];
	size_t i;

	for (i = 0; i < n; i++, row++) {
		find(mode, &row->said, &e, &peer, &o);
		ip_write(&o.client, client);
		if (strcmp(client, row->client) != 0 ||
		    o.local != row->local || o.later != row->later)
			fail_msg("row %zu: client \"%s\", local %d, later %d",
			    i, client, o.local, o.later);
		assert_string_equal(o.helo, helo[row->whose]);
		assert_string_equal(o.name, name[row->whose]);
		assert_string_equal(o.queue_id, row->queue_id);
		assert_string_equal(o.source, row->source);
	}
}

#define IDENT		"4Qx1"
/* of a trusted peer: XFORWARD's ADDR and SOURCE */
#define XF(addr, source) \
	{ true, false, addr, source, "192.0.2.66", "LOCAL", false, true, \
	"192.0.2.77" }

static void
by_xforward(void **state)
{
	static const struct row rows[] = {
#define IS(ip, local)	ip, local, false, XFORWARD, IDENT, "xforward"
		{ XF("192.0.2.7", NULL), IS("192.0.2.7", false) },
		{ XF("2001:db8::7", "REMOTE"), IS("2001:db8::7", false) },
		{ XF(NULL, "LOCAL"), IS("", true) },
		{ XF(NULL, "local"), IS("", true) },
		{ XF(NULL, "REMOTE"), IS("", false) },
		{ XF(NULL, GONE), IS("", false) },
		{ XF(NULL, "LOCALLY"), IS("", false) },
		{ XF(NULL, NULL), IS("", false) },
		/* beside an ADDR, be it none, SOURCE says nothing */
		{ XF("192.0.2.7", "LOCAL"), IS("192.0.2.7", false) },
		{ XF(GONE, "LOCAL"), IS("", false) },
		{ XF(GONE, NULL), IS("", false) },
#undef IS
		/* one was refused: what was lost with it? */
		{ { .trusted = true, .refused = true,
		    .xf_addr = "192.0.2.7" }, "", false, false, NOBODY, "",
		    "xforward" },
		{ { .trusted = true, .refused = true, .xf_source = "LOCAL" },
		    "", false, false, NOBODY, "", "xforward" },
		/* of strangers nothing is believed */
		{ { .xf_addr = "192.0.2.7" }, "", false, false, NOBODY, "",
		    "" },
		{ { .xf_source = "LOCAL" }, "", false, false, NOBODY, "",
		    "" },
	};

	(void)state;
	check_rows(CLIENT_XFORWARD, rows, NELEM(rows));
}

/* The connection's client; XFORWARD beside it names the queue id alone. */
static void
by_xclient(void **state)
{
	static const struct row rows[] = {
#define IS(ip)		ip, false, false, XCLIENT, IDENT, "xclient"
		{ { .trusted = true, .xc_addr = "192.0.2.66" },
		    IS("192.0.2.66") },
		{ { .trusted = true, .xc_addr = "2001:db8::66",
		    .xf_addr = "192.0.2.7" }, IS("2001:db8::66") },
		{ { .trusted = true, .xf_addr = "192.0.2.7" }, IS("") },
		{ { .trusted = true, .xf_source = "LOCAL" }, IS("") },
		{ { .trusted = true, .xc_addr = GONE }, IS("") },
		/* it has no SOURCE that could make it local */
		{ { .trusted = true, .xc_source = "LOCAL" }, IS("") },
		{ { .trusted = true, .known = true, .received = "local" },
		    IS("") },
		{ { .trusted = true, .refused = true,
		    .xc_addr = "192.0.2.66" }, "192.0.2.66", false, false,
		    XCLIENT, "", "xclient" },
		{ { .xc_addr = "192.0.2.66" }, "", false, false, NOBODY, "",
		    "" },
#undef IS
	};

	(void)state;
	check_rows(CLIENT_XCLIENT, rows, NELEM(rows));
}

static void
by_received(void **state)
{
	static const struct row rows[] = {
#define IS(ip, local, later)	ip, local, later, NOBODY, IDENT, "received"
		{ { .trusted = true, .known = true,
		    .received = "192.0.2.77" }, IS("192.0.2.77", false,
		    false) },
		{ { .trusted = true, .known = true,
		    .received = "2001:db8::77" }, IS("2001:db8::77", false,
		    false) },
		{ { .trusted = true, .known = true, .received = "local" },
		    IS("", true, false) },
		{ { .trusted = true, .known = true }, IS("", false, false) },
		/* before DATA */
		{ { .trusted = true, .received = "192.0.2.77" },
		    IS("", false, true) },
		{ { .trusted = true, .received = "local" }, IS("", false,
		    true) },
		/* neither of the others fills the gap */
		{ { .trusted = true, .known = true, .xf_addr = "192.0.2.7",
		    .xc_addr = "192.0.2.66" }, IS("", false, false) },
		{ { .trusted = true, .known = true, .xf_source = "LOCAL" },
		    IS("", false, false) },
		/* of a stranger the header tells nothing, now or later */
		{ { .known = true, .received = "192.0.2.77" }, "", false,
		    false, NOBODY, "", "" },
		{ { .known = true, .received = "local" }, "", false, false,
		    NOBODY, "", "" },
		{ { .known = false }, "", false, false, NOBODY, "", "" },
#undef IS
	};

	(void)state;
	check_rows(CLIENT_RECEIVED, rows, NELEM(rows));
}

/* The peer is the client, trusted or not, and not local for saying so. */
static void
by_the_peer(void **state)
{
	static const struct row rows[] = {
#define IS(id)		PEER_IP, false, false, NOBODY, id, "peer"
		{ { .trusted = false }, IS("") },
		{ { .trusted = true }, IS(IDENT) },
		{ { .xf_addr = "192.0.2.7", .xc_addr = "192.0.2.66" },
		    IS("") },
		{ { .trusted = true, .xf_addr = "192.0.2.7",
		    .xc_addr = "192.0.2.66" }, IS(IDENT) },
		{ { .trusted = true, .xf_source = "LOCAL" }, IS(IDENT) },
		{ { .trusted = true, .refused = true }, IS("") },
		{ { .trusted = true, .known = true, .received = "local" },
		    IS(IDENT) },
#undef IS
	};

	(void)state;
	check_rows(CLIENT_PEER, rows, NELEM(rows));
}

/* Whatever is configured, and whatever the protocol says beside it. */
static void
by_the_command_line(void **state)
{
	static const struct row rows[] = {
#define IS(ip, id)	ip, false, false, XCLIENT, id, "option"
		{ { .given = true, .trusted = true,
		    .xc_addr = "192.0.2.66" }, IS("192.0.2.66", IDENT) },
		{ { .given = true, .xc_addr = "192.0.2.66" },
		    IS("192.0.2.66", "") },
		{ { .given = true, .trusted = true,
		    .xc_addr = "2001:db8::66", .xf_addr = "192.0.2.7",
		    .known = true, .received = "192.0.2.77" },
		    IS("2001:db8::66", IDENT) },
		/* none is none: the others fill no gap, now or later */
		{ { .given = true, .trusted = true, .xc_addr = GONE,
		    .xf_addr = "192.0.2.7", .known = true,
		    .received = "192.0.2.77" }, IS("", IDENT) },
		{ { .given = true, .trusted = true, .xf_source = "LOCAL" },
		    IS("", IDENT) },
		{ { .given = true, .trusted = true, .known = true,
		    .received = "local" }, IS("", IDENT) },
		{ { .given = true, .trusted = true, .refused = true,
		    .xc_addr = "192.0.2.66" }, IS("192.0.2.66", "") },
#undef IS
	};

	(void)state;
	check_rows(CLIENT_XFORWARD, rows, NELEM(rows));
	check_rows(CLIENT_XCLIENT, rows, NELEM(rows));
	check_rows(CLIENT_RECEIVED, rows, NELEM(rows));
	check_rows(CLIENT_PEER, rows, NELEM(rows));
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
	give(&e.xforward, XF_ADDR, "192.0.2.7");
	memset(&o, 0xa5, sizeof(o));
	origin_find(&policy, &peer, &e, NULL, &o);
	assert_int_equal(o.client.family, AF_UNSPEC);
	assert_false(o.local);
	assert_false(o.later);
}

/* Before DATA there may be no facts of a header at all. */
static void
without_a_header(void **state)
{
	struct policy policy = { .client_address = CLIENT_RECEIVED };
	struct peer peer = { .trusted = true };
	static struct envelope e;
	struct origin o;

	(void)state;
	memset(&o, 0xa5, sizeof(o));
	origin_find(&policy, &peer, &e, NULL, &o);
	assert_int_equal(o.client.family, AF_UNSPEC);
	assert_false(o.local);
	assert_true(o.later);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_xforward),
		cmocka_unit_test(by_xclient),
		cmocka_unit_test(by_received),
		cmocka_unit_test(by_the_peer),
		cmocka_unit_test(by_the_command_line),
		cmocka_unit_test(a_peer_without_an_address),
		cmocka_unit_test(without_a_header),
	};

	return cmocka_run_group_tests_name("origin", tests, NULL, NULL);
}
