/*
 * The envelope of one transaction: who sends, from where, to whom, and what
 * was decided for each recipient.  Grows command by command, is frozen by
 * DATA and emptied when the transaction ends.
 */
#ifndef ENVELOPE_H
#define ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lmtp.h"
#include "verdict.h"

/* What became of a recipient; RCPT's own reply is in the decision. */
enum outcome {
	OUTCOME_NONE,		/* not yet known */
	OUTCOME_ACCEPTED,
	OUTCOME_REFUSED,
	OUTCOME_DEFERRED,
	OUTCOME_MAYBE_SENT,	/* deferred, but a backend was at work */
	OUTCOME_WOULD_REFUSE,	/* accepted; enforce = false */
	OUTCOME_DISCARDED	/* refused; answered 250, refusals = proven */
};

struct recipient {
	char			*address;
	char			*original;	/* of ORCPT; "" */
	struct decision		 decision;
	struct recipient	*same;		/* an earlier one that this
						 * one repeats, or NULL */
	/* after DATA */
	bool			 begun;		/* a backend was started */
	enum outcome		 outcome;
	enum reason		 reason;
	char			 enhanced[12];	/* of a backend's own reply */
	char			 text[160];	/* likewise, made safe */
	int			 status;	/* waitpid(2)'s; -1: did not run */
	unsigned int		 ms;		/* the backend ran so long */
};

struct envelope {
	bool			 open;		/* MAIL was accepted */
	char			 sender[ADDR_MAX];
	uint64_t		 size;		/* of SIZE= */
	bool			 utf8;
	struct lmtp_xforward	 xforward;	/* merged; believed or not */
	bool			 xforward_refused;
	struct recipient	**recipient;	/* accepted at RCPT, in order */
	size_t			 recipients;
	size_t			 room;
};

/* Add a recipient, remembering the earlier one that it repeats.  NULL: no
 * memory.  The envelope owns it. */
struct recipient
	*envelope_add(struct envelope *, const struct lmtp_rcpt *,
	    const struct decision *);

/* An address for a reply or the log: "*@" and its domain where the local part
 * is hidden.  out is ADDR_MAX bytes, and is returned. */
const char
	*recipient_shown(const char *address, bool hide, char *out);

/* Empty it: end of data, RSET and LHLO drop XFORWARD's facts too. */
void	 envelope_clear(struct envelope *);

const char
	*outcome_name(enum outcome);

#endif
