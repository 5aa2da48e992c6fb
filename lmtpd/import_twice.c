/*
 * Addresses that a file has more than once.  Trusts its caller that they are
 * checked; memory is bounded whatever comes.
 */
#include <stdlib.h>
#include <string.h>

#include "import_twice.h"
#include "table.h"

void
twice_clear(struct twice *s)
{
	size_t i;

	for (i = 0; i < s->suspects; i++)
		free(s->suspect[i].address);
	memset(s, 0, sizeof(*s));
}

/* The first whose address is not less. */
static size_t
seek(const struct twice *s, const char *address)
{
	size_t lo = 0, hi = s->suspects, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (strcmp(s->suspect[mid].address, address) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct twice_suspect *
find(struct twice *s, const char *address)
{
	size_t i = seek(s, address);

	return i < s->suspects &&
	    strcmp(s->suspect[i].address, address) == 0 ?
	    &s->suspect[i] : NULL;
}

int
twice_suspect(struct twice *s, const char *address)
{
	size_t i = seek(s, address);
	char *copy;

	if (find(s, address) != NULL)
		return 0;
	if (s->suspects == TWICE_SUSPECTS_MAX) {
		s->more++;
		return 0;
	}
	if ((copy = strdup(address)) == NULL)
		return -1;
	memmove(&s->suspect[i + 1], &s->suspect[i],
	    (s->suspects++ - i) * sizeof(s->suspect[i]));
	memset(&s->suspect[i], 0, sizeof(s->suspect[i]));
	s->suspect[i].address = copy;
	return 0;
}

static size_t
place(const char *s)
{
	size_t h = 5381;

	while (*s != '\0')
		h = h * 33 ^ (unsigned char)*s++;
	return h % TWICE_RECENT;
}

int
twice_recent(struct twice *s, const char *address, const char *user)
{
	struct twice_recent *r = &s->recent[place(address)];

	if (strcmp(r->address, address) != 0) {
		strlcpy(r->address, address, sizeof(r->address));
		strlcpy(r->user, user, sizeof(r->user));
		return 0;
	}
	if (strcmp(r->user, user) == 0)
		return 2;
	return twice_suspect(s, address) == -1 ? -1 : 1;
}

int
twice_tell(struct twice *s, struct import_problems *problems,
    unsigned long line, const char *address, const char *user)
{
	struct twice_suspect *first = find(s, address);

	if (first == NULL)
		return 0;
	if (first->line == 0) {
		first->line = line;
		strlcpy(first->user, user, sizeof(first->user));
		return 0;
	}
	if (strcmp(first->user, user) == 0)
		return 0;
	return import_problem_add(problems, line, 2, "\"%s\": duplicate, "
	    "line %lu gives the same address to \"%s\": one user would be "
	    "right", user, first->line, first->user);
}
