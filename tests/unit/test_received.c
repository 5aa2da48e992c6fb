/*
 * Received fields as the MTAs write them, and such as no MTA writes.
 */
#include <stdarg.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "received.h"

#define COUNT(rows)	(sizeof(rows) / sizeof((rows)[0]))

/* What a field says: an address, "local", or "" where it is not known. */
static const char *
read_field(const char *value, size_t n)
{
	static char	 out[ADDR_IP_MAX];
	struct received	 r;
	char		*copy = malloc(n + 1);
	int		 answer;

	assert_non_null(copy);
	memcpy(copy, value, n);
	memset(&r, 'x', sizeof(r));
	answer = received_read(copy, n, &r);
	free(copy);
	ip_write(&r.client, out);
	if (answer == -1) {
		assert_int_equal(r.client.family, AF_UNSPEC);
		assert_false(r.local);
		return "";
	}
	assert_int_equal(answer, 0);
	assert_true(r.local == (r.client.family == AF_UNSPEC));
	return r.local ? "local" : out;
}

static void
check(const char *value, const char *expect)
{
	const char	*found = read_field(value, strlen(value));

	if (strcmp(found, expect) != 0)
		fail_msg("\"%s\", not \"%s\": %s", found, expect, value);
}

static const char *const fields[][2] = {
	/* Postfix */
	{ "from mail.example.org (mail.example.org [192.0.2.9])"
	    "\tby gw.example.net (Postfix) with ESMTP id 4TbC8x1"
	    "\tfor <+41791234567@sms.example.net>; Mon, 2 Jun 2025 10:00:00"
	    " +0200 (CEST)", "192.0.2.9" },
	{ "from h (unknown [IPv6:2001:db8::9])\tby gw (Postfix) with SMTP"
	    " id 1; d", "2001:db8::9" },
	{ "from h (unknown [IPv6:::ffff:192.0.2.9])\tby gw (Postfix); d",
	    "192.0.2.9" },
	{ "from laptop (dyn.example.org [192.0.2.9])"
	    "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384"
	    " (256/256 bits)\t key-exchange X25519 server-signature RSA-PSS"
	    " (2048 bits) server-digest SHA256)"
	    "\t(Client CN \"c.example\", Issuer \"R3 (x)\" (verified OK))"
	    "\t(Authenticated sender: bob@example.org)"
	    "\tby gw.example.net (Postfix) with ESMTPSA id 1; d",
	    "192.0.2.9" },
	{ "from [10.1.2.3] (dyn.example.org [192.0.2.9])\tby gw (Postfix)"
	    " with ESMTPSA id 1; d", "192.0.2.9" },
	{ "from localhost (localhost [127.0.0.1])\tby gw (Postfix) with"
	    " ESMTP id 1; d", "127.0.0.1" },
	{ "by gw.example.net (Postfix, from userid 1000)\tid 4TbC8x1; d",
	    "local" },
	/* Exim */
	{ "from mail.example.org ([192.0.2.9])\tby gw.example.net with"
	    " esmtps  (TLS1.3) tls TLS_AES_256_GCM_SHA384\t(Exim 4.96)"
	    "\t(envelope-from <a@example.org>)\tid 1pabcd-000000-00"
	    "\tfor b@example.net;\td", "192.0.2.9" },
	{ "from mail.example.org ([192.0.2.9] helo=h.example.org)\tby gw with"
	    " esmtp (Exim 4.96)\tid 1; d", "192.0.2.9" },
	{ "from mail.example.org ([192.0.2.9]:4025 helo=[10.1.2.3]"
	    " ident=root)\tby gw with esmtp (Exim 4.63)\tid 1; d",
	    "192.0.2.9" },
	{ "from mail.example.org ([2001:db8::9] ident=root)\tby gw with esmtp"
	    " (Exim 4.96)\tid 1; d", "2001:db8::9" },
	{ "from [192.0.2.9] (helo=h.example.org)\tby gw with esmtps "
	    "(TLSv1.2:ECDHE-RSA-AES256-GCM-SHA384:256)\t(Exim 4.92); d",
	    "192.0.2.9" },
	{ "from [2001:db8::9] (port=4025 helo=[IPv6:2001:db8::1])\tby gw with"
	    " esmtp (Exim 4.96); d", "2001:db8::9" },
	{ "from [192.0.2.9]:4025 (helo=h ident=x)\tby gw with esmtp"
	    " (Exim 4.96); d", "192.0.2.9" },
	{ "from [192.0.2.9]\tby gw with esmtp (Exim 4.96); d", "192.0.2.9" },
	{ "from bob by gw.example.net with local (Exim 4.96)"
	    "\t(envelope-from <bob@gw.example.net>)\tid 1; d", "local" },
	{ "from bob by gw with local-esmtp (Exim 4.96)\tid 1; d", "local" },
	/* OpenSMTPD */
	{ "from h.example.org (<unknown> [192.0.2.9])\tby gw (OpenSMTPD) with"
	    " ESMTPS id 0a1b2c3d (TLSv1.3:AEAD-AES256-GCM-SHA384:256:NO)"
	    "\tfor <b@example.net>;\td", "192.0.2.9" },
	{ "from h (mail.example.org [[2001:db8::9]])\tby gw (OpenSMTPD) with"
	    " ESMTP id 0; d", "2001:db8::9" },
	{ "from localhost (gw.example.net [local])\tby gw.example.net"
	    " (OpenSMTPD) with ESMTPA id 0; d", "local" },
	/* Sendmail */
	{ "from h (mail.example.org [192.0.2.9])\t(authenticated bits=0)"
	    "\tby gw (8.17.1/8.17.1) with ESMTPSA id 1\t(version=TLSv1.3"
	    " cipher=TLS_AES_256_GCM_SHA384 bits=256 verify=NO)"
	    "\tfor <b@example.net>; d", "192.0.2.9" },
	{ "from h (mail.example.org [192.0.2.9] (may be forged))\tby gw"
	    " (8.17.1/8.17.1) with ESMTP id 1; d", "192.0.2.9" },
	{ "from h (root@mail.example.org [192.0.2.9])\tby gw (8.17.1/8.17.1)"
	    " with ESMTP id 1; d", "192.0.2.9" },
	{ "from h (IDENT:1234@[192.0.2.9])\tby gw (8.17.1/8.17.1); d",
	    "192.0.2.9" },
	{ "from h ([192.0.2.9])\tby gw (8.17.1/8.17.1) with ESMTP id 1; d",
	    "192.0.2.9" },
	{ "from h (m [IPv6:2001:db8:0:0:0:0:0:9])\tby gw (8.17.1/8.17.1); d",
	    "2001:db8::9" },
	/* Exchange */
	{ "from mail.example.org (192.0.2.9) by EX01.corp.example (10.0.0.5)"
	    " with Microsoft SMTP Server (version=TLS1_2, cipher="
	    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.1.2375.32; d",
	    "192.0.2.9" },
	{ "from h (2001:db8::9) by EX01 (fe80::1%14) with Microsoft SMTP"
	    " Server (TLS) id 14.3; d", "2001:db8::9" },
	{ "from h ([192.0.2.9]) by EX01 with Microsoft SMTPSVC(6.0.3790); d",
	    "192.0.2.9" },
	/* Gmail */
	{ "from mail-x.example.org (mail-x.example.org. [192.0.2.9])"
	    "        by mx.google.com with SMTPS id a1-20020a0564sor1.12"
	    "        for <b@example.net>        (Google Transport Security);"
	    "        d", "192.0.2.9" },
	{ "from [10.1.2.3] ([2001:db8::9])        by smtp.gmail.com with"
	    " ESMTPSA id 1; d", "2001:db8::9" },
	/* Dovecot */
	{ "from gw.example.net ([192.0.2.9])\tby store.example.net with LMTP"
	    "\tid oJ7NKx\t(envelope-from <a@example.org>)\tfor <b>; d",
	    "192.0.2.9" },
};

static void
fields_of_each_mta_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(fields); i++)
		check(fields[i][0], fields[i][1]);
}

static const char *const unknown[] = {
	"", " ", "from", "from ", "from h", "by ", "by gw", "; d",
	"from h (m [192.0.2.9])",
	"from h (m [192.0.2.9])\tby gw (Postfix) with ESMTP id 1",
	"from h (m [192.0.2.9]) ; d", "from h (m [192.0.2.9])by gw; d",
	"from h(m [192.0.2.9])\tby gw; d", "fromh (m [192.0.2.9])\tby gw; d",
	"From h (m [192.0.2.9])\tby gw; d",
	"from h (m[192.0.2.9])\tby gw; d", "from h (m [192.0.2.9] )\tby gw; d",
	"from h (m [ 192.0.2.9])\tby gw; d",
	"from h (m [192.0.2.9\tby gw; d", "from h (m 192.0.2.9)\tby gw; d",
	"from h (m [192.0.2.9)\tby gw; d", "from h (m 192.0.2.9])\tby gw; d",
	"from h (m [192.0.2.256])\tby gw; d", "from h (m [192.0.2])\tby gw; d",
	"from h (m [IPv6:192.0.2.9])\tby gw; d", "from h (m [])\tby gw; d",
	"from h (m [IPv6:])\tby gw; d", "from h (m [fe80::1%eth0])\tby gw; d",
	"from h (m [unknown])\tby gw; d", "from h (m [[192.0.2.9])\tby gw; d",
	"from h (m [192.0.2.9]])\tby gw; d", "from h (m [192.0.2.9]:25)\tby g;",
	"from h (m [2001:db8::9:1:2:3:4:5:6:7:8:9:a:b:c:d:e:f])\tby gw; d",
	"from h (m [192.0.2.9])\tby gw\t\by gw; d",
	"from h (m [192.0.2.9])\tby gw by gw; d",
	"from h (m [192.0.2.9])\tby gw (by gw); \t by x",
	"from h (m [192.0.2.9])\n\tby gw; d", "from h (m [192.0.2.9])\r\tby g;",
	"from h (m [192.0.2.9])\tby gw; \177",
	"from h (m [192.0.2.9]) (n [192.0.2.9])\tby gw; d",
	"from h (m [192.0.2.9]) (n 192.0.2.9\tby gw; d",
	"from h (m [192.0.2.9]) (192.0.2.9)\tby gw; d",
	"from h (m [192.0.2.9]) (a \\))\tby gw; d",
	"from h (m [192.0.2.9]) (a \\)\tby gw; d",
	"from h (m [192.0.2.9]) with x\tby gw; d",
	"from a=b (m [192.0.2.9])\tby gw; d", "from \"h\" (m [192.0.2.9])\tby g;",
	"from \303\274 (m [192.0.2.9])\tby gw; d",
	"from [192.0.2.9] (helo=x [192.0.2.8])\tby gw with esmtp (Exim 4); d",
	"from [192.0.2.9]\tby gw with esmtp; d", "from [192.0.2.9]\tby gw; d",
	"from [192.0.2.9] (helo=h)\tby gw (Postfix) with esmtp (Exim 4); d",
	"from [192.0.2.9] ()\tby gw with esmtp (Exim 4); d",
	"from [192.0.2.9] (helo=)\tby gw with esmtp (Exim 4); d",
	"from [192.0.2.9] (HELO h)\tby gw with esmtp (Exim 4); d",
	"from h (HELO x) (192.0.2.9)\tby gw with SMTP; d",
	"from h (192.0.2.9)\tby gw with SMTP; d",
	"from h (192.0.2.9)\tby gw (10.0.0.5) with SMTP Server; d",
	"from h (gw [local])\tby gw (Postfix) with ESMTP id 1; d",
	"from h ([local])\tby gw (OpenSMTPD) with ESMTP id 1; d",
	"from bob by gw with esmtp (Exim 4.96); d",
	"from bob by gw with localhost (Exim 4.96); d",
	"from bob by gw with local; d", "from bob by gw with local (Postfix); d",
	"from b=b by gw with local (Exim 4.96); d",
	"by gw.example.net (Postfix)\tid 1; d", "by gw (OpenSMTPD); d",
	"by gw (Postfix, from userid )\tid 1; d",
	"by gw (Postfix, from userid 1000x)\tid 1; d",
	"by gw [192.0.2.9] (Postfix, from userid 1000)\tid 1; d",
	"(from root@localhost)\tby gw (8.17.1/8.17.1/Submit) id 1; d",
};

static void
doubt_is_no_address(void **state)
{
	static const char	 nul[] = "from h (m [192.0.2.9])\tby gw; \0";

	(void)state;
	for (size_t i = 0; i < COUNT(unknown); i++)
		check(unknown[i], "");
	assert_string_equal(read_field(nul, sizeof(nul) - 1), "");
}

/* A field whose end is out of sight may hold another "by". */
static void
long_field_is_no_address(void **state)
{
	char		 text[2002];
	const char	*field = "from h (m [192.0.2.9])\tby gw; ";

	(void)state;
	memset(text, 'd', sizeof(text));
	memcpy(text, field, strlen(field));
	assert_string_equal(read_field(text, 2000), "192.0.2.9");
	assert_string_equal(read_field(text, 2001), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_of_each_mta_are_read),
		cmocka_unit_test(doubt_is_no_address),
		cmocka_unit_test(long_field_is_no_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
