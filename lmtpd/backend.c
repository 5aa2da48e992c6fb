/*
 * Running a backend.  It is trusted to deliver, not to end: its group is
 * killed at its deadline and its orphans are swept, by the subreaper that the
 * monitor is.  What it writes is hostile text.
 */
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend.h"
#include "clock.h"
#include "launch.h"
#include "log.h"

static void
close_fd(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

static void
close_run(struct run *run)
{
	output_end(&run->out, run->who);
	output_end(&run->err, run->who);
	close_fd(&run->pidfd);
}

/* The pipes, the process and the handle that tells its end. */
static int
begin(struct run *run, struct launch *s)
{
	int rc = -1, saved;

	run->pidfd = run->err.fd = run->err.other = -1;
	if (output_open(&run->out, &s->fd[1]) == 0 &&
	    output_open(&run->err, &s->fd[2]) == 0)
		rc = launch_start(s, &run->pid, &run->pidfd);
	saved = errno;
	if (rc == -1)
		close_run(run);
	errno = saved;
	return rc;
}

enum reason
backend_start(struct run *run, const struct backend *b,
    const struct delivery *d, int fd)
{
	struct launch s = { .setuid = b->setuid };
	enum reason reason = REASON_INTERNAL;
	bool dash;

	memset(run, 0, sizeof(*run));
	run->backend = b;
	snprintf(run->who, sizeof(run->who), "backend \"%s\" %s", b->name,
	    d->log_id);
	s.argv = delivery_argv(b, d, &dash);
	s.env = delivery_env(b, d);
	s.fd[0] = fd;
	if (s.argv == NULL && dash)
		reason = REASON_DASH;
	else if (s.argv == NULL || s.env == NULL)
		log_warnx("backend \"%s\": out of memory", b->name);
	else if (begin(run, &s) == -1) {
		log_warn("backend \"%s\": cannot run %s", b->name, s.argv[0]);
		reason = REASON_NOT_STARTED;
	} else
		reason = REASON_OK;
	run->started = clock_ms();
	run->deadline = run->started + (int64_t)b->timeout * 1000;
	delivery_free(s.argv);
	delivery_free(s.env);
	return reason;
}

void
backend_read(struct run *run)
{
	output_read(&run->out, run->who);
	output_read(&run->err, run->who);
}

int
backend_kill(struct run *run, enum reason why)
{
	run->killed = why;
	return launch_kill(run->pid);
}

static enum reason
exit_reason(int code)
{
	switch (code) {
	case 0:
		return REASON_DELIVERED;
	case 65:
		return REASON_DATA;
	case 67:
		return REASON_NO_USER;
	case 69:
		return REASON_UNAVAILABLE;
	case 77:
		return REASON_DENIED;
	default:
		return REASON_FAILED;
	}
}

static void
judge_end(const struct run *run, int status, struct recipient *r)
{
	bool success = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	/* a success is believed, however late; what else we caused is ours */
	if (run->killed != REASON_OK && !success)
		r->reason = run->killed;
	else if (WIFEXITED(status))
		r->reason = exit_reason(WEXITSTATUS(status));
	else
		r->reason = REASON_SIGNAL;
	if (run->killed == REASON_OK && WIFEXITED(status) && !success &&
	    output_status(&run->err, r->enhanced, sizeof(r->enhanced),
	    r->text, sizeof(r->text))) {
		r->reason = REASON_OVERRIDE;
		r->outcome = r->enhanced[0] == '5' ?
		    OUTCOME_REFUSED : OUTCOME_DEFERRED;
		return;
	}
	switch (reason_words(r->reason)->code / 100) {
	case 2:
		r->outcome = OUTCOME_ACCEPTED;
		break;
	case 5:
		r->outcome = OUTCOME_REFUSED;
		break;
	default:
		r->outcome = WIFEXITED(status) && run->killed == REASON_OK ?
		    OUTCOME_DEFERRED : OUTCOME_MAYBE_SENT;
		break;
	}
}

void
backend_finish(struct run *run, struct recipient *r)
{
	r->status = launch_wait(run->pid);
	r->ms = clock_ms() - run->started;
	close_run(run);
	judge_end(run, r->status, r);
}

void
backend_abandon(struct run *run, struct recipient *r)
{
	log_warnx("%s: process %ld became another user's and cannot be ended",
	    run->who, (long)run->pid);
	r->ms = clock_ms() - run->started;
	r->reason = run->killed;
	r->outcome = OUTCOME_MAYBE_SENT;
	close_run(run);
}
