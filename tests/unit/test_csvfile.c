/*
 * CSV files as people and spreadsheets write them, and as nobody should.
 */
#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "csvfile.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define BOM		"\xef\xbb\xbf"

static int
file_of(const char *text, size_t n)
{
	int fd = memfd_create("csv", MFD_CLOEXEC);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, n), n);
	return fd;
}

/* A row as "line|field|field", with the count of fields or the fault. */
static void
write_row(FILE *out, const struct csvfile_row *row)
{
	static const char *const faults[] = { "", "open", "stray", "long" };

	fprintf(out, "%lu", row->line);
	if (row->fault != CSVFILE_SOUND)
		fprintf(out, " %s at %u", faults[row->fault], row->fields);
	else if (row->fields != 2)
		fprintf(out, " %u fields", row->fields);
	else
		fprintf(out, "|%s|%s", row->field[0], row->field[1]);
	fputc('\n', out);
}

static void
assert_read(const char *text, size_t n, const char *want, bool header)
{
	int fd = file_of(text, n);
	struct csvfile *f = csvfile_open(fd);
	struct csvfile_row row;
	char got[2048] = "";
	FILE *out = fmemopen(got, sizeof(got), "w");
	int rc;

	assert_non_null(f);
	while ((rc = csvfile_next(f, &row)) == 1)
		write_row(out, &row);
	assert_int_equal(rc, 0);
	assert_int_equal(csvfile_next(f, &row), 0);
	fclose(out);
	assert_string_equal(got, want);
	assert_int_equal(csvfile_has_header(f), header);
	assert_int_equal(csvfile_size(f), n);
	assert_int_equal(csvfile_done(f), n);
	csvfile_close(f);
	close(fd);
}

static const struct {
	const char	*text;
	const char	*rows;
	bool		 header;
} files[] = {
	{ "", "", false },
	{ BOM, "", false },
	{ "\n\r\n \t\n", "", false },
	{ "Email,Username\n", "", true },
	{ BOM "EMAIL;username\r\na@b.c;u\r\n", "2|a@b.c|u\n", true },
	{ "\n\n\"Email\",\"Username\"\na,b\n", "4|a|b\n", true },
	/* only the first row may be one */
	{ "a,b\nEmail,Username\n", "1|a|b\n2|Email|Username\n", false },
	{ "Username,Email\n", "1|Username|Email\n", false },
	{ "Email,Username,x\n", "1 3 fields\n", false },
	{ "a@b.c,u", "1|a@b.c|u\n", false },
	{ "a,b\n\nc,d\r\n\r\ne,f", "1|a|b\n3|c|d\n5|e|f\n", false },
	{ " a\t, b \n", "1|a|b\n", false },
	{ "\" a\",\"b \"\n", "1| a|b \n", false },
	{ "\"a,b\",\"c\"\"d\"\n", "1|a,b|c\"d\n", false },
	{ "a\n", "1 1 fields\n", false },
	{ ",\n", "1||\n", false },
	{ "a,\n", "1|a|\n", false },
	{ "a,b,c\na,b,c,d\n", "1 3 fields\n2 4 fields\n", false },
	/* a lone CR ends no line */
	{ "a,b\rc,d\n", "1 3 fields\n", false },
	/* the separator */
	{ "a;b\nc,d;e\n", "1|a|b\n2|c,d|e\n", false },
	{ "a;x,b\nc,d\n", "1|a;x|b\n2|c|d\n", false },
	{ "\"a;b\",c\n", "1|a;b|c\n", false },
	{ "a;b,c\n", "1|a;b|c\n", false },
	{ "a\nb;c\n", "1 1 fields\n2|b|c\n", false },
	/* a fault costs its line */
	{ "\"a,b\nc,d\n", "1 open at 0\n2|c|d\n", false },
	{ "a,\"b\nc,d\n", "1 open at 1\n2|c|d\n", false },
	{ "\"\nc,d\n", "1 open at 0\n2|c|d\n", false },
	{ "a,\"b\"\"\nc,d\n", "1 open at 1\n2|c|d\n", false },
	{ "c,d\n\"a,b", "1|c|d\n2 open at 0\n", false },
	{ "a\"b,c\nd,e\n", "1 stray at 0\n2|d|e\n", false },
	{ "a,\"b\"c\nd,e\n", "1 stray at 1\n2|d|e\n", false },
	{ "\"a\" ,b\n", "1|a|b\n", false },
};

static void
files_are_read(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(files); i++)
		assert_read(files[i].text, strlen(files[i].text),
		    files[i].rows, files[i].header);
}

static void
a_field_may_hold_a_nul(void **state)
{
	int fd = file_of("a\0b,c\n", 6);
	struct csvfile *f = csvfile_open(fd);
	struct csvfile_row row;

	(void)state;
	assert_int_equal(csvfile_next(f, &row), 1);
	assert_int_equal(row.fields, 2);
	assert_int_equal(row.len[0], 3);
	assert_memory_equal(row.field[0], "a\0b", 4);
	assert_int_equal(row.len[1], 1);
	csvfile_close(f);
	close(fd);
}

/* Around the bound of a line, and around the buffer's, which is 64 KiB. */
static void
long_lines_cost_themselves(void **state)
{
	static const size_t sizes[] = { 4095, 4096, 4097, 65530, 65531, 65532,
	    65533, 65534, 65535, 65536, 65537, 131071, 131072, 131073,
	    300000 };
	char *text = malloc(400000), want[64];
	size_t i, n;

	(void)state;
	for (i = 0; i < NELEM(sizes); i++) {
		n = sizes[i];
		memset(text, 'x', n);
		memcpy(text + n, "\nd,e\n", 6);
		snprintf(want, sizeof(want), "1 %s\n2|d|e\n",
		    n <= CSVFILE_LINE_MAX ? "1 fields" : "long at 0");
		assert_read(text, n + 5, want, false);
		snprintf(want, sizeof(want), "1 %s\n",
		    n <= CSVFILE_LINE_MAX ? "1 fields" : "long at 0");
		assert_read(text, n, want, false);
	}
	free(text);
}

/* Lines that lie across the ends of the buffer. */
static void
many_lines_are_read(void **state)
{
	int fd = memfd_create("csv", MFD_CLOEXEC);
	FILE *out = fdopen(dup(fd), "w");
	struct csvfile *f;
	struct csvfile_row row;
	unsigned int i;
	char want[64];

	(void)state;
	for (i = 1; i <= 30000; i++)
		fprintf(out, "a%u,b%u%s", i, i * 7, i % 3 ? "\n" : "\r\n");
	fclose(out);
	f = csvfile_open(fd);
	for (i = 1; i <= 30000; i++) {
		assert_int_equal(csvfile_next(f, &row), 1);
		assert_int_equal(row.line, i);
		snprintf(want, sizeof(want), "a%u", i);
		assert_string_equal(row.field[0], want);
		snprintf(want, sizeof(want), "b%u", i * 7);
		assert_string_equal(row.field[1], want);
	}
	assert_int_equal(csvfile_next(f, &row), 0);
	csvfile_close(f);
	close(fd);
}

static void
a_directory_is_an_error(void **state)
{
	int fd = open("/", O_RDONLY);

	(void)state;
	assert_null(csvfile_open(fd));
	assert_int_equal(errno, EISDIR);
	close(fd);
}

static void
a_pipe_is_copied(void **state)
{
	struct csvfile_row row;
	struct csvfile *f;
	int fd[2], regular = file_of("", 0);

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(write(fd[1], "a,b\n", 4), 4);
	close(fd[1]);
	fd[0] = csvfile_settle(fd[0], "/tmp");
	assert_int_not_equal(fd[0], -1);
	f = csvfile_open(fd[0]);
	assert_int_equal(csvfile_next(f, &row), 1);
	assert_string_equal(row.field[1], "b");
	csvfile_close(f);
	close(fd[0]);
	assert_int_equal(csvfile_settle(regular, "/nonexistent"), regular);
	close(regular);
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(csvfile_settle(fd[0], "/nonexistent"), -1);
	assert_int_equal(errno, ENOENT);
	close(fd[1]);
}

/* What is written is read back, whatever stands in it. */
static void
rows_are_written(void **state)
{
	static const char *const texts[] = { "a", "", "a,b", "a;b", "\"a\"",
	    "\"", " a", "a ", "\t", "a\"b", "\xc3\xbc", ";;", "Email" };
	int fd = memfd_create("csv", MFD_CLOEXEC);
	FILE *out = fdopen(dup(fd), "w");
	struct csvfile_row row;
	struct csvfile *f;
	size_t i, j;

	(void)state;
	fputs("Email,Username\n", out);
	for (i = 0; i < NELEM(texts); i++)
		for (j = 0; j < NELEM(texts); j++)
			assert_int_equal(csvfile_write(out, texts[i],
			    texts[j]), 0);
	fclose(out);
	f = csvfile_open(fd);
	for (i = 0; i < NELEM(texts); i++)
		for (j = 0; j < NELEM(texts); j++) {
			assert_int_equal(csvfile_next(f, &row), 1);
			assert_int_equal(row.fault, CSVFILE_SOUND);
			assert_int_equal(row.fields, 2);
			assert_string_equal(row.field[0], texts[i]);
			assert_string_equal(row.field[1], texts[j]);
		}
	assert_int_equal(csvfile_next(f, &row), 0);
	csvfile_close(f);
	close(fd);
}

static void
a_full_disk_is_told(void **state)
{
	FILE *out = fopen("/dev/full", "w");

	(void)state;
	setvbuf(out, NULL, _IONBF, 0);
	assert_int_equal(csvfile_write(out, "a", "b"), -1);
	assert_int_equal(csvfile_write(out, "a,", "b"), -1);
	fclose(out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_read),
		cmocka_unit_test(a_field_may_hold_a_nul),
		cmocka_unit_test(long_lines_cost_themselves),
		cmocka_unit_test(many_lines_are_read),
		cmocka_unit_test(a_directory_is_an_error),
		cmocka_unit_test(a_pipe_is_copied),
		cmocka_unit_test(rows_are_written),
		cmocka_unit_test(a_full_disk_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
