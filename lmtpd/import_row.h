/*
 * What an import has to say of the rows of its file, and the rows themselves,
 * checked.
 */
#ifndef IMPORT_ROW_H
#define IMPORT_ROW_H

#include <stddef.h>
#include <stdio.h>

#include "csvfile.h"
#include "table_row.h"

#define IMPORT_PROBLEMS_MAX	1000	/* more are only counted */

struct import_problem {
	unsigned long	 line;
	unsigned int	 column;
	char		*text;		/* what, and what would be right */
};

struct import_problems {
	struct import_problem	*v;
	size_t			 n;
	unsigned long		 more;
};

/* 0; -1: no memory. */
int	 import_problem_add(struct import_problems *, unsigned long line,
	    unsigned int column, const char *fmt, ...)
	    __attribute__((format(printf, 4, 5)));
/* By line and column. */
void	 import_problem_sort(struct import_problems *);
void	 import_problem_clear(struct import_problems *);
/* "Email", "Username", or "" for a column that should not be there. */
const char
	*import_column(unsigned int column);

/*
 * The address, in lower case and with A-labels, and the forwarding user of a
 * row.  1; 0 where it has problems, which are added; -1 no memory.
 */
int	 import_row_read(const struct csvfile_row *, struct import_problems *,
	    char address[ADDR_MAX], char user[TABLE_USER_MAX]);

#endif
