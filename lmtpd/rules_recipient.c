/*
 * The rules on the recipient: which channel takes it, and which number, name
 * or keyword it is.  Before DATA nothing tells a keyword from what is none.
 */
#include <string.h>

#include "judge.h"
#include "keyword.h"

bool
judge_channel(struct judge *j)
{
	const char *rcpt = j->facts->recipient;
	size_t i;

	/* a reply that hides some and not others would tell which */
	j->d->hide_reply = j->policy->keywords;
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
	return judge_decide(j, VERDICT_REFUSE, REASON_NO_CHANNEL);
}

bool
judge_number(struct judge *j)
{
	const struct channel *ch = j->d->channel;
	const char *rcpt = j->facts->recipient;

	if (!ch->number)
		return true;
	if (addr_number(rcpt, addr_local_len(rcpt), ch->country_code,
	    ch->trunk_prefix, j->d->number) != NUMBER_BAD) {
		trace_step(j->trace, "number %s", j->d->number);
		j->d->hide_reply = false;
		return true;
	}
	j->d->number[0] = '\0';
	if (!ch->keywords) {
		trace_step(j->trace, "the local part is no number");
		return judge_decide(j, VERDICT_REFUSE, REASON_BAD_NUMBER);
	}
	trace_step(j->trace, "the local part is no number: it may be a "
	    "keyword");
	j->d->keyword = true;
	return true;
}

/*
 * Only an account with a keyword of its own is asked for one.  As a name, that
 * of any of its channels is one: no backend shall have it.
 */
bool
judge_keyword(struct judge *j)
{
	const struct grant *g = j->d->grant;

	if (!j->d->channel->number) {
		j->d->keyword = keyword_of_account(j->d->source->account,
		    j->facts->recipient);
		return true;
	}
	if (!j->d->keyword || keyword_any(g))
		return true;
	trace_step(j->trace, "account \"%s\" has no keyword for this channel",
	    j->d->source->account->name);
	return judge_decide(j, VERDICT_REFUSE, REASON_BAD_NUMBER);
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

bool
judge_numbers(struct judge *j)
{
	if (!j->d->channel->number || j->d->keyword ||
	    number_allowed(j->d->grant, j->d->number))
		return true;
	trace_step(j->trace, "account \"%s\" may not reach %s (numbers)",
	    j->d->source->account->name, j->d->number);
	return judge_decide(j, VERDICT_REFUSE, REASON_NUMBER_NOT_ALLOWED);
}

/*
 * Right or wrong is told behind DATA only, and only to a sender of ours.  Where
 * enforce = false lets a stranger come so far, both are taken alike.
 */
bool
judge_guess(struct judge *j)
{
	if (!j->d->keyword)
		return true;
	if (!j->facts->header) {
		j->later = true;
		return true;
	}
	if (j->d->would_refuse) {
		trace_step(j->trace, "right or wrong, a keyword is not told "
		    "apart for this sender");
		return judge_decide(j, VERDICT_ACCEPT, j->d->reason);
	}
	if (keyword_of_grant(j->d->grant, j->facts->recipient)) {
		trace_step(j->trace, "a keyword of the account");
		return judge_decide(j, VERDICT_ACCEPT, REASON_KEYWORD);
	}
	trace_step(j->trace, "no keyword of the account");
	return judge_decide(j, VERDICT_REFUSE, REASON_WRONG_KEYWORD);
}
