/*
 * What valgrind cannot do, preloaded: handles of processes, which it knows not
 * before its version 3.21, here pipes that can be read from once the process is
 * dead, waited for or not; and limits to what it needs for itself.
 */
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TICK_NS	2000000
#define FDS	64

struct watch {
	pid_t	 pid;
	int	 fd;
};

/* Whose handle a descriptor is, or was last. */
static pid_t	 of[FDS];

long	 syscall(long, ...);

static int
is_dead(pid_t pid)
{
	char		 path[32], stat[512];
	const char	*state;
	ssize_t		 n;
	int		 fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return 1;
	n = read(fd, stat, sizeof(stat) - 1);
	close(fd);
	stat[n > 0 ? n : 0] = '\0';
	state = strrchr(stat, ')');
	return state == NULL || strchr("ZX", state[2]) != NULL;
}

static void *
watch_it(void *arg)
{
	struct watch	*w = arg;
	struct timespec	 tick = { 0, TICK_NS };

	while (!is_dead(w->pid))
		nanosleep(&tick, NULL);
	/* nobody may be interested any more; SIGPIPE is blocked */
	(void)!write(w->fd, "", 1);
	close(w->fd);
	free(w);
	return NULL;
}

static void
start_watch(pid_t pid, const int fd[2])
{
	struct watch	*w = malloc(sizeof(*w));
	pthread_t	 thread;
	sigset_t	 all, old;
	int		 rc;

	if (w == NULL || fd[0] >= FDS)
		abort();
	of[fd[0]] = w->pid = pid;
	w->fd = fd[1];
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&thread, NULL, watch_it, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc != 0)
		abort();
	pthread_detach(thread);
}

static int
open_handle(pid_t pid)
{
	int	 fd[2];

	if (pipe2(fd, O_CLOEXEC) == -1)
		abort();
	start_watch(pid, fd);
	return fd[0];
}

/* clone(2) with CLONE_PIDFD, and as fork(2) else. */
static pid_t
fork_handle(int *handle)
{
	int	 fd[2];
	pid_t	 pid;

	if (pipe2(fd, O_CLOEXEC) == -1)
		abort();
	if ((pid = fork()) == 0) {
		close(fd[0]);
		close(fd[1]);
		return 0;
	}
	if (pid == -1)
		abort();
	start_watch(pid, fd);
	*handle = fd[0];
	return pid;
}

/* Everything else goes where it would have gone. */
long
syscall(long nr, ...)
{
	long	(*next)(long, ...) = dlsym(RTLD_NEXT, "syscall"), a[6];
	va_list	 ap;
	int	 i;

	va_start(ap, nr);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (nr == SYS_pidfd_open)
		return open_handle((pid_t)a[0]);
	if (nr == SYS_pidfd_send_signal)
		return kill(of[a[0]], (int)a[1]);
	if (nr == SYS_clone && a[0] == (CLONE_PIDFD | SIGCHLD))
		return fork_handle((int *)a[2]);
	return next(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int
waitid(idtype_t type, id_t id, siginfo_t *info, int flags)
{
	int	(*next)(idtype_t, id_t, siginfo_t *, int) =
		    dlsym(RTLD_NEXT, "waitid");

	if (type == P_PIDFD)
		return next(P_PID, (id_t)of[id], info, flags);
	return next(type, id, info, flags);
}

/* Descriptors: valgrind has its own among them. */
int
setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
	int	(*next)(__rlimit_resource_t, const struct rlimit *) =
		    dlsym(RTLD_NEXT, "setrlimit");

	return resource == RLIMIT_NOFILE ? 0 : next(resource, limit);
}

/* Its malloc(3) knows no threshold: tests that count on one are told. */
int
mallopt(int what, int value)
{
	(void)what;
	(void)value;
	return 0;
}
