/*
 * The macros of SPF records, RFC 7208 section 7.
 */
#include <sys/socket.h>

#include <stdarg.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include "spf_macro.h"

#define COUNT(rows)	(sizeof(rows) / sizeof((rows)[0]))

/* The values of section 7.4's examples. */
static struct spf_macros
values(const char *client)
{
	struct spf_macros	 m = {
		.sender = "strong-bad@email.example.com",
		.local = "strong-bad", .origin = "email.example.com",
		.domain = "email.example.com", .helo = "mx.example.org",
		.client_name = "mx.example.org"
	};

	assert_int_equal(ip_read(client, &m.client), 0);
	return m;
}

static void
wants(const char *spec, const struct spf_macros *m, const char *right)
{
	char	 out[SPF_DOMAIN_MAX];

	memset(out, '?', sizeof(out));
	spf_macro_expand(spec, strlen(spec), m, out);
	if (memchr(out, '\0', sizeof(out)) == NULL || strcmp(out, right) != 0)
		fail_msg("%s: %.254s, not %s", spec, out, right);
}

static void
the_examples_of_the_rfc_expand(void **state)
{
	static const char *const	 rows[][2] = {
		{ "%{s}", "strong-bad@email.example.com" },
		{ "%{o}", "email.example.com" },
		{ "%{d}", "email.example.com" },
		{ "%{d4}", "email.example.com" },
		{ "%{d3}", "email.example.com" },
		{ "%{d2}", "example.com" }, { "%{d1}", "com" },
		{ "%{dr}", "com.example.email" }, { "%{d2r}", "example.email" },
		{ "%{l}", "strong-bad" }, { "%{l-}", "strong.bad" },
		{ "%{lr}", "strong-bad" }, { "%{lr-}", "bad.strong" },
		{ "%{l1r-}", "strong" },
		{ "%{ir}.%{v}._spf.%{d2}",
		    "3.2.0.192.in-addr._spf.example.com" },
		{ "%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com" },
		{ "%{lr-}.lp.%{ir}.%{v}._spf.%{d2}",
		    "bad.strong.lp.3.2.0.192.in-addr._spf.example.com" },
		{ "%{d2}.trusted-domains.example.net",
		    "example.com.trusted-domains.example.net" },
		{ "%{h}.%{p}", "mx.example.org.mx.example.org" },
		{ "%{L}%%%_%-.a.b", "strong-bad% %20.a.b" },
		{ "%{S}", "strong-bad%40email.example.com" },
		{ "%{d999}", "email.example.com" },
		{ "%{d4r}", "com.example.email" },
		{ "a.b.", "a.b" },
	};
	struct spf_macros		 m = values("192.0.2.3");

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		wants(rows[i][0], &m, rows[i][1]);
	m = values("2001:db8::cb01");
	wants("%{ir}.%{v}._spf.%{d2}", &m, "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0."
	    "0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com");
	wants("%{i}", &m, "2.0.0.1.0.d.b.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
	    "0.0.0.c.b.0.1");
}

static void
every_delimiter_cuts(void **state)
{
	struct spf_macros	 m = values("192.0.2.3");

	(void)state;
	m.local = "a.b-c+d,e/f_g=h";
	wants("%{l.-+,/_=}", &m, "a.b.c.d.e.f.g.h");
	wants("%{l2r.-+,/_=}", &m, "b.a");
	wants("%{l,}", &m, "a.b-c+d.e/f_g=h");
	wants("%{lr/}", &m, "f_g=h.a.b-c+d,e");
	wants("%{L+}", &m, "a.b-c.d%2Ce%2Ff_g%3Dh");
	m.local = "--";
	wants("x%{l-}y.a", &m, "x..y.a");
	wants("%{l1-}", &m, "");
	m.local = "\xc3\xa4";
	wants("%{L}", &m, "%C3%A4");
}

static void
names_too_long_lose_labels_at_the_left(void **state)
{
	struct spf_macros	 m = values("192.0.2.3");
	char			 longest[400], right[SPF_DOMAIN_MAX];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	for (size_t i = 9; i < sizeof(longest); i += 10)
		longest[i] = '.';
	longest[399] = '\0';
	m.domain = longest;
	strcpy(right, longest + 150);
	strcat(right, ".a.b");
	assert_int_equal(strlen(right), SPF_DOMAIN_MAX - 1);
	wants("%{d}.a.b", &m, right);
	strcpy(right, longest + 160);
	strcat(right, ".a.bc");
	wants("%{d}.a.bc", &m, right);
	memset(longest, 'x', 399);
	wants("a.%{d}", &m, "");
}

static void
bounds_hold_with_the_longest_values(void **state)
{
	struct spf_macros	 m = values("192.0.2.3");
	char			 spec[SPF_SPEC_MAX + 1] = "", sender[ADDR_MAX];
	char			 out[SPF_DOMAIN_MAX];

	(void)state;
	memset(sender, '@', sizeof(sender) - 1);
	sender[sizeof(sender) - 1] = '\0';
	m.sender = sender;
	for (int i = 0; i < SPF_SPEC_MACROS; i++)
		strcat(spec, "%{S}");
	assert_true(spf_domain_spec(spec, strlen(spec)));
	spf_macro_expand(spec, strlen(spec), &m, out);
	assert_string_equal(out, "");
	memset(sender, '.', sizeof(sender) - 1);
	spf_macro_expand(spec, strlen(spec), &m, out);
	assert_true(strlen(out) < SPF_DOMAIN_MAX);
}

static void
uses_are_found(void **state)
{
	(void)state;
	assert_true(spf_macro_uses("a.%{L1r-}", 9, "ls"));
	assert_true(spf_macro_uses("%{p}", 4, "p"));
	assert_false(spf_macro_uses("%%{p}.%{d}", 10, "p"));
	assert_false(spf_macro_uses("p.s.l", 5, "lsp"));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(the_examples_of_the_rfc_expand),
		cmocka_unit_test(every_delimiter_cuts),
		cmocka_unit_test(names_too_long_lose_labels_at_the_left),
		cmocka_unit_test(bounds_hold_with_the_longest_values),
		cmocka_unit_test(uses_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
