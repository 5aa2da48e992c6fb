/*
 * Mail addresses as the configuration and the tables hold them.
 */
#ifndef EMAIL_H
#define EMAIL_H

#include <stddef.h>

#include "addr.h"

/*
 * The address that n bytes are: in lower case, its domain as A-labels, into
 * out.  NULL; or what is wrong and what would be right, as a clause.
 */
const char
	*email_read(const char *, size_t n, char out[ADDR_MAX]);

/* The same of a domain that idn_to_ascii() wrote. */
const char
	*email_domain_fault(const char *);

#endif
