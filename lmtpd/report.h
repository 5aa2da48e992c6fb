/*
 * The log line of each recipient's fate.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdint.h>

#include "envelope.h"
#include "inspect.h"
#include "origin.h"

/* What the lines of one transaction share. */
struct report {
	const struct policy		*policy;
	const char			*id;
	const struct origin		*origin;
	const struct envelope		*envelope;
	const struct header_facts	*header;
	uint64_t			 size;	/* 0: as MAIL announced it */
};

/*
 * One line: outcome, then key=value for id qid client sender from recipient
 * account source user channel reason exit ms size; "-" where not known.
 */
void	 report_recipient(const struct report *, const struct recipient *);

#endif
