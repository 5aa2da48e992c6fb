/*
 * Signals that ask us to end.
 */
#include <sys/signalfd.h>

#include <unistd.h>

#include "stop.h"

int
stop_open(sigset_t *was)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, was) == -1)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void
stop_close(int fd, const sigset_t *was)
{
	struct signalfd_siginfo info;

	if (fd != -1) {
		while (read(fd, &info, sizeof(info)) > 0)
			;
		close(fd);
	}
	sigprocmask(SIG_SETMASK, was, NULL);
}
