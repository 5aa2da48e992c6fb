/*
 * Replies and their client: one that reads slowly gets them all, and one that
 * does not read costs one idle limit.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "reply.h"

#define PIPE_SIZE	4096

/* Sends to fd[1]; the client reads fd[0]. */
static void
make_replies(struct replies *r, int fd[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	memset(r, 0, sizeof(*r));
	r->stop_fd = -1;
	r->fd = fd[1];
	r->idle = 1;
}

static void
make_piped(struct replies *r, int fd[2])
{
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(fcntl(fd[1], F_SETPIPE_SZ, PIPE_SIZE), PIPE_SIZE);
	memset(r, 0, sizeof(*r));
	r->stop_fd = -1;
	r->fd = fd[1];
	r->idle = 1;
}

/* TCP, with as little room between the two as the kernel gives. */
static void
make_tcp(struct replies *r, int fd[2])
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int listener = socket(AF_INET, SOCK_STREAM, 0), least = 1;
	socklen_t len = sizeof(to);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (void *)&to, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (void *)&to, &len), 0);
	setsockopt(fd[0], SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
	assert_int_equal(connect(fd[0], (void *)&to, len), 0);
	fd[1] = accept(listener, NULL, NULL);
	assert_int_not_equal(fd[1], -1);
	setsockopt(fd[1], SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
	close(listener);
	memset(r, 0, sizeof(*r));
	r->stop_fd = -1;
	r->fd = fd[1];
	r->idle = 1;
}

static void
close_pair(int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

/* Flushes, and checks all that the client gets. */
static void
check_written(struct replies *r, int client, const char *wanted)
{
	char buf[64] = "";

	assert_int_equal(reply_flush(r), 0);
	assert_int_equal(recv(client, buf, sizeof(buf), MSG_DONTWAIT),
	    strlen(wanted));
	assert_memory_equal(buf, wanted, strlen(wanted));
}

/* The buffer is flushed when it is full, and no line is lost or torn. */
static void
more_than_the_buffer_holds(void **state)
{
	char line[64], buf[64];
	int i, status, fd[2];
	struct replies r;
	pid_t pid;
	FILE *fp;

	(void)state;
	make_replies(&r, fd);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		close(fd[0]);
		for (i = 0; i < 20000; i++)
			reply_add(&r, "250 2.1.5 line %d", i);
		_exit(reply_flush(&r) == 0 ? 0 : 1);
	}
	close(fd[1]);
	fp = fdopen(fd[0], "r");
	assert_non_null(fp);
	for (i = 0; i < 20000; i++) {
		snprintf(line, sizeof(line), "250 2.1.5 line %d\r\n", i);
		assert_non_null(fgets(buf, sizeof(buf), fp));
		assert_string_equal(buf, line);
	}
	assert_null(fgets(buf, sizeof(buf), fp));
	fclose(fp);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Lines of 8 bytes, then one of each length that may or may not fit. */
static void
the_buffer_is_filled_to_its_end(void **state)
{
	struct {
		struct replies r;
		char behind[16];
	} s;
	char buf[2 * sizeof(s.r.buf)], text[16] = "";
	int fd[2], i, room = sizeof(s.r.buf);
	ssize_t n;
	size_t len;

	(void)state;
	for (len = 0; len < 12; len++) {
		make_replies(&s.r, fd);
		memset(s.behind, '#', sizeof(s.behind));
		for (i = 0; i < room / 8 - 1; i++)
			reply_add(&s.r, "250 ok");
		assert_int_equal(s.r.len, room - 8);
		memset(text, 'x', len);
		reply_add(&s.r, "%s", text);
		/* it fits to the byte, or the rest has left before */
		assert_int_equal(s.r.len, len <= 6 ? room - 6 + len : len + 2);
		assert_int_equal(reply_flush(&s.r), 0);
		n = recv(fd[0], buf, sizeof(buf), MSG_DONTWAIT);
		assert_int_equal(n, room - 6 + len);
		assert_memory_equal(buf + room - 8, text, len);
		assert_memory_equal(s.behind, "################", 16);
		close_pair(fd);
	}
}

static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Fills what there is between us, and checks that the last wait ended. */
static void
check_gives_up(struct replies *r)
{
	double began = seconds(), took;
	int i;

	alarm(20);	/* it must not block for good */
	for (i = 0; i < 1000000 && !r->broken; i++)
		reply_add(r, "250 2.1.5 a reply that nobody reads %d", i);
	alarm(0);
	took = seconds() - began;
	assert_true(r->broken);
	assert_true(took > 0.9 && took < 5);
	/* what comes after costs nothing */
	began = seconds();
	for (i = 0; i < 1000; i++)
		reply_add(r, "250 %d", i);
	assert_int_equal(r->len, 0);
	assert_int_equal(reply_flush(r), -1);
	assert_true(reply_client_gone(r));
	assert_true(seconds() - began < 0.5);
}

static void
a_client_that_never_reads(void **state)
{
	struct replies r;
	int fd[2];

	(void)state;
	make_replies(&r, fd);
	check_gives_up(&r);
	close_pair(fd);
	make_piped(&r, fd);
	check_gives_up(&r);
	close_pair(fd);
	make_tcp(&r, fd);
	check_gives_up(&r);
	close_pair(fd);
}

/* It reads no slower than the limit: it is served, in order. */
static void
check_slow_client(void (*make)(struct replies *, int [2]), int lines)
{
	char buf[2000], line[128];
	int i = 0, status, fd[2];
	struct replies r;
	pid_t pid;
	ssize_t n;
	size_t at, seen = 0;

	make(&r, fd);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		close(fd[0]);
		for (i = 0; i < lines; i++)
			reply_add(&r, "%0100d", i);
		_exit(reply_flush(&r) == 0 ? 0 : 1);
	}
	close(fd[1]);
	snprintf(line, sizeof(line), "%0100d\r\n", i);
	while ((n = read(fd[0], buf, sizeof(buf))) > 0) {
		for (at = 0; at < (size_t)n; at++) {
			assert_int_equal(buf[at], line[seen]);
			if (line[++seen] == '\0') {
				snprintf(line, sizeof(line), "%0100d\r\n",
				    ++i);
				seen = 0;
			}
		}
		usleep(10000);
	}
	assert_int_equal(n, 0);
	assert_int_equal(i, lines);
	assert_int_equal(seen, 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(fd[0]);
}

static void
a_slow_client_is_waited_for(void **state)
{
	(void)state;
	check_slow_client(make_piped, 300);
	check_slow_client(make_replies, 3000);
	check_slow_client(make_tcp, 1000);
}

/* The socket needs no help against SIGPIPE; for pipes it is ignored. */
static void
a_client_that_has_gone(void **state)
{
	struct replies r;
	int fd[2];

	(void)state;
	make_replies(&r, fd);
	assert_false(reply_client_gone(&r));
	close(fd[0]);
	assert_true(reply_client_gone(&r));
	reply_add(&r, "250 ok");
	assert_int_equal(reply_flush(&r), -1);
	assert_true(r.broken);
	close(fd[1]);
	signal(SIGPIPE, SIG_IGN);
	make_piped(&r, fd);
	assert_false(reply_client_gone(&r));
	close(fd[0]);
	assert_true(reply_client_gone(&r));
	reply_add(&r, "250 ok");
	assert_int_equal(reply_flush(&r), -1);
	close(fd[1]);
	signal(SIGPIPE, SIG_DFL);
}

/* One that says no more may well listen. */
static void
a_client_that_only_stopped_sending(void **state)
{
	struct replies r;
	int fd[2];

	(void)state;
	make_replies(&r, fd);
	assert_int_equal(shutdown(fd[0], SHUT_WR), 0);
	assert_false(reply_client_gone(&r));
	reply_add(&r, "221 bye");
	check_written(&r, fd[0], "221 bye\r\n");
	close_pair(fd);
}

/* The client's socket may be shared: its flags are as they were. */
static void
the_client_s_flags_are_untouched(void **state)
{
	struct replies r;
	int fd[2], flags;

	(void)state;
	make_replies(&r, fd);
	flags = fcntl(fd[1], F_GETFL);
	reply_add(&r, "250 ok");
	check_written(&r, fd[0], "250 ok\r\n");
	assert_int_equal(fcntl(fd[1], F_GETFL), flags);
	/* and one that does not block is no failure */
	assert_int_equal(fcntl(fd[1], F_SETFL, flags | O_NONBLOCK), 0);
	reply_add(&r, "250 ok");
	check_written(&r, fd[0], "250 ok\r\n");
	close_pair(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(more_than_the_buffer_holds),
		cmocka_unit_test(the_buffer_is_filled_to_its_end),
		cmocka_unit_test(a_slow_client_is_waited_for),
		cmocka_unit_test(a_client_that_never_reads),
		cmocka_unit_test(a_client_that_has_gone),
		cmocka_unit_test(a_client_that_only_stopped_sending),
		cmocka_unit_test(the_client_s_flags_are_untouched),
	};

	return cmocka_run_group_tests_name("reply_client", tests, NULL, NULL);
}
