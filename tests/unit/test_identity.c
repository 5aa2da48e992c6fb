/*
 * Whom an envelope sender stands for, and whom it cannot be made to.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

#include "addr.h"
#include "identity.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define AT_SIGN		"\357\274\240"	/* U+FF20, UTS 46 makes it "@" */
#define BUECHER		"xn--bcher-kva.example"

/* Compared as the rules compare: ASCII case folded. */
static const struct {
	const char	*sender;
	const char	*identity;	/* NULL: the sender as it is */
} rows[] = {
	{ "", NULL },
	{ "bob", NULL },
	{ "bob@example.com", NULL },
	{ "BOB@EXAMPLE.COM", "bob@example.com" },
	{ "prvs=0123ab=bob@example.com", "bob@example.com" },
	{ "prvs=0123ab=bob@EXAMPLE.com", "bob@example.com" },
	{ "\"a@b\"@example.com", NULL },
	/* IDN, however it is written */
	{ "bob@b\303\274cher.example", "bob@" BUECHER },
	{ "bob@B\303\234CHER.Example", "bob@" BUECHER },
	{ "bob@XN--BCHER-KVA.example", "bob@" BUECHER },
	{ "bob@bu\314\210cher.example", "bob@" BUECHER },	/* NFC */
	{ "prvs=0123ab=bob@b\303\274cher.example", "bob@" BUECHER },
	{ "bob@b\303\274cher.example.org", "bob@xn--bcher-kva.example.org" },
	{ "bob@example\343\200\202com", "bob@example.com" },	/* U+3002 */
	{ "b\303\266b@b\303\274cher.example", "b\303\266b@" BUECHER },
	/* the local part is nobody's to map */
	{ "\357\275\202ob@example.com", NULL },
	{ "eve" AT_SIGN "example.com", NULL },
	{ "eve" AT_SIGN "example.com@evil.example", NULL },
	/* a mapped domain that would end elsewhere is not mapped */
	{ "eve@evil.example" AT_SIGN "example.com", NULL },
	{ "eve@x" AT_SIGN BUECHER, NULL },
	{ "eve@evil.example\302\240example.com", NULL },
	{ "eve@\357\274\202@example.com\357\274\202.evil.example", NULL },
	/* a rewritten one stays what it is */
	{ "SRS0=H=T=y.example=x@example.com", NULL },
};

static void
whom_a_sender_stands_for(void **state)
{
	char identity[ADDR_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		const char *wanted = rows[i].identity == NULL ?
		    rows[i].sender : rows[i].identity;

		memset(identity, 0xa5, sizeof(identity));
		identity_of(rows[i].sender, identity);
		if (!addr_equal(identity, wanted))
			fail_msg("<%s> is <%s>, not <%s>", rows[i].sender,
			    identity, wanted);
	}
}

/* What is an address stays one, and the same when asked again. */
static void
an_identity_is_an_address_again(void **state)
{
	char identity[ADDR_MAX], again[ADDR_MAX];
	size_t i;

	(void)state;
	for (i = 1; i < NELEM(rows); i++) {
		identity_of(rows[i].sender, identity);
		assert_int_equal(addr_valid(identity),
		    addr_valid(rows[i].sender));
		identity_of(identity, again);
		assert_string_equal(again, identity);
	}
}

/* Senders up to the longest, with domains that grow when they are mapped. */
static void
a_domain_that_grows(void **state)
{
	char sender[ADDR_MAX], identity[ADDR_MAX + 1];
	size_t i, n, mapped = 0;

	(void)state;
	for (n = 400; n < ADDR_MAX; n++) {
		memset(sender, 'a', n);
		sender[n] = '\0';
		memcpy(sender + n - 40, "@", 1);
		for (i = 0; i < 9; i++)
			memcpy(sender + n - 39 + i * 4, "\303\274b.", 4);
		memcpy(sender + n - 3, "exa", 3);
		assert_true(addr_valid(sender));
		identity[ADDR_MAX] = 'x';
		identity_of(sender, identity);
		assert_int_equal(identity[ADDR_MAX], 'x');
		assert_in_range(strlen(identity), n, ADDR_MAX - 1);
		assert_memory_equal(identity, sender, n - 39);
		/* all of it, or none: a cut domain is somebody else's */
		assert_string_equal(identity + strlen(identity) - 4, ".exa");
		if (strstr(identity, "@xn--") != NULL)
			mapped++;
		else
			assert_string_equal(identity, sender);
	}
	/* the short ones were mapped, the long ones could not be */
	assert_in_range(mapped, 1, ADDR_MAX - 400 - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whom_a_sender_stands_for),
		cmocka_unit_test(an_identity_is_an_address_again),
		cmocka_unit_test(a_domain_that_grows),
	};

	return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
