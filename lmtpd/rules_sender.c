/*
 * The rules on the sender: which source of which account names it, and may
 * that account use the channel.
 */
#include <sys/socket.h>

#include <string.h>

#include "judge.h"
#include "source_kind.h"

static bool
is_probe(const struct policy *policy, const char *sender)
{
	size_t i;

	if (*sender == '\0')
		return true;
	for (i = 0; i < policy->probe_senders.n; i++)
		if (like_match(policy->probe[i], sender, strlen(sender)))
			return true;
	return false;
}

/* An address verification must learn of the recipient, never of its sender. */
bool
judge_probe(struct judge *j)
{
	if (j->facts->header || !is_probe(j->policy, j->facts->sender))
		return true;
	trace_step(j->trace, "<%s> may be an address probe", j->facts->sender);
	return judge_decide(j, VERDICT_AFTER_DATA, REASON_OK);
}

/* Whether a source names this sender: 1 yes, 0 no, -1 could not tell. */
static int
source_matches(const struct source *s, const struct facts *f)
{
	bool null = *f->identity == '\0';

	switch (s->kind) {
	case SOURCE_EMAIL:
		return !null && addr_equal(s->name, f->identity);
	case SOURCE_USERS:
		return f->in_table == 1 && f->table == s;
	case SOURCE_DOMAIN:
		return !null && addr_equal(s->name, addr_domain(f->identity));
	case SOURCE_IP:
		if (null || f->local)
			return 0;
		if (f->client.family == AF_UNSPEC)
			return -1;
		return ip_equal(&s->ip, &f->client);
	case SOURCE_ANYONE:
		return !null || s->null_sender;
	}
	return 0;
}

/* The best source so far; *ip_doubt: one needs the client's address. */
static void
account_sources(const struct account *a, const struct facts *f,
    const struct source **best, bool *ip_doubt)
{
	size_t i;

	for (i = 0; i < a->sources; i++) {
		const struct source *s = &a->source[i];
		int match;

		if (*best != NULL && (*best)->kind <= s->kind)
			continue;
		match = source_matches(s, f);
		if (match == 1)
			*best = s;
		else if (match == -1)
			*ip_doubt = true;
	}
}

static bool
has_tables(const struct policy *p)
{
	size_t i, k;

	for (i = 0; i < p->accounts; i++)
		for (k = 0; k < p->account[i].sources; k++)
			if (p->account[i].source[k].kind == SOURCE_USERS)
				return true;
	return false;
}

/* Whether the best source may be one of a table: asks for it, or for doubt. */
static bool
check_tables(struct judge *j, const struct source *best)
{
	const struct facts *f = j->facts;

	if (*f->identity == '\0' || !has_tables(j->policy) ||
	    (best != NULL && best->kind < SOURCE_USERS))
		return true;
	if (!(f->fetched & FACT_USERS)) {
		j->needs = FACT_USERS;
		return false;
	}
	if (f->in_table != -1)
		return true;
	trace_step(j->trace, "<%s> may be in users \"%s\" (%s:%d), which "
	    "cannot be read: lmtpctl check tells why", f->identity,
	    f->table->name, f->table->where.file, f->table->where.line);
	return judge_decide(j, VERDICT_DEFER, REASON_INTERNAL);
}

bool
judge_source(struct judge *j)
{
	const struct facts *f = j->facts;
	const struct source *best = NULL;
	bool ip_doubt = false;
	size_t i;

	for (i = 0; i < j->policy->accounts; i++)
		account_sources(&j->policy->account[i], f, &best, &ip_doubt);
	if (!check_tables(j, best))
		return false;
	if (ip_doubt && f->later && (best == NULL || best->kind > SOURCE_IP)) {
		trace_step(j->trace, "an ip source might match: the header "
		    "will tell");
		return judge_decide(j, VERDICT_AFTER_DATA, REASON_OK);
	}
	if (ip_doubt && (best == NULL || best->kind > SOURCE_IP)) {
		trace_step(j->trace, "an ip source might match, but the "
		    "client address is not known");
		return judge_decide(j, VERDICT_DEFER, REASON_CLIENT_UNKNOWN);
	}
	if (best == NULL) {
		trace_step(j->trace, "no account names <%s>", f->identity);
		return judge_decide(j, VERDICT_REFUSE, *f->identity == '\0' ?
		    REASON_NULL_SENDER : REASON_NOT_REGISTERED);
	}
	j->d->source = best;
	j->d->user = best->kind == SOURCE_USERS ? f->table_user : best->user;
	trace_step(j->trace, "account \"%s\", %s \"%s\" (%s:%d)",
	    best->account->name, source_kind_name(best->kind), best->name,
	    best->where.file, best->where.line);
	return true;
}

/* A tenant's own forwarding would give strangers its domain. */
bool
judge_rewritten(struct judge *j)
{
	const struct source *s = j->d->source;

	if (s->kind > SOURCE_DOMAIN || s->forwarded ||
	    !addr_is_rewritten(j->facts->identity))
		return true;
	trace_step(j->trace, "<%s> was rewritten by a forwarder and the "
	    "source has no forwarded = true", j->facts->identity);
	return judge_decide(j, VERDICT_REFUSE, REASON_REWRITTEN);
}

bool
judge_grant(struct judge *j)
{
	const struct account *a = j->d->source->account;
	size_t i;

	for (i = 0; i < a->grants; i++)
		if (a->grant[i].channel == j->d->channel) {
			j->d->grant = &a->grant[i];
			return true;
		}
	trace_step(j->trace, "account \"%s\" has no channel \"%s\"", a->name,
	    j->d->channel->name);
	return judge_decide(j, VERDICT_REFUSE, REASON_CHANNEL_OFF);
}
