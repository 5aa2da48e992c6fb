/*
 * The text of a message, for backends with input = "text": by lmtptext, a
 * confined program of its own, since it reads what strangers wrote.
 */
#ifndef EXTRACT_H
#define EXTRACT_H

#include <stdint.h>

#include "envelope.h"
#include "msg.h"
#include "policy.h"

#define EXTRACT_SECONDS	30	/* more than its processor time, on any machine */

struct extract {
	const char	*state_dir;	/* where the text is put, without a name */
	const char	*log_id;
	const struct msg *msg;		/* sealed */
	int64_t		 deadline;	/* clock_ms()'s */
	int		 stop_fd;	/* readable: end at once */
	bool		 confined;	/* not: --no-sandbox */
};

/* The text for one backend, whoever its recipients are. */
struct extracted {
	bool		 tried;
	int		 fd;		/* of a file without a name; -1: none */
	enum reason	 reason;	/* why there is none */
	char		 code[12];	/* an enhanced status code, "", */
	char		 said[160];	/* and what lmtptext said to it, safe */
};

/* Make it, unless that was tried before. */
void	 extract_text(const struct extract *, const struct text_rules *,
	    struct extracted *);

/*
 * REASON_OK: there is one.  Else the recipient maybe gets a reply of its own;
 * the message is at fault (5xx), or we are (4xx).
 */
enum reason
	 extract_reason(const struct extracted *, struct recipient *);

void	 extract_close(struct extracted *);

#endif
