/*
 * XFORWARD's attributes, as Postfix writes them (XFORWARD_README).  Pure.
 */
#ifndef XFORWARD_H
#define XFORWARD_H

#include <stdint.h>

#include "lmtp_text.h"

#define LMTP_NAME_MAX	256	/* of an LHLO name or XFORWARD value, with NUL */

enum lmtp_attr {
	XF_NAME, XF_ADDR, XF_PORT, XF_PROTO, XF_HELO, XF_IDENT, XF_SOURCE,
	XF_ATTRS
};

/*
 * One XFORWARD command.  A value given as [UNAVAILABLE] or [TEMPUNAVAIL] is
 * given and "".  Values are xtext decoded, or raw where that fails; a control
 * character, NUL or malformed UTF-8 in the decoded value makes the command
 * LMTP_BAD_XFORWARD, as does a value over LMTP_NAME_MAX - 1 bytes, an empty
 * one, an unknown name, or an ADDR (IPv4, or IPv6: and an IPv6 address, any
 * case) that is none.  ADDR's value is as ip_write() writes it.  Where a name
 * is given twice, the last counts.
 */
struct lmtp_xforward {
	uint32_t	 given;		/* 1 << enum lmtp_attr */
	char		 value[XF_ATTRS][LMTP_NAME_MAX];
};

/* Read a command's attributes into a zeroed struct.  0; -1: malformed. */
int	 lmtp_xforward_read(struct lmtp_text, struct lmtp_xforward *);

/* What one more command gives replaces what was there. */
void	 lmtp_xforward_merge(struct lmtp_xforward *,
	    const struct lmtp_xforward *more);

#endif
