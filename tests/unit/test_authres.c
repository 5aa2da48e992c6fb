/*
 * Authentication-Results as MTAs write them (RFC 8601), and with a forged
 * pass hidden in every place that holds the sender's text.
 */
#include <stdarg.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "authres.h"

#define COUNT(rows)	(sizeof(rows) / sizeof((rows)[0]))
#define MX		"mx.example.net"
#define VICTIM		"victim.example"
#define BIG		65536

/* Each field is read from a copy without a byte behind it. */
static int
passes(const char *value, size_t n, enum authres_method method,
    const char *domain)
{
	char	*copy = malloc(n > 0 ? n : 1);
	int	 answer;

	assert_non_null(copy);
	memcpy(copy, value, n);
	answer = authres_passes(copy, n, method, domain);
	free(copy);
	return answer;
}

static int
is_of(const char *value, const char *id)
{
	size_t	 n = strlen(value);
	char	*copy = malloc(n > 0 ? n : 1);
	int	 answer;

	assert_non_null(copy);
	memcpy(copy, value, n);
	answer = authres_is_of(copy, n, id);
	free(copy);
	return answer;
}

static const struct {
	const char	*value;
	int		 expect;
} heads[] = {
	{ MX "; none", 1 }, { MX, 1 }, { MX ";", 1 }, { " \t" MX " ; x", 1 },
	{ "MX.Example.NET; none", 1 }, { MX " 1; none", 1 },
	{ "(a (b) \\) \")" MX "(c) (d)1(e) (f); none", 1 },
	{ "\"" MX "\"; none", 1 }, { "\"\\mx.example.net\"; none", 1 },
	{ MX " 2; none", 0 }, { MX " 11; none", 0 }, { MX " 01; none", 0 },
	{ "mx.example.ne; none", 0 }, { MX "t; none", 0 }, { MX ".; none", 0 },
	{ "a." MX "; none", 0 }, { "\"" MX " \"; none", 0 },
	{ "\"" MX "\"@d; none", 0 }, { "\"\"; none", 0 },
	{ "spf=pass; none", 0 }, { "other (" MX "); none", 0 },
	{ "", -1 }, { " ", -1 }, { ";", -1 }, { "; " MX, -1 }, { "(" MX, -1 },
	{ MX " 1x; none", -1 }, { MX " x; none", -1 }, { MX " 1 1;", -1 },
	{ MX " " MX "; none", -1 }, { MX ")", -1 }, { MX " (c; none", -1 },
	{ "\"" MX "; none", -1 }, { "\"" MX "\"x; none", -1 },
	{ MX "\"\"; none", -1 }, { MX "\n; none", -1 }, { MX "\177", -1 },
	{ MX " \\; none", -1 }, { "(\001)" MX "; none", -1 },
	/* What comes behind must not matter here. */
	{ MX "; (", 1 }, { MX "; dkim=pass \"", 1 }, { MX ";\001", 1 },
};

static void
authserv_id_is_compared(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(heads); i++)
		if (is_of(heads[i].value, MX) != heads[i].expect)
			fail_msg("%d: %s", is_of(heads[i].value, MX),
			    heads[i].value);
	assert_int_equal(is_of("\"\"; none", ""), 0);
	assert_int_equal(is_of(MX "; none", ""), 0);
}

struct row {
	const char	*value;
	int		 dkim;		/* for example.com */
	int		 dmarc;
};

static const struct row written[] = {
	/* opendkim, opendmarc */
	{ MX ";\tdkim=pass (2048-bit key; unprotected) header.d=example.com"
	    " header.i=@example.com header.a=rsa-sha256 header.s=sel"
	    " header.b=\"abC/de+1\"", 1, 0 },
	{ MX ";\tdkim=pass reason=\"2048-bit key; insecure key\""
	    " header.d=example.com header.b=abC/d=; dkim-atps=neutral", 1, 0 },
	{ MX "; dmarc=pass (p=none dis=none) header.from=example.com", 0, 1 },
	/* rspamd */
	{ MX ";\tdkim=pass header.d=example.com header.s=sel header.b=aBc;"
	    "\tdmarc=pass (policy=reject) header.from=example.com;"
	    "\tspf=pass (mx: domain of a@example.com designates 2001:db8::1"
	    " as permitted sender) smtp.mailfrom=a@example.com", 1, 1 },
	/* Exim */
	{ MX ";\tiprev=pass (m.example.com) smtp.remote-ip=2001:db8::1;"
	    "\tspf=none smtp.mailfrom=<>;\tdkim=pass header.d=example.com"
	    " header.s=s header.a=rsa-sha256", 1, 0 },
	/* amavis, authentication_milter, Gmail, Yahoo */
	{ MX " (amavisd-new); dkim=pass (1024-bit key) header.d=example.com",
	    1, 0 },
	{ MX "; dkim=pass (2048-bit rsa key sha256) header.d=example.com"
	    " header.i=@example.com header.b=aBcD header.s=s x-bits=2048;"
	    " dmarc=pass policy.published-domain-policy=none"
	    " header.from=example.com; x-ptr=fail smtp.helo=h policy.ptr=\"\"",
	    1, 1 },
	{ MX "; dkim=pass header.i=@example.com header.s=s header.b=aBcD;"
	    " dmarc=pass (p=REJECT sp=REJECT dis=NONE)"
	    " header.from=example.com", 0, 1 },
	{ MX "; dkim=pass header.d=example.com header.s=s;", 1, 0 },
	{ MX "; none", 0, 0 }, { MX " 1; (c) NONE (c)", 0, 0 },
};

static const struct row grammar[] = {
	{ MX "; DKIM=Pass Header.D=Example.COM", 1, 0 },
	{ MX "(1) 1 (2);(3)dkim(4)/(5)1(6)=(7)pass(8)reason(9)=(10)\"x\"(11)"
	    "header(12).(13)d(14)=(15)example.com(16)", 1, 0 },
	{ MX "; dkim / 1 = pass reason = x header . d = example.com ", 1, 0 },
	{ MX "; dkim=pass header.d=\"example.com\"", 1, 0 },
	{ MX "; dkim=pass header.d=\"ex\\ample\\.com\"", 1, 0 },
	{ MX "; dkim=pass header.d=example.com reason=late", 1, 0 },
	{ MX "; dkim=fail header.d=example.com; dkim=pass"
	    " header.d=example.com", 1, 0 },
	{ MX "; spf=pass smtp.mailfrom=\"a b; c\"@d; dkim=pass"
	    " header.d=example.com", 1, 0 },
	/* Not this one. */
	{ MX "; dkim=fail header.d=example.com", 0, 0 },
	{ MX "; dkim=pass", 0, 0 }, { MX "; dkim=pass header.s=x", 0, 0 },
	{ MX "; dkim=passed header.d=example.com", 0, 0 },
	{ MX "; dkim=policy header.d=example.com", 0, 0 },
	{ MX "; dkim/2=pass header.d=example.com", 0, 0 },
	{ MX " 2; dkim=pass header.d=example.com", 0, 0 },
	{ MX "; xdkim=pass header.d=example.com", 0, 0 },
	{ MX "; dkim-adsp=pass header.d=example.com", 0, 0 },
	{ MX "; domainkeys=pass header.d=example.com", 0, 0 },
	{ MX "; dkim=pass header.i=example.com", 0, 0 },
	{ MX "; dkim=pass header.from=example.com", 0, 0 },
	{ MX "; dkim=pass smtp.d=example.com", 0, 0 },
	{ MX "; dkim=pass header.dd=example.com", 0, 0 },
	{ MX "; dmarc=pass header.d=example.com", 0, 0 },
	{ MX "; dkim=pass header.d=@example.com", 0, 0 },
	{ MX "; dkim=pass header.d=a@example.com", 0, 0 },
	{ MX "; dkim=pass header.d=\"example.com\"@x", 0, 0 },
	{ MX "; dkim=pass header.d=\"x\"@example.com", 0, 0 },
	{ MX "; dkim=pass header.d=\"example.com \"", 0, 0 },
	{ MX "; dkim=pass header.d=\"(c)example.com\"", 0, 0 },
	{ MX "; dkim=pass header.d=example.com.", 0, 0 },
	{ MX "; dkim=pass header.d=example.co", 0, 0 },
	{ MX "; dkim=pass header.d=example.comm", 0, 0 },
	{ MX "; dkim=pass header.d=sub.example.com", 0, 0 },
	{ MX "; dkim=pass header.d=evil.com; dkim=fail header.d=example.com",
	    0, 0 },
	{ MX "; dkim=fail header.d=example.com; dkim=pass header.d=evil.com",
	    0, 0 },
	{ MX "; dkim=pass header.d=evil.com header.d=example.com", 0, 0 },
	{ MX "; dkim=pass header.d=example.com header.d=evil.com", 0, 0 },
	{ MX "; dmarc=fail header.from=example.com; dkim=pass"
	    " header.d=evil.com", 0, 0 },
	{ MX "; dkim=pass header.d= header.d=example.com", 0, 0 },
	{ MX "; dkim=fail (dkim=pass header.d=example.com)", 0, 0 },
	{ MX "; dkim=fail (\\); dkim=pass header.d=example.com)", 0, 0 },
	{ MX "; dkim=fail (\"); dkim=pass header.d=example.com (\")", 1, 0 },
	{ MX "; dkim=fail reason=\"; dkim=pass header.d=example.com\"", 0, 0 },
	{ MX "; dkim=fail reason=\"\\\"; dkim=pass header.d=example.com\"", 0,
	    0 },
	{ MX "; spf=pass smtp.mailfrom=\"; dkim=pass header.d=example.com ;\""
	    "@evil.com", 0, 0 },
	{ MX "; dkim=none; dkim=pass header.d=ex\xc3\xa4mple.com", 0, 0 },
};

static const char *const malformed[] = {
	"", MX, MX ";", MX "; ", MX ";;", MX "; ; dkim=pass", MX "; dkim",
	MX "; dkim=", MX "; =pass", MX "; dkim==pass", MX "; dkim=pass;;",
	MX "; none; dkim=pass header.d=example.com", MX "; none none",
	MX "; dkim=pass header.d=example.com; none", MX "; none.",
	MX "; dkim=pass header.d=example.com (", MX "; none (",
	MX "; dkim=pass header.d=example.com )",
	MX "; dkim=pass header.d=example.com \"",
	MX "; dkim=pass header.d=example.com x",
	MX "; dkim=pass header.d=example.com header",
	MX "; dkim=pass header.d=example.com header.i",
	MX "; dkim=pass header.d=example.com header.i=",
	MX "; dkim=pass header.d=example.com header.=x",
	MX "; dkim=pass header.d=example.com .i=x",
	MX "; dkim=pass header.d=example.com x-=1",
	MX "; dkim=pass header.d=example.com action=none",
	MX "; dkim=pass header.i=@evil.com dkim=fail header.d=example.com",
	MX "; dkim=fail header.d=evil.com dkim=pass header.d=example.com",
	MX "; dkim=pass header.d=example.com\\",
	MX "; dkim=pass header.d=example.com\n",
	MX "; dkim=pass header.d=example.com\177",
	MX "; dkim=pass header.d=example.com (\001)",
	MX "; dkim=pass header.d=example.com header.i=\"\b\"",
	MX "; dkim=pass header.d=example.com reason=\"a\"b",
	MX "; dkim=pass header.d=example.com reason=\"a\"\"b\"",
	MX "; dkim=pass.header.d=example.com",
	MX "; dkim=pass header.d=\"example.com\"header.i=x",
	MX "; dkim=pass header.d=example(c).com",
	MX "; dkim=pass header.d=example.com(c).evil.com",
	MX "; dkim=pass header.d=exa\"mple\".com",
	MX "; dkim=passheader.d=example.com", MX "; dkim/=pass",
	MX "; dkim/1x=pass header.d=example.com", MX "; dkim/x=pass",
	MX "; dkim:pass header.d=example.com", MX "; dkim pass",
	MX "; (dkim=pass header.d=example.com", MX "; \"dkim\"=pass",
	MX "; dkim=\"pass\" header.d=example.com",
	MX "; dkim=pass \"header\".d=example.com",
	MX "dkim=pass header.d=example.com", MX " dkim=pass header.d=x",
	"dkim=pass header.d=example.com; dkim=pass header.d=example.com",
};

static void
check_rows(const struct row *rows, size_t count)
{
	const char	*value;
	size_t		 n;

	for (size_t i = 0; i < count; i++) {
		value = rows[i].value;
		n = strlen(value);
		if (passes(value, n, AUTHRES_DKIM, "example.com") !=
		    rows[i].dkim)
			fail_msg("not %d by DKIM: %s", rows[i].dkim, value);
		if (passes(value, n, AUTHRES_DMARC, "example.com") !=
		    rows[i].dmarc)
			fail_msg("not %d by DMARC: %s", rows[i].dmarc, value);
		assert_int_equal(passes(value, n, AUTHRES_DKIM, VICTIM), 0);
		assert_int_equal(passes(value, n, AUTHRES_DMARC, ""), 0);
	}
}

static void
fields_of_known_mtas_are_read(void **state)
{
	(void)state;
	check_rows(written, COUNT(written));
}

static void
grammar_is_read_whole(void **state)
{
	const char	*empty = MX "; dkim=pass header.d=\"\"";

	(void)state;
	check_rows(grammar, COUNT(grammar));
	assert_int_equal(passes(empty, strlen(empty), AUTHRES_DKIM, ""), 0);
}

static void
malformed_field_counts_for_nothing(void **state)
{
	static const char	 nul[] = MX "; dkim=pass header.d=x (\0)";

	(void)state;
	for (size_t i = 0; i < COUNT(malformed); i++)
		if (passes(malformed[i], strlen(malformed[i]), AUTHRES_DKIM,
		    "example.com") != -1)
			fail_msg("not malformed: %s", malformed[i]);
	assert_int_equal(passes(nul, sizeof(nul) - 1, AUTHRES_DKIM, "x"), -1);
}

/* evil.example passes here; victim.example stands where a sender can put it. */
static const char *const hiding[] = {
	MX "; dkim=pass (dkim=pass header.d=" VICTIM ") header.d=evil.example",
	MX "; dkim=pass header.d=evil.example (x(;dkim=pass header.d=" VICTIM
	    ")y)",
	MX "; dkim=pass header.d=evil.example (\\(; dkim=pass header.d=" VICTIM
	    " \\))",
	MX "; dkim=pass reason=\"; dkim=pass header.d=" VICTIM "\""
	    " header.d=evil.example",
	MX "; dkim=pass reason=\"\\\"; dkim=pass header.d=" VICTIM "; \\\"\""
	    " header.d=evil.example",
	MX "; dkim=pass header.d=evil.example header.i=@" VICTIM,
	MX "; dkim=pass header.i=\"header.d=" VICTIM "\"@x"
	    " header.d=evil.example",
	MX "; dkim=pass header.i=" VICTIM " header.d=evil.example",
	MX "; spf=pass smtp.mailfrom=\"a;dkim=pass header.d=" VICTIM
	    ";\"@evil.example; dkim=pass header.d=evil.example",
	MX "; spf=pass (domain of \"(dkim=pass header.d=" VICTIM ")\"@evil)"
	    " smtp.mailfrom=evil.example; dkim=pass header.d=evil.example",
	MX "; dkim=fail header.d=" VICTIM "; dkim=pass header.d=evil.example",
	MX "; dkim=pass header.d=evil.example; dkim=fail header.d=" VICTIM,
	MX "; dkim=pass header.i=@evil.example; dkim=fail header.d=" VICTIM,
	MX "; dkim=pass header.s=x header.d=evil.example;dkim=none"
	    " header.d=" VICTIM,
	MX "; dkim=pass header.d=" VICTIM ".evil.example",
	MX "; dkim=pass header.d=\"" VICTIM ";x\" header.s=evil.example",
	MX "; dkim=pass header.s=\"x\" header.b=" VICTIM " header.d=x",
	MX " 1; dkim=pass header.d=evil.example; x-y=pass (header.d=" VICTIM
	    ") x-z=" VICTIM,
};

static void
must_not_pass(const char *value, size_t n)
{
	if (passes(value, n, AUTHRES_DKIM, VICTIM) == 1 ||
	    passes(value, n, AUTHRES_DMARC, VICTIM) == 1)
		fail_msg("passes: %.*s", (int)n, value);
}

/* Any byte replaced by any other, any byte taken out. */
static void
damaged_field_passes_no_other_domain(void **state)
{
	char	 text[512];
	size_t	 n;

	(void)state;
	for (size_t i = 0; i < COUNT(hiding); i++) {
		n = strlen(hiding[i]);
		assert_int_equal(passes(hiding[i], n, AUTHRES_DKIM, VICTIM),
		    0);
		for (size_t at = 0; at < n; at++) {
			memcpy(text, hiding[i], n);
			for (int byte = 0; byte < 256; byte++) {
				text[at] = (char)byte;
				must_not_pass(text, n);
			}
			memmove(text + at, hiding[i] + at + 1, n - at - 1);
			must_not_pass(text, n - 1);
		}
	}
}

/*
 * A field cut off.  A domain cut short is another one, so a passing property
 * at the very end is left out: nothing can tell.
 */
static void
cut_field_passes_no_other_domain(void **state)
{
	const char	*last = ".evil.example";
	size_t		 n;

	(void)state;
	for (size_t i = 0; i < COUNT(hiding); i++) {
		n = strlen(hiding[i]);
		for (size_t cut = 0; cut < n; cut++) {
			if (strcmp(hiding[i] + cut, last) != 0)
				must_not_pass(hiding[i], cut);
			must_not_pass(hiding[i] + cut, n - cut);
		}
	}
}

static const char *const repeated[] = {
	"(", ")", "(x)", "\\", "\"", "\\\"", ";", "; dkim=pass", " ", "=",
	"; dkim=pass header.d=x", " header.d=victim.exampl", " reason=\"\\a\"",
	" x-y=1", "a", "\303\274", ".", "(\\(", "@", "\"x\" ",
};

/* 64 KiB of anything; had it taken squares of that it would take minutes. */
static void
big_field_takes_linear_time(void **state)
{
	static const char *const	 starts[] = {
		"", MX "; ", MX "; dkim=pass ", MX "; dkim=pass header.d=",
		MX "; dkim=pass header.d=\"", MX "; dkim=pass (",
	};
	char				*text = malloc(BIG);
	clock_t				 begin = clock();

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < COUNT(starts); i++)
		for (size_t j = 0; j < COUNT(repeated); j++) {
			size_t	 n = strlen(starts[i]);
			size_t	 step = strlen(repeated[j]);

			memcpy(text, starts[i], n);
			for (; n + step <= BIG; n += step)
				memcpy(text + n, repeated[j], step);
			assert_int_not_equal(passes(text, n, AUTHRES_DKIM,
			    VICTIM), 1);
		}
	free(text);
	assert_true((clock() - begin) / CLOCKS_PER_SEC < 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(authserv_id_is_compared),
		cmocka_unit_test(fields_of_known_mtas_are_read),
		cmocka_unit_test(grammar_is_read_whole),
		cmocka_unit_test(malformed_field_counts_for_nothing),
		cmocka_unit_test(damaged_field_passes_no_other_domain),
		cmocka_unit_test(cut_field_passes_no_other_domain),
		cmocka_unit_test(big_field_takes_linear_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
