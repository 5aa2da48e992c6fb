/*
 * Tests of keyword.c.  A site of three accounts and two channels; the blocks
 * are as they are spooled.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <malloc.h>
#include <sys/resource.h>

#include <setjmp.h>
#include <cmocka.h>

#include "encword.h"
#include "keyword.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define BIG		(256 * 1024)

static const struct channel	 sms = { .name = "sms" };
static const struct channel	 fax = { .name = "fax" };

/* The keywords of a grant; a NULL among them is a pattern. */
#define GRANT(c, text, a) { .channel = (c), .compare_text = (text), \
	.alternative = (a), .alternatives = NELEM(a) }

static struct alternative	 acme_sms[] = {
	{ .keyword = "Sekrit" }, { NULL, NULL }, { .keyword = "old.key" }
};
static struct alternative	 acme_fax[] = { { .keyword = "Fax-Key" } };
static struct alternative	 other_sms[] = {
	{ NULL, NULL }, { .keyword = "other+key" }
};
static struct alternative	 other_fax[] = { { NULL, NULL } };

static struct grant		 acme_grants[] = {
	GRANT(&sms, false, acme_sms), GRANT(&fax, true, acme_fax)
};
static struct grant		 other_grants[] = {
	GRANT(&sms, false, other_sms), GRANT(&fax, false, other_fax)
};
static struct grant		 open_grants[] = { { .channel = &sms } };

static struct account		 accounts[] = {
	{ .name = "acme", .grant = acme_grants, .grants = 2 },
	{ .name = "other", .grant = other_grants, .grants = 2 },
	{ .name = "open", .grant = open_grants, .grants = 1 },
	{ .name = "none" },
};
static struct policy		 site = {
	.account = accounts, .accounts = NELEM(accounts)
};

/* --- is it one of them */

struct guess {
	const char	*address;
	bool		 sms;		/* a keyword of acme's there */
	bool		 fax;
};

static const struct guess	 guesses[] = {
	{ "Sekrit@sms.example", true, false },
	{ "Sekrit@whatever.example", true, false },
	{ "Sekrit", true, false },
	{ "old.key@sms.example", true, false },
	{ "Fax-Key@fax.example", false, true },
	{ "fax-key@fax.example", false, true },
	{ "FAX-KEY@fax.example", false, true },
	{ "fAX-kEY", false, true },

	{ "sekrit@sms.example", false, false },
	{ "SEKRIT@sms.example", false, false },
	{ "Sekri@sms.example", false, false },
	{ "Sekritt@sms.example", false, false },
	{ "Sekrix@sms.example", false, false },
	{ "xekrit@sms.example", false, false },
	{ "aSekrit@sms.example", false, false },
	{ "S@sms.example", false, false },
	{ "@sms.example", false, false },
	{ "", false, false },
	{ "sms.example", false, false },
	{ "old@key@sms.example", false, false },
	{ "\"Sekrit x\"@sms.example", false, false },
	{ "oldxkey@sms.example", false, false },
	{ "old.key.@sms.example", false, false },
	{ "fax\rkey@fax.example", false, false },
	{ "Fax-Ke@fax.example", false, false },
	{ "Fax-Keyy@fax.example", false, false },
	{ "Fax-\xcb" "ey@fax.example", false, false },
	{ "other+key@sms.example", false, false },
	{ "Sekrit;old.key@sms.example", false, false },
	{ "+41791234567@sms.example", false, false },
};

static void
test_guesses(void **state)
{
	const struct guess	*g;

	(void)state;
	for (size_t i = 0; i < NELEM(guesses); i++) {
		g = &guesses[i];
		if (keyword_of_grant(&acme_grants[0], g->address) != g->sms ||
		    keyword_of_grant(&acme_grants[1], g->address) != g->fax ||
		    keyword_of_account(&accounts[0], g->address) !=
		    (g->sms || g->fax))
			fail_msg("<%s>", g->address);
		assert_false(keyword_of_grant(&other_grants[1], g->address));
		assert_false(keyword_of_grant(&open_grants[0], g->address));
		assert_false(keyword_of_account(&accounts[2], g->address));
		assert_false(keyword_of_account(&accounts[3], g->address));
	}
}

static void
test_policy(void **state)
{
	(void)state;
	assert_true(keyword_of_policy(&site, "Sekrit@a"));
	assert_true(keyword_of_policy(&site, "other+key@a"));
	assert_true(keyword_of_policy(&site, "fax-key@a"));
	assert_false(keyword_of_policy(&site, "sekrit@a"));
	assert_false(keyword_of_policy(&site, "nobody@a"));
	assert_true(keyword_of_account(&accounts[1], "other+key@a"));
	assert_false(keyword_of_account(&accounts[1], "Sekrit@a"));
}

static void
test_any(void **state)
{
	(void)state;
	assert_true(keyword_any(&acme_grants[0]));
	assert_true(keyword_any(&acme_grants[1]));
	assert_true(keyword_any(&other_grants[0]));
	assert_false(keyword_any(&other_grants[1]));
	assert_false(keyword_any(&open_grants[0]));
}

/* One longer than any address, and addresses as long as they may be. */
static void
test_long(void **state)
{
	char			 keyword[ADDR_MAX + 8], address[ADDR_MAX + 8];
	struct alternative	 a = { .keyword = keyword };
	struct grant		 g = { .alternative = &a, .alternatives = 1 };

	(void)state;
	for (size_t n = ADDR_MAX - 4; n < sizeof(keyword); n++) {
		memset(keyword, 'k', n);
		keyword[n] = '\0';
		memset(address, 'k', sizeof(address) - 1);
		for (size_t len = ADDR_MAX - 4; len < sizeof(address); len++) {
			address[len] = '\0';
			assert_int_equal(keyword_of_grant(&g, address),
			    len == n && n < ADDR_MAX);
			address[len] = 'k';
		}
	}
}

/* --- take them out */

struct block {
	const char	*in;
	const char	*out;		/* NULL: the same */
};

/* Of acme: Sekrit and old.key as they are, Fax-Key in any case. */
static const struct block	 blocks[] = {
	{ "", NULL },
	{ "To: a@b\nSubject: =?utf-8?q?hello?=\n\n", NULL },
	{ "Cc: Sekrit@sms.example\n", "Cc: xxxxxx@sms.example\n" },
	{ "Received: from a by b\n\tfor <Sekrit@sms.example>; Mon\nTo: c\n",
	    "Received: from a by b\n\tfor <xxxxxx@sms.example>; Mon\nTo: c\n" },
	{ "A: xSekritSekrity\n", "A: xxxxxxxxxxxxxy\n" },
	{ "Sekrit", "xxxxxx" },
	{ "X-Sekrit: a\n", "X-xxxxxx: a\n" },
	{ "A: Sekrit, old.key,fax-KEY\n Sekrit\n",
	    "A: xxxxxx, xxxxxxx,xxxxxxx\n xxxxxx\n" },
	{ "A: sekrit SEKRIT Sekri oldxkey old.ke Old.key\n", NULL },
	{ "A: Sek\n rit\nSek\nrit: a\n", NULL },
	{ "A: other+key\n", NULL },
	{ "From Sekrit Mon Jan 1\nA: b\n", "From xxxxxx Mon Jan 1\nA: b\n" },

	/* encoded words that spell one */
	{ "A: =?utf-8?q?Sekrit?=\n", "A: =?utf-8?q?xxxxxx?=\n" },
	{ "A: =?utf-8?q?=53ekrit?=\n", "A: =?utf-8?q?xxxxxxxx?=\n" },
	{ "A: =?utf-8?b?U2Vrcml0?=\n", "A: =?utf-8?b?eHh4eHh4?=\n" },
	{ "A: =?utf-8?b?YVNla3JpdA==?=\n", "A: =?utf-8?b?eHh4eHh4eHh4?=\n" },
	{ "A: =?cp1252?Q?FAX=2dkey?= b\n", "A: =?cp1252?Q?xxxxxxxxx?= b\n" },
	{ "A: Sek=?utf-8?q?rit?=\n", "A: Sek=?utf-8?q?xxx?=\n" },
	{ "A: =?utf-8?q?Sek?=rit\n", "A: =?utf-8?q?xxx?=rit\n" },
	{ "A: =?utf-8?q?Sek?= =?utf-8?b?cml0?=\n",
	    "A: =?utf-8?q?xxx?= =?utf-8?b?eHh4?=\n" },
	{ "A: =?utf-8?q?Sek?=\n =?utf-8?b?cml0?=\n",
	    "A: =?utf-8?q?xxx?=\n =?utf-8?b?eHh4?=\n" },
	{ "A: =?utf-8?q?Sek?= \t\n\t \n =?utf-8?q?rit?=",
	    "A: =?utf-8?q?xxx?= \t\n\t \n =?utf-8?q?xxx?=" },
	{ "A:\n =?utf-8?q?S?=\n =?utf-8?q?ek?=\n =?utf-8?q?rit?=\n",
	    "A:\n =?utf-8?q?x?=\n =?utf-8?q?xx?=\n =?utf-8?q?xxx?=\n" },
	/* then all of the field's, and no other field's */
	{ "B: =?utf-8?q?b?=\nA: =?utf-8?q?hi?= -\n =?utf-8?q?=53ekrit?=\n"
	    "C: =?utf-8?q?c?=\n",
	    "B: =?utf-8?q?b?=\nA: =?utf-8?q?xx?= -\n =?utf-8?q?xxxxxxxx?=\n"
	    "C: =?utf-8?q?c?=\n" },
	{ "A: Sekrit =?utf-8?q?hi?=\n", "A: xxxxxx =?utf-8?q?hi?=\n" },
	{ "A: Sekrit =?utf-8?q?Sek=72it?=\n",
	    "A: xxxxxx =?utf-8?q?xxxxxxxx?=\n" },
	/* what no reader of ours decodes */
	{ "A: =?utf-8?q?Sek?=\nB: =?utf-8?q?rit?=\n", NULL },
	{ "A: =?utf-8?q?Sek?= - =?utf-8?q?rit?=\n", NULL },
	{ "A: =?utf-16?q?=53ekrit?=\n", NULL },
	{ "A: =?utf-8?q?=53\n ekrit?=\n", NULL },
	{ "A: =?utf-8?q?Sek_rit?=\n", NULL },
	{ "A: =?utf-8?q?Sek=0Arit?=\n", NULL },
};

static int
blank(const struct account *a, const char *in, size_t n, char **out)
{
	*out = malloc(n > 0 ? n : 1);
	assert_non_null(*out);
	memcpy(*out, in, n);
	return keyword_blank(a, *out, n);
}

static void
test_blocks(void **state)
{
	const struct block	*b;
	const char		*want;
	char			*got, *again;
	size_t			 n;

	(void)state;
	for (size_t i = 0; i < NELEM(blocks); i++) {
		b = &blocks[i];
		n = strlen(b->in);
		want = b->out == NULL ? b->in : b->out;
		assert_int_equal(strlen(want), n);
		assert_int_equal(blank(&accounts[0], b->in, n, &got),
		    b->out != NULL);
		if (memcmp(got, want, n) != 0)
			fail_msg("\"%s\": \"%.*s\"", b->in, (int)n, got);
		assert_int_equal(blank(&accounts[0], got, n, &again), 0);
		free(again);
		free(got);
	}
}

/* Accounts without keywords, or with others, lose nothing of acme's. */
static void
test_other_accounts(void **state)
{
	static const char	 in[] =
	    "A: Sekrit =?utf-8?q?=53ekrit?= old.key";
	char			*got;

	(void)state;
	for (size_t i = 1; i < NELEM(accounts); i++) {
		assert_int_equal(blank(&accounts[i], in, strlen(in), &got), 0);
		assert_memory_equal(got, in, strlen(in));
		free(got);
	}
}

/* Blank by these keywords, up to four. */
static void
check_keywords(const char *const *keywords, bool text, const char *in,
    const char *want)
{
	struct alternative	 a[4] = { 0 };
	struct grant		 g = { .alternative = a, .compare_text = text };
	struct account		 account = { .grant = &g, .grants = 1 };
	size_t			 n = strlen(in);
	char			*got;

	for (; keywords[g.alternatives] != NULL; g.alternatives++) {
		assert_true(g.alternatives < NELEM(a));
		a[g.alternatives].keyword = strdup(keywords[g.alternatives]);
		assert_non_null(a[g.alternatives].keyword);
	}
	assert_int_equal(blank(&account, in, n, &got), strcmp(in, want) != 0);
	if (memcmp(got, want, n) != 0)
		fail_msg("\"%s\": \"%.*s\"", in, (int)n, got);
	free(got);
	for (size_t i = 0; i < g.alternatives; i++)
		free(a[i].keyword);
}

#define CHECK(text, in, want, ...) \
	check_keywords((const char *const []){ __VA_ARGS__, NULL }, text, in, \
	    want)

/* Keywords that touch each other, in whatever order they are named. */
static void
test_overlap(void **state)
{
	(void)state;
	CHECK(false, "abcde-", "xxxxx-", "abc", "cde");
	CHECK(false, "abcde-", "xxxxx-", "cde", "abc");
	CHECK(false, "abcdef-ab", "xxxxxx-xx", "ab", "abcdef");
	CHECK(false, "abcdef-cd", "xxxxxx-xx", "abcdef", "cd");
	CHECK(false, "abcdef-ab", "xxxxxx-xx", "abcdef", "ab");
	CHECK(false, "aaaaab", "xxxxxb", "aa");
	CHECK(false, "aba-ababab", "xxx-xxxxxb", "aba");
	CHECK(true, "aBcDE-", "xxxxx-", "AbC", "cDe");
}

/*
 * An x of ours completes no keyword.  Nothing can be done for one that is all
 * x, and it must not keep us busy.
 */
static void
test_x(void **state)
{
	(void)state;
	CHECK(false, "bbbab bx", "xxxxx xx", "bx", "a", "xb");
	CHECK(false, "bbbabb", "xxxxbb", "bx", "a");
	CHECK(false, "bbbabb", "bbbxxx", "xb", "a");
	CHECK(false, "xx XX a", "xx XX x", "xx", "a");
	CHECK(false, "xx XX", "xx xx", "XX");
	CHECK(true, "xx XX xX", "xx XX xX", "Xx");
	CHECK(true, "BXa", "xxx", "bx", "xa");
	CHECK(false, "A: sec=?utf-8?q?secx?=", "A: sec=?utf-8?q?xxxx?=",
	    "secxk", "secsec");
	CHECK(false, "A: sec=?utf-8?q?=78k?=", "A: xxxxxutf-8?q?xxxx?=",
	    "secx");
	CHECK(false, "A: =?utf-8?b?U2Vr?= eHh4", "A: =?utf-8?b?xxxx?= xxxx",
	    "Sek", "eHh4");
}

/* Keywords of the letters that make an encoded word. */
static void
test_syntax(void **state)
{
	(void)state;
	CHECK(false, "A: =?utf-8?q?a?=", "A: =?xxxxx?q?a?=", "utf-8");
	CHECK(false, "A: =?utf-8?q?a?=", "A: =?utf-8xxxa?=", "?q?");
	CHECK(false, "A: =?utf-8?q?a?=", "A: xxutf-8?q?a?=", "=?");
	CHECK(false, "A: =?utf-8?q?=3D?=", "A: x?utf-8?q?x3D?x", "=");
	/* an x that mends a word that was broken */
	CHECK(false, "A: =?utf-8?q?=z=73ec?=", "A: =?utf-8?q?xxxxxxx?=", "=z",
	    "sec");
}

/* A piece over and over. */
static char *
repeat(const char *piece, size_t *n)
{
	size_t	 len = strlen(piece);
	char	*s = malloc(BIG);

	assert_non_null(s);
	for (*n = 0; *n + len <= BIG; *n += len)
		memcpy(s + *n, piece, len);
	return s;
}

static void
check_big(const char *piece, const char *want)
{
	size_t	 n, len = strlen(piece);
	char	*s = repeat(piece, &n);

	assert_int_equal(strlen(want), len);
	assert_int_equal(keyword_blank(&accounts[0], s, n),
	    strcmp(piece, want) != 0);
	for (size_t i = 0; i < n; i += len)
		if (memcmp(s + i, want, len) != 0)
			fail_msg("\"%s\" at %zu: \"%.*s\"", piece, i, (int)len,
			    s + i);
	free(s);
}

/* Blocks as large as they may be; the time is the harness's to bound. */
static void
test_big(void **state)
{
	(void)state;
	check_big("Sekrit", "xxxxxx");
	check_big("Sekri", "Sekri");
	check_big("S", "S");
	check_big("\n", "\n");
	check_big("\n ", "\n ");
	check_big("A: Sekrit\n", "A: xxxxxx\n");
	check_big("=?", "=?");
	check_big("=?utf-8?q?", "=?utf-8?q?");
	check_big("=?utf-8?q?a?=", "=?utf-8?q?a?=");
	check_big("A: =?utf-8?q?=53ekrit?=\n", "A: =?utf-8?q?xxxxxxxx?=\n");
	check_big(" =?utf-8?q?Sek?=\n =?utf-8?q?rit?=",
	    " =?utf-8?q?xxx?=\n =?utf-8?q?xxx?=");
}

/* Without room to decode in, the block is not called clean. */
static void
test_no_memory(void **state)
{
	struct rlimit	 was, none;
	size_t		 n;
	char		*s;
	int		 rv;

	(void)state;
	if (mallopt(M_MMAP_THRESHOLD, BIG / 4) == 0)
		skip();		/* a sanitizer's, which takes no limit */
	s = repeat(" =?utf-8?q?=53ekrit?=\n", &n);	/* one field */
	assert_int_equal(getrlimit(RLIMIT_AS, &was), 0);
	none = was;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_AS, &none), 0);
	rv = keyword_blank(&accounts[0], s, n);
	assert_int_equal(setrlimit(RLIMIT_AS, &was), 0);
	assert_int_equal(rv, -1);
	assert_int_equal(keyword_blank(&accounts[0], s, n), 1);
	free(s);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_guesses),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_any),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_other_accounts),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_x),
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_big),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
