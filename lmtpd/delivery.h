/*
 * What a backend is told of the message it gets: the values of macros and of
 * the LMTPD_ environment.
 */
#ifndef DELIVERY_H
#define DELIVERY_H

#include <stdint.h>

#include "policy.h"

/* No string is NULL; "" is "not known". */
struct delivery {
	const char	*log_id;	/* of this transaction */
	const char	*id;		/* the same on a retry of the message */
	const char	*sender;
	const char	*recipient;
	const char	*original;	/* the original recipient */
	const char	*number;	/* as struct decision has it */
	const char	*user;		/* forwarding user */
	const char	*account;
	const char	*channel;
	const char	*client;	/* address in text */
	const char	*helo;
	const char	*name;
	const char	*queue_id;
	const char	*spf;		/* RFC 7208's word where it was asked */
	const char	*state_dir;
	uint64_t	 size;		/* bytes that the client sent */
};

/*
 * The command with its macros expanded, NULL terminated.  NULL with *dash
 * true: a macro's value that begins with "-" would start an argument; NULL
 * with *dash false: no memory.  Freed by delivery_free(), as is the next.
 */
char	**delivery_argv(const struct backend *, const struct delivery *,
	    bool *dash);

/* The whole environment: PATH, LC_ALL, LMTPD_*, then the backend's own, which
 * wins.  NULL: no memory. */
char	**delivery_env(const struct backend *, const struct delivery *);

void	 delivery_free(char **);

#endif
