/*
 * The envelope: which recipients are one and the same, what a second XFORWARD
 * changes, and that nothing of it outlives a transaction.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

#include "envelope.h"
#include "policy.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

static const struct channel sms = { .number = true };
static const struct channel fax = { .number = true };
static const struct channel box = { .number = false };

static struct recipient *
add(struct envelope *e, const struct channel *channel, const char *address,
    const char *number)
{
	struct lmtp_rcpt rcpt = { "", "" };
	struct decision d = { .verdict = VERDICT_ACCEPT, .channel = channel };
	struct recipient *r;

	strlcpy(rcpt.recipient, address, sizeof(rcpt.recipient));
	strlcpy(d.number, number, sizeof(d.number));
	r = envelope_add(e, &rcpt, &d);
	assert_non_null(r);
	return r;
}

static const struct {
	const struct channel	*channel;
	const char		*address;
	const char		*number;
	int			 same;	/* index of the one it repeats */
} rows[] = {
	{ &sms, "+41791234567@sms.x", "+41791234567", -1 },
	{ &sms, "+41791234567@sms.x", "+41791234567", 0 },
	{ &sms, "0791234567@sms.x", "+41791234567", 0 },
	{ &sms, "0791234567@sms2.x", "+41791234567", 0 },
	{ &sms, "+41791234568@sms.x", "+41791234568", -1 },
	{ &fax, "+41791234567@fax.x", "+41791234567", -1 },
	{ &box, "desk@box.x", "", -1 },
	{ &box, "desk@BOX.x", "", 6 },
	{ &box, "Desk@box.x", "", -1 },
	{ &box, "desk@box2.x", "", -1 },
	{ &box, "desk2@box.x", "", -1 },
	{ &box, "des@box.x", "", -1 },
	{ &box, "desk", "", -1 },
	{ &box, "desk", "", 12 },
	{ &box, "\"desk@box.x\"", "", -1 },
	{ &box, "\"a@b\"@box.x", "", -1 },
	{ &box, "\"a@b\"@Box.x", "", 15 },
	{ &box, "\"A@b\"@box.x", "", -1 },
	/* a repeated one is never repeated itself */
	{ &sms, "+41791234567@sms.x", "+41791234567", 0 },
	{ &fax, "0041791234567@fax.x", "+41791234567", 5 },
	{ NULL, "x@y", "", -1 },
	{ NULL, "x@Y", "", 20 },
};

static void
recipients_that_are_the_same(void **state)
{
	struct envelope e;
	struct recipient *r;
	size_t i;

	(void)state;
	memset(&e, 0, sizeof(e));
	for (i = 0; i < NELEM(rows); i++) {
		r = add(&e, rows[i].channel, rows[i].address, rows[i].number);
		assert_int_equal(e.recipients, i + 1);
		assert_ptr_equal(e.recipient[i], r);
		assert_string_equal(r->address, rows[i].address);
		if (rows[i].same == -1 && r->same != NULL)
			fail_msg("%s repeats %s", r->address,
			    r->same->address);
		if (rows[i].same != -1)
			assert_ptr_equal(r->same, e.recipient[rows[i].same]);
	}
	envelope_clear(&e);
}

/* They are pointed to: growing must not move them. */
static void
a_thousand_recipients_stay_in_order(void **state)
{
	struct envelope e;
	struct recipient *first, *r = NULL;
	char address[32], number[17];
	int i;

	(void)state;
	memset(&e, 0, sizeof(e));
	first = add(&e, &sms, "+1000@sms.x", "+1000");
	for (i = 1; i < 1000; i++) {
		snprintf(number, sizeof(number), "+%d", 1000 + i);
		snprintf(address, sizeof(address), "%s@sms.x", number);
		r = add(&e, &sms, address, number);
		assert_null(r->same);
	}
	r = add(&e, &sms, "1000@sms.x", "+1000");
	assert_ptr_equal(r->same, first);
	assert_int_equal(e.recipients, 1001);
	for (i = 0; i < 1000; i++) {
		snprintf(address, sizeof(address), "+%d@sms.x", 1000 + i);
		assert_string_equal(e.recipient[i]->address, address);
	}
	envelope_clear(&e);
}

static void
a_new_recipient_has_no_outcome(void **state)
{
	struct lmtp_rcpt rcpt = { "a@box.x", "b@y" };
	struct decision d = { .channel = &box, .reason = REASON_SECURITY,
	    .would_refuse = true };
	struct envelope e;
	struct recipient *r;

	(void)state;
	memset(&e, 0, sizeof(e));
	r = envelope_add(&e, &rcpt, &d);
	assert_non_null(r);
	/* its own copies */
	memset(&rcpt, 'x', sizeof(rcpt));
	memset(&d, 0, sizeof(d));
	assert_string_equal(r->address, "a@box.x");
	assert_string_equal(r->original, "b@y");
	assert_ptr_equal(r->decision.channel, &box);
	assert_int_equal(r->decision.reason, REASON_SECURITY);
	assert_true(r->decision.would_refuse);
	assert_int_equal(r->outcome, OUTCOME_NONE);
	assert_int_equal(r->status, -1);
	assert_string_equal(r->enhanced, "");
	assert_string_equal(r->text, "");
	envelope_clear(&e);
}

static void
forward(struct envelope *e, enum lmtp_attr attr, const char *value)
{
	struct lmtp_xforward xf = { .given = 1U << attr };

	strlcpy(xf.value[attr], value, sizeof(xf.value[attr]));
	lmtp_xforward_merge(&e->xforward, &xf);
}

static void
xforwards_add_up_and_the_last_counts(void **state)
{
	struct lmtp_xforward xf = { .given = 0 };
	struct envelope e;

	(void)state;
	memset(&e, 0, sizeof(e));
	forward(&e, XF_ADDR, "2001:db8::1234:5678");
	forward(&e, XF_HELO, "h");
	assert_int_equal(e.xforward.given, 1U << XF_ADDR | 1U << XF_HELO);
	assert_string_equal(e.xforward.value[XF_ADDR], "2001:db8::1234:5678");
	forward(&e, XF_ADDR, "::1");
	assert_string_equal(e.xforward.value[XF_ADDR], "::1");
	/* no byte of the longer one is left */
	assert_int_equal(e.xforward.value[XF_ADDR][5], 0);
	assert_string_equal(e.xforward.value[XF_HELO], "h");
	/* [UNAVAILABLE] is given and empty: it takes the address away */
	forward(&e, XF_ADDR, "");
	assert_string_equal(e.xforward.value[XF_ADDR], "");
	assert_int_equal(e.xforward.given, 1U << XF_ADDR | 1U << XF_HELO);
	/* a value that is not given does not count */
	strlcpy(xf.value[XF_SOURCE], "LOCAL", sizeof(xf.value[XF_SOURCE]));
	xf.given = 1U << XF_NAME;
	lmtp_xforward_merge(&e.xforward, &xf);
	assert_string_equal(e.xforward.value[XF_SOURCE], "");
	assert_string_equal(e.xforward.value[XF_HELO], "h");
	assert_int_equal(e.xforward.given,
	    1U << XF_ADDR | 1U << XF_HELO | 1U << XF_NAME);
	envelope_clear(&e);
}

static void
clearing_leaves_nothing(void **state)
{
	static const struct envelope empty;
	struct envelope e;

	(void)state;
	memset(&e, 0, sizeof(e));
	envelope_clear(&e);
	assert_memory_equal(&e, &empty, sizeof(e));
	add(&e, &box, "a@box.x", "");
	add(&e, &box, "a@box.x", "");
	forward(&e, XF_SOURCE, "LOCAL");
	strlcpy(e.sender, "s@x", sizeof(e.sender));
	e.open = e.utf8 = e.xforward_refused = true;
	e.size = 1;
	envelope_clear(&e);
	assert_memory_equal(&e, &empty, sizeof(e));
	/* and it can be used again */
	assert_null(add(&e, &box, "a@box.x", "")->same);
	envelope_clear(&e);
}

static void
outcomes_have_the_log_s_words(void **state)
{
	(void)state;
	assert_string_equal(outcome_name(OUTCOME_ACCEPTED), "accepted");
	assert_string_equal(outcome_name(OUTCOME_REFUSED), "refused");
	assert_string_equal(outcome_name(OUTCOME_DEFERRED), "deferred");
	assert_string_equal(outcome_name(OUTCOME_MAYBE_SENT), "maybe-sent");
	assert_string_equal(outcome_name(OUTCOME_WOULD_REFUSE),
	    "would-refuse");
	assert_string_equal(outcome_name(OUTCOME_DISCARDED), "discarded");
	assert_string_equal(outcome_name(OUTCOME_NONE), "undecided");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recipients_that_are_the_same),
		cmocka_unit_test(a_thousand_recipients_stay_in_order),
		cmocka_unit_test(a_new_recipient_has_no_outcome),
		cmocka_unit_test(xforwards_add_up_and_the_last_counts),
		cmocka_unit_test(clearing_leaves_nothing),
		cmocka_unit_test(outcomes_have_the_log_s_words),
	};

	return cmocka_run_group_tests_name("envelope", tests, NULL, NULL);
}
