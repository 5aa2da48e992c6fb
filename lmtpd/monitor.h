/*
 * The monitor: the one process that decides, answers and runs backends.
 */
#ifndef MONITOR_H
#define MONITOR_H

#include <sys/types.h>

#include <stdbool.h>

#include "policy.h"
#include "xforward.h"

struct monitor_start {
	int		 in;		/* never read from */
	int		 out;		/* written to */
	int		 control;	/* the engine host's channel */
	pid_t		 host;
	bool		 confined;	/* not: --no-sandbox */
	/* What the command line tells of the client, or NULL. */
	const struct lmtp_xforward *given;
};

/* Serve one client.  Returns when the conversation is over, its descriptors
 * are closed, the host has ended and admins know what was new. */
void	 monitor_run(const struct policy *, const struct monitor_start *);

#endif
