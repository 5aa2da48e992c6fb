/*
 * Starting a program.  It is trusted with what our user can read, with nothing
 * that we hold open.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "launch.h"
#include "sandbox.h"

static int
child_limits(const struct launch *s)
{
	if (sandbox_limit(RLIMIT_CORE, 0) == -1 ||
	    (s->cpu != 0 && sandbox_limit(RLIMIT_CPU, s->cpu) == -1) ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
		return -1;
	if (!s->setuid && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	return getppid() == s->parent ? 0 : -1;
}

/*
 * exec makes each signal's action the default one, but for those that are
 * ignored.  Which are is asked once: 64 calls that no start need make again.
 */
static const sigset_t *
signals_ignored(void)
{
	static bool asked;
	static sigset_t ignored;
	struct sigaction action;
	int sig;

	for (sig = 1; !asked && sig < NSIG; sig++)
		if (sigaction(sig, NULL, &action) == 0 &&
		    action.sa_handler == SIG_IGN)
			sigaddset(&ignored, sig);
	asked = true;
	return &ignored;
}

static void
child_signals(const sigset_t *ignored)
{
	sigset_t none;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		if (sigismember(ignored, sig) == 1)
			signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* To their places, where exec does not close them; nothing beyond. */
static int
child_descriptors(const struct launch *s)
{
	unsigned int fd;

	for (fd = 0; fd < 3; fd++)
		if (dup2(s->fd[fd], fd) == -1)
			return -1;
	if (s->channel != 0) {
		if (s->channel == LAUNCH_CHANNEL ?
		    fcntl(LAUNCH_CHANNEL, F_SETFD, 0) == -1 :
		    dup2(s->channel, LAUNCH_CHANNEL) == -1)
			return -1;
		fd = LAUNCH_CHANNEL + 1;
	}
	return close_range(fd, ~0U, 0);
}

/* Between vfork(2) and exec: only system calls, and s->error. */
static _Noreturn void
child(struct launch *s, const sigset_t *ignored)
{
	setsid();
	umask(077);
	child_signals(ignored);
	/* a program by a relative path, for trying things out, is found here */
	if (child_descriptors(s) == 0 && child_limits(s) == 0 &&
	    (s->argv[0][0] != '/' || chdir("/") == 0))
		execve(s->argv[0], s->argv, s->env);
	s->error = errno != 0 ? errno : ECHILD;
	_exit(127);
}

static pid_t
spawn(struct launch *s)
{
	const sigset_t *ignored = signals_ignored();
	pid_t pid;

	s->parent = getpid();
	s->error = 0;
	pid = vfork();
	if (pid == 0)
		child(s, ignored);
	if (pid > 0 && s->error != 0) {
		waitpid(pid, NULL, 0);
		errno = s->error;
		return -1;
	}
	return pid;
}

int
launch_start(struct launch *s, pid_t *pid, int *pidfd)
{
	int saved;

	if ((*pid = spawn(s)) == -1)
		return -1;
	if ((*pidfd = syscall(SYS_pidfd_open, *pid, 0)) != -1)
		return 0;
	saved = errno;
	/* what is not ours to end could keep us waiting */
	if (launch_kill(*pid) == 0)
		waitpid(*pid, NULL, 0);
	errno = saved;
	return -1;
}

int
launch_kill(pid_t pid)
{
	kill(-pid, SIGKILL);
	return kill(pid, SIGKILL) == -1 && errno == EPERM ? -1 : 0;
}

int
launch_wait(pid_t pid)
{
	int status, rc;

	do
		rc = waitpid(pid, &status, 0);
	while (rc == -1 && errno == EINTR);
	return rc == -1 ? SIGKILL : status;
}
