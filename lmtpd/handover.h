/*
 * The start of one recipient's run: whether it may run, what its backend is
 * told, and what it reads.
 */
#ifndef HANDOVER_H
#define HANDOVER_H

#include "admit.h"
#include "backend.h"
#include "deliver.h"
#include "extract.h"

/*
 * text is that of the recipient's backend, where it wants one.  REASON_OK: it
 * runs; backend_finish() and admit_end() are to come.  Else nothing is held,
 * and the reason is the recipient's.
 */
enum reason
	 handover(const struct deliver *, const struct extracted *text,
	    struct recipient *, struct run *, struct admission *);

#endif
