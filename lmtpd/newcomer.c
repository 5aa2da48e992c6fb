/*
 * Server addresses that are new to an account.  What mail says is hostile: it
 * is kept as text, without control characters.
 */
#include <sys/socket.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "newcomer.h"
#include "notice.h"

/* "" where the address is not known, or nobody's. */
static void
where_from(const struct origin *o, const struct decision *d,
    char where[SEEN_WHERE_MAX])
{
	where[0] = '\0';
	if (d->provider != NULL)
		strlcpy(where, d->provider, SEEN_WHERE_MAX);
	else if (!o->local && o->client.family != AF_UNSPEC)
		seen_where(&o->client, where);
}

static void
meet(struct newcomers *n, const struct account *a)
{
	size_t i;

	for (i = 0; i < n->n; i++)
		if (n->account[i] == a)
			return;
	if (n->n < NEWCOMER_ACCOUNTS)
		n->account[n->n++] = a;
}

static void
describe(const struct newcomer_message *m, const struct decision *d,
    struct seen *seen)
{
	const struct reason_words *w = reason_words(d->reason);
	char text[sizeof(m->header->message_id) + 64];

	strlcpy(seen->sender, m->envelope->sender, sizeof(seen->sender));
	snprintf(text, sizeof(text), "%s%s%s", m->header->message_id,
	    m->header->message_id[0] != '\0' ? ", " : "", m->id);
	strlcpy(seen->message, text, sizeof(seen->message));
	if (d->verdict == VERDICT_REFUSE || d->verdict == VERDICT_DEFER)
		snprintf(seen->decision, sizeof(seen->decision), "%s: %s",
		    d->verdict == VERDICT_REFUSE ? "refused" : "deferred",
		    w->text);
	else
		strlcpy(seen->decision, d->would_refuse ?
		    "accepted, for enforce = false" : "accepted",
		    sizeof(seen->decision));
	seen->when = time(NULL);
}

void
newcomer_note(struct newcomers *n, const struct policy *policy,
    const struct newcomer_message *m, const struct decision *d)
{
	struct seen seen = { 0 };
	char sender[4 * ADDR_MAX];

	if (d->source == NULL || d->source->kind == SOURCE_ANYONE)
		return;
	where_from(m->origin, d, seen.where);
	if (seen.where[0] == '\0')
		return;
	meet(n, d->source->account);
	if (n->last == d->source->account &&
	    strcmp(n->where, seen.where) == 0)
		return;
	describe(m, d, &seen);
	switch (seen_note(policy->state_dir, d->source->account->name,
	    &seen)) {
	case 1:
		log_info("message %s: new server address %s for account %s, "
		    "sender <%s>", m->id, seen.where, d->source->account->name,
		    log_safe(sender, sizeof(sender), seen.sender));
		break;
	case -1:
		log_warn("id=%s cannot note a new server address of account "
		    "\"%s\" in %s/seen", m->id, d->source->account->name,
		    policy->state_dir);
		return;
	}
	n->last = d->source->account;
	strlcpy(n->where, seen.where, sizeof(n->where));
}

void
newcomer_tell(const struct newcomers *n, const struct policy *policy,
    int stop_fd)
{
	size_t i;

	for (i = 0; i < n->n; i++)
		if (seen_untold(policy->state_dir, n->account[i]->name))
			notice_tell(policy, n->account[i], stop_fd);
}
