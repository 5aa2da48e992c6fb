/*
 * Keywords out of what a backend gets and the log tells.
 */
#ifndef SCRUB_H
#define SCRUB_H

#include "envelope.h"
#include "inspect.h"
#include "msg.h"

/*
 * Overwrite the plain keywords of the recipients' accounts in the header block
 * of a sealed message (so that its digest is another), and drop original
 * recipients that hold one.  0; -1: a failure of ours, no backend may run.
 */
int	 scrub_keywords(struct envelope *, const struct msg *,
	    struct header_facts *);

/* From's and Message-ID's values, for the log and for admins, with the plain
 * keywords of every account overwritten.  0; -1: no memory. */
int	 scrub_values(const struct policy *, struct header_facts *);

#endif
