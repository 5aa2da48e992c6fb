/*
 * Telling the users of a table, one by one.  The mailer is trusted where it
 * says that it did not take a mail: that one is tried again.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "announce.h"
#include "announce_queue.h"
#include "announce_text.h"
#include "log.h"
#include "mailer.h"
#include "table.h"

#define FAILURES_MAX	3	/* one behind the other: no use to go on */

struct round {
	const struct policy	*policy;
	const char		*name;		/* of the table */
	const char		*template;
	char			*forms;
	struct table		*table;
	struct queue		 queue;
	int			 stop_fd;
	unsigned int		 failures;
	long			 done;
	long			 all;
	void			(*progress)(void *, long, long);
	void			*arg;
};

enum told {
	TOLD,
	TOLD_NOT,		/* it goes on with the next */
	TOLD_END		/* it does not; logged */
};

static enum told
trouble(const struct round *r)
{
	log_warn("users \"%s\": telling them", r->name);
	return TOLD_END;
}

static void
say_doubt(const struct round *r, const struct queue_line *line)
{
	log_warnx("users \"%s\": %s may not have been told", r->name,
	    line->address);
}

static enum told
mark(const struct round *r, const struct queue_line *line, enum mark mark,
    enum told told)
{
	return queue_mark(&r->queue, line, mark) == 0 ? told : trouble(r);
}

/* Cross it out, hand it over, note what became of it. */
static enum told
hand_over(struct round *r, const struct queue_line *line, const char *text)
{
	if (mark(r, line, MARK_HANDED, TOLD) != TOLD)
		return TOLD_END;
	/* not to be stopped half-way: it would leave a doubt */
	switch (mailer_send(r->policy, text, strlen(text), -1)) {
	case 0:
		r->failures = 0;
		r->done++;
		return mark(r, line, MARK_OVER, TOLD);
	case -1:
		log_warnx("users \"%s\": %s was not told", r->name,
		    line->address);
		r->failures++;
		return mark(r, line, MARK_FAILED,
		    r->failures < FAILURES_MAX ? TOLD_NOT : TOLD_END);
	default:
		say_doubt(r, line);
		return mark(r, line, MARK_OVER, TOLD_END);
	}
}

static enum told
tell(struct round *r, const struct queue_line *line)
{
	char user[TABLE_USER_MAX], *text;
	enum told told;

	switch (table_find(r->table, line->address, user)) {
	case 1:
		break;
	case 0:
		log_info("users \"%s\": %s is not told, being there no more",
		    r->name, line->address);
		r->all--;
		return mark(r, line, MARK_OVER, TOLD);
	default:
		return trouble(r);
	}
	text = announce_text(r->policy, r->template, line->address, user,
	    r->forms);
	if (text == NULL)
		return trouble(r);
	told = hand_over(r, line, text);
	free(text);
	return told;
}

static bool
is_stopped(const struct round *r)
{
	struct pollfd pfd = { .fd = r->stop_fd, .events = POLLIN };

	return poll(&pfd, 1, 0) > 0;
}

/* Everyone whose mark is this.  TOLD_NOT: some were not told. */
static enum told
pass(struct round *r, enum mark which)
{
	enum told told, worst = TOLD;
	struct queue_line line;
	size_t at = 0;

	while (queue_next(&r->queue, &at, &line) == 1) {
		if (line.mark != which)
			continue;
		if (is_stopped(r))
			return TOLD_END;
		if ((told = tell(r, &line)) > worst)
			worst = told;
		if (r->progress != NULL)
			r->progress(r->arg, r->done, r->all);
		if (told == TOLD_END)
			break;
	}
	return worst;
}

/* Who was handed over when a run was killed: said once, told never again. */
static enum told
say_doubts(const struct round *r)
{
	struct queue_line line;
	size_t at = 0;

	while (queue_next(&r->queue, &at, &line) == 1) {
		if (line.mark != MARK_HANDED)
			continue;
		say_doubt(r, &line);
		if (mark(r, &line, MARK_OVER, TOLD) != TOLD)
			return TOLD_END;
	}
	return TOLD;
}

/* Those who failed once come last: one of them must not hold up the rest. */
static enum told
tell_all(struct round *r)
{
	r->all = queue_left(&r->queue);
	if (say_doubts(r) != TOLD ||
	    pass(r, MARK_WAITING) == TOLD_END ||
	    pass(r, MARK_FAILED) != TOLD)
		return TOLD_END;
	return queue_remove(&r->queue) == 0 ? TOLD : trouble(r);
}

static enum told
run(struct round *r)
{
	enum told told = TOLD_END;

	if (r->queue.fd == -1)
		return TOLD;
	r->table = table_open(r->policy->state_dir, r->name);
	r->forms = announce_forms(r->policy, r->name);
	if (r->table != NULL && r->forms != NULL)
		told = tell_all(r);
	else
		trouble(r);
	table_close(r->table);
	free(r->forms);
	return told;
}

int
announce_run(const struct policy *policy, const char *table,
    const char *template, int stop_fd,
    void (*progress)(void *, long done, long all), void *arg)
{
	struct round r = { .policy = policy, .name = table,
	    .template = template, .stop_fd = stop_fd, .progress = progress,
	    .arg = arg };
	const char *why;
	enum told told;

	if (announce_check(template, &why) == -1) {
		log_warnx("the template: %s", why);
		return -1;
	}
	if (queue_open(&r.queue, policy->state_dir, table, false) == -1) {
		if (errno == ENOENT)
			return 0;
		if (errno == EWOULDBLOCK)
			log_warnx("users \"%s\": another run is telling them",
			    table);
		else
			trouble(&r);
		return -1;
	}
	told = run(&r);
	queue_close(&r.queue);
	return told == TOLD ? 0 : -1;
}
