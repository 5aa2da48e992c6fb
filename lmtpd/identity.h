/*
 * The sender whom an envelope sender stands for.
 */
#ifndef IDENTITY_H
#define IDENTITY_H

/*
 * Its BATV tag taken off and its domain as A-labels, where it has any; out is
 * ADDR_MAX bytes.  The null sender stays "", and a domain that is none what it
 * is.  0; -1: whom it stands for cannot be told, for reasons of ours.
 */
int	 identity_of(const char *sender, char *out);

#endif
