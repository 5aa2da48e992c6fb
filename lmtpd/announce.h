/*
 * Mail to users whose address was authorised by an import: a queue beside the
 * table, state-dir/tables/NAME.notify, worked off one by one.  Nobody is
 * written to twice: an address is crossed out, on disk, before its mail is
 * handed over.
 *
 * A line each: a mark, an address, a blank, the forwarding user.  The mark is
 * "+" to be told, "!" the mailer failed, to be tried again, "?" handed over
 * and no answer yet, "-" over.
 */
#ifndef ANNOUNCE_H
#define ANNOUNCE_H

#include <stdbool.h>

#include "policy.h"

struct announce;

/*
 * Addresses to be told, behind those of an earlier run that are still to be.
 * NULL: errno; EWOULDBLOCK where a run is under way.
 */
struct announce
	*announce_begin(const char *state_dir, const char *table);
/* Unless an earlier run left it.  0, or -1 (errno). */
int	 announce_add(struct announce *, const char *address,
	    const char *user);
/* On disk, and freed: call it before the table is committed.  0, or -1
 * (errno): the queue is as it was. */
int	 announce_commit(struct announce *);
/* NULL is fine. */
void	 announce_abort(struct announce *);

/* How many are still to be told; -1 (errno). */
long	 announce_left(const char *state_dir, const char *table);

/*
 * Tell them by the template (a text with %a address, %u forwarding user, %c the
 * channels' address forms, one a line, and %% a percent sign; its first line
 * "Subject: ..." then a blank line).  An address that the table does not hold
 * (any more) is told nothing; the table's forwarding user counts.  progress is
 * called behind each (may be NULL), done being those told.  0: all told;
 * -1: the mailer failed, or it was interrupted (stop_fd readable), or another
 * run is under way: the rest stays in the queue.  The log tells all that went
 * wrong, and who may have been told or not as an earlier run was killed.
 */
int	 announce_run(const struct policy *, const char *table,
	    const char *template, int stop_fd,
	    void (*progress)(void *, long done, long all), void *arg);

#endif
