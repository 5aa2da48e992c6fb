/*
 * What the files below state-dir have in common.  Trusts root and our user,
 * and that nobody else may write there once that was seen; not that a file is
 * whole, nor that it is a file.
 */
#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "state.h"

#define TIME_FORMAT	"%Y-%m-%dT%H:%M:%SZ"
#define NAME_LONGEST	64	/* as value_name() has it */
#define HALF		".new"	/* being written */
#define SAFELY		(O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)

bool
state_name(const char *s)
{
	size_t	 n;

	for (n = 0; s[n] > ' ' && s[n] < 0x7f && s[n] != '/'; n++)
		;
	return s[n] == '\0' && n > 0 && n <= NAME_LONGEST && s[0] != '.' &&
	    s[0] != '-';
}

int
state_close(int fd)
{
	int	 saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

static int
path_below(char full[PATH_MAX], const char *state_dir, const char *path)
{
	if (snprintf(full, PATH_MAX, "%s/%s", state_dir, path) < PATH_MAX)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

int
state_ours(int fd)
{
	struct stat	 st;

	if (fstat(fd, &st) == -1)
		return -1;
	if ((st.st_uid == 0 || st.st_uid == geteuid()) &&
	    !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	errno = EPERM;
	return -1;
}

int
state_open(const char *state_dir, const char *path)
{
	char	 full[PATH_MAX];
	int	 fd;

	if (path_below(full, state_dir, path) == -1 ||
	    (fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return -1;
	return state_ours(fd) == -1 ? state_close(fd) : fd;
}

static int
make_one(const char *path)
{
	return mkdir(path, 0700) == -1 && errno != EEXIST ? -1 : 0;
}

int
state_make(const char *state_dir, const char *path)
{
	char	 full[PATH_MAX], *slash;
	int	 fd = state_open(state_dir, path), rc;

	if (fd != -1 || errno != ENOENT)
		return fd;
	if (path_below(full, state_dir, path) == -1)
		return -1;
	for (slash = full + strlen(state_dir) + 1;
	    (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		rc = make_one(full);
		*slash = '/';
		if (rc == -1)
			return -1;
	}
	return make_one(full) == -1 ? -1 : state_open(state_dir, path);
}

/* 1 locked; 0 it was removed while we waited; -1. */
static int
lock_fd(int fd, int how)
{
	struct stat	 st;
	int		 rc;

	while ((rc = flock(fd, how)) == -1 && errno == EINTR)
		;
	if (rc == -1 || fstat(fd, &st) == -1)
		return -1;
	return st.st_nlink > 0;
}

static int
lock_how(int dir, const char *name, int how)
{
	int	 fd, rc;

	do {
		fd = openat(dir, name, O_RDWR | O_CREAT | SAFELY, 0600);
		if (fd == -1)
			return -1;
		if ((rc = lock_fd(fd, how)) != 1)
			state_close(fd);
	} while (rc == 0);
	return rc == 1 ? fd : -1;
}

int
state_lock(int dir, const char *name)
{
	return lock_how(dir, name, LOCK_EX);
}

int
state_try_lock(int dir, const char *name)
{
	return lock_how(dir, name, LOCK_EX | LOCK_NB);
}

static ssize_t
read_fd(int fd, char *text, size_t size)
{
	struct stat	 st;
	ssize_t		 n;

	if (fstat(fd, &st) == -1)
		return -1;
	errno = EBADMSG;
	if (!S_ISREG(st.st_mode) || st.st_size >= (off_t)size)
		return -1;
	if ((n = read(fd, text, size - 1)) == -1)
		return -1;
	text[n] = '\0';
	errno = EBADMSG;
	return strlen(text) == (size_t)n ? n : -1;
}

ssize_t
state_read(int dir, const char *name, char *text, size_t size)
{
	ssize_t	 n;
	int	 fd = openat(dir, name, O_RDONLY | SAFELY);

	if (fd == -1)
		return -1;
	n = state_ours(fd) == -1 ? -1 : read_fd(fd, text, size);
	state_close(fd);
	return n;
}

/* To disk, all of it; takes the descriptor. */
static int
write_fd(int fd, const char *text, size_t n)
{
	ssize_t	 written = write(fd, text, n);

	if (written != -1 && (size_t)written < n) {
		errno = ENOSPC;
		written = -1;
	}
	if (written == -1 || fsync(fd) == -1)
		return state_close(fd);
	return close(fd);
}

int
state_write(int dir, const char *name, const char *text, size_t n)
{
	int	 saved, fd;

	fd = openat(dir, HALF, O_WRONLY | O_CREAT | O_TRUNC | SAFELY, 0600);
	if (fd == -1)
		return -1;
	if (write_fd(fd, text, n) == 0 && renameat(dir, HALF, dir, name) == 0)
		return fsync(dir);
	saved = errno;
	unlinkat(dir, HALF, 0);
	errno = saved;
	return -1;
}

static bool
is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Read by a descriptor of its own: f is given dir, which stays open. */
int
state_each(int dir, int (*f)(int, const char *, void *), void *arg)
{
	struct dirent	*entry;
	DIR		*d = NULL;
	int		 fd, failed = 0;

	fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || (d = fdopendir(fd)) == NULL)
		return fd == -1 ? -1 : state_close(fd);
	while (errno = 0, (entry = readdir(d)) != NULL)
		if (!is_dots(entry->d_name) && f(dir, entry->d_name, arg) == -1)
			failed = errno;
	if (errno != 0)
		failed = errno;
	closedir(d);
	errno = failed;
	return failed == 0 ? 0 : -1;
}

char *
state_time(char *out, time_t when)
{
	struct tm	 tm;

	if (gmtime_r(&when, &tm) == NULL ||
	    strftime(out, STATE_TIME_MAX, TIME_FORMAT, &tm) == 0)
		strlcpy(out, "?", STATE_TIME_MAX);
	return out;
}

int
state_read_time(const char *s, time_t *out)
{
	char		 again[STATE_TIME_MAX];
	struct tm	 tm = { 0 };

	if (strptime(s, TIME_FORMAT, &tm) == NULL)
		return -1;
	*out = timegm(&tm);
	return *out > 0 && strcmp(state_time(again, *out), s) == 0 ? 0 : -1;
}
