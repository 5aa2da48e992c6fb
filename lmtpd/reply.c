/*
 * Replies to the client.  A client that does not read costs one idle limit
 * and never more than this buffer.
 */
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/sockios.h>

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "reply.h"

#define STOP_WAIT_MS	1000	/* for the last replies */

void
reply_add(struct replies *r, const char *fmt, ...)
{
	char line[REPLY_LINE_MAX - 1];	/* vsnprintf's NUL, then CRLF */
	va_list ap;
	size_t len;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	len = strlen(line);
	if (r->len + len + 2 > sizeof(r->buf))
		reply_flush(r);
	if (r->broken)
		return;
	memcpy(r->buf + r->len, line, len);
	memcpy(r->buf + r->len + len, "\r\n", 2);
	r->len += len + 2;
}

void
reply_recipient(struct replies *r, int code, const char *enhanced,
    const char *recipient, const char *text)
{
	char safe[256];

	log_safe(safe, sizeof(safe), recipient);
	reply_add(r, "%d %s <%s>: %s", code, enhanced, safe, text);
}

void
reply_reason(struct replies *r, const char *recipient, enum reason reason)
{
	const struct reason_words *w = reason_words(reason);

	reply_recipient(r, w->code, w->enhanced, recipient, w->text);
}

/* A client that takes bytes gets them, even when we are told to stop. */
static int
wait_writable(const struct replies *r)
{
	struct pollfd pfd[2] = {
		{ .fd = r->fd, .events = POLLOUT },
		{ .fd = r->stop_fd, .events = POLLIN }
	};
	int n, ms = r->idle * 1000;

	for (;;) {
		n = poll(pfd, 2, ms);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		if (pfd[0].revents != 0)
			return pfd[0].revents & POLLOUT ? 0 : -1;
		pfd[1].fd = -1;
		ms = STOP_WAIT_MS;
	}
}

/*
 * A socket can be asked not to block, and has room nearly always; a pipe that
 * polls writable takes PIPE_BUF at once.  The client's file flags are not ours
 * to change.  -1: the client is lost.
 */
static ssize_t
write_some(const struct replies *r, const char *p, size_t n)
{
	ssize_t w = send(r->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	bool pipe = w == -1 && errno == ENOTSOCK;

	if (w != -1)
		return w;
	if (!pipe && errno != EAGAIN && errno != EINTR)
		return -1;
	if (wait_writable(r) == -1)
		return -1;
	if (!pipe)
		return 0;
	w = write(r->fd, p, n);
	return w == -1 && (errno == EAGAIN || errno == EINTR) ? 0 : w;
}

int
reply_flush(struct replies *r)
{
	size_t done = 0;
	ssize_t n;

	while (!r->broken && done < r->len) {
		n = write_some(r, r->buf + done, r->len - done);
		if (n == -1)
			r->broken = true;
		else
			done += n;
	}
	r->len = 0;
	return r->broken ? -1 : 0;
}

bool
reply_unread(const struct replies *r)
{
	int n = 0;

	/* of a socket; else of a pipe, which tells it at either end */
	return (ioctl(r->fd, SIOCOUTQ, &n) == 0 ||
	    ioctl(r->fd, FIONREAD, &n) == 0) && n > 0;
}

bool
reply_client_gone(const struct replies *r)
{
	struct pollfd pfd = { .fd = r->fd };

	return r->broken || (poll(&pfd, 1, 0) == 1 &&
	    (pfd.revents & (POLLERR | POLLHUP)));
}
