/*
 * The rules: one predicate a condition, each in the file of its kind, asked
 * in one order.  Trusts the policy and nothing that the facts say about
 * themselves.
 */
#include <string.h>

#include "judge.h"
#include "rules.h"

/* What the configuration asks for and this version cannot do: never a pass. */
static bool
check_built(struct judge *j)
{
	if (j->d->source->account->rate[0] != '\0') {
		trace_step(j->trace, "rate is not available yet");
		return judge_decide(j, VERDICT_DEFER, REASON_NOT_BUILT);
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
	check_built,
	judge_string,
	check_header,
	judge_guess,
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
		judge_decide(&j, VERDICT_AFTER_DATA, REASON_OK);
	else
		judge_decide(&j, VERDICT_ACCEPT,
		    d->would_refuse ? d->reason : REASON_OK);
	return 0;
}
