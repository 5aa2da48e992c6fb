/*
 * Fuzz target of csvfile.c.  Input: a CSV file.  What comes out keeps the
 * bounds, is the same when it is read again, and what is read back of what is
 * written is the same once more.
 */
#include <sys/mman.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "csvfile.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check(const struct csvfile_row *row, unsigned long line)
{
	size_t	 i;

	must(row->line > line && row->fault <= CSVFILE_LONG_LINE);
	must(row->fields > 0 || row->fault != CSVFILE_SOUND);
	must(row->len[0] + row->len[1] <= CSVFILE_LINE_MAX);
	for (i = 0; i < CSVFILE_COLUMNS; i++)
		must(row->field[i][row->len[i]] == '\0' &&
		    memchr(row->field[i], '\n', row->len[i]) == NULL);
}

static bool
can_be_written(const struct csvfile_row *row)
{
	return row->fault == CSVFILE_SOUND && row->fields == 2 &&
	    strlen(row->field[0]) == row->len[0] &&
	    strlen(row->field[1]) == row->len[1] &&
	    strpbrk(row->field[0], "\r") == NULL &&
	    strpbrk(row->field[1], "\r") == NULL &&
	    2 * (row->len[0] + row->len[1]) + 6 <= CSVFILE_LINE_MAX;
}

/* The sum of all rows, which go to out, too, where it is not NULL. */
static uint64_t
read_all(int fd, FILE *out)
{
	struct csvfile		*f = csvfile_open(fd);
	struct csvfile_row	 row;
	unsigned long		 line = 0;
	uint64_t		 sum = 0;
	size_t			 i;
	int			 rc;

	must(f != NULL);
	while ((rc = csvfile_next(f, &row)) == 1) {
		check(&row, line);
		line = row.line;
		if (!can_be_written(&row))
			continue;
		for (i = 0; i <= row.len[0]; i++)
			sum = sum * 31 + (uint8_t)row.field[0][i];
		for (i = 0; i <= row.len[1]; i++)
			sum = sum * 31 + (uint8_t)row.field[1][i];
		if (out != NULL)
			must(csvfile_write(out, row.field[0],
			    row.field[1]) == 0);
	}
	must(rc == 0 && csvfile_done(f) == csvfile_size(f));
	csvfile_close(f);
	return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	int		 fd = memfd_create("csv", 0);
	FILE		*again = fdopen(memfd_create("again", 0), "w+");
	uint64_t	 sum;

	must(fd != -1 && again != NULL);
	must(write(fd, input, size) == (ssize_t)size);
	fputs("Email,Username\n", again);
	sum = read_all(fd, again);
	must(read_all(fd, NULL) == sum);
	must(fflush(again) == 0 && read_all(fileno(again), NULL) == sum);
	fclose(again);
	close(fd);
	return 0;
}
