/*
 * An import: a CSV file read and checked, held against the table that there
 * is, and put in its place.  No terminal, no printing.
 *
 *	import_begin, import_read (again after an edit), import_commit, _free
 */
#ifndef IMPORT_H
#define IMPORT_H

#include "import_row.h"

#define IMPORT_LIST_MAX	20	/* rows that a preview names of each kind */

enum import_mode {
	IMPORT_MERGE,		/* rows that the file does not have stay */
	IMPORT_REPLACE
};

enum import_kind {
	IMPORT_ADDED,
	IMPORT_CHANGED,
	IMPORT_REMOVED,
	IMPORT_KINDS
};

struct import_row {
	char		 address[ADDR_MAX];
	char		 user[TABLE_USER_MAX];	/* removed: as it was */
	char		 before[TABLE_USER_MAX]; /* changed only */
};

struct import_list {
	unsigned int	 count;
	unsigned int	 n;		/* of row, IMPORT_LIST_MAX at most */
	struct import_row row[IMPORT_LIST_MAX];
};

struct import_preview {
	struct import_list list[IMPORT_KINDS];
	unsigned int	 unchanged;
	unsigned int	 kept;		/* that the file does not have */
	unsigned long	 repeated;	/* rows that were there before, with
					 * the same user */
	bool		 mends;		/* the old table is damaged: it counts
					 * as empty (IMPORT_REPLACE only) */
	struct import_problems problems;
};

/* May be called often; what is a word for the work. */
struct import_progress {
	void		(*tell)(void *, const char *what, long long done,
			    long long all);
	void		*arg;
};

struct import;

/* Locks the table, and waits for that.  NULL: errno. */
struct import
	*import_begin(const char *state_dir, const char *table,
	    enum import_mode, const struct import_progress *);

/* fd is a regular file.  0: the preview is there; 1: it has problems; -1:
 * errno (EBADMSG: the table that is there is damaged; ESTALE: the file was
 * changed meanwhile). */
int	 import_read(struct import *, int fd);

const struct import_preview
	*import_preview(const struct import *);

/* Whether import_commit() would change anything. */
bool	 import_changes(const struct import *);

/* Each address that is added.  0; -1 (errno), or what each returned that was
 * not 0. */
int	 import_added(const struct import *, int (*each)(void *,
	    const char *address, const char *user), void *);

/* After import_read() gave 0.  All or nothing.  0, or -1 (errno). */
int	 import_commit(struct import *);

/* NULL is fine. */
void	 import_free(struct import *);

#endif
