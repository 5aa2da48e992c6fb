/*
 * What a program that we run writes: into the log, line by line.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#define OUTPUT_LINE_MAX	512
#define OUTPUT_LINES_MAX	50	/* that reach the log */

struct output {
	int		 fd;		/* O_NONBLOCK; -1: closed */
	int		 other;		/* its write end; -1: closed */
	unsigned int	 lines;
	size_t		 len;
	char		 line[OUTPUT_LINE_MAX];
	char		 first[OUTPUT_LINE_MAX];	/* line of all; "" */
};

/*
 * A pipe for it, closed on exec; *write_end is for the program.  0, or -1 and
 * errno; then it is closed, as by output_end().  We hold that end ourselves, so
 * that a program that closes it wakes nobody: that it has ended, others tell.
 */
int	 output_open(struct output *, int *write_end);

/* Read what was written so far, in who's name; never waits. */
void	 output_read(struct output *, const char *who);

/*
 * Whether the first line begins with an enhanced status code of class 4 or 5
 * (RFC 3463): "5.1.1 text".  The code, and the text made safe; both are cut.
 */
bool	 output_status(const struct output *, char *code, size_t code_size,
	    char *text, size_t text_size);

/* There will be no more: log what has no line end, and close both ends. */
void	 output_end(struct output *, const char *who);

#endif
