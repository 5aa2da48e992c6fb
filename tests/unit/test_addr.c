/*
 * Mail addresses, as senders write them and as an attacker would.
 */
#include <stdarg.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "addr.h"

#define COUNT(rows)	(sizeof(rows) / sizeof((rows)[0]))

/* Fails with the row's own text in the message. */
#define ROW_TRUE(what, text) do {					\
	if (!(what))							\
		fail_msg("%s: %s", #what, (text));			\
} while (0)

static const char *const good_paths[][2] = {
	{ "a@example.com", "a@example.com" },
	{ "Alice.B+tag@Example.COM", "Alice.B+tag@Example.COM" },
	{ "postmaster", "postmaster" },
	{ "!#$%&'*+-/=?^_`{|}~@d", "!#$%&'*+-/=?^_`{|}~@d" },
	{ "\"alice\"@example.com", "alice@example.com" },
	{ "\"a.b\"@example.com", "a.b@example.com" },
	{ "\"a..b\"@example.com", "\"a..b\"@example.com" },
	{ "\"+41 79\"@sms.example", "\"+41 79\"@sms.example" },
	{ "\"a@b\"@example.com", "\"a@b\"@example.com" },
	{ "\"a@b\"", "\"a@b\"" },
	{ "\"\"@example.com", "\"\"@example.com" },
	{ "\"a\\\"b\"@d", "\"a\\\"b\"@d" },
	{ "\"a\\\\\"@d", "\"a\\\\\"@d" },
	{ "\"\\a\\l\"@d", "al@d" },
	{ "\"\\a b\"@d", "\"a b\"@d" },
	{ "\">\"@d", "\">\"@d" },
	{ "@one.example:a@d", "a@d" },
	{ "@one.example,@two.example:\"a\"@d", "a@d" },
	{ "a@[192.0.2.1]", "a@[192.0.2.1]" },
	{ "a@[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]" },
	{ "a@[ipv6:::1]", "a@[ipv6:::1]" },
	{ "a@_dmarc.x-y.example", "a@_dmarc.x-y.example" },
	{ "j\303\274rg@b\303\274cher.example",
	    "j\303\274rg@b\303\274cher.example" },
	{ "\360\237\223\240@\xe2\x82\xac.example",
	    "\360\237\223\240@\xe2\x82\xac.example" },
	{ "\"\303\274 b\"@d", "\"\303\274 b\"@d" },
	{ "SRS0=abc=de=example.org=user@d", "SRS0=abc=de=example.org=user@d" },
};

static void
path_is_read(void **state)
{
	char	 out[ADDR_MAX];
	size_t	 i;

	(void)state;
	for (i = 0; i < COUNT(good_paths); i++) {
		memset(out, 'x', sizeof(out));
		ROW_TRUE(addr_read_path(good_paths[i][0],
		    strlen(good_paths[i][0]), out) == 0, good_paths[i][0]);
		assert_string_equal(out, good_paths[i][1]);
		ROW_TRUE(addr_valid(out), out);
	}
}

static const char *const bad_paths[] = {
	"", "@", "@d", "a@", "a@@d", "a@b@c", ".a@d", "a.@d", "a..b@d", "a b@d",
	" a@d", "a@d ", "a@.d", "a@d.", "a@d..e", "a@d e", "a@d/e", "a@d+e",
	"a(b)@d", "a,b@d", "<a@d>", "a@<d>", "a:b@d", "a;b@d", "a\\b@d", "[a@d",
	"\"a@d", "\"a\"b@d", "a\"b\"@d", "\"a\".b@d", "\"a\\\"@d", "\"a\\",
	"\"a\"b\"@d", "\"", "a@d\n", "a@d\r\nDATA", "a\t@d", "a\177@d",
	"\"a\tb\"@d", "\"a\\\tb\"@d", "\"a\\\303\274\"@d",
	"@one:", "@one", "@:a@d", "@one,a@d", "@one,:a@d", "@one,@:a@d",
	"@one.:a@d", "one:a@d", "@one:@two:a@d",
	"a@[]", "a@[192.0.2.1", "a@192.0.2.1]", "a@[192.0.2]",
	"a@[192.0.2.256]",
	"a@[2001:db8::1]", "a@[IPv6:192.0.2.1]", "a@[IPv6:]", "a@[IPv6:g::]",
	"a@[tag:x]", "a@[192.0.2.1]x", "a@[192.0.2.1].d",
	"a@[IPv6:2001:0db8:2001:0db8:2001:0db8:2001:0db8:2001:0db8:2001:0db8]",
	/* UTF-8: alone, cut, overlong, surrogate, past the end, C1 control */
	"\200@d", "\303@d", "a@\303", "\303\050@d", "\300\257@d", "\301\277@d",
	"\340\200\257@d", "\355\240\200@d", "\364\220\200\200@d",
	"\360\202\202\254@d",
	"\365\200\200\200@d", "\377@d", "\360\237\223@d", "a\302\205@d",
	"a@\302\237d",
};

static void
no_path_is_refused(void **state)
{
	char	 out[ADDR_MAX];
	size_t	 i;

	(void)state;
	for (i = 0; i < COUNT(bad_paths); i++) {
		strlcpy(out, "stale", sizeof(out));
		ROW_TRUE(addr_read_path(bad_paths[i], strlen(bad_paths[i]),
		    out) == -1, bad_paths[i]);
		assert_string_equal(out, "");
		ROW_TRUE(!addr_valid(bad_paths[i]), bad_paths[i]);
	}
	assert_int_equal(addr_read_path("a\0b@d", 5, out), -1);
	assert_int_equal(addr_read_path("a@d\0", 4, out), -1);
	assert_int_equal(addr_read_path("a@dXYZ", 3, out), 0);
	assert_string_equal(out, "a@d");
}

static void
only_what_the_reader_writes_is_valid(void **state)
{
	(void)state;
	assert_false(addr_valid("\"alice\"@example.com"));
	assert_false(addr_valid("@one:a@d"));
	assert_false(addr_valid("\"\\a b\"@d"));
	assert_true(addr_valid("\"a b\"@d"));
}

static void
length_is_bounded(void **state)
{
	char	 in[2 * ADDR_MAX], out[ADDR_MAX + 1];

	(void)state;
	memset(in, 'a', sizeof(in));
	in[ADDR_MAX - 3] = '@';
	in[ADDR_MAX] = '\0';
	out[ADDR_MAX] = 0x5a;
	assert_int_equal(addr_read_path(in, ADDR_MAX - 1, out), 0);
	assert_int_equal(strlen(out), ADDR_MAX - 1);
	assert_int_equal(addr_read_path(in, ADDR_MAX, out), -1);
	assert_false(addr_valid(in));
	in[ADDR_MAX - 1] = '\0';
	assert_true(addr_valid(in));
	/* over the bound as it comes, within it without its quotes or route */
	memset(in, 'a', sizeof(in));
	in[0] = in[ADDR_MAX - 2] = '"';
	assert_int_equal(addr_read_path(in, ADDR_MAX - 1, out), 0);
	assert_int_equal(strlen(out), ADDR_MAX - 3);
	in[0] = '@';
	in[ADDR_MAX - 2] = ':';
	assert_int_equal(addr_read_path(in, ADDR_MAX + 5, out), 0);
	assert_string_equal(out, "aaaaaa");
	assert_int_equal(out[ADDR_MAX], 0x5a);
}

static void
clean_is_utf8_without_controls(void **state)
{
	(void)state;
	assert_true(addr_clean("", 0));
	assert_true(addr_clean("a b\303\274 ~", 7));
	assert_true(addr_clean("\302\240", 2));
	assert_false(addr_clean("\302\237", 2));
	assert_false(addr_clean("\303\274", 1));
	assert_false(addr_clean("a\0b", 3));
	assert_false(addr_clean("a\033[2J", 5));
	assert_false(addr_clean("\177", 1));
}

static void
domain_is_behind_the_last_unquoted_at(void **state)
{
	static const struct {
		const char	*addr;
		size_t		 local;
		const char	*domain;
	} rows[] = {
		{ "a@d", 1, "d" }, { "a", 1, "" }, { "", 0, "" },
		{ "\"a@b\"@d", 5, "d" }, { "\"a@b\"", 5, "" },
		{ "\"a\\\"@b\"@d", 7, "d" }, { "\"a\\\\\"@d", 5, "d" },
		{ "a@b@c", 3, "c" }, { "\"a\\", 3, "" }, { "a@", 1, "" },
	};
	size_t	 i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(addr_local_len(rows[i].addr), rows[i].local);
		assert_string_equal(addr_domain(rows[i].addr), rows[i].domain);
	}
}

static void
ascii_letters_alone_are_folded(void **state)
{
	(void)state;
	assert_true(addr_equal("Boss@Example.ORG", "bOSS@eXAMPLE.org"));
	assert_true(addr_equal("", ""));
	assert_false(addr_equal("a@d", "a@d.e"));
	assert_false(addr_equal("a@d.e", "a@d"));
	assert_false(addr_equal("@d", "`d"));
	assert_false(addr_equal("[", "{"));
	assert_false(addr_equal("\303\234@d", "\303\274@d"));
}

static void
batv_tag_is_taken_off(void **state)
{
	static const char *const	 rows[][2] = {
		{ "prvs=1234abcdef=boss@example.org", "boss@example.org" },
		{ "PRVS=1=Boss@example.org", "Boss@example.org" },
		{ "prvs=1=prvs=2=boss@example.org", "boss@example.org" },
		{ "prvs=1=a=b@d", "a=b@d" },
		{ "prvs=@d", "prvs=@d" }, { "prvs==a@d", "prvs==a@d" },
		{ "prvs=1=@d", "prvs=1=@d" }, { "prvs=1@d", "prvs=1@d" },
		{ "prvs=1-2=a@d", "prvs=1-2=a@d" },
		{ "prvs=1=.a@d", "prvs=1=.a@d" },
		{ "xprvs=1=a@d", "xprvs=1=a@d" },
		{ "a@prvs=1=d", "a@prvs=1=d" },
		{ "prvs@1=a", "prvs@1=a" }, { "a@d", "a@d" }, { "", "" },
	};
	char	 out[ADDR_MAX];
	size_t	 i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		addr_identity(rows[i][0], out);
		assert_string_equal(out, rows[i][1]);
	}
}

static void
rewritten_senders_are_told(void **state)
{
	static const char *const	 yes[] = {
		"SRS0=hash=tt=example.org=boss@d", "srs0+hash=tt=e=b@d",
		"SRS0-hash=tt=e=b@d", "SRS1=hash=fwd==h=tt=e=b@d", "sRs1+x@d",
		"boss+SRS=hash=tt=e=b@d",
		"boss+caf_=other=example.org@gmail.com",
		"boss+CAF_=x@d", "\"SRS0=h=t=e=a b\"@d", "\"a b+srs=h\"@d",
		"prvs=1=SRS0=h=t=e=b@d", "prvs=1=prvs=2=SRS1=x@d", "SRS0=",
	};
	static const char *const	 no[] = {
		"", "boss@d", "SRS0@d", "SRS0x@d", "SRS2=h@d", "aSRS0=h@d",
		"boss@SRS0=x.d", "boss@a+SRS=b", "boss+SRS@d", "boss+caf@d",
		"SRS=h@d",
	};
	size_t	 i;

	(void)state;
	for (i = 0; i < COUNT(yes); i++)
		ROW_TRUE(addr_is_rewritten(yes[i]), yes[i]);
	for (i = 0; i < COUNT(no); i++)
		ROW_TRUE(!addr_is_rewritten(no[i]), no[i]);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(path_is_read),
		cmocka_unit_test(no_path_is_refused),
		cmocka_unit_test(only_what_the_reader_writes_is_valid),
		cmocka_unit_test(length_is_bounded),
		cmocka_unit_test(clean_is_utf8_without_controls),
		cmocka_unit_test(domain_is_behind_the_last_unquoted_at),
		cmocka_unit_test(ascii_letters_alone_are_folded),
		cmocka_unit_test(batv_tag_is_taken_off),
		cmocka_unit_test(rewritten_senders_are_told),
	};

	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
