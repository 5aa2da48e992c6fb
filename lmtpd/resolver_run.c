/*
 * Starts lmtpd-resolver with nothing but its end of a channel, so that exec
 * leaves every secret behind; and ends it.
 */
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "launch.h"
#include "privsep.h"
#include "resolver_run.h"

int
resolver_run(struct resolver_run *run, const char *program,
    unsigned int seconds, bool confined)
{
	char *argv[] = {
		(char *)program, confined ? NULL : "--no-sandbox", NULL
	};
	char *none[] = { NULL };
	struct launch s = {
		.argv = argv,
		.env = none,
		.fd = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO },
		.cpu = seconds
	};
	int fd[2], rc;
	pid_t pid;

	run->channel = -1;
	if (privsep_pair(fd) == -1)
		return -1;
	s.channel = fd[1];
	rc = launch_start(&s, &pid, &run->pidfd);
	close(fd[1]);
	if (rc == -1) {
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
	int rc, flags = WEXITED;

	memset(how, 0, sizeof(*how));
	/* one that cannot be killed is not waited for: it dies with us */
	if (syscall(SYS_pidfd_send_signal, run->pidfd, SIGKILL, NULL, 0) == -1)
		flags |= WNOHANG;
	do
		rc = waitid(P_PIDFD, run->pidfd, how, flags);
	while (rc == -1 && errno == EINTR);
	close(run->pidfd);
	close(run->channel);
	run->channel = -1;
}
