/*
 * What the configuration says, as plain structs: who may send what where.
 * conf.c fills it in, rules.c judges by it, nobody changes it in between.
 * Strings are never NULL unless said so; "" is "not set".
 */
#ifndef POLICY_H
#define POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "like.h"

struct where {
	const char	*file;		/* owned by the policy */
	int		 line;
};

struct strings {
	char		**v;		/* NULL terminated, also when empty */
	size_t		 n;
};

enum client_address {
	CLIENT_XFORWARD,
	CLIENT_XCLIENT,
	CLIENT_RECEIVED,
	CLIENT_PEER
};

/* The words of a "security" list, ORed. */
enum security_word {
	SECURITY_NONE = 1,
	SECURITY_LOCAL = 2,
	SECURITY_SPF = 4,
	SECURITY_GOOGLE = 8,
	SECURITY_OUTLOOK = 16,
	SECURITY_DKIM = 32,
	SECURITY_DMARC = 64
};

struct security {
	unsigned int	 words;
	struct ip_net	*net;
	size_t		 nets;
};

enum input {
	INPUT_MESSAGE,
	INPUT_BODY,
	INPUT_TEXT
};

/* What lmtptext is to make of a message. */
struct text_rules {
	struct strings	 parts;		/* "subject", "body", in this order */
	struct strings	 cut_at;	/* Like patterns on whole lines */
	unsigned int	 max_segments;	/* 0: any number */
	bool		 cut;		/* what is beyond; else refused */
	bool		 written;	/* any of this */
};

struct backend {
	char		*name;
	struct where	 where;
	struct strings	 command;	/* command.v[0] is an absolute path */
	enum input	 input;
	struct text_rules text;		/* for INPUT_TEXT */
	unsigned int	 timeout;	/* seconds */
	unsigned int	 parallel;
	struct strings	 environment;	/* "NAME=value" */
	bool		 setuid;
};

struct channel {
	char		*name;
	struct where	 where;
	char		*pattern;	/* recipient, as written */
	struct like	*recipient;	/* the same, LIKE_TEXT */
	const struct backend *backend;
	bool		 number;
	char		*country_code;	/* digits or "" */
	char		*trunk_prefix;
	bool		 auto_replies;
	bool		 keywords;	/* some account has one for it */
};

/* One alternative of a security string: a secret. */
struct alternative {
	struct like	*like;		/* LIKE_SEARCH, maybe LIKE_TEXT */
	char		*keyword;	/* its text where it is a plain keyword:
					 * atext and inner dots; or NULL */
};

/* A channel that an account may use. */
struct grant {
	const struct channel *channel;
	struct where	 where;
	char		*security_string;	/* a secret; "" is off */
	struct alternative *alternative;	/* the same, compiled */
	size_t		 alternatives;	/* 0: off */
	bool		 compare_text;
	struct strings	 numbers;	/* Like patterns as written; none: any */
	struct like	**number;	/* the same compiled, numbers.n of them */
};

/* In the order of rank: the lowest decides. */
enum source_kind {
	SOURCE_EMAIL,
	SOURCE_USERS,
	SOURCE_DOMAIN,
	SOURCE_IP,
	SOURCE_ANYONE
};

struct account;

struct source {
	enum source_kind kind;
	struct where	 where;
	char		*name;		/* address or domain, folded to lower
					 * case, domain as A-labels; IP as
					 * written; of a users table; "" for
					 * anyone */
	struct ip_addr	 ip;		/* SOURCE_IP */
	struct security	 security;	/* own, or the account's */
	bool		 verify;
	bool		 forwarded;
	bool		 null_sender;
	char		*user;		/* forwarding user: own or the
					 * account's; "" only for anyone, and
					 * users, whose table names it */
	const struct account *account;
};

struct account {
	char		*name;
	struct where	 where;
	struct strings	 admin;
	char		*user;
	struct security	 security;
	bool		 verify;
	char		*rate;		/* "60/hour" or "" */
	bool		 enforce;
	unsigned int	 notices_per_hour;
	struct grant	*grant;
	size_t		 grants;
	struct source	*source;	/* in file order */
	size_t		 sources;
};

struct policy {
	char		*hostname;
	char		*state_dir;
	struct strings	 trusted_peers;
	enum client_address client_address;
	struct ip_net	*trusted_relay;
	size_t		 trusted_relays;
	char		*authserv_id;
	struct strings	 mailer;
	char		*notice_from;
	uint64_t	 max_message_size;
	unsigned int	 max_recipients;
	unsigned int	 dns_timeout;	/* seconds, as the next two */
	unsigned int	 idle_timeout;
	unsigned int	 reply_timeout;
	char		*google_spf;
	char		*outlook_spf;
	bool		 refusals_proven;
	unsigned long	 remember;	/* seconds; 0 is off */
	struct strings	 probe_senders;	/* as written */
	struct like	**probe;	/* the same compiled, LIKE_TEXT */
	unsigned int	 max_hops;
	struct backend	*backend;
	size_t		 backends;
	struct channel	*channel;	/* in file order: the first wins */
	size_t		 channels;
	struct account	*account;
	size_t		 accounts;
	bool		 keywords;	/* some account has one */
	struct strings	 files;		/* as read, the main one first; every
					 * where.file is one of these */
};

/* Wipes the secrets.  NULL is fine. */
void	 policy_free(struct policy *);

#endif
