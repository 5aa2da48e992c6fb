/*
 * Tables of addresses, made.  A new table is a file without a name until all of
 * it is on disk; then it takes the old one's place by rename.  Trusts its
 * caller for the rows.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cdb.h>

#include "state.h"
#include "table.h"
#include "table_file.h"

struct table_maker {
	char		*file;		/* NAME.cdb */
	char		*temporary;	/* .NAME.cdb.new */
	int		 dir;
	int		 lock;
	int		 fd;
	bool		 making;		/* make holds memory */
	struct cdb_make	 make;
};

static int
lock(struct table_maker *m, const char *name)
{
	char *file;

	if (asprintf(&file, ".%s" TABLE_SUFFIX ".lock", name) == -1)
		return -1;
	m->lock = state_lock(m->dir, file);
	free(file);
	return m->lock;
}

/* What is left of one that was killed between its two names. */
static int
clean(const struct table_maker *m)
{
	return unlinkat(m->dir, m->temporary, 0) == -1 && errno != ENOENT ?
	    -1 : 0;
}

/* cdb_make_finish() alone frees what cdb_make_add() holds. */
static int
finish(struct table_maker *m)
{
	if (!m->making)
		return 0;
	m->making = false;
	return cdb_make_finish(&m->make);
}

static int
start(struct table_maker *m)
{
	m->fd = openat(m->dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (m->fd == -1 || cdb_make_start(&m->make, m->fd) == -1)
		return -1;
	m->making = true;
	return 0;
}

static int
name_files(struct table_maker *m, const char *name)
{
	if (asprintf(&m->file, "%s" TABLE_SUFFIX, name) == -1) {
		m->file = NULL;
		return -1;
	}
	if (asprintf(&m->temporary, ".%s.new", m->file) == -1) {
		m->temporary = NULL;
		return -1;
	}
	return 0;
}

struct table_maker *
table_make(const char *state_dir, const char *name)
{
	struct table_maker *m;

	if (!state_name(name)) {
		errno = EINVAL;
		return NULL;
	}
	if ((m = calloc(1, sizeof(*m))) == NULL)
		return NULL;
	m->dir = m->lock = m->fd = -1;
	if (name_files(m, name) == 0 &&
	    (m->dir = state_make(state_dir, TABLE_DIRECTORY)) != -1 &&
	    lock(m, name) != -1 && clean(m) == 0 && start(m) == 0)
		return m;
	table_make_abort(m);
	return NULL;
}

int
table_make_add(struct table_maker *m, const char *address, const char *user)
{
	return cdb_make_add(&m->make, address, (unsigned int)strlen(address),
	    user, (unsigned int)strlen(user)) == 0 ? 0 : -1;
}

struct table *
table_make_read(struct table_maker *m)
{
	int fd;

	if (finish(m) == -1 ||
	    (fd = fcntl(m->fd, F_DUPFD_CLOEXEC, 0)) == -1)
		return NULL;
	return table_open_fd(fd, false);
}

/* Memory of a table that is not wanted any more: it is as short as that of one
 * that is. */
static void
drop(struct table_maker *m)
{
	if (m->making)
		(void)finish(m);
	if (m->fd != -1)
		close(m->fd);
	m->fd = -1;
}

int
table_make_anew(struct table_maker *m)
{
	drop(m);
	return start(m);
}

/* A name for the file, then the table's. */
static int
publish(const struct table_maker *m)
{
	char path[32];
	int saved;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", m->fd);
	if (linkat(AT_FDCWD, path, m->dir, m->temporary,
	    AT_SYMLINK_FOLLOW) == -1)
		return -1;
	if (renameat(m->dir, m->temporary, m->dir, m->file) == 0)
		return fsync(m->dir);
	saved = errno;
	(void)clean(m);
	errno = saved;
	return -1;
}

int
table_make_commit(struct table_maker *m)
{
	int rc = finish(m) == 0 && fsync(m->fd) == 0 ? publish(m) : -1;

	table_make_abort(m);
	return rc;
}

void
table_make_abort(struct table_maker *m)
{
	int saved = errno;

	if (m == NULL)
		return;
	drop(m);
	if (m->lock != -1)
		close(m->lock);
	if (m->dir != -1)
		close(m->dir);
	free(m->file);
	free(m->temporary);
	free(m);
	errno = saved;
}

/* --- rows of the same address */

struct repeats {
	int		(*each)(void *, const char *, const char *,
			    const char *);
	void		*arg;
};

static int
tell(const struct table *t, unsigned int first, const char *address,
    const char *user, const struct repeats *repeats)
{
	char same[ADDR_MAX], before[TABLE_USER_MAX];

	if (table_next(t, &first, same, before) == -1)
		return -1;
	return repeats->each(repeats->arg, address, before, user);
}

/* Whether a slot of the same hash stands before this one: nearly none does,
 * and so nearly no record has to be looked at.  1, 0 or -1. */
static int
suspected(const struct table *t, unsigned int root, unsigned int nth,
    const struct slot *slot)
{
	unsigned int n = table_slots(t, root), i = (slot->hash >> 8) % n;
	struct slot other;

	while (i != nth) {
		if (table_slot(t, root, i, &other) == -1)
			return -1;
		if (other.hash == slot->hash && other.pos != 0)
			return 1;
		i = i + 1 < n ? i + 1 : 0;
	}
	return 0;
}

static int
look(const struct table *t, unsigned int root, unsigned int nth,
    const struct repeats *repeats)
{
	char address[ADDR_MAX], user[TABLE_USER_MAX];
	unsigned int first, at;
	struct slot slot;
	int rc;

	if (table_slot(t, root, nth, &slot) == -1)
		return -1;
	if (slot.pos == 0 || (rc = suspected(t, root, nth, &slot)) == 0)
		return 0;
	at = slot.pos;
	if (rc == -1 || table_next(t, &at, address, user) == -1 ||
	    table_first(t, address, (unsigned int)strlen(address),
	    &first) != 1)
		return -1;
	return first != slot.pos ? tell(t, first, address, user, repeats) : 0;
}

int
table_repeats(const struct table *t, int (*each)(void *, const char *,
    const char *, const char *), void *arg)
{
	const struct repeats repeats = { each, arg };
	unsigned int root, nth;
	int rc;

	for (root = 0; root < TABLE_ROOTS; root++)
		for (nth = 0; nth < table_slots(t, root); nth++) {
			rc = look(t, root, nth, &repeats);
			if (rc != 0)
				return rc;
		}
	return 0;
}

int
table_next_once(const struct table *t, unsigned int *at,
    char address[ADDR_MAX], char user[TABLE_USER_MAX])
{
	unsigned int first, pos;
	int rc;

	do {
		pos = *at != 0 ? *at : TABLE_HEAD;
		if ((rc = table_next(t, at, address, user)) != 1)
			return rc;
		if (table_first(t, address, (unsigned int)strlen(address),
		    &first) != 1)
			return -1;
	} while (first != pos);
	return 1;
}
