/*
 * Client addresses out of Received fields, as the MTAs that wrote them format
 * them.  Pure.  HELO text in a field is the sender's own and never taken for
 * the address.
 */
#ifndef RECEIVED_H
#define RECEIVED_H

#include <stdbool.h>
#include <stddef.h>

#include "ip.h"

/* What one Received field says of the hop it records. */
struct received {
	struct ip_addr	 client;	/* AF_UNSPEC: none, or not sure */
	bool		 local;		/* submitted on the machine itself */
};

/*
 * Read the value of a Received field (unfolded, outer blanks off, at most
 * 2000 bytes are looked at): Postfix, Exim, Sendmail, OpenSMTPD, Exchange,
 * Gmail, Dovecot.  0; -1: the form is not one that is known for sure.
 */
int	 received_read(const char *, size_t, struct received *);

#endif
