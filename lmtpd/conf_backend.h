/*
 * Backends and channels out of the parsed configuration.
 */
#ifndef CONF_BACKEND_H
#define CONF_BACKEND_H

#include "conf_node.h"

void	 conf_make_backends(struct policy *, const struct conf_node *,
	    struct conf_errors *);
void	 conf_make_channels(struct policy *, const struct conf_node *,
	    struct conf_errors *);

#endif
