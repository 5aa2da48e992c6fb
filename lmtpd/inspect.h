/*
 * What the rules and a delivery want to know of a message's header.
 */
#ifndef INSPECT_H
#define INSPECT_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "header.h"
#include "msg.h"
#include "policy.h"
#include "received.h"

#define INSPECT_VALUE_MAX	256

struct header_facts {
	bool		 known;
	unsigned int	 hops;		/* Received fields */
	bool		 auto_replied;
	bool		 named;		/* has a Received or a Message-ID */
	bool		 dkim;		/* a pass for exactly the sender's */
	bool		 dmarc;		/* domain, said by authserv-id */
	struct received	 origin;	/* behind the trusted relays */
	uint64_t	 body;		/* offset of the body */
	char		 from[INSPECT_VALUE_MAX]; /* From's value, cut, without any
					 * account's keyword; hostile */
	char		 message_id[INSPECT_VALUE_MAX];	/* likewise */
	char		 original[ADDR_MAX];	/* X-Original-To; "" */
	char		 digest[65];	/* SHA-256 of the block, hex, as a
					 * backend gets it */
	struct header	*block;		/* the header itself, where known */
};

/*
 * Read them from a sealed message; inspect_clear() frees what they hold.
 * trusted: the peer's Received and Authentication-Results fields count;
 * identity is the sender's (identity.h).
 * 0; 1: the header is over its bounds; -1: a failure of ours.
 */
int	 inspect_header(const struct policy *, const struct msg *,
	    bool trusted, const char *identity, struct header_facts *);

/* Nothing is known any more. */
void	 inspect_clear(struct header_facts *);

#endif
