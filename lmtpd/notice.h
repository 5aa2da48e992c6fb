/*
 * Mail to an account's admins: server addresses that are new.
 */
#ifndef NOTICE_H
#define NOTICE_H

#include "policy.h"

/*
 * Tell the admins of every address of the account that they were not told of:
 * one mail each, at most notices-per-hour; past that, one summary of all when
 * the hour allows.  Told is recorded only when the mailer took it.  Returns at
 * once where another process is at it.  Never to be called before the client
 * has its replies.  stop_fd as for mailer_send().  0: nothing is left to tell;
 * 1: some is, for later; -1: failure, logged.
 */
int	 notice_tell(const struct policy *, const struct account *,
	    int stop_fd);

#endif
