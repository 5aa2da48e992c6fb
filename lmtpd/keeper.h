/*
 * The keeper: the first process.  It never reads the configuration, nor
 * anything else; it outlives the monitor, so that no other descendant does.
 */
#ifndef KEEPER_H
#define KEEPER_H

/*
 * Fork the monitor-to-be.  0 in the child, which is told to stop (SIGTERM)
 * where the keeper goes first; -1 (errno) where there can be none.  The parent
 * does not return: it closes both descriptors, passes on what asks lmtpd to
 * end, ends what the monitor left behind, and exits as it did (EX_TEMPFAIL
 * where a signal was its end).
 */
int	 keeper_fork(int in, int out);

#endif
