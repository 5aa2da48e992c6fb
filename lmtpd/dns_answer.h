/*
 * One DNS message read as the answer to one question: a pure function over
 * bytes from the network.
 */
#ifndef DNS_ANSWER_H
#define DNS_ANSWER_H

#include <arpa/nameser.h>

#include <stddef.h>
#include <stdint.h>

#include "ip.h"

#define DNS_CNAMES_MAX	10	/* followed from a name to what it means */

struct dns_record {
	struct ip_addr	 addr;	/* of A and AAAA */
	unsigned int	 preference;	/* of MX; they come in its order */
	char		*text;	/* MX, PTR: a host, "" where its name is the
				 * root or needs escapes; TXT: its strings,
				 * joined, 0x01 for a NUL; else NULL */
};

struct dns_answer {
	struct dns_record	*record;
	size_t			 count;
	uint32_t		 ttl;		/* the least of those records */
	/* Behind the CNAMEs; "" where they are a loop. */
	char			 owner[NS_MAXDNAME];
};

/*
 * The records of a type that name has, or the name that it is an alias of;
 * those of other owners are not looked at.  name is as ns_name_ntop(3) writes
 * it; the types are A, AAAA, MX, PTR and TXT.  The answer is to be freed even
 * where -1 is returned: no message, or no memory.
 */
int	 dns_answer_read(struct dns_answer *, const uint8_t *, size_t,
	    const char *name, int type);
void	 dns_answer_free(struct dns_answer *);

#endif
