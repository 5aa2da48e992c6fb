/*
 * A progress bar, on a terminal alone (standard error) and only where the work
 * takes longer than a second.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool	 on;
	bool	 drawn;		/* something stands on the line */
	int64_t	 since;		/* ms */
	int64_t	 shown;
};

void	 progress_begin(struct progress *);
/* May be called at any rate.  what is one word. */
void	 progress_show(struct progress *, const char *what, long long done,
	    long long all);
/* The line is empty again; the second begins anew. */
void	 progress_end(struct progress *);

#endif
