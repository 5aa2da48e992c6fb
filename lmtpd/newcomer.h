/*
 * Server addresses that are new to an account.
 */
#ifndef NEWCOMER_H
#define NEWCOMER_H

#include "envelope.h"
#include "inspect.h"
#include "origin.h"
#include "policy.h"
#include "seen.h"

#define NEWCOMER_ACCOUNTS	16

/* The accounts that a connection has met; empty at first. */
struct newcomers {
	const struct account	*account[NEWCOMER_ACCOUNTS];
	size_t			 n;
	char			 where[SEEN_WHERE_MAX];	/* noted last */
	const struct account	*last;
};

/* The message that is judged. */
struct newcomer_message {
	const char			*id;
	const struct origin		*origin;
	const struct envelope		*envelope;
	const struct header_facts	*header;
};

/*
 * A registered sender's message was judged: note where it came from, once for
 * each account and address.  A failure is logged, and no one's trouble.
 */
void	 newcomer_note(struct newcomers *, const struct policy *,
	    const struct newcomer_message *, const struct decision *);

/* The client has its replies and has gone: tell admins what is new. */
void	 newcomer_tell(const struct newcomers *, const struct policy *,
	    int stop_fd);

#endif
