/*
 * Records over a real socketpair: what a peer gone bad may send instead of
 * one, and that no descriptor is ever left over.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "record.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define HEAD		offsetof(struct record, u)
#define MANY		253	/* SCM_MAX_FD */

static int
open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static void
make_pair(int fd[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    fd), 0);
}

static void
close_pair(int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

/* A packet as it comes, with n copies of a descriptor. */
static void
send_raw(int channel, const void *data, size_t len, int fd, size_t n)
{
	struct iovec iov = { (void *)data, len };
	union {
		struct cmsghdr hdr;
		char buf[CMSG_SPACE(MANY * sizeof(int))];
	} control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;
	size_t i;

	if (n > 0) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(n * sizeof(int));
		for (i = 0; i < n; i++)
			memcpy(CMSG_DATA(cmsg) + i * sizeof(int), &fd,
			    sizeof(int));
	}
	assert_int_equal(sendmsg(channel, &msg, MSG_NOSIGNAL), len);
}

/* A good record of each type, as a packet; returns its length. */
static size_t
make_record(struct record *r, enum record_type type)
{
	static const size_t size[RECORDS] = {
		[RECORD_END] = sizeof(struct record_end),
		[RECORD_GO] = sizeof(struct record_go),
		[RECORD_RUN] = sizeof(struct record_run),
		[RECORD_DEAD] = sizeof(struct record_dead),
		[RECORD_UNCONFINED] = sizeof(struct record_unconfined)
	};

	memset(r, 0, sizeof(*r));
	r->type = type;
	r->len = size[type];
	if (type == RECORD_COMMAND || type == RECORD_LAST) {
		r->u.command.verb = LMTP_RCPT;
		memcpy(r->u.command.u.rcpt.recipient, "a@y", 3);
		r->len = lmtp_command_size(LMTP_RCPT);
	} else if (type == RECORD_END) {
		r->u.end.length = UINT64_MAX;
		r->u.end.flags = END_EOF;
		r->u.end.fault = DATA_NUL;
		r->u.end.tails = 1;
		r->u.end.tail[0] = LMTP_QUIT;
	} else if (type == RECORD_DEAD)
		r->u.dead.status = 0x1234;
	else if (type == RECORD_UNCONFINED)
		r->u.unconfined.error = EPERM;
	else if (type == RECORD_GO || type == RECORD_RUN)
		r->u.go.limit = 0x123456789abcdef0;
	return HEAD + r->len;
}

static void
every_record_arrives_as_it_was_sent(void **state)
{
	struct record sent, got;
	int pair[2], type, fd = 0;

	(void)state;
	make_pair(pair);
	for (type = 0; type < RECORDS; type++) {
		size_t n = make_record(&sent, type);

		assert_int_equal(record_send(pair[0], type, &sent.u, sent.len,
		    -1), 0);
		memset(&got, 0xa5, sizeof(got));
		assert_int_equal(record_recv(pair[1], &got, &fd), 1);
		assert_int_equal(fd, -1);
		assert_memory_equal(&got, &sent, n);
	}
	close_pair(pair);
}

static void
a_descriptor_comes_along(void **state)
{
	struct record_go go = { 77 };
	int pair[2], fd = -1, before, theirs[2];
	struct record r;
	struct stat a, b;

	(void)state;
	make_pair(pair);
	assert_int_equal(pipe(theirs), 0);
	before = open_descriptors();
	assert_int_equal(record_send(pair[0], RECORD_GO, &go, sizeof(go),
	    theirs[0]), 0);
	assert_int_equal(record_recv(pair[1], &r, &fd), 1);
	assert_int_equal(r.u.go.limit, 77);
	assert_int_not_equal(fd, -1);
	assert_int_not_equal(fd, theirs[0]);
	assert_int_equal(fstat(theirs[0], &a), 0);
	assert_int_equal(fstat(fd, &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	assert_int_equal(open_descriptors(), before);
	close_pair(theirs);
	close_pair(pair);
}

/* The monitor asks for none: what an engine passes must not stay open. */
static void
descriptors_not_asked_for_are_closed(void **state)
{
	static const size_t many[] = { 1, 2, 3, MANY };
	int pair[2], theirs[2], before;
	struct record r, got;
	char byte;
	size_t i, n = make_record(&r, RECORD_TICK);

	(void)state;
	make_pair(pair);
	assert_int_equal(pipe(theirs), 0);
	before = open_descriptors();
	for (i = 0; i < NELEM(many); i++) {
		send_raw(pair[0], &r, n, theirs[1], many[i]);
		assert_int_equal(record_recv(pair[1], &got, NULL), 1);
		assert_int_equal(got.type, RECORD_TICK);
		assert_int_equal(open_descriptors(), before);
	}
	/* nobody holds the pipe open behind our back */
	close(theirs[1]);
	assert_int_equal(read(theirs[0], &byte, 1), 0);
	close(theirs[0]);
	close_pair(pair);
}

/* Two fit where room for one is made with CMSG_SPACE. */
static void
of_many_descriptors_one_at_most_stays(void **state)
{
	static const size_t many[] = { 2, 3, MANY };
	int pair[2], before, fd, rc;
	struct record r, got;
	size_t i, n = make_record(&r, RECORD_GO);

	(void)state;
	make_pair(pair);
	before = open_descriptors();
	for (i = 0; i < NELEM(many); i++) {
		send_raw(pair[0], &r, n, STDERR_FILENO, many[i]);
		rc = record_recv(pair[1], &got, &fd);
		assert_int_equal(open_descriptors(), before + (fd != -1));
		assert_true(rc == 1 || fd == -1);
		if (fd != -1)
			close(fd);
	}
	close_pair(pair);
}

/* Nonsense keeps no descriptor, and hands out no number of a closed one. */
static void
a_descriptor_with_nonsense_is_closed(void **state)
{
	struct record r, got;
	size_t n = make_record(&r, RECORD_GO);
	int pair[2], before, fd = 0;

	(void)state;
	make_pair(pair);
	before = open_descriptors();
	r.type = RECORDS;
	send_raw(pair[0], &r, n, STDERR_FILENO, 1);
	assert_int_equal(record_recv(pair[1], &got, &fd), -1);
	assert_int_equal(errno, EBADMSG);
	assert_int_equal(fd, -1);
	assert_int_equal(open_descriptors(), before);
	close_pair(pair);
}

/* Without control data there is no descriptor, whatever fd was. */
static void
other_control_data_is_no_descriptor(void **state)
{
	int pair[2], on = 1, fd = 0, before;
	struct record r, got;
	size_t n = make_record(&r, RECORD_GO);

	(void)state;
	make_pair(pair);
	before = open_descriptors();
	assert_int_equal(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on,
	    sizeof(on)), 0);
	send_raw(pair[0], &r, n, -1, 0);
	assert_int_equal(record_recv(pair[1], &got, &fd), 1);
	assert_int_equal(fd, -1);
	assert_int_equal(open_descriptors(), before);
	close_pair(pair);
}

/* Every length but the right one, told truly and not. */
static void
lengths_are_checked(void **state)
{
	union {
		struct record r;
		char room[sizeof(struct record) + 64];
	} u;
	size_t n, len;
	int type;

	(void)state;
	for (type = 0; type < RECORDS; type++) {
		memset(&u, 0, sizeof(u));
		len = make_record(&u.r, type);
		for (n = 0; n <= sizeof(u); n++) {
			u.r.len = len - HEAD;
			assert_int_equal(record_valid(&u.r, n), n == len);
			/* and the same in the header */
			u.r.len = (uint32_t)(n - HEAD);
			assert_int_equal(record_valid(&u.r, n), n == len);
		}
		u.r.len = len - HEAD + 1;
		assert_false(record_valid(&u.r, len));
		u.r.len = UINT32_MAX;
		assert_false(record_valid(&u.r, len));
	}
}

static void
types_are_checked(void **state)
{
	static const uint32_t bad[] = { RECORDS, RECORDS + 1, 1U << 31,
	    UINT32_MAX };
	struct record r;
	size_t i, n = make_record(&r, RECORD_DRY);

	(void)state;
	assert_true(record_valid(&r, n));
	for (i = 0; i < NELEM(bad); i++) {
		r.type = bad[i];
		assert_false(record_valid(&r, n));
	}
	/* a payload that another type has */
	n = make_record(&r, RECORD_DEAD);
	r.type = RECORD_GO;
	assert_false(record_valid(&r, n));
	n = make_record(&r, RECORD_END);
	r.type = RECORD_COMMAND;
	assert_false(record_valid(&r, n));
}

static void
the_end_is_checked(void **state)
{
	static const uint32_t verbs[] = { LMTP_LHLO, LMTP_MAIL, LMTP_RCPT,
	    LMTP_DATA, LMTP_VRFY, LMTP_XFORWARD, LMTP_BAD, LMTP_VERBS,
	    UINT32_MAX };
	struct record good, r;
	size_t i, n = make_record(&good, RECORD_END);

	(void)state;
	assert_true(record_valid(&good, n));
	r = good;
	r.u.end.flags = END_TOO_LARGE | END_DISK_FULL | END_FAILED | END_MORE |
	    END_EOF;
	r.u.end.fault = DATA_BARE_LF | DATA_BARE_CR | DATA_NUL;
	assert_true(record_valid(&r, n));
	r.u.end.flags++;
	assert_false(record_valid(&r, n));
	r.u.end.flags = 0;
	r.u.end.fault++;
	assert_false(record_valid(&r, n));
	r = good;
	for (i = 0; i < RECORD_TAIL_MAX; i++)
		r.u.end.tail[i] = i % 2 ? LMTP_RSET : LMTP_NOOP;
	for (r.u.end.tails = 0; r.u.end.tails <= RECORD_TAIL_MAX;
	    r.u.end.tails++)
		assert_true(record_valid(&r, n));
	/* whatever lies behind the last one that there is room for */
	memcpy((char *)&r.u.end + offsetof(struct record_end, tail) +
	    RECORD_TAIL_MAX * sizeof(uint32_t), r.u.end.tail,
	    sizeof(uint32_t));
	assert_false(record_valid(&r, n));
	r.u.end.tails = UINT32_MAX;
	assert_false(record_valid(&r, n));
	r.u.end.tails = RECORD_TAIL_MAX;
	for (i = 0; i < NELEM(verbs); i++) {
		r.u.end.tail[RECORD_TAIL_MAX - 1] = verbs[i];
		assert_false(record_valid(&r, n));
	}
}

/* One bad packet is one bad packet: the next is read from its start. */
static void
nonsense_is_told_and_over(void **state)
{
	static const size_t sizes[] = { 1, HEAD - 1, HEAD + 1,
	    sizeof(struct record), sizeof(struct record) + 1, 65536 };
	static char room[65536];
	struct record r, got;
	size_t i, n = make_record(&r, RECORD_EOF);
	int pair[2];

	(void)state;
	make_pair(pair);
	for (i = 0; i < NELEM(sizes); i++) {
		memset(room, 0, sizeof(room));
		/* a good head: only the size is wrong */
		memcpy(room, &r, HEAD);
		send_raw(pair[0], room, sizes[i], -1, 0);
		send_raw(pair[0], &r, n, -1, 0);
		errno = 0;
		assert_int_equal(record_recv(pair[1], &got, NULL), -1);
		assert_int_equal(errno, EBADMSG);
		assert_int_equal(record_recv(pair[1], &got, NULL), 1);
		assert_int_equal(got.type, RECORD_EOF);
	}
	close_pair(pair);
}

static void
a_peer_that_is_gone(void **state)
{
	struct record r;
	int pair[2], fd;

	(void)state;
	/* it went after its last record: that one counts */
	make_pair(pair);
	assert_int_equal(record_send(pair[0], RECORD_EOF, NULL, 0, -1), 0);
	close(pair[0]);
	assert_int_equal(record_recv(pair[1], &r, &fd), 1);
	assert_int_equal(record_recv(pair[1], &r, &fd), 0);
	assert_int_equal(fd, -1);
	assert_int_equal(record_recv(pair[1], &r, NULL), 0);
	/* no SIGPIPE, which would end this test */
	assert_int_equal(record_send(pair[1], RECORD_NO, NULL, 0, -1), -1);
	assert_int_equal(errno, EPIPE);
	close(pair[1]);
	/* it went with mail unread: ECONNRESET */
	make_pair(pair);
	assert_int_equal(record_send(pair[1], RECORD_NO, NULL, 0, -1), 0);
	close(pair[0]);
	assert_int_equal(record_recv(pair[1], &r, NULL), 0);
	close(pair[1]);
	/* what is no socket fails, and is not taken for a peer that is gone */
	assert_int_equal(pipe(pair), 0);
	assert_int_equal(record_recv(pair[0], &r, NULL), -1);
	assert_int_equal(errno, ENOTSOCK);
	assert_int_equal(record_send(pair[1], RECORD_NO, NULL, 0, -1), -1);
	assert_int_equal(errno, ENOTSOCK);
	close_pair(pair);
}

static volatile sig_atomic_t alarms;

static void
on_alarm(int sig)
{
	(void)sig;
	alarms++;
}

static void
a_signal_is_no_end(void **state)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval often = { { 0, 20000 }, { 0, 20000 } };
	struct itimerval never = { { 0, 0 }, { 0, 0 } };
	struct record r;
	int pair[2], rc, status;
	pid_t pid;

	(void)state;
	make_pair(pair);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		usleep(200000);
		_exit(record_send(pair[0], RECORD_DRY, NULL, 0, -1) == 0 ?
		    0 : 1);
	}
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	rc = record_recv(pair[1], &r, NULL);
	setitimer(ITIMER_REAL, &never, NULL);
	assert_int_equal(rc, 1);
	assert_int_equal(r.type, RECORD_DRY);
	assert_true(alarms > 0);
	while (waitpid(pid, &status, 0) == -1)
		assert_int_equal(errno, EINTR);
	assert_int_equal(status, 0);
	close_pair(pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_record_arrives_as_it_was_sent),
		cmocka_unit_test(a_descriptor_comes_along),
		cmocka_unit_test(descriptors_not_asked_for_are_closed),
		cmocka_unit_test(of_many_descriptors_one_at_most_stays),
		cmocka_unit_test(a_descriptor_with_nonsense_is_closed),
		cmocka_unit_test(other_control_data_is_no_descriptor),
		cmocka_unit_test(lengths_are_checked),
		cmocka_unit_test(types_are_checked),
		cmocka_unit_test(the_end_is_checked),
		cmocka_unit_test(nonsense_is_told_and_over),
		cmocka_unit_test(a_peer_that_is_gone),
		cmocka_unit_test(a_signal_is_no_end),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
