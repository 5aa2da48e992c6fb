/*
 * What reading and making a table share; nobody else includes this.
 */
#ifndef TABLE_FILE_H
#define TABLE_FILE_H

#include <stdbool.h>

struct table;

#define TABLE_DIRECTORY	"tables"
#define TABLE_SUFFIX	".cdb"
#define TABLE_ROOTS	256	/* hash tables of a cdb, at its head */
#define TABLE_HEAD	2048	/* bytes of that head */

struct slot {
	unsigned int	 hash;
	unsigned int	 pos;	/* of the record; 0: free */
};

/* Takes the descriptor, also where it fails. */
struct table
	*table_open_fd(int fd, bool mapped);

/* The hash tables, 0 to TABLE_ROOTS - 1: how many slots one has. */
unsigned int
	 table_slots(const struct table *, unsigned int root);
/* 0, or -1. */
int	 table_slot(const struct table *, unsigned int root, unsigned int nth,
	    struct slot *);
/* The first record with a key.  1, 0, or -1 as table_find(). */
int	 table_first(const struct table *, const char *key, unsigned int klen,
	    unsigned int *pos);

#endif
