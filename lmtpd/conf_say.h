/*
 * What all who read, make or doubt a configuration share: where errors go,
 * a value with its place, and room for copies.
 */
#ifndef CONF_SAY_H
#define CONF_SAY_H

#include <sys/types.h>

#include <stddef.h>

#include "policy.h"

enum conf_kind {
	CONF_ERROR,
	CONF_WARNING
};

/*
 * Who hears of each error: text is "file:line: what is wrong, what would be
 * right", without a line end; it may quote the file, so escape it for a log
 * or terminal (log.c does).
 */
struct conf_report {
	void	(*say)(void *arg, enum conf_kind, const char *text);
	void	 *arg;
};

/* Where errors go, and how many there were. */
struct conf_errors {
	const struct conf_report *report;
	unsigned int	 n;
};

/* Report "file:line: " and the rest. */
void	 conf_error(struct conf_errors *, struct where, const char *, ...)
	    __attribute__((format(printf, 3, 4)));

/* In words, who but the owner may write what has this mode; NULL: nobody. */
const char
	*conf_writers(mode_t);

/* A copy, which the caller frees.  Ends the program where there is no memory:
 * loading is set-up. */
char	*conf_dup(const char *);
/* Zeroed room for n things of a size, n may be 0; ends as conf_dup() does. */
void	*conf_room(size_t n, size_t size);

/* One value as written, quotes taken off. */
struct conf_value {
	const char	*text;
	struct where	 where;
};

/* The same as a doubt: for lint.c. */
void	 conf_doubt(struct conf_errors *, struct where, const char *, ...)
	    __attribute__((format(printf, 3, 4)));
/* The place of a key outside sections: the policy knows the file only. */
struct where
	 conf_top(const struct policy *);

#endif
