/*
 * Imports, without a terminal: what is told of a file, what becomes of the
 * table, and that a file with a problem changes nothing.
 */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "dir_site.h"
#include "import.h"
#include "table.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define TEN		"0123456789"
#define FIFTY		TEN TEN TEN TEN TEN

static int
file_of(const char *text)
{
	int fd = memfd_create("csv", MFD_CLOEXEC);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static struct import *
begin(enum import_mode mode)
{
	const struct import_progress none = { NULL, NULL };
	struct import *im = import_begin(dir, "staff", mode, &none);

	assert_non_null(im);
	return im;
}

static int
read_text(struct import *im, const char *text)
{
	int fd = file_of(text), rc;

	rc = import_read(im, fd);
	close(fd);
	return rc;
}

static void
apply(const char *text, enum import_mode mode)
{
	struct import *im = begin(mode);

	assert_int_equal(read_text(im, text), 0);
	assert_int_equal(import_commit(im), 0);
	import_free(im);
}

/* The table, as "address user\n" each. */
static void
assert_table(const char *want)
{
	char address[ADDR_MAX], user[TABLE_USER_MAX], got[1024] = "";
	struct table *t = table_open(dir, "staff");
	unsigned int at = 0;
	int rc;

	assert_non_null(t);
	while ((rc = table_next(t, &at, address, user)) == 1) {
		strlcat(got, address, sizeof(got));
		strlcat(got, " ", sizeof(got));
		strlcat(got, user, sizeof(got));
		strlcat(got, "\n", sizeof(got));
	}
	assert_int_equal(rc, 0);
	assert_string_equal(got, want);
	table_close(t);
}

/* A preview as "+1 ~2 -3 =4 k5 r6". */
static void
assert_counts(const struct import *im, const char *want)
{
	const struct import_preview *p = import_preview(im);
	char got[128];

	snprintf(got, sizeof(got), "+%u ~%u -%u =%u k%u r%lu",
	    p->list[IMPORT_ADDED].count, p->list[IMPORT_CHANGED].count,
	    p->list[IMPORT_REMOVED].count, p->unchanged, p->kept,
	    p->repeated);
	assert_string_equal(got, want);
}

/* So many lines, in each of which its number may stand twice; to be freed. */
static char *
many_lines(const char *format, unsigned int lines)
{
	char *text;
	size_t n;
	FILE *f = open_memstream(&text, &n);
	unsigned int i;

	for (i = 0; i < lines; i++)
		fprintf(f, format, i, i);
	fclose(f);
	return text;
}

/* --- what a row comes to */

static const char *const same[][2] = {
	{ "alice@example.com", "alice@example.com" },
	{ "Alice.B@Example.COM", "alice.b@example.com" },
	{ "alice@b\xc3\xbc" "cher.example", "alice@xn--bcher-kva.example" },
	{ "a@[192.0.2.1]", "a@[192.0.2.1]" },
	{ "\"\"\"alice\"\"@example.com\"", "alice@example.com" },
	{ "\"\"\"a b\"\"@example.com\"", "\"a b\"@example.com" },
	{ "\xc3\x9c@example.com", "\xc3\x9c@example.com" },
};

static void
addresses_are_folded(void **state)
{
	char text[256], want[256];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(same); i++) {
		snprintf(text, sizeof(text), "%s,acme.x\n", same[i][0]);
		snprintf(want, sizeof(want), "%s acme.x\n", same[i][1]);
		apply(text, IMPORT_REPLACE);
		assert_table(want);
	}
}

/* The problem of a file's only one, as "line:column text". */
static const char *const problems[][2] = {
	{ "a@b.example,u\nfoo,u\n", "2:1 \"foo\" is not an address: its "
	    "domain is missing" },
	{ "foo bar@x.example,u\n", "1:1 \"foo bar@x.example\" is not an "
	    "address: write an address such as \"alice@example.com\"" },
	{ ",u\n", "1:1 empty address: one such as \"alice@example.com\" would "
	    "be right" },
	{ "a@b.example,\n", "1:2 empty user: the forwarding user of the "
	    "address would be right" },
	{ "a@b.example,\"\"\n", "1:2 empty user: the forwarding user of the "
	    "address would be right" },
	{ "a@b.example\n", "1:2 missing, the line has one column: two would "
	    "be right, \"Email,Username\"" },
	{ "a@b.example,u,v\n", "1:3 one too many, the line has 3 columns: two "
	    "would be right, \"Email,Username\"" },
	{ "a\x01@b.example,u\n", "1:1 \"a\\001@b.example\" has a control "
	    "character or malformed UTF-8: plain text in UTF-8 would be "
	    "right" },
	{ "a@b.example,\x1b[31mu\n", "1:2 \"\\033[31mu\" has a control "
	    "character or malformed UTF-8: plain text in UTF-8 would be "
	    "right" },
	{ "a@b.example,\xff\n", "1:2 \"\\377\" has a control character or "
	    "malformed UTF-8: plain text in UTF-8 would be right" },
	{ "a@b.example,u\rx\n", "1:2 \"u\\015x\" has a control character or "
	    "malformed UTF-8: plain text in UTF-8 would be right" },
	{ "a@b.example,\xc3\xbc\n", "1:2 \"\\303\\274\" is not a user: it is "
	    "printable ASCII without blanks" },
	{ "a@b.example,u v\n", "1:2 \"u v\" is not a user: it is printable "
	    "ASCII without blanks" },
	{ "a@b.example,-v\n", "1:2 \"-v\" is not a user: it does not begin "
	    "with \"-\"" },
	{ "a@b.example," FIFTY FIFTY FIFTY FIFTY FIFTY "123456\n", "1:2 \"" FIFTY
	    FIFTY TEN TEN "\"... is not a user: it has up to 255 characters" },
	{ "\n\"a@b.example,u\nc@d.example,u\n", "2:1 unclosed quote: the line "
	    "must have a second one" },
	{ "a@b.example,u\"v\n", "1:2 a quote where none may be: quotes stand "
	    "around the whole field, and twice inside it" },
	{ "prvs=1=a@b.example,u\n", "1:1 \"prvs=1=a@b.example\" is not an "
	    "address: write it without its \"prvs=\" tag, which is taken off "
	    "before comparing" },
	{ "A@b.example,u\na@B.example,v\na@b.example,u\n", "2:2 \"v\": "
	    "duplicate, line 1 gives the same address to \"u\": one user "
	    "would be right" },
};

static void
problems_are_told(void **state)
{
	const struct import_preview *p;
	struct import *im;
	char got[512];
	size_t i;

	(void)state;
	apply("x@y.example,kept\n", IMPORT_MERGE);
	im = begin(IMPORT_REPLACE);
	for (i = 0; i < NELEM(problems); i++) {
		assert_int_equal(read_text(im, problems[i][0]), 1);
		p = import_preview(im);
		assert_int_equal(p->problems.n, 1);
		snprintf(got, sizeof(got), "%lu:%u %s",
		    p->problems.v[0].line, p->problems.v[0].column,
		    p->problems.v[0].text);
		assert_string_equal(got, problems[i][1]);
	}
	import_free(im);
	assert_table("x@y.example kept\n");
}

static void
the_longest_user_is_taken(void **state)
{
	struct import *im = begin(IMPORT_MERGE);

	(void)state;
	assert_int_equal(read_text(im, "a@b.example," FIFTY FIFTY FIFTY FIFTY
	    FIFTY "12345\n"), 0);
	import_free(im);
}

static void
problems_come_in_order_of_lines(void **state)
{
	static const unsigned long lines[] = { 1, 3, 4, 4, 5, 6 };
	const struct import_preview *p;
	struct import *im = begin(IMPORT_MERGE);
	size_t i;

	(void)state;
	assert_int_equal(read_text(im, "x\na@b.example,u\na@b.example,v\n"
	    "y,-\na@b.example,w\nz\na@b.example,u\n"), 1);
	p = import_preview(im);
	assert_int_equal(p->problems.n, NELEM(lines));
	for (i = 0; i < NELEM(lines); i++)
		assert_int_equal(p->problems.v[i].line, lines[i]);
	assert_int_equal(p->problems.more, 0);
	import_free(im);
}

/* Wide apart, so that no cache of recent rows knows them: duplicates that only
 * the finished table tells. */
static void
distant_duplicates_are_told(void **state)
{
	struct import *im = begin(IMPORT_MERGE);
	const struct import_preview *p;
	char *text;
	size_t n;
	FILE *f = open_memstream(&text, &n);
	unsigned int i;

	(void)state;
	for (i = 0; i < 10000; i++)
		fprintf(f, "a%u@b.example,u%u\n", i % 5000, i % 2500);
	fprintf(f, "a42@b.example,other\na42@b.example,third\n");
	fflush(f);
	assert_int_equal(read_text(im, text), 1);
	p = import_preview(im);
	assert_int_equal(p->problems.n, 2);
	assert_int_equal(p->problems.v[0].line, 10001);
	assert_string_equal(p->problems.v[0].text, "\"other\": duplicate, "
	    "line 43 gives the same address to \"u42\": one user would be "
	    "right");
	assert_int_equal(p->problems.v[1].line, 10002);
	rewind(f);
	for (i = 0; i < 10000; i++)
		fprintf(f, "a%u@b.example,u%u\n", i % 5000, i % 2500);
	fputc('\0', f);
	fflush(f);
	assert_int_equal(read_text(im, text), 0);
	assert_counts(im, "+5000 ~0 -0 =0 k0 r5000");
	assert_int_equal(import_commit(im), 0);
	import_free(im);
	fclose(f);
	free(text);
}

static void
so_many_problems_are_only_counted(void **state)
{
	struct import *im = begin(IMPORT_MERGE);
	const struct import_preview *p;
	char *text = many_lines("x\n", IMPORT_PROBLEMS_MAX + 500);

	(void)state;
	assert_int_equal(read_text(im, text), 1);
	p = import_preview(im);
	assert_int_equal(p->problems.n, IMPORT_PROBLEMS_MAX);
	assert_int_equal(p->problems.more, 500);
	import_free(im);
	free(text);
}

/* libcdb alone would take hours. */
static void
one_address_very_often_takes_no_time(void **state)
{
	struct import *im = begin(IMPORT_MERGE);
	char *text = many_lines("a@b.example,u\n", 200000);

	(void)state;
	alarm(20);
	assert_int_equal(read_text(im, text), 0);
	alarm(0);
	assert_counts(im, "+1 ~0 -0 =0 k0 r199999");
	import_free(im);
	free(text);
}

/* --- old and new */

static void
merge_keeps_the_rest(void **state)
{
	struct import *im;
	const struct import_preview *p;

	(void)state;
	apply("a@x.example,1\nb@x.example,2\nc@x.example,3\n", IMPORT_MERGE);
	assert_table("a@x.example 1\nb@x.example 2\nc@x.example 3\n");
	im = begin(IMPORT_MERGE);
	assert_int_equal(read_text(im, "B@x.example,two\nd@x.example,4\n"
	    "c@x.example,3\n"), 0);
	assert_counts(im, "+1 ~1 -0 =1 k1 r0");
	p = import_preview(im);
	assert_string_equal(p->list[IMPORT_ADDED].row[0].address,
	    "d@x.example");
	assert_string_equal(p->list[IMPORT_ADDED].row[0].user, "4");
	assert_string_equal(p->list[IMPORT_CHANGED].row[0].address,
	    "b@x.example");
	assert_string_equal(p->list[IMPORT_CHANGED].row[0].before, "2");
	assert_string_equal(p->list[IMPORT_CHANGED].row[0].user, "two");
	assert_true(import_changes(im));
	assert_int_equal(import_commit(im), 0);
	import_free(im);
	assert_table("b@x.example two\nd@x.example 4\nc@x.example 3\n"
	    "a@x.example 1\n");
}

static void
replace_removes_the_rest(void **state)
{
	struct import *im;

	(void)state;
	apply("a@x.example,1\nb@x.example,2\nc@x.example,3\n", IMPORT_MERGE);
	im = begin(IMPORT_REPLACE);
	assert_int_equal(read_text(im, "b@x.example,2\n"), 0);
	assert_counts(im, "+0 ~0 -2 =1 k0 r0");
	assert_string_equal(
	    import_preview(im)->list[IMPORT_REMOVED].row[1].address,
	    "c@x.example");
	assert_string_equal(
	    import_preview(im)->list[IMPORT_REMOVED].row[1].user, "3");
	assert_int_equal(import_commit(im), 0);
	import_free(im);
	assert_table("b@x.example 2\n");
}

static void
the_same_again_changes_nothing(void **state)
{
	struct stat before, after;
	char path[128];
	struct import *im;

	(void)state;
	snprintf(path, sizeof(path), "%s/tables/staff.cdb", dir);
	apply("a@x.example,1\nb@x.example,2\n", IMPORT_MERGE);
	assert_int_equal(stat(path, &before), 0);
	im = begin(IMPORT_REPLACE);
	assert_int_equal(read_text(im, "b@x.example,2\na@x.example,1\n"), 0);
	assert_false(import_changes(im));
	assert_int_equal(import_commit(im), 0);
	import_free(im);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

static void
an_edited_file_is_read_anew(void **state)
{
	struct import *im = begin(IMPORT_MERGE);

	(void)state;
	assert_int_equal(read_text(im, "a@x.example,1\nx\n"), 1);
	assert_int_equal(read_text(im, "b@x.example,1\na@x.example,1\n"), 0);
	assert_counts(im, "+2 ~0 -0 =0 k0 r0");
	assert_int_equal(import_preview(im)->problems.n, 0);
	assert_int_equal(import_commit(im), 0);
	import_free(im);
	assert_table("b@x.example 1\na@x.example 1\n");
}

static void
an_empty_file_does_not_remove_all(void **state)
{
	struct import *im;

	(void)state;
	apply("a@x.example,1\n", IMPORT_MERGE);
	im = begin(IMPORT_REPLACE);
	assert_int_equal(read_text(im, ""), 1);
	assert_int_equal(read_text(im, "Email,Username\n"), 0);
	assert_counts(im, "+0 ~0 -1 =0 k0 r0");
	import_free(im);
	im = begin(IMPORT_MERGE);
	assert_int_equal(read_text(im, ""), 0);
	assert_false(import_changes(im));
	import_free(im);
}

static void
lists_are_bounded(void **state)
{
	const struct import_list *list;
	struct import *im = begin(IMPORT_MERGE);
	char *text = many_lines("a%u@x.example,%u\n", IMPORT_LIST_MAX + 5);

	(void)state;
	assert_int_equal(read_text(im, text), 0);
	list = &import_preview(im)->list[IMPORT_ADDED];
	assert_int_equal(list->count, IMPORT_LIST_MAX + 5);
	assert_int_equal(list->n, IMPORT_LIST_MAX);
	assert_string_equal(list->row[19].address, "a19@x.example");
	assert_int_equal(import_commit(im), 0);
	import_free(im);
	im = begin(IMPORT_REPLACE);
	assert_int_equal(read_text(im, "a3@x.example,3\n"), 0);
	list = &import_preview(im)->list[IMPORT_REMOVED];
	assert_int_equal(list->count, IMPORT_LIST_MAX + 4);
	assert_int_equal(list->n, IMPORT_LIST_MAX);
	assert_string_equal(list->row[3].address, "a4@x.example");
	import_free(im);
	free(text);
}

static int
note(void *arg, const char *address, const char *user)
{
	strlcat(arg, address, 256);
	strlcat(arg, "=", 256);
	strlcat(arg, user, 256);
	strlcat(arg, " ", 256);
	return 0;
}

static int
refuse(void *arg, const char *address, const char *user)
{
	(void)arg;
	(void)address;
	(void)user;
	return -1;
}

static void
those_added_are_told(void **state)
{
	char text[256] = "";
	struct import *im;

	(void)state;
	apply("a@x.example,1\nb@x.example,2\n", IMPORT_MERGE);
	im = begin(IMPORT_MERGE);
	assert_int_equal(read_text(im, "c@x.example,1\na@x.example,9\n"
	    "b@x.example,2\nd@x.example,4\nc@x.example,1\n"), 0);
	assert_int_equal(import_added(im, note, text), 0);
	assert_string_equal(text, "c@x.example=1 d@x.example=4 ");
	assert_int_equal(import_added(im, refuse, NULL), -1);
	import_free(im);
}

/* --- failures */

static void
damage(off_t at)
{
	char path[128], c;
	int fd;

	snprintf(path, sizeof(path), "%s/tables/staff.cdb", dir);
	fd = open(path, O_RDWR);
	assert_int_not_equal(fd, -1);
	assert_int_equal(pread(fd, &c, 1, at), 1);
	c ^= 0x55;
	assert_int_equal(pwrite(fd, &c, 1, at), 1);
	close(fd);
}

/* In its head, and in a record, which only a look at it tells. */
static void
a_damaged_table_is_only_replaced(void **state)
{
	const struct import_progress none = { NULL, NULL };
	static const off_t places[] = { 1, 2049, 2060 };
	struct import *im;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(places); i++) {
		apply("a@x.example,1\nb@x.example,2\n", IMPORT_REPLACE);
		damage(places[i]);
		im = import_begin(dir, "staff", IMPORT_MERGE, &none);
		if (im != NULL)
			assert_int_equal(read_text(im, "a@x.example,3\n"),
			    -1);
		assert_int_equal(errno, EBADMSG);
		import_free(im);
		im = begin(IMPORT_REPLACE);
		assert_int_equal(read_text(im, "a@x.example,3\n"), 0);
		assert_counts(im, "+1 ~0 -0 =0 k0 r0");
		assert_true(import_preview(im)->mends);
		assert_int_equal(import_commit(im), 0);
		import_free(im);
		assert_table("a@x.example 3\n");
	}
}

/* No room behind so many bytes of a file: as of a full disk. */
static void
a_full_disk_leaves_the_old_table(void **state)
{
	const struct import_progress none = { NULL, NULL };
	struct rlimit was, limit;
	struct import *im;
	rlim_t room;
	int fd = file_of("b@x.example,1\nc@x.example,2\n"), failed = 0, rc;

	(void)state;
	apply("a@x.example,1\n", IMPORT_MERGE);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	for (room = 0; room < 2400; room += 100) {
		limit = (struct rlimit){ room, was.rlim_max };
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		im = import_begin(dir, "staff", IMPORT_MERGE, &none);
		rc = im == NULL || import_read(im, fd) != 0 ||
		    import_commit(im) != 0;
		import_free(im);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
		if (rc == 0)
			break;
		assert_table("a@x.example 1\n");
		failed++;
	}
	close(fd);
	assert_true(failed > 10);
	assert_table("b@x.example 1\nc@x.example 2\na@x.example 1\n");
}

int
main(void)
{
#define TEST(f)	cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		TEST(addresses_are_folded),
		TEST(problems_are_told),
		TEST(the_longest_user_is_taken),
		TEST(problems_come_in_order_of_lines),
		TEST(distant_duplicates_are_told),
		TEST(so_many_problems_are_only_counted),
		TEST(one_address_very_often_takes_no_time),
		TEST(merge_keeps_the_rest),
		TEST(replace_removes_the_rest),
		TEST(the_same_again_changes_nothing),
		TEST(an_edited_file_is_read_anew),
		TEST(an_empty_file_does_not_remove_all),
		TEST(lists_are_bounded),
		TEST(those_added_are_told),
		TEST(a_damaged_table_is_only_replaced),
		TEST(a_full_disk_leaves_the_old_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
