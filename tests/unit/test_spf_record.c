/*
 * SPF records by the grammar of RFC 7208 section 12, and nothing beside it.
 */
#include <sys/socket.h>

#include <stdarg.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "spf_record.h"

#define COUNT(rows)	(sizeof(rows) / sizeof((rows)[0]))
#define X50		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void
wants(const char *text, bool right)
{
	struct spf_term	 redirect;

	if (spf_record_check(text, &redirect) != right)
		fail_msg("%s: \"%s\"", right ? "refused" : "taken", text);
}

static void
a_record_is_known_by_its_version(void **state)
{
	(void)state;
	assert_true(spf_record_is("v=spf1"));
	assert_true(spf_record_is("v=spf1 -all"));
	assert_true(spf_record_is("V=SPF1 -all"));
	assert_false(spf_record_is(""));
	assert_false(spf_record_is("v=spf"));
	assert_false(spf_record_is("v=spf10"));
	assert_false(spf_record_is("v=spf1\t-all"));
	assert_false(spf_record_is(" v=spf1 -all"));
	assert_false(spf_record_is("spf2.0/mfrom -all"));
}

static void
right_records_are_taken(void **state)
{
	static const char *const	 good[] = {
		"v=spf1", "v=spf1 ", "v=spf1   -all  ", "v=spf1 +ALL",
		"v=spf1 a", "v=spf1 a/24", "v=spf1 a//64", "v=spf1 a/24//64",
		"v=spf1 a:example.com/0//0", "v=spf1 ~mx:example.com.",
		"v=spf1 a:%{d}/24", "v=spf1 a:example.com/24%{d}",
		"v=spf1 mx:a-b.x-1/32//128", "v=spf1 ptr", "v=spf1 ?ptr:a.b",
		"v=spf1 ip4:192.0.2.1", "v=spf1 ip4:192.0.2.1/0",
		"v=spf1 ip6:::/0", "v=spf1 ip6:2001:db8::1/128",
		"v=spf1 ip6:::ffff:192.0.2.1/96",
		"v=spf1 include:_spf.a.b", "v=spf1 exists:%{ir}.sbl.a.b",
		"v=spf1 exists:%{l1r-}.%%.%_%-.a.b",
		"v=spf1 exists:%{S.-+,/_=}",
		"v=spf1 redirect=a.b", "v=spf1 REDIRECT=a.b -all",
		"v=spf1 exp=a.b redirect=a.b", "v=spf1 x-y.z_1=",
		"v=spf1 v=spf1",
		"v=spf1 unknown=/:%{h}%% all", "v=spf1 u=1 u=2",
		"v=spf1 a:1.2.3.a", "v=spf1 a:1.2.3.4-5", "v=spf1 ptr=a.b:c",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		wants(good[i], true);
}

static void
wrong_terms_are_refused(void **state)
{
	static const char *const	 bad[] = {
		"v=spf1 -", "v=spf1 -all.", "v=spf1 all:a.b", "v=spf1 all/8",
		"v=spf1 --all", "v=spf1 !all", "v=spf1 3all", "v=spf1 foo",
		"v=spf1 foo:a.b", "v=spf1 a:", "v=spf1 mx:/24", "v=spf1 a:b",
		"v=spf1 a:1.2.3.4", "v=spf1 a:a.b-", "v=spf1 a:a.-b",
		"v=spf1 a:a.b..", "v=spf1 a:.", "v=spf1 ptr/24", "v=spf1 ptr:",
		"v=spf1 include", "v=spf1 include:",
		"v=spf1 include:a.b/24", "v=spf1 exists", "v=spf1 exists:a",
		"v=spf1 -redirect=a.b", "v=spf1 +x=y", "v=spf1 redirect=",
		"v=spf1 redirect:a.b", "v=spf1 redirect=a",
		"v=spf1 redirect=a.b redirect=a.b", "v=spf1 exp=a.b EXP=a.b",
		"v=spf1 exp=", "v=spf1 exp=a", "v=spf1 =a.b", "v=spf1 _x=y",
		"v=spf1 -all a:\tb.c", "v=spf1 a:b\x01.c", "v=spf1 a:\x80.c",
		"v=spf1 \x96ll", "v=spf1 a\tmx", "v=spf1 x=\x7f",
		/* What is wrong behind "all" is wrong too. */
		"v=spf1 -all foo",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		wants(bad[i], false);
}

static void
wrong_numbers_are_refused(void **state)
{
	static const char *const	 bad[] = {
		"v=spf1 a/", "v=spf1 a/33", "v=spf1 a/032", "v=spf1 a/00",
		"v=spf1 a/-1", "v=spf1 a/+1", "v=spf1 a//129", "v=spf1 a//",
		"v=spf1 a//064", "v=spf1 a/24/64", "v=spf1 a//64/24",
		"v=spf1 a///64", "v=spf1 a/1//2//3", "v=spf1 a:a.b/4294967328",
		"v=spf1 a:a.b/24x", "v=spf1 mx:%{d}///1",
		"v=spf1 ip4", "v=spf1 ip4:", "v=spf1 ip4:1.2.3",
		"v=spf1 ip4:1.2.3.256", "v=spf1 ip4:1.2.3.04",
		"v=spf1 ip4:1.2.3.4/", "v=spf1 ip4:1.2.3.4/33",
		"v=spf1 ip4:1.2.3.4/01", "v=spf1 ip4:1.2.3.4//32",
		"v=spf1 ip4:1.2.3.4/8/8", "v=spf1 ip4:::1",
		"v=spf1 ip4:1.2.3.4:25", "v=spf1 ip6:1.2.3.4",
		"v=spf1 ip6:::1/129", "v=spf1 ip6:::1//64", "v=spf1 ip6:::1%1",
		"v=spf1 ip6:1:2:3:4:5:6:7:8:9", "v=spf1 ip6:[::1]",
		"v=spf1 ip6:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		wants(bad[i], false);
}

static void
wrong_macros_are_refused(void **state)
{
	static const char *const	 bad[] = {
		"v=spf1 exists:%", "v=spf1 exists:a.%", "v=spf1 exists:%{",
		"v=spf1 exists:%{}", "v=spf1 exists:%{d", "v=spf1 exists:%(d)",
		"v=spf1 exists:%{d0}", "v=spf1 exists:%{d00}",
		"v=spf1 exists:%{dr2}", "v=spf1 exists:%{d|}",
		"v=spf1 exists:%{x}", "v=spf1 exists:%{c}.a.b",
		"v=spf1 exists:%{r}.a.b", "v=spf1 exists:%{t}.a.b",
		"v=spf1 exists:%{dd}", "v=spf1 exists:%{d}a",
		"v=spf1 exists:%{d}.%a.b", "v=spf1 u=%{", "v=spf1 u=%",
		"v=spf1 exp=%{d", "v=spf1 redirect=%{d.",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		wants(bad[i], false);
}

/* libspf2 1.2.10 smashes its stack on less. */
static void
a_domain_has_bounds(void **state)
{
	char	 text[1024] = "v=spf1 exists:" X50 X50 X50 X50 X50;

	(void)state;
	strcat(text, ".abcd");
	wants(text, true);
	strcat(text, "e");
	wants(text, false);
	strcpy(text, "v=spf1 exists:");
	for (int i = 0; i < 20; i++)
		strcat(text, "%{d}");
	wants(text, true);
	strcat(text, "%%");
	wants(text, false);
	strcpy(text, "v=spf1 u=" X50 X50 X50 X50 X50 X50);
	wants(text, true);
}

static void
next(const char **at, struct spf_term *t, enum spf_term_kind kind,
    enum spf_result result, const char *spec)
{
	assert_true(spf_record_next(at, t));
	assert_int_equal(t->kind, kind);
	if (kind != SPF_TERM_END && kind != SPF_TERM_REDIRECT &&
	    kind != SPF_TERM_IGNORED)
		assert_int_equal(t->result, result);
	if (spec == NULL) {
		assert_null(t->spec);
		return;
	}
	assert_int_equal(t->spec_len, strlen(spec));
	assert_memory_equal(t->spec, spec, t->spec_len);
}

static void
terms_are_read_in_order(void **state)
{
	const char	*at = "v=spf1 a/24 -mx:a.b//64  ~PTR ?include:%{d} "
	    "exists:x.y x=y redirect=r.s exp=e.f -all";
	struct spf_term	 t;

	(void)state;
	next(&at, &t, SPF_TERM_A, SPF_PASS, NULL);
	assert_int_equal(t.bits4, 24);
	assert_int_equal(t.bits6, 128);
	next(&at, &t, SPF_TERM_MX, SPF_FAIL, "a.b");
	assert_int_equal(t.bits4, 32);
	assert_int_equal(t.bits6, 64);
	next(&at, &t, SPF_TERM_PTR, SPF_SOFTFAIL, NULL);
	next(&at, &t, SPF_TERM_INCLUDE, SPF_NEUTRAL, "%{d}");
	next(&at, &t, SPF_TERM_EXISTS, SPF_PASS, "x.y");
	next(&at, &t, SPF_TERM_IGNORED, SPF_NONE, NULL);
	next(&at, &t, SPF_TERM_REDIRECT, SPF_NONE, "r.s");
	next(&at, &t, SPF_TERM_IGNORED, SPF_NONE, NULL);
	next(&at, &t, SPF_TERM_ALL, SPF_FAIL, NULL);
	next(&at, &t, SPF_TERM_END, SPF_NONE, NULL);
	next(&at, &t, SPF_TERM_END, SPF_NONE, NULL);
}

static bool
covers(const char *term, const char *client)
{
	char		 text[128];
	const char	*at = text;
	struct spf_term	 t;
	struct ip_addr	 addr;

	snprintf(text, sizeof(text), "v=spf1 %s", term);
	assert_true(spf_record_next(&at, &t));
	assert_int_equal(t.kind, SPF_TERM_IP);
	assert_int_equal(ip_read(client, &addr), 0);
	return ip_in_net(&addr, &t.net);
}

static void
networks_cover_their_own_family(void **state)
{
	(void)state;
	assert_true(covers("ip4:192.0.2.99/24", "192.0.2.1"));
	assert_false(covers("ip4:192.0.2.99/25", "192.0.2.129"));
	assert_true(covers("ip4:192.0.2.1", "192.0.2.1"));
	assert_false(covers("ip4:192.0.2.1", "192.0.2.2"));
	assert_true(covers("ip4:255.255.255.255/0", "192.0.2.1"));
	assert_false(covers("ip4:0.0.0.0/0", "2001:db8::1"));
	assert_true(covers("ip6:2001:db8::/32", "2001:db8:1::1"));
	assert_false(covers("ip6:2001:db8::/32", "2001:db9::1"));
	assert_false(covers("ip6:::/0", "192.0.2.1"));
	assert_false(covers("ip6:::ffff:192.0.2.1", "192.0.2.1"));
}

static void
all_overrides_redirect_from_anywhere(void **state)
{
	struct spf_term	 t;

	(void)state;
	assert_true(spf_record_check("v=spf1 redirect=a.b mx", &t));
	assert_int_equal(t.kind, SPF_TERM_REDIRECT);
	assert_int_equal(t.spec_len, 3);
	assert_memory_equal(t.spec, "a.b", 3);
	assert_true(spf_record_check("v=spf1 redirect=a.b ?all", &t));
	assert_int_equal(t.kind, SPF_TERM_END);
	assert_true(spf_record_check("v=spf1 all redirect=a.b", &t));
	assert_int_equal(t.kind, SPF_TERM_END);
	assert_true(spf_record_check("v=spf1 mx", &t));
	assert_int_equal(t.kind, SPF_TERM_END);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_record_is_known_by_its_version),
		cmocka_unit_test(right_records_are_taken),
		cmocka_unit_test(wrong_terms_are_refused),
		cmocka_unit_test(wrong_numbers_are_refused),
		cmocka_unit_test(wrong_macros_are_refused),
		cmocka_unit_test(a_domain_has_bounds),
		cmocka_unit_test(terms_are_read_in_order),
		cmocka_unit_test(networks_cover_their_own_family),
		cmocka_unit_test(all_overrides_redirect_from_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
