/*
 * The conversation: a table of commands, each answered at once but DATA.
 * Believes of a command only its shape, which record.c has checked.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "report.h"
#include "transaction.h"

#define BAD_COMMANDS_MAX	10
#define RCPTS_A_RECIPIENT	4	/* so often max-recipients, taken or not */

static enum next
out_of_turn(struct transaction *t, const char *what)
{
	t->bad++;
	reply_add(t->replies, "503 5.5.1 %s", what);
	return NEXT_COMMAND;
}

void
transaction_reset(struct transaction *t)
{
	envelope_clear(&t->envelope);
	msg_close(t->msg);
	t->msg = NULL;
	t->hinted = false;
	t->received = 0;
	t->rcpts = 0;
	resolver_end(t->resolver);
	users_forget(&t->users);
	inspect_clear(&t->header);
}

/* Why the address is unknown is always a matter of set-up: say which. */
static void
hint_unknown(struct transaction *t)
{
	const char *why = "no address came by XFORWARD (Postfix: "
	    "set lmtp_send_xforward_command = yes)";
	char peer[PEER_NAME_MAX];

	if (t->hinted)
		return;
	t->hinted = true;
	if (t->peer->given)
		why = "--client-address names none";
	else if (t->policy->client_address == CLIENT_PEER)
		why = "client-address is \"peer\", and the peer has no address";
	else if (!t->peer->trusted)
		why = "the peer is not in trusted-peers, so what it says "
		    "of clients (Postfix: lmtp_send_xforward_command = yes) "
		    "does not count";
	else if (t->policy->client_address == CLIENT_XCLIENT)
		why = "no address came by XCLIENT (client-address)";
	else if (t->policy->client_address == CLIENT_RECEIVED)
		why = "no Received field behind trusted-relays tells it for "
		    "sure (client-address)";
	else if (t->envelope.xforward_refused)
		why = "the peer's XFORWARD was malformed";
	log_warnx("id=%s client address unknown: %s; the peer is %s", t->id,
	    why, peer_name(t->peer, peer));
}

void
transaction_evidence(struct transaction *t, struct origin *origin,
    struct evidence *ev)
{
	origin_find(t->policy, t->peer, &t->envelope, &t->header, origin);
	*ev = (struct evidence){
		.policy = t->policy,
		.resolver = t->resolver,
		.origin = origin,
		.header = &t->header,
		.sender = t->envelope.sender,
		.users = &t->users
	};
}

void
transaction_report(struct transaction *t, const struct recipient *r)
{
	struct origin origin;
	struct report report = {
		.policy = t->policy,
		.id = t->id,
		.origin = &origin,
		.envelope = &t->envelope,
		.header = &t->header,
		.size = t->received
	};

	origin_find(t->policy, t->peer, &t->envelope, &t->header, &origin);
	report_recipient(&report, r);
	if (r->reason == REASON_CLIENT_UNKNOWN)
		hint_unknown(t);
}

void
transaction_note(struct transaction *t, const struct origin *origin,
    const struct decision *d)
{
	const struct newcomer_message m = { t->id, origin, &t->envelope,
	    &t->header };

	newcomer_note(&t->newcomers, t->policy, &m, d);
}

/* Unique among all handlers of all time: when, who, and which of its. */
static void
new_id(struct transaction *t)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	snprintf(t->id, sizeof(t->id), "%llx%05lx.%x.%u",
	    (unsigned long long)ts.tv_sec, ts.tv_nsec / 1000,
	    (unsigned int)getpid(), t->serial++);
}

void
transaction_greet(struct transaction *t)
{
	reply_add(t->replies, "220 %s LMTP lmtpd ready",
	    t->policy->hostname);
}

static enum next
on_lhlo(struct transaction *t, const struct lmtp_command *cmd)
{
	transaction_reset(t);
	t->greeted = true;
	strlcpy(t->lhlo, cmd->u.lhlo.name, sizeof(t->lhlo));
	reply_add(t->replies, "250-%s", t->policy->hostname);
	reply_add(t->replies, "250-PIPELINING");
	reply_add(t->replies, "250-8BITMIME");
	reply_add(t->replies, "250-SMTPUTF8");
	reply_add(t->replies, "250-ENHANCEDSTATUSCODES");
	if (t->peer->trusted) {
		reply_add(t->replies,
		    "250-XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE");
		reply_add(t->replies, "250-XCLIENT NAME ADDR PORT PROTO HELO");
	}
	reply_add(t->replies, "250 SIZE %" PRIu64,
	    t->policy->max_message_size);
	return NEXT_COMMAND;
}

/* An XCLIENT was refused: nor is the client the one of an earlier one. */
static void
forget_client(struct transaction *t)
{
	if (t->peer->trusted && !t->peer->given)
		memset(&t->peer->client, 0, sizeof(t->peer->client));
}

static enum next
on_xforward(struct transaction *t, const struct lmtp_command *cmd)
{
	if (t->envelope.open) {
		/* what was refused leaves nothing in force */
		t->envelope.xforward_refused |= t->peer->trusted;
		return out_of_turn(t, "XFORWARD within a transaction");
	}
	if (!t->peer->trusted) {
		reply_add(t->replies, "550 5.7.0 XFORWARD is taken from "
		    "trusted-peers only");
		return NEXT_COMMAND;
	}
	lmtp_xforward_merge(&t->envelope.xforward, &cmd->u.xforward);
	reply_add(t->replies, "250 2.0.0 ok");
	return NEXT_COMMAND;
}

/* The session begins anew, in the name of that client. */
static enum next
on_xclient(struct transaction *t, const struct lmtp_command *cmd)
{
	if (t->mailed) {
		forget_client(t);
		return out_of_turn(t, "XCLIENT behind MAIL");
	}
	if (!t->peer->trusted) {
		reply_add(t->replies, "550 5.7.0 XCLIENT is taken from "
		    "trusted-peers only");
		return NEXT_COMMAND;
	}
	transaction_reset(t);
	t->greeted = false;
	if (!t->peer->given)
		lmtp_xforward_merge(&t->peer->client, &cmd->u.xforward);
	transaction_greet(t);
	return NEXT_COMMAND;
}

static enum next
too_large(struct transaction *t)
{
	const struct reason_words *w = reason_words(REASON_TOO_LARGE);
	struct recipient nobody = {
		.address = (char *)"",
		.outcome = OUTCOME_REFUSED,
		.reason = REASON_TOO_LARGE,
		.status = -1
	};

	reply_add(t->replies, "%d %s %s (at most %" PRIu64 " bytes)", w->code,
	    w->enhanced, w->text, t->policy->max_message_size);
	transaction_report(t, &nobody);
	return NEXT_COMMAND;
}

static enum next
on_mail(struct transaction *t, const struct lmtp_command *cmd)
{
	const struct lmtp_mail *mail = &cmd->u.mail;

	if (!t->greeted)
		return out_of_turn(t, "say LHLO first");
	if (t->envelope.open)
		return out_of_turn(t, "MAIL within a transaction");
	new_id(t);
	t->mailed = true;
	strlcpy(t->envelope.sender, mail->sender, sizeof(t->envelope.sender));
	t->envelope.size = mail->size;
	t->envelope.utf8 = mail->utf8;
	if (mail->size > t->policy->max_message_size)
		return too_large(t);
	t->envelope.open = true;
	reply_add(t->replies, "250 2.1.0 ok");
	return NEXT_COMMAND;
}

static void
reply_rcpt(struct transaction *t, const struct lmtp_rcpt *rcpt,
    const struct decision *d, enum reason reason)
{
	char shown[ADDR_MAX];

	reply_reason(t->replies, recipient_shown(rcpt->recipient,
	    d->hide_reply, shown), reason);
}

/* A recipient that is not taken: replied and logged at once, and forgotten. */
static void
turn_away(struct transaction *t, const struct lmtp_rcpt *rcpt,
    const struct decision *d)
{
	struct recipient r = {
		.address = (char *)rcpt->recipient,
		.decision = *d,
		.reason = d->reason,
		.outcome = d->verdict == VERDICT_REFUSE ?
		    OUTCOME_REFUSED : OUTCOME_DEFERRED,
		.status = -1
	};

	reply_rcpt(t, rcpt, d, d->reason);
	transaction_report(t, &r);
}

static enum next
on_rcpt(struct transaction *t, const struct lmtp_command *cmd)
{
	const struct lmtp_rcpt *rcpt = &cmd->u.rcpt;
	struct evidence evidence;
	struct origin origin;
	struct decision d;

	if (t->rcpts++ > RCPTS_A_RECIPIENT * t->policy->max_recipients) {
		log_warnx("id=%s client goes on with recipients: closing",
		    t->id[0] != '\0' ? t->id : "-");
		reply_add(t->replies, "421 4.5.3 far too many recipients");
		return NEXT_CLOSE;
	}
	if (!t->envelope.open) {
		/* not one of ten: MAIL may just have been refused */
		reply_add(t->replies, "503 5.5.1 say MAIL first");
		return NEXT_COMMAND;
	}
	transaction_evidence(t, &origin, &evidence);
	authorise(&evidence, rcpt->recipient, &d, NULL);
	authorise_spare(&evidence, &d);
	if (d.verdict == VERDICT_REFUSE || d.verdict == VERDICT_DEFER) {
		transaction_note(t, &origin, &d);
		turn_away(t, rcpt, &d);
		return NEXT_COMMAND;
	}
	if (t->envelope.recipients >= t->policy->max_recipients)
		d.reason = REASON_TOO_MANY;
	else if (envelope_add(&t->envelope, rcpt, &d) == NULL)
		d.reason = REASON_INTERNAL;
	else {
		reply_rcpt(t, rcpt, &d, REASON_OK);
		return NEXT_COMMAND;
	}
	d.verdict = VERDICT_DEFER;
	turn_away(t, rcpt, &d);
	return NEXT_COMMAND;
}

static enum next
on_data(struct transaction *t, const struct lmtp_command *cmd)
{
	(void)cmd;
	if (t->envelope.recipients > 0)
		return NEXT_DATA;
	/* not one of ten: a client that pipelines cannot know */
	reply_add(t->replies, "503 5.5.1 no valid recipient");
	return NEXT_REFUSED;
}

static enum next
on_rset(struct transaction *t, const struct lmtp_command *cmd)
{
	(void)cmd;
	transaction_reset(t);
	reply_add(t->replies, "250 2.0.0 ok");
	return NEXT_COMMAND;
}

static enum next
on_noop(struct transaction *t, const struct lmtp_command *cmd)
{
	(void)cmd;
	reply_add(t->replies, "250 2.0.0 ok");
	return NEXT_COMMAND;
}

static enum next
on_quit(struct transaction *t, const struct lmtp_command *cmd)
{
	(void)cmd;
	reply_add(t->replies, "221 2.0.0 bye");
	return NEXT_CLOSE;
}

static enum next
on_vrfy(struct transaction *t, const struct lmtp_command *cmd)
{
	(void)cmd;
	reply_add(t->replies, "252 2.0.0 send some mail, it will be tried");
	return NEXT_COMMAND;
}

static enum next
on_bad(struct transaction *t, const struct lmtp_command *cmd)
{
	switch (cmd->u.fault) {
	case LMTP_BAD_XFORWARD:
		/* the client goes on without it: remember */
		if (t->peer->trusted)
			t->envelope.xforward_refused = true;
		break;
	case LMTP_BAD_XCLIENT:
		forget_client(t);
		t->bad++;
		break;
	case LMTP_SENDER:
	case LMTP_RECIPIENT:
	case LMTP_PARAMETER:
		break;
	default:
		t->bad++;
		break;
	}
	reply_add(t->replies, "%s", lmtp_fault_reply(cmd->u.fault));
	return NEXT_COMMAND;
}

static enum next (*const handler[LMTP_VERBS])(struct transaction *,
    const struct lmtp_command *) = {
	[LMTP_LHLO] = on_lhlo,
	[LMTP_MAIL] = on_mail,
	[LMTP_RCPT] = on_rcpt,
	[LMTP_DATA] = on_data,
	[LMTP_RSET] = on_rset,
	[LMTP_NOOP] = on_noop,
	[LMTP_QUIT] = on_quit,
	[LMTP_VRFY] = on_vrfy,
	[LMTP_XFORWARD] = on_xforward,
	[LMTP_XCLIENT] = on_xclient,
	[LMTP_BAD] = on_bad
};

enum next
transaction_command(struct transaction *t, const struct lmtp_command *cmd)
{
	enum next next = handler[cmd->verb](t, cmd);

	if (t->bad < BAD_COMMANDS_MAX)
		return next;
	log_warnx("id=%s client sent %u bad commands: closing",
	    t->id[0] != '\0' ? t->id : "-", t->bad);
	reply_add(t->replies, "421 4.7.0 too many bad commands");
	return NEXT_CLOSE;
}

enum next
transaction_tail(struct transaction *t, enum lmtp_verb verb)
{
	struct lmtp_command cmd = { .verb = verb };

	return transaction_command(t, &cmd);
}
