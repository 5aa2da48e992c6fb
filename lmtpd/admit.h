/*
 * What a backend's run needs beside a verdict: that the message was not
 * delivered to this recipient before, and a place in the account's rate.
 */
#ifndef ADMIT_H
#define ADMIT_H

#include "done.h"
#include "envelope.h"
#include "policy.h"
#include "rate.h"

struct admission {
	struct done		 done;
	struct rate_place	 place;
	bool			 counted;	/* in the account's rate */
};

/*
 * Claim and count it; key is LMTPD_DELIVERY_ID, or "" where nothing is to be
 * remembered.  REASON_OK: run, then admit_end(); else nothing is held, and the
 * reason is the recipient's: REASON_REMEMBERED, REASON_HELD, REASON_RATE, or
 * REASON_INTERNAL (logged).
 */
enum reason
	 admit_run(const struct policy *, const struct recipient *,
	    const char *key, struct admission *);

/*
 * The run has ended, or was not begun.  Where delivered, that is on disk when
 * this returns, or the log says why not; else another try is free to come.
 */
void	 admit_end(const struct policy *, const struct recipient *,
	    bool delivered, const char *id, struct admission *);

#endif
