/*
 * One run of a backend: a process with the message on its standard input,
 * and what it said and how it ended.
 */
#ifndef BACKEND_H
#define BACKEND_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "delivery.h"
#include "envelope.h"
#include "output.h"

struct run {
	const struct backend	*backend;
	char			 who[160];	/* in the log */
	pid_t			 pid;
	int			 pidfd;		/* readable when it has ended */
	int64_t			 started;	/* ms, monotonic */
	int64_t			 deadline;
	enum reason		 killed;	/* why we did; else REASON_OK */
	struct output		 out;
	struct output		 err;
};

/*
 * Start it with standard input from fd, which stays the caller's.
 * REASON_OK; REASON_DASH, REASON_NOT_STARTED or REASON_INTERNAL where it was
 * not started (and said so in the log).
 */
enum reason
	 backend_start(struct run *, const struct backend *,
	    const struct delivery *, int fd);

/* Read what it wrote so far; never waits. */
void	 backend_read(struct run *);

/*
 * End it and its process group now; the reason goes to the recipient, unless
 * it succeeded before.  0; -1: it is another user's process by now (setuid =
 * true) and runs on: backend_abandon() it.
 */
int	 backend_kill(struct run *, enum reason);

/*
 * It has ended: reap it, read the rest, and write outcome, reason, reply,
 * status and time into the recipient.  Frees what the run held.
 */
void	 backend_finish(struct run *, struct recipient *);

/* Wait no longer: the recipient is MAYBE_SENT.  Frees what the run held. */
void	 backend_abandon(struct run *, struct recipient *);

#endif
