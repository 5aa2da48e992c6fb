/*
 * Questions to the name servers of resolv.conf, all of them under one
 * deadline.
 */
#ifndef DNS_H
#define DNS_H

#include <stdbool.h>

#include "dns_answer.h"

struct dns;

enum dns_status {
	DNS_FOUND,
	DNS_VOID,		/* no such name, or none of its records */
	DNS_NO_NAME,		/* no name can be so: nothing was asked */
	DNS_FAILED		/* silence, refusal, nonsense, deadline */
};

/*
 * Reads resolv.conf and host.conf, and nothing after that: the process may be
 * confined then.  NULL: errno says why.
 */
struct dns
	*dns_open(void);
void	 dns_free(struct dns *);

/* What is asked from now on has to be answered within so many seconds. */
void	 dns_start(struct dns *, unsigned int seconds);

/* Whether there is no time left to ask anything. */
bool	 dns_late(const struct dns *);

/*
 * The records of a type (ns_t_a, _aaaa, _mx, _ptr, _txt) of a name, aliases
 * followed.  The name is in plain bytes, nothing escaped, with or without a
 * dot at its end.  The answer is to be freed; it holds a record only where
 * DNS_FOUND is returned.
 * A query over TCP that the server never answers outlasts the deadline: glibc
 * has no limit there, so the caller's parent must have one.
 */
enum dns_status
	 dns_ask(struct dns *, const char *name, int type,
	    struct dns_answer *);

#endif
