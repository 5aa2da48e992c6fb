/*
 * Deliveries that have succeeded: state-dir/done/HH/KEY, so that a retry after
 * a lost reply runs no backend twice.  A file is made and locked (flock) before
 * the run; it is empty until the backend's exit 0 is on disk in it: one line,
 * when and by which transaction.
 */
#ifndef DONE_H
#define DONE_H

#include <stdbool.h>

#define DONE_KEY_MAX	33	/* 32 lower-case hex digits and the NUL */
#define DONE_ID_MAX	40	/* of a transaction, as in the log */

enum done_answer {
	DONE_CLAIMED,		/* ours: run, then keep or release it */
	DONE_BEFORE,		/* delivered: answer 250 */
	DONE_HELD,		/* another handler is at it: 451 */
	DONE_FAILED		/* errno: 451 */
};

struct done {
	int	 fd;		/* -1: nothing is held */
	char	 key[DONE_KEY_MAX];
};

/*
 * remember is in seconds; what is older is as if it had never been (what is
 * from the future is not: the clock was wrong).  With
 * DONE_BEFORE id is the transaction that delivered it.  An empty file that
 * nobody holds is the claim of one who died: it is ours.
 */
enum done_answer
	 done_claim(const char *state_dir, const char *key,
	    unsigned long remember, struct done *, char id[DONE_ID_MAX]);

/* Exit 0: on disk when this returns 0; -1 (errno).  The claim ends. */
int	 done_keep(struct done *, const char *id);

/* Not delivered: whoever comes next may run.  The claim ends. */
void	 done_release(const char *state_dir, struct done *);

/* Remove what is older than remember, and claims of the dead.  Never what
 * another holds.  0, or -1 (errno). */
int	 done_sweep(const char *state_dir, unsigned long remember);

#endif
