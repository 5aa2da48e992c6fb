/*
 * How many addresses an account has, in a file of two lines.  Trusts whoever
 * may write below the state directory, not that the file is whole.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "seen_count.h"
#include "seen_text.h"
#include "state.h"

#define FORMAT		"entries %08lu\ndropped %08lu\n"
#define LENGTH		34
#define MOST		99999999
#define AGAIN		1024	/* dropped, then entries are counted again */

struct count {
	unsigned long	 entries;	/* never less than there are */
	unsigned long	 dropped;
};

/* What is not as we write it is for counting: false. */
static bool
read_count(int fd, struct count *c)
{
	char	 text[LENGTH + 1], again[64];

	memset(c, 0, sizeof(*c));
	if (pread(fd, text, LENGTH, 0) != LENGTH)
		return false;
	text[LENGTH] = '\0';
	if (sscanf(text, "entries %8lu dropped %8lu", &c->entries,
	    &c->dropped) == 2) {
		snprintf(again, sizeof(again), FORMAT, c->entries,
		    c->dropped);
		if (strcmp(text, again) == 0)
			return true;
	}
	memset(c, 0, sizeof(*c));
	return false;
}

static int
write_count(int fd, const struct count *c)
{
	char	 text[64];
	ssize_t	 n;

	snprintf(text, sizeof(text), FORMAT, c->entries, c->dropped);
	if ((n = pwrite(fd, text, LENGTH, 0)) == LENGTH)
		return 0;
	if (n != -1)
		errno = ENOSPC;
	return -1;
}

static int
count_entry(int dir, const char *name, void *arg)
{
	unsigned long	*n = arg;

	(void)dir;
	*n += name[0] != '.';
	return 0;
}

int
seen_count_take(int dir, int fd, unsigned long most)
{
	struct count	 c;
	bool		 known = read_count(fd, &c), room;

	if (!known || (c.entries >= most &&
	    c.dropped % AGAIN == 0)) {
		c.entries = 0;
		if (state_each(dir, count_entry, &c.entries) == -1)
			return -1;
	}
	if ((room = c.entries < most))
		c.entries++;
	else if (c.dropped < MOST)
		c.dropped++;
	return write_count(fd, &c) == -1 ? -1 : room;
}

long
seen_count_dropped(int fd)
{
	struct count	 c;

	read_count(fd, &c);
	return (long)c.dropped;
}
