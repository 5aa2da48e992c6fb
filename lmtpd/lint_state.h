/*
 * What a policy expects of the state directory, and does not find there.
 */
#ifndef LINT_STATE_H
#define LINT_STATE_H

#include "conf_say.h"

void	 lint_state(struct conf_errors *, const struct policy *);

#endif
