/*
 * Words, strings and signs of a configuration file: the scanner under
 * conf_text.c.
 */
#ifndef CONF_SCAN_H
#define CONF_SCAN_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Who hears of errors. */
struct conf_text_report {
	void	(*say)(void *arg, int line, const char *text);
	void	 *arg;
};

enum scan_kind {
	SCAN_BAD,		/* an error was reported: stop */
	SCAN_END,
	SCAN_WORD,
	SCAN_STRING,
	SCAN_SIGN		/* one of { } ( ) = , or += */
};

struct scan {
	char		*text;
	size_t		 n;
	size_t		 at;
	int		 line;		/* of what stands at "at" */
	unsigned int	 errors;
	const struct conf_text_report *report;
	/* The token read last: */
	enum scan_kind	 kind;
	size_t		 begin;		/* of a string: behind its quote */
	size_t		 len;
	int		 token_line;
	char		 sign;		/* '+' is "+=" */
	bool		 changed;	/* a string that libconfuse alters */
};

void	 scan_open(struct scan *, char *, size_t,
	    const struct conf_text_report *);
/* Read the next token; the comments in front of it become blanks. */
enum scan_kind
	 scan_next(struct scan *);
/* Whether the token is this sign. */
bool	 scan_is(const struct scan *, char);
void	 scan_error(struct scan *, int line, const char *, ...)
	    __attribute__((format(printf, 3, 4)));

#endif
