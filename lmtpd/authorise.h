/*
 * Authorisation of one recipient: fetches the facts that the rules ask for,
 * then lets them decide.  Writes no state, so that a dry run is the same code.
 */
#ifndef AUTHORISE_H
#define AUTHORISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "envelope.h"
#include "msg.h"
#include "peer.h"
#include "policy.h"
#include "verdict.h"

/* Where a message comes from, as far as the peer may be believed. */
struct origin {
	struct ip_addr	 client;	/* AF_UNSPEC: not known */
	bool		 local;		/* submitted on the MTA's own machine */
	const char	*helo;		/* "" where not known, as the next two */
	const char	*name;
	const char	*queue_id;
};

/* The origin's strings live as long as the envelope. */
void	 authorise_origin(const struct policy *, const struct peer *,
	    const struct envelope *, struct origin *);

/* What the rules and the delivery want to know of a message's header. */
struct header_facts {
	bool		 known;
	unsigned int	 hops;		/* Received fields */
	bool		 auto_replied;
	bool		 named;		/* has a Received or a Message-ID */
	uint64_t	 body;		/* offset of the body */
	char		 from[256];	/* From's value, made safe */
	char		 original[ADDR_MAX];	/* X-Original-To; "" */
	char		 digest[65];	/* SHA-256 of the block, hex */
};

/* Read them from a sealed message.  0; 1: the header is over its bounds; -1:
 * a failure of ours. */
int	 authorise_read_header(const struct msg *, struct header_facts *);

/*
 * Judge a recipient.  header is NULL, or not known, before DATA.
 */
void	 authorise(const struct policy *, const struct origin *,
	    const struct header_facts *, const char *sender,
	    const char *recipient, struct decision *, const struct trace *);

#endif
