/*
 * The log line of each recipient's fate.  Every value is escaped: senders and
 * backends choose most of them.
 */
#include <sys/wait.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "keyword.h"
#include "log.h"
#include "report.h"
#include "source_kind.h"

#define VALUE_MAX	256

struct line {
	size_t	 len;
	char	 text[2048];
};

static void
add(struct line *l, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->text + l->len, sizeof(l->text) - l->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		l->len += n;
	if (l->len >= sizeof(l->text))
		l->len = sizeof(l->text) - 1;
}

static void
add_value(struct line *l, const char *key, const char *value)
{
	char safe[VALUE_MAX];

	log_value(safe, sizeof(safe), value == NULL ? "" : value);
	add(l, " %s=%s", key, *safe == '\0' ? "-" : safe);
}

static void
add_client(struct line *l, const struct origin *o)
{
	char ip[ADDR_IP_MAX];

	ip_write(&o->client, ip);
	add_value(l, "client", o->local ? "local" : ip);
}

static void
add_address(struct line *l, const char *key, const char *address)
{
	char safe[VALUE_MAX];

	log_value(safe, sizeof(safe), address);
	add(l, " %s=<%s>", key, safe);
}

static void
add_decision(struct line *l, const struct decision *d)
{
	const struct source *s = d->source;
	char source[ADDR_MAX + 16] = "";

	if (s != NULL)
		snprintf(source, sizeof(source), "%s%s%s",
		    source_kind_name(s->kind),
		    s->name[0] != '\0' ? ":" : "", s->name);
	add_value(l, "account", s == NULL ? "" : s->account->name);
	add_value(l, "source", source);
	add_value(l, "user", d->user);
	add_value(l, "channel", d->channel == NULL ? "" : d->channel->name);
}

static void
add_exit(struct line *l, const struct recipient *r)
{
	if (r->status == -1)
		add(l, " exit=- ms=-");
	else if (WIFEXITED(r->status))
		add(l, " exit=%d ms=%u", WEXITSTATUS(r->status), r->ms);
	else
		add(l, " exit=signal:%d ms=%u", WTERMSIG(r->status), r->ms);
}

static const char *
reason_name(const struct recipient *r)
{
	/* accepted against the rules: say which */
	if (r->outcome == OUTCOME_WOULD_REFUSE)
		return reason_words(r->decision.reason)->name;
	return reason_words(r->reason)->name;
}

/* A keyword, or what may be one that was mistyped. */
static bool
is_secret(const struct policy *policy, const struct recipient *r)
{
	return r->decision.keyword || (policy->keywords &&
	    r->decision.number[0] == '\0' &&
	    keyword_of_policy(policy, r->address));
}

void
report_recipient(const struct report *rep, const struct recipient *r)
{
	struct line l = { 0 };
	char recipient[ADDR_MAX];
	uint64_t size = rep->size != 0 ? rep->size : rep->envelope->size;

	add(&l, "%s id=%s", outcome_name(r->outcome), rep->id);
	add_value(&l, "qid", rep->origin->queue_id);
	add_client(&l, rep->origin);
	add_address(&l, "sender", rep->envelope->sender);
	add_value(&l, "from", rep->header->from);
	add_address(&l, "recipient", recipient_shown(r->address,
	    is_secret(rep->policy, r), recipient));
	add_decision(&l, &r->decision);
	add_value(&l, "reason", reason_name(r));
	add_exit(&l, r);
	add(&l, " size=%" PRIu64, size);
	if (r->same != NULL)
		add(&l, " repeats=1");
	log_info("%s", l.text);
}
