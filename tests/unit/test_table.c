/*
 * Tables on a real file system: what is put in is found, a file that nobody
 * here wrote never is more than a failure, and a new table takes the old one's
 * place whole or not at all.
 */
#include <sys/stat.h>
#include <sys/wait.h>

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

#include <cdb.h>
#include <setjmp.h>
#include <cmocka.h>

#include "dir_site.h"
#include "table.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define LABEL_16	"a234567890123456"
#define LABEL_64	LABEL_16 LABEL_16 LABEL_16 LABEL_16
#define USER_255	LABEL_64 LABEL_64 LABEL_64 LABEL_16 LABEL_16 \
			LABEL_16 "a23456789012345"

struct pair {
	const char	*address;
	const char	*user;
};

/* The first two have the same hash. */
static const struct pair rows[] = {
	{ "aaa2@example.com", "acme.one" },
	{ "aacp@example.com", "acme.two" },
	{ "\"a b\"@example.org", "x" },
	{ "\xc3\xbc@xn--bcher-kva.example", USER_255 },
	{ LABEL_64 LABEL_64 LABEL_64 LABEL_64 LABEL_64 LABEL_64 LABEL_64
	    "@" LABEL_16 ".example." LABEL_16, "long" },
};

static const char *
path_of(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/tables/%s", dir, name);
	return path;
}

static void
fill(struct table_maker *m, const struct pair *p, size_t n)
{
	size_t i;

	assert_non_null(m);
	for (i = 0; i < n; i++)
		assert_int_equal(table_make_add(m, p[i].address, p[i].user),
		    0);
}

static void
make(const char *name, const struct pair *p, size_t n)
{
	struct table_maker *m = table_make(dir, name);

	fill(m, p, n);
	assert_int_equal(table_make_commit(m), 0);
}

static struct table *
open_table(const char *name)
{
	struct table *t = table_open(dir, name);

	assert_non_null(t);
	return t;
}

static void
assert_rows(const struct table *t, const struct pair *p, size_t n)
{
	char address[ADDR_MAX], user[TABLE_USER_MAX];
	unsigned int at = 0;
	size_t i;

	assert_int_equal(table_rows(t), n);
	for (i = 0; i < n; i++) {
		assert_int_equal(table_find(t, p[i].address, user), 1);
		assert_string_equal(user, p[i].user);
		assert_int_equal(table_next(t, &at, address, user), 1);
		assert_string_equal(address, p[i].address);
		assert_string_equal(user, p[i].user);
	}
	assert_int_equal(table_next(t, &at, address, user), 0);
	assert_int_equal(table_next(t, &at, address, user), 0);
	assert_int_equal(table_find(t, "nobody@example.com", user), 0);
	assert_int_equal(table_find(t, "", user), 0);
	assert_int_equal(table_find(t, "aaa2@example.co", user), 0);
}

/* Mapped and in pieces. */
static void
rows_are_found(void **state)
{
	struct table *t;

	(void)state;
	assert_int_equal(cdb_hash(rows[0].address, 16),
	    cdb_hash(rows[1].address, 16));
	make("staff", rows, NELEM(rows));
	t = open_table("staff");
	assert_rows(t, rows, NELEM(rows));
	table_spare(t);
	assert_rows(t, rows, NELEM(rows));
	table_close(t);
	table_close(NULL);
}

static void
many_rows_are_found(void **state)
{
	char address[64], user[TABLE_USER_MAX];
	struct table_maker *m = table_make(dir, "many");
	struct table *t;
	unsigned int i;

	(void)state;
	assert_non_null(m);
	for (i = 0; i < 20000; i++) {
		snprintf(address, sizeof(address), "u%u@example.com", i);
		assert_int_equal(table_make_add(m, address, address), 0);
	}
	assert_int_equal(table_make_commit(m), 0);
	t = open_table("many");
	assert_int_equal(table_rows(t), 20000);
	for (i = 0; i < 40000; i++) {
		if (i == 20000)
			table_spare(t);
		snprintf(address, sizeof(address), "u%u@example.com",
		    i % 20000);
		assert_int_equal(table_find(t, address, user), 1);
		assert_string_equal(user, address);
		*address = 'v';
		assert_int_equal(table_find(t, address, user), 0);
	}
	table_close(t);
}

static void
an_empty_table_is_one(void **state)
{
	struct table *t;

	(void)state;
	make("empty", NULL, 0);
	t = open_table("empty");
	assert_rows(t, NULL, 0);
	table_close(t);
}

static void
no_table_is_told(void **state)
{
	static const char *const names[] = { "", ".", "..", "a/b", ".a",
	    "a b", "a\n", "\xc3\xbc", "../staff" };
	size_t i;

	(void)state;
	assert_null(table_open(dir, "none"));
	assert_int_equal(errno, ENOENT);
	for (i = 0; i < NELEM(names); i++) {
		errno = 0;
		assert_null(table_open(dir, names[i]));
		assert_int_equal(errno, EINVAL);
		errno = 0;
		assert_null(table_make(dir, names[i]));
		assert_int_equal(errno, EINVAL);
	}
	make("staff", rows, 1);
	assert_int_equal(symlink("staff.cdb", path_of("link.cdb")), 0);
	assert_null(table_open(dir, "link"));
	assert_int_equal(errno, ELOOP);
	assert_int_equal(mkdir(path_of("dir.cdb"), 0700), 0);
	assert_null(table_open(dir, "dir"));
	assert_int_equal(errno, EBADMSG);
	assert_int_equal(mkfifo(path_of("fifo.cdb"), 0600), 0);
	assert_null(table_open(dir, "fifo"));
	assert_int_equal(errno, EBADMSG);
}

static void
a_state_dir_is_not_made(void **state)
{
	(void)state;
	assert_null(table_make("/nonexistent/state", "staff"));
	assert_int_equal(errno, ENOENT);
}

/* --- replaced whole */

static void
what_was_opened_stays(void **state)
{
	struct table *old;

	(void)state;
	make("staff", rows, 2);
	old = open_table("staff");
	make("staff", rows + 2, 3);
	assert_rows(old, rows, 2);
	table_close(old);
	old = open_table("staff");
	assert_rows(old, rows + 2, 3);
	table_close(old);
}

static mode_t
mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(stat(path_of(name), &st), 0);
	return st.st_mode & 07777;
}

static void
nobody_else_reads_it(void **state)
{
	mode_t was = umask(0);

	(void)state;
	make("staff", rows, 1);
	umask(was);
	assert_int_equal(mode_of(""), 0700);
	assert_int_equal(mode_of("staff.cdb"), 0600);
}

static unsigned int
files(void)
{
	unsigned int n = 0;
	char command[64];
	FILE *f;

	snprintf(command, sizeof(command), "ls -A %s/tables", dir);
	assert_non_null(f = popen(command, "r"));
	while (fgets(command, sizeof(command), f) != NULL)
		n++;
	pclose(f);
	return n;
}

static void
an_abort_leaves_the_old_one(void **state)
{
	struct table_maker *m;
	struct table *t;

	(void)state;
	make("staff", rows, 2);
	fill(m = table_make(dir, "staff"), rows + 2, 3);
	table_make_abort(m);
	table_make_abort(NULL);
	t = open_table("staff");
	assert_rows(t, rows, 2);
	table_close(t);
	assert_int_equal(files(), 2);	/* it and its lock */
}

/* Between its two names: the next one begins by removing it. */
static void
a_leftover_is_removed(void **state)
{
	int fd;

	(void)state;
	make("staff", rows, 1);
	fd = open(path_of(".staff.cdb.new"), O_CREAT | O_WRONLY, 0600);
	assert_int_not_equal(fd, -1);
	close(fd);
	table_make_abort(table_make(dir, "staff"));
	assert_int_equal(access(path_of(".staff.cdb.new"), F_OK), -1);
}

/* Begins on a byte, and says so; then it needs the row of the one before. */
static int
add_behind(int in, int out)
{
	struct table_maker *m;
	struct table *t;
	char c;

	if (read(in, &c, 1) != 1 || write(out, "2", 1) != 1 ||
	    (m = table_make(dir, "staff")) == NULL ||
	    (t = table_open(dir, "staff")) == NULL || table_rows(t) != 1 ||
	    table_make_add(m, "b@example.com", "b") != 0)
		return 1;
	table_close(t);
	return table_make_commit(m) == 0 ? 0 : 1;
}

/* The child is there first: a lock is shared by what a fork shares. */
static void
makers_wait_for_each_other(void **state)
{
	int status, down[2], up[2];
	struct table_maker *m;
	char c;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(down), 0);
	assert_int_equal(pipe(up), 0);
	if ((pid = fork()) == 0) {
		alarm(20);
		_exit(add_behind(down[0], up[1]));
	}
	fill(m = table_make(dir, "staff"), rows, 1);
	assert_int_equal(write(down[1], "1", 1), 1);
	assert_int_equal(read(up[0], &c, 1), 1);
	usleep(50000);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_int_equal(table_make_commit(m), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* another table's maker waits for nobody */
	m = table_make(dir, "staff");
	table_make_abort(table_make(dir, "other"));
	table_make_abort(m);
	close(down[0]);
	close(down[1]);
	close(up[0]);
	close(up[1]);
}

static void
it_can_begin_anew(void **state)
{
	struct table_maker *m = table_make(dir, "staff");
	struct table *t;

	(void)state;
	fill(m, rows, 2);
	t = table_make_read(m);
	assert_rows(t, rows, 2);
	assert_int_equal(table_make_anew(m), 0);
	fill(m, rows + 2, 3);
	assert_rows(t, rows, 2);
	table_close(t);
	assert_int_equal(table_make_commit(m), 0);
	t = open_table("staff");
	assert_rows(t, rows + 2, 3);
	table_close(t);
}

/* --- the same address twice */

static const struct pair twice[] = {
	{ "aaa2@example.com", "one" },
	{ "aacp@example.com", "one" },	/* the hash of the first */
	{ "b@example.com", "b" },
	{ "aaa2@example.com", "two" },
	{ "b@example.com", "b" },
	{ "aaa2@example.com", "three" },
};

static int
note(void *arg, const char *address, const char *first, const char *user)
{
	char *text = arg;

	strlcat(text, address, 512);
	strlcat(text, " ", 512);
	strlcat(text, first, 512);
	strlcat(text, " ", 512);
	strlcat(text, user, 512);
	strlcat(text, "\n", 512);
	return 0;
}

static int
stop(void *arg, const char *address, const char *first, const char *user)
{
	(void)address;
	(void)first;
	(void)user;
	++*(int *)arg;
	return 7;
}

static void
repeats_are_told(void **state)
{
	static const size_t kept[] = { 0, 1, 2 };
	char address[ADDR_MAX], user[TABLE_USER_MAX], text[512] = "";
	struct table_maker *m = table_make(dir, "staff");
	unsigned int at = 0;
	struct table *t;
	int calls = 0;
	size_t i;

	(void)state;
	fill(m, twice, NELEM(twice));
	t = table_make_read(m);
	assert_int_equal(table_repeats(t, note, text), 0);
	assert_int_equal(strlen(text), strlen(
	    "aaa2@example.com one two\naaa2@example.com one three\n"
	    "b@example.com b b\n"));
	assert_non_null(strstr(text, "aaa2@example.com one two\n"));
	assert_non_null(strstr(text, "aaa2@example.com one three\n"));
	assert_non_null(strstr(text, "b@example.com b b\n"));
	assert_int_equal(table_repeats(t, stop, &calls), 7);
	assert_int_equal(calls, 1);
	for (i = 0; i < NELEM(kept); i++) {
		assert_int_equal(table_next_once(t, &at, address, user), 1);
		assert_string_equal(address, twice[kept[i]].address);
		assert_string_equal(user, twice[kept[i]].user);
	}
	assert_int_equal(table_next_once(t, &at, address, user), 0);
	table_close(t);
	table_make_abort(m);
}

/* --- damage */

static size_t
slurp(const char *name, char *text, size_t size)
{
	int fd = open(path_of(name), O_RDONLY);
	ssize_t n;

	assert_int_not_equal(fd, -1);
	n = read(fd, text, size);
	close(fd);
	assert_true(n > 0 && (size_t)n < size);
	return (size_t)n;
}

static void
put(const char *name, const char *text, size_t n)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, n), n);
	close(fd);
}

/* Whatever it holds: an answer of the right shape.  Returns whether all was
 * found as it had been put in. */
static bool
look(bool mapped)
{
	char address[ADDR_MAX], user[TABLE_USER_MAX];
	struct table *t = table_open(dir, "bad");
	unsigned int at = 0, n = 0;
	bool whole = true;
	size_t i;
	int rc;

	if (t == NULL) {
		assert_int_equal(errno, EBADMSG);
		return false;
	}
	if (!mapped)
		table_spare(t);
	for (i = 0; i < NELEM(rows); i++) {
		rc = table_find(t, rows[i].address, user);
		assert_in_range(rc + 1, 0, 2);
		if (rc == -1)
			assert_int_equal(errno, EBADMSG);
		whole &= rc == 1 && strcmp(user, rows[i].user) == 0;
	}
	while ((rc = table_next(t, &at, address, user)) == 1) {
		assert_true(strlen(address) < ADDR_MAX && *user != '\0');
		assert_true(++n <= 1000);
	}
	if (rc == -1)
		assert_int_equal(errno, EBADMSG);
	table_close(t);
	return whole && rc == 0;
}

static void
a_cut_table_is_none(void **state)
{
	static char text[8192];
	size_t i, n;

	(void)state;
	make("bad", rows, NELEM(rows));
	n = slurp("bad.cdb", text, sizeof(text));
	for (i = n; i-- > 0; ) {
		assert_int_equal(truncate(path_of("bad.cdb"), (off_t)i), 0);
		assert_null(table_open(dir, "bad"));
		assert_int_equal(errno, EBADMSG);
	}
	text[n] = '\0';		/* nor is one with a byte too many */
	put("bad.cdb", text, n + 1);
	assert_null(table_open(dir, "bad"));
	assert_int_equal(errno, EBADMSG);
	put("bad.cdb", text, n);
	assert_true(look(true));
}

static void
set(int fd, size_t at, int c)
{
	char byte = (char)c;

	assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
}

static void
a_flipped_bit_is_no_more_than_a_failure(void **state)
{
	static const unsigned char flips[] = { 0x01, 0x80, 0xff };
	static char text[8192];
	size_t i, j, n, noticed = 0;
	int fd;

	(void)state;
	make("bad", rows, NELEM(rows));
	n = slurp("bad.cdb", text, sizeof(text));
	fd = open(path_of("bad.cdb"), O_WRONLY);
	assert_int_not_equal(fd, -1);
	for (i = 0; i < n; i++) {
		for (j = 0; j < NELEM(flips); j++) {
			set(fd, i, text[i] ^ (char)flips[j]);
			noticed += !look(true);
			noticed += !look(false);
		}
		set(fd, i, text[i]);
	}
	close(fd);
	assert_true(look(true));
	/* all but the free slots, of which half goes unread */
	assert_true(noticed > 2 * NELEM(flips) * (n - 16 * NELEM(rows)));
}

static void
zeros_are_no_table(void **state)
{
	static char text[8192];
	size_t n;

	(void)state;
	make("bad", rows, NELEM(rows));
	n = slurp("bad.cdb", text, sizeof(text));
	memset(text, 0, n);
	put("bad.cdb", text, n);
	assert_null(table_open(dir, "bad"));
	assert_int_equal(errno, EBADMSG);
}

/* A whole cdb that we would never have written. */
static void
make_foreign(const char *key, unsigned int klen, const char *value,
    unsigned int vlen)
{
	struct cdb_make make;
	int fd = open(path_of("bad.cdb"), O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(cdb_make_start(&make, fd), 0);
	assert_int_equal(cdb_make_add(&make, key, klen, value, vlen), 0);
	assert_int_equal(cdb_make_finish(&make), 0);
	close(fd);
}

static void
foreign_rows_are_damage(void **state)
{
	static const struct pair foreign[] = {
		{ "a@example.com", "" },
		{ "a@example.com", "-rf" },
		{ "a@example.com", "a b" },
		{ "a@example.com", "\x1b[31m" },
		{ "a@example.com", USER_255 "6" },
	};
	char address[ADDR_MAX], user[TABLE_USER_MAX], key[ADDR_MAX];
	unsigned int at;
	struct table *t;
	size_t i;

	(void)state;
	make("bad", NULL, 0);
	for (i = 0; i < NELEM(foreign); i++) {
		make_foreign(foreign[i].address, 13, foreign[i].user,
		    (unsigned int)strlen(foreign[i].user));
		t = open_table("bad");
		assert_int_equal(table_find(t, "a@example.com", user), -1);
		assert_int_equal(errno, EBADMSG);
		at = 0;
		assert_int_equal(table_next(t, &at, address, user), -1);
		table_close(t);
	}
	memset(key, 'k', sizeof(key));
	make_foreign(key, sizeof(key), "u", 1);
	t = open_table("bad");
	at = 0;
	assert_int_equal(table_next(t, &at, address, user), -1);
	assert_int_equal(errno, EBADMSG);
	table_close(t);
}

int
main(void)
{
#define TEST(f)	cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		TEST(rows_are_found),
		TEST(many_rows_are_found),
		TEST(an_empty_table_is_one),
		TEST(no_table_is_told),
		TEST(a_state_dir_is_not_made),
		TEST(what_was_opened_stays),
		TEST(nobody_else_reads_it),
		TEST(an_abort_leaves_the_old_one),
		TEST(a_leftover_is_removed),
		TEST(makers_wait_for_each_other),
		TEST(it_can_begin_anew),
		TEST(repeats_are_told),
		TEST(a_cut_table_is_none),
		TEST(a_flipped_bit_is_no_more_than_a_failure),
		TEST(zeros_are_no_table),
		TEST(foreign_rows_are_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
