/*
 * Tests of factor.c: which alternative stands in a header, in which of its two
 * forms, and where; or which came nearest.
 */
#include <malloc.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <setjmp.h>
#include <cmocka.h>

#include "factor.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define ALTERNATIVES	4

/* alternatives are cut at "|" here, so that one may hold a ";". */
struct site {
	struct grant		 grant;
	struct alternative	 alternative[ALTERNATIVES];
};

static void
open_site(struct site *s, const char *alternatives, bool text)
{
	struct like_error	 e;
	struct alternative	*a;
	size_t			 n;

	memset(s, 0, sizeof(*s));
	s->grant.alternative = s->alternative;
	s->grant.compare_text = text;
	for (; *alternatives != '\0'; alternatives += n) {
		n = strcspn(alternatives, "|");
		assert_true(s->grant.alternatives < ALTERNATIVES);
		a = &s->alternative[s->grant.alternatives++];
		a->like = like_compile(alternatives, n, LIKE_SEARCH |
		    (text ? LIKE_TEXT : 0), &e);
		assert_non_null(a->like);
		n += alternatives[n] == '|';
	}
}

static void
close_site(struct site *s)
{
	for (size_t i = 0; i < s->grant.alternatives; i++)
		like_free(s->alternative[i].like);
}

static struct header *
read_header(const char *message)
{
	struct header	*h = header_new(HEADER_BYTES_MAX, HEADER_FIELDS_MAX);

	assert_non_null(h);
	if (header_feed(h, message, strlen(message)) != 0)
		assert_int_equal(header_end(h), 0);
	return h;
}

/* "yes 2 decoded", "no"; with locate also "at Field+at found/tokens". */
static void
search(const char *alternatives, bool text, const char *message, bool locate,
    char *out, size_t size)
{
	struct header	*h = read_header(message);
	struct factor	 f;
	struct site	 s;

	open_site(&s, alternatives, text);
	memset(&f, 0xa5, sizeof(f));
	factor_search(&s.grant, h, locate, &f);
	assert_true(f.holds == 0 || f.holds == 1);
	snprintf(out, size, "%s %u%s", f.holds ? "yes" : "no", f.alternative,
	    f.decoded ? " decoded" : "");
	if (locate && f.alternative > 0)
		snprintf(out + strlen(out), size - strlen(out),
		    " at %s+%zu %zu/%zu", f.field, f.at, f.found, f.tokens);
	close_site(&s);
	header_free(h);
}

/* --- whether it stands there */

struct question {
	const char	*alternatives;
	const char	*message;
	const char	*answer;
};

#define MAIL	"Received: from mx.example ([22.22.22.3])\n\tby gw; Mon\n" \
		"From: a@example.com\nTo: +41@sms.example\n" \
		"X-Customer: K-77\nSubject: Hello\n World\n\n" \
		"The body: secret 10.9.8.7\nX-Body: secret\n"

static const struct question	 questions[] = {
	{ "K-77", MAIL, "yes 1" },
	{ "k-77", MAIL, "no 0" },
	{ "K-78", MAIL, "no 0" },
	{ "22.22.22.[1-5]", MAIL, "yes 1" },
	{ "22.22.22.[4-5]", MAIL, "no 0" },
	{ "22.22.22", MAIL, "yes 1" },
	/* any field, its name too */
	{ "X-Customer: K", MAIL, "yes 1" },
	{ "Customer", MAIL, "yes 1" },
	{ "+41@sms", MAIL, "yes 1" },
	{ "Received", MAIL, "yes 1" },
	/* never the body */
	{ "secret", MAIL, "no 0" },
	{ "10.9.8.7", MAIL, "no 0" },
	{ "X-Body", MAIL, "no 0" },
	/* unfolded */
	{ "Hello World", MAIL, "yes 1" },
	{ "22.22.22.3])\tby gw", MAIL, "yes 1" },
	{ "HelloWorld", MAIL, "no 0" },
	/* from one field into the next */
	{ "22.22.22*K-77", MAIL, "yes 1" },
	{ "K-77*22.22.22", MAIL, "no 0" },
	{ "K-77?Subject", MAIL, "yes 1" },
	{ "K-77*Subject", MAIL, "yes 1" },
	{ "K-77*-77", MAIL, "no 0" },
	{ "K-*77", MAIL, "yes 1" },
	/* any one is enough, and the first is named */
	{ "nothing|K-77", MAIL, "yes 2" },
	{ "K-77|22.22.22", MAIL, "yes 1" },
	{ "a1b2|c3d4|Customer*77", MAIL, "yes 3" },
	{ "a1b2|c3d4", MAIL, "no 0" },
	{ "", MAIL, "no 0" },

	/* no header */
	{ "K-77", "", "no 0" },
	{ "K-77", "\nK-77: a\n", "no 0" },
	{ "K-77", "no field K-77\n", "no 0" },
	{ "K-77", "A: b\nno field K-77\nK-77: a\n", "no 0" },
	{ "K-77", "From K-77 Mon Jan 1\nA: b\n", "no 0" },
	{ "K-77", "A: K-77", "yes 1" },

	/* encoded words */
	{ "K-77", "A: =?utf-8?q?=4B-77?=\n", "yes 1 decoded" },
	{ "K-77", "A: =?utf-8?b?Sy03Nw==?=\n", "yes 1 decoded" },
	{ "K-77", "A: =?utf-8?q?K-77?=\n", "yes 1" },
	{ "K-77", "A: =?utf-8?q?K-?=\n =?iso-8859-1?q?77?=\n",
	    "yes 1 decoded" },
	{ "K-77", "A: =?utf-16?q?=4B-77?=\n", "no 0" },
	{ "K-77", "A: =?utf-8?q?=4B-78?=\n", "no 0" },
	{ "K-77", "=?utf-8?q?=4B-77?=: a\n", "yes 1 decoded" },
	{ "=4B-77", "A: =?utf-8?q?=4B-77?=\n", "yes 1" },
	{ "utf-8", "A: =?utf-8?q?=4B-77?=\n", "yes 1" },
	{ "A: K*C: c", "A: =?utf-8?q?=4B?=\nC: c\n", "yes 1 decoded" },
	{ "=4B*K", "A: =?utf-8?q?=4B?=\n", "no 0" },
	{ "K=0AX", "A: =?utf-8?q?K=0AX?=\n", "yes 1" },
	{ "K X", "A: =?utf-8?q?K=0AX?=\n", "yes 1 decoded" },
	/* an alternative in either form before the next one */
	{ "K-77|A: =", "A: =?utf-8?q?=4B-77?=\n", "yes 1 decoded" },
	{ "a1b2|A: =|K-77", "A: =?utf-8?q?=4B-77?=\n", "yes 2" },
	{ "a1b2|K-7#", "A: =?utf-8?q?=4B-77?=\n", "yes 2 decoded" },
	/* a pattern over the blanks that decoding drops */
	{ "K 7", "A: =?utf-8?q?K?= =?utf-8?q?7?=\n", "no 0" },
	{ "K 7", "A: =?utf-8?q?K?= 7\n", "yes 1 decoded" },
};

static void
test_questions(void **state)
{
	const struct question	*q;
	char			 out[256];

	(void)state;
	for (size_t i = 0; i < NELEM(questions); i++) {
		q = &questions[i];
		search(q->alternatives, false, q->message, false, out,
		    sizeof(out));
		if (strcmp(out, q->answer) != 0)
			fail_msg("\"%s\" in \"%s\": %s", q->alternatives,
			    q->message, out);
	}
}

/* With locate the answer is the same. */
static void
test_same_located(void **state)
{
	const struct question	*q;
	char			 out[256];

	(void)state;
	for (size_t i = 0; i < NELEM(questions); i++) {
		q = &questions[i];
		search(q->alternatives, false, q->message, true, out,
		    sizeof(out));
		if (strncmp(q->answer, "yes", 3) == 0)
			assert_memory_equal(out, q->answer,
			    strlen(q->answer));
		else
			assert_memory_equal(out, "no", 2);
	}
}

static void
test_text(void **state)
{
	char	 out[256];

	(void)state;
	search("k-77", true, MAIL, false, out, sizeof(out));
	assert_string_equal(out, "yes 1");
	search("k-77", true, "A: =?utf-8?q?=4b-77?=\n", false, out,
	    sizeof(out));
	assert_string_equal(out, "yes 1 decoded");
}

/* Nothing but what is promised is told without locate. */
static void
test_not_located(void **state)
{
	struct header	*h = read_header(MAIL);
	struct factor	 f;
	struct site	 s;

	(void)state;
	open_site(&s, "K-78|K-77", false);
	memset(&f, 0xa5, sizeof(f));
	factor_search(&s.grant, h, false, &f);
	assert_int_equal(f.holds, 1);
	assert_int_equal(f.alternative, 2);
	assert_string_equal(f.field, "");
	assert_int_equal(f.at, 0);
	assert_int_equal(f.found, 0);
	close_site(&s);
	header_free(h);
}

/* --- where */

#define LONG_NAME "X-2345678901234567890123456789012345678901234567890123456789"

static const struct question	 places[] = {
	{ "K-77", MAIL, "yes 1 at X-Customer+12 4/4" },
	{ "Received", MAIL, "yes 1 at Received+0 8/8" },
	{ "22.22.22.[1-5]", MAIL, "yes 1 at Received+28 10/10" },
	{ "World", MAIL, "yes 1 at Subject+15 5/5" },
	{ "a1b2|Subject", MAIL, "yes 2 at Subject+0 7/7" },
	{ "22*K-77", MAIL, "yes 1 at Received+28 6/6" },
	{ "?X-Customer", MAIL, "yes 1 at To+19 11/11" },
	/* of what is nearer than all, though it comes later */
	{ "K-7x|+41", MAIL, "yes 2 at To+4 3/3" },
	/* offsets are those of the decoded text */
	{ "K-77", "A: b\nC: =?utf-8?q?=41=4B-77?=\n",
	    "yes 1 decoded at C+4 4/4" },
	{ "K-77", "A: =?utf-8?q?=41?=\n B\nC: =?utf-8?q?=4B-77?=\n",
	    "yes 1 decoded at C+3 4/4" },
	{ "K X", "A: =?utf-8?q?=0A=0A?=\nC: =?utf-8?q?K=0AX?=\n",
	    "yes 1 decoded at C+3 3/3" },
	/* the name as it stands in the header, as far as there is room */
	{ "v", LONG_NAME "0123: v\n", "yes 1 at " LONG_NAME "012+66 1/1" },
	{ "v", LONG_NAME "012: v\n", "yes 1 at " LONG_NAME "012+65 1/1" },
	{ "b", "A \t: b\n", "yes 1 at A+5 1/1" },

	/* how near */
	{ "K-78", MAIL, "no 1 at X-Customer+12 3/4" },
	{ "Subject: Hello Wurld", MAIL, "no 1 at Subject+0 16/20" },
	{ "K-zz|K-78", MAIL, "no 2 at X-Customer+12 3/4" },
	{ "K-78|K-zz", MAIL, "no 1 at X-Customer+12 3/4" },
	/* a tie goes to the first */
	{ "K-78|K-79", MAIL, "no 1 at X-Customer+12 3/4" },
	{ "K-zz|K-78zz", MAIL, "no 1 at X-Customer+12 2/4" },
	/* by share, not by length */
	{ "Subject: zzzzzzzzzzz|K-zz", MAIL, "no 2 at X-Customer+12 2/4" },
	/* none came near */
	{ "~~|^^", MAIL, "no 0" },
	{ "~~|^^|Kz", MAIL, "no 3 at X-Customer+12 1/2" },
	{ "K-77", "", "no 0" },
	/* decoded it may come nearer */
	{ "K-78", "A: =?utf-8?q?=4B-77?=\n", "no 1 decoded at A+3 3/4" },
	{ "~K-7|utf-7", "A: =?utf-8?q?=4B-77?=\n", "no 2 at A+5 4/5" },
	/* and where it comes as near, raw is told */
	{ "b: K", "b: =?utf-8?q?=41?=\n", "no 1 at b+0 3/4" },
};

static void
test_places(void **state)
{
	const struct question	*q;
	char			 out[256];

	(void)state;
	for (size_t i = 0; i < NELEM(places); i++) {
		q = &places[i];
		search(q->alternatives, false, q->message, true, out,
		    sizeof(out));
		if (strcmp(out, q->answer) != 0)
			fail_msg("\"%s\" in \"%s\": %s", q->alternatives,
			    q->message, out);
	}
}

/* --- the largest header */

static struct header *
big_header(const char *last)
{
	const size_t	 n = HEADER_BYTES_MAX - strlen(last);
	struct header	*h = header_new(HEADER_BYTES_MAX, HEADER_FIELDS_MAX);
	char		*s = malloc(n);

	assert_non_null(h);
	assert_non_null(s);
	memset(s, 'v', n);
	memcpy(s, "A: ", 3);
	s[n - 1] = '\n';
	assert_int_equal(header_feed(h, s, n), 1);
	assert_int_equal(header_feed(h, last, strlen(last)), 1);
	assert_int_equal(header_feed(h, "\n", 1), 0);
	free(s);
	return h;
}

static void
test_big(void **state)
{
	struct header	*h = big_header("Subject: =?utf-8?q?=4B-77?=\n");
	struct factor	 f;
	struct site	 s;

	(void)state;
	open_site(&s, "vK|K-77", false);
	factor_search(&s.grant, h, true, &f);
	assert_int_equal(f.holds, 1);
	assert_int_equal(f.alternative, 2);
	assert_true(f.decoded);
	assert_string_equal(f.field, "Subject");
	assert_int_equal(f.at, 9);
	close_site(&s);
	header_free(h);
}

static struct factor
search_without_memory(const char *alternatives, const struct header *h,
    bool locate)
{
	struct rlimit	 was, none;
	struct factor	 f;
	struct site	 s;

	open_site(&s, alternatives, false);
	assert_int_equal(getrlimit(RLIMIT_AS, &was), 0);
	none = was;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_AS, &none), 0);
	factor_search(&s.grant, h, locate, &f);
	assert_int_equal(setrlimit(RLIMIT_AS, &was), 0);
	close_site(&s);
	return f;
}

/* Without room to decode in: what stands there raw is enough, else nobody can
 * tell. */
static void
test_no_memory(void **state)
{
	struct header	*h;
	struct factor	 f;

	(void)state;
	if (mallopt(M_MMAP_THRESHOLD, HEADER_BYTES_MAX / 4) == 0)
		skip();		/* a sanitizer's, which takes no limit */
	h = big_header("Subject: =?utf-8?q?=4B-77?=\n");
	for (int locate = 0; locate < 2; locate++) {
		f = search_without_memory("K-77|a1b2", h, locate);
		assert_int_equal(f.holds, -1);
		f = search_without_memory("K-77|Subject", h, locate);
		assert_int_equal(f.holds, 1);
		assert_int_equal(f.alternative, 2);
	}
	header_free(h);

	h = big_header("Subject: nothing encoded\n");
	f = search_without_memory("K-77|a1b2", h, false);
	assert_int_equal(f.holds, 0);
	header_free(h);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_same_located),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_not_located),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_big),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
