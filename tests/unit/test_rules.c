/*
 * The rules: whose sender it is, and what his account may use, by policies of
 * one line.  Recipients, probes and headers are test_rules_recipient.c's,
 * security is test_rules_security.c's.
 */
#include "rules_site.h"

#define PHONE		"+41791234567@sms.example.net"
#define BOX		"desk@box.example.net"
#define ALICE		"alice@example.com"
#define BOB		"bob@example.com"
#define SERVER		"192.0.2.7"
#define OTHER		"198.51.100.7"
#define SRS		"SRS0=HHH=TT=evil.example=eve@example.com"

#define BOTH		"; channel sms; channel box"
#define EMAIL		"account a" BOTH "; email alice@example.com none"
#define DOMAIN		"account a" BOTH "; domain example.com none"
#define IP		"account a" BOTH "; ip 192.0.2.7"
#define ANYONE		"account a" BOTH "; anyone none"
#define ALL		"account a" BOTH "; anyone none; ip 192.0.2.7; " \
			"domain example.com none; " \
			"email alice@example.com none"
/* one source an account, the better ones first, and last */
#define SPREAD		"account a" BOTH "; email alice@example.com none; " \
			"account b" BOTH "; domain example.com none; " \
			"account c" BOTH "; ip 192.0.2.7; " \
			"account d" BOTH "; anyone none"
#define SPREAD_BACK	"account d" BOTH "; anyone none; " \
			"account c" BOTH "; ip 192.0.2.7; " \
			"account b" BOTH "; domain example.com none; " \
			"account a" BOTH "; email alice@example.com none"

#define YES		VERDICT_ACCEPT, REASON_OK
#define NO(reason)	VERDICT_REFUSE, REASON_##reason
#define NOT_YET(reason)	VERDICT_DEFER, REASON_##reason

struct row {
	const char	*policy;
	const char	*sender;
	const char	*recipient;
	const char	*from;
	enum verdict	 verdict;
	enum reason	 reason;
	const char	*winner;	/* as winner_of() tells it */
};

/* "ACCOUNT KIND NAME" of the source that won, or "-". */
static const char *
winner_of(const struct decision *d, char *text, size_t size)
{
	static const char *const kind[] = { "email", "users", "domain", "ip",
	    "anyone" };

	if (d->source == NULL)
		return "-";
	snprintf(text, size, "%s %s%s%s", d->source->account->name,
	    kind[d->source->kind], *d->source->name == '\0' ? "" : " ",
	    d->source->name);
	return text;
}

static void
check_decision(const struct row *row, const struct decision *d)
{
	char text[ADDR_MAX + 64];

	if (d->verdict != row->verdict || d->reason != row->reason)
		fail_msg("{ %s } <%s> to <%s> from %s: %s, wanted %s",
		    row->policy, row->sender, row->recipient, row->from,
		    reason_words(d->reason)->name,
		    reason_words(row->reason)->name);
	assert_string_equal(winner_of(d, text, sizeof(text)), row->winner);
	assert_false(d->would_refuse);
	if (d->verdict == VERDICT_ACCEPT) {
		assert_non_null(d->channel);
		assert_non_null(d->grant);
		assert_ptr_equal(d->grant->channel, d->channel);
		assert_int_equal(d->number[0] != '\0', d->channel->number);
	}
}

/* Without the header and with one that is fine the answer is the same, and
 * costs no question. */
static void
check_rows(const struct row *row, size_t n)
{
	for (; n > 0; row++, n--) {
		struct site_mail mail = {
			.sender = row->sender,
			.recipient = row->recipient,
			.from = row->from
		};
		struct site_verdict v;
		struct site s;

		site_make(&s, row->policy);
		site_judge(&s, &mail, &v);
		assert_int_equal(v.asked, 0);
		check_decision(row, &v.d);
		mail.header = true;
		site_judge(&s, &mail, &v);
		assert_int_equal(v.asked, 0);
		check_decision(row, &v.d);
		site_free(&s);
	}
}

static void
sources_by_rank(void **state)
{
	static const struct row rows[] = {
		{ EMAIL, ALICE, BOX, UNKNOWN, YES, "a email " ALICE },
		{ EMAIL, BOB, BOX, SERVER, NO(NOT_REGISTERED), "-" },
		{ DOMAIN, BOB, BOX, LOCAL, YES, "a domain example.com" },
		{ IP, BOB, BOX, SERVER, YES, "a ip 192.0.2.7" },
		{ IP, BOB, BOX, "192.0.2.70", NO(NOT_REGISTERED), "-" },
		{ IP, BOB, BOX, "c000:207::", NO(NOT_REGISTERED), "-" },
		{ IP, BOB, BOX, "::ffff:192.0.2.7", YES, "a ip 192.0.2.7" },
		{ IP, BOB, BOX, LOCAL, NO(NOT_REGISTERED), "-" },
		{ ANYONE, BOB, BOX, UNKNOWN, YES, "a anyone" },
		{ ALL, ALICE, BOX, SERVER, YES, "a email " ALICE },
		{ ALL, BOB, BOX, SERVER, YES, "a domain example.com" },
		{ ALL, "x@y.example", BOX, SERVER, YES, "a ip 192.0.2.7" },
		{ ALL, "x@y.example", BOX, OTHER, YES, "a anyone" },
		{ ALL, "x@y.example", BOX, LOCAL, YES, "a anyone" },
		{ SPREAD, ALICE, BOX, SERVER, YES, "a email " ALICE },
		{ SPREAD, BOB, BOX, SERVER, YES, "b domain example.com" },
		{ SPREAD, "x@y.example", BOX, SERVER, YES,
		    "c ip 192.0.2.7" },
		{ SPREAD, "x@y.example", BOX, OTHER, YES, "d anyone" },
		{ SPREAD_BACK, ALICE, BOX, SERVER, YES, "a email " ALICE },
		{ SPREAD_BACK, BOB, BOX, SERVER, YES,
		    "b domain example.com" },
		{ SPREAD_BACK, "x@y.example", BOX, SERVER, YES,
		    "c ip 192.0.2.7" },
		{ SPREAD_BACK, "x@y.example", BOX, OTHER, YES, "d anyone" },
	};

	(void)state;
	check_rows(rows, NELEM(rows));
}

/* Where an ip source might win, the address must be known; else it need not. */
static void
an_ip_source_needs_the_address(void **state)
{
	static const struct row rows[] = {
		{ IP, BOB, BOX, UNKNOWN, NOT_YET(CLIENT_UNKNOWN), "-" },
		{ SPREAD, "x@y.example", BOX, UNKNOWN, NOT_YET(CLIENT_UNKNOWN),
		    "-" },
		{ SPREAD_BACK, "x@y.example", BOX, UNKNOWN,
		    NOT_YET(CLIENT_UNKNOWN), "-" },
		{ ALL, "x@y.example", BOX, UNKNOWN, NOT_YET(CLIENT_UNKNOWN),
		    "-" },
		{ SPREAD, ALICE, BOX, UNKNOWN, YES, "a email " ALICE },
		{ SPREAD_BACK, ALICE, BOX, UNKNOWN, YES, "a email " ALICE },
		{ SPREAD_BACK, BOB, BOX, UNKNOWN, YES,
		    "b domain example.com" },
	};

	(void)state;
	check_rows(rows, NELEM(rows));
}

/* The same, where the header is going to tell. */
static void
an_ip_source_waits_for_the_header(void **state)
{
#define WAIT		VERDICT_AFTER_DATA, REASON_OK
	static const struct row rows[] = {
		{ IP, BOB, BOX, LATER, WAIT, "-" },
		{ SPREAD, "x@y.example", BOX, LATER, WAIT, "-" },
		{ SPREAD_BACK, "x@y.example", BOX, LATER, WAIT, "-" },
		{ ALL, "x@y.example", BOX, LATER, WAIT, "-" },
		{ SPREAD, ALICE, BOX, LATER, YES, "a email " ALICE },
		{ SPREAD_BACK, BOB, BOX, LATER, YES,
		    "b domain example.com" },
		{ EMAIL, BOB, BOX, LATER, NO(NOT_REGISTERED), "-" },
		{ ANYONE, BOB, BOX, LATER, YES, "a anyone" },
		/* of the recipient the truth comes first */
		{ IP, BOB, "x@example.net", LATER, NO(NO_CHANNEL), "-" },
	};

	(void)state;
	check_rows(rows, NELEM(rows));
}

/* The winner decides alone: no falling through to a laxer source. */
static void
the_winner_decides_alone(void **state)
{
	static const struct row rows[] = {
		{ "account a" BOTH "; email alice@example.com 203.0.113.1; "
		    "domain example.com none; anyone none", ALICE, BOX,
		    OTHER, NO(SECURITY), "a email " ALICE },
		{ "account a" BOTH "; anyone none; account b" BOTH "; "
		    "domain example.com 203.0.113.1", BOB, BOX, OTHER,
		    NO(SECURITY), "b domain example.com" },
		{ "account a; email alice@example.com none; account b" BOTH
		    "; domain example.com none", ALICE, BOX, OTHER,
		    NO(CHANNEL_OFF), "a email " ALICE },
		{ "account a; channel sms +49*; email alice@example.com none; "
		    "account b" BOTH "; anyone none", ALICE, PHONE, OTHER,
		    NO(NUMBER_NOT_ALLOWED), "a email " ALICE },
		{ "account a" BOTH "; domain example.com none; account b" BOTH
		    "; anyone none", SRS, BOX, OTHER, NO(REWRITTEN),
		    "a domain example.com" },
	};

	(void)state;
	check_rows(rows, NELEM(rows));
}

static void
names_are_exact_but_for_case(void **state)
{
	static const struct row rows[] = {
		{ DOMAIN, "bob@EXAMPLE.com", BOX, UNKNOWN, YES,
		    "a domain example.com" },
		{ EMAIL, "ALICE@Example.COM", BOX, UNKNOWN, YES,
		    "a email " ALICE },
		{ DOMAIN, "bob@sales.example.com", BOX, UNKNOWN,
		    NO(NOT_REGISTERED), "-" },
		{ DOMAIN, "bob@badexample.com", BOX, UNKNOWN,
		    NO(NOT_REGISTERED), "-" },
		{ DOMAIN, "bob@example.com.evil.example", BOX, UNKNOWN,
		    NO(NOT_REGISTERED), "-" },
		{ DOMAIN, "bob@example.co", BOX, UNKNOWN,
		    NO(NOT_REGISTERED), "-" },
		{ DOMAIN, "\"bob@example.com\"@evil.example", BOX, UNKNOWN,
		    NO(NOT_REGISTERED), "-" },
		{ DOMAIN, "example.com", BOX, UNKNOWN, NO(NOT_REGISTERED),
		    "-" },
		{ "account a" BOTH "; domain sales.example.com none", BOB,
		    BOX, UNKNOWN, NO(NOT_REGISTERED), "-" },
		{ EMAIL, "alice+x@example.com", BOX, UNKNOWN,
		    NO(NOT_REGISTERED), "-" },
		{ EMAIL, "alice.b@example.com", BOX, UNKNOWN,
		    NO(NOT_REGISTERED), "-" },
		{ EMAIL, "xalice@example.com", BOX, UNKNOWN,
		    NO(NOT_REGISTERED), "-" },
		{ EMAIL, "alice", BOX, UNKNOWN, NO(NOT_REGISTERED), "-" },
		/* folding is for ASCII's letters alone */
		{ "account a" BOTH "; email \303\266@example.com none",
		    "\303\226@example.com", BOX, UNKNOWN,
		    NO(NOT_REGISTERED), "-" },
		{ "account a" BOTH "; email a{@example.com none",
		    "a[@example.com", BOX, UNKNOWN, NO(NOT_REGISTERED),
		    "-" },
	};

	(void)state;
	check_rows(rows, NELEM(rows));
}

static void
rewritten_senders(void **state)
{
	static const struct row rows[] = {
		{ DOMAIN, "prvs=0123ab=bob@example.com", BOX, UNKNOWN, YES,
		    "a domain example.com" },
		{ EMAIL, "prvs=0123ab=alice@example.com", BOX, UNKNOWN, YES,
		    "a email " ALICE },
		{ EMAIL, "prvs=0123ab=bob@example.com", BOX, UNKNOWN,
		    NO(NOT_REGISTERED), "-" },
		{ DOMAIN, SRS, BOX, UNKNOWN, NO(REWRITTEN),
		    "a domain example.com" },
		{ DOMAIN, "srs1+H=a.example==H=T=b.example=e@example.com",
		    BOX, UNKNOWN, NO(REWRITTEN), "a domain example.com" },
		{ DOMAIN, "bob+SRS=aB=XY=evil.example=eve@example.com", BOX,
		    UNKNOWN, NO(REWRITTEN), "a domain example.com" },
		{ DOMAIN, "bob+caf_=desk=gw.example.net@example.com", BOX,
		    UNKNOWN, NO(REWRITTEN), "a domain example.com" },
		{ DOMAIN, "prvs=0123ab=" SRS, BOX, UNKNOWN, NO(REWRITTEN),
		    "a domain example.com" },
		{ "account a" BOTH "; email bob+caf_=x=y.example@example.com "
		    "none", "bob+caf_=x=y.example@example.com", BOX, UNKNOWN,
		    NO(REWRITTEN),
		    "a email bob+caf_=x=y.example@example.com" },
		{ DOMAIN " forwarded", SRS, BOX, UNKNOWN, YES,
		    "a domain example.com" },
		{ DOMAIN " forwarded", "bob+caf_=d=g.example@example.com",
		    BOX, UNKNOWN, YES, "a domain example.com" },
		{ DOMAIN " forwarded", BOB, BOX, UNKNOWN, YES,
		    "a domain example.com" },
		/* no domain is lent there */
		{ IP, SRS, BOX, SERVER, YES, "a ip 192.0.2.7" },
		{ ANYONE, SRS, BOX, UNKNOWN, YES, "a anyone" },
		/* another source's forwarded opens nothing */
		{ DOMAIN "; email alice@example.com none forwarded", SRS,
		    BOX, UNKNOWN, NO(REWRITTEN), "a domain example.com" },
		/* not rewritten at all */
		{ DOMAIN, "srs0x@example.com", BOX, UNKNOWN, YES,
		    "a domain example.com" },
		{ DOMAIN, "srs@example.com", BOX, UNKNOWN, YES,
		    "a domain example.com" },
	};

	(void)state;
	check_rows(rows, NELEM(rows));
}

static void
channels_and_grants(void **state)
{
	static const struct row rows[] = {
		{ ANYONE, BOB, "x@example.net", UNKNOWN, NO(NO_CHANNEL), "-" },
		{ ANYONE, BOB, "x@sms.example.net.evil.example", UNKNOWN,
		    NO(NO_CHANNEL), "-" },
		{ ANYONE, BOB, "postmaster", UNKNOWN, NO(NO_CHANNEL), "-" },
		{ ANYONE, BOB, "DESK@BOX.Example.Net", UNKNOWN, YES,
		    "a anyone" },
		{ ANYONE, BOB, "x@robot.example.net", UNKNOWN,
		    NO(CHANNEL_OFF), "a anyone" },
		{ "account a; channel box; anyone none", BOB, PHONE, UNKNOWN,
		    NO(CHANNEL_OFF), "a anyone" },
		{ "account a; anyone none", BOB, BOX, UNKNOWN,
		    NO(CHANNEL_OFF), "a anyone" },
		/* what another account may use is no help */
		{ "account a; channel sms; email alice@example.com none; "
		    "account b; channel box; anyone none", ALICE, BOX,
		    UNKNOWN, NO(CHANNEL_OFF), "a email " ALICE },
		{ "account a; channel sms; email alice@example.com none; "
		    "account b; channel box; anyone none", BOB, BOX, UNKNOWN,
		    YES, "b anyone" },
		/* the first channel in the file takes it: no sms by "wide" */
		{ "account a; channel wide; anyone none", BOB, PHONE, UNKNOWN,
		    NO(CHANNEL_OFF), "a anyone" },
		{ "account a; channel wide; anyone none", BOB,
		    "x@other.example.net", UNKNOWN, YES, "a anyone" },
		/* strangers learn first whether the recipient is one */
		{ EMAIL, BOB, "x@example.net", UNKNOWN, NO(NO_CHANNEL), "-" },
		{ EMAIL, BOB, "x@sms.example.net", UNKNOWN, NO(BAD_NUMBER),
		    "-" },
	};

	(void)state;
	check_rows(rows, NELEM(rows));
}

/* As lmtpctl lookup asks; a table is asked at most once. */
static void
judge_sender(struct site *s, const struct row *row, struct site_verdict *v)
{
	struct trace trace = { site_step, v };
	struct site_mail mail = { .table = row->recipient };
	char identity[ADDR_MAX];
	struct facts f = {
		.sender = row->sender,
		.identity = identity,
		.recipient = "",
		.later = strcmp(row->from, LATER) == 0,
		.client.family = AF_UNSPEC
	};

	addr_identity(row->sender, identity);
	ip_read(row->from, &f.client);
	memset(v, 0, sizeof(*v));
	memset(&v->d, 0xa5, sizeof(v->d));
	site_fetch(s, &mail, 0, &f);
	v->asked = rules_judge_sender(&s->policy, &f, &v->d, NULL);
	site_fetch(s, &mail, v->asked, &f);
	assert_int_equal(rules_judge_sender(&s->policy, &f, &v->d, &trace), 0);
	check_trace(v);
}

static void
check_sender(const struct row *row)
{
	char text[ADDR_MAX + 64];
	struct site_verdict v;
	struct site s;

	site_make(&s, row->policy);
	judge_sender(&s, row, &v);
	if (v.d.verdict != row->verdict || v.d.reason != row->reason)
		fail_msg("{ %s } <%s> from %s: %s, wanted %s", row->policy,
		    row->sender, row->from, reason_words(v.d.reason)->name,
		    reason_words(row->reason)->name);
	assert_string_equal(winner_of(&v.d, text, sizeof(text)), row->winner);
	assert_int_equal(v.asked, row->recipient == NULL ? 0 : FACT_USERS);
	assert_null(v.d.channel);
	assert_null(v.d.grant);
	if (v.d.verdict == VERDICT_ACCEPT)
		assert_string_equal(v.d.user, v.d.source->kind ==
		    SOURCE_USERS ? "table.user" : "user");
	site_free(&s);
}

/* Whose he is, whatever he may: here "recipient" is a table's answer. */
static void
the_sender_alone(void **state)
{
#define STAFF		"account a; users staff none; domain example.com none"
	static const struct row rows[] = {
		{ EMAIL, ALICE, NULL, UNKNOWN, YES, "a email " ALICE },
		{ EMAIL, BOB, NULL, SERVER, NO(NOT_REGISTERED), "-" },
		{ EMAIL, "", NULL, SERVER, NO(NULL_SENDER), "-" },
		{ ANYONE " null-sender", "", NULL, SERVER, YES, "a anyone" },
		{ ANYONE, "double-bounce@example.net", NULL, SERVER, YES,
		    "a anyone" },
		{ "account a; domain example.com 203.0.113.1 verify", BOB,
		    NULL, OTHER, YES, "a domain example.com" },
		{ SPREAD_BACK, ALICE, NULL, SERVER, YES, "a email " ALICE },
		{ SPREAD_BACK, BOB, NULL, SERVER, YES,
		    "b domain example.com" },
		{ IP, BOB, NULL, SERVER, YES, "a ip 192.0.2.7" },
		{ IP, BOB, NULL, UNKNOWN, NOT_YET(CLIENT_UNKNOWN), "-" },
		{ IP, BOB, NULL, LATER, WAIT, "-" },
		{ DOMAIN, SRS, NULL, UNKNOWN, NO(REWRITTEN),
		    "a domain example.com" },
		{ DOMAIN " forwarded", SRS, NULL, UNKNOWN, YES,
		    "a domain example.com" },
		{ STAFF, BOB, "staff", UNKNOWN, YES, "a users staff" },
		{ STAFF, BOB, "-", UNKNOWN, YES, "a domain example.com" },
		{ STAFF, BOB, "?", UNKNOWN, NOT_YET(INTERNAL), "-" },
		{ STAFF, "x@y.example", "-", OTHER, NO(NOT_REGISTERED), "-" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++)
		check_sender(&rows[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sources_by_rank),
		cmocka_unit_test(an_ip_source_needs_the_address),
		cmocka_unit_test(an_ip_source_waits_for_the_header),
		cmocka_unit_test(the_winner_decides_alone),
		cmocka_unit_test(names_are_exact_but_for_case),
		cmocka_unit_test(rewritten_senders),
		cmocka_unit_test(channels_and_grants),
		cmocka_unit_test(the_sender_alone),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
