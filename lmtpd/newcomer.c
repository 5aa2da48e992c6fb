/*
 * Server addresses that are new to an account.  What mail says is hostile: it
 * is kept as text, without control characters.
 */
#include <sys/socket.h>

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "newcomer.h"
#include "notice.h"

#define TELL_ROUNDS	3

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
	seen->authorised = d->verdict == VERDICT_ACCEPT;
	if (d->would_refuse)
		snprintf(seen->decision, sizeof(seen->decision),
		    SEEN_AUTHORISED ", for enforce = false: %s", w->text);
	else if (seen->authorised)
		strlcpy(seen->decision, SEEN_AUTHORISED,
		    sizeof(seen->decision));
	else
		snprintf(seen->decision, sizeof(seen->decision), "%s: %s",
		    d->verdict == VERDICT_REFUSE ? "refused" :
		    d->verdict == VERDICT_DEFER ? "deferred" : "discarded",
		    w->text);
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
	case 2:
		log_warnx("message %s: account \"%s\" has come from so many "
		    "servers that %s is not noted: lmtpctl seen --forget %s",
		    m->id, d->source->account->name, seen.where,
		    d->source->account->name);
		break;
	case -1:
		log_warn("message %s: cannot note a new server address of account "
		    "\"%s\" in %s/seen", m->id, d->source->account->name,
		    policy->state_dir);
		return;
	}
	n->last = d->source->account;
	strlcpy(n->where, seen.where, sizeof(n->where));
}

/* Of this connection's accounts: others' have a teller, or wait for one. */
static bool
is_untold(const struct newcomers *n, const struct policy *policy)
{
	size_t i;

	for (i = 0; i < n->n; i++)
		if (n->account[i]->admin.n > 0 &&
		    seen_untold(policy->state_dir, n->account[i]->name))
			return true;
	return false;
}

/* Every account's: whoever found us at it has gone.  What could not be told. */
static int
tell_all(const struct policy *policy, int stop_fd)
{
	int left = 0;
	size_t i;

	for (i = 0; i < policy->accounts; i++)
		if (seen_untold(policy->state_dir, policy->account[i].name) &&
		    notice_tell(policy, &policy->account[i], stop_fd) != 0)
			left = 1;
	return left;
}

/* One handler tells, however slow the mailer: the others make room. */
void
newcomer_tell(const struct newcomers *n, const struct policy *policy,
    int stop_fd)
{
	int i, fd, left = 0;

	for (i = 0; i < TELL_ROUNDS && left == 0 && is_untold(n, policy);
	    i++) {
		if ((fd = seen_lock_all(policy->state_dir)) == -1)
			return;
		left = tell_all(policy, stop_fd);
		close(fd);
	}
}
