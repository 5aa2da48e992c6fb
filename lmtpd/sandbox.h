/*
 * What a process denies itself for good.  One short function for each.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

/* Lower a resource limit, hard and soft, to at most this.  0, or -1. */
int	 sandbox_limit(int resource, uint64_t most);

enum sandbox_step {
	SANDBOX_SECRETS,	/* no core, not dumpable */
	SANDBOX_PRIVILEGES,	/* no new ones */
	SANDBOX_CAPABILITIES,
	SANDBOX_LIMITS,		/* of resources */
	SANDBOX_DESCRIPTORS,
	SANDBOX_LANDLOCK,
	SANDBOX_SECCOMP,
	SANDBOX_STEPS		/* all were taken */
};

/* The words for a step, for the log. */
const char
	*sandbox_step_name(enum sandbox_step);

/* Whether --no-sandbox does without it. */
bool	 sandbox_is_optional(enum sandbox_step);

/*
 * Who will hold secrets, and its children after it: no other process may look
 * into it, and no core file is written.  0, or -1 (errno).
 */
int	 sandbox_secrets(void);

/*
 * These answer which step cannot be taken (errno says why), or SANDBOX_STEPS.
 *
 * The engine host, and so its engines: no new privileges, no capabilities, no
 * files, no TCP, no signals to others; calls_host of the system's calls.
 */
enum sandbox_step
	 sandbox_host(void);

/* An engine, forked by a confined host: calls_engine of the calls. */
enum sandbox_step
	 sandbox_engine(void);

/*
 * lmtpd-resolver, after res_ninit(3): no new privileges, no capabilities, not
 * dumpable, no core, no files, TCP only to port 53 where the kernel can tell;
 * calls_resolver of the calls.
 */
enum sandbox_step
	 sandbox_resolver(void);

/*
 * lmtptext, after it has read its message and opened what it converts charsets
 * by: no new privileges, no capabilities, not dumpable, no core, no files, no
 * TCP, no signals to others; calls_text of the calls.
 */
enum sandbox_step
	 sandbox_text(void);

#endif
