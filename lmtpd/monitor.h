/*
 * The monitor: the one process that decides, answers and runs backends.
 */
#ifndef MONITOR_H
#define MONITOR_H

#include <sys/types.h>

#include "policy.h"

/*
 * Serve one client: in is only looked at for who it is, out is written to;
 * control is the engine host's channel.  Returns when the conversation is
 * over and the host has ended.
 */
void	 monitor_run(const struct policy *, int in, int out, int control,
	    pid_t host);

#endif
