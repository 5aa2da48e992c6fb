/*
 * What a loaded policy allows and probably should not: for `lmtpctl check`.
 */
#ifndef LINT_H
#define LINT_H

#include "conf.h"

/* Returns how many CONF_WARNINGs were reported. */
unsigned int
	 lint_policy(const struct policy *, const struct conf_report *);

#endif
