/*
 * Values of the configuration with a grammar of their own: security lists,
 * patterns and commands.  Each returns 0; or -1 after
 * reporting the error at the value's own line.
 */
#ifndef CONF_RULE_H
#define CONF_RULE_H

#include "conf_say.h"

/* Add one word, address or network of a security list. */
int	 rule_security(struct conf_errors *, const struct conf_value *,
	    struct security *);
/* Compile a Like pattern for a whole string, case folded; NULL after an
 * error. */
struct like
	*rule_pattern(struct conf_errors *, const struct conf_value *,
	    const char *key);
/* A pattern of "numbers": something that a telephone number can match. */
int	 rule_number_pattern(struct conf_errors *, const struct conf_value *);
/* Word i of a command; macros: the letters that may follow a "%". */
int	 rule_command_word(struct conf_errors *, const struct conf_value *,
	    const char *key, size_t i, const char *macros);
/* "NAME=value" for a backend's environment. */
int	 rule_environment(struct conf_errors *, const struct conf_value *);

#endif
