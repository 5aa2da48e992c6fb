/*
 * Starting a program of its own: in a session of its own, with three
 * descriptors and maybe a channel, default signals, umask 077, / as directory,
 * no core, dead when we are, and nothing else of ours.
 */
#ifndef LAUNCH_H
#define LAUNCH_H

#include <sys/types.h>

#include <stdbool.h>

#define LAUNCH_PATH \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define LAUNCH_CHANNEL	3	/* where the program has it */

/* All that the child needs, laid out before vfork(2). */
struct launch {
	char		**argv;
	char		**env;
	int		 fd[3];		/* 3 or above, or each at its place */
	int		 channel;	/* 3 or above; 0: none */
	bool		 setuid;	/* may gain privileges by its program */
	unsigned int	 cpu;		/* seconds of its time; 0: ours */
	pid_t		 parent;	/* launch_start()'s */
	volatile int	 error;		/* likewise: errno of the child */
};

/*
 * Start it: it leads its session and group.  *pidfd is readable when it has
 * ended, and is to be closed.  0; -1 (errno), and nothing runs that we may end.
 * A signal that the caller ignores he ignores before he starts the first one.
 */
int	 launch_start(struct launch *, pid_t *pid, int *pidfd);

/*
 * End it and its group now.  0; -1: it is another user's by now (setuid), and
 * not ours to end.
 */
int	 launch_kill(pid_t);

/*
 * Wait for the end of a child, and how it ended, as of waitpid(2); where nobody
 * can say, as if it was killed: no success.
 */
int	 launch_wait(pid_t);

#endif
