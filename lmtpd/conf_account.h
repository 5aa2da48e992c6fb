/*
 * Accounts out of the parsed configuration; channels come first.
 */
#ifndef CONF_ACCOUNT_H
#define CONF_ACCOUNT_H

#include "conf_node.h"

void	 conf_make_accounts(struct policy *, const struct conf_node *,
	    struct conf_errors *);

#endif
