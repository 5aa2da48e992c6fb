/*
 * The rules: may this sender use this channel from this place?  Pure: facts
 * in, decision and trace out.  Who fetches the facts is authorise.c's affair.
 */
#ifndef RULES_H
#define RULES_H

#include "facts.h"
#include "policy.h"
#include "verdict.h"

/*
 * Judge one recipient.  Returns the facts (enum fact, ORed) that a rule asks
 * for and that are not fetched: fetch them and judge again; 0: it is decided.
 * Without the header, VERDICT_ACCEPT means that nothing known so far is
 * against it, and VERDICT_AFTER_DATA that the message has to come first: the
 * header decides, or the sender may be an MTA's address probe.
 */
unsigned int
	 rules_judge(const struct policy *, const struct facts *,
	    struct decision *, const struct trace *);

/* The same for the sender alone: which source names it. */
unsigned int
	 rules_judge_sender(const struct policy *, const struct facts *,
	    struct decision *, const struct trace *);

#endif
