/*
 * Adding addresses to a queue: a new file with what is left of the old one,
 * in its place at once.  Trusts the import that made the rows.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "announce.h"
#include "announce_queue.h"

struct announce {
	struct queue	 old;
	FILE		*out;
	char		*name;		/* of the new file */
	long		 lines;
	uint32_t	*slot;		/* offsets in the old text, plus one;
					 * 0: none */
	size_t		 slots;		/* a power of two, some of them empty */
};

/* FNV-1a */
static uint32_t
hash(const char *s)
{
	uint32_t h = 2166136261U;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 16777619U;
	return h;
}

/* The slot that has the address, or that is free for it. */
static uint32_t *
find_slot(const struct announce *a, const char *address)
{
	size_t i, n = strlen(address);
	const char *p;

	for (i = hash(address) & (a->slots - 1); a->slot[i] != 0;
	    i = (i + 1) & (a->slots - 1)) {
		p = a->old.text + a->slot[i];
		if (strncmp(p, address, n) == 0 && p[n] == '\t')
			break;
	}
	return &a->slot[i];
}

static int
keep_line(struct announce *a, const struct queue_line *line)
{
	*find_slot(a, line->address) = (uint32_t)line->at + 1;
	a->lines++;
	return fwrite(a->old.text + line->at, line->len, 1, a->out) == 1 ?
	    0 : -1;
}

/* What is not over yet of an earlier run. */
static int
keep_old(struct announce *a)
{
	struct queue_line line;
	size_t at, n = 0;

	for (at = 0; queue_next(&a->old, &at, &line) == 1; )
		n++;
	for (a->slots = 16; a->slots < 2 * n; a->slots *= 2)
		;
	if ((a->slot = calloc(a->slots, sizeof(*a->slot))) == NULL)
		return -1;
	for (at = 0; queue_next(&a->old, &at, &line) == 1; )
		if (line.mark != MARK_OVER && keep_line(a, &line) == -1)
			return -1;
	return 0;
}

static int
make_file(struct announce *a)
{
	int fd;

	if (asprintf(&a->name, ".%s-new", a->old.name) == -1) {
		a->name = NULL;
		return -1;
	}
	fd = openat(a->old.dir, a->name,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	if ((a->out = fdopen(fd, "w")) == NULL)
		close(fd);
	return a->out != NULL ? 0 : -1;
}

/* Without the new file, unless it has taken the old one's place. */
static void
finish(struct announce *a, bool remove)
{
	int saved = errno;

	if (a->out != NULL)
		fclose(a->out);
	if (remove && a->name != NULL)
		unlinkat(a->old.dir, a->name, 0);
	queue_close(&a->old);
	free(a->name);
	free(a->slot);
	free(a);
	errno = saved;
}

void
announce_abort(struct announce *a)
{
	if (a != NULL)
		finish(a, true);
}

struct announce *
announce_begin(const char *state_dir, const char *table)
{
	struct announce *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	if (queue_open(&a->old, state_dir, table, true) == -1) {
		free(a);
		return NULL;
	}
	if (make_file(a) == 0 && keep_old(a) == 0)
		return a;
	announce_abort(a);
	return NULL;
}

int
announce_add(struct announce *a, const char *address, const char *user)
{
	if (!addr_valid(address) || strpbrk(address, "\t\n") != NULL ||
	    strpbrk(user, "\t\n") != NULL) {
		errno = EINVAL;
		return -1;
	}
	if (*find_slot(a, address) != 0)
		return 0;
	a->lines++;
	return fprintf(a->out, "%c%s\t%s\n", MARK_WAITING, address, user) < 0 ?
	    -1 : 0;
}

int
announce_commit(struct announce *a)
{
	int rc = -1;

	if (a->lines == 0)
		rc = a->old.fd != -1 ? queue_remove(&a->old) : 0;
	else if (fflush(a->out) == 0 && !ferror(a->out) &&
	    fsync(fileno(a->out)) == 0 &&
	    renameat(a->old.dir, a->name, a->old.dir, a->old.name) == 0)
		rc = fsync(a->old.dir);
	finish(a, rc == -1 || a->lines == 0);
	return rc;
}

long
announce_left(const char *state_dir, const char *table)
{
	struct queue q;
	long left;

	if (queue_look(&q, state_dir, table) == -1)
		return errno == ENOENT ? 0 : -1;
	left = queue_left(&q);
	queue_close(&q);
	return left;
}
