/*
 * Remembers what was delivered.  Trusts lmtpd's user and root, who alone may
 * write there; not that a file is whole: what is no whole line was never
 * delivered.
 */
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "done.h"
#include "log.h"
#include "state.h"

#define DIRECTORY	"done"
#define SHARD_LEN	2
#define TIME_LEN	20	/* as state_time() writes it */
#define LINE_MAX_LEN	(TIME_LEN + 1 + DONE_ID_MAX)	/* id's NUL: the LF */
#define TRIES		100	/* to claim what others release meanwhile */
#define SAFELY		(O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)

static bool
is_hex(const char *s, size_t n)
{
	return strlen(s) == n && strspn(s, "0123456789abcdef") == n;
}

/* What a line may hold. */
static bool
is_id(const char *s)
{
	size_t	 n;

	for (n = 0; s[n] > ' ' && s[n] < 0x7f; n++)
		;
	return s[n] == '\0' && n > 0 && n < DONE_ID_MAX;
}

static time_t
now_s(void)
{
	return (time_t)(clock_wall_ms() / 1000);
}

static bool
is_over(time_t when, unsigned long remember)
{
	time_t	 now = now_s();

	return when <= now && (unsigned long)(now - when) >= remember;
}

/* --- the line */

/* 1 it was delivered; 0 there is no whole line; -1 (errno). */
static int
read_line(int fd, time_t *when, char id[DONE_ID_MAX])
{
	char	 line[LINE_MAX_LEN + 1];
	time_t	 at;
	ssize_t	 n = pread(fd, line, sizeof(line), 0);

	if (n == -1)
		return -1;
	if (n < TIME_LEN + 3 || n > LINE_MAX_LEN || line[n - 1] != '\n' ||
	    line[TIME_LEN] != ' ')
		return 0;
	line[n - 1] = line[TIME_LEN] = '\0';
	if (strlen(line + TIME_LEN + 1) != (size_t)n - TIME_LEN - 2 ||
	    !is_id(line + TIME_LEN + 1) || state_read_time(line, &at) == -1)
		return 0;
	*when = at;
	strlcpy(id, line + TIME_LEN + 1, DONE_ID_MAX);
	return 1;
}

/*
 * fdatasync(2) of a file that is new: ext4, xfs, btrfs and f2fs then have its
 * name on disk as well (the file, its name and its shard are of one journal
 * transaction, or of one that is older), so that no directory is synced.
 */
static int
write_line(int fd, const char *id)
{
	char	 line[STATE_TIME_MAX + DONE_ID_MAX + 2], when[STATE_TIME_MAX];
	int	 n;
	ssize_t	 written;

	n = snprintf(line, sizeof(line), "%s %s\n", state_time(when, now_s()),
	    id);
	written = pwrite(fd, line, (size_t)n, 0);
	if (written == n)
		return fdatasync(fd);
	if (written != -1)
		errno = ENOSPC;		/* a part is as good as nothing */
	return -1;
}

/* --- to claim */

static int
open_shard(const char *state_dir, const char *key)
{
	char	 path[sizeof(DIRECTORY "/") + SHARD_LEN];
	int	 dir = state_make(state_dir, DIRECTORY);

	/* who may change that could bring a shard of ours back, older */
	if (dir == -1)
		return -1;
	state_close(dir);
	snprintf(path, sizeof(path), DIRECTORY "/%.*s", SHARD_LEN, key);
	return state_make(state_dir, path);
}

/* -1, EPERM too where others than root and we could have written it. */
static int
open_key(const char *state_dir, const char *key)
{
	int	 fd, dir = open_shard(state_dir, key);

	if (dir == -1)
		return -1;
	fd = openat(dir, key, O_RDWR | O_CREAT | SAFELY, 0600);
	state_close(dir);
	return fd != -1 && state_ours(fd) == -1 ? state_close(fd) : fd;
}

/* A file that is ours alone, and not empty. */
static enum done_answer
judge(int fd, const char *state_dir, const char *key, unsigned long remember,
    char id[DONE_ID_MAX])
{
	time_t	 when;
	int	 rc = read_line(fd, &when, id);

	if (rc == -1)
		return DONE_FAILED;
	if (rc == 1 && !is_over(when, remember))
		return DONE_BEFORE;
	if (rc == 0)
		log_warnx("%s/" DIRECTORY "/%.*s/%s is damaged: taken as not "
		    "delivered, nothing needs doing", state_dir, SHARD_LEN,
		    key, key);
	return ftruncate(fd, 0) == -1 ? DONE_FAILED : DONE_CLAIMED;
}

/* DONE_HELD with ENOENT: it was released while we opened it. */
static enum done_answer
claim_fd(int fd, const char *state_dir, const char *key,
    unsigned long remember, char id[DONE_ID_MAX])
{
	struct stat	 st;

	errno = 0;
	if (flock(fd, LOCK_EX | LOCK_NB) == -1)
		return errno == EWOULDBLOCK ? DONE_HELD : DONE_FAILED;
	if (fstat(fd, &st) == -1)
		return DONE_FAILED;
	if (st.st_nlink == 0) {
		errno = ENOENT;
		return DONE_HELD;
	}
	if (!S_ISREG(st.st_mode)) {
		log_warnx("%s/" DIRECTORY "/%.*s/%s is no plain file: "
		    "remove it", state_dir, SHARD_LEN, key, key);
		errno = EBADMSG;
		return DONE_FAILED;
	}
	if (st.st_size == 0)
		return DONE_CLAIMED;
	return judge(fd, state_dir, key, remember, id);
}

/*
 * Room for the line, before the run: what was delivered must not be forgotten
 * for a disk that is full by then.  A file system that cannot promise it may
 * still have it.  The file stays empty.
 */
static int
take_room(int fd)
{
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, LINE_MAX_LEN) == 0 ||
	    errno == EOPNOTSUPP || errno == ENOSYS)
		return 0;
	return -1;
}

enum done_answer
done_claim(const char *state_dir, const char *key, unsigned long remember,
    struct done *d, char id[DONE_ID_MAX])
{
	enum done_answer answer = DONE_HELD;
	int		 tries = 0, fd, saved;

	d->fd = -1;
	if (!is_hex(key, DONE_KEY_MAX - 1)) {
		errno = EINVAL;
		return DONE_FAILED;
	}
	do {
		if ((fd = open_key(state_dir, key)) == -1)
			return DONE_FAILED;
		answer = claim_fd(fd, state_dir, key, remember, id);
		if (answer != DONE_CLAIMED)
			state_close(fd);
	} while (answer == DONE_HELD && errno == ENOENT && ++tries < TRIES);
	if (answer != DONE_CLAIMED)
		return answer;
	d->fd = fd;
	strlcpy(d->key, key, sizeof(d->key));
	if (take_room(fd) == 0)
		return DONE_CLAIMED;
	saved = errno;
	done_release(state_dir, d);
	errno = saved;
	return DONE_FAILED;
}

/* --- and to end a claim */

int
done_keep(struct done *d, const char *id)
{
	int	 rc = -1;

	if (is_id(id))
		rc = write_line(d->fd, id);
	else
		errno = EINVAL;
	state_close(d->fd);
	d->fd = -1;
	return rc;
}

static int
key_path(char path[PATH_MAX], const char *state_dir, const char *key)
{
	if (snprintf(path, PATH_MAX, "%s/" DIRECTORY "/%.*s/%s", state_dir,
	    SHARD_LEN, key, key) < PATH_MAX)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

void
done_release(const char *state_dir, struct done *d)
{
	char	 path[PATH_MAX];

	if (d->fd == -1)
		return;
	if (key_path(path, state_dir, d->key) == -1 || unlink(path) == -1)
		log_warn("%s/" DIRECTORY ": cannot release a claim; its file "
		    "is empty, and harms nobody", state_dir);
	close(d->fd);
	d->fd = -1;
}

/* --- sweep */

struct sweep {
	const char	*state_dir;
	unsigned long	 remember;
};

/* 1 it is to stay as it is. */
static int
stays(int fd, unsigned long remember, time_t *when)
{
	char	 id[DONE_ID_MAX];
	int	 rc = read_line(fd, when, id);

	return rc == 1 ? !is_over(*when, remember) && *when <= now_s() : rc;
}

/*
 * A time to come, of a clock that was wrong, becomes the time it is: else it
 * would stay for longer than remember.
 */
static int
sweep_locked(int dir, const char *name, int fd, unsigned long remember)
{
	char		 text[STATE_TIME_MAX];
	struct stat	 st;
	time_t		 when = 0;
	int		 rc;

	if (fstat(fd, &st) == -1 || (rc = stays(fd, remember, &when)) == -1)
		return -1;
	if (rc == 1 || st.st_nlink == 0)
		return 0;
	if (when <= now_s())
		return unlinkat(dir, name, 0);
	state_time(text, now_s());
	return pwrite(fd, text, TIME_LEN, 0) == TIME_LEN ? 0 : -1;
}

/* What stays is not locked: nobody who asks for it finds it held by us. */
static int
sweep_key(int dir, const char *name, void *arg)
{
	const struct sweep	*s = arg;
	time_t			 when;
	int			 fd, rc;

	if (!is_hex(name, DONE_KEY_MAX - 1))
		return 0;
	if ((fd = openat(dir, name, O_RDWR | SAFELY)) == -1)
		return errno == ENOENT ? 0 : -1;
	rc = stays(fd, s->remember, &when);
	if (rc == 0 && flock(fd, LOCK_EX | LOCK_NB) == -1)
		rc = errno == EWOULDBLOCK ? 1 : -1;
	if (rc == 0)
		rc = sweep_locked(dir, name, fd, s->remember);
	state_close(fd);
	return rc == -1 ? -1 : 0;
}

static int
sweep_shard(int dir, const char *name, void *arg)
{
	int	 rc, fd;

	if (!is_hex(name, SHARD_LEN))
		return 0;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	rc = state_each(fd, sweep_key, arg);
	state_close(fd);
	return rc;
}

int
done_sweep(const char *state_dir, unsigned long remember)
{
	struct sweep	 s = { state_dir, remember };
	int		 rc, dir = state_open(state_dir, DIRECTORY);

	if (dir == -1)
		return errno == ENOENT && access(state_dir, X_OK) == 0 ?
		    0 : -1;
	rc = state_each(dir, sweep_shard, &s);
	state_close(dir);
	return rc;
}
