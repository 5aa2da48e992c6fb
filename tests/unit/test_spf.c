/*
 * What may pass between resolver.c and lmtpd-resolver: every way in which
 * bytes are no question and no answer.
 */
#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "spf.h"

#define SET(member, c)	memset(q.member, (c), sizeof(q.member))

static struct spf_question
question(enum spf_op op)
{
	struct spf_question q;

	memset(&q, 0, sizeof(q));
	q.op = op;
	q.timeout = 20;
	q.client.family = AF_INET;
	strcpy(q.helo, "mail.example.com");
	strcpy(q.sender, "a@example.com");
	strcpy(q.domain, "example.com");
	strcpy(q.token, "0123456789abcdef0123456789abcdef");
	return q;
}

static bool
valid(struct spf_question q)
{
	return spf_question_valid(&q, sizeof(q));
}

static struct spf_answer
answer(enum spf_result result)
{
	struct spf_answer a = { .result = result };

	return a;
}

static bool
honest(struct spf_answer a)
{
	return spf_answer_valid(&a, sizeof(a));
}

static void
words_are_those_of_the_rfc(void **state)
{
	static const char *const words[] = {
		"none", "neutral", "pass", "fail", "softfail", "temperror",
		"permerror"
	};
	size_t i;

	(void)state;
	assert_int_equal(SPF_RESULTS, sizeof(words) / sizeof(words[0]));
	for (i = 0; i < SPF_RESULTS; i++)
		assert_string_equal(spf_result_name(i), words[i]);
}

static void
what_is_no_result_is_a_temperror(void **state)
{
	(void)state;
	assert_string_equal(spf_result_name(SPF_RESULTS), "temperror");
	assert_string_equal(spf_result_name((enum spf_result)-1),
	    "temperror");
	assert_string_equal(spf_result_name((enum spf_result)INT32_MIN),
	    "temperror");
}

static void
each_kind_of_question_is_valid(void **state)
{
	struct spf_question q;
	int op;

	(void)state;
	for (op = 0; op < SPF_OPS; op++)
		assert_true(valid(question(op)));
	q = question(SPF_CHECK);
	q.client.family = AF_INET6;
	assert_true(valid(q));
}

static void
a_question_of_another_size_is_none(void **state)
{
	struct {
		struct spf_question	 q;
		char			 more[8];
	} room;

	(void)state;
	memset(&room, 0, sizeof(room));
	room.q = question(SPF_CHECK);
	assert_false(spf_question_valid(&room, 0));
	assert_false(spf_question_valid(&room, sizeof(room.q) - 1));
	assert_true(spf_question_valid(&room, sizeof(room.q)));
	assert_false(spf_question_valid(&room, sizeof(room.q) + 1));
	assert_false(spf_question_valid(&room, SIZE_MAX));
}

/* Packets may lie at any address. */
static void
alignment_does_not_matter(void **state)
{
	struct spf_question q = question(SPF_CHECK);
	struct spf_answer a = answer(SPF_PASS);
	char room[sizeof(q) + 1];

	(void)state;
	memcpy(room + 1, &q, sizeof(q));
	assert_true(spf_question_valid(room + 1, sizeof(q)));
	memcpy(room + 1, &a, sizeof(a));
	assert_true(spf_answer_valid(room + 1, sizeof(a)));
}

static void
a_question_of_no_kind_is_none(void **state)
{
	struct spf_question q = question(SPF_CHECK);

	(void)state;
	q.op = SPF_OPS;
	assert_false(valid(q));
	q.op = UINT32_MAX;
	assert_false(valid(q));
}

static void
a_question_has_a_time(void **state)
{
	struct spf_question q = question(SPF_CHECK);

	(void)state;
	q.timeout = 0;
	assert_false(valid(q));
	q.timeout = 1;
	assert_true(valid(q));
	q.timeout = SPF_TIMEOUT_MAX;
	assert_true(valid(q));
	q.timeout = SPF_TIMEOUT_MAX + 1;
	assert_false(valid(q));
	q.timeout = UINT32_MAX;
	assert_false(valid(q));
}

static void
only_a_token_needs_no_client(void **state)
{
	static const int families[] = { AF_UNSPEC, AF_UNIX, -1, 255 };
	struct spf_question q;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		q = question(SPF_CHECK);
		q.client.family = families[i];
		assert_false(valid(q));
		q = question(SPF_RECORD);
		q.client.family = families[i];
		assert_false(valid(q));
		q = question(SPF_TOKEN);
		q.client.family = families[i];
		assert_true(valid(q));
	}
}

static void
only_a_check_needs_no_domain(void **state)
{
	struct spf_question q = question(SPF_CHECK);

	(void)state;
	SET(domain, 0);
	assert_true(valid(q));
	q.op = SPF_RECORD;
	assert_false(valid(q));
	q.op = SPF_TOKEN;
	assert_false(valid(q));
}

/* An empty token would be found wherever an empty TXT record stands. */
static void
an_empty_token_is_no_question(void **state)
{
	struct spf_question q = question(SPF_TOKEN);

	(void)state;
	SET(token, 0);
	assert_false(valid(q));
}

static void
the_null_sender_is_a_question(void **state)
{
	struct spf_question q = question(SPF_CHECK);

	(void)state;
	SET(sender, 0);
	assert_true(valid(q));
	SET(helo, 0);
	assert_true(valid(q));
}

static void
a_string_ends_in_its_place(void **state)
{
	struct spf_question q;
	int op;

	(void)state;
	for (op = 0; op < SPF_OPS; op++) {
		q = question(op);
		SET(helo, 'x');
		assert_false(valid(q));
		q.helo[sizeof(q.helo) - 1] = '\0';
		assert_true(valid(q));
		SET(sender, 'x');
		assert_false(valid(q));
		q.sender[sizeof(q.sender) - 1] = '\0';
		assert_true(valid(q));
		SET(domain, 'x');
		assert_false(valid(q));
		q.domain[sizeof(q.domain) - 1] = '\0';
		assert_true(valid(q));
		SET(token, 'x');
		assert_false(valid(q));
		q.token[sizeof(q.token) - 1] = '\0';
		assert_true(valid(q));
	}
}

static void
each_result_is_an_answer_and_no_other(void **state)
{
	int result;

	(void)state;
	for (result = 0; result < SPF_RESULTS; result++)
		assert_true(honest(answer(result)));
	assert_false(honest(answer(SPF_RESULTS)));
	assert_false(honest(answer(-1)));
}

static void
an_answer_of_another_size_is_none(void **state)
{
	struct spf_answer a[2] = { answer(SPF_PASS), answer(SPF_PASS) };

	(void)state;
	assert_false(spf_answer_valid(a, 0));
	assert_false(spf_answer_valid(a, sizeof(a[0]) - 1));
	assert_true(spf_answer_valid(a, sizeof(a[0])));
	assert_false(spf_answer_valid(a, sizeof(a[0]) + 1));
	assert_false(spf_answer_valid(a, sizeof(a)));
}

/* A check ends at the eleventh lookup, or the third void one. */
static void
counts_beyond_the_limits_are_no_answer(void **state)
{
	static const uint32_t too_many[] = { 12, 1000, UINT32_MAX };
	struct spf_answer a;
	size_t i;

	(void)state;
	a = answer(SPF_PERMERROR);
	a.lookups = a.voids = 11;
	assert_true(honest(a));
	for (i = 0; i < sizeof(too_many) / sizeof(too_many[0]); i++) {
		a = answer(SPF_PERMERROR);
		a.lookups = too_many[i];
		assert_false(honest(a));
		a = answer(SPF_PERMERROR);
		a.voids = too_many[i];
		assert_false(honest(a));
	}
}

static void
more_records_than_a_message_holds_are_no_answer(void **state)
{
	struct spf_answer a = answer(SPF_PASS);

	(void)state;
	a.records = SPF_RECORDS_MAX;
	a.ttl = SPF_TTL_MAX;
	assert_true(honest(a));
	a.records++;
	assert_false(honest(a));
	a.records = 1;
	a.ttl++;
	assert_false(honest(a));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_those_of_the_rfc),
		cmocka_unit_test(what_is_no_result_is_a_temperror),
		cmocka_unit_test(each_kind_of_question_is_valid),
		cmocka_unit_test(a_question_of_another_size_is_none),
		cmocka_unit_test(alignment_does_not_matter),
		cmocka_unit_test(a_question_of_no_kind_is_none),
		cmocka_unit_test(a_question_has_a_time),
		cmocka_unit_test(only_a_token_needs_no_client),
		cmocka_unit_test(only_a_check_needs_no_domain),
		cmocka_unit_test(an_empty_token_is_no_question),
		cmocka_unit_test(the_null_sender_is_a_question),
		cmocka_unit_test(a_string_ends_in_its_place),
		cmocka_unit_test(each_result_is_an_answer_and_no_other),
		cmocka_unit_test(an_answer_of_another_size_is_none),
		cmocka_unit_test(counts_beyond_the_limits_are_no_answer),
		cmocka_unit_test(more_records_than_a_message_holds_are_no_answer)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
