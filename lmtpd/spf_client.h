/*
 * The client of one SPF check, and what the DNS says to it: lookups that
 * count, and the names that the client's address bears.
 */
#ifndef SPF_CLIENT_H
#define SPF_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns.h"
#include "spf.h"
#include "spf_macro.h"

#define SPF_LIMIT_VOIDS	2	/* RFC 7208 section 4.6.4 */
#define SPF_LIMIT_HOSTS	10	/* MX records of a name, names of an address */

struct spf_client {
	struct dns	*dns;
	struct ip_addr	 addr;
	enum spf_result	 error;		/* what the last -1 means */
	uint32_t	 voids;
	bool		 named;		/* names were looked for */
	bool		 doubt;		/* and a fault may hide some */
	uint32_t	 name_voids;	/* and so many lookups were void */
	size_t		 names;
	char		 name[SPF_LIMIT_HOSTS][SPF_DOMAIN_MAX];
};

void	 spf_client_init(struct spf_client *, struct dns *,
	    const struct ip_addr *);

/*
 * As dns_ask().  1 found, 0 none; -1: a fault, a void lookup too many (of TXT
 * none counts) or too many MX records.  The answer is to be freed.
 */
int	 spf_client_ask(struct spf_client *, const char *name, int type,
	    struct dns_answer *);

/*
 * Whether a validated name of the client is domain or under it: 1, 0; -1
 * where a limit was exceeded.  A fault is no match (RFC 7208 section 5.5), but
 * -1 where strict, or where no time is left.
 */
int	 spf_client_in(struct spf_client *, const char *domain, bool strict);

/*
 * The macro "p": the validated name that is domain, else one under it, else
 * any, else "unknown".  NULL: a limit, or a fault that may hide a better one.
 */
const char
	*spf_client_name(struct spf_client *, const char *domain);

#endif
