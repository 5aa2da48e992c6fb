/*
 * RFC 5321 section 4.5.2 read byte by byte, over the whole of the data: what
 * lmtp_unstuff() must agree with however its input is cut.
 */
#ifndef UNSTUFF_REF_H
#define UNSTUFF_REF_H

#include "lmtp.h"

struct unstuff_ref {
	size_t		 used;
	size_t		 len;	/* of what was written */
	unsigned int	 fault;
	bool		 done;
};

static inline struct unstuff_ref
unstuff_ref(const char *in, size_t n, char *out)
{
	struct unstuff_ref	 ref = { 0 };
	bool			 start = true;
	size_t			 i = 0;

	while (i < n) {
		if (start && in[i] == '.') {
			if (n - i >= 3 && in[i + 1] == '\r' &&
			    in[i + 2] == '\n') {
				ref.done = true;
				i += 3;
				break;
			}
			start = false;
			i++;
			continue;
		}
		start = false;
		if (in[i] == '\r' && i + 1 == n) {
			i++;
			break;
		}
		if (in[i] == '\r' && in[i + 1] == '\n') {
			start = true;
			i++;
		} else if (in[i] == '\r')
			ref.fault |= DATA_BARE_CR;
		else if (in[i] == '\n')
			ref.fault |= DATA_BARE_LF;
		else if (in[i] == '\0')
			ref.fault |= DATA_NUL;
		out[ref.len++] = in[i++];
	}
	ref.used = i;
	return ref;
}

#endif
