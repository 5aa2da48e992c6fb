/*
 * A recipient before its judge: how a rule decides.
 */
#include "judge.h"

bool
judge_decide(struct judge *j, enum verdict verdict, enum reason reason)
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
