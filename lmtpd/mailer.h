/*
 * Mail of our own: handed to the configured mailer, the message on its
 * standard input.
 */
#ifndef MAILER_H
#define MAILER_H

#include <stddef.h>

#include "policy.h"

#define MAILER_SECONDS	60	/* a mailer that takes longer is ended */

/*
 * Run it and wait for its end.  0: exit 0, it took the mail; -1: it did not;
 * 1: nobody knows, as it died or was ended.  The log tells why (no mailer
 * configured, exit status, time).  stop_fd: readable, it is ended at once; or
 * -1.  Descriptors 0 to 2 are open.
 */
int	 mailer_send(const struct policy *, const char *message, size_t n,
	    int stop_fd);

/*
 * The beginning of a message of ours, up to and without the blank line: From,
 * To, Date, Message-ID, Auto-Submitted, MIME for UTF-8.  subject may be UTF-8
 * (RFC 2047 is applied); a control character in it becomes a blank.  id is
 * what the Message-ID is made of, the same for the same: a mail that a crash
 * has repeated can be told by it; NULL: a random one.  The caller frees it.
 * NULL: errno; EINVAL where an address could be more than one line.
 */
char	*mailer_head(const struct policy *, const struct strings *to,
	    const char *subject, const char *id);

#endif
