/*
 * The monitor's side of the client: replies, collected and written in
 * batches.  No other process writes to the client.
 */
#ifndef REPLY_H
#define REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "verdict.h"

#define REPLY_LINE_MAX	512	/* RFC 5321 section 4.5.3.1.5, CRLF included */

struct replies {
	int		 fd;
	unsigned int	 idle;		/* seconds a write may wait */
	int		 stop_fd;	/* readable: wait no longer; or -1 */
	bool		 broken;	/* the client takes no more */
	size_t		 len;
	char		 buf[4096];	/* PIPE_BUF: a pipe takes it whole */
};

/* Add one line, CRLF added, cut at REPLY_LINE_MAX. */
void	 reply_add(struct replies *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

/* "CODE ENHANCED <recipient>: text", the recipient made safe. */
void	 reply_recipient(struct replies *, int code, const char *enhanced,
	    const char *recipient, const char *text);

/* The same with a reason's own words. */
void	 reply_reason(struct replies *, const char *recipient, enum reason);

/* Write what was collected.  0, or -1: the client takes no more. */
int	 reply_flush(struct replies *);

/*
 * Whether the client has yet to read what was written.  Over TCP what its
 * kernel has taken counts as read; false where nobody can tell.
 */
bool	 reply_unread(const struct replies *);

/* Whether the client has gone for good: it could not read a reply. */
bool	 reply_client_gone(const struct replies *);

#endif
