/*
 * What a notice says.
 */
#ifndef NOTICE_TEXT_H
#define NOTICE_TEXT_H

#include "policy.h"
#include "seen.h"

#define NOTICE_LISTED	200	/* addresses of a summary; more are counted */

/*
 * A whole message to the account's admins about n addresses, at least one: a
 * summary where there are more.  The caller frees it; NULL: errno.
 */
char	*notice_text(const struct policy *, const struct account *,
	    const struct seen *, size_t n);

#endif
