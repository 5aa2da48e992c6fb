/*
 * What one delivery is known by: the same for the same mail to the same
 * recipient, however often it is tried.
 */
#ifndef DELIVERY_ID_H
#define DELIVERY_ID_H

#include <stdbool.h>

#include "envelope.h"
#include "inspect.h"
#include "origin.h"

#define DELIVERY_ID_MAX	33	/* 128 bits in hex, and the NUL */

struct delivery_facts {
	const struct origin		*origin;
	const struct header_facts	*header;
	const char			*sender;
	uint64_t			 size;		/* of the message */
	const char			*log_id;	/* of this transaction */
};

/* Another message like it may be another one: nothing is remembered of it, and
 * its id is of this transaction alone. */
bool	 delivery_is_nameless(const struct delivery_facts *);

/* An idempotency key for a recipient that was accepted. */
void	 delivery_id(const struct delivery_facts *, const struct recipient *,
	    char id[DELIVERY_ID_MAX]);

#endif
