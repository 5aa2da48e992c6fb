/*
 * What is doubtful in a security string.
 */
#ifndef LINT_STRING_H
#define LINT_STRING_H

#include "conf_say.h"

void	 lint_string(struct conf_errors *, const struct grant *);

#endif
