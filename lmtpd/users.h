/*
 * The users tables of a policy: whose is this sender?
 */
#ifndef USERS_H
#define USERS_H

#include <stdbool.h>

#include "policy.h"
#include "table.h"

/* What was found; so one transaction sees one whole table. */
struct users {
	bool			 known;
	char			 identity[ADDR_MAX];	/* whom it is about */
	int			 found;	/* 1 yes, 0 no, -1 could not tell */
	const struct source	*source;	/* of the first table, in file
						 * order, that has it, or
						 * cannot tell */
	char			 user[TABLE_USER_MAX];	/* forwarding user */
};

/*
 * Find the sender's source among the tables; remembered until users_forget().
 * identity as identity_of() gives it, case is folded.  A table that is missing
 * or damaged cannot tell, and the log says so.
 */
void	 users_find(struct users *, const struct policy *,
	    const char *identity);

void	 users_forget(struct users *);

#endif
