/*
 * Internationalised domains as A-labels (RFC 5890).
 */
#ifndef IDN_H
#define IDN_H

#include <stddef.h>

/*
 * The A-label form of a domain, in lower case, into out.  One of ASCII is only
 * lower-cased; for another libidn2 is opened (UTS 46, nontransitional).
 * 0; -1: not a domain, or too long for size; -2: that cannot be told, libidn2
 * is not there or has no memory.
 */
int	 idn_to_ascii(const char *domain, char *out, size_t size);

#endif
