/*
 * lmtpctl explain: the daemon's own authorise() on a message from standard
 * input, every step told, nothing run, no state written.  0 accept, 1 reject,
 * 2 defer.
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
#include "ctl.h"
#include "ctl_load.h"
#include "delivery.h"
#include "explain.h"
#include "identity.h"
#include "log.h"
#include "privsep.h"

struct ask {
	struct peer	 peer;
	struct envelope	 envelope;
	char		 recipient[ADDR_MAX];
	bool		 has_sender;
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
		return 0;	/* a header is read alike */
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
 * The bytes as a client's, line ends made LF.  *fault is what is wrong with
 * them for LMTP, or REASON_OK.  -1: errno.
 */
static int
spool(FILE *in, struct msg *msg, uint64_t max, enum reason *fault)
{
	uint64_t written = 0;
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int fd, rc = 0;

	if ((fd = msg_appender(msg)) == -1)
		return -1;
	while (rc == 0 && (n = getline(&line, &size, in)) > 0) {
		if (n >= 2 && line[n - 2] == '\r' && line[n - 1] == '\n')
			line[--n - 1] = '\n';
		if (memchr(line, '\r', n) != NULL ||
		    memchr(line, '\0', n) != NULL)
			*fault = REASON_BARE;
		if (write(fd, line, n) != n)
			rc = -1;
		written += n;
	}
	free(line);
	close(fd);
	if (written > max)
		*fault = REASON_TOO_LARGE;
	return rc == 0 ? msg_seal(msg, written) : -1;
}

/*
 * What the message on standard input tells; a terminal has none.  *fault: what
 * refuses it as a whole.  0, or -1 after a complaint.
 */
static int
read_message(const struct policy *policy, const char *identity,
    struct header_facts *header, enum reason *fault)
{
	struct msg *msg;
	int rc = -1;

	memset(header, 0, sizeof(*header));
	*fault = REASON_OK;
	if (isatty(STDIN_FILENO))
		return 0;
	if ((msg = msg_open("/tmp")) != NULL &&
	    spool(stdin, msg, policy->max_message_size, fault) == 0)
		rc = inspect_header(policy, msg, true, identity, header);
	msg_close(msg);
	if (rc == 1 && *fault == REASON_OK)
		*fault = REASON_HEADER;
	if (rc == -1)
		fprintf(stderr, "lmtpctl: cannot read the message: %s\n",
		    strerror(errno));
	return rc == -1 ? -1 : 0;
}

static char **
command_of(const struct ask *ask, const struct policy *policy,
    const struct origin *o, const struct header_facts *header,
    struct decision *d)
{
	char client[ADDR_IP_MAX], **argv;
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
	bool dash;

	if (d->verdict != VERDICT_ACCEPT || d->keyword)
		return NULL;
	ip_write(&o->client, client);
	delivery.user = d->user;
	delivery.account = d->source->account->name;
	delivery.channel = d->channel->name;
	argv = delivery_argv(d->channel->backend, &delivery, &dash);
	if (dash) {
		d->verdict = VERDICT_REFUSE;
		d->reason = REASON_DASH;
	}
	return argv;
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
	e->decision.verdict = VERDICT_REFUSE;
	e->decision.reason = fault;
}

static int
explain(const struct ask *ask, const struct policy *policy,
    struct resolver *resolver)
{
	char identity[ADDR_MAX];
	struct header_facts header, none = { 0 };
	struct users users = { 0 };
	struct origin origin;
	struct evidence evidence = { policy, resolver, &origin, &header,
	    ask->envelope.sender, NULL, &users };
	struct explanation e = { .evidence = &evidence, .identity = identity,
	    .recipient = ask->recipient };
	enum reason fault;

	identity_of(ask->envelope.sender, identity);
	if (read_message(policy, identity, &header, &fault) == -1)
		return 2;
	if (fault != REASON_OK)
		evidence.header = &none;
	origin_find(policy, &ask->peer, &ask->envelope, evidence.header,
	    &origin);
	decide(&evidence, ask->recipient, fault, &e);
	e.command = command_of(ask, policy, &origin, &header, &e.decision);
	if (!ask->json)
		explain_print(&e);
	else if (explain_print_json(&e) == -1)
		fprintf(stderr, "lmtpctl: out of memory\n");
	explain_free(&e);
	inspect_clear(&header);
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
