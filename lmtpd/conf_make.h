/*
 * The policy out of the parsed configuration.
 */
#ifndef CONF_MAKE_H
#define CONF_MAKE_H

#include "conf_node.h"

void	 conf_make(struct policy *, const struct conf_node *,
	    struct conf_errors *);

#endif
