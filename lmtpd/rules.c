/*
 * The rules: one predicate a condition, each in the file of its kind, asked
 * in one order.  Trusts the policy and nothing that the facts say about
 * themselves.
 */
#include <string.h>

#include "judge.h"
#include "rules.h"

/* Counted when it is delivered, by whoever runs the backend. */
static bool
tell_rate(struct judge *j)
{
	if (j->d->source->account->rate[0] != '\0')
		trace_step(j->trace, "rate %s: counted at delivery",
		    j->d->source->account->rate);
	return true;
}

static bool
check_header(struct judge *j)
{
	const struct facts *f = j->facts;

	if (!f->header)
		return true;
	if (f->hops > j->policy->max_hops)
		return judge_decide(j, VERDICT_REFUSE, REASON_LOOP);
	if (f->auto_replied && !j->d->channel->auto_replies)
		return judge_decide(j, VERDICT_REFUSE, REASON_AUTO_REPLY);
	return true;
}

/* Each says whether to go on; where not, it has decided. */
static bool (*const checks[])(struct judge *) = {
	judge_channel,
	judge_number,
	judge_probe,
	judge_source,
	judge_rewritten,
	judge_grant,
	judge_keyword,
	judge_numbers,
	judge_verified,
	judge_security,
	judge_string,
	check_header,
	judge_guess,
	tell_rate,
};

static bool (*const sender_checks[])(struct judge *) = {
	judge_source,
	judge_rewritten,
};

static unsigned int
judge_by(bool (*const *list)(struct judge *), size_t n, struct judge *j)
{
	size_t i;

	memset(j->d, 0, sizeof(*j->d));
	for (i = 0; i < n; i++)
		if (!list[i](j))
			return j->needs;
	if (j->later)
		judge_decide(j, VERDICT_AFTER_DATA, REASON_OK);
	else
		judge_decide(j, VERDICT_ACCEPT,
		    j->d->would_refuse ? j->d->reason : REASON_OK);
	return 0;
}

unsigned int
rules_judge(const struct policy *policy, const struct facts *facts,
    struct decision *d, const struct trace *trace)
{
	struct judge j = { policy, facts, trace, d, 0, false };

	return judge_by(checks, sizeof(checks) / sizeof(checks[0]), &j);
}

unsigned int
rules_judge_sender(const struct policy *policy, const struct facts *facts,
    struct decision *d, const struct trace *trace)
{
	struct judge j = { policy, facts, trace, d, 0, false };

	return judge_by(sender_checks,
	    sizeof(sender_checks) / sizeof(sender_checks[0]), &j);
}
