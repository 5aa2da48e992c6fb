/*
 * The mail that tells a user, made of the template.
 */
#ifndef ANNOUNCE_TEXT_H
#define ANNOUNCE_TEXT_H

#include "policy.h"

/* Whether a template is one.  0; -1: *why says what is wrong. */
int	 announce_check(const char *template, const char **why);

/*
 * A whole message; the template is one that announce_check() likes.  forms is
 * announce_forms()'.  The caller frees it; NULL: errno.
 */
char	*announce_text(const struct policy *, const char *template,
	    const char *address, const char *user, const char *forms);

/*
 * How to write to each channel of the accounts that use the table, such as
 * "NUMBER@sms.example.net", a line each.  The caller frees it; NULL: errno.
 */
char	*announce_forms(const struct policy *, const char *table);

#endif
