/*
 * Received fields with what a hostile client can put into them as HELO, as
 * reverse name and as ident, whatever of it an MTA lets through: the address
 * taken is the client's, or none.
 */
#include <stdarg.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "received.h"

#define COUNT(rows)	(sizeof(rows) / sizeof((rows)[0]))
#define FIELD_MAX	2600
#define CLIENT		"192.0.2.9"

/* Of each MTA, %1 the HELO and %2 the reverse name: client 192.0.2.9. */
static const char *const templates[] = {
	"from %1 (%2 [192.0.2.9])\tby gw.example.net (Postfix) with ESMTP id"
	    " 1\tfor <b@example.net>; d",
	"from %1 (%2 [192.0.2.9])\t(using TLSv1.3 with cipher X (256/256"
	    " bits))\t(No client certificate requested)\tby gw (Postfix) with"
	    " ESMTPS id 1; d",
	"from %2 ([192.0.2.9] helo=%1)\tby gw with esmtp (Exim 4.96)\tid 1; d",
	"from [192.0.2.9] (helo=%1)\tby gw with esmtp (Exim 4.96)\tid 1; d",
	"from [192.0.2.9] (port=25 helo=%1 ident=%1)\tby gw with esmtps"
	    " (TLS1.3) tls X\t(Exim 4.96)\tid 1; d",
	"from %1 (%2 [192.0.2.9])\tby gw (OpenSMTPD) with ESMTP id 0; d",
	"from %1 (%1@%2 [192.0.2.9] (may be forged))\tby gw (8.17.1/8.17.1)"
	    " with ESMTP id 1; d",
	"from %1 ([192.0.2.9])\tby gw (8.17.1/8.17.1) with ESMTP id 1; d",
	"from %1 (192.0.2.9) by EX (10.0.0.5) with Microsoft SMTP Server"
	    " (TLS) id 14.3; d",
	"from %1 (%2. [192.0.2.9])        by mx.google.com with ESMTPS id 1;"
	    " d",
	"from %1 ([192.0.2.9])\tby store with LMTP\tid 1\tfor <b>; d",
};

static size_t
fill(char *out, const char *template, const char *helo, const char *name)
{
	size_t	 n = 0;

	for (; *template != '\0'; template++) {
		if (*template != '%') {
			out[n++] = *template;
			continue;
		}
		n += (size_t)snprintf(out + n, FIELD_MAX - 400 - n, "%s",
		    *++template == '1' ? helo : name);
	}
	out[n] = '\0';
	return n;
}

/* True where the address was read; it must be the client's. */
static bool
check_field(const char *value, size_t n)
{
	char		 found[ADDR_IP_MAX];
	struct received	 r;
	char		*copy = malloc(n + 1);
	int		 answer;

	assert_non_null(copy);
	memcpy(copy, value, n);
	answer = received_read(copy, n, &r);
	free(copy);
	ip_write(&r.client, found);
	assert_true(answer == 0 || answer == -1);
	if (r.local || strcmp(found, answer == 0 ? CLIENT : "") != 0)
		fail_msg("took %s: %.*s", r.local ? "local" : found, (int)n,
		    value);
	return answer == 0;
}

static bool
check_hostile(const char *template, const char *helo, const char *name)
{
	char	 field[FIELD_MAX];

	return check_field(field, fill(field, template, helo, name));
}

static const char *const hostile[] = {
	"[203.0.113.5]", "203.0.113.5", "[IPv6:2001:db8::5]", "x[203.0.113.5]",
	"x (y [203.0.113.5])", "x (y [203.0.113.5]) by z (Postfix) with SMTP",
	"x (y [203.0.113.5]) by z (Postfix) with SMTP id 1; d",
	"x (y [203.0.113.5]) by z (", "x (y [203.0.113.5]) by z \"",
	"x (y [203.0.113.5]) by z;", "x (y [203.0.113.5]) (a b",
	"x (y [203.0.113.5])\tby z (a\\", "x (y [203.0.113.5] (may be forged",
	"x (y [203.0.113.5] (may be forged))", "x (y [203.0.113.5", "x (y",
	"x ([203.0.113.5])", "x ([203.0.113.5] helo=y", "x ([203.0.113.5]:1",
	"x ([203.0.113.5] helo=y ident=z", "x ([203.0.113.5] helo=y)",
	"[203.0.113.5] (helo=x)", "[203.0.113.5] (helo=x", "[203.0.113.5] (",
	"[203.0.113.5] by z with esmtp (Exim 4.96)", "[203.0.113.5] (helo=x) "
	"by z with esmtp (Exim 4.96) id 1; d",
	"x (203.0.113.5)", "x (203.0.113.5) by y (10.0.0.1) with Microsoft "
	"SMTP Server", "x (203.0.113.5) by y (10.0.0.1) with Microsoft SMTP "
	"Server; d (", "x y [203.0.113.5] z", "x [203.0.113.5]",
	"x [203.0.113.5])", "x) (y [203.0.113.5]", "x) (y [203.0.113.5])",
	"x [203.0.113.5]) (using y", "x) by y (z [203.0.113.5]", ")", "(", ")(",
	"()", "\"x (y [203.0.113.5]) by z\"", "x\\", "x;", "; x (y "
	"[203.0.113.5])", "x (y [local])", "x (y [local]) by z (OpenSMTPD)",
	"root by z with local (Exim 4.96) ", "root= by z with local (Exim 4)",
	"by", "x by", "x by y", " by ", "from", "by z (Postfix, from userid 0)",
	"x\r\n\tby z; d", "x\n (y [203.0.113.5])\n by z; d",
	"x\t(y [203.0.113.5])\tby\tz", "(Postfix)", "x (Postfix)", "", " ",
	"IDENT:x@y [203.0.113.5]", "x@y [203.0.113.5]) (a", "x@[203.0.113.5]",
	"x=@y", "helo=x", "helo=x [203.0.113.5]", "x ident=y", "\303\274",
	"\240by\240", "<unknown>", "x (<unknown> [203.0.113.5])",
	"x ([[2001:db8::5]])", "x (y [IPv6:::ffff:203.0.113.5])",
};

static void
helo_is_never_the_address(void **state)
{
	(void)state;
	for (size_t t = 0; t < COUNT(templates); t++) {
		if (!check_hostile(templates[t], "h.example.org", "m.example"))
			fail_msg("not read: %s", templates[t]);
		for (size_t i = 0; i < COUNT(hostile); i++) {
			(void)check_hostile(templates[t], hostile[i], "m.ex");
			(void)check_hostile(templates[t], "h.ex", hostile[i]);
			(void)check_hostile(templates[t], hostile[i],
			    hostile[i]);
		}
	}
}

/* A lone literal is an honest HELO. */
static void
literal_helo_is_passed_over(void **state)
{
	(void)state;
	for (size_t t = 0; t < COUNT(templates); t++)
		if (strstr(templates[t], "%1@") == NULL)
			assert_true(check_hostile(templates[t],
			    "[203.0.113.5]", "m.example"));
}

static const char *const pieces[] = {
	"x", " ", "\t", "(", ")", "[203.0.113.5]", "203.0.113.5", "[", "]",
	"by", " by ", "from ", ";", "helo=", " ident=", "port=1", "@", "=",
	" (y [203.0.113.5])", "([203.0.113.5]", "(a b)", "(Exim 4.96)", "\"",
	"\\", " with local ", " with esmtp ", "[local]", "(OpenSMTPD)",
	" (may be forged)", ":25", "IPv6:", "(Postfix, from userid 1)", ".",
	" with Microsoft SMTP Server", "<unknown>", "\n", "\200",
};

static uint32_t
next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void
make_text(char *out, size_t size, uint32_t *seed)
{
	uint32_t	 count = next_random(seed) % 9;
	size_t		 n = 0;

	out[0] = '\0';
	while (count-- > 0)
		n += (size_t)snprintf(out + n, size - n, "%s",
		    pieces[next_random(seed) % COUNT(pieces)]);
}

static void
random_helo_is_never_the_address(void **state)
{
	uint32_t	 seed = 20250602;
	char		 helo[400], name[400];

	(void)state;
	for (int i = 0; i < 100000; i++) {
		make_text(helo, sizeof(helo), &seed);
		make_text(name, sizeof(name), &seed);
		(void)check_hostile(templates[i % COUNT(templates)], helo,
		    i & 64 ? name : "m.example");
	}
}

/* What a damaged field says must be what the whole one says, unless it is the
 * address itself that was damaged. */
static void
check_damaged(const char *field, const char *text, size_t n, size_t at)
{
	size_t	 addr = (size_t)(strstr(field, CLIENT) - field);

	if (at + 1 < addr || at > addr + strlen(CLIENT))
		(void)check_field(text, n);
}

static void
damaged_field_has_no_other_address(void **state)
{
	static const char	 bytes[] = " \t()[]<>\";:=.@\\bf0\n\200";
	char			 text[FIELD_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(templates); i++) {
		char	 field[FIELD_MAX];
		size_t	 n = fill(field, templates[i], "h.ex", "m.ex");

		for (size_t at = 0; at < n; at++) {
			memcpy(text, field, n);
			check_damaged(field, text, at, at);
			for (size_t b = 0; b < sizeof(bytes); b++) {
				text[at] = bytes[b];
				check_damaged(field, text, n, at);
			}
			memmove(text + at, field + at + 1, n - at - 1);
			check_damaged(field, text, n - 1, at);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(helo_is_never_the_address),
		cmocka_unit_test(literal_helo_is_passed_over),
		cmocka_unit_test(random_helo_is_never_the_address),
		cmocka_unit_test(damaged_field_has_no_other_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
