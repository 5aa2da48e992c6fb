/*
 * The message of a transaction.  Believes the engine's END record only where
 * the spool agrees, and says 250 only for what a backend has taken.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "deliver.h"
#include "identity.h"
#include "log.h"
#include "message.h"
#include "scrub.h"

/* Of the reply timeout, what ending the backends and writing may take. */
#define REPLY_MARGIN_MS	1000

static int
prepend_return_path(struct transaction *t)
{
	char field[ADDR_MAX + 32];
	int n = snprintf(field, sizeof(field), "Return-Path: <%s>\n",
	    t->envelope.sender);

	return msg_prepend(t->msg, field, n);
}

/* RFC 5321 section 4.4.  The LHLO name was checked for its characters. */
static int
prepend_received(struct transaction *t)
{
	char field[1024], date[64];
	time_t now = time(NULL);
	struct tm tm;
	int n;

	localtime_r(&now, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S %z", &tm);
	n = snprintf(field, sizeof(field), "Received: from %s\n"
	    "\tby %s (lmtpd) with %s id %s;\n\t%s\n", t->lhlo,
	    t->policy->hostname, t->envelope.utf8 ? "UTF8LMTP" : "LMTP",
	    t->id, date);
	return msg_prepend(t->msg, field, n);
}

static enum reason
spool_reason(void)
{
	return errno == ENOSPC || errno == EDQUOT ?
	    REASON_DISK_FULL : REASON_INTERNAL;
}

static void
safe_word(char *out, size_t size, const char *s)
{
	log_safe(out, size, *s == '\0' ? "unknown" : s);
	for (; *out != '\0'; out++)
		if (strchr("\"\\();", *out) != NULL)
			*out = '?';
}

/*
 * RFC 7208 section 9.1, built here: what libspf2 would write takes CRLF from
 * HELO.  Only where a rule has asked; a message is not worth a question.
 */
static int
prepend_received_spf(struct transaction *t)
{
	char field[1536], ip[ADDR_IP_MAX], helo[LMTP_NAME_MAX];
	char sender[ADDR_MAX];
	struct evidence evidence;
	struct spf_answer answer;
	struct origin origin;
	int n;

	transaction_evidence(t, &origin, &evidence);
	if (!authorise_spf_known(&evidence, &answer))
		return 0;
	ip_write(&origin.client, ip);
	safe_word(helo, sizeof(helo), origin.helo);
	safe_word(sender, sizeof(sender), t->envelope.sender);
	n = snprintf(field, sizeof(field), "Received-SPF: %s\n"
	    "\treceiver=%s; client-ip=%s;\n\tenvelope-from=\"%s\";\n"
	    "\thelo=\"%s\"; identity=%s\n", spf_result_name(answer.result),
	    t->policy->hostname, ip,
	    t->envelope.sender[0] == '\0' ? "" : sender, helo,
	    t->envelope.sender[0] == '\0' ? "helo" : "mailfrom");
	return msg_prepend(t->msg, field, n);
}

int
message_spool(struct transaction *t)
{
	const struct reason_words *w;
	enum reason reason;
	int fd;

	t->msg = msg_open(t->policy->state_dir);
	if (t->msg != NULL && prepend_return_path(t) == 0 &&
	    prepend_received(t) == 0 && prepend_received_spf(t) == 0 &&
	    (fd = msg_appender(t->msg)) != -1) {
		reply_add(t->replies, "354 end with <CRLF>.<CRLF>");
		return fd;
	}
	reason = spool_reason();
	w = reason_words(reason);
	log_warn("cannot spool in %s", t->policy->state_dir);
	reply_add(t->replies, "%d %s %s", w->code, w->enhanced, w->text);
	message_abort(t, reason);
	return -1;
}

/* At RCPT, by refusals = "proven": it is to hear of no other refusal. */
static bool
was_spared(const struct recipient *r)
{
	return r->decision.verdict == VERDICT_AFTER_DATA &&
	    r->decision.reason != REASON_OK;
}

static void
settle_all(struct transaction *t, enum reason reason)
{
	int code = reason_words(reason)->code;
	size_t i;

	for (i = 0; i < t->envelope.recipients; i++) {
		struct recipient *r = t->envelope.recipient[i];

		if (code >= 500 && was_spared(r)) {
			r->reason = r->decision.reason;
			r->outcome = OUTCOME_DISCARDED;
			continue;
		}
		r->reason = reason;
		r->outcome = code >= 500 ? OUTCOME_REFUSED : OUTCOME_DEFERRED;
	}
}

/* What is wrong with the message as a whole; REASON_OK: nothing. */
static enum reason
check_message(struct transaction *t, const struct record_end *end, bool whole)
{
	char identity[ADDR_MAX];
	int rc;

	if (!whole || (end->flags & END_FAILED))
		return REASON_ENGINE;
	if (end->flags & END_DISK_FULL)
		return REASON_DISK_FULL;
	if (end->flags & END_TOO_LARGE)
		return REASON_TOO_LARGE;
	if (end->fault != 0)
		return REASON_BARE;
	if (msg_seal(t->msg, end->length) == -1) {
		log_warn("the spool disagrees with the engine");
		return REASON_ENGINE;
	}
	if (identity_of(t->envelope.sender, identity) == -1)
		return REASON_INTERNAL;
	rc = inspect_header(t->policy, t->msg, t->peer->trusted, identity,
	    &t->header);
	if (rc == -1)
		log_warn("cannot read the header");
	if (rc != 0)
		return rc == 1 ? REASON_HEADER : REASON_INTERNAL;
	return scrub_values(t->policy, &t->header) == -1 ?
	    REASON_INTERNAL : REASON_OK;
}

/* The whole verdict, now that sender and header are known for sure. */
static void
judge(const struct evidence *ev, struct recipient *r)
{
	authorise(ev, r->address, &r->decision, NULL);
	if (r->decision.verdict == VERDICT_ACCEPT) {
		if (r->decision.keyword) {
			r->reason = REASON_KEYWORD;
			r->outcome = OUTCOME_ACCEPTED;
		}
		return;
	}
	authorise_spare(ev, &r->decision);
	r->reason = r->decision.reason;
	r->outcome = r->decision.verdict == VERDICT_REFUSE ? OUTCOME_REFUSED :
	    r->decision.verdict == VERDICT_AFTER_DATA ? OUTCOME_DISCARDED :
	    OUTCOME_DEFERRED;
}

static void
deliver(struct transaction *t, const struct origin *origin, const char *spf,
    int64_t began)
{
	int64_t limit = (int64_t)t->policy->reply_timeout * 1000;
	int64_t margin = limit / 10 < REPLY_MARGIN_MS ?
	    limit / 10 : REPLY_MARGIN_MS;
	struct deliver job = {
		.policy = t->policy,
		.origin = origin,
		.header = &t->header,
		.msg = t->msg,
		.envelope = &t->envelope,
		.log_id = t->id,
		.spf = spf,
		.deadline = began + limit - margin,
		.stop_fd = t->stop_fd,
		.host = t->host,
		.confined = t->confined
	};

	deliver_all(&job);
}

static bool
will_deliver(const struct envelope *e)
{
	size_t i;

	for (i = 0; i < e->recipients; i++)
		if (e->recipient[i]->outcome == OUTCOME_NONE)
			return true;
	return false;
}

static void
judge_and_deliver(struct transaction *t, int64_t began)
{
	struct evidence evidence;
	struct spf_answer answer;
	struct origin origin;
	struct factor_memo memo = { 0 };
	const char *spf = "";
	size_t i;

	transaction_evidence(t, &origin, &evidence);
	evidence.memo = &memo;
	for (i = 0; i < t->envelope.recipients; i++) {
		judge(&evidence, t->envelope.recipient[i]);
		transaction_note(t, &origin,
		    &t->envelope.recipient[i]->decision);
	}
	if (authorise_spf_known(&evidence, &answer))
		spf = spf_result_name(answer.result);
	resolver_end(t->resolver);
	authorise_forget(&memo);
	header_free(t->header.block);
	t->header.block = NULL;		/* a backend may run for long */
	if (will_deliver(&t->envelope) &&
	    scrub_keywords(&t->envelope, t->msg, &t->header) == -1) {
		log_warn("cannot overwrite keywords");
		settle_all(t, REASON_INTERNAL);
		return;
	}
	deliver(t, &origin, spf, began);
	for (i = 0; i < t->envelope.recipients; i++) {
		struct recipient *r = t->envelope.recipient[i];

		if (r->outcome == OUTCOME_ACCEPTED && r->decision.would_refuse)
			r->outcome = OUTCOME_WOULD_REFUSE;
	}
}

/* A wrong keyword that is not told so is as a right one. */
static const char *
discarded_text(const struct recipient *r)
{
	return r->reason == REASON_WRONG_KEYWORD ?
	    reason_words(REASON_KEYWORD)->text : "discarded";
}

static void
reply_final(struct transaction *t, const struct recipient *r)
{
	const struct reason_words w = reason_reply(r->reason, r->enhanced,
	    r->text);
	char text[64], shown[ADDR_MAX];

	recipient_shown(r->address, r->decision.hide_reply, shown);
	if (r->outcome == OUTCOME_DISCARDED) {
		snprintf(text, sizeof(text), "%s, id %s", discarded_text(r),
		    t->id);
		reply_recipient(t->replies, 250, "2.0.0", shown, text);
	} else if (w.code == 250) {
		snprintf(text, sizeof(text), "%s, id %s", w.text, t->id);
		reply_recipient(t->replies, w.code, w.enhanced, shown, text);
	} else
		reply_recipient(t->replies, w.code, w.enhanced, shown, w.text);
}

void
message_finish(struct transaction *t, const struct record_end *end,
    bool whole)
{
	int64_t began = clock_ms();
	enum reason reason = check_message(t, end, whole);
	size_t i;

	t->received = end->length;
	/* who cannot hear us will send it again: do not deliver it twice */
	if (reason == REASON_OK && reply_client_gone(t->replies))
		reason = REASON_CLIENT_GONE;
	if (reason == REASON_OK)
		judge_and_deliver(t, began);
	else
		settle_all(t, reason);
	for (i = 0; i < t->envelope.recipients; i++) {
		reply_final(t, t->envelope.recipient[i]);
		transaction_report(t, t->envelope.recipient[i]);
	}
	transaction_reset(t);
}

void
message_abort(struct transaction *t, enum reason reason)
{
	size_t i;

	settle_all(t, reason);
	for (i = 0; i < t->envelope.recipients; i++)
		transaction_report(t, t->envelope.recipient[i]);
	transaction_reset(t);
}
