/*
 * The spool of one message.  The engine's descriptor is for appending, but an
 * engine gone bad could cut the file or write anew: what stands in front is
 * written once more when it is dead.  Each backend reads through an opening
 * of its own, with an offset of its own.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "msg.h"

struct msg {
	int		 fd;
	uint64_t	 prepended;
	uint64_t	 size;		/* the client's bytes, once sealed */
	char		 front[MSG_PREPEND_MAX];
};

int
msg_unnamed(const char *dir)
{
	return open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

int
msg_reopen(int fd, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC);
}

struct msg *
msg_open(const char *dir)
{
	struct msg *m;

	if ((m = calloc(1, sizeof(*m))) == NULL)
		return NULL;
	if ((m->fd = msg_unnamed(dir)) == -1) {
		free(m);
		return NULL;
	}
	return m;
}

int
msg_prepend(struct msg *m, const char *text, size_t len)
{
	ssize_t n;

	if (len > MSG_PREPEND_MAX - m->prepended) {
		errno = EFBIG;
		return -1;
	}
	n = pwrite(m->fd, text, len, m->prepended);
	if (n == -1)
		return -1;
	if ((size_t)n != len) {
		errno = ENOSPC;
		return -1;
	}
	memcpy(m->front + m->prepended, text, len);
	m->prepended += len;
	return 0;
}

int
msg_appender(const struct msg *m)
{
	return msg_reopen(m->fd, O_WRONLY | O_APPEND);
}

int
msg_seal(struct msg *m, uint64_t told)
{
	struct stat st;

	if (pwrite(m->fd, m->front, m->prepended, 0) !=
	    (ssize_t)m->prepended || fstat(m->fd, &st) == -1)
		return -1;
	if ((uint64_t)st.st_size != m->prepended + told) {
		errno = EBADMSG;
		return -1;
	}
	m->size = told;
	return 0;
}

uint64_t
msg_size(const struct msg *m)
{
	return m->size;
}

int
msg_reader(const struct msg *m)
{
	return msg_reopen(m->fd, O_RDONLY);
}

int
msg_body_reader(const struct msg *m, uint64_t offset)
{
	int fd = msg_reopen(m->fd, O_RDONLY);

	if (fd != -1 && lseek(fd, m->prepended + offset, SEEK_SET) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

ssize_t
msg_read(const struct msg *m, void *buf, size_t n, uint64_t offset)
{
	return pread(m->fd, buf, n, m->prepended + offset);
}

int
msg_overwrite(const struct msg *m, const void *buf, size_t n, uint64_t offset)
{
	ssize_t done = pwrite(m->fd, buf, n, m->prepended + offset);

	if (done == (ssize_t)n)
		return 0;
	if (done != -1)
		errno = ENOSPC;
	return -1;
}

void
msg_close(struct msg *m)
{
	if (m == NULL)
		return;
	close(m->fd);
	free(m);
}
