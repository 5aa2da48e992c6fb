/*
 * The envelope of one transaction.  Holds what the monitor has checked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "envelope.h"
#include "policy.h"

/*
 * Two recipients are one where the backend would be told the same: equal
 * addresses, or spellings of one number in one channel.
 */
static bool
same_recipient(const struct recipient *r, const char *address,
    const struct decision *d)
{
	if (r->decision.channel != d->channel)
		return false;
	if (d->number[0] != '\0')
		return strcmp(r->decision.number, d->number) == 0;
	return addr_local_len(r->address) == addr_local_len(address) &&
	    memcmp(r->address, address, addr_local_len(address)) == 0 &&
	    addr_equal(addr_domain(r->address), addr_domain(address));
}

static struct recipient *
find_same(const struct envelope *e, const char *address,
    const struct decision *d)
{
	size_t i;

	for (i = 0; i < e->recipients; i++) {
		struct recipient *r = e->recipient[i];

		if (r->same == NULL && same_recipient(r, address, d))
			return r;
	}
	return NULL;
}

static int
make_room(struct envelope *e)
{
	struct recipient **grown;
	size_t room = e->room == 0 ? 8 : e->room * 2;

	if (e->recipients < e->room)
		return 0;
	grown = reallocarray(e->recipient, room, sizeof(*grown));
	if (grown == NULL)
		return -1;
	e->recipient = grown;
	e->room = room;
	return 0;
}

static void
recipient_free(struct recipient *r)
{
	if (r == NULL)
		return;
	free(r->address);
	free(r->original);
	free(r);
}

struct recipient *
envelope_add(struct envelope *e, const struct lmtp_rcpt *rcpt,
    const struct decision *d)
{
	struct recipient *r;

	if (make_room(e) == -1 || (r = calloc(1, sizeof(*r))) == NULL)
		return NULL;
	r->address = strdup(rcpt->recipient);
	r->original = strdup(rcpt->original);
	if (r->address == NULL || r->original == NULL) {
		recipient_free(r);
		return NULL;
	}
	r->decision = *d;
	r->same = find_same(e, rcpt->recipient, d);
	r->status = -1;
	e->recipient[e->recipients++] = r;
	return r;
}

const char *
recipient_shown(const char *address, bool hide, char *out)
{
	snprintf(out, ADDR_MAX, "%s%s", hide ? "*@" : "",
	    hide ? addr_domain(address) : address);
	return out;
}

void
envelope_clear(struct envelope *e)
{
	size_t i;

	for (i = 0; i < e->recipients; i++)
		recipient_free(e->recipient[i]);
	free(e->recipient);
	memset(e, 0, sizeof(*e));
}

const char *
outcome_name(enum outcome outcome)
{
	static const char *const name[] = {
		[OUTCOME_NONE] = "undecided",
		[OUTCOME_ACCEPTED] = "accepted",
		[OUTCOME_REFUSED] = "refused",
		[OUTCOME_DEFERRED] = "deferred",
		[OUTCOME_MAYBE_SENT] = "maybe-sent",
		[OUTCOME_WOULD_REFUSE] = "would-refuse",
		[OUTCOME_DISCARDED] = "discarded"
	};

	return name[outcome];
}
