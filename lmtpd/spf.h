/*
 * Questions of SPF (RFC 7208) and of TXT records, and their fixed-size
 * answers: what passes between resolver.c, on the side of the secrets, and
 * lmtpd-resolver, which talks to the DNS and is assumed compromised.
 */
#ifndef SPF_H
#define SPF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

#define SPF_NAME_MAX	256	/* of a domain or HELO, with its NUL */
#define SPF_TOKEN_MAX	65	/* of a verification token, with its NUL */

/* What no honest question or answer goes beyond. */
#define SPF_TIMEOUT_MAX	86400	/* seconds, as dns-timeout */
#define SPF_COUNT_MAX	11	/* of lookups, voids: 10, and the one too many */
#define SPF_RECORDS_MAX	5461	/* in 64 KiB, of 12 bytes each */
#define SPF_TTL_MAX	2147483647	/* RFC 2181 section 8 */

enum spf_op {
	SPF_CHECK,		/* check_host() for sender, or HELO where null */
	SPF_RECORD,		/* does the record of "domain" authorise client? */
	SPF_TOKEN,		/* is token among domain's TXT records? */
	SPF_OPS
};

/* RFC 7208 section 2.6, in lower case by spf_result_name(). */
enum spf_result {
	SPF_NONE,
	SPF_NEUTRAL,
	SPF_PASS,
	SPF_FAIL,
	SPF_SOFTFAIL,
	SPF_TEMPERROR,
	SPF_PERMERROR,
	SPF_RESULTS
};

struct spf_question {
	uint32_t	 op;
	uint32_t	 timeout;	/* seconds for all of it */
	struct ip_addr	 client;
	char		 helo[SPF_NAME_MAX];
	char		 sender[ADDR_MAX];	/* "" is the null sender */
	char		 domain[SPF_NAME_MAX];	/* RECORD and TOKEN */
	char		 token[SPF_TOKEN_MAX];
};

struct spf_answer {
	uint32_t	 result;	/* enum spf_result; TOKEN: pass where it
					 * is there, none where it is not */
	uint32_t	 lookups;	/* RFC 7208 section 4.6.4 */
	uint32_t	 voids;
	uint32_t	 records;	/* TOKEN: TXT records found */
	uint32_t	 ttl;		/* TOKEN: seconds, of those records */
};

const char
	*spf_result_name(enum spf_result);

/* Whether bytes from the other side are a question, or an answer, that this
 * program could have made: ranges, ended strings. */
bool	 spf_question_valid(const void *, size_t);
bool	 spf_answer_valid(const void *, size_t);

#endif
