/*
 * Fuzz target of engine.c as a whole: commands and data as one stream of
 * bytes.  Input: four bytes that say how the monitor, the disk and the network
 * behave, and what the client sends.  Every record must be one that the monitor
 * takes; cut another way, the same bytes must come to the same; and what is
 * spooled must be what RFC 5321 makes of them.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"
#include "record.h"
#include "../unit/unstuff_ref.h"

#define HEAD		offsetof(struct record, u)
#define CONTROLS	4
#define INPUT_MAX	(1 << 18)

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* The four bytes. */
enum control {
	CUTS,			/* how the input comes, the second time */
	ANSWER,			/* to DATA: enum answer */
	LIMIT,			/* of the message, in units of 8 bytes */
	DISK			/* room, in the same */
};

enum answer {
	FAILS,
	IS_GONE,
	REFUSES,
	PASSES_NOTHING,
	PASSES_SPOOL,
	PASSES_ANOTHER,		/* number than the spool's */
	IS_MAD,			/* a record that is not for engines */
	ANSWERS
};

/* Everything that an engine can see or do, and what came of it. */
struct world {
	const uint8_t	*how;
	const char	*in;
	size_t		 len, at;
	bool		 cut;
	unsigned int	 random;
	time_t		 now;
	jmp_buf		 end;
	bool		 ended;
	int		 status;
	uint64_t	 told;		/* a hash of the records */
	size_t		 line;		/* where the next command begins */
	size_t		 data;		/* where the data does */
	char		*spool;
	size_t		 spooled;
	bool		 took;		/* the spool */
	bool		 mad;		/* was the answer */
	bool		 whole;		/* the engine saw the end of the data */
	struct record_end result;
};

static struct world	*world;

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* Up to n, and n itself where nothing is cut. */
static size_t
some(size_t n)
{
	if (!world->cut || n == 0)
		return n;
	world->random = world->random * 1103515245 + 12345;
	return 1 + (world->random >> 16) % (n < 300 ? n : 300);
}

static _Noreturn void
leave(int status)
{
	must(!world->ended);
	world->ended = true;
	world->status = status;
	longjmp(world->end, 1);
}

/* The monitor hears of a slow client; nothing else comes of the time. */
static void
read_clock(struct timespec *ts)
{
	if (world->cut && some(4) == 1)
		world->now++;
	*ts = (struct timespec){ .tv_sec = world->now };
}

static ssize_t
client_read(int fd, char *p, size_t n)
{
	size_t	 left = world->len - world->at;

	must(fd == FD_CLIENT && n > 0 && !world->ended && !world->mad);
	if (world->cut && some(8) == 1) {
		errno = some(2) == 1 ? EINTR : EAGAIN;
		return -1;
	}
	n = some(n < left ? n : left);
	memcpy(p, world->in + world->at, n);
	world->at += n;
	return (ssize_t)n;
}

static int
client_poll(int ms)
{
	return ms >= 0 && world->cut && some(3) == 1 ? 0 : 1;
}

static ssize_t
spool_write(int fd, const char *p, size_t n)
{
	static const int full[] = { ENOSPC, EIO, EFBIG, EDQUOT };
	size_t	 room = world->how[DISK] == 0 ? SIZE_MAX :
	    world->how[DISK] * 8u;

	must(fd == FD_PASSED && world->took);
	if (world->cut && some(9) == 1) {
		errno = EINTR;
		return -1;
	}
	if (world->spooled >= room) {
		errno = full[world->how[DISK] % 4];
		return -1;
	}
	n = some(n < room - world->spooled ? n : room - world->spooled);
	memcpy(world->spool + world->spooled, p, n);
	world->spooled += n;
	return (ssize_t)n;
}

static void
add(const void *p, size_t n)
{
	const uint8_t	*s = p;

	while (n-- > 0)
		world->told = (world->told ^ *s++) * 1099511628211u;
}

/* A line ends in CRLF alone, one that is refused too. */
static size_t
line_length(const char *s, size_t n)
{
	const char	*end = memmem(s, n, "\r\n", 2);

	return end == NULL ? n : (size_t)(end - s) + 2;
}

/* It is what stands in the next line, or the line is none. */
static void
check_command(const struct lmtp_command *got)
{
	struct lmtp_command	 want;
	const char		*s = world->in + world->line;
	size_t			 n = line_length(s, world->len - world->line);

	world->line += n;
	if (n < 2 || n > LMTP_LINE_MAX || memcmp(s + n - 2, "\r\n", 2) != 0 ||
	    memchr(s, '\n', n - 1) != NULL) {
		must(n > 0 && got->verb == LMTP_BAD);
		return;
	}
	lmtp_parse(s, n - 2, &want);
	must(memcmp(got, &want, lmtp_command_size(want.verb)) == 0);
}

/* In record_send()'s place: the monitor's checks, in room that just fits. */
static int
tell_monitor(int channel, enum record_type type, const void *payload,
    size_t len, int fd)
{
	struct record	*r = malloc(HEAD + len);

	must(r != NULL && channel == FD_CHANNEL && fd == -1);
	must(!world->ended && !world->mad);
	r->type = type;
	r->len = (uint32_t)len;
	if (len > 0)
		memcpy(&r->u, payload, len);
	must(record_valid(r, HEAD + len));
	must(type == RECORD_COMMAND || type == RECORD_LAST ||
	    type == RECORD_DRY || type == RECORD_TICK || type == RECORD_END || type == RECORD_EOF);
	/* a spool takes one message, and is all that is left to do */
	must(type == RECORD_TICK || type == RECORD_EOF ||
	    world->took == (type == RECORD_END));
	if (type == RECORD_COMMAND || type == RECORD_LAST) {
		check_command(payload);
		r->type = RECORD_COMMAND;	/* dry or not, by the cuts */
		add(r, HEAD + len);
	} else if (type == RECORD_END) {
		world->result = r->u.end;
		world->whole = true;
	}
	if (type == RECORD_EOF || type == RECORD_END)
		add(&type, sizeof(type));
	free(r);
	return 0;
}

static uint64_t
limit(void)
{
	return world->how[LIMIT] == 0 ? UINT64_MAX / 2 :
	    world->how[LIMIT] * 8u;
}

/* In record_recv()'s place. */
static int
ask_monitor(int channel, struct record *r, int *fd)
{
	enum answer	 answer = world->how[ANSWER] % ANSWERS;

	must(channel == FD_CHANNEL && !world->took);
	world->mad = answer != REFUSES && answer != PASSES_SPOOL;
	world->took = answer == PASSES_SPOOL;
	*fd = answer == PASSES_ANOTHER ? FD_ENGINE :
	    answer == PASSES_SPOOL || answer == IS_MAD ? FD_PASSED : -1;
	r->type = answer == REFUSES ? RECORD_NO :
	    answer == IS_MAD ? RECORD_RUN : RECORD_GO;
	r->u.go.limit = limit();
	return answer == FAILS ? -1 : answer == IS_GONE ? 0 : 1;
}

#define _exit(status)		leave(status)
#define read(fd, p, n)		client_read(fd, p, n)
#define clock_gettime(id, ts)	read_clock(ts)
#define poll(p, n, ms)		((void)(p), client_poll(ms))
#define write(fd, p, n)		spool_write(fd, p, n)
#define record_send		tell_monitor
#define record_recv		ask_monitor
#include "engine.c"

/* As engine_run(), whose memory would outlive this input. */
static _Noreturn void
serve(struct engine *e)
{
	struct lmtp_command	 cmd;
	uint64_t		 most;
	int			 fd;

	for (;;) {
		next_command(e, &cmd);
		tell_command(e, &cmd);
		if (cmd.verb == LMTP_QUIT)
			leave(0);
		if (cmd.verb == LMTP_DATA &&
		    (fd = ask_spool(e, &most)) != -1) {
			world->data = world->at - (e->len - e->pos);
			must(world->data == world->line);
			take_message(e, fd, most);
		}
	}
}

static void
run(struct world *w, const uint8_t *how, const char *in, size_t n, bool cut)
{
	struct engine	*e = calloc(1, sizeof(*e));

	*w = (struct world){ .how = how, .in = in, .len = n, .cut = cut,
	    .random = how[CUTS], .spool = malloc(n + 1) };
	must(e != NULL && w->spool != NULL);
	world = w;
	e->client = FD_CLIENT;
	e->channel = FD_CHANNEL;
	e->told = now();
	if (setjmp(w->end) == 0)
		serve(e);
	must(w->ended && w->status == w->mad);
	free(e);
}

/* Nothing is called too large, or not to be had, that is not. */
static void
check_flags(const struct world *w, size_t length)
{
	uint32_t	 flags = w->result.flags, disk = END_DISK_FULL |
			    END_FAILED;
	bool		 full = w->how[DISK] != 0 && length > w->how[DISK] * 8u;

	must(!(flags & disk) || full);
	must(!(flags & END_TOO_LARGE) || full || length > limit());
	must(w->spooled <= limit());
	must((flags & (END_TOO_LARGE | disk)) ? w->spooled < length :
	    w->spooled == length);
}

/* What a whole message must be. */
static void
check_message(const struct world *w)
{
	char			*want = malloc(w->len - w->data + 1);
	struct unstuff_ref	 ref;

	must(want != NULL);
	ref = unstuff_ref(w->in + w->data, w->len - w->data, want);
	must(ref.done);
	must(w->result.fault == ref.fault);
	must(w->result.length == w->spooled && w->spooled <= ref.len);
	must(memcmp(w->spool, want, w->spooled) == 0);
	check_flags(w, ref.len);
	free(want);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world	 whole, cut;
	const char	*in = (const char *)data + CONTROLS;
	uint32_t	 bad = END_TOO_LARGE | END_DISK_FULL | END_FAILED;

	if (size < CONTROLS || size > INPUT_MAX)
		return 0;
	run(&whole, data, in, size - CONTROLS, false);
	if (whole.whole)
		check_message(&whole);
	run(&cut, data, in, size - CONTROLS, true);
	if (cut.whole)
		check_message(&cut);
	must(whole.status == cut.status && whole.whole == cut.whole);
	must(whole.told == cut.told && whole.took == cut.took);
	must(!whole.took || whole.data == cut.data);
	must(whole.result.fault == cut.result.fault);
	must(!(whole.result.flags & bad) == !(cut.result.flags & bad));
	free(whole.spool);
	free(cut.spool);
	return 0;
}
