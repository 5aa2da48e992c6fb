/*
 * Telling the users that an import adds: lmtpctl's side of announce.h.  Each
 * says on standard error what went wrong, unless said otherwise.
 */
#ifndef IMPORT_TELL_H
#define IMPORT_TELL_H

#include <stdbool.h>

#include "policy.h"
#include "progress.h"

struct import_tell;

/* With a template's path, or NULL for the one that is installed: read now, by
 * whoever we still are.  NULL: it is none. */
struct import_tell
	*import_tell_new(const char *template);
/* Whether there is a mailer. */
bool	 import_tell_can(const struct policy *);

/* 0, or -1: errno, nothing is said. */
int	 import_tell_begin(struct import_tell *, const char *state_dir,
	    const char *table);
int	 import_tell_add(struct import_tell *, const char *address,
	    const char *user);
int	 import_tell_commit(struct import_tell *);

/* Tell all who are still to be told; the keyboard may end it.  0, or -1: some
 * are left. */
int	 import_tell_run(struct import_tell *, const struct policy *,
	    const char *table, struct progress *);

/* NULL is fine. */
void	 import_tell_free(struct import_tell *);

#endif
