/*
 * Starts lmtpd-resolver with nothing but its end of a channel, so that exec
 * leaves every secret behind; and ends it.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "privsep.h"
#include "resolver_run.h"
#include "sandbox.h"

#define CHANNEL		3	/* where the program has its end */

/* All that the child needs, laid out before vfork(2). */
struct start {
	char		**argv;
	int		 channel;
	pid_t		 parent;
	unsigned int	 seconds;	/* of processor time */
	volatile int	 error;		/* errno of the child's failure */
};

static void
child_signals(void)
{
	sigset_t none;
	int sig;

	for (sig = 1; sig < 32; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The channel to its place, no longer closed by exec; nothing beyond it. */
static int
child_descriptors(int channel)
{
	if (channel == CHANNEL ? fcntl(channel, F_SETFD, 0) == -1 :
	    dup2(channel, CHANNEL) == -1)
		return -1;
	return close_range(CHANNEL + 1, ~0U, 0);
}

/* Between vfork(2) and exec: only system calls, and s->error. */
static _Noreturn void
child(struct start *s)
{
	char *none[] = { NULL };

	child_signals();
	if (privsep_die_with(s->parent) == -1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    sandbox_limit(RLIMIT_CPU, s->seconds) == -1 ||
	    child_descriptors(s->channel) == -1)
		goto fail;
	execve(s->argv[0], s->argv, none);
fail:
	s->error = errno != 0 ? errno : ECHILD;
	_exit(127);
}

static pid_t
spawn(struct start *s)
{
	pid_t pid;

	s->parent = getpid();
	s->error = 0;
	pid = vfork();
	if (pid == 0)
		child(s);
	if (pid > 0 && s->error != 0) {
		waitpid(pid, NULL, 0);
		errno = s->error;
		return -1;
	}
	return pid;
}

/* Its pid cannot be given away before we have waited for it. */
static int
take_hold(struct resolver_run *run, pid_t pid)
{
	run->pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (run->pidfd != -1)
		return 0;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return -1;
}

int
resolver_run(struct resolver_run *run, const char *program,
    unsigned int seconds, bool confined)
{
	char *argv[] = {
		(char *)program, confined ? NULL : "--no-sandbox", NULL
	};
	struct start s = { .argv = argv, .seconds = seconds };
	int fd[2];
	pid_t pid;

	run->channel = -1;
	if (privsep_pair(fd) == -1)
		return -1;
	s.channel = fd[1];
	pid = spawn(&s);
	close(fd[1]);
	if (pid == -1 || take_hold(run, pid) == -1) {
		close(fd[0]);
		return -1;
	}
	run->channel = fd[0];
	return 0;
}

/* By the handle: a sweep of the caller's may have reaped it already. */
void
resolver_stop(struct resolver_run *run, siginfo_t *how)
{
	int rc;

	memset(how, 0, sizeof(*how));
	syscall(SYS_pidfd_send_signal, run->pidfd, SIGKILL, NULL, 0);
	do
		rc = waitid(P_PIDFD, run->pidfd, how, WEXITED);
	while (rc == -1 && errno == EINTR);
	close(run->pidfd);
	close(run->channel);
	run->channel = -1;
}
