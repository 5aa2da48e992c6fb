/*
 * Visual Basic's Like operator over bytes.  Trusts nobody: patterns come from
 * the configuration and texts from the net, and neither can make it slow.
 *
 * A pattern is cut at each "*" into runs of tokens that take one byte each.
 * The first run is held to the text's start and the last one to its end; a
 * run between is taken at the first place it fits, which leaves the most text
 * to the others.
 */
#include <stdlib.h>
#include <string.h>

#include "like.h"
#include "like_run.h"
#include "like_token.h"

/* Steps that may be spent on jumping: some, and a part of the text's length. */
#define BUDGET		256
#define BUDGET_SHARE	8

/* One block of memory: behind the runs lie the sets, and then the slots. */
struct like {
	size_t		 size;
	size_t		 nruns;
	size_t		 min_len;	/* of a text that matches */
	bool		 search;	/* LIKE_SEARCH */
	struct like_run	 runs[];
};

/* What a pattern comes to. */
struct tally {
	size_t		 runs;
	size_t		 sets;
	size_t		 slots;
	size_t		 run_len;	/* of the last run */
};

/* Where the next token is put. */
struct layout {
	struct like_run		*run;
	struct like_set		*set;
	struct like_slot	*slot;
};

static bool
has_set(enum like_kind kind)
{
	return kind == LIKE_LIST || kind == LIKE_EXCEPT;
}

/* The first run and the last may be empty, those between are not. */
static void
count_star(struct tally *t)
{
	if (t->runs == 1 || t->run_len > 0)
		t->runs++;
	t->run_len = 0;
}

static int
pattern_count(struct like_reader r, int flags, struct tally *t,
    struct like_error *e)
{
	struct like_token	 token;
	int			 rv;

	*t = (struct tally){ .runs = 1 };
	if (flags & LIKE_SEARCH)
		count_star(t);
	while ((rv = like_token_read(&r, &token, e)) == 1) {
		if (token.kind == LIKE_STAR) {
			count_star(t);
		} else if (token.kind != LIKE_EMPTY) {
			t->slots++;
			t->run_len++;
			t->sets += has_set(token.kind);
		}
	}
	if (flags & LIKE_SEARCH)
		count_star(t);
	explicit_bzero(&token, sizeof(token));
	return rv;
}

static struct like *
like_new(const struct tally *t)
{
	struct like	*l;
	size_t		 size;

	size = sizeof(*l) + t->runs * sizeof(l->runs[0]) +
	    t->sets * sizeof(struct like_set) +
	    t->slots * sizeof(struct like_slot);
	if ((l = calloc(1, size)) == NULL)
		return NULL;
	l->size = size;
	l->nruns = t->runs;
	l->min_len = t->slots;
	return l;
}

static void
begin_run(struct layout *at)
{
	at->run->slots = at->slot;
	at->run->sets = at->set;
}

/* As count_star(). */
static void
put_star(const struct like *l, struct layout *at)
{
	if (at->run > l->runs && at->run->len == 0)
		return;
	at->run++;
	begin_run(at);
}

static void
put_token(struct layout *at, const struct like_token *t)
{
	at->slot->kind = t->kind;
	at->slot->byte = t->byte;
	at->slot++;
	at->run->len++;
	if (has_set(t->kind))
		*at->set++ = t->set;
}

/* Fills in a pattern that has been counted, and so is right. */
static void
like_fill(struct like *l, struct like_reader r, const struct tally *t,
    int flags)
{
	struct layout		 at;
	struct like_token	 token;
	struct like_error	 e;

	at.run = l->runs;
	at.set = (struct like_set *)(l->runs + t->runs);
	at.slot = (struct like_slot *)(at.set + t->sets);
	begin_run(&at);
	if (flags & LIKE_SEARCH)
		put_star(l, &at);
	while (like_token_read(&r, &token, &e) == 1) {
		if (token.kind == LIKE_STAR)
			put_star(l, &at);
		else if (token.kind != LIKE_EMPTY)
			put_token(&at, &token);
	}
	if (flags & LIKE_SEARCH)
		put_star(l, &at);
	explicit_bzero(&token, sizeof(token));
	for (size_t i = 0; i < l->nruns; i++)
		like_run_pivots(&l->runs[i]);
	l->search = flags & LIKE_SEARCH;
}

struct like *
like_compile(const char *pattern, size_t n, int flags, struct like_error *e)
{
	struct like_reader	 r = { pattern, n, 0, flags & LIKE_TEXT };
	struct like		*l;
	struct tally		 t;

	like_refuse(e, 0, NULL, NULL);
	if (n > LIKE_PATTERN_MAX) {
		like_refuse(e, LIKE_PATTERN_MAX, "pattern too long",
		    "at most 4096 bytes");
		return NULL;
	}
	if (pattern_count(r, flags, &t, e) == -1 || (l = like_new(&t)) == NULL)
		return NULL;
	like_fill(l, r, &t, flags);
	return l;
}

static struct like_walk
walk_begin(const char *text, size_t n)
{
	struct like_walk	 w = { .budget = BUDGET + n / BUDGET_SHARE };

	w.at = (const unsigned char *)text;
	w.end = w.at + n;
	w.steps = LIKE_MASK_STEPS;
	return w;
}

static bool
fits(const struct like_run *run, const unsigned char *s, struct like_walk *w)
{
	return like_run_fits(run, s, run->len, w) == run->len;
}

bool
like_match_steps(const struct like *l, const char *text, size_t n,
    unsigned long long *steps)
{
	const struct like_run	*first = l->runs, *last = first + l->nruns - 1;
	struct like_walk	 w;
	bool			 yes;

	if (n < l->min_len || (first == last && n > l->min_len))
		return false;
	w = walk_begin(text, n);
	w.end -= last->len;
	yes = fits(last, w.end, &w);
	if (first < last) {
		yes = yes && fits(first, w.at, &w);
		w.at += first->len;
	}
	for (const struct like_run *run = first + 1; yes && run < last; run++)
		yes = like_run_find(run, &w);
	*steps += w.steps;
	return yes;
}

bool
like_match(const struct like *l, const char *text, size_t n)
{
	unsigned long long	 steps = 0;

	return like_match_steps(l, text, n, &steps);
}

static void
place_add(struct like_place *place, size_t at, size_t len)
{
	if (len == 0)
		return;
	if (place->found == 0)
		place->from = at;
	place->to = at + len;
	place->found += len;
}

/* A run that is held to one place: true, if all of it is there. */
static bool
locate_held(const struct like_run *run, const char *text, size_t n, size_t at,
    struct like_place *place)
{
	struct like_walk	 w = walk_begin(text + at, n - at);
	size_t			 len = like_run_fits(run, w.at, n - at, &w);

	place_add(place, at, len);
	return len == run->len;
}

/* A run that may be anywhere; if it is nowhere, the most of its beginning. */
static bool
locate_run(const struct like_run *run, const char *text, struct like_walk *w,
    struct like_place *place)
{
	const unsigned char	*start = w->at;
	struct like_run		 part = *run;
	bool			 whole;

	if (!(whole = like_run_scan(run, w))) {
		part.len = w->longest;
		w->at = start;
		if (part.len == 0 || !like_run_scan(&part, w))
			return false;
	}
	place_add(place, (const char *)w->at - text - part.len, part.len);
	return whole;
}

/* Behind the first run, which is there.  As like_match(), but n is any. */
static bool
locate_rest(const struct like *l, const char *text, size_t n,
    struct like_place *place)
{
	const struct like_run	*first = l->runs, *last = first + l->nruns - 1;
	struct like_walk	 w = walk_begin(text, n);
	size_t			 held = first->len;

	if (n > held + last->len)
		held = n - last->len;
	w.at += first->len;
	w.end = (const unsigned char *)text + held;
	for (const struct like_run *run = first + 1; run < last; run++)
		if (!locate_run(run, text, &w, place))
			return false;
	return locate_held(last, text, n, held, place);
}

bool
like_locate(const struct like *l, const char *text, size_t n,
    struct like_place *place)
{
	bool	 yes;

	*place = (struct like_place){ .tokens = l->min_len };
	yes = locate_held(l->runs, text, n, 0, place);
	if (l->nruns == 1)
		yes = yes && n == l->min_len;
	else
		yes = yes && locate_rest(l, text, n, place);
	if (yes && !l->search) {
		place->from = 0;
		place->to = n;
	}
	return yes;
}

bool
like_matches_all(const struct like *l)
{
	return l->nruns > 1 && l->min_len == 0;
}

void
like_free(struct like *l)
{
	if (l != NULL)
		freezero(l, l->size);
}
