/*
 * Tables of addresses: state-dir/tables/NAME.cdb, from an address to its
 * forwarding user.  Constant databases (cdb), each replaced whole by rename;
 * table.c and table_make.c alone name cdb_*.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>

#include "table_row.h"

struct table;

/*
 * A name is one that value_name() takes.  What was opened stays the same table
 * whatever replaces it.  NULL: errno is ENOENT where there is none, EINVAL
 * where the name is none, EBADMSG where it is no table.  Freed by
 * table_close().
 */
struct table
	*table_open(const char *state_dir, const char *name);

/* For one who reads much of it: every page that is mapped counts as memory,
 * so read its rows piece by piece. */
void	 table_spare(struct table *);

/*
 * address: in lower case, its domain as A-labels.  1 found, user filled in;
 * 0 not there; -1: the file is damaged (EBADMSG) or cannot be read (errno).
 */
int	 table_find(const struct table *, const char *address,
	    char user[TABLE_USER_MAX]);

/* The rows in the order in which they were put in; *at begins as 0.  1 a row;
 * 0 no more; -1 as table_find(). */
int	 table_next(const struct table *, unsigned int *at,
	    char address[ADDR_MAX], char user[TABLE_USER_MAX]);

unsigned int
	 table_rows(const struct table *);

/* NULL is fine. */
void	 table_close(struct table *);

/* --- making one (table_make.c) */

/* A new table, made beside the old one. */
struct table_maker;

/* NULL: errno.  Waits for whoever makes the same table (flock). */
struct table_maker
	*table_make(const char *state_dir, const char *name);
/* 0, or -1 (errno).  Twice the same address is told by table_repeats(). */
int	 table_make_add(struct table_maker *, const char *address,
	    const char *user);
/* No more rows: from now on it can be read, nothing of it mapped.  Freed by
 * table_close(), before or after the maker. */
struct table
	*table_make_read(struct table_maker *);
/*
 * Each row whose address an earlier row has, in no order: each is called with
 * the address, the user of the first such row and that of this one.  0; -1 as
 * table_find(), or what each returned that was not 0.
 */
int	 table_repeats(const struct table *, int (*each)(void *,
	    const char *address, const char *first, const char *user), void *);
/* As table_next(), without the rows that table_repeats() tells. */
int	 table_next_once(const struct table *, unsigned int *at,
	    char address[ADDR_MAX], char user[TABLE_USER_MAX]);
/* Begin again, with no row; what table_make_read() gave can still be read.
 * 0, or -1 (errno): then only table_make_abort() is left. */
int	 table_make_anew(struct table_maker *);
/* On disk, in the old one's place, and freed.  0, or -1 (errno): the old one
 * stays, unless all that failed is to have the directory on disk too. */
int	 table_make_commit(struct table_maker *);
/* The old one stays.  NULL is fine. */
void	 table_make_abort(struct table_maker *);

#endif
