/*
 * Replies: one line each, whatever a client or a backend put into them, and a
 * client that does not read them costs one idle limit.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
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
	r->fd = fd[1];
	r->idle = 1;
}

static void
make_piped(struct replies *r, int fd[2])
{
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(fcntl(fd[1], F_SETPIPE_SZ, PIPE_SIZE), PIPE_SIZE);
	memset(r, 0, sizeof(*r));
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
	char buf[8192];
	ssize_t n;

	assert_int_equal(reply_flush(r), 0);
	assert_int_equal(r->len, 0);
	n = recv(client, buf, sizeof(buf) - 1, MSG_DONTWAIT);
	assert_in_range(n, 0, sizeof(buf) - 1);
	buf[n] = '\0';
	assert_string_equal(buf, wanted);
}

static void
lines_are_collected_until_flushed(void **state)
{
	struct replies r;
	char c;
	int fd[2];

	(void)state;
	make_replies(&r, fd);
	reply_add(&r, "250 %s", "one");
	reply_add(&r, "250 %d", 2);
	assert_int_equal(recv(fd[0], &c, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	check_written(&r, fd[0], "250 one\r\n250 2\r\n");
	/* nothing comes twice, and nothing of nothing */
	assert_int_equal(reply_flush(&r), 0);
	assert_int_equal(recv(fd[0], &c, 1, MSG_DONTWAIT), -1);
	close_pair(fd);
}

/* RFC 5321 section 4.5.3.1.5: 512 with CRLF. */
static void
a_line_is_cut_at_its_limit(void **state)
{
	char text[REPLY_LINE_MAX + 100], wanted[REPLY_LINE_MAX + 100];
	struct replies r;
	int fd[2];
	size_t n;

	(void)state;
	make_replies(&r, fd);
	for (n = REPLY_LINE_MAX - 4; n < sizeof(text); n++) {
		size_t kept = n < REPLY_LINE_MAX - 2 ? n : REPLY_LINE_MAX - 2;

		memset(text, 'x', n);
		text[n] = '\0';
		reply_add(&r, "%s", text);
		memset(wanted, 'x', kept);
		strlcpy(wanted + kept, "\r\n", 3);
		check_written(&r, fd[0], wanted);
	}
	close_pair(fd);
}

static void
a_recipient_cannot_break_the_line(void **state)
{
	static const struct {
		const char *recipient, *text, *wanted;
	} rows[] = {
		{ "a@b", "text", "550 5.1.1 <a@b>: text\r\n" },
		{ "", "t", "550 5.1.1 <>: t\r\n" },
		{ "a@b\r\n250 2.0.0 ok", "t",
		    "550 5.1.1 <a@b\\015\\012250 2.0.0 ok>: t\r\n" },
		{ "\303\266\033[2J\\@b", "t",
		    "550 5.1.1 <\\303\\266\\033[2J\\134@b>: t\r\n" },
		{ "%s%n@b", "%s%n", "550 5.1.1 <%s%n@b>: %s%n\r\n" },
		{ "a@b", "", "550 5.1.1 <a@b>: \r\n" },
	};
	struct replies r;
	int fd[2];
	size_t i;

	(void)state;
	make_replies(&r, fd);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		reply_recipient(&r, 550, "5.1.1", rows[i].recipient,
		    rows[i].text);
		check_written(&r, fd[0], rows[i].wanted);
	}
	close_pair(fd);
}

/* However long, a recipient leaves the code and the reason's words whole. */
static void
a_long_recipient_leaves_the_text(void **state)
{
	char recipient[ADDR_MAX], text[160], buf[2048];
	struct replies r;
	int fd[2];
	ssize_t n;

	(void)state;
	make_replies(&r, fd);
	memset(recipient, '\n', sizeof(recipient) - 1);
	recipient[sizeof(recipient) - 1] = '\0';
	memset(text, 't', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	reply_recipient(&r, 550, "5.999.999", recipient, text);
	assert_int_equal(reply_flush(&r), 0);
	n = recv(fd[0], buf, sizeof(buf) - 1, MSG_DONTWAIT);
	assert_in_range(n, 1, REPLY_LINE_MAX);
	buf[n] = '\0';
	assert_memory_equal(buf, "550 5.999.999 <\\012\\012", 23);
	assert_string_equal(buf + n - 2, "\r\n");
	assert_memory_equal(buf + n - 2 - 159 - 3, ">: ", 3);
	assert_memory_equal(buf + n - 2 - 159, text, 159);
	assert_ptr_equal(memchr(buf, '\n', n), buf + n - 1);
	close_pair(fd);
}

/* The words of DESIGN's table of replies. */
static void
every_reason_has_its_reply(void **state)
{
	static const struct {
		enum reason reason;
		const char *wanted;
	} rows[] = {
		{ REASON_OK, "250 2.1.5 " },
		{ REASON_NO_CHANNEL, "550 5.1.1 " },
		{ REASON_BAD_NUMBER, "553 5.1.3 " },
		{ REASON_NULL_SENDER, "550 5.7.1 " },
		{ REASON_NOT_REGISTERED, "550 5.7.1 " },
		{ REASON_REWRITTEN, "550 5.7.1 " },
		{ REASON_CHANNEL_OFF, "550 5.7.1 " },
		{ REASON_NUMBER_NOT_ALLOWED, "550 5.7.1 " },
		{ REASON_SECURITY, "550 5.7.1 " },
		{ REASON_CLIENT_UNKNOWN, "451 4.7.1 " },
		{ REASON_NOT_BUILT, "451 4." },
		{ REASON_LOOP, "554 5.4.6 " },
		{ REASON_AUTO_REPLY, "550 5.7.1 " },
		{ REASON_TOO_MANY, "452 4.5.3 " },
		{ REASON_TOO_LARGE, "552 5.3.4 " },
		{ REASON_BARE, "550 5.6.0 " },
		{ REASON_HEADER, "550 5.6.0 " },
		{ REASON_DISK_FULL, "452 4.3.1 " },
		{ REASON_ENGINE, "451 4.3." },
		{ REASON_INTERNAL, "451 4.3." },
		{ REASON_DELIVERED, "250 2.0.0 " },
		{ REASON_DATA, "554 5.6.0 " },
		{ REASON_NO_USER, "550 5.1.1 " },
		{ REASON_UNAVAILABLE, "554 5.3.0 " },
		{ REASON_DENIED, "550 5.7.1 " },
		{ REASON_FAILED, "451 4.3.0 " },
		{ REASON_SIGNAL, "451 4.3.0 " },
		{ REASON_TIMEOUT, "451 4.3.0 " },
		{ REASON_NOT_STARTED, "451 4.3.0 " },
		{ REASON_TIME_UP, "451 4." },
		{ REASON_STOPPED, "451 4.3." },
	};
	char wanted[256];
	struct replies r;
	int fd[2];
	size_t i;

	(void)state;
	make_replies(&r, fd);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct reason_words *w = reason_words(rows[i].reason);

		reply_reason(&r, "a@b", rows[i].reason);
		snprintf(wanted, sizeof(wanted), "%d %s <a@b>: %s\r\n",
		    w->code, w->enhanced, w->text);
		assert_memory_equal(wanted, rows[i].wanted,
		    strlen(rows[i].wanted));
		check_written(&r, fd[0], wanted);
	}
	close_pair(fd);
}

/* No reason without words, no two of one name, and the classes agree. */
static void
the_table_of_reasons_is_whole(void **state)
{
	const struct reason_words *w, *other;
	int i, j;

	(void)state;
	for (i = 0; i < REASONS; i++) {
		w = reason_words(i);
		assert_non_null(w->name);
		assert_in_range(strlen(w->name), 2, 24);
		assert_null(strpbrk(w->name, " =\"\\"));
		assert_in_range(w->code, 250, 554);
		assert_int_equal(w->enhanced[0], '0' + w->code / 100);
		assert_int_equal(w->enhanced[1], '.');
		assert_in_range(strlen(w->text), 1, 80);
		for (j = 0; j < i; j++) {
			other = reason_words(j);
			assert_string_not_equal(w->name, other->name);
		}
	}
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

	for (i = 0; i < 1000000 && !r->broken; i++)
		reply_add(r, "250 2.1.5 a reply that nobody reads %d", i);
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
}

/* It reads no slower than the limit: it is served, in order. */
static void
a_slow_pipe_is_waited_for(void **state)
{
	char buf[3 * PIPE_SIZE];
	int i, status, fd[2];
	size_t got = 0;
	struct replies r;
	ssize_t n;
	pid_t pid;

	(void)state;
	make_piped(&r, fd);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		close(fd[0]);
		for (i = 0; i < 100; i++)
			reply_add(&r, "%0100d", i);
		_exit(reply_flush(&r) == 0 ? 0 : 1);
	}
	close(fd[1]);
	do {
		usleep(150000);
		n = read(fd[0], buf + got, sizeof(buf) - got);
		assert_int_not_equal(n, -1);
		got += (size_t)n;
	} while (n > 0);
	assert_int_equal(got, 100 * 102);
	assert_memory_equal(buf + 99 * 102 + 98, "99\r\n", 4);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(fd[0]);
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
		cmocka_unit_test(lines_are_collected_until_flushed),
		cmocka_unit_test(a_line_is_cut_at_its_limit),
		cmocka_unit_test(a_recipient_cannot_break_the_line),
		cmocka_unit_test(a_long_recipient_leaves_the_text),
		cmocka_unit_test(every_reason_has_its_reply),
		cmocka_unit_test(the_table_of_reasons_is_whole),
		cmocka_unit_test(more_than_the_buffer_holds),
		cmocka_unit_test(a_client_that_never_reads),
		cmocka_unit_test(a_slow_pipe_is_waited_for),
		cmocka_unit_test(a_client_that_has_gone),
		cmocka_unit_test(a_client_that_only_stopped_sending),
		cmocka_unit_test(the_client_s_flags_are_untouched),
	};

	return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
