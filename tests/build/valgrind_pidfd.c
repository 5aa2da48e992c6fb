/*
 * What valgrind cannot do, preloaded: handles of processes, which it knows not
 * before its version 3.21, here pipes that can be read from once the process is
 * dead, waited for or not; limits to what it needs for itself; and counting
 * for each process by itself.
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
#include <stdlib.h>
#include <unistd.h>

/* Every C file is compiled by a test, on machines without valgrind, too. */
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_ZERO_STATS	(void)0
#endif

#define FDS		64
#define OUT_OF_THE_WAY	60

struct watch {
	pid_t	 pid;
	int	 fd;
};

/* Whose handle a descriptor is, or was last. */
static pid_t	 of[FDS];

/* Whom we stand in front of, looked up once: lmtpd's cost is counted, too. */
static struct {
	long	(*syscall)(long, ...);
	int	(*waitid)(idtype_t, id_t, siginfo_t *, int);
	int	(*setrlimit)(__rlimit_resource_t, const struct rlimit *);
} next;

long	 syscall(long, ...);

static void *
watch_it(void *arg)
{
	struct watch	*w = arg;
	siginfo_t	 info;

	while (next.waitid(P_PID, w->pid, &info, WEXITED | WNOWAIT) == -1 &&
	    errno == EINTR)
		;
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

/* Of callgrind's: a child would begin with what its parent has cost. */
static void
count_anew(void)
{
	CALLGRIND_ZERO_STATS;
}

static void __attribute__((constructor))
begin(void)
{
	next.syscall = dlsym(RTLD_NEXT, "syscall");
	next.waitid = dlsym(RTLD_NEXT, "waitid");
	next.setrlimit = dlsym(RTLD_NEXT, "setrlimit");
	if (pthread_atfork(NULL, NULL, count_anew) != 0)
		abort();
}

/*
 * clone(2) with CLONE_PIDFD, and as fork(2) else.  The pipe's other end is the
 * child's, and its death closes that.
 */
static pid_t
fork_handle(int *handle)
{
	int	 fd[2];
	pid_t	 pid;

	if (pipe2(fd, O_CLOEXEC) == -1 || fd[0] >= FDS)
		abort();
	if ((pid = fork()) == -1)
		abort();
	if (pid == 0) {
		if (fcntl(fd[1], F_DUPFD_CLOEXEC, OUT_OF_THE_WAY) == -1)
			abort();
		close(fd[0]);
		close(fd[1]);
		return 0;
	}
	close(fd[1]);
	of[fd[0]] = pid;
	*handle = fd[0];
	return pid;
}

/* Everything else goes where it would have gone. */
long
syscall(long nr, ...)
{
	long	 a[6];
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
	return next.syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int
waitid(idtype_t type, id_t id, siginfo_t *info, int flags)
{
	if (type == P_PIDFD)
		return next.waitid(P_PID, (id_t)of[id], info, flags);
	return next.waitid(type, id, info, flags);
}

/* Descriptors: valgrind has its own among them. */
int
setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
	return resource == RLIMIT_NOFILE ? 0 : next.setrlimit(resource, limit);
}

/* Its malloc(3) knows no threshold: tests that count on one are told. */
int
mallopt(int what, int value)
{
	(void)what;
	(void)value;
	return 0;
}
