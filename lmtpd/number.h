/*
 * Telephone numbers out of local parts: pure, over bounded text.  Nothing
 * here allocates, reads a descriptor or logs.
 */
#ifndef NUMBER_H
#define NUMBER_H

#include <stddef.h>

#define ADDR_NUMBER_MAX	17	/* "+", 15 digits (E.164) and the NUL */

enum addr_number {
	NUMBER_BAD = -1,	/* no number, or not 3 to 15 digits */
	NUMBER_SHORT,		/* a short code: 3 to 6 bare digits */
	NUMBER_E164		/* international, written with its "+" */
};

/*
 * Normalise a local part of n bytes to a telephone number; the quotes of a
 * quoted one are taken off.  Blanks, "-", ".", "/", "(", ")" and a "(0)"
 * behind an international country code are separators.
 * "+" and "00" are international; else the trunk prefix (may be "") is
 * replaced by the country code, and where the country code is "" a number
 * with the trunk prefix is bad; digits with neither are international, or a
 * short code where there are fewer than 7.  An international number never
 * begins with 0.  out is ADDR_NUMBER_MAX bytes: "+41791234567", or a short
 * code's bare digits; "" where it is bad.
 */
enum addr_number
	 addr_number(const char *, size_t, const char *country,
	    const char *trunk, char *out);

#endif
