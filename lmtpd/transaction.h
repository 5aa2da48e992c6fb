/*
 * The conversation as the monitor sees it: commands that an engine handed
 * over become replies and an envelope.  Knows the protocol's turns; knows no
 * process.  What becomes of the message is message.c's.
 */
#ifndef TRANSACTION_H
#define TRANSACTION_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "authorise.h"
#include "envelope.h"
#include "msg.h"
#include "newcomer.h"
#include "peer.h"
#include "policy.h"
#include "record.h"
#include "reply.h"

#define TRANSACTION_ID_MAX	40

struct transaction {
	const struct policy	*policy;
	struct peer		*peer;		/* XCLIENT adds to it */
	struct resolver		*resolver;
	struct replies		*replies;
	int			 stop_fd;	/* readable: end at once */
	pid_t			 host;
	bool			 confined;	/* not: --no-sandbox */
	/* of the connection */
	bool			 greeted;
	bool			 mailed;	/* MAIL came: no XCLIENT */
	char			 lhlo[LMTP_NAME_MAX];
	unsigned int		 bad;		/* commands */
	unsigned int		 serial;
	struct newcomers	 newcomers;
	/* of the transaction */
	char			 id[TRANSACTION_ID_MAX];
	uint64_t		 rcpts;		/* RCPT commands */
	struct envelope		 envelope;
	struct msg		*msg;
	uint64_t		 received;	/* bytes spooled */
	struct header_facts	 header;
	struct users		 users;		/* of the sender */
	bool			 hinted;	/* at what is set up wrong */
};

enum next {
	NEXT_COMMAND,		/* the engine goes on */
	NEXT_DATA,		/* 354 is due: message_spool() */
	NEXT_REFUSED,		/* DATA was answered no: the engine waits */
	NEXT_CLOSE		/* the last reply is added */
};

/* The greeting. */
void	 transaction_greet(struct transaction *);

/* One command, in turn or not.  Its reply is added. */
enum next
	 transaction_command(struct transaction *, const struct lmtp_command *);

/* A command from behind the final dot: RSET, NOOP or QUIT. */
enum next
	 transaction_tail(struct transaction *, enum lmtp_verb);

/* Empty it: nothing of one message reaches the next. */
void	 transaction_reset(struct transaction *);

/* What is known of the message; origin and evidence live as long as t. */
void	 transaction_evidence(struct transaction *, struct origin *,
	    struct evidence *);

/* Note the server that a registered sender's message came from. */
void	 transaction_note(struct transaction *, const struct origin *,
	    const struct decision *);

/* Log a recipient's fate. */
void	 transaction_report(struct transaction *,
	    const struct recipient *);

#endif
