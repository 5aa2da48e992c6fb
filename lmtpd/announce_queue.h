/*
 * The queue file of announce.h: its lock, its lines, its marks.
 */
#ifndef ANNOUNCE_QUEUE_H
#define ANNOUNCE_QUEUE_H

#include <stddef.h>

#include "addr.h"

enum mark {
	MARK_WAITING = '+',
	MARK_FAILED = '!',
	MARK_HANDED = '?',
	MARK_OVER = '-'
};

struct queue {
	int		 dir;		/* state-dir/tables */
	int		 lock;
	int		 fd;		/* -1: there is no queue */
	char		*name;		/* NAME.notify */
	const char	*text;		/* of the whole file */
	size_t		 len;
};

struct queue_line {
	size_t		 at;		/* its mark's offset */
	size_t		 len;		/* with its end */
	enum mark	 mark;
	char		 address[ADDR_MAX];
};

/*
 * The queue, and nobody else's until it is closed; the directory is made where
 * make is true.  0; or -1: errno is EWOULDBLOCK where another has it, ENOENT
 * without a directory.
 */
int	 queue_open(struct queue *, const char *state_dir, const char *table,
	    bool make);
/* Only to look at. */
int	 queue_look(struct queue *, const char *state_dir, const char *table);
void	 queue_close(struct queue *);

/* The line at *at or the next that is one; 1, or 0 behind the last. */
int	 queue_next(const struct queue *, size_t *at, struct queue_line *);

/* How many are waiting or have failed. */
long	 queue_left(const struct queue *);

/* On disk when it returns 0; -1 (errno). */
int	 queue_mark(const struct queue *, const struct queue_line *,
	    enum mark);

/* All is over.  0, or -1 (errno). */
int	 queue_remove(const struct queue *);

#endif
