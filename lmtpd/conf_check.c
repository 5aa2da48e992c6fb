/*
 * What no single section of the configuration can tell: names that differ in
 * case only, and one source in two places.  Trusts nothing but that each
 * section by itself is right.
 */
#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf_check.h"

struct named {
	const char	*name;
	struct where	 where;
	size_t		 nth;
};

static int
by_folded_name(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int c = strcasecmp(x->name, y->name);

	return c != 0 ? c : x->nth < y->nth ? -1 : x->nth > y->nth;
}

static void
check_names(struct named *v, size_t n, const char *what, struct conf_errors *e)
{
	size_t i;

	qsort(v, n, sizeof(*v), by_folded_name);
	for (i = 1; i < n; i++)
		if (strcasecmp(v[i - 1].name, v[i].name) == 0)
			conf_error(e, v[i].where, "%s \"%s\" and \"%s\" "
			    "(%s:%d) differ in case only: rename one", what,
			    v[i].name, v[i - 1].name, v[i - 1].where.file,
			    v[i - 1].where.line);
	free(v);
}

static void
check_all_names(const struct policy *p, struct conf_errors *e)
{
	struct named *v = conf_room(p->backends, sizeof(*v));
	size_t i;

	for (i = 0; i < p->backends; i++)
		v[i] = (struct named){ p->backend[i].name,
		    p->backend[i].where, i };
	check_names(v, i, "backend", e);
	v = conf_room(p->channels, sizeof(*v));
	for (i = 0; i < p->channels; i++)
		v[i] = (struct named){ p->channel[i].name,
		    p->channel[i].where, i };
	check_names(v, i, "channel", e);
	v = conf_room(p->accounts, sizeof(*v));
	for (i = 0; i < p->accounts; i++)
		v[i] = (struct named){ p->account[i].name,
		    p->account[i].where, i };
	check_names(v, i, "account", e);
}

/* Order of what the sources stand for; 0: the same senders. */
static int
compare_sources(const struct source *x, const struct source *y)
{
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->kind != SOURCE_IP)
		return strcmp(x->name, y->name);
	if (x->ip.family != y->ip.family)
		return x->ip.family < y->ip.family ? -1 : 1;
	return memcmp(x->ip.byte, y->ip.byte,
	    x->ip.family == AF_INET ? 4 : 16);
}

/* Then the order in the policy's arrays, which is that of the files. */
static int
by_source(const void *a, const void *b)
{
	const struct source *x = *(const struct source *const *)a;
	const struct source *y = *(const struct source *const *)b;
	int c = compare_sources(x, y);

	if (c != 0)
		return c;
	if (x->account != y->account)
		return x->account < y->account ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* One sender, one account: else their order would decide. */
static void
check_sources(const struct policy *p, struct conf_errors *e)
{
	const struct source **v;
	size_t i, j, n = 0;

	for (i = 0; i < p->accounts; i++)
		n += p->account[i].sources;
	v = conf_room(n, sizeof(*v));
	n = 0;
	for (i = 0; i < p->accounts; i++)
		for (j = 0; j < p->account[i].sources; j++)
			v[n++] = &p->account[i].source[j];
	qsort(v, n, sizeof(*v), by_source);
	for (i = 1; i < n; i++)
		if (compare_sources(v[i - 1], v[i]) == 0)
			conf_error(e, v[i]->where, "%s is a source of account "
			    "\"%s\" already (%s:%d): keep one",
			    v[i]->kind == SOURCE_ANYONE ? "anyone" :
			    v[i]->name, v[i - 1]->account->name,
			    v[i - 1]->where.file, v[i - 1]->where.line);
	free(v);
}

void
conf_check(const struct policy *p, struct conf_errors *e)
{
	check_all_names(p, e);
	check_sources(p, e);
}
