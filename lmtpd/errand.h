/*
 * One program, run to its end while we wait: what it says goes to the log.
 */
#ifndef ERRAND_H
#define ERRAND_H

#include <stdint.h>

#include "launch.h"
#include "output.h"

struct errand {
	const char	*who;		/* in the log */
	int64_t		 deadline;	/* clock_ms()'s: it is ended then */
	int		 stop_fd;	/* readable: it is ended at once; or -1 */
	/* errand_run()'s */
	pid_t		 pid;
	int		 pidfd;
	struct output	 out;		/* its standard error */
	const char	*ended;		/* why we ended it, or NULL */
	int		 status;	/* waitpid(2)'s */
};

/*
 * Start it and wait.  Of the launch, argv, env and fd[0] are the caller's;
 * fd[1] too, or -1: it is the same as standard error.  0, and ended and status
 * tell how; -1 (errno): it was not started.
 */
int	 errand_run(struct errand *, struct launch *);

#endif
