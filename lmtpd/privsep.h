/*
 * What every process does to itself before it meets a stranger's byte.
 */
#ifndef PRIVSEP_H
#define PRIVSEP_H

#include <sys/types.h>

struct client_fds {
	int	 in;	/* what the client sends; may equal out's file */
	int	 out;
	int	 err;	/* where -d may write, or -1: 2 is the client too */
};

/*
 * Move descriptors 0, 1 and 2 to high, close-on-exec numbers and put
 * /dev/null in their place, so that no library's chatter and no backend
 * meets the client.  0, or -1.
 */
int	 privsep_move_stdio(struct client_fds *);

/*
 * Where root started us: become user, with its groups, for good.  0; -1 and a
 * line in the log: no such user, or it cannot be done.  Not root: 0.
 */
int	 privsep_drop_root(const char *user);

/*
 * Where root started us: become the owner of a directory, with its groups, for
 * good.  0; -1: errno says why (EPERM: the owner is root).  Not root: 0.
 */
int	 privsep_become_owner(const char *dir);

/*
 * Fork a child that dies with its parent.  *channel is this side's end of a
 * SOCK_SEQPACKET pair, close-on-exec.  As fork(2).
 */
pid_t	 privsep_fork(int *channel);

/* Die with the parent: 0, or -1 where it is dead already. */
int	 privsep_die_with(pid_t parent);

/* For a process that does not need it: it may hold secrets, which the
 * configuration names as ${VARIABLE}. */
void	 privsep_wipe_environment(void);

/* A close-on-exec SOCK_SEQPACKET pair.  0, or -1. */
int	 privsep_pair(int fd[2]);

#endif
