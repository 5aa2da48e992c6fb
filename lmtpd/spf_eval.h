/*
 * Answers a question: check_host() of RFC 7208, or a look for a token.
 */
#ifndef SPF_EVAL_H
#define SPF_EVAL_H

#include "dns.h"
#include "spf.h"

/*
 * Answer within q->timeout seconds (but see dns_ask()).
 *
 * SPF_CHECK: the sender's domain; of a null sender, postmaster at HELO (RFC
 * 7208 section 2.4).  Domains are A-labels: another one has no record.
 * SPF_RECORD: as "v=spf1 include:DOMAIN -all" were the sender's record: pass,
 * fail, temperror or permerror.
 * SPF_TOKEN: whether the token is one of the domain's TXT records.
 *
 * A loopback client never passes: where a record says that it does, it is
 * "none".  An IPv4-mapped one is IPv4; one of no family is a temperror.
 *
 * Stricter than RFC 7208 in one thing: a DNS fault behind "-ptr", "~ptr" or
 * "?ptr", or behind the macro "p", is a temperror.  Sections 5.5 and 7.3 take
 * it for no match and for "unknown", and so could let a client past that the
 * record wants to keep out.
 */
void	 spf_eval(struct dns *, const struct spf_question *,
	    struct spf_answer *);

#endif
