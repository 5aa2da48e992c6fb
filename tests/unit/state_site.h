/*
 * A state directory for each case, a clock that stands still, a log that is
 * read, and many processes at once.
 */
#ifndef STATE_SITE_H
#define STATE_SITE_H

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "clock.h"
#include "dir_site.h"
#include "log.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define CASE(f) \
	cmocka_unit_test_setup_teardown(f, make_site, remove_site)
#define NOW_S		1769903999	/* 2026-01-31T23:59:59Z */
#define MANY		50	/* processes at once */
#define NOBODY		65534

static int64_t	 now_ms;
static int	 log_fd;

/* In the place of clock.c. */
int64_t
clock_wall_ms(void)
{
	return now_ms;
}

static int
make_site(void **state)
{
	now_ms = INT64_C(1000) * NOW_S;
	log_fd = memfd_create("log", MFD_CLOEXEC);
	log_open("test", log_fd);
	return make_dir(state);
}

static int
remove_site(void **state)
{
	close(log_fd);
	return remove_dir(state);
}

static inline const char *
path_of(const char *name)
{
	static char	 path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

/* A file as someone else may have left it; its directories are there. */
static inline void
put(const char *name, const char *text, size_t n)
{
	int	 fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, n), n);
	close(fd);
}

static inline bool
exists(const char *name)
{
	struct stat	 st;

	return lstat(path_of(name), &st) == 0;
}

static inline off_t
size_of(const char *name)
{
	struct stat	 st;

	assert_int_equal(lstat(path_of(name), &st), 0);
	return st.st_size;
}

static inline mode_t
mode_of(const char *name)
{
	struct stat	 st;

	assert_int_equal(lstat(path_of(name), &st), 0);
	return st.st_mode & 07777;
}

/* What is in a file, as a string. */
static inline const char *
text_of(const char *name)
{
	static char	 text[4096];
	int		 fd = open(path_of(name), O_RDONLY);
	ssize_t		 n = read(fd, text, sizeof(text) - 1);

	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
	return text;
}

/* Whether the log holds a text; it is empty from then on. */
static inline bool
logged(const char *text)
{
	char	 log[8192];
	ssize_t	 n = pread(log_fd, log, sizeof(log) - 1, 0);

	assert_true(n >= 0);
	log[n] = '\0';
	assert_int_equal(ftruncate(log_fd, 0), 0);
	lseek(log_fd, 0, SEEK_SET);
	return n > 0 && strstr(log, text) != NULL;
}

static inline int
wait_for(pid_t pid)
{
	int	 status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* What f exits with in a process of its own. */
static inline int
apart(int (*f)(void))
{
	pid_t	 pid = fork();

	if (pid == 0)
		_exit(f());
	return wait_for(pid);
}

/* The sum of what f exits with in MANY processes that begin at once. */
static inline int
at_once(int (*f)(int))
{
	pid_t	 pid[MANY];
	int	 gate[2], i, sum = 0;
	char	 c;

	assert_int_equal(pipe(gate), 0);
	for (i = 0; i < MANY; i++)
		if ((pid[i] = fork()) == 0) {
			close(gate[1]);
			_exit(read(gate[0], &c, 1) == 0 ? f(i) : 255);
		}
	close(gate[0]);
	close(gate[1]);
	for (i = 0; i < MANY; i++)
		sum += wait_for(pid[i]);
	return sum;
}

/* From now on nothing can be written behind so many bytes of a file: EFBIG, as
 * of a full disk. */
static inline void
fill_disk(rlim_t room)
{
	const struct rlimit	 limit = { room, room };

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) == -1)
		_exit(254);
}

/* Root may write anywhere, and so is somebody else from now on. */
static inline void
become_nobody(void)
{
	if (chmod(dir, 0755) == -1 ||
	    setresuid(NOBODY, NOBODY, NOBODY) == -1)
		_exit(254);
}

#endif
