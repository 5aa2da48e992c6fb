/*
 * Security strings of the configuration: secrets, so that errors name an
 * alternative by its number and never quote it.
 */
#ifndef CONF_STRING_H
#define CONF_STRING_H

#include "conf_say.h"

/*
 * Check a security string and compile its alternatives into the grant, whose
 * compare_text is set.  0; or -1 after reporting each error at the value's own
 * line.  "" is off.
 */
int	 string_make(struct conf_errors *, const struct conf_value *,
	    struct grant *);

/*
 * Length of the next alternative of a security string: up to a ";" that is
 * not inside [...], or the end.
 */
size_t	 string_alternative(const char *);

#endif
