/*
 * What the files below state-dir have in common: directories that are made
 * when first needed, whole files replaced by rename, locks, times as text.
 */
#ifndef STATE_H
#define STATE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define STATE_TIME_MAX	32	/* of a time as text, with its NUL */

/* Whether a name may be a file's here: value_name() takes no other.  What
 * begins with a dot is ours: locks, counters, files half written. */
bool	 state_name(const char *);

/*
 * A directory by its path below state_dir, to read.  -1 (errno): EPERM where
 * others than root and we may change what is in it.
 */
int	 state_open(const char *state_dir, const char *path);
/* The same, made (0700) where it is not there; state_dir itself never is. */
int	 state_make(const char *state_dir, const char *path);

/* A file's lock, waited for and held until the descriptor (open for reading
 * and writing) is closed.  Whoever holds it may remove the file.  -1 (errno) */
int	 state_lock(int dir, const char *name);
/* Not waited for: -1, EWOULDBLOCK, where another holds it. */
int	 state_try_lock(int dir, const char *name);

/*
 * A small text file, whole, with a NUL behind it, into size bytes.  Its length;
 * -1: EBADMSG where it is no plain file, is longer or holds a NUL; EPERM where
 * others may change it; or errno.
 */
ssize_t	 state_read(int dir, const char *name, char *text, size_t size);

/* Write it whole, to disk, by rename.  Not for two at once in a directory: the
 * caller holds a lock.  0, or -1 (errno). */
int	 state_write(int dir, const char *name, const char *text, size_t);

/*
 * Call f for every entry of a directory; with names of ours too.  0; -1 (errno)
 * where it cannot be read or an f returned -1: the rest is gone on with.
 */
int	 state_each(int dir, int (*f)(int dir, const char *name, void *),
	    void *arg);

/* close(2) that leaves errno as it is.  -1. */
int	 state_close(int fd);

/* EPERM where others than root and we may change what fd is.  0, or -1. */
int	 state_ours(int fd);

/* In UTC: "2026-01-31T23:59:59Z".  Returns out, STATE_TIME_MAX bytes. */
char	*state_time(char *out, time_t);
/* Only as state_time() writes it, and past 1970.  0, or -1. */
int	 state_read_time(const char *, time_t *);

#endif
