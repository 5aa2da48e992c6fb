/*
 * What an import would do, or what is wrong with its file, for a person or a
 * program.
 */
#ifndef IMPORT_SHOW_H
#define IMPORT_SHOW_H

#include <stdio.h>

#include "import.h"

struct import_names {
	const char	*table;
	const char	*file;		/* as the user called it */
	enum import_mode mode;
};

/* One a line: FILE:LINE: column N (Email): what, what would be right. */
void	 import_show_problems(FILE *, const struct import_names *,
	    const struct import_preview *);
void	 import_show_preview(FILE *, const struct import_names *,
	    const struct import_preview *);
/* In one line, what was done. */
void	 import_show_done(FILE *, const struct import_names *,
	    const struct import_preview *);
/* All of it.  0; -1: no memory. */
int	 import_show_json(FILE *, const struct import_names *,
	    const struct import_preview *, bool applied);

#endif
