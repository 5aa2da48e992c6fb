/*
 * What the rules' files share: one recipient before its judge.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include "facts.h"
#include "policy.h"
#include "verdict.h"

struct judge {
	const struct policy	*policy;
	const struct facts	*facts;
	const struct trace	*trace;
	struct decision		*d;
	unsigned int		 needs;	/* facts to fetch first */
	bool			 later;	/* the header has a say */
};

/*
 * A rule says whether to go on.  Where not it has decided, or it needs facts.
 * In the order in which a colleague would ask:
 */

/* rules_recipient.c: which channel, which number */
bool	 judge_channel(struct judge *);
bool	 judge_number(struct judge *);
/* rules_sender.c: whose sender, may the account use the channel */
bool	 judge_probe(struct judge *);
bool	 judge_source(struct judge *);
bool	 judge_rewritten(struct judge *);
bool	 judge_grant(struct judge *);
/* rules_recipient.c: a keyword of that account, or a number it may reach */
bool	 judge_keyword(struct judge *);
bool	 judge_numbers(struct judge *);
/* rules_place.c: does it come from where it should, with what it should */
bool	 judge_verified(struct judge *);
bool	 judge_security(struct judge *);
bool	 judge_string(struct judge *);
/* rules_recipient.c: was the keyword right */
bool	 judge_guess(struct judge *);

/* judge.c: decide; returns false. */
bool	 judge_decide(struct judge *, enum verdict, enum reason);

#endif
