/*
 * A verdict on one recipient, and every reason there is for one, with the
 * words that the client, the log and `lmtpctl explain` use for it.
 */
#ifndef VERDICT_H
#define VERDICT_H

#include <stdbool.h>

#include "addr.h"

enum verdict {
	VERDICT_DEFER = -1,	/* could not tell: 4yz */
	VERDICT_REFUSE = 0,
	VERDICT_ACCEPT = 1,
	VERDICT_AFTER_DATA = 2	/* only the header or the sender can tell */
};

enum reason {
	/* by the rules, before or after DATA */
	REASON_OK,
	REASON_NO_CHANNEL,
	REASON_BAD_NUMBER,
	REASON_NULL_SENDER,
	REASON_NOT_REGISTERED,
	REASON_REWRITTEN,
	REASON_CHANNEL_OFF,
	REASON_NUMBER_NOT_ALLOWED,
	REASON_SECURITY,
	REASON_STRING,
	REASON_SPF_FAIL,
	REASON_SPF_PERMERROR,
	REASON_DNS,
	REASON_NOT_VERIFIED,
	REASON_CLIENT_UNKNOWN,
	REASON_LOOP,
	REASON_AUTO_REPLY,
	REASON_DASH,
	REASON_KEYWORD,
	REASON_WRONG_KEYWORD,
	/* of the message or the session */
	REASON_TOO_MANY,
	REASON_TOO_LARGE,
	REASON_BARE,
	REASON_HEADER,
	REASON_DISK_FULL,
	REASON_ENGINE,
	REASON_INTERNAL,
	REASON_CLIENT_GONE,
	/* beside the backend's run */
	REASON_REMEMBERED,
	REASON_HELD,
	REASON_RATE,
	REASON_TEXT,
	REASON_TEXT_REFUSED,
	/* of the backend */
	REASON_DELIVERED,
	REASON_DATA,
	REASON_NO_USER,
	REASON_UNAVAILABLE,
	REASON_DENIED,
	REASON_FAILED,
	REASON_SIGNAL,
	REASON_TIMEOUT,
	REASON_NOT_STARTED,
	REASON_OVERRIDE,
	REASON_TIME_UP,
	REASON_STOPPED,
	REASONS
};

struct reason_words {
	const char	*name;		/* in the log: reason=NAME */
	int		 code;		/* RFC 5321 reply code */
	const char	*enhanced;	/* RFC 3463 */
	const char	*text;		/* for the client */
};

const struct reason_words
	*reason_words(enum reason);

/* The same with a program's own reply in their place, where it has one: an
 * enhanced status code of class 4 or 5, or "", and its text, or "". */
struct reason_words
	 reason_reply(enum reason, const char *enhanced, const char *text);

/* Whether a refusal is about who sends, not about whom or what: one that a
 * bounce would carry to a forged sender. */
bool	 reason_is_of_sender(enum reason);

struct channel;
struct grant;
struct source;

struct decision {
	enum verdict		 verdict;
	enum reason		 reason;
	bool			 would_refuse;	/* accepted all the same */
	bool			 keyword;	/* no number: a keyword, right
						 * or wrong */
	bool			 hide_reply;	/* the local part may be one */
	const struct channel	*channel;	/* NULL: none takes it */
	const struct source	*source;	/* NULL: not registered */
	const struct grant	*grant;		/* NULL: channel off, ... */
	const char		*user;		/* forwarding user; the source's
						 * or the table's; or NULL */
	const char		*provider;	/* whose address it is, or NULL:
						 * "google", "outlook" */
	char			 number[ADDR_NUMBER_MAX]; /* "" for a name */
};

/* Who hears of each step on the way to a decision; NULL: nobody. */
struct trace {
	void	(*step)(void *arg, const char *text);
	void	 *arg;
};

void	 trace_step(const struct trace *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

#endif
