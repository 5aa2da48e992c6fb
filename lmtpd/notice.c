/*
 * Telling admins of new server addresses.  Nothing is told that cannot be
 * noted as told: a disk that is full must not repeat a mail.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "mailer.h"
#include "notice.h"
#include "notice_text.h"
#include "rate.h"
#include "seen.h"

#define KIND	"notices"
#define HOUR	3600
#define ROUNDS	10	/* of looking again */

/* A telling: whose, and the addresses that nobody was told of. */
struct telling {
	const struct policy	*policy;
	const struct account	*account;
	int			 stop_fd;
	struct seen		*list;
	size_t			 n;
};

static int
trouble(const struct telling *t)
{
	log_warn("account \"%s\": new server addresses", t->account->name);
	return -1;
}

static bool
is_stopped(const struct telling *t)
{
	struct pollfd pfd = { .fd = t->stop_fd, .events = POLLIN };

	return poll(&pfd, 1, 0) > 0;
}

static int
write_entry(const struct telling *t, const struct seen *s)
{
	return seen_write(t->policy->state_dir, t->account->name, s);
}

/* 0, or -1 (logged). */
static int
mark_told(const struct telling *t, size_t from, size_t to)
{
	time_t now = time(NULL);
	size_t i;

	for (i = from; i < to; i++) {
		t->list[i].told = now;
		if (write_entry(t, &t->list[i]) == -1)
			return trouble(t);
	}
	return 0;
}

/* A place of the hour: 1 taken; 0 there is none; -1 (logged). */
static int
take_place(const struct telling *t, struct rate_place *place)
{
	struct rate rate = { t->account->notices_per_hour, HOUR };
	int rc = rate_reserve(t->policy->state_dir, KIND, t->account->name,
	    &rate, place);

	return rc == -1 ? trouble(t) : rc;
}

static void
give_back(const struct telling *t, const struct rate_place *place)
{
	if (rate_return(t->policy->state_dir, KIND, t->account->name,
	    place) == -1)
		trouble(t);
}

/*
 * One mail of the entries from..to, in a place that was taken.  0; 1: the
 * mailer did not take it, or may not have; -1 (logged).
 */
static int
mail(const struct telling *t, size_t from, size_t to,
    const struct rate_place *place)
{
	const struct seen *s = &t->list[from];
	char *text;
	int rc;

	/* as it is, to see that it can be written */
	if (write_entry(t, s) == -1 || (text = notice_text(t->policy,
	    t->account, s, to - from)) == NULL) {
		trouble(t);
		give_back(t, place);
		return -1;
	}
	rc = mailer_send(t->policy, text, strlen(text), t->stop_fd);
	free(text);
	if (rc == 0)
		return mark_told(t, from, to);
	if (rc == -1)
		give_back(t, place);
	return 1;
}

static int
list(struct telling *t)
{
	long n = seen_list(t->policy->state_dir, t->account->name, true,
	    &t->list);

	if (n == -1)
		return trouble(t);
	t->n = (size_t)n;
	return 0;
}

/*
 * One by one as long as the hour has places, the first of which was taken; what
 * is left goes into the last one.
 */
static int
tell_list(const struct telling *t, struct rate_place place)
{
	struct rate_place next = { 0 };
	size_t i, n;
	int more, rc;

	for (i = 0; i < t->n; i += n) {
		more = i + 1 < t->n ? take_place(t, &next) : 0;
		n = more == 1 ? 1 : t->n - i;
		rc = mail(t, i, i + n, &place);
		if (rc == 0 && more == 1 && is_stopped(t))
			rc = 1;
		if (rc != 0 && more == 1)
			give_back(t, &next);
		if (rc != 0)
			return rc;
		place = next;
	}
	return 0;
}

static int
tell_in_place(struct telling *t, const struct rate_place *place)
{
	int rc = list(t);

	if (rc == 0 && t->n > 0)
		return tell_list(t, *place);
	give_back(t, place);
	return rc;
}

/* With notices-per-hour 0 nobody wants to hear. */
static int
tell(struct telling *t)
{
	struct rate_place place;
	int rc;

	if (t->account->notices_per_hour == 0)
		rc = list(t) == -1 ? -1 : mark_told(t, 0, t->n);
	else if (t->policy->mailer.n == 0) {
		log_warnx("account \"%s\": new server addresses, and no "
		    "mailer is configured to tell of them", t->account->name);
		return 1;
	} else if ((rc = take_place(t, &place)) == 0)
		return 1;
	else if (rc == 1)
		rc = tell_in_place(t, &place);
	if (rc == 0 && seen_all_told(t->policy->state_dir,
	    t->account->name) == -1)
		return trouble(t);
	return rc;
}

/* As notice_tell(), of what is there now. */
static int
tell_once(const struct policy *policy, const struct account *account,
    int stop_fd)
{
	struct telling t = { .policy = policy, .account = account,
	    .stop_fd = stop_fd };
	int fd, rc;

	if (is_stopped(&t))
		return 1;
	if ((fd = seen_lock(policy->state_dir, account->name)) == -1)
		return errno == EWOULDBLOCK ? 1 : trouble(&t);
	rc = tell(&t);
	free(t.list);
	close(fd);
	return rc;
}

/*
 * Who noted an address while we held the lock went away: so look again when it
 * is free.
 */
int
notice_tell(const struct policy *policy, const struct account *account,
    int stop_fd)
{
	int i, rc = 0;

	/* no admins: whom the configuration names later is told of all */
	if (account->admin.n == 0)
		return 0;
	for (i = 0; i < ROUNDS && rc == 0 &&
	    seen_untold(policy->state_dir, account->name); i++)
		rc = tell_once(policy, account, stop_fd);
	return rc;
}
