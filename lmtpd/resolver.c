/*
 * The monitor's side of lmtpd-resolver: starts it, asks, and ends it.  Assumes
 * it compromised: one packet of a fixed size is read for each question, within
 * a time, and checked; it is told no more than the question.
 */
#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "libexec.h"
#include "log.h"
#include "resolver.h"
#include "resolver_run.h"

#define PROGRAM		"lmtpd-resolver"
#define GRACE_MS	2000	/* beyond the deadline that it knows of */
#define CPU_GRACE	5	/* seconds */

/* A question that was asked, and what came of it. */
struct known {
	struct spf_question	 question;
	struct spf_answer	 answer;
	SLIST_ENTRY(known)	 next;
};

struct resolver {
	char			*program;
	unsigned int		 timeout;	/* seconds */
	bool			 confined;
	int64_t			 left;		/* ms of it, may be negative */
	struct resolver_run	 run;
	SLIST_HEAD(, known)	 known;
};

const char *
resolver_dir(void)
{
	return libexec_dir();
}

struct resolver *
resolver_new(const char *dir, unsigned int timeout, bool confined)
{
	struct resolver *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	if (asprintf(&r->program, "%s/%s", dir, PROGRAM) == -1) {
		free(r);
		return NULL;
	}
	r->timeout = timeout;
	r->left = (int64_t)timeout * 1000;
	r->confined = confined;
	r->run.channel = -1;
	SLIST_INIT(&r->known);
	return r;
}

enum heard {
	HEARD_ANSWER,
	HEARD_SILENCE,		/* up to the deadline */
	HEARD_NONSENSE,
	HEARD_END
};

static bool
readable(int fd, int64_t deadline)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int64_t left;
	int n;

	do {
		left = deadline - clock_ms();
		n = poll(&pfd, 1, left > 0 ? (int)left : 0);
	} while (n == -1 && errno == EINTR);
	return n > 0;
}

/* What no honest program answers to this question. */
static bool
fits(const struct spf_question *q, const struct spf_answer *a)
{
	if (q->op != SPF_TOKEN)
		return a->records == 0 && a->ttl == 0;
	if (a->result == SPF_PASS)
		return a->records > 0;
	return a->result == SPF_NONE || a->result == SPF_TEMPERROR ||
	    a->result == SPF_PERMERROR;
}

static enum heard
hear(int channel, int64_t deadline, const struct spf_question *q,
    struct spf_answer *a)
{
	char in[sizeof(*a) + 1];
	ssize_t n;

	if (!readable(channel, deadline))
		return HEARD_SILENCE;
	n = recv(channel, in, sizeof(in), MSG_DONTWAIT);
	if (n <= 0)
		return HEARD_END;
	if (!spf_answer_valid(in, (size_t)n))
		return HEARD_NONSENSE;
	memcpy(a, in, sizeof(*a));
	return fits(q, a) ? HEARD_ANSWER : HEARD_NONSENSE;
}

/* One that speaks unasked would answer the next question before it is put. */
static enum heard
put(struct resolver *r, const struct spf_question *q, struct spf_answer *a)
{
	int64_t deadline = clock_ms() + r->left + GRACE_MS;

	if (readable(r->run.channel, 0))
		return recv(r->run.channel, a, 1, MSG_DONTWAIT) > 0 ?
		    HEARD_NONSENSE : HEARD_END;
	if (send(r->run.channel, q, sizeof(*q), MSG_NOSIGNAL | MSG_DONTWAIT) !=
	    sizeof(*q))
		return HEARD_END;
	return hear(r->run.channel, deadline, q, a);
}

/* It closed the channel: why? */
static void
tell_death(const siginfo_t *how)
{
	if (how->si_code == 0)
		log_warnx(PROGRAM " was reaped by another: temperror");
	else if (how->si_code != CLD_EXITED)
		log_warnx(PROGRAM " was ended by signal %d: temperror",
		    how->si_status);
	else if (how->si_status == RESOLVER_UNCONFINED)
		log_warnx(PROGRAM " cannot confine itself on this kernel: "
		    "temperror (--no-sandbox would let it run unconfined)");
	else
		log_warnx(PROGRAM " exited with status %d: temperror",
		    how->si_status);
}

static void
fail(struct resolver *r, enum heard heard)
{
	siginfo_t how;

	resolver_stop(&r->run, &how);
	switch (heard) {
	case HEARD_SILENCE:
		log_warnx(PROGRAM " did not answer in %u s: temperror",
		    r->timeout + GRACE_MS / 1000);
		break;
	case HEARD_NONSENSE:
		log_warnx(PROGRAM " answered nonsense: temperror");
		break;
	default:
		tell_death(&how);
		break;
	}
}

/* *a is a temperror, and stays so where this fails. */
static void
ask(struct resolver *r, const struct spf_question *q, struct spf_answer *a)
{
	struct spf_answer got;
	enum heard heard;

	if (r->left <= 0) {
		log_warnx("dns-timeout: the %u s for this message are used up: "
		    "temperror", r->timeout);
		return;
	}
	if (r->run.channel == -1 && resolver_run(&r->run, r->program,
	    r->timeout + CPU_GRACE, r->confined) == -1) {
		log_warn("cannot run %s", r->program);
		return;
	}
	if ((heard = put(r, q, &got)) == HEARD_ANSWER)
		*a = got;
	else
		fail(r, heard);
}

/*
 * The question and nothing else: what lies behind the ends of strings and
 * between members is the caller's memory, and no business of the resolver's.
 */
static bool
copy_question(struct spf_question *to, const struct spf_question *from)
{
	memcpy(to, from, sizeof(*to));
	to->timeout = 1;
	if (!spf_question_valid(to, sizeof(*to))) {
		log_warnx("a question of SPF that cannot be put: temperror");
		return false;
	}
	memset(to, 0, sizeof(*to));
	to->op = from->op;
	to->client.family = from->client.family;
	memcpy(to->client.byte, from->client.byte,
	    from->client.family == AF_INET6 ? 16 :
	    from->client.family == AF_INET ? 4 : 0);
	strlcpy(to->helo, from->helo, sizeof(to->helo));
	strlcpy(to->sender, from->sender, sizeof(to->sender));
	strlcpy(to->domain, from->domain, sizeof(to->domain));
	strlcpy(to->token, from->token, sizeof(to->token));
	return true;
}

static const struct spf_answer *
recall(const struct resolver *r, const struct spf_question *q)
{
	const struct known *k;

	SLIST_FOREACH(k, &r->known, next)
		if (memcmp(&k->question, q, sizeof(*q)) == 0)
			return &k->answer;
	return NULL;
}

/* Where there is no memory it is asked again. */
static void
remember(struct resolver *r, const struct spf_question *q,
    const struct spf_answer *a)
{
	struct known *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return;
	memcpy(&k->question, q, sizeof(*q));
	k->answer = *a;
	SLIST_INSERT_HEAD(&r->known, k, next);
}

void
resolver_ask(struct resolver *r, const struct spf_question *question,
    struct spf_answer *answer)
{
	const struct spf_answer *known;
	struct spf_question key, q;
	int64_t begun = clock_ms();

	memset(answer, 0, sizeof(*answer));
	answer->result = SPF_TEMPERROR;
	if (!copy_question(&key, question))
		return;
	if ((known = recall(r, &key)) != NULL) {
		*answer = *known;
		return;
	}
	memcpy(&q, &key, sizeof(q));
	q.timeout = r->left > 0 ? (uint32_t)((r->left + 999) / 1000) : 0;
	ask(r, &q, answer);
	r->left -= clock_ms() - begun;
	remember(r, &key, answer);
}

bool
resolver_remembers(const struct resolver *r,
    const struct spf_question *question, struct spf_answer *answer)
{
	const struct spf_answer *known;
	struct spf_question key;

	if (!copy_question(&key, question) ||
	    (known = recall(r, &key)) == NULL)
		return false;
	*answer = *known;
	return true;
}

void
resolver_end(struct resolver *r)
{
	struct known *k;
	siginfo_t how;

	if (r == NULL)
		return;
	if (r->run.channel != -1)
		resolver_stop(&r->run, &how);
	while ((k = SLIST_FIRST(&r->known)) != NULL) {
		SLIST_REMOVE_HEAD(&r->known, next);
		free(k);
	}
	r->left = (int64_t)r->timeout * 1000;
}

void
resolver_free(struct resolver *r)
{
	resolver_end(r);
	if (r == NULL)
		return;
	free(r->program);
	free(r);
}
