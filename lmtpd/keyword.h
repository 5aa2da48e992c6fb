/*
 * Keyword addresses: a plain keyword of a security string as the local part of
 * one more recipient.  Pure; what is compared is a secret.
 */
#ifndef KEYWORD_H
#define KEYWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "policy.h"

/*
 * Whether an address's local part (its quotes taken off) is a plain keyword of
 * the grant; of any of the account's grants; of any account.  Takes the same
 * time wherever the two differ, and whichever keyword it is.
 */
bool	 keyword_of_grant(const struct grant *, const char *address);
bool	 keyword_of_account(const struct account *, const char *address);
bool	 keyword_of_policy(const struct policy *, const char *address);

/* Whether a grant has a plain keyword. */
bool	 keyword_any(const struct grant *);

/*
 * Overwrite every plain keyword of an account with 'x's of the same length
 * wherever it stands in n bytes of header block (as spooled: folded, LF line
 * ends), case folded where its grant compares so.  A field whose encoded words
 * (encword.h) spell one loses the text of them all.  0; 1: something was
 * overwritten; -1: no memory.
 */
int	 keyword_blank(const struct account *, char *, size_t n);

#endif
