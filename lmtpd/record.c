/*
 * Records between processes.  Both sides use this file; the receiving half
 * distrusts all that it reads.
 */
#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "record.h"

#define HEADER_SIZE	offsetof(struct record, u)

static int
send_record(int channel, enum record_type type, const void *payload,
    size_t len, int fd, int flags)
{
	struct record head = { .type = type, .len = len };
	struct iovec iov[2] = {
		{ &head, HEADER_SIZE }, { (void *)payload, len }
	};
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	struct cmsghdr *cmsg;
	ssize_t n;

	if (fd != -1) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	}
	do
		n = sendmsg(channel, &msg, MSG_NOSIGNAL | flags);
	while (n == -1 && errno == EINTR);
	return n == -1 ? -1 : 0;
}

int
record_send(int channel, enum record_type type, const void *payload,
    size_t len, int fd)
{
	return send_record(channel, type, payload, len, fd, 0);
}

int
record_post(int channel, enum record_type type, const void *payload,
    size_t len, int fd)
{
	return send_record(channel, type, payload, len, fd, MSG_DONTWAIT);
}

static size_t
payload_size(enum record_type type)
{
	switch (type) {
	case RECORD_END:
		return sizeof(struct record_end);
	case RECORD_GO:
		return sizeof(struct record_go);
	case RECORD_RUN:
		return sizeof(struct record_run);
	case RECORD_DEAD:
		return sizeof(struct record_dead);
	case RECORD_UNCONFINED:
		return sizeof(struct record_unconfined);
	default:
		return 0;
	}
}

static int
end_valid(const struct record_end *end)
{
	uint32_t i;

	if (end->flags > 31 || end->fault > 7 ||
	    end->tails > RECORD_TAIL_MAX)
		return 0;
	for (i = 0; i < end->tails; i++)
		if (end->tail[i] != LMTP_RSET && end->tail[i] != LMTP_NOOP &&
		    end->tail[i] != LMTP_QUIT)
			return 0;
	return 1;
}

int
record_valid(const struct record *r, size_t n)
{
	if (n < HEADER_SIZE || r->type >= RECORDS ||
	    r->len != n - HEADER_SIZE)
		return 0;
	if (r->type == RECORD_COMMAND || r->type == RECORD_LAST)
		return lmtp_command_valid(&r->u.command, r->len);
	if (r->len != payload_size(r->type))
		return 0;
	return r->type != RECORD_END || end_valid(&r->u.end);
}

/* The descriptor that came along; a record never has two. */
static int
passed_fd(struct msghdr *msg)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	int fd;

	if (cmsg == NULL || cmsg->cmsg_level != SOL_SOCKET ||
	    cmsg->cmsg_type != SCM_RIGHTS ||
	    cmsg->cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(int));
	return fd;
}

int
record_recv(int channel, struct record *r, int *fd)
{
	struct iovec iov = { r, sizeof(*r) };
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (fd != NULL) {
		*fd = -1;
		msg.msg_control = control.buf;
		/* CMSG_SPACE would let a second one in, which nobody closes */
		msg.msg_controllen = CMSG_LEN(sizeof(int));
	}
	do
		n = recvmsg(channel, &msg, MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	if (n == 0 || (n == -1 && errno == ECONNRESET))
		return 0;
	if (n == -1)
		return -1;
	if (fd != NULL)
		*fd = passed_fd(&msg);
	if ((msg.msg_flags & MSG_TRUNC) || !record_valid(r, n)) {
		if (fd != NULL && *fd != -1) {
			close(*fd);
			*fd = -1;
		}
		errno = EBADMSG;
		return -1;
	}
	return 1;
}
