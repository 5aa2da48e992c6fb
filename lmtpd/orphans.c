/*
 * Ending what others started.  What a killed parent leaves becomes the child of
 * the subreaper above it, so that it looks again until none is left.  Trusts
 * the kernel for who its children are.
 */
#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "orphans.h"

#define CHUNK		4096	/* of their numbers, read at a time */
#define SWEEP_ROUNDS	1000
#define SWEEP_WAIT_MS	1000	/* for a killed process to end */

/* False: it is not ours to end, or does not end. */
static bool
end_child(pid_t pid)
{
	int64_t until = clock_ms() + SWEEP_WAIT_MS;
	pid_t rc;

	if (kill(pid, SIGKILL) == -1 && errno == EPERM)
		return waitpid(pid, NULL, WNOHANG) == pid;
	while ((rc = waitpid(pid, NULL, WNOHANG)) == 0 && clock_ms() < until)
		usleep(500);
	return rc != 0;
}

/* Our children, as many as go in, each with a blank behind it.  0, or -1. */
static int
read_children(char pids[CHUNK])
{
	int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd == -1)
		return -1;
	n = read(fd, pids, CHUNK - 1);
	close(fd);
	pids[n > 0 ? n : 0] = '\0';
	return n == -1 ? -1 : 0;
}

/* End the children that are there now; *left counts those that stay. */
static bool
sweep_once(pid_t keep, unsigned int *left)
{
	char pids[CHUNK], *p, *end;
	bool found = false;
	long pid;

	*left = 0;
	if (read_children(pids) == -1) {
		log_warn("cannot look for a backend's orphans: "
		    "/proc/thread-self/children");
		return false;
	}
	for (p = pids; (pid = strtol(p, &end, 10)) > 0 && *end != '\0';
	    p = end) {
		if (pid == keep)
			continue;
		if (end_child(pid))
			found = true;
		else
			(*left)++;
	}
	return found;
}

void
orphans_end(pid_t keep)
{
	unsigned int left = 0;
	int i;

	/* nearly always there is none, and the kernel says so at less cost */
	if (keep == -1 && waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD)
		return;
	for (i = 0; i < SWEEP_ROUNDS; i++)
		if (!sweep_once(keep, &left))
			break;
	if (i == SWEEP_ROUNDS)
		log_warnx("a backend's descendants multiply faster than they "
		    "can be ended");
	else if (left > 0)
		log_warnx("%u of a backend's descendants cannot be ended",
		    left);
}
