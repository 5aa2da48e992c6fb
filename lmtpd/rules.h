/*
 * The rules: may this sender use this channel from this place?  Pure: facts
 * in, decision and trace out.  Who fetches the facts is authorise.c's affair.
 */
#ifndef RULES_H
#define RULES_H

#include <stdbool.h>

#include "addr.h"
#include "policy.h"
#include "verdict.h"

struct facts {
	const char	*sender;	/* envelope sender; "" is the null one */
	const char	*identity;	/* it without BATV, domain as A-label */
	const char	*recipient;
	struct ip_addr	 client;	/* AF_UNSPEC: not known */
	bool		 local;		/* submitted on the MTA's own machine */
	/* Of the header; valid where header is true, which is after DATA. */
	bool		 header;
	unsigned int	 hops;		/* Received fields */
	bool		 auto_replied;	/* Auto-Submitted: auto-replied */
};

/*
 * Judge one recipient.  Without the header, VERDICT_ACCEPT means that nothing
 * known so far is against it, and VERDICT_AFTER_DATA that the sender is an
 * MTA's address probe, whose right is judged when a message really comes.
 */
void	 rules_judge(const struct policy *, const struct facts *,
	    struct decision *, const struct trace *);

#endif
