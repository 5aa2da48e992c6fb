/*
 * Starts lmtpd-resolver when a rule first asks, and asks it.  Believes no
 * more than one verdict for each question.
 */
#ifndef RESOLVER_H
#define RESOLVER_H

#include <stdbool.h>

#include "spf.h"

/* Exit status of an lmtpd-resolver that cannot confine itself. */
#define RESOLVER_UNCONFINED	77	/* EX_NOPERM */

struct resolver;

/* Where lmtpd-resolver lies: $LMTPD_LIBEXECDIR, or the build's. */
const char
	*resolver_dir(void);

/*
 * Nothing is started yet.  dir is where lmtpd-resolver lies, an absolute path.
 * timeout: seconds for all the questions of one transaction together.  Not
 * confined: lmtpd-resolver is told --no-sandbox.  NULL: no memory.
 */
struct resolver
	*resolver_new(const char *dir, unsigned int timeout, bool confined);

/*
 * Ask; the same question (but for its timeout, which is the resolver's own
 * business) is answered from memory, a failure too.  The process is started on
 * the first one, and anew where it failed before.  A crash, a hang past the
 * deadline + 2 s, or a nonsense answer is SPF_TEMPERROR, and a line in the log.
 */
void	 resolver_ask(struct resolver *, const struct spf_question *,
	    struct spf_answer *);

/* Whether the answer is remembered; asks nobody. */
bool	 resolver_remembers(const struct resolver *, const struct spf_question *,
	    struct spf_answer *);

/* The transaction is over: the process is ended and reaped, memory dropped.
 * Before the caller sweeps up orphans: it is one of the caller's children.
 * NULL is fine, for resolver_free() too. */
void	 resolver_end(struct resolver *);

void	 resolver_free(struct resolver *);

#endif
