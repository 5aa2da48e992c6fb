/*
 * The process that lmtpd-resolver is: started, and ended.
 */
#ifndef RESOLVER_RUN_H
#define RESOLVER_RUN_H

#include <signal.h>
#include <stdbool.h>

struct resolver_run {
	int	 channel;	/* SOCK_SEQPACKET; -1: it does not run */
	int	 pidfd;
};

/*
 * seconds: of processor time.  Not confined: it is told --no-sandbox.  0; -1
 * and errno: it does not run.
 */
int	 resolver_run(struct resolver_run *, const char *program,
	    unsigned int seconds, bool confined);

/*
 * End it, and reap it.  *how is as waitid(2) tells it: the signal is ours, or
 * it had ended by itself before; si_code is 0 where another has reaped it.
 */
void	 resolver_stop(struct resolver_run *, siginfo_t *how);

#endif
