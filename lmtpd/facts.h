/*
 * What the rules judge by: the facts of one recipient of one message.
 */
#ifndef FACTS_H
#define FACTS_H

#include <stdbool.h>

#include "addr.h"
#include "factor.h"
#include "spf.h"

/* Facts that cost something: fetched when a rule asks for them. */
enum fact {
	FACT_SPF = 1,		/* ORed */
	FACT_GOOGLE = 2,
	FACT_OUTLOOK = 4,
	FACT_VERIFIED = 8,
	FACT_STRING = 16,	/* asked for once the header is there */
	FACT_USERS = 32
};

struct facts {
	const char	*sender;	/* envelope sender; "" is the null one */
	const char	*identity;	/* it without BATV, domain as A-label */
	const char	*recipient;
	struct ip_addr	 client;	/* AF_UNSPEC: not known */
	bool		 local;		/* submitted on the MTA's own machine */
	bool		 later;		/* the header will tell both of these */
	/* Valid where fetched says so. */
	unsigned int	 fetched;	/* enum fact */
	enum spf_result	 spf;
	enum spf_result	 google;
	enum spf_result	 outlook;
	int		 verified;	/* 1 yes, 0 no, -1 could not tell */
	struct factor	 string;	/* of the decision's grant */
	int		 in_table;	/* 1 yes, 0 no, -1 could not tell */
	const struct source *table;	/* the users source that has it, or
					 * cannot be read */
	const char	*table_user;	/* and its forwarding user */
	/* Of the header; valid where header is true, which is after DATA. */
	bool		 header;
	unsigned int	 hops;		/* Received fields */
	bool		 auto_replied;	/* Auto-Submitted: auto-replied */
	bool		 dkim;		/* a pass for exactly the domain */
	bool		 dmarc;
};

#endif
