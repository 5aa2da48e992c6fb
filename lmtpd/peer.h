/*
 * Who is at the other end of the client's socket, and whether what it says
 * about others counts.
 */
#ifndef PEER_H
#define PEER_H

#include <sys/types.h>

#include <stdbool.h>

#include "addr.h"
#include "policy.h"
#include "xforward.h"

struct peer {
	bool		 trusted;	/* its XFORWARD counts */
	struct ip_addr	 addr;		/* of a TCP peer; else AF_UNSPEC */
	uid_t		 uid;		/* of a unix socket's; else -1 */
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

/* For the log: "user postfix (106)", "192.0.2.1".  Returns out, cut to fit. */
#define PEER_NAME_MAX	80	/* ADDR_IP_MAX at least */
char	*peer_name(const struct peer *, char out[PEER_NAME_MAX]);

#endif
