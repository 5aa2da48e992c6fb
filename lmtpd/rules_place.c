/*
 * The rules on where a message comes from and what it must bear: a verified
 * domain, the source's security, the security string.
 */
#include "judge.h"
#include "security.h"

/* Not a pass: monitor mode delivers all the same, and the log tells. */
static bool
insecure(struct judge *j, enum verdict verdict, enum reason reason)
{
	if (j->d->source->account->enforce)
		return judge_decide(j, verdict, reason);
	trace_step(j->trace, "would be refused (%s), but enforce = false",
	    reason_words(reason)->text);
	if (!j->d->would_refuse)
		j->d->reason = reason;
	j->d->would_refuse = true;
	return true;
}

/* A domain counts only once a TXT record has proved it. */
bool
judge_verified(struct judge *j)
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
		return judge_decide(j, VERDICT_DEFER, REASON_INTERNAL);
	return insecure(j, VERDICT_REFUSE, REASON_NOT_VERIFIED);
}

bool
judge_security(struct judge *j)
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
		j->d->provider = security_provider(&j->d->source->security,
		    j->facts);
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

static void
trace_string(struct judge *j)
{
	const struct factor *f = &j->facts->string;
	const char *form = f->decoded ? " with encoded words decoded" : "";

	if (f->holds == 1)
		trace_step(j->trace, "security string: alternative %u stands "
		    "in field %s, %zu bytes in%s", f->alternative, f->field,
		    f->at, form);
	else if (f->found == 0)
		trace_step(j->trace, "security string missing: no alternative "
		    "came near");
	else
		trace_step(j->trace, "security string missing: alternative %u "
		    "came nearest, %zu of its %zu characters, in field %s%s",
		    f->alternative, f->found, f->tokens, f->field, form);
}

/* The second factor, beside an allowed sender.  A keyword is one itself. */
bool
judge_string(struct judge *j)
{
	if (j->d->grant->alternatives == 0 || j->d->keyword)
		return true;
	if (!j->facts->header) {
		trace_step(j->trace, "security string: the header will tell");
		j->later = true;
		return true;
	}
	if (!(j->facts->fetched & FACT_STRING)) {
		j->needs = FACT_STRING;
		return false;
	}
	if (j->facts->string.holds == -1)
		return judge_decide(j, VERDICT_DEFER, REASON_INTERNAL);
	trace_string(j);
	if (j->facts->string.holds == 1)
		return true;
	return insecure(j, VERDICT_REFUSE, REASON_STRING);
}
