/*
 * LMTP's grammar (RFC 2033, RFC 5321 section 4, XFORWARD as Postfix speaks
 * it) and the transparency of DATA.  Pure: bytes in, structs out, no
 * descriptor.  The engine parses with it; the monitor, which does not trust
 * the engine, checks with it what the engine says it parsed.
 */
#ifndef LMTP_H
#define LMTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "xforward.h"

#define LMTP_LINE_MAX	4096	/* bytes of a command line, CRLF included */

enum lmtp_verb {
	LMTP_LHLO,
	LMTP_MAIL,
	LMTP_RCPT,
	LMTP_DATA,
	LMTP_RSET,
	LMTP_NOOP,
	LMTP_QUIT,
	LMTP_VRFY,
	LMTP_XFORWARD,
	LMTP_XCLIENT,		/* its attributes are XFORWARD's */
	LMTP_BAD,		/* not understood: see enum lmtp_fault */
	LMTP_VERBS
};

/* Why a line was not understood; lmtp_fault_reply() has the words. */
enum lmtp_fault {
	LMTP_UNKNOWN,		/* no such command: 500 5.5.2 */
	LMTP_TOO_LONG,		/* 500 5.5.6 */
	LMTP_NOT_CLEAN,		/* bare CR or LF, NUL, control: 500 5.5.2 */
	LMTP_HELO,		/* HELO or EHLO: 500 5.5.1, this is LMTP */
	LMTP_SYNTAX,		/* an argument is malformed: 501 5.5.4 */
	LMTP_PARAMETER,		/* an unknown parameter: 555 5.5.4 */
	LMTP_SENDER,		/* bad address in MAIL: 501 5.1.7 */
	LMTP_RECIPIENT,		/* bad address in RCPT: 501 5.1.3 */
	LMTP_BAD_XFORWARD,	/* 501 5.5.4; costs the transaction a 451 */
	LMTP_BAD_XCLIENT,	/* 501 5.5.4; the client stays unknown */
	LMTP_FAULTS
};

struct lmtp_lhlo {
	char	 name[LMTP_NAME_MAX];
};

struct lmtp_mail {
	char		 sender[ADDR_MAX];	/* "" is the null sender */
	uint64_t	 size;			/* of SIZE=, 0 where none */
	bool		 utf8;			/* SMTPUTF8 */
};

struct lmtp_rcpt {
	char	 recipient[ADDR_MAX];
	char	 original[ADDR_MAX];		/* ORCPT=, xtext decoded; "" */
};

struct lmtp_command {
	enum lmtp_verb	 verb;
	union {
		struct lmtp_lhlo	 lhlo;
		struct lmtp_mail	 mail;
		struct lmtp_rcpt	 rcpt;
		struct lmtp_xforward	 xforward;
		enum lmtp_fault		 fault;
	} u;
};

/*
 * Parse one line of n bytes, its CRLF taken off.  Fills in cmd (zeroed first,
 * no stale byte is left in it) and always succeeds: what is wrong is LMTP_BAD.
 * MAIL's parameters: SIZE, BODY, SMTPUTF8, RET, ENVID; RCPT's: ORCPT, NOTIFY
 * (DSN's are accepted and, but for ORCPT, dropped; an ORCPT that is no address
 * too).  A line that begins with XFORWARD is never less than
 * LMTP_BAD_XFORWARD: one that is too long or not clean lost attributes too.
 */
void	 lmtp_parse(const char *, size_t n, struct lmtp_command *);

/* Bytes of struct lmtp_command that a verb uses. */
size_t	 lmtp_command_size(enum lmtp_verb);

/*
 * Whether a command that another process handed over is one that lmtp_parse()
 * could have made: verb in range, size right, every string ended and clean,
 * and NULs alone behind its end.  (lmtp_valid.c, as lmtp_command_size().)
 */
bool	 lmtp_command_valid(const void *, size_t);

/* "500 5.5.2 command not understood" and the like, without CRLF. */
const char
	*lmtp_fault_reply(enum lmtp_fault);

/* What was wrong with a message's lines (ORed). */
enum lmtp_data_fault {
	DATA_BARE_LF = 1,
	DATA_BARE_CR = 2,
	DATA_NUL = 4
};

/* State of one DATA (unstuff.c); zero it before the first chunk. */
struct lmtp_data {
	unsigned int	 fault;		/* enum lmtp_data_fault */
	bool		 done;		/* CRLF.CRLF was seen */
	int		 state;		/* unstuff.c's own */
};

/*
 * Take the transparency off the next chunk (RFC 5321 section 4.5.2): dots
 * unstuffed, CRLF made LF, in place.  Only CRLF.CRLF ends the data (or .CRLF
 * as the very first line).  Writes the message's bytes to buf[0 .. *out) and
 * returns how many of the n bytes were used up: n, or fewer where the data
 * ended.  A CR at a chunk's end is held back in the state: buf must have
 * LMTP_DATA_ROOM free bytes behind n for it to come out again.
 */
#define LMTP_DATA_ROOM	2
size_t	 lmtp_unstuff(struct lmtp_data *, char *buf, size_t n, size_t *out);

#endif
