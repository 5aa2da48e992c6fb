/*
 * Users tables in the rules: their rank, who is asked, whose user it is, and
 * what a table that cannot be read means.
 */
#include "rules_site.h"

#define BOB	"bob@example.com"
#define BOX	"desk@box.example.net"
#define OUTSIDE	"198.51.100.9"

#define STAFF	"account a; channel box; users staff none"
#define BOTH	"account a; channel box; domain example.com none; " \
		"account b; channel box; users staff none"

static const struct {
	const char	*policy;
	const char	*sender;
	const char	*table;
	enum verdict	 verdict;
	enum reason	 reason;
	unsigned int	 asked;
	const char	*user;		/* NULL: no source */
	enum source_kind kind;
} rows[] = {
#define YES	VERDICT_ACCEPT, REASON_OK
#define NO(r)	VERDICT_REFUSE, REASON_ ## r
	{ STAFF, BOB, "staff", YES, FACT_USERS, "table.user", SOURCE_USERS },
	{ STAFF, BOB, "-", NO(NOT_REGISTERED), FACT_USERS, NULL, 0 },
	{ STAFF, BOB, "?", VERDICT_DEFER, REASON_INTERNAL, FACT_USERS, NULL,
	    0 },
	/* the null sender is in no table */
	{ STAFF, "", "staff", NO(NULL_SENDER), 0, NULL, 0 },
	/* email beats users beats domain; a table is opened where it counts */
	{ STAFF "; email bob@example.com none", BOB, "staff", YES, 0, "user",
	    SOURCE_EMAIL },
	{ STAFF "; email bob@example.com none", BOB, "?", YES, 0, "user",
	    SOURCE_EMAIL },
	{ STAFF "; domain example.com none", BOB, "staff", YES, FACT_USERS,
	    "table.user", SOURCE_USERS },
	{ STAFF "; domain example.com none", BOB, "-", YES, FACT_USERS,
	    "user", SOURCE_DOMAIN },
	{ STAFF "; domain example.com none", BOB, "?", VERDICT_DEFER,
	    REASON_INTERNAL, FACT_USERS, NULL, 0 },
	{ STAFF "; anyone none", BOB, "-", YES, FACT_USERS, "user",
	    SOURCE_ANYONE },
	{ BOTH, BOB, "staff", YES, FACT_USERS, "table.user", SOURCE_USERS },
	{ BOTH, BOB, "-", YES, FACT_USERS, "user", SOURCE_DOMAIN },
	/* the winner decides alone */
	{ "account a; channel box; users staff 192.0.2.0/24; domain "
	    "example.com none", BOB, "staff", NO(SECURITY), FACT_USERS,
	    "table.user", SOURCE_USERS },
	/* where nobody uses one, nobody asks */
	{ "account a; channel box; domain example.com none", BOB, "?", YES, 0,
	    "user", SOURCE_DOMAIN },
	/* a forwarder's rewriting is refused as for any registered sender */
	{ STAFF, "SRS0=h=t=x@example.com", "staff", NO(REWRITTEN), FACT_USERS,
	    "table.user", SOURCE_USERS },
	{ STAFF " forwarded", "SRS0=h=t=x@example.com", "staff", YES,
	    FACT_USERS, "table.user", SOURCE_USERS },
};

static void
users_tables(void **state)
{
	struct site_verdict v;
	struct site s;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct site_mail mail = { .sender = rows[i].sender,
		    .recipient = BOX, .from = OUTSIDE, .header = true,
		    .table = rows[i].table };

		site_make(&s, rows[i].policy);
		site_judge(&s, &mail, &v);
		if (v.d.verdict != rows[i].verdict ||
		    v.d.reason != rows[i].reason || v.asked != rows[i].asked)
			fail_msg("row %zu { %s } <%s>:\n%s", i,
			    rows[i].policy, rows[i].sender, v.all);
		assert_int_equal(v.d.source != NULL, rows[i].user != NULL);
		if (rows[i].user != NULL) {
			assert_string_equal(v.d.user, rows[i].user);
			assert_int_equal(v.d.source->kind, rows[i].kind);
		}
		site_free(&s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_tables),
	};

	return cmocka_run_group_tests_name("rules_users", tests, NULL, NULL);
}
