/*
 * Facts for the rules, fetched when asked for: from the DNS by way of
 * lmtpd-resolver, of whose answers no more than the verdict is believed, and
 * from the state directory.
 */
#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>

#include "authorise.h"
#include "domains.h"
#include "identity.h"
#include "rules.h"

static struct spf_question
question(const struct evidence *ev, enum spf_op op, const char *domain)
{
	struct spf_question q = {
		.op = op,
		.timeout = ev->policy->dns_timeout,
		.client = ev->origin->client
	};
	char identity[ADDR_MAX];

	identity_of(ev->sender, identity);
	strlcpy(q.helo, ev->origin->helo, sizeof(q.helo));
	strlcpy(q.sender, identity, sizeof(q.sender));
	strlcpy(q.domain, domain, sizeof(q.domain));
	return q;
}

static enum spf_result
ask(const struct evidence *ev, enum spf_op op, const char *domain)
{
	struct spf_question q = question(ev, op, domain);
	struct spf_answer answer;

	resolver_ask(ev->resolver, &q, &answer);
	return answer.result;
}

bool
authorise_spf_known(const struct evidence *ev, struct spf_answer *answer)
{
	struct spf_question q = question(ev, SPF_CHECK, "");

	return ev->origin->client.family != AF_UNSPEC &&
	    resolver_remembers(ev->resolver, &q, answer);
}

struct factor_known {
	bool		 yes;
	struct factor	 factor;
};

void
authorise_forget(struct factor_memo *memo)
{
	free(memo->known);
	memset(memo, 0, sizeof(*memo));
}

/* Where a grant's is remembered; NULL: nowhere. */
static struct factor_known *
recall(struct factor_memo *memo, const struct account *a,
    const struct grant *grant)
{
	if (memo == NULL)
		return NULL;
	if (memo->account != a) {
		authorise_forget(memo);
		memo->known = calloc(a->grants, sizeof(*memo->known));
		memo->account = a;
	}
	return memo->known == NULL ? NULL : &memo->known[grant - a->grant];
}

/* A thousand recipients, and the header is searched once for each channel. */
static void
search(const struct evidence *ev, const struct decision *d, bool locate,
    struct factor *factor)
{
	struct factor_known *known = recall(ev->memo, d->source->account,
	    d->grant);

	if (known != NULL && known->yes) {
		*factor = known->factor;
		return;
	}
	factor_search(d->grant, ev->header->block, locate, factor);
	if (known != NULL)
		*known = (struct factor_known){ true, *factor };
}

static void
look_up(const struct evidence *ev, struct facts *facts)
{
	users_find(ev->users, ev->policy, facts->identity);
	facts->in_table = ev->users->found;
	facts->table = ev->users->source;
	facts->table_user = ev->users->user;
}

static void
fetch(const struct evidence *ev, unsigned int needs,
    const struct decision *d, bool locate, struct facts *facts)
{
	if (needs & FACT_SPF)
		facts->spf = ask(ev, SPF_CHECK, "");
	if (needs & FACT_GOOGLE)
		facts->google = ask(ev, SPF_RECORD, ev->policy->google_spf);
	if (needs & FACT_OUTLOOK)
		facts->outlook = ask(ev, SPF_RECORD, ev->policy->outlook_spf);
	if (needs & FACT_VERIFIED)
		facts->verified = domains_verified(ev->policy->state_dir,
		    d->source->name);
	if (needs & FACT_STRING)
		search(ev, d, locate, &facts->string);
	if (needs & FACT_USERS)
		look_up(ev, facts);
	facts->fetched |= needs;
}

static void
add_header(const struct header_facts *header, struct facts *facts)
{
	if (!header->known)
		return;
	facts->header = true;
	facts->hops = header->hops;
	facts->auto_replied = header->auto_replied;
	facts->dkim = header->dkim;
	facts->dmarc = header->dmarc;
}

/* Judge, fetch what is asked for, and judge again; then tell. */
static void
judge(const struct evidence *ev, const char *recipient,
    unsigned int (*rules)(const struct policy *, const struct facts *,
    struct decision *, const struct trace *), struct decision *d,
    const struct trace *trace)
{
	char identity[ADDR_MAX];
	struct facts facts = {
		.sender = ev->sender,
		.identity = identity,
		.recipient = recipient,
		.client = ev->origin->client,
		.local = ev->origin->local,
		.later = ev->origin->later
	};
	unsigned int needs;

	if (identity_of(ev->sender, identity) == -1) {
		memset(d, 0, sizeof(*d));
		d->verdict = VERDICT_DEFER;
		d->reason = REASON_INTERNAL;
		trace_step(trace, "the sender's domain cannot be mapped: is "
		    "libidn2 there?");
		return;
	}
	add_header(ev->header, &facts);
	while ((needs = rules(ev->policy, &facts, d, NULL)) != 0)
		fetch(ev, needs, d, trace != NULL, &facts);
	if (trace != NULL)
		rules(ev->policy, &facts, d, trace);
}

void
authorise(const struct evidence *ev, const char *recipient,
    struct decision *d, const struct trace *trace)
{
	judge(ev, recipient, rules_judge, d, trace);
}

void
authorise_sender(const struct evidence *ev, struct decision *d,
    const struct trace *trace)
{
	judge(ev, "", rules_judge_sender, d, trace);
}

static bool
known_address(const struct evidence *ev, const struct decision *d)
{
	const struct security *s;
	size_t i;

	if (ev->origin->local)
		return true;
	if (d->source == NULL)
		return false;
	if (d->source->kind == SOURCE_IP)
		return true;	/* it has matched */
	s = &d->source->security;
	for (i = 0; i < s->nets; i++)
		if (ip_in_net(&ev->origin->client, &s->net[i]))
			return true;
	return false;
}

int
authorise_proven(const struct evidence *ev, const struct decision *d)
{
	enum spf_result result;

	if (*ev->sender == '\0' || known_address(ev, d))
		return 1;
	if (ev->header->known && (ev->header->dkim || ev->header->dmarc))
		return 1;
	if (ev->origin->client.family == AF_UNSPEC)
		return 0;
	result = ask(ev, SPF_CHECK, "");
	return result == SPF_PASS ? 1 : result == SPF_TEMPERROR ? -1 : 0;
}

void
authorise_spare(const struct evidence *ev, struct decision *d)
{
	if (!ev->policy->refusals_proven || d->verdict != VERDICT_REFUSE ||
	    !reason_is_of_sender(d->reason))
		return;
	switch (authorise_proven(ev, d)) {
	case 0:
		d->verdict = VERDICT_AFTER_DATA;
		break;
	case -1:
		d->verdict = VERDICT_DEFER;
		d->reason = REASON_DNS;
		break;
	}
}
