/*
 * Tables of addresses, read.  Trusts whoever may write below the state
 * directory, not that a file is whole: every position and length in it is held
 * against its size before it is followed.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cdb.h>

#include "state.h"
#include "table.h"
#include "table_file.h"

#define WINDOW	1024	/* more than the largest record that we make */
#define GLANCE	128	/* of what is read here and there */

/* A piece of a file that is not mapped. */
struct window {
	unsigned int	 pos;
	unsigned int	 len;
	unsigned char	 text[WINDOW];
};

struct root {
	unsigned int	 pos;
	unsigned int	 slots;
};

struct record {
	const char	*key;
	const char	*value;
	unsigned int	 klen;
	unsigned int	 vlen;
	unsigned int	 end;	/* the next record */
};

struct table {
	int			 fd;
	unsigned int		 size;
	unsigned int		 end;	/* of the records */
	unsigned int		 rows;
	const unsigned char	*map;	/* NULL: read by windows */
	bool			 sparing; /* map is for the hash tables only */
	struct window		*slots;
	struct window		*records;
	struct root		 root[TABLE_ROOTS];
};

static int
damaged(void)
{
	errno = EBADMSG;
	return -1;
}

/* At least n bytes from pos on; and a window full of them where it is on from
 * the last one. */
static int
fill(const struct table *t, struct window *w, unsigned int pos, unsigned int n)
{
	bool on = pos - w->pos <= 2 * WINDOW;
	size_t size = on ? WINDOW : n < GLANCE ? GLANCE : n;
	ssize_t got = pread(t->fd, w->text, size, pos);

	w->len = 0;
	if (got == -1)
		return -1;
	if ((size_t)got < n)
		return damaged();
	w->pos = pos;
	w->len = (unsigned int)got;
	return 0;
}

/* n bytes of the file, WINDOW at most; NULL: errno. */
static const unsigned char *
get(const struct table *t, struct window *w, unsigned int pos, unsigned int n)
{
	if (pos > t->size || n > t->size - pos || n > WINDOW) {
		damaged();
		return NULL;
	}
	if (t->map != NULL && !(t->sparing && w == t->records))
		return t->map + pos;
	if ((pos < w->pos || pos - w->pos > w->len ||
	    n > w->len - (pos - w->pos)) && fill(t, w, pos, n) == -1)
		return NULL;
	return w->text + (pos - w->pos);
}

/*
 * The head: each hash table begins where the one before it ended, the first
 * behind the records, and the last ends the file.  A cut shows here.
 */
static int
read_head(struct table *t)
{
	const unsigned char *p;
	unsigned long long at = 0;
	unsigned int i;

	for (i = 0; i < TABLE_ROOTS; i++) {
		if ((p = get(t, t->slots, 8 * i, 8)) == NULL)
			return -1;
		t->root[i].pos = cdb_unpack(p);
		t->root[i].slots = cdb_unpack(p + 4);
		if (i == 0)
			at = t->root[0].pos;
		if (t->root[i].pos != at || t->root[i].slots % 2 != 0)
			return damaged();
		at += 8ULL * t->root[i].slots;
		t->rows += t->root[i].slots / 2;
	}
	t->end = t->root[0].pos;
	return t->end >= TABLE_HEAD && at == t->size ? 0 : damaged();
}

static int
map(struct table *t)
{
	void *p = mmap(NULL, t->size, PROT_READ, MAP_SHARED, t->fd, 0);

	if (p == MAP_FAILED)
		return -1;
	t->map = p;
	return 0;
}

static int
read_fd(struct table *t, bool mapped)
{
	struct stat st;

	if (fstat(t->fd, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode) || st.st_size < TABLE_HEAD ||
	    st.st_size > UINT_MAX)
		return damaged();
	t->size = (unsigned int)st.st_size;
	t->slots = calloc(1, sizeof(*t->slots));
	t->records = calloc(1, sizeof(*t->records));
	if (t->slots == NULL || t->records == NULL ||
	    (mapped && map(t) == -1))
		return -1;
	return read_head(t);
}

struct table *
table_open_fd(int fd, bool mapped)
{
	struct table *t = calloc(1, sizeof(*t));
	int saved;

	if (t == NULL) {
		close(fd);
		return NULL;
	}
	t->fd = fd;
	if (read_fd(t, mapped) == 0)
		return t;
	saved = errno;
	table_close(t);
	errno = saved;
	return NULL;
}

struct table *
table_open(const char *state_dir, const char *name)
{
	char file[NAME_MAX];
	int dir, fd;

	errno = EINVAL;
	if (!state_name(name) || snprintf(file, sizeof(file), "%s" TABLE_SUFFIX,
	    name) >= (int)sizeof(file) ||
	    (dir = state_open(state_dir, TABLE_DIRECTORY)) == -1)
		return NULL;
	fd = openat(dir, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	state_close(dir);
	if (fd != -1 && state_ours(fd) == -1)
		fd = state_close(fd);
	return fd == -1 ? NULL : table_open_fd(fd, true);
}

void
table_spare(struct table *t)
{
	t->sparing = true;
}

void
table_close(struct table *t)
{
	if (t == NULL)
		return;
	if (t->map != NULL)
		munmap((void *)(uintptr_t)t->map, t->size);
	free(t->slots);
	free(t->records);
	close(t->fd);
	free(t);
}

unsigned int
table_rows(const struct table *t)
{
	return t->rows;
}

unsigned int
table_slots(const struct table *t, unsigned int root)
{
	return t->root[root].slots;
}

int
table_slot(const struct table *t, unsigned int root, unsigned int nth,
    struct slot *slot)
{
	const unsigned char *p;

	p = get(t, t->slots, t->root[root].pos + 8 * nth, 8);
	if (p == NULL)
		return -1;
	slot->hash = cdb_unpack(p);
	slot->pos = cdb_unpack(p + 4);
	if (slot->pos == 0)
		return slot->hash == 0 ? 0 : damaged();
	return slot->hash % TABLE_ROOTS == root &&
	    slot->pos >= TABLE_HEAD && slot->pos < t->end ? 0 : damaged();
}

/* As value_user() has it: it becomes an argument. */
static bool
is_user(const char *s, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] > '~')
			return false;
	return n > 0 && n < TABLE_USER_MAX && *s != '-';
}

/* Valid until the next record is read.  0, or -1. */
static int
read_record(const struct table *t, unsigned int pos, struct record *r)
{
	const unsigned char *p;

	if (t->end - pos < 8)
		return damaged();
	if ((p = get(t, t->records, pos, 8)) == NULL)
		return -1;
	r->klen = cdb_unpack(p);
	r->vlen = cdb_unpack(p + 4);
	if (r->klen == 0 || r->klen >= ADDR_MAX || r->vlen >= TABLE_USER_MAX ||
	    8 + r->klen + r->vlen > t->end - pos)
		return damaged();
	if ((p = get(t, t->records, pos, 8 + r->klen + r->vlen)) == NULL)
		return -1;
	r->key = (const char *)p + 8;
	r->value = r->key + r->klen;
	r->end = pos + 8 + r->klen + r->vlen;
	return addr_clean(r->key, r->klen) && is_user(r->value, r->vlen) ?
	    0 : damaged();
}

/* Whether the record of a slot has the key; it must at least be one that
 * belongs there.  1, 0 or -1. */
static int
holds(const struct table *t, const struct slot *slot, const char *key,
    unsigned int klen)
{
	struct record r;

	if (read_record(t, slot->pos, &r) == -1)
		return -1;
	if (cdb_hash(r.key, r.klen) != slot->hash)
		return damaged();
	return r.klen == klen && memcmp(r.key, key, klen) == 0;
}

int
table_first(const struct table *t, const char *key, unsigned int klen,
    unsigned int *pos)
{
	unsigned int hash = cdb_hash(key, klen), root = hash % TABLE_ROOTS;
	unsigned int n = t->root[root].slots, i, nth;
	struct slot slot;
	int rc;

	if (n == 0)
		return 0;
	nth = (hash >> 8) % n;
	for (i = 0; i < n; i++) {
		if (table_slot(t, root, nth, &slot) == -1)
			return -1;
		if (slot.pos == 0)
			return 0;
		/* a table that is mapped may be an old one, and damaged: then
		 * another's hash may have been the key's */
		rc = slot.hash == hash || t->map != NULL ?
		    holds(t, &slot, key, klen) : 0;
		*pos = slot.pos;
		if (rc != 0)
			return rc;
		nth = nth + 1 < n ? nth + 1 : 0;
	}
	return damaged();	/* half of the slots are free in a whole one */
}

static void
copy(char *out, const char *from, unsigned int n)
{
	memcpy(out, from, n);
	out[n] = '\0';
}

int
table_find(const struct table *t, const char *address,
    char user[TABLE_USER_MAX])
{
	unsigned int pos;
	struct record r;
	int rc = table_first(t, address, (unsigned int)strlen(address), &pos);

	if (rc != 1)
		return rc;
	if (read_record(t, pos, &r) == -1)
		return -1;
	copy(user, r.value, r.vlen);
	return 1;
}

int
table_next(const struct table *t, unsigned int *at, char address[ADDR_MAX],
    char user[TABLE_USER_MAX])
{
	struct record r;

	if (*at == 0)
		*at = TABLE_HEAD;
	if (*at >= t->end)
		return *at == t->end ? 0 : damaged();
	if (read_record(t, *at, &r) == -1)
		return -1;
	copy(address, r.key, r.klen);
	copy(user, r.value, r.vlen);
	*at = r.end;
	return 1;
}
