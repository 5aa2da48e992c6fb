/*
 * Does the security of a source hold?  Pure; a part of the rules.
 */
#ifndef SECURITY_H
#define SECURITY_H

#include "facts.h"
#include "policy.h"
#include "verdict.h"

/*
 * Any one word, or network, that holds is enough: VERDICT_ACCEPT.  Else
 * VERDICT_AFTER_DATA where the header can still tell, VERDICT_DEFER where
 * something could not tell, VERDICT_REFUSE.  *reason is why.  Returns the
 * facts that are asked for; where there are any, there is no verdict yet.
 */
unsigned int
	 security_judge(const struct security *, const struct facts *,
	    enum verdict *, enum reason *, const struct trace *);

/* "google" or "outlook" where that word is what held; else NULL. */
const char
	*security_provider(const struct security *, const struct facts *);

#endif
