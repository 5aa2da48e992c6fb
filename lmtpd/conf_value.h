/*
 * Single values of the configuration, read and checked: numbers, words, names,
 * addresses.  Each reader returns 0; or -1 after reporting the error at the
 * value's own line, *out then being what it was.
 */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include "conf_say.h"

struct word {
	const char	*word;
	unsigned int	 value;
};

/* lo to hi, decimal, no sign and no leading zero. */
int	 value_number(struct conf_errors *, const struct conf_value *,
	    const char *key, unsigned long long lo, unsigned long long hi,
	    unsigned long long *out);
int	 value_bool(struct conf_errors *, const struct conf_value *,
	    const char *key, bool *out);
/* One of n words. */
int	 value_word(struct conf_errors *, const struct conf_value *,
	    const char *key, const struct word *, size_t n, unsigned int *out);
/* "N seconds|minutes|hours|days" or "0"; out in seconds. */
int	 value_duration(struct conf_errors *, const struct conf_value *,
	    const char *key, unsigned long *out);
/* "N/second|minute|hour|day", or "". */
int	 value_rate(struct conf_errors *, const struct conf_value *,
	    const char *key);

/*
 * The name of an account, channel or backend: printable ASCII without blanks
 * and "/", not beginning with "-" or ".": it becomes an argument and the name
 * of a file.
 */
int	 value_name(struct conf_errors *, const struct conf_value *,
	    const char *what);
/* A forwarding user: printable ASCII without blanks, no "-" in front. */
int	 value_user(struct conf_errors *, const struct conf_value *,
	    const char *key);

/* A domain as lower-case A-labels; the caller frees *out. */
int	 value_domain(struct conf_errors *, const struct conf_value *,
	    const char *key, char **out);
/* An address in lower case, its domain as A-labels; the caller frees *out. */
int	 value_email(struct conf_errors *, const struct conf_value *,
	    const char *key, char **out);
/* An address or a network without bits behind its prefix. */
int	 value_net(struct conf_errors *, const struct conf_value *,
	    const char *key, struct ip_net *);

#endif
