/*
 * CSV files, read and written.  Trusts neither the file nor that it stays the
 * same; libcsv gets it line by line.
 */
#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <csv.h>

#include "csvfile.h"

#define BUFFER		65536
#define BOM		"\xef\xbb\xbf"

struct csvfile {
	int			 fd;
	off_t			 size;
	off_t			 at;	/* of the byte behind the buffer */
	struct csv_parser	 parser;
	unsigned long		 line;
	bool			 first;	/* no row yet: it may be the header */
	bool			 header;
	bool			 ended;	/* the row that is being read */
	struct csvfile_row	*row;	/* that is being read */
	size_t			 used;	/* of fields */
	char			 fields[CSVFILE_LINE_MAX + CSVFILE_COLUMNS];
	size_t			 begin;	/* what is in the buffer */
	size_t			 end;
	char			 buffer[BUFFER];
};

struct line {
	const char	*text;
	size_t		 len;
	bool		 cut;		/* too long for us */
};

static int
copy(int from, int to)
{
	char text[BUFFER];
	ssize_t n, done, rc;

	while ((n = read(from, text, sizeof(text))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		for (done = 0; done < n; done += rc)
			if ((rc = write(to, text + done,
			    (size_t)(n - done))) == -1)
				return -1;
	}
	return 0;
}

int
csvfile_settle(int fd, const char *dir)
{
	struct stat st;
	int saved, to;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	to = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (to != -1 && copy(fd, to) == -1) {
		saved = errno;
		close(to);
		errno = saved;
		to = -1;
	}
	saved = errno;
	close(fd);
	errno = saved;
	return to;
}

/* --- lines */

/* More behind what is in the buffer.  1, 0 at the end, or -1. */
static int
more(struct csvfile *f)
{
	ssize_t n;

	memmove(f->buffer, f->buffer + f->begin, f->end - f->begin);
	f->end -= f->begin;
	f->begin = 0;
	do
		n = pread(f->fd, f->buffer + f->end, BUFFER - f->end, f->at);
	while (n == -1 && errno == EINTR);
	if (n <= 0)
		return (int)n;
	f->end += (size_t)n;
	f->at += n;
	return 1;
}

/* The rest of a line of which the buffer holds only a part. */
static int
skip_line(struct csvfile *f)
{
	const char *lf;
	int rc;

	for (;;) {
		lf = memchr(f->buffer + f->begin, '\n', f->end - f->begin);
		if (lf != NULL) {
			f->begin = (size_t)(lf - f->buffer) + 1;
			return 1;
		}
		f->begin = f->end;
		if ((rc = more(f)) != 1)
			return rc == 0 ? 1 : -1;
	}
}

/* Without its end.  1, 0 at the end of the file, or -1. */
static int
next_line(struct csvfile *f, struct line *line)
{
	const char *text, *lf;
	size_t scanned = 0, n;
	int rc = 1;

	for (;;) {
		text = f->buffer + f->begin;
		n = f->end - f->begin;
		lf = memchr(text + scanned, '\n', n - scanned);
		if (lf != NULL || rc == 0 || n == BUFFER)
			break;
		scanned = n;
		if ((rc = more(f)) == -1)
			return -1;
	}
	if (n == 0)
		return 0;
	f->line++;
	line->text = text;
	line->len = lf != NULL ? (size_t)(lf - text) : n;
	line->cut = line->len > CSVFILE_LINE_MAX;
	if (lf == NULL && n == BUFFER)
		return skip_line(f);
	f->begin += line->len + (lf != NULL);
	if (line->len > 0 && text[line->len - 1] == '\r')
		line->len--;
	return 1;
}

/* --- rows */

static void
take_field(void *text, size_t n, void *arg)
{
	struct csvfile *f = arg;
	struct csvfile_row *row = f->row;
	char *to = f->fields + f->used;

	if (row->fields < CSVFILE_COLUMNS) {
		memcpy(to, text, n);
		to[n] = '\0';
		row->field[row->fields] = to;
		row->len[row->fields] = n;
		f->used += n + 1;
	}
	row->fields++;
}

static int
ends_row(unsigned char c)
{
	return c == '\n';
}

static void
end_row(int c, void *arg)
{
	struct csvfile *f = arg;

	(void)c;
	f->ended = true;
}

/* A line to libcsv, and what it thinks of it.  0, or -1. */
static int
parse(struct csvfile *f, const struct line *line)
{
	size_t n;

	f->ended = false;
	n = csv_parse(&f->parser, line->text, line->len, take_field, end_row,
	    f);
	if (n == line->len)
		csv_parse(&f->parser, "\n", 1, take_field, end_row, f);
	if (csv_error(&f->parser) == CSV_EPARSE)
		f->row->fault = CSVFILE_STRAY_QUOTE;
	else if (csv_error(&f->parser) != CSV_SUCCESS) {
		errno = ENOMEM;
		return -1;
	}
	if (f->ended)
		return 0;
	/* A field that is still open: this ends it, for the next line. */
	csv_fini(&f->parser, NULL, end_row, f);
	if (f->ended && f->row->fault == CSVFILE_SOUND)
		f->row->fault = CSVFILE_OPEN_QUOTE;
	return 0;
}

/* A line into f->row; no field where it is blank. */
static int
read_row(struct csvfile *f, const struct line *line)
{
	f->used = 0;
	memset(f->row, 0, sizeof(*f->row));
	f->row->field[0] = f->row->field[1] = "";
	f->row->line = f->line;
	if (line->cut) {
		f->row->fault = CSVFILE_LONG_LINE;
		return 0;
	}
	return parse(f, line);
}

static bool
is_header(const struct csvfile_row *row)
{
	return row->fault == CSVFILE_SOUND && row->fields == 2 &&
	    strcasecmp(row->field[0], "email") == 0 &&
	    strcasecmp(row->field[1], "username") == 0;
}

int
csvfile_next(struct csvfile *f, struct csvfile_row *row)
{
	struct line line = { 0 };
	int rc;

	f->row = row;
	while ((rc = next_line(f, &line)) == 1) {
		if (read_row(f, &line) == -1)
			return -1;
		if (row->fields == 0 && row->fault == CSVFILE_SOUND)
			continue;
		if (!f->first)
			return 1;
		f->first = false;
		if (!is_header(row))
			return 1;
		f->header = true;
	}
	return rc;
}

bool
csvfile_has_header(const struct csvfile *f)
{
	return f->header;
}

/* --- files */

/* The one of the two that a line has outside of quotes; 0: both or none. */
static char
separator_of(const char *text, size_t n)
{
	bool comma = false, semicolon = false, quoted = false;
	size_t i;

	for (i = 0; i < n; i++) {
		if (text[i] == '"')
			quoted = !quoted;
		comma |= !quoted && text[i] == ',';
		semicolon |= !quoted && text[i] == ';';
	}
	if (comma == semicolon)
		return '\0';
	return comma ? ',' : ';';
}

/* By the first line that tells, of those in the buffer. */
static char
find_separator(const struct csvfile *f)
{
	const char *p = f->buffer + f->begin, *end = f->buffer + f->end, *lf;
	char c = '\0';

	while (p < end && c == '\0') {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			lf = end;
		c = separator_of(p, (size_t)(lf - p));
		p = lf + 1;
	}
	return c != '\0' ? c : ',';
}

static int
begin(struct csvfile *f)
{
	const size_t bom = sizeof(BOM) - 1;
	struct stat st;

	if (fstat(f->fd, &st) == -1 || more(f) == -1)
		return -1;
	f->size = st.st_size;
	f->first = true;
	if (f->end >= bom && memcmp(f->buffer, BOM, bom) == 0)
		f->begin = bom;
	csv_set_delim(&f->parser, (unsigned char)find_separator(f));
	csv_set_term_func(&f->parser, ends_row);
	return 0;
}

struct csvfile *
csvfile_open(int fd)
{
	struct csvfile *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->fd = fd;
	if (csv_init(&f->parser, CSV_STRICT) != 0) {
		free(f);
		return NULL;
	}
	if (begin(f) == 0)
		return f;
	csvfile_close(f);
	return NULL;
}

off_t
csvfile_done(const struct csvfile *f)
{
	return f->at - (off_t)(f->end - f->begin);
}

off_t
csvfile_size(const struct csvfile *f)
{
	return f->size;
}

void
csvfile_close(struct csvfile *f)
{
	csv_free(&f->parser);
	free(f);
}

static int
write_field(FILE *to, const char *s)
{
	size_t n = strlen(s);

	if (n > 0 && strpbrk(s, ",;\" \t\r\n") == NULL)
		return fputs(s, to);
	return csv_fwrite(to, s, n);
}

int
csvfile_write(FILE *to, const char *address, const char *user)
{
	if (write_field(to, address) == EOF || putc(',', to) == EOF ||
	    write_field(to, user) == EOF || putc('\n', to) == EOF)
		return -1;
	return 0;
}
