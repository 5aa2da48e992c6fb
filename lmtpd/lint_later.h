/*
 * What a configuration can ask for already and this version does not do.
 */
#ifndef LINT_LATER_H
#define LINT_LATER_H

#include "conf_say.h"

void	 lint_later(struct conf_errors *, const struct policy *);

#endif
