/*
 * Where a message comes from, as far as the peer may be believed.
 */
#ifndef ORIGIN_H
#define ORIGIN_H

#include <stdbool.h>

#include "envelope.h"
#include "inspect.h"
#include "peer.h"
#include "policy.h"

struct origin {
	struct ip_addr	 client;	/* AF_UNSPEC: not known */
	bool		 local;		/* submitted on the MTA's own machine */
	bool		 later;		/* the header will tell these two */
	const char	*source;	/* who told: "xforward", ... */
	const char	*helo;		/* "" where not known, as the next two */
	const char	*name;
	const char	*queue_id;
};

/*
 * header is NULL, or not known, before DATA.  The strings live as long as the
 * envelope and the peer.
 */
void	 origin_find(const struct policy *, const struct peer *,
	    const struct envelope *, const struct header_facts *,
	    struct origin *);

#endif
