/*
 * Addresses that a file to be imported has more than once, found without
 * keeping the file.
 */
#ifndef IMPORT_TWICE_H
#define IMPORT_TWICE_H

#include "import_row.h"

#define TWICE_RECENT		1024
#define TWICE_SUSPECTS_MAX	IMPORT_PROBLEMS_MAX

/* The last rows, each in a place that its address tells. */
struct twice_recent {
	char		 address[ADDR_MAX];
	char		 user[TABLE_USER_MAX];
};

/* An address that has several users. */
struct twice_suspect {
	char		*address;
	unsigned long	 line;		/* the first one's; 0: not yet seen */
	char		 user[TABLE_USER_MAX];
};

struct twice {
	struct twice_recent	 recent[TWICE_RECENT];
	struct twice_suspect	 suspect[TWICE_SUSPECTS_MAX];	/* sorted */
	size_t			 suspects;
	unsigned long		 more;	/* that had no room */
};

void	 twice_clear(struct twice *);

/*
 * Whether the address was there a short while ago: 2 with the same user; 1
 * with another one, it is now a suspect; 0 no, or not known any more; -1 no
 * memory.
 */
int	 twice_recent(struct twice *, const char *address, const char *user);

/* 0, or -1: no memory. */
int	 twice_suspect(struct twice *, const char *address);

/*
 * A row of the file, which is read once more: of a suspect the first user is
 * taken as right, another is a problem.  0, or -1: no memory.
 */
int	 twice_tell(struct twice *, struct import_problems *,
	    unsigned long line, const char *address, const char *user);

#endif
