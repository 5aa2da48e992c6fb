/*
 * Running one program to its end.  It is trusted to do its work, not to end:
 * its group is killed at its deadline.  What it writes is hostile text.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "errand.h"

static int
begin(struct errand *e, struct launch *s)
{
	int rc, saved;

	if ((rc = output_open(&e->out, &s->fd[2])) == 0) {
		if (s->fd[1] == -1)
			s->fd[1] = s->fd[2];
		rc = launch_start(s, &e->pid, &e->pidfd);
	}
	saved = errno;
	if (rc == -1)
		output_end(&e->out, e->who);
	errno = saved;
	return rc;
}

/* Until it ends, or we end it. */
static void
wait_end(struct errand *e)
{
	struct pollfd pfd[3] = {
		{ .fd = e->pidfd, .events = POLLIN },
		{ .fd = e->stop_fd, .events = POLLIN },
		{ .events = POLLIN }
	};
	int64_t left;

	for (;;) {
		pfd[2].fd = e->out.fd;
		left = e->deadline - clock_ms();
		if (poll(pfd, 3, left > 0 ? (int)left : 0) == -1) {
			if (errno == EINTR)
				continue;
			e->ended = strerror(errno);
			break;
		}
		output_read(&e->out, e->who);
		if (pfd[0].revents != 0)
			return;
		if (pfd[1].revents != 0)
			e->ended = "lmtpd is told to stop";
		else if (left <= 0)
			e->ended = "it took too long";
		if (e->ended != NULL)
			break;
	}
	launch_kill(e->pid);
}

int
errand_run(struct errand *e, struct launch *s)
{
	e->ended = NULL;
	if (begin(e, s) == -1)
		return -1;
	wait_end(e);
	e->status = launch_wait(e->pid);
	output_end(&e->out, e->who);
	close(e->pidfd);
	return 0;
}
