/*
 * What anybody's header says, from real spools.  What counts from a trusted
 * peer alone is test_inspect_trust.c's.
 */
#include <fcntl.h>

#include "inspect_site.h"
#include "header.h"

/* Trusted or not, these facts are the same. */
static int
read_facts(const char *text, size_t n, struct header_facts *facts)
{
	struct policy policy = { .authserv_id = (char *)"mx.example.net" };
	struct header_facts stranger;
	int rc;

	rc = inspect(&policy, true, "bob@example.com", text, n, facts);
	assert_int_equal(inspect(&policy, false, "bob@example.com", text, n,
	    &stranger), rc);
	if (rc != 0)
		return rc;
	assert_false(facts->dkim);
	assert_false(facts->dmarc);
	/* no field here tells an origin that is known */
	assert_memory_equal(&stranger, facts, sizeof(stranger));
	return rc;
}

static const struct {
	const char	*text;
	unsigned int	 hops;
	bool		 auto_replied;
	bool		 named;
	size_t		 body;
	const char	*from;
} headers[] = {
	{ "", 0, false, false, 0, "" },
	{ "\n", 0, false, false, 1, "" },
	{ "\nReceived: x\n", 0, false, false, 1, "" },
	{ "Subject: x\n", 0, false, false, 11, "" },
	{ "Subject: x", 0, false, false, 10, "" },
	{ "Subject: x\n\nbody\n", 0, false, false, 12, "" },
	{ "no header\n", 0, false, false, 0, "" },
	{ "A: b\nno field\n", 0, false, false, 5, "" },
	{ "Received: a\nRECEIVED: b\nreceived:c\n\n", 3, false, true, 36,
	    "" },
	{ "Received: a\n\tby b;\n Received: c\n\n", 1, false, true, 33, "" },
	{ "Received-SPF: x\nX-Received: y\n\n", 0, false, false, 31, "" },
	{ "A: b\n\nReceived: a\nMessage-ID: x\nAuto-Submitted: "
	    "auto-replied\n", 0, false, false, 6, "" },
	{ "Message-ID: <1@x>\n\n", 0, false, true, 19, "" },
	{ "message-id:\n\n", 0, false, true, 13, "" },
	{ "Auto-Submitted: auto-replied\n\n", 0, true, false, 30, "" },
	{ "auto-submitted:AUTO-Replied (vacation)\n\n", 0, true, false, 40,
	    "" },
	{ "Auto-Submitted: auto-replied; x=y\n\n", 0, true, false, 35, "" },
	{ "Auto-Submitted:\n auto-replied\n\n", 0, true, false, 31, "" },
	{ "Auto-Submitted: no\nAuto-Submitted: auto-replied\n\n", 0, true,
	    false, 49, "" },
	{ "Auto-Submitted: (a\\)(b)) auto-replied(c)\n\n", 0, true, false, 42,
	    "" },
	{ "Auto-Submitted: auto-replied x\n\n", 0, true, false, 32, "" },
	{ "Auto-Submitted: auto-replied-not\n\n", 0, false, false, 34, "" },
	{ "Auto-Submitted: (auto-replied\n\n", 0, false, false, 31, "" },
	{ "Auto-Submitted: (auto-replied\\\n\n", 0, false, false, 32, "" },
	{ "Auto-Submitted: (auto-replied) no\n\n", 0, false, false, 35, "" },
	{ "Auto-Submitted: auto-generated\n\n", 0, false, false, 32, "" },
	{ "Auto-Submitted: auto-replie\n\n", 0, false, false, 29, "" },
	{ "Auto-Submitted: no, auto-replied\n\n", 0, false, false, 34, "" },
	{ "Auto-Submitted:\n\n", 0, false, false, 17, "" },
	{ "X: auto-replied\n\n", 0, false, false, 17, "" },
	{ "From: a@b\nFrom: c@d\n\n", 0, false, false, 21, "a@b" },
	{ "From: \"B = \303\266\" <b@x>\n\n", 0, false, false, 22,
	    "\"B = \303\266\" <b@x>" },
	{ "From: a\n\033[2Jb\n\n", 0, false, false, 8, "a" },
	{ "From: a\r\t\\b\n\n", 0, false, false, 13,
	    "a\r\t\\b" },
	{ "From:\n\n", 0, false, false, 7, "" },
	{ "Sender: a@b\n\n", 0, false, false, 13, "" },
};

static void
what_headers_say(void **state)
{
	struct header_facts f;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(headers); i++) {
		const char *text = headers[i].text;

		assert_int_equal(read_facts(text, strlen(text), &f), 0);
		if (f.hops != headers[i].hops ||
		    f.auto_replied != headers[i].auto_replied ||
		    f.named != headers[i].named ||
		    f.body != headers[i].body ||
		    strcmp(f.from, headers[i].from) != 0)
			fail_msg("\"%s\": hops %u auto %d named %d body %zu "
			    "from %s", text, f.hops, f.auto_replied, f.named,
			    (size_t)f.body, f.from);
	}
}

/* Of Postfix's own X-Original-To, the topmost; what is no address is none. */
static void
the_original_recipient(void **state)
{
	static const char *const rows[][2] = {
		{ "X-Original-To: sms@example.com\n\n", "sms@example.com" },
		{ "x-original-to:sms@example.com \n\n", "sms@example.com" },
		{ "X-Original-To: a@b\nX-Original-To: c@d\n\n", "a@b" },
		{ "X-Original-To: sms\n\n", "sms" },
		{ "X-Original-To:\n\n", "" },
		{ "X-Original-To: <a@b>\n\n", "" },
		{ "X-Original-To: a@b, c@d\n\n", "" },
		{ "X-Original-To: a@b\n x\n\n", "" },
		{ "X-Original-To: a\033@b\n\n", "" },
		{ "X-Original-To: a\377@b\n\n", "" },
		{ "X: y\n\nX-Original-To: a@b\n", "" },
		{ "X-Original-To-Not: a@b\n\n", "" },
	};
	char text[2 * ADDR_MAX], wanted[ADDR_MAX];
	struct header_facts f;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		assert_int_equal(read_facts(rows[i][0], strlen(rows[i][0]),
		    &f), 0);
		assert_string_equal(f.original, rows[i][1]);
	}
	/* the longest that there is; a longer one is not cut to another */
	memset(wanted, 'a', sizeof(wanted) - 1);
	wanted[sizeof(wanted) - 1] = '\0';
	wanted[10] = '@';
	snprintf(text, sizeof(text), "X-Original-To: %s\n\n", wanted);
	assert_int_equal(read_facts(text, strlen(text), &f), 0);
	assert_string_equal(f.original, wanted);
	snprintf(text, sizeof(text), "X-Original-To: %sa\n\n", wanted);
	assert_int_equal(read_facts(text, strlen(text), &f), 0);
	assert_string_equal(f.original, "");
}

static void
a_long_from_is_cut(void **state)
{
	char text[4096] = "From: ";
	struct header_facts f;

	(void)state;
	memset(text + 6, '\001', 2000);
	strlcpy(text + 2006, "\n\n", 3);
	assert_int_equal(read_facts(text, 2008, &f), 0);
	assert_in_range(strlen(f.from), 200, sizeof(f.from) - 1);
	assert_int_equal(strspn(f.from, "\001"), strlen(f.from));
}

#define TWO_FIELDS	"29ac9d1e4519ad1750657364f5f7487d" \
			"f2e7c2d0b4087f778dbe8924a9c2d8d7"
#define FOLDED		"3d554d7bfcd1a74e1aba1c5fd55f6c7d" \
			"c34c89b146da70ac486d816ced971ff5"

/* By its unfolded block alone; the sums are sha256sum(1)'s. */
static void
the_digest_is_the_header_s(void **state)
{
	static const char *const rows[][2] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca49599"
		    "1b7852b855" },
		{ "A: b\nC: d\n\nbody", TWO_FIELDS },
		{ "A: b\nC: d\n\nanother body\n", TWO_FIELDS },
		{ "A: b\nC: d\n", TWO_FIELDS },
		{ "A: b\nC: d", TWO_FIELDS },
		{ "A: b\n folded\n\n", FOLDED },
	};
	struct header_facts f, other;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		assert_int_equal(read_facts(rows[i][0], strlen(rows[i][0]),
		    &f), 0);
		assert_string_equal(f.digest, rows[i][1]);
	}
	assert_int_equal(read_facts("A: b\nC: D\n\n", 11, &other), 0);
	assert_string_not_equal(f.digest, other.digest);
}

/* The block is read in chunks: fields lie across their ends, too. */
static void
fields_across_chunks(void **state)
{
	static char text[64 * 1024];
	struct header_facts f;
	size_t n, pad;
	unsigned int hops;

	(void)state;
	for (pad = 0; pad < 40; pad++) {
		n = (size_t)snprintf(text, sizeof(text), "X: %0*d\n",
		    (int)pad + 1, 0);
		for (hops = 0; hops < 500; hops++)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
			    "Received: from a by b; hop %u\n", hops);
		n += strlcpy(text + n, "\nbody\n", sizeof(text) - n);
		assert_int_equal(read_facts(text, n, &f), 0);
		assert_int_equal(f.hops, 500);
		assert_int_equal(f.body, n - 5);
	}
}

static int
read_big(size_t fields, size_t bytes, size_t body, struct header_facts *f)
{
	char *text = malloc(bytes + body + 1);
	size_t i, n = 0;
	int rc;

	assert_non_null(text);
	for (i = 0; i + 1 < fields; i++, n += 3)
		memcpy(text + n, "A:\n", 3);
	memset(text + n, 'x', bytes - n);
	memcpy(text + n, "B:", 2);
	text[bytes - 1] = '\n';
	memset(text + bytes, '\n', body);
	rc = read_facts(text, bytes + body, f);
	free(text);
	return rc;
}

static void
the_bounds_of_a_header(void **state)
{
	struct header_facts f;

	(void)state;
	assert_int_equal(read_big(HEADER_FIELDS_MAX, 8192, 1, &f), 0);
	assert_int_equal(f.body, 8193);
	assert_int_equal(read_big(HEADER_FIELDS_MAX + 1, 8192, 1, &f), 1);
	assert_int_equal(read_big(1, HEADER_BYTES_MAX, 1, &f), 0);
	assert_int_equal(f.body, HEADER_BYTES_MAX + 1);
	assert_int_equal(read_big(1, HEADER_BYTES_MAX + 1, 1, &f), 1);
	assert_int_equal(read_big(1, HEADER_BYTES_MAX + 1, 0, &f), 1);
	/* the body has no bound here */
	assert_int_equal(read_big(1, 64, 1 << 20, &f), 0);
	assert_int_equal(f.body, 65);
}

/* It is no fault of the message's, and must not become a 5xx. */
static void
a_spool_that_cannot_be_read(void **state)
{
	int next = dup(STDERR_FILENO), dir;
	struct policy policy = { .authserv_id = (char *)"" };
	struct header_facts f;
	struct msg *m;

	(void)state;
	close(next);
	m = spool("A: b\n\n", 6);
	dir = open("/tmp", O_RDONLY | O_DIRECTORY);
	assert_int_equal(dup2(dir, next), next);
	assert_int_equal(inspect_header(&policy, m, true, "", &f), -1);
	assert_false(f.known);
	msg_close(m);
	close(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_headers_say),
		cmocka_unit_test(the_original_recipient),
		cmocka_unit_test(a_long_from_is_cut),
		cmocka_unit_test(the_digest_is_the_header_s),
		cmocka_unit_test(fields_across_chunks),
		cmocka_unit_test(the_bounds_of_a_header),
		cmocka_unit_test(a_spool_that_cannot_be_read),
	};

	return cmocka_run_group_tests_name("inspect", tests, NULL, NULL);
}
