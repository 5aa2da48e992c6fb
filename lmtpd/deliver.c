/*
 * The backends of one message, side by side.  One loop: start what may start,
 * wait for an end, an output or a limit, and reap.
 */
#include <sys/resource.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "admit.h"
#include "backend.h"
#include "clock.h"
#include "deliver.h"
#include "extract.h"
#include "handover.h"
#include "log.h"
#include "orphans.h"

#define FDS_A_RUN	3
#define FDS_HELD	6	/* by a run: its claim, too */
#define FDS_OURS	64	/* all others, with room */
#define WAIT_MAX_MS	60000

struct slot {
	struct run		 run;
	struct admission	 admission;
	struct recipient	*recipient;	/* NULL: free */
};

struct work {
	struct deliver	*job;
	struct slot	*slot;
	size_t		 slots;
	size_t		 running;
	bool		 started;	/* any, so far */
	size_t		 next;		/* all before it are begun */
	struct pollfd	*pfd;
	struct extracted *text;		/* for each backend of the policy */
	enum reason	 over;		/* why nothing more starts; REASON_OK */
};

static void
settle(struct recipient *r, enum reason reason)
{
	int class = reason_words(reason)->code / 100;

	if (r->enhanced[0] != '\0')
		class = r->enhanced[0] - '0';
	r->reason = reason;
	r->outcome = class == 5 ? OUTCOME_REFUSED : class == 4 ?
	    OUTCOME_DEFERRED : OUTCOME_ACCEPTED;
}

static struct extracted *
text_of(const struct work *w, const struct backend *b)
{
	return &w->text[b - w->job->policy->backend];
}

static struct slot *
free_slot(struct work *w)
{
	size_t i;

	for (i = 0; i < w->slots; i++)
		if (w->slot[i].recipient == NULL)
			return &w->slot[i];
	return NULL;
}

static bool
backend_is_full(const struct work *w, const struct backend *b)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < w->slots; i++)
		if (w->slot[i].recipient != NULL &&
		    w->slot[i].run.backend == b)
			n++;
	return n >= b->parallel;
}

static bool
wants_run(const struct recipient *r)
{
	return r->outcome == OUTCOME_NONE && r->same == NULL && !r->begun;
}

/* Start one recipient, or settle it.  False: its backend is full. */
static bool
begin(struct work *w, struct recipient *r)
{
	enum reason reason = w->over;
	struct slot *slot;

	if (reason == REASON_OK) {
		if (backend_is_full(w, r->decision.channel->backend) ||
		    (slot = free_slot(w)) == NULL)
			return false;
		reason = handover(w->job, text_of(w, r->decision.channel->
		    backend), r, &slot->run, &slot->admission);
		if (reason == REASON_OK) {
			slot->recipient = r;
			r->begun = true;
			w->started = true;
			w->running++;
			return true;
		}
	}
	settle(r, reason);
	return true;
}

/* Start recipients in order; one whose backend is full holds up no other. */
static void
start_some(struct work *w)
{
	struct envelope *e = w->job->envelope;
	size_t i;

	for (i = w->next; i < e->recipients; i++) {
		struct recipient *r = e->recipient[i];

		if (w->over == REASON_OK && clock_ms() >= w->job->deadline)
			w->over = REASON_TIME_UP;
		if ((!wants_run(r) || begin(w, r)) && i == w->next)
			w->next++;
	}
}

static int
wait_ms(const struct work *w)
{
	int64_t first = w->job->deadline, now = clock_ms();
	size_t i;

	for (i = 0; i < w->slots; i++)
		if (w->slot[i].recipient != NULL &&
		    w->slot[i].run.deadline < first)
			first = w->slot[i].run.deadline;
	if (first <= now)
		return 0;
	return first - now < WAIT_MAX_MS ? first - now : WAIT_MAX_MS;
}

static void
fill_pollfds(struct work *w)
{
	size_t i;

	for (i = 0; i < w->slots; i++) {
		struct pollfd *p = w->pfd + 1 + i * FDS_A_RUN;
		const struct slot *s = &w->slot[i];
		bool used = s->recipient != NULL;

		p[0].fd = used ? s->run.pidfd : -1;
		p[1].fd = used ? s->run.out.fd : -1;
		p[2].fd = used ? s->run.err.fd : -1;
		p[0].events = p[1].events = p[2].events = POLLIN;
	}
	w->pfd[0].fd = w->over == REASON_OK ? w->job->stop_fd : -1;
	w->pfd[0].events = POLLIN;
}

static void
release(struct work *w, struct slot *s)
{
	admit_end(w->job->policy, s->recipient,
	    s->recipient->outcome == OUTCOME_ACCEPTED, w->job->log_id,
	    &s->admission);
	s->recipient = NULL;
	w->running--;
}

static void
kill_run(struct work *w, struct slot *s, enum reason why)
{
	s->run.deadline = INT64_MAX;
	if (backend_kill(&s->run, why) == 0)
		return;
	backend_abandon(&s->run, s->recipient);
	release(w, s);
}

/* The time is up, or we are told to stop: nothing starts, all is ended. */
static void
finish_now(struct work *w, enum reason why)
{
	size_t i;

	w->over = why;
	for (i = 0; i < w->slots; i++)
		if (w->slot[i].recipient != NULL)
			kill_run(w, &w->slot[i], why);
	w->job->deadline = INT64_MAX;
}

static void
kill_overdue(struct work *w)
{
	int64_t now = clock_ms();
	size_t i;

	if (now >= w->job->deadline)
		finish_now(w, REASON_TIME_UP);
	for (i = 0; i < w->slots; i++) {
		struct slot *s = &w->slot[i];

		if (s->recipient != NULL && now >= s->run.deadline)
			kill_run(w, s, REASON_TIMEOUT);
	}
}

static void
reap_some(struct work *w)
{
	size_t i;

	for (i = 0; i < w->slots; i++) {
		const struct pollfd *p = w->pfd + 1 + i * FDS_A_RUN;
		struct slot *s = &w->slot[i];

		if (s->recipient == NULL)
			continue;
		if (p[0].revents != 0) {
			backend_finish(&s->run, s->recipient);
			release(w, s);
		} else if (p[1].revents != 0 || p[2].revents != 0)
			backend_read(&s->run);
	}
}

static void
work_once(struct work *w)
{
	int ms = wait_ms(w);

	fill_pollfds(w);
	if (poll(w->pfd, 1 + w->slots * FDS_A_RUN, ms) == -1) {
		if (errno != EINTR)
			log_warn("poll");
		return;
	}
	if (w->pfd[0].revents != 0)
		finish_now(w, REASON_STOPPED);
	reap_some(w);
	kill_overdue(w);
}

/* The usual limit is lower than what many runs side by side need. */
static void
raise_limit(size_t slots)
{
	rlim_t need = slots * FDS_HELD + FDS_OURS;
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1 || rl.rlim_cur >= need)
		return;
	rl.rlim_cur = rl.rlim_max < need ? rl.rlim_max : need;
	setrlimit(RLIMIT_NOFILE, &rl);
}

/* As many slots as can ever be used at once. */
static int
make_slots(struct work *w)
{
	const struct envelope *e = w->job->envelope;
	const struct policy *policy = w->job->policy;
	size_t i, wanted = 0;

	for (i = 0; i < e->recipients; i++)
		wanted += wants_run(e->recipient[i]);
	for (i = 0; i < policy->backends; i++)
		w->slots += policy->backend[i].parallel;
	if (w->slots > wanted)
		w->slots = wanted;
	if (w->slots == 0)
		return 0;
	raise_limit(w->slots);
	w->slot = calloc(w->slots, sizeof(*w->slot));
	w->pfd = calloc(1 + w->slots * FDS_A_RUN, sizeof(*w->pfd));
	w->text = calloc(policy->backends, sizeof(*w->text));
	return w->slot == NULL || w->pfd == NULL || w->text == NULL ? -1 : 0;
}

static bool
told_to_stop(const struct deliver *job)
{
	struct pollfd p = { .fd = job->stop_fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/*
 * Before any run, since nothing else is looked after meanwhile.  Told to stop,
 * it leaves a reason to start none.
 */
static void
make_texts(struct work *w)
{
	const struct deliver *job = w->job;
	const struct extract x = {
		.state_dir = job->policy->state_dir,
		.log_id = job->log_id,
		.msg = job->msg,
		.deadline = job->deadline,
		.stop_fd = job->stop_fd,
		.confined = job->confined
	};
	size_t i;

	for (i = 0; i < job->envelope->recipients; i++) {
		struct recipient *r = job->envelope->recipient[i];
		const struct backend *b;

		if (!wants_run(r))
			continue;
		b = r->decision.channel->backend;
		if (b->input == INPUT_TEXT)
			extract_text(&x, &b->text, text_of(w, b));
	}
	if (told_to_stop(job))
		w->over = REASON_STOPPED;
}

static void
free_work(struct work *w)
{
	size_t i;

	for (i = 0; w->text != NULL && i < w->job->policy->backends; i++)
		extract_close(&w->text[i]);
	free(w->text);
	free(w->slot);
	free(w->pfd);
}

static void
share_outcomes(struct envelope *e)
{
	size_t i;

	for (i = 0; i < e->recipients; i++) {
		struct recipient *r = e->recipient[i];

		if (r->same == NULL || r->outcome != OUTCOME_NONE)
			continue;
		r->outcome = r->same->outcome;
		r->reason = r->same->reason;
		memcpy(r->enhanced, r->same->enhanced, sizeof(r->enhanced));
		memcpy(r->text, r->same->text, sizeof(r->text));
	}
}

void
deliver_all(struct deliver *job)
{
	struct work w = { .job = job, .over = REASON_OK };

	if (make_slots(&w) == -1)
		w.over = REASON_INTERNAL;
	else if (w.slots > 0)
		make_texts(&w);
	start_some(&w);
	while (w.running > 0) {
		work_once(&w);
		start_some(&w);
	}
	if (w.started)
		orphans_end(job->host);
	share_outcomes(job->envelope);
	free_work(&w);
}
