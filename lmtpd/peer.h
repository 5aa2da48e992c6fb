/*
 * Who is at the other end of the client's socket, and whether what it says
 * about others counts.
 */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>

#include "addr.h"
#include "policy.h"
#include "xforward.h"

struct peer {
	bool		 trusted;	/* its XFORWARD counts */
	struct ip_addr	 addr;		/* of a TCP peer; else AF_UNSPEC */
	/* Of its client, for the whole connection: XCLIENT's, or where given
	 * is true the command line's, which nothing overrides. */
	bool		 given;
	struct lmtp_xforward client;
};

/*
 * A unix socket's peer is trusted by its user (a name or a number in
 * trusted-peers), a TCP one by its address.  What is no socket (the FIFOs
 * and pipes of a caller that executes us) is trusted.  Leaves given and client
 * as they are.
 */
void	 peer_identify(int fd, const struct strings *trusted, struct peer *);

#endif
