/*
 * SPF records, strictly by RFC 7208 section 12: pure functions over text.
 */
#ifndef SPF_RECORD_H
#define SPF_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "ip.h"
#include "spf.h"

enum spf_term_kind {
	SPF_TERM_END,		/* the record has no more */
	SPF_TERM_ALL,
	SPF_TERM_INCLUDE,
	SPF_TERM_A,
	SPF_TERM_MX,
	SPF_TERM_PTR,
	SPF_TERM_IP,		/* ip4 or ip6 */
	SPF_TERM_EXISTS,
	SPF_TERM_REDIRECT,
	SPF_TERM_IGNORED	/* exp and unknown modifiers */
};

struct spf_term {
	enum spf_term_kind	 kind;
	enum spf_result		 result;	/* where the mechanism matches */
	const char		*name;		/* in the record, not ended */
	size_t			 name_len;
	const char		*spec;		/* its domain, or NULL */
	size_t			 spec_len;
	unsigned int		 bits4;		/* of a and mx */
	unsigned int		 bits6;
	struct ip_net		 net;		/* of ip4 and ip6 */
};

/* Whether a TXT record is an SPF record at all (section 4.5). */
bool	 spf_record_is(const char *);

/*
 * Whether such a record is right from end to end, also behind what decides.
 * Where it is, redirect is its redirect modifier, of kind SPF_TERM_END where
 * it has none or where "all" overrides it (section 6.1).
 */
bool	 spf_record_check(const char *, struct spf_term *redirect);

/*
 * Read the term at *at, which begins as the record's text, and move *at behind
 * it.  False: the record is wrong there.
 */
bool	 spf_record_next(const char **at, struct spf_term *);

#endif
