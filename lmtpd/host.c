/*
 * The engine host.  Parses nothing; obeys the monitor, and kills by a handle
 * that cannot have become another process's, since it alone reaps.  What an
 * engine inherits of its sandbox is set up here, once.
 */
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "calls.h"
#include "engine.h"
#include "host.h"
#include "privsep.h"
#include "record.h"
#include "sandbox.h"

/* Far more than any transaction takes; an engine gone wild has no more. */
#define CPU_SECONDS		60
#define CPU_BYTES_A_SECOND	(1024 * 1024)

struct host {
	bool	 confined;
	pid_t	 self;
	pid_t	 engine;	/* 0: none runs; else FD_ENGINE is its handle */
};

/*
 * The end of the host, or of an engine: why is the monitor's to tell.  It may
 * have sent something; were that not read, a reset would overtake our word.
 */
static _Noreturn void
give_up(enum sandbox_step step)
{
	struct record_unconfined u = { .step = step, .error = errno };
	struct record r;

	record_send(FD_CHANNEL, RECORD_UNCONFINED, &u, sizeof(u), -1);
	while (record_recv(FD_CHANNEL, &r, NULL) == 1)
		;
	_exit(1);
}

/* A limit that is too low already would tell the client a lie: no less. */
static int
limit_engine(uint64_t fsize)
{
	struct rlimit file = { fsize, fsize };

	return setrlimit(RLIMIT_FSIZE, &file) == -1 ||
	    sandbox_limit(RLIMIT_CPU,
	    CPU_SECONDS + fsize / CPU_BYTES_A_SECOND) == -1 ||
	    sandbox_limit(RLIMIT_NPROC, 0) == -1 ||
	    sandbox_limit(RLIMIT_NOFILE, FDS_OF_ENGINE) == -1 ? -1 : 0;
}

static _Noreturn void
become_engine(const struct host *h, uint64_t fsize)
{
	enum sandbox_step step;

	if (privsep_die_with(h->self) == -1 ||
	    dup3(FD_PASSED, FD_CHANNEL, O_CLOEXEC) == -1)
		_exit(1);
	close(FD_PASSED);
	if (limit_engine(fsize) == -1)
		give_up(SANDBOX_LIMITS);
	if (h->confined && (step = sandbox_engine()) != SANDBOX_STEPS)
		give_up(step);
	engine_run(FD_CLIENT, FD_CHANNEL);
}

/*
 * fork(2), but for a handle of the child, which is all that we may kill by.
 * Not libc's: what else that does would have to be permitted.
 */
static pid_t
fork_engine(void)
{
	int fd = FD_ENGINE;
	pid_t pid = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, &fd, NULL,
	    NULL);

	if (pid > 0 && fd != FD_ENGINE)
		_exit(1);
	return pid;
}

/* One order of the monitor's.  -1: it has gone, or nothing can go on. */
static int
obey(struct host *h)
{
	struct record r;
	int fd, rc = 0;

	if (record_recv(FD_CHANNEL, &r, &fd) != 1)
		return -1;
	if (r.type == RECORD_RUN && fd == FD_PASSED && h->engine == 0) {
		h->engine = fork_engine();
		if (h->engine == 0)
			become_engine(h, r.u.run.fsize);
		rc = h->engine == -1 ? -1 : 0;
	} else if (r.type == RECORD_KILL && h->engine != 0)
		syscall(SYS_pidfd_send_signal, FD_ENGINE, SIGKILL, NULL, 0);
	if (fd != -1)
		close(fd);
	return rc;
}

static int
report_death(struct host *h)
{
	struct record_dead dead;
	int status;

	if (waitpid(h->engine, &status, 0) == -1)
		return -1;
	close(FD_ENGINE);
	h->engine = 0;
	dead.status = status;
	return record_send(FD_CHANNEL, RECORD_DEAD, &dead, sizeof(dead), -1);
}

static int
serve_once(struct host *h)
{
	struct pollfd pfd[2] = {
		{ .fd = FD_CHANNEL, .events = POLLIN },
		{ .fd = h->engine == 0 ? -1 : FD_ENGINE, .events = POLLIN }
	};

	if (poll(pfd, 2, -1) == -1)
		return errno == EINTR ? 0 : -1;
	if (pfd[1].revents != 0)
		return report_death(h);
	return obey(h);
}

/* Both are above the numbers that they move to. */
static void
take_descriptors(int control, int client)
{
	if (dup2(control, FD_CHANNEL) == -1)
		_exit(1);
	if (dup2(client, FD_CLIENT) == -1 ||
	    close_range(FD_CHANNEL + 1, ~0U, 0) == -1)
		give_up(SANDBOX_DESCRIPTORS);
	if (sandbox_limit(RLIMIT_NOFILE, FDS_OF_HOST) == -1)
		give_up(SANDBOX_LIMITS);
}

_Noreturn void
host_run(int control, int client, bool confined)
{
	struct host h = { .confined = confined, .self = getpid() };
	enum sandbox_step step;

	/* told to stop, the monitor has the last word: it ends us */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);	/* an engine's write(2) says EFBIG */
	take_descriptors(control, client);
	if (confined && (step = sandbox_host()) != SANDBOX_STEPS)
		give_up(step);
	while (serve_once(&h) == 0)
		;
	if (h.engine > 0)
		syscall(SYS_pidfd_send_signal, FD_ENGINE, SIGKILL, NULL, 0);
	_exit(0);
}
