/*
 * How many in any window of time: state-dir/KIND/ACCOUNT, a line of fixed
 * length for each place of the window: when it was taken, in ms since 1970, or
 * zero; changed under a lock, state-dir/KIND/.ACCOUNT.lock.  Exact with
 * any number of handlers at once, and after kill -9 at any moment (what was
 * reserved then counts until its window ends).
 */
#ifndef RATE_H
#define RATE_H

#include <stdint.h>

#define RATE_COUNT_MAX	100000	/* as value_rate() has it */

struct rate {
	unsigned int	 count;
	unsigned int	 seconds;	/* of the window */
};

/* A place that was reserved. */
struct rate_place {
	unsigned int	 nth;
	int64_t		 when;
};

/* "60/hour", as value_rate() takes it.  0, or -1 ("" is no rate). */
int	 rate_read(const char *, struct rate *);

/*
 * kind is a directory's name: "rate" or "notices".  1 reserved; 0 spent; -1:
 * the state cannot be read or written (errno).  A file that is damaged counts
 * as full of places taken now, and so mends itself.  So does a place that was
 * taken in the future: the clock was wrong.
 */
int	 rate_reserve(const char *state_dir, const char *kind,
	    const char *account, const struct rate *, struct rate_place *);

/* It was not used after all: free again, if it still is the one that was
 * reserved.  0, or -1 (errno). */
int	 rate_return(const char *state_dir, const char *kind,
	    const char *account, const struct rate_place *);

/* For sweep: remove files whose newest place is older than seconds.  0, or -1
 * (errno). */
int	 rate_sweep(const char *state_dir, const char *kind,
	    unsigned int seconds);

#endif
