/*
 * The engine: the only process that reads what a stranger wrote as it came.
 * Trusts nobody; nobody trusts it.  Everything it knows dies with it.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"
#include "engine.h"
#include "lmtp.h"
#include "record.h"

#define BUFFER_SIZE	65536
#define TICK_MS		250	/* so often the monitor hears of slow input */
#define TAIL_WAIT_MS	5000	/* for the rest of a line behind the dot */

struct engine {
	int		 client;
	int		 channel;
	bool		 owing;		/* replies may wait for "input dry" */
	bool		 refused;	/* a line, before its CRLF came */
	int64_t		 told;		/* ms: when the last record left */
	size_t		 pos, len;	/* unread input is buf[pos .. len) */
	char		 buf[BUFFER_SIZE + LMTP_DATA_ROOM];
};

static int64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
tell(struct engine *e, enum record_type type, const void *payload, size_t len)
{
	if (record_send(e->channel, type, payload, len, -1) == -1)
		_exit(1);
	e->told = now();
	e->owing = type == RECORD_COMMAND;
}

static _Noreturn void
finish(struct engine *e, enum record_type type, const void *payload,
    size_t len)
{
	tell(e, type, payload, len);
	_exit(0);
}

static bool
input_ready(const struct engine *e, int ms)
{
	struct pollfd pfd = { .fd = e->client, .events = POLLIN };

	return poll(&pfd, 1, ms) == 1;
}

/* Read more input behind what is unread.  False: the client closed. */
static bool
fill(struct engine *e)
{
	ssize_t n;

	if (e->pos > 0) {
		memmove(e->buf, e->buf + e->pos, e->len - e->pos);
		e->len -= e->pos;
		e->pos = 0;
	}
	do
		n = read(e->client, e->buf + e->len, BUFFER_SIZE - e->len);
	while (n == -1 && (errno == EINTR ||
	    (errno == EAGAIN && input_ready(e, -1))));
	if (n <= 0)
		return false;
	e->len += n;
	if (now() - e->told >= TICK_MS) {
		bool owing = e->owing;

		tell(e, RECORD_TICK, NULL, 0);
		e->owing = owing;
	}
	return true;
}

/* More input for a command; the replies so far leave before we wait. */
static void
fill_command(struct engine *e)
{
	if (e->owing && !input_ready(e, 0))
		tell(e, RECORD_DRY, NULL, 0);
	if (!fill(e))
		finish(e, RECORD_EOF, NULL, 0);
}

/* The line that is complete in the buffer, its LF still on; NULL: none. */
static char *
buffered_line(struct engine *e, size_t *n)
{
	char *line = e->buf + e->pos, *lf;

	if ((lf = memchr(line, '\n', e->len - e->pos)) == NULL)
		return NULL;
	*n = lf + 1 - line;
	e->pos += *n;
	return line;
}

static bool
ends_in_crlf(const char *line, size_t n)
{
	return n >= 2 && line[n - 2] == '\r' && line[n - 1] == '\n';
}

/*
 * Pass over the rest of a line that was refused: what stands behind a bare LF
 * in it is not a command.
 */
static void
skip_line(struct engine *e)
{
	char *line;
	size_t n;

	for (;;) {
		line = buffered_line(e, &n);
		if (line != NULL && ends_in_crlf(line, n))
			return;
		if (line != NULL)
			continue;
		if (e->pos < e->len)
			e->pos = e->len - 1;	/* may be the CR */
		fill_command(e);
	}
}

/* What does not end in CRLF, or is too long, is for lmtp_parse() to refuse. */
static void
parse_line(const char *line, size_t n, struct lmtp_command *cmd)
{
	if (n > LMTP_LINE_MAX)
		n = LMTP_LINE_MAX;
	else if (ends_in_crlf(line, n))
		n -= 2;
	lmtp_parse(line, n, cmd);
}

static void
next_command(struct engine *e, struct lmtp_command *cmd)
{
	char *line;
	size_t n;

	if (e->refused)
		skip_line(e);
	e->refused = false;
	while ((line = buffered_line(e, &n)) == NULL) {
		if (e->len - e->pos > LMTP_LINE_MAX) {
			line = e->buf + e->pos;
			n = e->len - e->pos;
			break;
		}
		fill_command(e);
	}
	e->refused = !ends_in_crlf(line, n);
	parse_line(line, n, cmd);
}

/* A record of its own for dry input would wake the monitor once more. */
static void
tell_command(struct engine *e, const struct lmtp_command *cmd)
{
	bool more = memchr(e->buf + e->pos, '\n', e->len - e->pos) != NULL ||
	    input_ready(e, 0);

	tell(e, more ? RECORD_COMMAND : RECORD_LAST, cmd,
	    lmtp_command_size(cmd->verb));
}

/* Ask for the spool.  -1: refused, or there is nobody to ask. */
static int
ask_spool(struct engine *e, uint64_t *limit)
{
	struct record r;
	int fd;

	e->owing = false;	/* the monitor writes before it answers */
	if (record_recv(e->channel, &r, &fd) != 1)
		_exit(1);
	if (r.type == RECORD_NO)
		return -1;
	/* no other number may be written to */
	if (r.type != RECORD_GO || fd != FD_PASSED)
		_exit(1);
	*limit = r.u.go.limit;
	return fd;
}

static void
spool(int fd, const char *p, size_t n, struct record_end *end)
{
	ssize_t w;

	while (n > 0) {
		w = write(fd, p, n);
		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1) {
			end->flags |= errno == ENOSPC || errno == EDQUOT ?
			    END_DISK_FULL : errno == EFBIG ?
			    END_TOO_LARGE : END_FAILED;
			return;
		}
		p += w;
		n -= w;
		end->length += w;
	}
}

/*
 * Spool up to the final dot.  What is over the limit, or what the disk does
 * not take, is read all the same: the client must get its reply.
 */
static void
receive(struct engine *e, int fd, uint64_t limit, struct record_end *end)
{
	struct lmtp_data data = { 0 };
	size_t used, out;

	while (!data.done) {
		if (e->pos == e->len && !fill(e))
			finish(e, RECORD_EOF, NULL, 0);
		used = e->len - e->pos;
		/* unstuff in place: what lies behind the dot must survive */
		memmove(e->buf, e->buf + e->pos, used);
		e->pos = 0;
		e->len = used;
		used = lmtp_unstuff(&data, e->buf, e->len, &out);
		if (end->length + out > limit)
			end->flags |= END_TOO_LARGE;
		if (end->flags == 0)
			spool(fd, e->buf, out, end);
		e->pos = used;
	}
	end->fault = data.fault;
}

/* Whether a whole line is there; waits a little for one that has begun. */
static char *
tail_line(struct engine *e, size_t *n, struct record_end *end)
{
	char *line;

	while ((line = buffered_line(e, n)) == NULL) {
		if (e->pos == e->len && !input_ready(e, 0))
			return NULL;
		if (e->len - e->pos > LMTP_LINE_MAX ||
		    !input_ready(e, TAIL_WAIT_MS)) {
			end->flags |= END_MORE;
			return NULL;
		}
		if (!fill(e)) {
			end->flags |= END_EOF;
			return NULL;
		}
	}
	return line;
}

/*
 * What the client sent behind the final dot.  The next transaction belongs
 * to another engine, so only what needs none is taken along.
 */
static void
read_tail(struct engine *e, struct record_end *end)
{
	struct lmtp_command cmd;
	char *line;
	size_t n;

	while ((line = tail_line(e, &n, end)) != NULL) {
		parse_line(line, n, &cmd);
		if ((cmd.verb != LMTP_RSET && cmd.verb != LMTP_NOOP &&
		    cmd.verb != LMTP_QUIT) || end->tails == RECORD_TAIL_MAX) {
			end->flags |= END_MORE;
			return;
		}
		end->tail[end->tails++] = cmd.verb;
		if (cmd.verb == LMTP_QUIT)
			return;
	}
}

static _Noreturn void
take_message(struct engine *e, int fd, uint64_t limit)
{
	struct record_end end = { 0 };

	receive(e, fd, limit, &end);
	read_tail(e, &end);
	finish(e, RECORD_END, &end, sizeof(end));
}

_Noreturn void
engine_run(int client, int channel)
{
	static struct engine e;
	struct lmtp_command cmd;
	uint64_t limit;
	int fd;

	e.client = client;
	e.channel = channel;
	e.told = now();
	for (;;) {
		next_command(&e, &cmd);
		tell_command(&e, &cmd);
		if (cmd.verb == LMTP_QUIT)
			_exit(0);
		if (cmd.verb == LMTP_DATA &&
		    (fd = ask_spool(&e, &limit)) != -1)
			take_message(&e, fd, limit);
	}
}
