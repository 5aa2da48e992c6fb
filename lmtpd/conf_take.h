/*
 * A key of a section with its default; an error is reported and leaves the
 * default.
 */
#ifndef CONF_TAKE_H
#define CONF_TAKE_H

#include "conf_node.h"
#include "conf_value.h"

#define SECONDS_MAX	86400	/* of any timeout */

unsigned long long
	 take_number(struct conf_errors *, const struct conf_node *,
	    const char *key, unsigned long long def, unsigned long long lo,
	    unsigned long long hi);
bool	 take_bool(struct conf_errors *, const struct conf_node *,
	    const char *key, bool def);
/* One of n words, as its value. */
unsigned int
	 take_word(struct conf_errors *, const struct conf_node *,
	    const char *key, const struct word *, size_t n, unsigned int def);
/* A domain; the caller frees it. */
char	*take_domain(struct conf_errors *, const struct conf_node *,
	    const char *key, const char *def);

#endif
