/*
 * The message of a transaction: from the promise of 354 to the final replies.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stdbool.h>

#include "transaction.h"

/*
 * Make the spool, with the prepended fields in it; from now on the monitor
 * takes no command that could change the envelope.
 * Adds 354 and returns an append descriptor that the caller closes; or adds a
 * 4yz and returns -1.
 */
int	 message_spool(struct transaction *);

/*
 * The engine has read the message and is dead; whole: in order.  Judges,
 * delivers, adds one final reply for each accepted RCPT, logs each, and
 * empties the transaction.
 */
void	 message_finish(struct transaction *, const struct record_end *,
	    bool whole);

/* No message will come: log why for each recipient that waits for it, and
 * empty the transaction. */
void	 message_abort(struct transaction *, enum reason);

#endif
