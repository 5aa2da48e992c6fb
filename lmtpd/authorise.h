/*
 * Authorisation of one recipient: fetches the facts that the rules ask for,
 * then lets them decide.  Writes no state, so that a dry run is the same code.
 */
#ifndef AUTHORISE_H
#define AUTHORISE_H

#include "factor.h"
#include "inspect.h"
#include "origin.h"
#include "policy.h"
#include "resolver.h"
#include "users.h"
#include "verdict.h"

/* What was found of an account's security strings in one message, for the next
 * of its recipients; empty at first, freed by authorise_forget(). */
struct factor_memo {
	const struct account	*account;
	struct factor_known	*known;		/* one for each grant */
};

/* What is known of one message. */
struct evidence {
	const struct policy		*policy;
	struct resolver			*resolver;	/* remembers answers */
	const struct origin		*origin;
	const struct header_facts	*header;	/* not known before DATA */
	const char			*sender;
	struct factor_memo		*memo;		/* or NULL */
	struct users			*users;		/* remembers, too */
};

void	 authorise(const struct evidence *, const char *recipient,
	    struct decision *, const struct trace *);

/* Only which source names the sender, as authorise() would find it. */
void	 authorise_sender(const struct evidence *, struct decision *,
	    const struct trace *);

/* SPF's answer for the sender where a rule has asked already. */
bool	 authorise_spf_known(const struct evidence *, struct spf_answer *);

/*
 * May a refusal be told truly, or would it bounce to whom a forger named?  1:
 * the sender is proven, by SPF, DKIM, DMARC or an address that its source
 * names, or nobody is told (the null sender); 0: not, so far; -1: the DNS did
 * not tell.
 */
int	 authorise_proven(const struct evidence *, const struct decision *);

/*
 * refusals = "proven": a refusal that might bounce to a forged sender becomes
 * VERDICT_AFTER_DATA (the reason stays), or VERDICT_DEFER where the DNS did not
 * tell.
 */
void	 authorise_spare(const struct evidence *, struct decision *);

void	 authorise_forget(struct factor_memo *);

#endif
