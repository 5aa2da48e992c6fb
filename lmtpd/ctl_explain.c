/*
 * lmtpctl explain: the daemon's own authorise() on a message from standard
 * input, and its lmtptext where a backend gets the text; every step told, no
 * backend run, no state written.  0 accept, 1 reject, 2 defer.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "addr.h"
#include "authorise.h"
#include "clock.h"
#include "ctl.h"
#include "ctl_load.h"
#include "delivery.h"
#include "explain.h"
#include "extract.h"
#include "identity.h"
#include "log.h"
#include "privsep.h"
#include "scrub.h"

#define SPOOL_DIR	"/tmp"	/* for what never has a name */
/* With a field in front, as the daemon's, what is no header is read alike. */
#define FRONT		"Return-Path: <>\n"

/* The message on standard input. */
struct mail {
	struct msg		*msg;		/* NULL: there is none */
	struct header_facts	 header;
	enum reason		 fault;		/* of it as a whole */
};

struct ask {
	struct peer	 peer;
	struct envelope	 envelope;
	char		 recipient[ADDR_MAX];
	bool		 has_sender;
	bool		 header_only;
	bool		 json;
};

static int
usage(void)
{
	fprintf(stderr, "usage: lmtpctl [-f conf] explain [--json] "
	    "[--client ADDRESS] [--helo NAME]\n           --sender ADDRESS "
	    "--recipient ADDRESS [--header-only] < message\n");
	return EX_USAGE;
}

static int
complain(const char *what, const char *value)
{
	char safe[4 * ADDR_MAX];

	fprintf(stderr, "lmtpctl: %s \"%s\" is malformed\n", what,
	    log_safe(safe, sizeof(safe), value));
	return -1;
}

/* An address with or without its angle brackets. */
static int
take_address(const char *what, const char *s, bool null, char *out)
{
	size_t n = strlen(s);

	if (n >= 2 && s[0] == '<' && s[n - 1] == '>') {
		s++;
		n -= 2;
	}
	out[0] = '\0';
	if ((null && n == 0) || addr_read_path(s, n, out) == 0)
		return 0;
	return complain(what, s);
}

static int
take_client(struct peer *peer, enum lmtp_attr attr, const char *value)
{
	struct ip_addr addr;

	if (attr == XF_ADDR)
		peer->given = true;
	peer->client.given |= 1U << attr;
	if (attr == XF_ADDR && ip_read(value, &addr) == -1)
		return complain("--client", value);
	if (attr == XF_ADDR)
		ip_write(&addr, peer->client.value[attr]);
	else if (strlcpy(peer->client.value[attr], value, LMTP_NAME_MAX) >=
	    LMTP_NAME_MAX)
		return complain("--helo", value);
	return 0;
}

static int
take_option(struct ask *ask, int c)
{
	switch (c) {
	case 'c':
		return take_client(&ask->peer, XF_ADDR, optarg);
	case 'h':
		return take_client(&ask->peer, XF_HELO, optarg);
	case 's':
		ask->has_sender = true;
		return take_address("--sender", optarg, true,
		    ask->envelope.sender);
	case 'r':
		return take_address("--recipient", optarg, false,
		    ask->recipient);
	case 'j':
		ask->json = true;
		return 0;
	case 'o':
		ask->header_only = true;
		return 0;
	default:
		return -1;
	}
}

static int
read_options(int argc, char **argv, struct ask *ask)
{
	static const struct option options[] = {
		{ "client", required_argument, NULL, 'c' },
		{ "helo", required_argument, NULL, 'h' },
		{ "sender", required_argument, NULL, 's' },
		{ "recipient", required_argument, NULL, 'r' },
		{ "header-only", no_argument, NULL, 'o' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 }
	};
	int c;

	optind = 0;	/* getopt(3) begins anew */
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (take_option(ask, c) == -1)
			return -1;
	return optind == argc && ask->has_sender &&
	    ask->recipient[0] != '\0' ? 0 : -1;
}

/*
 * The bytes as a client's, line ends made LF: the last line has one, too.
 * mail->fault is what is wrong with them for LMTP.  -1: errno.
 */
static int
spool(FILE *in, struct mail *mail, uint64_t max)
{
	uint64_t written = 0;
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int fd, rc = 0;

	if ((fd = msg_appender(mail->msg)) == -1)
		return -1;
	while (rc == 0 && (n = getline(&line, &size, in)) > 0) {
		if (n >= 2 && line[n - 2] == '\r' && line[n - 1] == '\n')
			line[--n - 1] = '\n';
		if (memchr(line, '\r', n) != NULL ||
		    memchr(line, '\0', n) != NULL)
			mail->fault = REASON_BARE;
		if (line[n - 1] != '\n')
			line[n++] = '\n';	/* in its NUL's place */
		if (write(fd, line, n) != n)
			rc = -1;
		written += n;
	}
	free(line);
	close(fd);
	if (written > max)
		mail->fault = REASON_TOO_LARGE;
	return rc == 0 ? msg_seal(mail->msg, written) : -1;
}

/* A terminal has no message.  0, or -1 after a complaint. */
static int
read_message(const struct policy *policy, const char *identity,
    struct mail *mail)
{
	int rc = -1;

	if (isatty(STDIN_FILENO))
		return 0;
	if ((mail->msg = msg_open(SPOOL_DIR)) != NULL &&
	    msg_prepend(mail->msg, FRONT, strlen(FRONT)) == 0 &&
	    spool(stdin, mail, policy->max_message_size) == 0)
		rc = inspect_header(policy, mail->msg, true, identity,
		    &mail->header);
	if (rc == 1 && mail->fault == REASON_OK)
		mail->fault = REASON_HEADER;
	if (rc == -1)
		fprintf(stderr, "lmtpctl: cannot read the message: %s\n",
		    strerror(errno));
	return rc == -1 ? -1 : 0;
}

/* What comes behind the rules is refused, with enforce = false or without. */
static void
refuse(struct explanation *e, enum reason reason)
{
	struct decision *d = &e->decision;

	d->verdict = reason_reply(reason, e->enhanced, e->said).code >= 500 ?
	    VERDICT_REFUSE : VERDICT_DEFER;
	d->reason = reason;
	d->would_refuse = false;
}

static enum reason
scrub(const struct ask *ask, struct mail *mail, struct recipient *r)
{
	struct envelope envelope = ask->envelope;

	envelope.recipient = &r;
	envelope.recipients = 1;
	return scrub_keywords(&envelope, mail->msg, &mail->header) == -1 ?
	    REASON_INTERNAL : REASON_OK;
}

/* What lmtptext says is for who asks, and no line of the mail log. */
static enum reason
take_text(const struct policy *policy, const struct backend *b,
    const struct mail *mail, struct recipient *r)
{
	const struct extract x = {
		.state_dir = SPOOL_DIR, .log_id = "explain",
		.msg = mail->msg,
		.deadline = clock_ms() + policy->reply_timeout * INT64_C(1000),
		.stop_fd = -1, .confined = true
	};
	struct extracted text = { 0 };
	enum reason reason;

	log_open("lmtpctl", STDERR_FILENO);
	log_no_syslog();
	extract_text(&x, &b->text, &text);
	reason = clock_ms() >= x.deadline ? REASON_TIME_UP :
	    extract_reason(&text, r);
	extract_close(&text);
	return reason;
}

/*
 * As the daemon between its verdict and a run: keywords go, the text is taken
 * out.  Nothing of it is kept.
 */
static enum reason
prepare(const struct ask *ask, const struct policy *policy, struct mail *mail,
    struct explanation *e)
{
	const struct backend *b = e->decision.channel->backend;
	struct recipient r = { .original = (char[]){ "" },
	    .decision = e->decision };
	struct trace trace = { explain_step, e };
	enum reason reason = REASON_OK;

	if (mail->msg != NULL)
		reason = scrub(ask, mail, &r);
	if (reason != REASON_OK || b->input != INPUT_TEXT)
		return reason;
	if (mail->msg == NULL || ask->header_only) {
		trace_step(&trace, "text: only a whole message tells");
		return REASON_OK;
	}
	if (geteuid() == 0) {	/* the state directory is root's */
		trace_step(&trace, "text: not taken out as root");
		return REASON_OK;
	}
	reason = take_text(policy, b, mail, &r);
	strlcpy(e->enhanced, r.enhanced, sizeof(e->enhanced));
	strlcpy(e->said, r.text, sizeof(e->said));
	trace_step(&trace, "text: %s", reason == REASON_OK ?
	    "lmtptext takes it out of the message" :
	    reason_reply(reason, e->enhanced, e->said).text);
	return reason;
}

static char **
command_of(const struct ask *ask, const struct policy *policy,
    const struct origin *o, const struct header_facts *header,
    const struct decision *d, bool *dash)
{
	char client[ADDR_IP_MAX];
	struct delivery delivery = {
		.log_id = "", .id = "", .queue_id = "", .spf = "",
		.sender = ask->envelope.sender,
		.recipient = ask->recipient,
		.original = header->original,
		.number = d->number,
		.client = client,
		.helo = o->helo,
		.name = o->name,
		.state_dir = policy->state_dir
	};

	ip_write(&o->client, client);
	delivery.user = d->user;
	delivery.account = d->source->account->name;
	delivery.channel = d->channel->name;
	return delivery_argv(d->channel->backend, &delivery, dash);
}

static void
hand_over(const struct ask *ask, const struct policy *policy,
    const struct origin *o, struct mail *mail, struct explanation *e)
{
	enum reason reason;
	bool dash;

	if (e->decision.verdict != VERDICT_ACCEPT || e->decision.keyword)
		return;
	if ((reason = prepare(ask, policy, mail, e)) != REASON_OK) {
		refuse(e, reason);
		return;
	}
	e->command = command_of(ask, policy, o, &mail->header, &e->decision,
	    &dash);
	if (dash)
		refuse(e, REASON_DASH);
}

/* As the daemon: what the envelope tells, then the message as a whole, then
 * its header. */
static void
decide(const struct evidence *ev, const char *recipient, enum reason fault,
    struct explanation *e)
{
	struct trace trace = { explain_step, e };

	authorise(ev, recipient, &e->decision, &trace);
	authorise_spare(ev, &e->decision);
	e->discarded = e->decision.verdict == VERDICT_AFTER_DATA &&
	    e->decision.reason != REASON_OK;
	if (fault == REASON_OK || e->discarded ||
	    e->decision.verdict == VERDICT_REFUSE ||
	    e->decision.verdict == VERDICT_DEFER)
		return;
	trace_step(&trace, "the message as a whole: %s",
	    reason_words(fault)->text);
	refuse(e, fault);
}

static int
explain(const struct ask *ask, const struct policy *policy,
    struct resolver *resolver)
{
	char identity[ADDR_MAX];
	struct mail mail = { .fault = REASON_OK };
	struct header_facts none = { 0 };
	struct users users = { 0 };
	struct origin origin;
	struct evidence evidence = { policy, resolver, &origin, &mail.header,
	    ask->envelope.sender, NULL, &users };
	struct explanation e = { .evidence = &evidence, .identity = identity,
	    .recipient = ask->recipient };

	identity_of(ask->envelope.sender, identity);
	if (read_message(policy, identity, &mail) == -1) {
		msg_close(mail.msg);
		return 2;
	}
	if (mail.fault != REASON_OK)
		evidence.header = &none;
	origin_find(policy, &ask->peer, &ask->envelope, evidence.header,
	    &origin);
	decide(&evidence, ask->recipient, mail.fault, &e);
	hand_over(ask, policy, &origin, &mail, &e);
	if (!ask->json)
		explain_print(&e);
	else if (explain_print_json(&e) == -1)
		fprintf(stderr, "lmtpctl: out of memory\n");
	explain_free(&e);
	inspect_clear(&mail.header);
	msg_close(mail.msg);
	return e.decision.verdict == VERDICT_ACCEPT ? 0 :
	    e.decision.verdict == VERDICT_REFUSE || e.discarded ? 1 : 2;
}

int
ctl_explain(const struct ctl *ctl, int argc, char **argv)
{
	struct ask ask = { .peer = { .trusted = true } };
	struct resolver *resolver;
	struct policy *policy;
	int rc;

	if (read_options(argc, argv, &ask) == -1)
		return usage();
	if ((policy = ctl_policy(ctl)) == NULL)
		return 2;
	if (privsep_become_owner(policy->state_dir) == -1 && geteuid() == 0)
		fprintf(stderr, "lmtpctl: state-dir %s is not a user's own: "
		    "going on as root\n", policy->state_dir);
	resolver = resolver_new(resolver_dir(), policy->dns_timeout, true);
	rc = resolver == NULL ? 2 : explain(&ask, policy, resolver);
	resolver_free(resolver);
	policy_free(policy);
	return rc;
}
