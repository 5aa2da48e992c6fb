/*
 * Text as it should reach a telephone: no control characters, no blank space
 * that nobody sees.  Pure.
 */
#ifndef TEXT_CLEAN_H
#define TEXT_CLEAN_H

#include <stddef.h>

#include "text_buf.h"

/*
 * Write text with each run of blanks in a line as one, and none at a line's
 * start (one at its end stays: a signature's line is "-- ").  Blanks of every
 * width become ' ', each kind of line end LF; control characters and marks of
 * no width go, but for joiners between two characters.  What is not UTF-8,
 * and control characters above 127, are windows-1252.
 */
void	 text_clean(const char *, size_t n, struct text_buf *out);

/*
 * Take, in place, the blanks off line ends, all but one of several empty
 * lines, and empty lines at both ends.  For what text_clean() wrote.
 */
void	 text_fold(struct text_buf *);

/* As text_fold(), and all of it in one line. */
void	 text_fold_line(struct text_buf *);

#endif
