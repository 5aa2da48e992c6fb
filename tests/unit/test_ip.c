/*
 * IP addresses and networks, of clients and of configs.
 */
#include <sys/socket.h>

#include <stdarg.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ip.h"

#define COUNT(rows)	(sizeof(rows) / sizeof((rows)[0]))

/* Fails with the row's own text in the message. */
#define ROW_TRUE(what, text) do {					\
	if (!(what))							\
		fail_msg("%s: %s", #what, (text));			\
} while (0)

static void
ip_is_read_and_written(void **state)
{
	static const char *const	 good[][2] = {
		{ "192.0.2.1", "192.0.2.1" }, { "0.0.0.0", "0.0.0.0" },
		{ "2001:DB8::0:1", "2001:db8::1" }, { "::", "::" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "::FFFF:c000:201", "192.0.2.1" },
		{ "::192.0.2.1", "::192.0.2.1" },
	};
	static const char *const	 bad[] = {
		"", " 192.0.2.1", "192.0.2.1 ", "192.0.2", "192.0.2.256",
		"192.0.2.01", "0x7f.0.0.1", "2130706433", "[::1]",
		"fe80::1%eth0",
		"1:2:3", "::1/128", "IPv6:::1", "192.0.2.1:25",
	};
	struct ip_addr	 addr;
	char		 text[ADDR_IP_MAX];
	size_t		 i;

	(void)state;
	for (i = 0; i < COUNT(good); i++) {
		assert_int_equal(ip_read(good[i][0], &addr), 0);
		ip_write(&addr, text);
		assert_string_equal(text, good[i][1]);
	}
	for (i = 0; i < COUNT(bad); i++) {
		memset(&addr, 0xff, sizeof(addr));
		ROW_TRUE(ip_read(bad[i], &addr) == -1, bad[i]);
		assert_int_equal(addr.family, AF_UNSPEC);
		ip_write(&addr, text);
		assert_string_equal(text, "");
	}
}

static void
net_is_read(void **state)
{
	static const struct {
		const char	*in;
		int		 result;
		const char	*addr;
		unsigned int	 bits;
	} rows[] = {
		{ "192.0.2.0/24", 0, "192.0.2.0", 24 },
		{ "192.0.2.7", 0, "192.0.2.7", 32 },
		{ "192.0.2.7/32", 0, "192.0.2.7", 32 },
		{ "0.0.0.0/0", 0, "0.0.0.0", 0 },
		{ "192.0.2.7/0", 1, "0.0.0.0", 0 },
		{ "192.0.2.7/24", 1, "192.0.2.0", 24 },
		{ "192.0.2.129/25", 1, "192.0.2.128", 25 },
		{ "192.0.2.128/25", 0, "192.0.2.128", 25 },
		{ "2001:db8::/32", 0, "2001:db8::", 32 },
		{ "2001:db8::1/127", 1, "2001:db8::", 127 },
		{ "2001:db8::1", 0, "2001:db8::1", 128 },
		{ "::ffff:192.0.2.0/120", 0, "192.0.2.0", 24 },
		{ "::ffff:0:0/96", 0, "0.0.0.0", 0 },
		{ "192.0.2.0/33", -1, "", 0 }, { "::/129", -1, "", 0 },
		{ "::ffff:0:0/95", -1, "", 0 }, { "::ffff:0:0/129", -1, "", 0 },
		{ "192.0.2.0/", -1, "", 0 }, { "192.0.2.0/-1", -1, "", 0 },
		{ "192.0.2.0/+8", -1, "", 0 }, { "192.0.2.0/ 8", -1, "", 0 },
		{ "192.0.2.0/08", -1, "", 0 }, { "192.0.2.0/8x", -1, "", 0 },
		{ "192.0.2.0/8/8", -1, "", 0 }, { "192.0.2/24", -1, "", 0 },
		{ "192.0.2.0/4294967304", -1, "", 0 }, { "/24", -1, "", 0 },
		{ "", -1, "", 0 }, { "192.0.2.0/255.255.255.0", -1, "", 0 },
		{ "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111", -1,
		    "", 0 },
	};
	struct ip_net	 net;
	char		 text[ADDR_IP_MAX];
	size_t		 i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		ROW_TRUE(ip_net_read(rows[i].in, &net) == rows[i].result,
		    rows[i].in);
		ip_write(&net.addr, text);
		assert_string_equal(text, rows[i].addr);
		assert_int_equal(net.bits, rows[i].bits);
	}
}

static bool
in_net(const char *addr, const char *net)
{
	struct ip_addr	 a;
	struct ip_net	 n;

	assert_int_equal(ip_read(addr, &a), 0);
	assert_int_equal(ip_net_read(net, &n), 0);
	return ip_in_net(&a, &n);
}

static void
net_holds_its_addresses_alone(void **state)
{
	struct ip_addr	 unknown = { .family = AF_UNSPEC };
	struct ip_net	 nowhere = { .addr = unknown }, all;

	(void)state;
	assert_true(in_net("192.0.2.255", "192.0.2.0/24"));
	assert_false(in_net("192.0.3.0", "192.0.2.0/24"));
	assert_true(in_net("192.0.2.6", "192.0.2.4/30"));
	assert_false(in_net("192.0.2.8", "192.0.2.4/30"));
	assert_true(in_net("203.0.113.9", "0.0.0.0/0"));
	assert_false(in_net("2001:db8::1", "0.0.0.0/0"));
	assert_false(in_net("192.0.2.1", "::/0"));
	assert_true(in_net("::ffff:192.0.2.1", "192.0.2.1"));
	assert_true(in_net("2001:db8:7fff::", "2001:db8::/33"));
	assert_false(in_net("2001:db8:8000::", "2001:db8::/33"));
	assert_false(in_net("2001:db8::2", "2001:db8::1"));
	assert_int_equal(ip_net_read("0.0.0.0/0", &all), 0);
	assert_false(ip_in_net(&unknown, &all));
	assert_false(ip_in_net(&unknown, &nowhere));
	assert_false(ip_equal(&unknown, &unknown));
}

static void
loopback_and_equal(void **state)
{
	struct ip_addr	 a, b;

	(void)state;
	ip_read("127.255.0.1", &a);
	assert_true(ip_is_loopback(&a));
	ip_read("::ffff:127.0.0.1", &b);
	assert_true(ip_is_loopback(&b));
	assert_false(ip_equal(&a, &b));
	ip_read("127.0.0.1", &a);
	assert_true(ip_equal(&a, &b));
	ip_read("::1", &a);
	assert_true(ip_is_loopback(&a));
	assert_false(ip_equal(&a, &b));
	ip_read("128.0.0.1", &a);
	assert_false(ip_is_loopback(&a));
	ip_read("::2", &a);
	assert_false(ip_is_loopback(&a));
	memset(&a, 0, sizeof(a));
	a.byte[0] = 127;
	assert_false(ip_is_loopback(&a));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(ip_is_read_and_written),
		cmocka_unit_test(net_is_read),
		cmocka_unit_test(net_holds_its_addresses_alone),
		cmocka_unit_test(loopback_and_equal),
	};

	return cmocka_run_group_tests_name("ip", tests, NULL, NULL);
}
