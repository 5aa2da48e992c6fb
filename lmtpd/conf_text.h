/*
 * The text of one configuration file, looked through before libconfuse reads
 * it: refuses what that takes in silence, and blanks what it miscounts.
 */
#ifndef CONF_TEXT_H
#define CONF_TEXT_H

#include <stddef.h>

#include "conf_scan.h"

#define CONF_TEXT_MAX	(16 * 1024 * 1024)	/* bytes of one file */
#define CONF_KEY_MAX	32			/* a longer key is none */
#define CONF_KEYS_MAX	64			/* in one section */

struct conf_key {
	char	 name[CONF_KEY_MAX];
	int	 line;
};

/* Keys outside sections, over all files; begins as zeroes. */
struct conf_keys {
	struct conf_key	 key[CONF_KEYS_MAX];
	size_t		 n;
};

struct conf_text {
	int	*line;		/* where each section begins, in the order in
				 * which they end; libconfuse forgets it */
	size_t	 sections;
};

/*
 * Look through the n bytes of a file.  Comments become blanks, line ends stay.
 * 0; 1: errors were reported, the rest can be parsed to find more; -1: after
 * an error the text makes no sense.  conf_text_free() in all cases.
 */
int	 conf_text_scan(char *, size_t n, struct conf_keys *top,
	    struct conf_text *, const struct conf_text_report *);
/*
 * Drop the blanks that begin lines, which is most of what comments leave:
 * libconfuse takes as long for a blank as for any byte.  Returns the new n.
 */
size_t	 conf_text_squeeze(char *, size_t n);
void	 conf_text_free(struct conf_text *);

#endif
