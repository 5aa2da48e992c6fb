/*
 * Starting a program that is not ours: in a session of its own, with three
 * descriptors, default signals, umask 077, / as directory, no core, dead when
 * we are, and nothing else of ours.
 */
#ifndef LAUNCH_H
#define LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

#define LAUNCH_PATH \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* All that the child needs, laid out before vfork(2). */
struct launch {
	char		**argv;
	char		**env;
	int		 fd[3];		/* 3 or above */
	bool		 setuid;	/* may gain privileges by its program */
	pid_t		 parent;	/* launch_start()'s */
	volatile int	 error;		/* likewise: errno of the child */
};

/* The process, which leads its session and group; -1 (errno). */
pid_t	 launch_start(struct launch *);

/*
 * A pipe: the end that is returned is for us, O_NONBLOCK, the other one is for
 * the child; both are closed on exec.  -1 (errno).
 */
int	 launch_pipe(int *write_end);

#endif
