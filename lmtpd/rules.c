/*
 * The rules, one predicate a condition, in the order in which a colleague
 * would ask: which channel, which number, whose sender, may the account use
 * the channel, does it come from where it should, is the header fine.
 * Trusts the policy and nothing that the facts say about themselves.
 */
#include <sys/socket.h>

#include <string.h>

#include "rules.h"
#include "security.h"

struct judge {
	const struct policy	*policy;
	const struct facts	*facts;
	const struct trace	*trace;
	struct decision		*d;
	unsigned int		 needs;	/* facts to fetch first */
	bool			 later;	/* the header has a say */
};

static bool
decide(struct judge *j, enum verdict verdict, enum reason reason)
{
	j->d->verdict = verdict;
	j->d->reason = reason;
	if (verdict != VERDICT_ACCEPT)
		j->d->would_refuse = false;
	trace_step(j->trace, "%s: %s", verdict == VERDICT_ACCEPT ? "accept" :
	    verdict == VERDICT_REFUSE ? "refuse" :
	    verdict == VERDICT_DEFER ? "defer" : "after DATA",
	    reason_words(reason)->text);
	return false;
}

static bool
check_channel(struct judge *j)
{
	const char *rcpt = j->facts->recipient;
	size_t i;

	for (i = 0; i < j->policy->channels; i++) {
		const struct channel *ch = &j->policy->channel[i];

		if (!like_match(ch->recipient, rcpt, strlen(rcpt)))
			continue;
		trace_step(j->trace, "channel \"%s\" takes <%s> (%s:%d)",
		    ch->name, rcpt, ch->where.file, ch->where.line);
		j->d->channel = ch;
		return true;
	}
	trace_step(j->trace, "no channel's recipient pattern takes <%s>", rcpt);
	return decide(j, VERDICT_REFUSE, REASON_NO_CHANNEL);
}

static bool
check_number(struct judge *j)
{
	const struct channel *ch = j->d->channel;
	const char *rcpt = j->facts->recipient;

	if (!ch->number)
		return true;
	if (addr_number(rcpt, addr_local_len(rcpt), ch->country_code,
	    ch->trunk_prefix, j->d->number) == NUMBER_BAD) {
		j->d->number[0] = '\0';
		trace_step(j->trace, "the local part is no number");
		return decide(j, VERDICT_REFUSE, REASON_BAD_NUMBER);
	}
	trace_step(j->trace, "number %s", j->d->number);
	return true;
}

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
static bool
check_probe(struct judge *j)
{
	if (j->facts->header || !is_probe(j->policy, j->facts->sender))
		return true;
	trace_step(j->trace, "<%s> may be an address probe", j->facts->sender);
	return decide(j, VERDICT_AFTER_DATA, REASON_OK);
}

/* Whether a source names this sender: 1 yes, 0 no, -1 could not tell. */
static int
source_matches(const struct source *s, const struct facts *f)
{
	bool null = *f->identity == '\0';

	switch (s->kind) {
	case SOURCE_EMAIL:
		return !null && addr_equal(s->name, f->identity);
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

const char *
rules_source_kind(enum source_kind kind)
{
	static const char *const name[] = {
		[SOURCE_EMAIL] = "email",
		[SOURCE_DOMAIN] = "domain",
		[SOURCE_IP] = "ip",
		[SOURCE_ANYONE] = "anyone"
	};

	return name[kind];
}

static bool
check_source(struct judge *j)
{
	const struct facts *f = j->facts;
	const struct source *best = NULL;
	bool ip_doubt = false;
	size_t i;

	for (i = 0; i < j->policy->accounts; i++)
		account_sources(&j->policy->account[i], f, &best, &ip_doubt);
	if (ip_doubt && f->later && (best == NULL || best->kind > SOURCE_IP)) {
		trace_step(j->trace, "an ip source might match: the header "
		    "will tell");
		return decide(j, VERDICT_AFTER_DATA, REASON_OK);
	}
	if (ip_doubt && (best == NULL || best->kind > SOURCE_IP)) {
		trace_step(j->trace, "an ip source might match, but the "
		    "client address is not known");
		return decide(j, VERDICT_DEFER, REASON_CLIENT_UNKNOWN);
	}
	if (best == NULL) {
		trace_step(j->trace, "no account names <%s>", f->identity);
		return decide(j, VERDICT_REFUSE, *f->identity == '\0' ?
		    REASON_NULL_SENDER : REASON_NOT_REGISTERED);
	}
	j->d->source = best;
	trace_step(j->trace, "account \"%s\", %s \"%s\" (%s:%d)",
	    best->account->name, rules_source_kind(best->kind), best->name,
	    best->where.file, best->where.line);
	return true;
}

/* A tenant's own forwarding would give strangers its domain. */
static bool
check_rewritten(struct judge *j)
{
	const struct source *s = j->d->source;

	if (s->kind > SOURCE_DOMAIN || s->forwarded ||
	    !addr_is_rewritten(j->facts->identity))
		return true;
	trace_step(j->trace, "<%s> was rewritten by a forwarder and the "
	    "source has no forwarded = true", j->facts->identity);
	return decide(j, VERDICT_REFUSE, REASON_REWRITTEN);
}

static bool
check_grant(struct judge *j)
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
	return decide(j, VERDICT_REFUSE, REASON_CHANNEL_OFF);
}

/* A short code is reached only by a pattern that names it: begins with a
 * digit. */
static bool
number_allowed(const struct grant *g, const char *number)
{
	bool code = *number != '+';
	size_t i;

	if (g->numbers.n == 0)
		return !code;
	for (i = 0; i < g->numbers.n; i++) {
		const char *pattern = g->numbers.v[i];

		if (code && (*pattern < '0' || *pattern > '9'))
			continue;
		if (like_match(g->number[i], number, strlen(number)))
			return true;
	}
	return false;
}

static bool
check_numbers(struct judge *j)
{
	if (!j->d->channel->number ||
	    number_allowed(j->d->grant, j->d->number))
		return true;
	trace_step(j->trace, "account \"%s\" may not reach %s (numbers)",
	    j->d->source->account->name, j->d->number);
	return decide(j, VERDICT_REFUSE, REASON_NUMBER_NOT_ALLOWED);
}

/* Not a pass: monitor mode delivers all the same, and the log tells. */
static bool
insecure(struct judge *j, enum verdict verdict, enum reason reason)
{
	if (j->d->source->account->enforce)
		return decide(j, verdict, reason);
	trace_step(j->trace, "would be refused (%s), but enforce = false",
	    reason_words(reason)->text);
	if (!j->d->would_refuse)
		j->d->reason = reason;
	j->d->would_refuse = true;
	return true;
}

static bool
check_security(struct judge *j)
{
	enum verdict verdict;
	enum reason reason;

	if (j->d->source->kind == SOURCE_IP)
		return true;	/* the server is the security */
	j->needs = security_judge(&j->d->source->security, j->facts, &verdict,
	    &reason, j->trace);
	if (j->needs != 0)
		return false;
	if (verdict == VERDICT_ACCEPT) {
		trace_step(j->trace, "security holds");
		return true;
	}
	if (verdict == VERDICT_AFTER_DATA) {
		trace_step(j->trace, "the header will tell");
		j->later = true;
		return true;
	}
	return insecure(j, verdict, reason);
}

/* A domain counts only once a TXT record has proved it. */
static bool
check_verified(struct judge *j)
{
	if (!j->d->source->verify)
		return true;
	if (!(j->facts->fetched & FACT_VERIFIED)) {
		j->needs = FACT_VERIFIED;
		return false;
	}
	trace_step(j->trace, "domain \"%s\" is %s", j->d->source->name,
	    j->facts->verified == 1 ? "verified" : j->facts->verified == 0 ?
	    "not verified" : "perhaps verified: the state cannot be read");
	if (j->facts->verified == 1)
		return true;
	if (j->facts->verified == -1)
		return decide(j, VERDICT_DEFER, REASON_INTERNAL);
	return insecure(j, VERDICT_REFUSE, REASON_NOT_VERIFIED);
}

/* What the configuration asks for and this version cannot do: never a pass. */
static bool
check_built(struct judge *j)
{
	if (j->d->source->account->rate[0] != '\0') {
		trace_step(j->trace, "rate is not available yet");
		return decide(j, VERDICT_DEFER, REASON_NOT_BUILT);
	}
	if (j->d->grant->security_string[0] != '\0') {
		trace_step(j->trace, "security-string is not available yet");
		return insecure(j, VERDICT_DEFER, REASON_NOT_BUILT);
	}
	return true;
}

static bool
check_header(struct judge *j)
{
	const struct facts *f = j->facts;

	if (!f->header)
		return true;
	if (f->hops > j->policy->max_hops)
		return decide(j, VERDICT_REFUSE, REASON_LOOP);
	if (f->auto_replied && !j->d->channel->auto_replies)
		return decide(j, VERDICT_REFUSE, REASON_AUTO_REPLY);
	return true;
}

/* Each says whether to go on; where not, it has decided. */
static bool (*const checks[])(struct judge *) = {
	check_channel,
	check_number,
	check_probe,
	check_source,
	check_rewritten,
	check_grant,
	check_numbers,
	check_verified,
	check_security,
	check_built,
	check_header,
};

unsigned int
rules_judge(const struct policy *policy, const struct facts *facts,
    struct decision *d, const struct trace *trace)
{
	struct judge j = { policy, facts, trace, d, 0, false };
	size_t i;

	memset(d, 0, sizeof(*d));
	for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (!checks[i](&j))
			return j.needs;
	if (j.later)
		decide(&j, VERDICT_AFTER_DATA, REASON_OK);
	else
		decide(&j, VERDICT_ACCEPT,
		    d->would_refuse ? d->reason : REASON_OK);
	return 0;
}
