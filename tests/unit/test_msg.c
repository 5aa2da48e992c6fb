/*
 * The spool of a message, on a real file system: what a writer gone bad can do
 * to it, and that every reader reads for itself.
 */
#include <sys/stat.h>

#include <dirent.h>
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

#include "msg.h"

#define FRONT		"Return-Path: <s@x>\n"
#define MORE		"Received: from y\n"
#define MAIL		"Subject: x\n\nbody\n"

static char	 dir[] = "/tmp/test_msg.XXXXXX";

static int
make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

static void
put(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* What is left to read of a descriptor, which is then closed. */
static void
check_rest(int fd, const char *wanted)
{
	char buf[256];
	ssize_t n;

	assert_int_not_equal(fd, -1);
	n = read(fd, buf, sizeof(buf));
	assert_int_equal(n, strlen(wanted));
	assert_memory_equal(buf, wanted, n);
	assert_int_equal(read(fd, buf, 1), 0);
	close(fd);
}

/* A spool with two fields in front and a mail behind; not sealed. */
static struct msg *
make_msg(int *appender)
{
	struct msg *m = msg_open(dir);

	assert_non_null(m);
	assert_int_equal(msg_prepend(m, FRONT, strlen(FRONT)), 0);
	assert_int_equal(msg_prepend(m, MORE, strlen(MORE)), 0);
	*appender = msg_appender(m);
	assert_int_not_equal(*appender, -1);
	put(*appender, MAIL);
	return m;
}

static void
it_has_no_name(void **state)
{
	int fd, entries = 0;
	struct msg *m = make_msg(&fd);
	struct stat st;
	DIR *d = opendir(dir);

	(void)state;
	assert_non_null(d);
	while (readdir(d) != NULL)
		entries++;
	closedir(d);
	assert_int_equal(entries, 2);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	close(fd);
	msg_close(m);
	msg_close(NULL);
}

static void
what_is_written_is_read(void **state)
{
	char buf[64];
	int fd;
	struct msg *m = make_msg(&fd);

	(void)state;
	close(fd);
	assert_int_equal(msg_seal(m, strlen(MAIL)), 0);
	assert_int_equal(msg_size(m), strlen(MAIL));
	check_rest(msg_reader(m), FRONT MORE MAIL);
	check_rest(msg_body_reader(m, 0), MAIL);
	check_rest(msg_body_reader(m, 12), "body\n");
	check_rest(msg_body_reader(m, strlen(MAIL)), "");
	assert_int_equal(msg_read(m, buf, 7, 0), 7);
	assert_memory_equal(buf, "Subject", 7);
	assert_int_equal(msg_read(m, buf, sizeof(buf), 12), 5);
	assert_memory_equal(buf, "body\n", 5);
	assert_int_equal(msg_read(m, buf, sizeof(buf), strlen(MAIL)), 0);
	assert_int_equal(msg_read(m, buf, sizeof(buf), 1 << 20), 0);
	msg_close(m);
}

static void
an_empty_message_is_one(void **state)
{
	struct msg *m = msg_open(dir);
	char c;

	(void)state;
	assert_non_null(m);
	assert_int_equal(msg_seal(m, 0), 0);
	assert_int_equal(msg_size(m), 0);
	assert_int_equal(msg_read(m, &c, 1, 0), 0);
	check_rest(msg_reader(m), "");
	check_rest(msg_body_reader(m, 0), "");
	msg_close(m);
}

/* Each reads from its own place, and none writes. */
static void
readers_are_alone(void **state)
{
	char buf[16];
	int a, b, fd;
	struct msg *m = make_msg(&fd);

	(void)state;
	close(fd);
	assert_int_equal(msg_seal(m, strlen(MAIL)), 0);
	a = msg_reader(m);
	b = msg_reader(m);
	fd = msg_body_reader(m, 0);
	assert_int_equal(read(a, buf, 7), 7);
	assert_int_equal(read(b, buf, 6), 6);
	assert_memory_equal(buf, "Return", 6);
	assert_int_equal(write(a, "x", 1), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(ftruncate(b, 0), -1);
	assert_int_equal(write(fd, "x", 1), -1);
	check_rest(a, &(FRONT MORE MAIL)[7]);
	check_rest(b, &(FRONT MORE MAIL)[6]);
	check_rest(fd, MAIL);
	msg_close(m);
}

static void
no_descriptor_survives_an_exec(void **state)
{
	int fd[3], i, flags;
	struct msg *m = make_msg(&fd[0]);

	(void)state;
	fd[1] = msg_reader(m);
	fd[2] = msg_body_reader(m, 0);
	for (i = 0; i < 3; i++) {
		flags = fcntl(fd[i], F_GETFD);
		assert_int_equal(flags, FD_CLOEXEC);
		close(fd[i]);
	}
	msg_close(m);
}

static void
the_appender_neither_reads_nor_seeks(void **state)
{
	char c;
	int fd;
	struct msg *m = make_msg(&fd);

	(void)state;
	assert_int_equal(read(fd, &c, 1), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	put(fd, "1");
	assert_int_equal(pwrite(fd, "2", 1, 0), 1);
	close(fd);
	assert_int_equal(msg_seal(m, strlen(MAIL) + 2), 0);
	check_rest(msg_reader(m), FRONT MORE MAIL "12");
	msg_close(m);
}

static void
the_length_that_was_told_must_be_true(void **state)
{
	static const uint64_t front = sizeof(FRONT MORE) - 1;
	const uint64_t bad[] = { 0, 1, strlen(MAIL) - 1, strlen(MAIL) + 1,
	    strlen(MAIL) + front, strlen(MAIL) - front, UINT64_MAX,
	    UINT64_MAX - front, UINT64_MAX - front + 1,
	    UINT64_MAX - front + 1 + strlen(MAIL), INT64_MAX };
	int fd;
	struct msg *m = make_msg(&fd);
	size_t i;

	(void)state;
	close(fd);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		errno = 0;
		assert_int_equal(msg_seal(m, bad[i]), -1);
		assert_int_equal(errno, EBADMSG);
	}
	assert_int_equal(msg_seal(m, strlen(MAIL)), 0);
	msg_close(m);
}

/* A writer can cut the file: what is then missing must not wrap around. */
static void
a_writer_that_cuts(void **state)
{
	uint64_t told;
	int fd;
	struct msg *m = make_msg(&fd);

	(void)state;
	assert_int_equal(ftruncate(fd, 3), 0);
	told = 3 - (uint64_t)strlen(FRONT MORE);
	assert_int_equal(msg_seal(m, told), -1);
	assert_int_equal(msg_seal(m, 3), -1);
	/* no mail is left, and what stands in front is whole */
	assert_int_equal(msg_seal(m, 0), 0);
	close(fd);
	check_rest(msg_reader(m), FRONT MORE);
	msg_close(m);
}

/* What the monitor says of a message, a writer cannot take back. */
static void
a_writer_that_forges_the_front(void **state)
{
	static const char forged[] = "Return-Path: <boss@example.com>\n"
	    "Received: x\n\nPay me\n";
	const size_t front = strlen(FRONT MORE);
	char wanted[128];
	int fd;
	struct msg *m = make_msg(&fd);

	(void)state;
	assert_int_equal(ftruncate(fd, 0), 0);
	put(fd, forged);
	close(fd);
	assert_int_equal(msg_seal(m, strlen(forged) - front), 0);
	snprintf(wanted, sizeof(wanted), FRONT MORE "%s", forged + front);
	check_rest(msg_reader(m), wanted);
	msg_close(m);
	m = make_msg(&fd);
	/* off with O_APPEND */
	assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
	assert_int_equal(pwrite(fd, "Return-Path: <b@y>\n", 19, 0), 19);
	close(fd);
	assert_int_equal(msg_seal(m, strlen(MAIL)), 0);
	check_rest(msg_reader(m), FRONT MORE MAIL);
	msg_close(m);
}

static void
the_front_is_bounded(void **state)
{
	static char room[MSG_PREPEND_MAX + 1];
	struct msg *m = msg_open(dir);

	(void)state;
	assert_non_null(m);
	memset(room, 'x', sizeof(room));
	assert_int_equal(msg_prepend(m, room, sizeof(room)), -1);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(msg_prepend(m, room, sizeof(room) - 2), 0);
	assert_int_equal(msg_prepend(m, room, 2), -1);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(msg_prepend(m, room, SIZE_MAX), -1);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(msg_prepend(m, "\n", 1), 0);
	assert_int_equal(msg_prepend(m, "", 0), 0);
	assert_int_equal(msg_prepend(m, "\n", 1), -1);
	/* what was refused was not written */
	assert_int_equal(msg_seal(m, 0), 0);
	msg_close(m);
}

static void
no_directory_no_spool(void **state)
{
	(void)state;
	assert_null(msg_open("/tmp/test_msg.none/none"));
	assert_int_equal(errno, ENOENT);
	assert_null(msg_open("/dev/null"));
	assert_int_equal(errno, ENOTDIR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_has_no_name),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(an_empty_message_is_one),
		cmocka_unit_test(readers_are_alone),
		cmocka_unit_test(no_descriptor_survives_an_exec),
		cmocka_unit_test(the_appender_neither_reads_nor_seeks),
		cmocka_unit_test(the_length_that_was_told_must_be_true),
		cmocka_unit_test(a_writer_that_cuts),
		cmocka_unit_test(a_writer_that_forges_the_front),
		cmocka_unit_test(the_front_is_bounded),
		cmocka_unit_test(no_directory_no_spool),
	};

	return cmocka_run_group_tests_name("msg", tests, make_dir, remove_dir);
}
