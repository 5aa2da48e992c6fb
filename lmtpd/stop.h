/*
 * SIGTERM, SIGINT and SIGHUP, as something to poll for.
 */
#ifndef STOP_H
#define STOP_H

#include <signal.h>

/*
 * Block them.  A descriptor, closed on exec, that is readable once one has
 * come; -1 (errno).  Where was is not NULL, it has what was blocked before.
 */
int	 stop_open(sigset_t *was);

/* Close it, forget those that have come, and block what was blocked before. */
void	 stop_close(int fd, const sigset_t *was);

#endif
