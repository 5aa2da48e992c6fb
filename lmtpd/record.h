/*
 * Records between monitor, engine host and engine, over SOCK_SEQPACKET: one
 * fixed-size header, one payload of the length its type has.  The receiver
 * trusts neither; what a record may do in which turn is the monitor's table.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "lmtp.h"

enum record_type {
	/* engine to monitor */
	RECORD_COMMAND,		/* struct lmtp_command, as far as its verb goes */
	RECORD_LAST,		/* likewise, and then input ran dry */
	RECORD_DRY,		/* input ran dry: write the replies */
	RECORD_TICK,		/* the client still sends */
	RECORD_END,		/* struct record_end: the final dot was read */
	RECORD_EOF,		/* the client closed */
	/* monitor to engine */
	RECORD_GO,		/* struct record_go, and the spool's descriptor */
	RECORD_NO,		/* DATA was refused, go on */
	/* monitor to host */
	RECORD_RUN,		/* struct record_run, and the engine's channel */
	RECORD_KILL,		/* end the engine */
	/* host to monitor */
	RECORD_DEAD,		/* struct record_dead */
	/* host or engine to monitor, before anything else */
	RECORD_UNCONFINED,	/* struct record_unconfined */
	RECORDS
};

#define RECORD_TAIL_MAX	8	/* commands taken from behind the final dot */

/* What became of a message: flags in record_end. */
enum record_flag {
	END_TOO_LARGE = 1,
	END_DISK_FULL = 2,	/* ENOSPC, EDQUOT */
	END_FAILED = 4,		/* another failure of the spool */
	END_MORE = 8,		/* other input lies behind the final dot */
	END_EOF = 16		/* the client closed behind the final dot */
};

struct record_end {
	uint64_t	 length;	/* bytes written to the spool */
	uint32_t	 flags;		/* enum record_flag */
	uint32_t	 fault;		/* enum lmtp_data_fault */
	uint32_t	 tails;
	uint32_t	 tail[RECORD_TAIL_MAX];	/* RSET, NOOP, QUIT */
};

struct record_go {
	uint64_t	 limit;		/* bytes the message may have */
};

struct record_run {
	uint64_t	 fsize;		/* RLIMIT_FSIZE of the engine */
};

struct record_dead {
	int32_t		 status;	/* as of waitpid(2) */
};

/* No sandbox, no work. */
struct record_unconfined {
	uint32_t	 step;		/* enum sandbox_step */
	int32_t		 error;		/* errno */
};

struct record {
	uint32_t	 type;
	uint32_t	 len;
	union {
		struct lmtp_command	 command;
		struct record_end	 end;
		struct record_go	 go;
		struct record_run	 run;
		struct record_dead	 dead;
		struct record_unconfined unconfined;
	} u;
};

/*
 * Send a record; fd is passed along where it is not -1.  0, or -1 (errno;
 * EPIPE where the peer is gone).  record_send() blocks until there is room;
 * record_post(), for the monitor, which waits for nobody, is EAGAIN then.
 */
int	 record_send(int channel, enum record_type, const void *payload,
	    size_t len, int fd);
int	 record_post(int channel, enum record_type, const void *payload,
	    size_t len, int fd);

/*
 * Receive one record, waiting for it.  Where fd is NULL, descriptors that
 * come along are closed unseen; else *fd is one, or -1.  1: a record with
 * a known type and the length and content that this type may have; 0: the
 * peer is gone; -1: nonsense or failure (errno is EBADMSG for nonsense).
 */
int	 record_recv(int channel, struct record *, int *fd);

/* The checks that record_recv() makes, over the n bytes of a packet. */
int	 record_valid(const struct record *, size_t n);

#endif
