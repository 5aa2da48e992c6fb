/*
 * Fuzz target of table.c and of table_repeats().  Input: a table's file.
 * Mapped and in pieces it tells the same, within its bounds; but a table that
 * is mapped is told damaged where pieces may tell no.
 */
#include <sys/mman.h>

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "table.h"
#include "table_file.h"

#define ROWS_MAX	1000

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static struct table *
open_copy(const uint8_t *input, size_t size, bool mapped)
{
	int	 fd = memfd_create("table", 0);

	must(fd != -1 && write(fd, input, size) == (ssize_t)size);
	return table_open_fd(fd, mapped);
}

static int
count(void *arg, const char *address, const char *first, const char *user)
{
	must(*address != '\0' && *first != '\0' && *user != '\0');
	return ++*(int *)arg == ROWS_MAX;
}

static uint64_t
add(uint64_t sum, const char *s)
{
	while (*s != '\0')
		sum = sum * 31 + (uint8_t)*s++;
	return sum;
}

static void
find(const struct table *t, const char *address)
{
	char	 user[TABLE_USER_MAX];
	int	 rc = table_find(t, address, user);

	must(rc != -1 || errno == EBADMSG);
	must(rc != 1 || *user != '\0');
}

/* What its rows are, as a number. */
static uint64_t
read_rows(struct table *t)
{
	char		 address[ADDR_MAX], user[TABLE_USER_MAX];
	unsigned int	 at = 0, n = 0;
	int		 rc;
	uint64_t	 sum = table_rows(t);

	while ((rc = table_next(t, &at, address, user)) == 1 &&
	    n++ < ROWS_MAX) {
		must(addr_clean(address, strlen(address)));
		sum = add(add(sum, address), user);
		find(t, address);
	}
	must(rc != -1 || errno == EBADMSG);
	find(t, "alice@example.com");
	return sum;
}

/* How many rows repeat, or -1: damaged. */
static int
read_repeats(struct table *t)
{
	int	 repeats = 0;

	return table_repeats(t, count, &repeats) == -1 ? -1 : repeats;
}

static void
compare(struct table *mapped, struct table *pieces)
{
	int	 repeats = read_repeats(mapped);

	must(read_rows(mapped) == read_rows(pieces));
	must(repeats == -1 || repeats == read_repeats(pieces));
}

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct table	*mapped, *pieces;

	if (size > 1 << 16)
		return 0;
	mapped = open_copy(input, size, true);
	pieces = open_copy(input, size, false);
	must((mapped == NULL) == (pieces == NULL));
	if (mapped != NULL)
		compare(mapped, pieces);
	table_close(mapped);
	table_close(pieces);
	return 0;
}
