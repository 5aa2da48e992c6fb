/*
 * Delivery of one frozen message: a backend run for each recipient that was
 * accepted, side by side as far as the backends allow, all within a limit.
 */
#ifndef DELIVER_H
#define DELIVER_H

#include <sys/types.h>

#include <stdint.h>

#include "envelope.h"
#include "inspect.h"
#include "msg.h"
#include "origin.h"
#include "policy.h"

struct deliver {
	const struct policy		*policy;
	const struct origin		*origin;
	const struct header_facts	*header;
	const struct msg		*msg;
	struct envelope			*envelope;
	const char			*log_id;
	const char			*spf;	/* its word, "" if not asked */
	int64_t				 deadline;	/* clock_ms()'s ms */
	int				 stop_fd;	/* readable: end at once */
	pid_t				 host;		/* the child to keep */
	bool				 confined;	/* not: --no-sandbox */
};

/*
 * Run the backends of all recipients whose outcome is OUTCOME_NONE and that
 * repeat no other; when it returns, each has its outcome, those that repeat
 * one share it, and no descendant but the host is left.
 */
void	 deliver_all(struct deliver *);

#endif
