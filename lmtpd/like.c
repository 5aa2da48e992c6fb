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

static void
walk_begin(struct like_walk *w, const char *text, size_t n)
{
	w->at = (const unsigned char *)text;
	w->end = w->at + n;
	w->steps = 0;
	w->budget = BUDGET + n / BUDGET_SHARE;
	w->scanned = false;
}

static void
walk_end(struct like_walk *w)
{
	if (w->scanned)
		explicit_bzero(&w->stops, sizeof(w->stops));
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
	walk_begin(&w, text, n);
	w.end -= last->len;
	yes = fits(last, w.end, &w);
	if (first < last) {
		yes = yes && fits(first, w.at, &w);
		w.at += first->len;
	}
	for (const struct like_run *run = first + 1; yes && run < last; run++)
		yes = like_run_find(run, &w);
	walk_end(&w);
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
	struct like_walk	 w;
	size_t			 len;

	walk_begin(&w, text + at, n - at);
	len = like_run_fits(run, w.at, n - at, &w);
	place_add(place, at, len);
	return len == run->len;
}

/*
 * A run that may be anywhere; if it is nowhere, the most of its beginning:
 * where that fits, a shorter one does too.
 */
static bool
locate_run(const struct like_run *run, const char *text, struct like_walk *w,
    struct like_place *place)
{
	const unsigned char	*start = w->at, *end = start;
	struct like_run		 part = *run;
	size_t			 found = 0, missed = run->len + 1;

	for (; part.len > found; part.len = (found + missed) / 2) {
		w->at = start;
		if (like_run_scan(&part, w)) {
			found = part.len;
			end = w->at;
		} else
			missed = part.len;
	}
	w->at = end;
	place_add(place, (const char *)end - text - found, found);
	return found == run->len;
}

/* Behind the first run, which is there.  As like_match(), but n is any. */
static bool
locate_rest(const struct like *l, const char *text, size_t n,
    struct like_place *place)
{
	const struct like_run	*first = l->runs, *last = first + l->nruns - 1;
	struct like_walk	 w;
	size_t			 held = first->len;
	bool			 yes = true;

	if (n > held + last->len)
		held = n - last->len;
	walk_begin(&w, text, held);
	w.at += first->len;
	for (const struct like_run *run = first + 1; yes && run < last; run++)
		yes = locate_run(run, text, &w, place);
	walk_end(&w);
	return yes && locate_held(last, text, n, held, place);
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
