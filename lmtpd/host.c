/*
 * The engine host.  Parses nothing; obeys the monitor, and kills by a pid that
 * cannot have been given away, since it alone reaps.
 */
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "engine.h"
#include "host.h"
#include "privsep.h"
#include "record.h"

/* Far more than any transaction takes; an engine gone wild has no more. */
#define CPU_SECONDS		60
#define CPU_BYTES_A_SECOND	(1024 * 1024)

struct host {
	int	 control;
	int	 client;
	pid_t	 engine;	/* 0: none runs */
	int	 pidfd;		/* readable when it is dead */
};

static int
limit_engine(uint64_t fsize)
{
	struct rlimit file = { fsize, fsize }, none = { 0, 0 };
	rlim_t seconds = CPU_SECONDS + fsize / CPU_BYTES_A_SECOND;
	struct rlimit cpu = { seconds, seconds };

	signal(SIGXFSZ, SIG_IGN);	/* write(2) says EFBIG */
	return setrlimit(RLIMIT_FSIZE, &file) == -1 ||
	    setrlimit(RLIMIT_CPU, &cpu) == -1 ||
	    setrlimit(RLIMIT_NPROC, &none) == -1 ||
	    setrlimit(RLIMIT_CORE, &none) == -1 ? -1 : 0;
}

static _Noreturn void
become_engine(struct host *h, int channel, uint64_t fsize, pid_t parent)
{
	if (privsep_die_with(parent) == -1 || limit_engine(fsize) == -1)
		_exit(1);
	close(h->control);
	engine_run(h->client, channel);
}

static int
start_engine(struct host *h, int channel, uint64_t fsize)
{
	pid_t self = getpid(), pid = fork();

	if (pid == 0)
		become_engine(h, channel, fsize, self);
	if (pid == -1)
		return -1;
	h->pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (h->pidfd == -1) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return -1;
	}
	h->engine = pid;
	return 0;
}

/* One order of the monitor's.  -1: it has gone, or nothing can go on. */
static int
obey(struct host *h)
{
	struct record r;
	int fd, rc = 0;

	if (record_recv(h->control, &r, &fd) != 1)
		return -1;
	if (r.type == RECORD_RUN && fd != -1 && h->engine == 0)
		rc = start_engine(h, fd, r.u.run.fsize);
	else if (r.type == RECORD_KILL && h->engine != 0)
		kill(h->engine, SIGKILL);
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
	close(h->pidfd);
	h->engine = 0;
	dead.status = status;
	return record_send(h->control, RECORD_DEAD, &dead, sizeof(dead), -1);
}

static int
serve_once(struct host *h)
{
	struct pollfd pfd[2] = {
		{ .fd = h->control, .events = POLLIN },
		{ .fd = h->engine == 0 ? -1 : h->pidfd, .events = POLLIN }
	};

	if (poll(pfd, 2, -1) == -1)
		return errno == EINTR ? 0 : -1;
	if (pfd[1].revents != 0)
		return report_death(h);
	return obey(h);
}

_Noreturn void
host_run(int control, int client)
{
	struct host h = { .control = control, .client = client };

	/* told to stop, the monitor has the last word: it ends us */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	while (serve_once(&h) == 0)
		;
	if (h.engine != 0)
		kill(h.engine, SIGKILL);
	_exit(0);
}
