/*
 * What no single section of the configuration can tell.
 */
#ifndef CONF_CHECK_H
#define CONF_CHECK_H

#include "conf_say.h"

void	 conf_check(const struct policy *, struct conf_errors *);

#endif
