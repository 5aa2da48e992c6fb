/*
 * Macro strings and domain specifications of SPF records, RFC 7208 sections 7
 * and 12: pure functions over bounded text.
 */
#ifndef SPF_MACRO_H
#define SPF_MACRO_H

#include <stdbool.h>
#include <stddef.h>

#include "addr.h"

#define SPF_SPEC_MAX		255	/* bytes of a domain specification */
#define SPF_SPEC_MACROS		20	/* and of macros in it */
#define SPF_DOMAIN_MAX		254	/* bytes of a name, NUL included */

/* What the letters stand for; none is NULL, each shorter than ADDR_MAX. */
struct spf_macros {
	const char	*sender;	/* s */
	const char	*local;		/* l */
	const char	*origin;	/* o: the sender's domain */
	const char	*domain;	/* d: the one whose record is read */
	const char	*helo;		/* h */
	const char	*client_name;	/* p: validated, or "unknown" */
	struct ip_addr	 client;	/* i, v */
};

/* The grammar; the letters c, r and t, of explanations alone, are refused. */
bool	 spf_macro_string(const char *, size_t);
bool	 spf_domain_spec(const char *, size_t);

/* Whether a valid string has a macro of one of these (lower-case) letters. */
bool	 spf_macro_uses(const char *, size_t, const char *letters);

/*
 * Expand a valid domain specification into SPF_DOMAIN_MAX bytes: without a
 * last dot, and without as many labels at its left as make it too long.
 */
void	 spf_macro_expand(const char *, size_t, const struct spf_macros *,
	    char *);

#endif
