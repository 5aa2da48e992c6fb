/*
 * Ending what others started: the duty of a subreaper.
 */
#ifndef ORPHANS_H
#define ORPHANS_H

#include <sys/types.h>

/*
 * End every descendant that is left, orphans of any session, but keep one
 * child (-1: none).  Only when no run is under way: they cannot be told apart.
 * What cannot be ended is told in the log.
 */
void	 orphans_end(pid_t keep);

#endif
