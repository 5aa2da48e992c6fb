/*
 * A message for one recipient, from what is known of both to a backend that
 * runs.  Trusts the verdict.
 */
#include <fcntl.h>
#include <unistd.h>

#include "delivery_id.h"
#include "handover.h"
#include "log.h"

static int
open_input(const struct deliver *job, const struct backend *b,
    const struct extracted *text)
{
	if (b->input == INPUT_TEXT)
		return msg_reopen(text->fd, O_RDONLY);
	if (b->input == INPUT_BODY)
		return msg_body_reader(job->msg, job->header->body);
	return msg_reader(job->msg);
}

static enum reason
start(const struct deliver *job, const struct backend *b,
    const struct extracted *text, const struct delivery *d, struct run *run)
{
	enum reason reason;
	int fd = open_input(job, b, text);

	if (fd == -1) {
		log_warn("cannot open the spool for backend \"%s\"", b->name);
		return REASON_INTERNAL;
	}
	reason = backend_start(run, b, d, fd);
	close(fd);
	return reason;
}

enum reason
handover(const struct deliver *job, const struct extracted *text,
    struct recipient *r, struct run *run, struct admission *admission)
{
	const struct source *source = r->decision.source;
	const struct backend *b = r->decision.channel->backend;
	const struct delivery_facts facts = {
		.origin = job->origin,
		.header = job->header,
		.sender = job->envelope->sender,
		.size = msg_size(job->msg),
		.log_id = job->log_id
	};
	char id[DELIVERY_ID_MAX], client[ADDR_IP_MAX];
	struct delivery d = {
		.log_id = job->log_id,
		.id = id,
		.sender = job->envelope->sender,
		.recipient = r->address,
		.original = r->original[0] != '\0' ?
		    r->original : job->header->original,
		.number = r->decision.number,
		.user = r->decision.user,
		.account = source->account->name,
		.channel = r->decision.channel->name,
		.client = client,
		.helo = job->origin->helo,
		.name = job->origin->name,
		.queue_id = job->origin->queue_id,
		.spf = job->spf,
		.state_dir = job->policy->state_dir,
		.size = facts.size
	};
	enum reason reason;

	delivery_id(&facts, r, id);
	ip_write(&job->origin->client, client);
	reason = admit_run(job->policy, r,
	    delivery_is_nameless(&facts) ? "" : id, admission);
	if (reason != REASON_OK)
		return reason;
	/* only now: what was delivered before needs no text */
	if (b->input == INPUT_TEXT)
		reason = extract_reason(text, r);
	if (reason == REASON_OK)
		reason = start(job, b, text, &d, run);
	if (reason != REASON_OK)
		admit_end(job->policy, r, false, "", admission);
	return reason;
}
