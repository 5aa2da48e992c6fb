/*
 * libspf2, as far as it is trusted: the mechanisms a, mx and exists at a name
 * that is already known.
 */
#ifndef SPF_LIB_H
#define SPF_LIB_H

#include "spf_client.h"
#include "spf_record.h"

/*
 * Whether the client is what such a term says of name: 1, 0; -1 where
 * spf_client_ask() said so, or there is no memory.
 */
int	 spf_lib_match(struct spf_client *, const struct spf_term *,
	    const char *name);

/* libspf2 would write to stdout and stderr. */
void	 spf_lib_silence(void);

#endif
