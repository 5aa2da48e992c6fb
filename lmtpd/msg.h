/*
 * The spool of one message: an unnamed file in the state directory, with LF
 * line ends.  The monitor's fields come first, then what the client sent.
 */
#ifndef MSG_H
#define MSG_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

/* No more than this is put in front of a message. */
#define MSG_PREPEND_MAX	8192

struct msg;

/* A new spool in dir.  NULL: errno says why.  Freed by msg_close(). */
struct msg
	*msg_open(const char *dir);

/* Put a field, line end included, in front.  0, or -1 (errno). */
int	 msg_prepend(struct msg *, const char *, size_t);

/* A write-only append descriptor for another process; the caller closes it. */
int	 msg_appender(const struct msg *);

/*
 * Nobody writes any more.  told is what the writer says it wrote.  0; -1 where
 * the file does not hold that much, no more and no less.
 */
int	 msg_seal(struct msg *, uint64_t told);

/* Bytes that the client sent; of a sealed message. */
uint64_t msg_size(const struct msg *);

/* A descriptor of its own for a reader, at the message's first byte (with
 * its prepended fields), or at offset bytes behind the client's first. */
int	 msg_reader(const struct msg *);
int	 msg_body_reader(const struct msg *, uint64_t offset);

/* A file that has no name, in dir; and another opening of such a one.  -1
 * (errno). */
int	 msg_unnamed(const char *dir);
int	 msg_reopen(int fd, int flags);

/* Read up to n of the client's bytes from offset on.  As pread(2). */
ssize_t	 msg_read(const struct msg *, void *, size_t n, uint64_t offset);

/* Write n bytes over the client's from offset on.  0, or -1 (errno). */
int	 msg_overwrite(const struct msg *, const void *, size_t n,
	    uint64_t offset);

void	 msg_close(struct msg *);

#endif
