/*
 * Which system calls each process may make once it is set up.
 */
#ifndef CALLS_H
#define CALLS_H

#include "seccomp.h"

/*
 * A filter sees descriptors as numbers, so the engine and its host have theirs
 * at fixed ones, and not one more: RLIMIT_NOFILE sees to that.
 */
enum {
	FD_CLIENT,
	FD_CHANNEL,		/* an engine's; the host's control channel */
	FD_PASSED,		/* the spool; in the host an engine's channel */
	FD_ENGINE,		/* the host's handle of the engine that runs */
	FDS_OF_ENGINE = FD_PASSED + 1,
	FDS_OF_HOST = FD_ENGINE + 1
};

/* lmtptext's. */
enum {
	FD_TEXT = 1,
	FD_REFUSAL		/* why there is none, or not all of it */
};

extern const struct permits calls_engine;
/* All that engines may, since filters add up, and what it takes to make one. */
extern const struct permits calls_host;
extern const struct permits calls_resolver;
/* lmtptext, once it has read its message. */
extern const struct permits calls_text;

#endif
