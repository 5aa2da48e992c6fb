/*
 * The log of server addresses.  Trusts whoever may write below the state
 * directory, not that a file is whole.
 *
 * Of an account's directory: .count is how many there are and the lock under
 * which the rest is changed; .tell the tellers' lock; .untold is there as long
 * as there may be someone to tell; the rest are entries.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "seen.h"
#include "seen_count.h"
#include "seen_text.h"
#include "state.h"

#define DIRECTORY	"seen"
#define COUNT		".count"
#define TELL		".tell"
#define UNTOLD		".untold"

/* An account's directory, and its lock. */
struct book {
	int	 dir;
	int	 count;
};

static int
account_path(char *path, size_t size, const char *account)
{
	if (state_name(account)) {
		snprintf(path, size, DIRECTORY "/%s", account);
		return 0;
	}
	errno = EINVAL;
	return -1;
}

/* Whether a file of the account is there: one system call.  -1 (errno). */
static int
is_there(const char *state_dir, const char *account, const char *name)
{
	char		 path[PATH_MAX];
	struct stat	 st;

	errno = EINVAL;
	if (!state_name(account) || snprintf(path, sizeof(path),
	    "%s/" DIRECTORY "/%s/%s", state_dir, account, name) >= PATH_MAX)
		return -1;
	if (lstat(path, &st) == 0)
		return 1;
	return errno == ENOENT ? 0 : -1;
}

static int
open_directory(const char *state_dir, const char *account)
{
	char	 path[NAME_MAX];

	if (account_path(path, sizeof(path), account) == -1)
		return -1;
	return state_open(state_dir, path);
}

static int
make_directory(const char *state_dir, const char *account)
{
	char	 path[NAME_MAX];

	if (account_path(path, sizeof(path), account) == -1)
		return -1;
	return state_make(state_dir, path);
}

/* Takes the directory, also where it is none. */
static int
lock_book(struct book *b, int dir)
{
	b->dir = dir;
	if (dir == -1)
		return -1;
	if ((b->count = state_lock(dir, COUNT)) == -1)
		return state_close(dir);
	return 0;
}

static void
close_book(struct book *b)
{
	state_close(b->count);
	state_close(b->dir);
}

/* --- to note */

static int
raise_marker(int dir)
{
	int	 fd = openat(dir, UNTOLD, O_WRONLY | O_CREAT | O_CLOEXEC |
		    O_NOFOLLOW | O_NONBLOCK, 0600);

	return fd == -1 ? -1 : close(fd);
}

static int
write_entry(int dir, const char *name, const struct seen *s)
{
	char	 text[SEEN_FILE_MAX];
	size_t	 n = seen_text_write(s, text);

	return state_write(dir, name, text, n);
}

/* The marker first: who is killed in between leaves one too many of those. */
static int
note_locked(const struct book *b, const char *name, const struct seen *s)
{
	int	 rc;

	if (faccessat(b->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (errno != ENOENT)
		return -1;
	/* forgers of the sender shall leave room for who is none */
	rc = seen_count_take(b->dir, b->count,
	    s->authorised ? SEEN_MANY : SEEN_MANY / 2);
	if (rc != 1)
		return rc == 0 ? 2 : -1;
	if (raise_marker(b->dir) == -1 || write_entry(b->dir, name, s) == -1)
		return -1;
	return 1;
}

int
seen_note(const char *state_dir, const char *account, const struct seen *s)
{
	char		 name[SEEN_WHERE_MAX];
	struct book	 b;
	int		 rc;

	if (seen_text_name(s->where, name) == -1) {
		errno = EINVAL;
		return -1;
	}
	if ((rc = is_there(state_dir, account, name)) != 0)
		return rc == 1 ? 0 : -1;
	if (lock_book(&b, make_directory(state_dir, account)) == -1)
		return -1;
	rc = note_locked(&b, name, s);
	close_book(&b);
	return rc;
}

long
seen_dropped(const char *state_dir, const char *account)
{
	long	 dropped;
	int	 fd, dir = open_directory(state_dir, account);

	if (dir == -1)
		return errno == ENOENT ? 0 : -1;
	fd = openat(dir, COUNT, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);
	state_close(dir);
	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	dropped = seen_count_dropped(fd);
	close(fd);
	return dropped;
}

/* --- to tell */

bool
seen_untold(const char *state_dir, const char *account)
{
	return is_there(state_dir, account, UNTOLD) == 1;
}

int
seen_lock(const char *state_dir, const char *account)
{
	int	 fd, dir = make_directory(state_dir, account);

	if (dir == -1)
		return -1;
	fd = state_try_lock(dir, TELL);
	state_close(dir);
	return fd;
}

int
seen_lock_all(const char *state_dir)
{
	int	 fd, dir = state_make(state_dir, DIRECTORY);

	if (dir == -1)
		return -1;
	fd = state_try_lock(dir, TELL);
	state_close(dir);
	return fd;
}

/* 1 an entry; 0 none (any more), or damaged; -1 (errno). */
static int
read_entry(int dir, const char *name, struct seen *s)
{
	char	 text[SEEN_FILE_MAX];

	if (name[0] == '.')
		return 0;
	if (state_read(dir, name, text, sizeof(text)) == -1) {
		if (errno == ENOENT)
			return 0;
		if (errno != EBADMSG && errno != ELOOP)
			return -1;
	} else if (seen_text_where(name, s->where) == 0 &&
	    seen_text_read(text, s) == 0)
		return 1;
	errno = EBADMSG;
	return 0;
}

struct list {
	const char	*account;
	bool		 untold;
	struct seen	*entry;
	size_t		 n;
	size_t		 room;
};

static int
append(struct list *list, const struct seen *s)
{
	struct seen	*bigger;
	size_t		 room = list->room == 0 ? 16 : list->room * 2;

	if (list->n == list->room) {
		bigger = reallocarray(list->entry, room, sizeof(*bigger));
		if (bigger == NULL)
			return -1;
		list->entry = bigger;
		list->room = room;
	}
	list->entry[list->n++] = *s;
	return 0;
}

static int
list_entry(int dir, const char *name, void *arg)
{
	struct list	*list = arg;
	struct seen	 s;
	int		 rc;

	errno = 0;
	if ((rc = read_entry(dir, name, &s)) == 1) {
		if (list->untold && s.told != 0)
			return 0;
		return append(list, &s);
	}
	if (rc == 0 && errno == EBADMSG)
		log_warnx(DIRECTORY "/%s/%s is damaged, and passed over: "
		    "remove it", list->account, name);
	return rc;
}

static int
by_time(const void *a, const void *b)
{
	const struct seen	*x = a, *y = b;

	if (x->when != y->when)
		return x->when < y->when ? -1 : 1;
	return strcmp(x->where, y->where);
}

long
seen_list(const char *state_dir, const char *account, bool untold,
    struct seen **out)
{
	struct list	 list = { .account = account, .untold = untold };
	int		 rc, dir = open_directory(state_dir, account);

	*out = NULL;
	if (dir == -1)
		return errno == ENOENT && access(state_dir, X_OK) == 0 ?
		    0 : -1;
	rc = state_each(dir, list_entry, &list);
	state_close(dir);
	if (rc == -1) {
		free(list.entry);
		return -1;
	}
	if (list.n > 1)
		qsort(list.entry, list.n, sizeof(*list.entry), by_time);
	*out = list.entry;
	return (long)list.n;
}

int
seen_write(const char *state_dir, const char *account, const struct seen *s)
{
	char		 name[SEEN_WHERE_MAX];
	struct book	 b;
	int		 rc = -1;

	if (seen_text_name(s->where, name) == -1) {
		errno = EINVAL;
		return -1;
	}
	if ((rc = is_there(state_dir, account, name)) != 1)
		return rc;
	if (lock_book(&b, open_directory(state_dir, account)) == -1)
		return -1;
	if (faccessat(b.dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		rc = write_entry(b.dir, name, s);
	else
		rc = errno == ENOENT ? 0 : -1;
	close_book(&b);
	return rc;
}

static int
find_untold(int dir, const char *name, void *arg)
{
	bool		*found = arg;
	struct seen	 s;
	int		 rc = *found ? 0 : read_entry(dir, name, &s);

	if (rc == 1 && s.told == 0)
		*found = true;
	return rc == -1 ? -1 : 0;
}

/* Nobody notes another while we look: they do it under this lock. */
int
seen_all_told(const char *state_dir, const char *account)
{
	bool		 found = false;
	struct book	 b;
	int		 rc;

	if ((rc = is_there(state_dir, account, UNTOLD)) != 1)
		return rc;
	if (lock_book(&b, open_directory(state_dir, account)) == -1)
		return -1;
	rc = state_each(b.dir, find_untold, &found);
	if (rc == 0 && !found)
		rc = unlinkat(b.dir, UNTOLD, 0);
	close_book(&b);
	return rc;
}

/* --- to forget */

/* 1 removed; 0 it was not there; -1. */
static int
forget_one(int dir, const char *name)
{
	if (unlinkat(dir, name, 0) == 0)
		return 1;
	return errno == ENOENT ? 0 : -1;
}

static int
forget_entry(int dir, const char *name, void *arg)
{
	bool	*any = arg;
	int	 rc = name[0] == '.' ? 0 : forget_one(dir, name);

	if (rc == 1)
		*any = true;
	return rc == -1 ? -1 : 0;
}

static int
forget_all(int dir)
{
	bool	 any = false;

	if (state_each(dir, forget_entry, &any) == -1 ||
	    forget_one(dir, UNTOLD) == -1)
		return -1;
	return any;
}

/* An empty count is for counting. */
int
seen_forget(const char *state_dir, const char *account, const char *where)
{
	char		 name[SEEN_WHERE_MAX];
	struct book	 b;
	int		 rc = -1, dir;

	if (where != NULL && seen_text_name(where, name) == -1) {
		errno = EINVAL;
		return -1;
	}
	if ((dir = open_directory(state_dir, account)) == -1)
		return errno == ENOENT && access(state_dir, X_OK) == 0 ?
		    0 : -1;
	if (lock_book(&b, dir) == -1)
		return -1;
	if (ftruncate(b.count, 0) == 0)
		rc = where == NULL ? forget_all(b.dir) :
		    forget_one(b.dir, name);
	close_book(&b);
	return rc;
}
