/*
 * The queue of addresses to be told.  Trusts whoever may write below the state
 * directory, not that a file is whole: what is no line is passed over.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "announce_queue.h"
#include "state.h"

#define DIRECTORY	"tables"

/*
 * A file of its own: the queue's is replaced.  Those of tables end in ".lock"
 * and ".new".
 */
static int
take_lock(int dir, const char *queue)
{
	char *name;
	int fd;

	if (asprintf(&name, ".%s-lock", queue) == -1)
		return -1;
	fd = state_try_lock(dir, name);
	free(name);
	return fd;
}

/* The file, if there is one. */
static int
map(struct queue *q, int flags)
{
	struct stat st;
	void *text;

	q->fd = openat(q->dir, q->name, flags | O_NOFOLLOW | O_CLOEXEC);
	if (q->fd == -1)
		return errno == ENOENT ? 0 : -1;
	if (fstat(q->fd, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode) || st.st_size > UINT32_MAX) {
		errno = EBADMSG;
		return -1;
	}
	if (st.st_size == 0)
		return 0;
	text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, q->fd,
	    0);
	if (text == MAP_FAILED)
		return -1;
	q->text = text;
	q->len = (size_t)st.st_size;
	return 0;
}

static int
prepare(struct queue *q, const char *state_dir, const char *table, bool make)
{
	memset(q, 0, sizeof(*q));
	q->dir = q->lock = q->fd = -1;
	errno = EINVAL;
	if (!state_name(table))
		return -1;
	if (asprintf(&q->name, "%s.notify", table) == -1) {
		q->name = NULL;
		return -1;
	}
	return q->dir = make ? state_make(state_dir, DIRECTORY) :
	    state_open(state_dir, DIRECTORY);
}

int
queue_open(struct queue *q, const char *state_dir, const char *table,
    bool make)
{
	if (prepare(q, state_dir, table, make) != -1 &&
	    (q->lock = take_lock(q->dir, q->name)) != -1 &&
	    map(q, O_RDWR) == 0)
		return 0;
	queue_close(q);
	return -1;
}

int
queue_look(struct queue *q, const char *state_dir, const char *table)
{
	if (prepare(q, state_dir, table, false) != -1 &&
	    map(q, O_RDONLY) == 0)
		return 0;
	queue_close(q);
	return -1;
}

void
queue_close(struct queue *q)
{
	int saved = errno;

	if (q->text != NULL)
		munmap((void *)q->text, q->len);
	if (q->fd != -1)
		close(q->fd);
	if (q->lock != -1)
		close(q->lock);
	if (q->dir != -1)
		close(q->dir);
	free(q->name);
	errno = saved;
}

/* A line of len bytes, its end not counted. */
static bool
read_line(const char *p, size_t len, struct queue_line *line)
{
	const char *tab = memchr(p, '\t', len);
	size_t n;

	if (tab == NULL || memchr("+!?-", *p, 4) == NULL)
		return false;
	n = (size_t)(tab - p) - 1;
	if (n == 0 || n >= sizeof(line->address))
		return false;
	line->mark = *p;
	line->len = len + 1;
	memcpy(line->address, p + 1, n);
	line->address[n] = '\0';
	return addr_valid(line->address);
}

int
queue_next(const struct queue *q, size_t *at, struct queue_line *line)
{
	const char *p, *end;

	while (*at < q->len) {
		p = q->text + *at;
		if ((end = memchr(p, '\n', q->len - *at)) == NULL)
			return 0;
		line->at = *at;
		*at += (size_t)(end - p) + 1;
		if (read_line(p, (size_t)(end - p), line))
			return 1;
	}
	return 0;
}

long
queue_left(const struct queue *q)
{
	struct queue_line line;
	size_t at = 0;
	long left = 0;

	while (queue_next(q, &at, &line) == 1)
		if (line.mark == MARK_WAITING || line.mark == MARK_FAILED)
			left++;
	return left;
}

int
queue_mark(const struct queue *q, const struct queue_line *line,
    enum mark mark)
{
	char c = (char)mark;

	if (pwrite(q->fd, &c, 1, (off_t)line->at) != 1)
		return -1;
	return fdatasync(q->fd);
}

int
queue_remove(const struct queue *q)
{
	if (unlinkat(q->dir, q->name, 0) == -1 && errno != ENOENT)
		return -1;
	return fsync(q->dir);
}
