/*
 * The monitor: a loop over what the engine, its host and the clock say, with
 * a table of what may be said when.  Trusts the policy and the kernel; holds
 * every secret; reads no byte of the client's but through checked records and
 * the header reader.
 */
#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "launch.h"
#include "log.h"
#include "message.h"
#include "monitor.h"
#include "orphans.h"
#include "peer.h"
#include "privsep.h"
#include "record.h"
#include "reply.h"
#include "sandbox.h"
#include "stop.h"
#include "transaction.h"

#define ENGINE_END_MS	5000	/* an engine that said END has to end */
#define TOO_EARLY	"421 4.5.0 wait for the replies before you begin " \
			"another transaction"

enum state {
	STATE_COMMANDS,		/* the engine reads commands */
	STATE_DATA,		/* it reads the message */
	STATE_ENDING,		/* it has said all: its death is awaited */
	STATE_CLOSED,
	STATES
};

/* What an engine may say in which state. */
static const bool permitted[STATES][RECORDS] = {
	[STATE_COMMANDS] = {
		[RECORD_UNCONFINED] = true,
		[RECORD_COMMAND] = true,
		[RECORD_LAST] = true,
		[RECORD_DRY] = true,
		[RECORD_TICK] = true,
		[RECORD_EOF] = true
	},
	[STATE_DATA] = {
		[RECORD_TICK] = true,
		[RECORD_END] = true,
		[RECORD_EOF] = true
	}
};

struct monitor {
	enum state		 state;
	struct transaction	 t;
	struct replies		 replies;
	struct peer		 peer;
	int			 in;
	int			 control;
	int			 channel;	/* -1: the engine closed it */
	int64_t			 heard;		/* ms: last sign of the client */
	struct record_end	 end;
	bool			 ended;		/* end is filled in */
	bool			 killed;	/* the host was told to */
	bool			 waiting;	/* see input_waits() */
	bool			 unread;	/* maybe, the final replies */
};

static void
close_channel(struct monitor *m)
{
	if (m->channel != -1)
		close(m->channel);
	m->channel = -1;
}

/* The last word to this client.  What waits for a reply is deferred. */
static void
hang_up(struct monitor *m, enum reason reason, const char *reply)
{
	message_abort(&m->t, reason);
	reply_add(&m->replies, "%s", reply);
	reply_flush(&m->replies);
	m->state = STATE_CLOSED;
}

static void
fail(struct monitor *m, const char *why)
{
	log_warnx("id=%s %s", m->t.id[0] != '\0' ? m->t.id : "-", why);
	hang_up(m, REASON_ENGINE, "421 4.3.0 internal failure");
}

/* The engine or its host has no sandbox, and has ended for that. */
static void
fail_unconfined(struct monitor *m, const struct record_unconfined *r)
{
	errno = r->error;
	log_warn("cannot confine the engine%s: %s",
	    sandbox_is_optional(r->step) ?
	    " (--no-sandbox would let it run unconfined)" : "",
	    sandbox_step_name(r->step));
	fail(m, "no message is taken without a sandbox");
}

/* It ended, and not because it had said all. */
static void
fail_dead(struct monitor *m, int status)
{
	char why[64];

	if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), "the engine was ended by signal %d",
		    WTERMSIG(status));
	else
		snprintf(why, sizeof(why), "the engine ended before its time, "
		    "status %d", WEXITSTATUS(status));
	fail(m, why);
}

static void
flush(struct monitor *m)
{
	if (reply_flush(&m->replies) == 0 || m->state == STATE_CLOSED)
		return;
	message_abort(&m->t, REASON_CLIENT_GONE);
	m->state = STATE_CLOSED;
}

/* A new engine for the next transaction. */
static void
run_engine(struct monitor *m)
{
	struct record_run run = {
		.fsize = m->t.policy->max_message_size + MSG_PREPEND_MAX
	};
	int fd[2], rc;

	if (privsep_pair(fd) == -1) {
		fail(m, "cannot make a channel");
		return;
	}
	rc = record_post(m->control, RECORD_RUN, &run, sizeof(run), fd[1]);
	close(fd[1]);
	m->channel = fd[0];
	m->state = STATE_COMMANDS;
	m->heard = clock_ms();
	m->ended = m->killed = false;
	memset(&m->end, 0, sizeof(m->end));
	if (rc == -1)
		fail(m, "the engine host is gone");
}

/* DATA: the one command whose engine waits for an answer. */
static void
answer_data(struct monitor *m, bool allowed)
{
	struct record_go go = { .limit = m->t.policy->max_message_size };
	int fd = allowed ? message_spool(&m->t) : -1, rc;

	flush(m);
	if (fd == -1)
		rc = record_post(m->channel, RECORD_NO, NULL, 0, -1);
	else {
		rc = record_post(m->channel, RECORD_GO, &go, sizeof(go), fd);
		close(fd);
		if (m->state != STATE_CLOSED)
			m->state = STATE_DATA;
	}
	/* an engine that is gone is reported dead by its host */
	if (rc == -1 && errno != EPIPE && errno != ECONNRESET &&
	    m->state != STATE_CLOSED)
		fail(m, "the engine cannot be answered");
}

static void
go_on(struct monitor *m, enum next next)
{
	switch (next) {
	case NEXT_COMMAND:
		break;
	case NEXT_DATA:
		answer_data(m, true);
		break;
	case NEXT_REFUSED:
		answer_data(m, false);
		break;
	case NEXT_CLOSE:
		flush(m);
		m->state = STATE_CLOSED;
		break;
	}
}

/*
 * Whether the client sent this before it read the final replies.  Then it may
 * be the rest of a message that an engine gone bad has ended.  Nobody can tell
 * of a client that paused in its message until they were there, sent the rest
 * in one piece and read them before we came to look.
 */
static bool
is_early(struct monitor *m)
{
	m->unread = m->unread && reply_unread(&m->replies);
	return m->waiting || m->unread;
}

static void
take_command(struct monitor *m, const struct lmtp_command *cmd)
{
	if (is_early(m) && cmd->verb != LMTP_RSET &&
	    cmd->verb != LMTP_NOOP && cmd->verb != LMTP_QUIT)
		hang_up(m, REASON_ENGINE, TOO_EARLY);
	else
		go_on(m, transaction_command(&m->t, cmd));
}

/* The client has sent all, and waits for what we say. */
static void
take_dry(struct monitor *m)
{
	m->waiting = false;
	flush(m);
}

static void
take_record(struct monitor *m, const struct record *r)
{
	m->heard = clock_ms();
	switch (r->type) {
	case RECORD_UNCONFINED:
		fail_unconfined(m, &r->u.unconfined);
		break;
	case RECORD_COMMAND:
		take_command(m, &r->u.command);
		break;
	case RECORD_LAST:
		take_command(m, &r->u.command);
		if (m->state == STATE_COMMANDS)
			take_dry(m);
		break;
	case RECORD_DRY:
		take_dry(m);
		break;
	case RECORD_END:
		m->end = r->u.end;
		m->ended = true;
		m->state = STATE_ENDING;
		break;
	case RECORD_EOF:
		flush(m);
		message_abort(&m->t, REASON_CLIENT_GONE);
		m->state = STATE_CLOSED;
		break;
	default:
		break;
	}
}

static void
from_engine(struct monitor *m)
{
	struct record r;
	int rc = record_recv(m->channel, &r, NULL);

	if (rc == 0) {
		close_channel(m);
		m->state = STATE_ENDING;
		m->heard = clock_ms();
	} else if (rc == -1 && errno != EBADMSG)
		fail(m, "the engine cannot be heard");
	else if (rc == -1 || !permitted[m->state][r.type])
		fail(m, "the engine sent nonsense");
	else
		take_record(m, &r);
}

/* Whether the client sent more than the engine took, before it was answered. */
static bool
input_waits(const struct monitor *m)
{
	struct pollfd pfd = { .fd = m->in, .events = POLLIN };

	return poll(&pfd, 1, 0) != 0;
}

/* After the final replies: what came behind the dot, then the next engine. */
static void
after_message(struct monitor *m)
{
	enum next next = NEXT_COMMAND;
	uint32_t i;

	m->waiting = input_waits(m);
	m->unread = true;
	for (i = 0; i < m->end.tails && next == NEXT_COMMAND; i++)
		next = transaction_tail(&m->t, m->end.tail[i]);
	if (next == NEXT_COMMAND && (m->end.flags & END_MORE)) {
		reply_add(&m->replies, TOO_EARLY);
		next = NEXT_CLOSE;
	}
	flush(m);
	if (next == NEXT_CLOSE || (m->end.flags & END_EOF))
		m->state = STATE_CLOSED;
	if (m->state != STATE_CLOSED)
		run_engine(m);
}

static void
from_host(struct monitor *m)
{
	struct record r;
	int rc = record_recv(m->control, &r, NULL);

	if (rc == 1 && r.type == RECORD_UNCONFINED) {
		fail_unconfined(m, &r.u.unconfined);
		return;
	}
	if (rc != 1 || r.type != RECORD_DEAD) {
		fail(m, "the engine host failed");
		return;
	}
	close_channel(m);
	if (!m->ended) {
		fail_dead(m, r.u.dead.status);
		return;
	}
	message_finish(&m->t, &m->end, r.u.dead.status == 0);
	after_message(m);
}

static int
wait_ms(const struct monitor *m)
{
	int64_t limit = m->state == STATE_ENDING ? ENGINE_END_MS :
	    (int64_t)m->t.policy->idle_timeout * 1000;
	int64_t left = m->heard + limit - clock_ms();

	return left < 0 ? 0 : left;
}

static void
time_out(struct monitor *m)
{
	if (m->state != STATE_ENDING) {
		log_info("id=%s client was idle for %u seconds: closing",
		    m->t.id[0] != '\0' ? m->t.id : "-",
		    m->t.policy->idle_timeout);
		hang_up(m, REASON_CLIENT_GONE, "421 4.4.2 idle for too long");
	} else if (!m->killed) {
		m->killed = true;
		m->heard = clock_ms();
		record_post(m->control, RECORD_KILL, NULL, 0, -1);
	} else
		fail(m, "the engine cannot be ended");
}

static bool
is_silent(const struct monitor *m)
{
	struct pollfd pfd = { .fd = m->channel, .events = POLLIN };

	return m->channel == -1 || poll(&pfd, 1, 0) == 0;
}

/*
 * One event.  The engine's records come before the news of its death: they
 * were sent before it.
 */
static void
serve_once(struct monitor *m)
{
	enum { STOP, ENGINE, HOST, FDS };
	struct pollfd pfd[FDS] = {
		[STOP] = { .fd = m->t.stop_fd, .events = POLLIN },
		/* who has said all is heard once more when it is dead */
		[ENGINE] = { .fd = m->ended ? -1 : m->channel,
		    .events = POLLIN },
		[HOST] = { .fd = m->control, .events = POLLIN }
	};
	int n = poll(pfd, FDS, wait_ms(m));

	if (n == -1) {
		if (errno != EINTR)
			fail(m, "poll failed");
	} else if (n == 0)
		time_out(m);
	else if (pfd[STOP].revents != 0)
		hang_up(m, REASON_STOPPED, "421 4.3.2 shutting down");
	else if (pfd[ENGINE].revents != 0)
		from_engine(m);
	else if (is_silent(m))
		from_host(m);
	else
		from_engine(m);
}

void
monitor_run(const struct policy *policy, const struct monitor_start *start)
{
	struct monitor m = {
		.in = start->in,
		.control = start->control,
		.channel = -1,
		.replies = { .fd = start->out, .idle = policy->idle_timeout }
	};

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);	/* write(2) says EFBIG */
	if (start->given != NULL) {
		m.peer.given = true;
		m.peer.client = *start->given;
	}
	peer_identify(start->in, &policy->trusted_peers, &m.peer);
	m.t.policy = policy;
	m.t.peer = &m.peer;
	m.t.replies = &m.replies;
	m.t.host = start->host;
	m.t.confined = start->confined;
	m.t.resolver = resolver_new(resolver_dir(), policy->dns_timeout,
	    start->confined);
	m.t.stop_fd = m.replies.stop_fd = stop_open(NULL);
	if (m.t.resolver == NULL || m.t.stop_fd == -1 ||
	    prctl(PR_SET_CHILD_SUBREAPER, 1) == -1)
		fail(&m, "cannot set the monitor up");
	else {
		transaction_greet(&m.t);
		flush(&m);
		if (m.state != STATE_CLOSED)
			run_engine(&m);
	}
	while (m.state != STATE_CLOSED)
		serve_once(&m);
	transaction_reset(&m.t);
	resolver_free(m.t.resolver);
	close_channel(&m);
	close(m.control);	/* so that the host ends */
	launch_wait(start->host);
	close(start->in);
	close(start->out);
	newcomer_tell(&m.t.newcomers, policy, m.t.stop_fd);
	orphans_end(-1);
}
