/*
 * Reader of a message's header block (RFC 5322 section 2.2), for text with LF
 * line ends.  Pure: it is fed bytes and holds at most what its bounds allow.
 *
 * The block ends at the first blank line, at a line that is neither a field
 * nor a continuation (the body begins there), or with the message.  One mbox
 * "From " line before the first field is passed over, as are continuation
 * lines there.
 */
#ifndef HEADER_H
#define HEADER_H

#include <stddef.h>

#define HEADER_BYTES_MAX	(256 * 1024)
#define HEADER_FIELDS_MAX	1000

struct header;

/* A field, unfolded (each line break and the white space that follows it kept
 * as that white space); neither string is NUL terminated. */
struct header_field {
	const char	*name;		/* without the colon */
	size_t		 name_len;
	const char	*value;		/* outer white space taken off */
	size_t		 value_len;
};

/* NULL: no memory.  Freed by header_free(). */
struct header
	*header_new(size_t bytes_max, size_t fields_max);

/*
 * Feed the next n bytes.  1: more are wanted; 0: the block has ended, feed no
 * more; -1: a bound was passed; -2: no memory.
 */
int	 header_feed(struct header *, const char *, size_t);

/* The message has ended.  0, or as header_feed(). */
int	 header_end(struct header *);

/* After 0 from one of the two: */
size_t	 header_count(const struct header *);
const struct header_field
	*header_at(const struct header *, size_t);
/* The first field of that name (ASCII case folded) from index *i on; moves *i
 * behind it.  NULL: no more. */
const struct header_field
	*header_next(const struct header *, const char *name, size_t *i);
/* The unfolded block, a '\n' behind each field; valid until header_free(). */
const char
	*header_text(const struct header *, size_t *len);
/* Bytes from the first one fed to the first one of the body. */
size_t	 header_body_offset(const struct header *);

void	 header_free(struct header *);

#endif
