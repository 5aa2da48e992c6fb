/*
 * Replies: one line each, whatever a client or a backend put into them.
 */
#include <sys/socket.h>

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "reply.h"

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
		{ REASON_STRING, "550 5.7.1 " },
		{ REASON_KEYWORD, "250 2.0.0 " },
		{ REASON_WRONG_KEYWORD, "550 5.1.1 " },
		{ REASON_REMEMBERED, "250 2.0.0 " },
		{ REASON_HELD, "451 4.3.0 " },
		{ REASON_RATE, "451 4.7.1 " },
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_collected_until_flushed),
		cmocka_unit_test(a_line_is_cut_at_its_limit),
		cmocka_unit_test(a_recipient_cannot_break_the_line),
		cmocka_unit_test(a_long_recipient_leaves_the_text),
		cmocka_unit_test(every_reason_has_its_reply),
	};

	return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
