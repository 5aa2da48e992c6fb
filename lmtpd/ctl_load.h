/*
 * What the words of lmtpctl share: the configuration, errors told to a person.
 */
#ifndef CTL_LOAD_H
#define CTL_LOAD_H

#include "ctl.h"
#include "policy.h"

/* Errors go to standard error, escaped.  NULL after them. */
struct policy
	*ctl_policy(const struct ctl *);

/* The same; and from root to the state dir's owner: what root wrote there
 * lmtpd could not read. */
struct policy
	*ctl_policy_as_owner(const struct ctl *);

/* An address, in brackets or not, as the rules compare it: in lower case, its
 * domain as A-labels; "" for "" and <>.  out is ADDR_MAX bytes.  0, or -1 after
 * a complaint. */
int	 ctl_address(const char *what, const char *, char *out);

/* To standard error: why (errno) a table of that name cannot be had. */
void	 ctl_complain_table(const char *name);

#endif
