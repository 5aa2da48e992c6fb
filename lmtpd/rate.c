/*
 * Counts places in a window of time, for any number of processes at once.
 * Trusts whoever may write below the state directory, not that a file is whole.
 *
 * Nothing is synced: what a loss of power takes with it is a window's worth of
 * counting, what kill -9 leaves is all there.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "rate.h"
#include "state.h"

/*
 * A line divides every page: the kernel writes it whole, or not at all, even
 * for a process that is being killed.
 */
#define LINE		16
#define DIGITS		15
#define TIME_MAX	INT64_C(999999999999999)
#define LOCK_NAME_MAX	(NAME_MAX + sizeof("..lock"))
#define CHUNK		256	/* lines that are read at once */

/* A file of places that is open, and locked. */
struct counter {
	const char	*state_dir;
	const char	*kind;
	const char	*account;
	int		 dir;
	int		 lock;
	int		 fd;
	unsigned int	 lines;
	bool		 whole;		/* it is lines, as far as its size */
	int64_t		 now;
};

/* What a look through the places found. */
struct places {
	unsigned int	 used;
	bool		 any;		/* one is free: */
	unsigned int	 first;
	unsigned int	 end;		/* behind the last one used */
	int64_t		 newest;
};

static const struct {
	const char	*name;
	unsigned int	 seconds;
} windows[] = {
	{ "/second", 1 }, { "/minute", 60 }, { "/hour", 3600 },
	{ "/day", 86400 }
};

int
rate_read(const char *s, struct rate *rate)
{
	unsigned long	 count;
	char		*end;
	size_t		 i;

	if (*s < '1' || *s > '9')
		return -1;
	count = strtoul(s, &end, 10);
	for (i = 0; i < sizeof(windows) / sizeof(windows[0]); i++)
		if (strcmp(end, windows[i].name) == 0 &&
		    count <= RATE_COUNT_MAX) {
			rate->count = (unsigned int)count;
			rate->seconds = windows[i].seconds;
			return 0;
		}
	return -1;
}

/* --- a file, locked */

/* At least 1 (0 is free), at most what a line takes. */
static int64_t
read_now(void)
{
	int64_t	 now = clock_wall_ms();

	return now < 1 ? 1 : now > TIME_MAX ? TIME_MAX : now;
}

static void
lock_name(char out[LOCK_NAME_MAX], const char *account)
{
	snprintf(out, LOCK_NAME_MAX, ".%s.lock", account);
}

/* Its size, in lines. */
static int
measure(struct counter *c)
{
	struct stat	 st;

	if (fstat(c->fd, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		log_warnx("%s/%s/%s is no plain file: remove it", c->state_dir,
		    c->kind, c->account);
		errno = EBADMSG;
		return -1;
	}
	c->whole = st.st_size % LINE == 0 &&
	    st.st_size / LINE <= RATE_COUNT_MAX;
	c->lines = c->whole ? (unsigned int)(st.st_size / LINE) : 0;
	return 0;
}

static void
close_counter(struct counter *c)
{
	if (c->fd != -1)
		state_close(c->fd);
	if (c->lock != -1)
		state_close(c->lock);
	if (c->dir != -1)
		state_close(c->dir);
}

/* Locked first, then read the clock: those before us read it before us. */
static int
open_counter(struct counter *c, const char *state_dir, const char *kind,
    const char *account)
{
	char	 name[LOCK_NAME_MAX];

	*c = (struct counter){ .state_dir = state_dir, .kind = kind,
	    .account = account, .dir = -1, .lock = -1, .fd = -1 };
	if (!state_name(account)) {
		errno = EINVAL;
		return -1;
	}
	lock_name(name, account);
	if ((c->dir = state_make(state_dir, kind)) == -1 ||
	    (c->lock = state_lock(c->dir, name)) == -1 ||
	    (c->fd = openat(c->dir, account, O_RDWR | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW | O_NONBLOCK, 0600)) == -1 ||
	    state_ours(c->fd) == -1 || measure(c) == -1) {
		close_counter(c);
		return -1;
	}
	c->now = read_now();
	return 0;
}

/* --- lines */

/* A time, 0 for a free place; -1: damaged. */
static int64_t
read_line(const char *s)
{
	int64_t	 when = 0;
	size_t	 i;

	for (i = 0; i < DIGITS; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		when = when * 10 + (s[i] - '0');
	}
	return s[DIGITS] == '\n' ? when : -1;
}

static int
write_line(const struct counter *c, unsigned int nth, int64_t when)
{
	char	 line[LINE + 1];
	ssize_t	 n;

	snprintf(line, sizeof(line), "%015lld\n", (long long)when);
	n = pwrite(c->fd, line, LINE, (off_t)nth * LINE);
	if (n == LINE)
		return 0;
	if (n != -1)
		errno = ENOSPC;
	return -1;
}

/* A new last line; of one that found no room nothing stays. */
static int
append_line(const struct counter *c, int64_t when)
{
	int	 saved;

	if (write_line(c, c->lines, when) == 0)
		return 0;
	saved = errno;
	if (ftruncate(c->fd, (off_t)c->lines * LINE) == -1)
		return -1;	/* a damaged file: it counts as full */
	errno = saved;
	return -1;
}

/* One line.  1; 0 damaged; -1. */
static int
look_at(const struct counter *c, const char *line, unsigned int nth,
    int64_t window, struct places *p)
{
	int64_t	 when = read_line(line);

	if (when == -1)
		return 0;
	if (when > c->now) {
		if (write_line(c, nth, c->now) == -1)
			return -1;
		when = c->now;
	}
	if (when > p->newest)
		p->newest = when;
	if (when != 0 && when > c->now - window) {
		p->used++;
		p->end = nth + 1;
	} else if (!p->any) {
		p->any = true;
		p->first = nth;
	}
	return 1;
}

/* All lines, or as far as a free one.  1; 0 damaged; -1 (errno). */
static int
look_through(const struct counter *c, int64_t window, bool to_free,
    struct places *p)
{
	char		 text[CHUNK * LINE];
	unsigned int	 at, i, n;
	ssize_t		 got;
	int		 rc;

	memset(p, 0, sizeof(*p));
	if (!c->whole)
		return 0;
	for (at = 0; at < c->lines && !(to_free && p->any); at += n) {
		n = c->lines - at < CHUNK ? c->lines - at : CHUNK;
		got = pread(c->fd, text, n * LINE, (off_t)at * LINE);
		if (got != (ssize_t)n * LINE)
			return got == -1 ? -1 : 0;
		for (i = 0; i < n && !(to_free && p->any); i++)
			if ((rc = look_at(c, text + i * LINE, at + i, window,
			    p)) != 1)
				return rc;
	}
	return 1;
}

/* --- what callers want */

/* Full of places taken now.  Damaged it stays until all are written. */
static int
mend(struct counter *c, const struct rate *rate)
{
	unsigned int	 i;

	log_warnx("%s/%s/%s is damaged: counted as %u taken now, none are left "
	    "for %u s; remove it to begin anew", c->state_dir, c->kind,
	    c->account, rate->count, rate->seconds);
	for (i = 0; i < rate->count; i++)
		if (write_line(c, i, c->now) == -1)
			return -1;
	return ftruncate(c->fd, (off_t)rate->count * LINE);
}

/* Lines that the configured count no longer has, once they are free. */
static int
shorten(struct counter *c, const struct places *p)
{
	if (p->end == c->lines)
		return 0;
	if (ftruncate(c->fd, (off_t)p->end * LINE) == -1)
		return -1;
	c->lines = p->end;	/* a free one behind it is that line now */
	return 0;
}

/*
 * Places beyond a count that has become smaller are used as long as they were
 * going to be; only where there are such is every line looked at.
 */
static int
reserve(struct counter *c, const struct rate *rate, struct rate_place *place)
{
	bool		 beyond = c->lines > rate->count;
	struct places	 p;
	int		 rc;

	rc = look_through(c, (int64_t)rate->seconds * 1000, !beyond, &p);
	if (rc != 1)
		return rc == 0 ? mend(c, rate) : -1;
	if (beyond && shorten(c, &p) == -1)
		return -1;
	if (p.used >= rate->count)
		return 0;
	place->nth = p.any ? p.first : c->lines;
	place->when = c->now;
	rc = place->nth == c->lines ? append_line(c, c->now) :
	    write_line(c, place->nth, c->now);
	return rc == -1 ? -1 : 1;
}

int
rate_reserve(const char *state_dir, const char *kind, const char *account,
    const struct rate *rate, struct rate_place *place)
{
	struct counter	 c;
	int		 rc;

	if (open_counter(&c, state_dir, kind, account) == -1)
		return -1;
	rc = reserve(&c, rate, place);
	close_counter(&c);
	return rc;
}

int
rate_return(const char *state_dir, const char *kind, const char *account,
    const struct rate_place *place)
{
	struct counter	 c;
	char		 line[LINE];
	int		 rc = 0;

	if (open_counter(&c, state_dir, kind, account) == -1)
		return -1;
	if (pread(c.fd, line, LINE, (off_t)place->nth * LINE) == LINE &&
	    read_line(line) == place->when)
		rc = write_line(&c, place->nth, 0);
	close_counter(&c);
	return rc;
}

/* What cannot be read is as old as the file. */
static int
find_newest(const struct counter *c, int64_t *newest)
{
	struct places	 p;
	struct stat	 st;
	int		 rc = look_through(c, 0, false, &p);

	if (rc == -1 || fstat(c->fd, &st) == -1)
		return -1;
	*newest = rc == 1 ? p.newest : (int64_t)st.st_mtime * 1000;
	return 0;
}

static int
sweep_account(const char *state_dir, const char *kind, const char *account,
    unsigned int seconds)
{
	char		 name[LOCK_NAME_MAX];
	struct counter	 c;
	int64_t		 newest;
	int		 rc;

	if (open_counter(&c, state_dir, kind, account) == -1)
		return -1;
	lock_name(name, account);
	rc = find_newest(&c, &newest);
	if (rc == 0 && newest <= c.now - (int64_t)seconds * 1000 &&
	    (unlinkat(c.dir, account, 0) == -1 ||
	    unlinkat(c.dir, name, 0) == -1))
		rc = -1;
	close_counter(&c);
	return rc;
}

struct sweep {
	const char	*state_dir;
	const char	*kind;
	unsigned int	 seconds;
};

/* A lock without a file of places was left by one who was killed. */
static int
sweep_entry(int dir, const char *name, void *arg)
{
	const struct sweep	*s = arg;
	size_t			 n = strlen(name), tail = strlen(".lock");
	char			 account[NAME_MAX + 1];

	strlcpy(account, name, sizeof(account));
	if (name[0] == '.' && n > tail &&
	    strcmp(name + n - tail, ".lock") == 0) {
		strlcpy(account, name + 1, n - tail);
		if (faccessat(dir, account, F_OK, 0) == 0)
			return 0;
	}
	if (!state_name(account))
		return 0;
	return sweep_account(s->state_dir, s->kind, account, s->seconds);
}

int
rate_sweep(const char *state_dir, const char *kind, unsigned int seconds)
{
	struct sweep	 s = { state_dir, kind, seconds };
	int		 rc, dir = state_open(state_dir, kind);

	if (dir == -1)
		return errno == ENOENT && access(state_dir, X_OK) == 0 ?
		    0 : -1;
	rc = state_each(dir, sweep_entry, &s);
	state_close(dir);
	return rc;
}
