/*
 * CSV files of two columns, "Email,Username", read line by line (RFC 4180;
 * UTF-8 with or without BOM, CRLF or LF, "," or ";"); this alone names csv_*.
 * A field never runs over the end of its line: an unclosed quote costs one
 * line, not the rest of the file.
 */
#ifndef CSVFILE_H
#define CSVFILE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdio.h>

#define CSVFILE_LINE_MAX	4096	/* bytes of a line */
#define CSVFILE_COLUMNS		2

enum csvfile_fault {
	CSVFILE_SOUND,
	CSVFILE_OPEN_QUOTE,	/* the line ends inside quotes */
	CSVFILE_STRAY_QUOTE,	/* a quote inside a field, or text behind one */
	CSVFILE_LONG_LINE
};

struct csvfile_row {
	unsigned long	 line;		/* the first is 1 */
	enum csvfile_fault fault;
	unsigned int	 fields;	/* of the line, also more than two; with
					 * a fault: those before it */
	const char	*field[CSVFILE_COLUMNS]; /* "" where there is none;
					 * valid until the next row */
	size_t		 len[CSVFILE_COLUMNS];	/* a field may hold NULs */
};

struct csvfile;

/* A file that is not regular copied into one without a name in dir; another as
 * it is.  Takes the descriptor.  -1: errno. */
int	 csvfile_settle(int fd, const char *dir);

/* fd is a regular file and stays the caller's; it is read from its beginning,
 * its offset does not count.  NULL: errno. */
struct csvfile
	*csvfile_open(int fd);

/* The next row; blank lines and a header are none.  1, 0 at the end, or -1
 * (errno). */
int	 csvfile_next(struct csvfile *, struct csvfile_row *);

/* Whether a header was there: known once a row, or the end, was told. */
bool	 csvfile_has_header(const struct csvfile *);

/* Bytes that were read, and all there are. */
off_t	 csvfile_done(const struct csvfile *);
off_t	 csvfile_size(const struct csvfile *);

void	 csvfile_close(struct csvfile *);

/* A row that csvfile_next() reads back as it is.  0, or -1 (errno). */
int	 csvfile_write(FILE *, const char *, const char *);

#endif
