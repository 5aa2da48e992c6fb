/*
 * Mail addresses (and, by what it includes, IP addresses and telephone
 * numbers): pure functions over bounded strings.  Nothing here allocates,
 * reads a descriptor or logs.
 */
#ifndef ADDR_H
#define ADDR_H

#include <stdbool.h>
#include <stddef.h>

#include "ip.h"
#include "number.h"

#define ADDR_MAX	512	/* bytes of a mail address, NUL included */

/*
 * Read an RFC 5321 path without its angle brackets: an optional source route
 * (dropped), a local part (dot-atom or quoted-string, RFC 6531 UTF-8), "@" and
 * a domain or an address literal; the domain may be missing (<postmaster>).
 * Quotes and backslashes that the local part does not need are taken off, so
 * that "alice"@example.com compares as alice@example.com.
 * out is ADDR_MAX bytes.  Returns 0, or -1 (and "") where it is no address,
 * is too long, or holds a control character, NUL or malformed UTF-8.
 */
int	 addr_read_path(const char *, size_t, char *);

/*
 * Whether a string is a whole address as addr_read_path() writes it; an empty
 * one (the null sender) is not.  For strings from a process we do not trust.
 */
bool	 addr_valid(const char *);

/*
 * Whether n bytes are well-formed UTF-8 without NUL, C0 and C1 controls.
 */
bool	 addr_clean(const char *, size_t);

/* The part behind the last "@" that is not quoted; "" where there is none. */
const char
	*addr_domain(const char *);

/* Length of the local part: all before that "@", or the whole string. */
size_t	 addr_local_len(const char *);

/* Equal with ASCII letters folded; other bytes as they are. */
bool	 addr_equal(const char *, const char *);

/*
 * The sender that an envelope sender stands for: BATV tags
 * (prvs=tag=local@d) are taken off.  out is ADDR_MAX bytes; "" stays "".
 */
void	 addr_identity(const char *, char *);

/*
 * Whether a forwarder rewrote this sender: SRS0 and SRS1 (with = + or -) at
 * the start of the local part, behind BATV tags or in quotes too, "+SRS="
 * (Exchange) or "+caf_=" (Gmail) anywhere in it; case is ignored.
 */
bool	 addr_is_rewritten(const char *);

#endif
