/*
 * Server addresses that an account's registered senders came from:
 * state-dir/seen/ACCOUNT/ADDRESS, one small text file each, made once and
 * replaced by rename when its admins were told.
 */
#ifndef SEEN_H
#define SEEN_H

#include <stdbool.h>

#include "seen_text.h"

/* The text of a client's address: IPv6 by /64, unmapped; "" of none. */
void	 seen_where(const struct ip_addr *, char out[SEEN_WHERE_MAX]);

/*
 * Note it unless it is there.  1 it is new, to one caller alone of many; 0 seen
 * before; 2 there is no room, and that is counted: what was not authorised has
 * half of it; -1 (errno; EINVAL: where is none).
 */
int	 seen_note(const char *state_dir, const char *account,
	    const struct seen *);

/* How many were too many, since the last was forgotten; -1 (errno). */
long	 seen_dropped(const char *state_dir, const char *account);

/* Whether the account has entries that nobody was told of: cheap. */
bool	 seen_untold(const char *state_dir, const char *account);

/*
 * Keep other tellers of the account away until the descriptor is closed, or
 * the process ends.  -1: another is at it (EWOULDBLOCK), or failure (errno).
 */
int	 seen_lock(const char *state_dir, const char *account);
/* The same for all accounts at once: one teller is enough. */
int	 seen_lock_all(const char *state_dir);

/*
 * Every entry, sorted by time; untold only, where asked.  The caller frees the
 * array.  -1 (errno); a damaged file is passed over and logged.
 */
long	 seen_list(const char *state_dir, const char *account, bool untold,
	    struct seen **);

/* Write an entry anew, once it is told.  0, or -1 (errno); one that was
 * forgotten meanwhile stays so: 0. */
int	 seen_write(const char *state_dir, const char *account,
	    const struct seen *);

/* All are told: seen_untold() says no from now on, unless one was noted since
 * the list was made.  0, or -1 (errno). */
int	 seen_all_told(const char *state_dir, const char *account);

/* Remove one, or all where where is NULL.  1 removed, 0 none there, -1. */
int	 seen_forget(const char *state_dir, const char *account,
	    const char *where);

#endif
