/*
 * The keeper.  Where the monitor is killed, what its backends had started
 * becomes the child of the nearest subreaper above it: this process, which can
 * still end it.  Trusts nobody, since nobody speaks to it.
 */
#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sysexits.h>
#include <unistd.h>

#include "keeper.h"
#include "log.h"
#include "orphans.h"
#include "privsep.h"

/* It goes on with the mask that we were started with. */
static int
become_monitor(pid_t keeper, const sigset_t *mask)
{
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1 ||
	    sigprocmask(SIG_SETMASK, mask, NULL) == -1)
		return -1;
	if (getppid() == keeper)
		return 0;
	errno = ESRCH;
	return -1;
}

/* Its exit status; what asks us to end asks it. */
static int
wait_for(pid_t monitor, const sigset_t *set)
{
	int sig, status;
	pid_t rc;

	for (;;) {
		rc = waitpid(monitor, &status, WNOHANG);
		if (rc == -1 && errno == EINTR)
			continue;	/* its SIGCHLD may have come already */
		if (rc != 0)
			break;
		sig = sigwaitinfo(set, NULL);
		if (sig != -1 && sig != SIGCHLD)
			kill(monitor, sig);
	}
	if (rc == -1) {
		log_warn("waitpid");
		return EX_OSERR;
	}
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	log_warnx("the monitor was ended by signal %d", WTERMSIG(status));
	return EX_TEMPFAIL;
}

int
keeper_fork(int in, int out)
{
	pid_t self = getpid(), pid;
	sigset_t set, mask;
	int code;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, &mask) == -1 ||
	    prctl(PR_SET_CHILD_SUBREAPER, 1) == -1 || (pid = fork()) == -1)
		return -1;
	if (pid == 0)
		return become_monitor(self, &mask);
	privsep_wipe_environment();
	close(in);
	close(out);
	code = wait_for(pid, &set);
	orphans_end(-1);
	_exit(code);
}
