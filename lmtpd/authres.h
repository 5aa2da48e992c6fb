/*
 * Authentication-Results (RFC 8601): does the field of a trusted authserv-id
 * pass a method for exactly one domain?  Pure.
 */
#ifndef AUTHRES_H
#define AUTHRES_H

#include <stddef.h>

enum authres_method {
	AUTHRES_DKIM,		/* property header.d */
	AUTHRES_DMARC		/* property header.from */
};

/*
 * Whether a field's value (unfolded) is of this authserv-id (compared with
 * ASCII case folded; a version other than 1 is not).  1 yes, 0 no, -1: what
 * stands before the first ";" is malformed.  The rest is not read: our own
 * field, malformed there, must not send the caller on to a forged one below.
 */
int	 authres_is_of(const char *, size_t, const char *authserv_id);

/*
 * Whether it holds method=pass with the method's property exactly domain (A-
 * labels, ASCII case folded; for dkim header.d, never header.i).  Comments,
 * quoted strings, reason=, several resinfos and several of one method are
 * read; 1 yes, 0 no, -1: malformed, nothing in it counts.
 */
int	 authres_passes(const char *, size_t, enum authres_method,
	    const char *domain);

#endif
