/*
 * Visual Basic's Like operator over bytes.  Trusts nobody: patterns come from
 * the configuration and texts from the net, and neither can make it slow.
 *
 * A pattern is cut at each "*" into runs of tokens that take one byte each.
 * The first run is held to the text's start and the last one to its end; a
 * run between is taken at the first place it fits, which leaves the most text
 * to the others.  A token is a bit; the masks tell which tokens take a byte.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "like.h"

#define WORD_BITS	64
#define WORDS_MAX	(LIKE_PATTERN_MAX / WORD_BITS)

/*
 * A step is about a nanosecond: a token compared, or one word of bits taken
 * one byte on.  memchr() is dear to call and cheap to run.
 */
#define CALL_STEPS	4
#define BYTES_A_STEP	16

/* Part of the text's length that may be spent, in steps, on jumping. */
#define BUDGET_SHARE	8

struct run {
	size_t		 bit;		/* of the first token */
	size_t		 len;		/* tokens, and so bytes */
	size_t		 pivot;		/* token whose byte is looked for */
	int		 byte;		/* that byte, or -1: there is none */
};

struct like {
	size_t		 runs_max;
	size_t		 nruns;
	size_t		 words;
	size_t		 min_len;	/* of a text that matches */
	uint64_t	(*masks)[256];	/* one for each word */
	struct run	 runs[];
};

enum token_kind {
	TOKEN_STAR,
	TOKEN_BYTE,			/* takes one byte */
	TOKEN_EMPTY			/* "[]" */
};

struct token {
	enum token_kind	 kind;
	bool		 takes[256];
};

struct reader {
	const char	*pattern;
	size_t		 len;
	size_t		 at;
	bool		 fold;
};

struct walk {
	const unsigned char	*at;
	const unsigned char	*end;
	unsigned long long	 steps;
	unsigned long long	 budget;	/* of steps, for run_jump() */
};

static int
refuse(struct like_error *e, size_t at, const char *what, const char *right)
{
	e->at = at;
	e->what = what;
	e->right = right;
	return -1;
}

static unsigned char
fold(const struct reader *r, char c)
{
	if (r->fold && c >= 'A' && c <= 'Z')
		return c - 'A' + 'a';
	return c;
}

static void
token_take(struct token *t, unsigned int first, unsigned int last)
{
	for (; first <= last; first++)
		t->takes[first] = true;
}

/* Until here only small letters stand in the token of a folding pattern. */
static void
token_fold(struct token *t)
{
	for (int c = 'A'; c <= 'Z'; c++)
		t->takes[c] = t->takes[c - 'A' + 'a'];
}

static void
token_negate(struct token *t)
{
	for (size_t c = 0; c < 256; c++)
		t->takes[c] = !t->takes[c];
}

/*
 * Items of a list: x or x-y.  That "-" is literal when first, last or behind
 * a range comes from reading on: there it is no x with a "-" and a y behind.
 */
static int
read_items(struct reader *r, size_t close, struct token *t,
    struct like_error *e)
{
	unsigned char	 first, last;
	size_t		 start;

	while (r->at < close) {
		start = r->at;
		first = last = fold(r, r->pattern[r->at++]);
		if (close - r->at >= 2 && r->pattern[r->at] == '-') {
			last = fold(r, r->pattern[r->at + 1]);
			r->at += 2;
		}
		if (first > last)
			return refuse(e, start, "reversed range",
			    "the lower end first, as in [a-z]");
		token_take(t, first, last);
	}
	return 0;
}

/* Reads on behind the "[" up to and with the "]". */
static int
read_list(struct reader *r, struct token *t, struct like_error *e)
{
	const char	*bracket;
	size_t		 close;
	bool		 negate;

	bracket = memchr(r->pattern + r->at, ']', r->len - r->at);
	if (bracket == NULL)
		return refuse(e, r->at - 1, "unclosed [",
		    "a ] behind the list, or [[] for the character");
	close = bracket - r->pattern;
	if (close == r->at)
		t->kind = TOKEN_EMPTY;
	negate = close - r->at >= 2 && r->pattern[r->at] == '!';
	if (negate)
		r->at++;
	if (read_items(r, close, t, e) == -1)
		return -1;
	if (negate)
		token_negate(t);
	r->at = close + 1;
	return 0;
}

/* -1: the pattern is wrong; 0: it has ended; 1: a token was read. */
static int
read_token(struct reader *r, struct token *t, struct like_error *e)
{
	unsigned char	 c;

	if (r->at == r->len)
		return 0;
	memset(t, 0, sizeof(*t));
	t->kind = TOKEN_BYTE;
	c = fold(r, r->pattern[r->at++]);
	if (c == '*')
		t->kind = TOKEN_STAR;
	else if (c == '?')
		token_take(t, 0, 255);
	else if (c == '#')
		token_take(t, '0', '9');
	else if (c != '[')
		token_take(t, c, c);
	else if (read_list(r, t, e) == -1)
		return -1;
	if (r->fold)
		token_fold(t);
	return 1;
}

/* The first run and the last may be empty, those between are not. */
static void
add_star(struct like *l)
{
	if (l->nruns == 1 || l->runs[l->nruns - 1].len > 0)
		l->nruns++;
}

static int
split_runs(struct like *l, struct reader r, int flags, struct like_error *e)
{
	struct token	 t;
	int		 rv;

	l->nruns = 1;
	if (flags & LIKE_SEARCH)
		add_star(l);
	while ((rv = read_token(&r, &t, e)) == 1) {
		if (t.kind == TOKEN_STAR)
			add_star(l);
		if (t.kind == TOKEN_BYTE) {
			l->runs[l->nruns - 1].len++;
			l->min_len++;
		}
	}
	if (flags & LIKE_SEARCH)
		add_star(l);
	explicit_bzero(&t, sizeof(t));
	return rv;
}

/* A run lies in one word, or begins one. */
static void
place_runs(struct like *l)
{
	struct run	*run;
	size_t		 bit = 0, left;

	for (size_t i = 0; i < l->nruns; i++) {
		run = &l->runs[i];
		left = WORD_BITS - bit % WORD_BITS;
		if (left < WORD_BITS && left < run->len)
			bit += left;
		run->bit = bit;
		run->byte = -1;
		bit += run->len;
	}
	l->words = bit / WORD_BITS + 1;
}

/* How common a byte is in header text, roughly: its rank. */
static int
commonness(int byte)
{
	static const char	 common[] =
	    "][>@<\t\nqUZWQJHzYX)(/OjKBGVL+FwkNDIAyvRM9Cb8P=TE-h65;u73g4"
	    "Sfndx:p2ci0rl1tsa.mo e";
	const char		*p;

	p = byte == '\0' ? NULL : strchr(common, byte);
	return p == NULL ? -1 : p - common;
}

/* The only byte that the token takes, or -1. */
static int
only_byte(const struct token *t)
{
	int	 byte = -1;

	for (int c = 0; c < 256; c++) {
		if (!t->takes[c])
			continue;
		if (byte != -1)
			return -1;
		byte = c;
	}
	return byte;
}

static void
fill_token(struct like *l, struct run *run, size_t i, const struct token *t)
{
	size_t		 bit = run->bit + i;
	uint64_t	*mask = l->masks[bit / WORD_BITS];
	int		 byte;

	for (size_t c = 0; c < 256; c++)
		mask[c] |= (uint64_t)t->takes[c] << bit % WORD_BITS;
	byte = only_byte(t);
	if (byte == -1)
		return;
	if (run->byte == -1 || commonness(byte) < commonness(run->byte)) {
		run->pivot = i;
		run->byte = byte;
	}
}

/* Empty runs take no token, so the tokens fill the runs in their order. */
static void
fill_masks(struct like *l, struct reader r)
{
	struct like_error	 e;
	struct token		 t;
	struct run		*run = l->runs;
	size_t			 i = 0;

	while (read_token(&r, &t, &e) == 1) {
		if (t.kind != TOKEN_BYTE)
			continue;
		while (i == run->len) {
			run++;
			i = 0;
		}
		fill_token(l, run, i++, &t);
	}
	explicit_bzero(&t, sizeof(t));
}

static struct like *
like_new(const char *pattern, size_t n)
{
	struct like	*l;
	size_t		 runs = 3;	/* with both stars of LIKE_SEARCH */

	for (size_t i = 0; i < n; i++)
		runs += pattern[i] == '*';
	l = calloc(1, sizeof(*l) + runs * sizeof(l->runs[0]));
	if (l != NULL)
		l->runs_max = runs;
	return l;
}

struct like *
like_compile(const char *pattern, size_t n, int flags, struct like_error *e)
{
	struct reader	 r = { pattern, n, 0, flags & LIKE_TEXT };
	struct like	*l;

	refuse(e, 0, NULL, NULL);
	if (n > LIKE_PATTERN_MAX) {
		refuse(e, LIKE_PATTERN_MAX, "pattern too long",
		    "at most 4096 bytes");
		return NULL;
	}
	if ((l = like_new(pattern, n)) == NULL)
		return NULL;
	if (split_runs(l, r, flags, e) == -1)
		goto bad;
	place_runs(l);
	if ((l->masks = calloc(l->words, sizeof(*l->masks))) == NULL)
		goto bad;
	fill_masks(l, r);
	return l;
bad:
	like_free(l);
	return NULL;
}

static bool
run_fits(const struct like *l, const struct run *run, const unsigned char *s,
    struct walk *w)
{
	size_t	 bit = run->bit;

	for (size_t i = 0; i < run->len; i++, bit++) {
		w->steps++;
		if (!(l->masks[bit / WORD_BITS][s[i]] >> bit % WORD_BITS & 1))
			return false;
	}
	return true;
}

/*
 * Look for the run from one place of its rarest byte to the next.  1: found,
 * and passed; 0: it is nowhere; -1: not before w->at, and the budget is spent.
 */
static int
run_jump(const struct like *l, const struct run *run, struct walk *w)
{
	const unsigned char	*from, *p;
	size_t			 places;

	while ((size_t)(w->end - w->at) >= run->len) {
		if (w->steps >= w->budget)
			return -1;
		places = w->end - w->at - run->len + 1;
		from = w->at + run->pivot;
		p = memchr(from, run->byte, places);
		w->steps += CALL_STEPS +
		    (p == NULL ? places : (size_t)(p - from)) / BYTES_A_STEP;
		if (p == NULL)
			return 0;
		w->at = p - run->pivot;
		if (run_fits(l, run, w->at, w)) {
			w->at += run->len;
			return 1;
		}
		w->at++;
	}
	return 0;
}

/*
 * Look for a run of one word: bit i of d says that tokens 0 to i take the
 * bytes up to here.  Bits above the run's are never reached.
 */
static bool
run_scan_word(const struct like *l, const struct run *run, struct walk *w)
{
	const uint64_t		*mask = l->masks[run->bit / WORD_BITS];
	const unsigned char	*p;
	const unsigned int	 shift = run->bit % WORD_BITS;
	const uint64_t		 last = (uint64_t)1 << (run->len - 1);
	uint64_t		 d = 0;

	for (p = w->at; p < w->end && !(d & last); p++)
		d = (d << 1 | 1) & mask[*p] >> shift;
	w->steps += p - w->at;
	w->at = p;
	return d & last;
}

/* As run_scan_word() for a run of several words. */
static bool
run_scan_words(const struct like *l, const struct run *run, struct walk *w)
{
	const uint64_t	(*mask)[256] = l->masks + run->bit / WORD_BITS;
	const size_t	 top = (run->len - 1) / WORD_BITS;
	const uint64_t	 last = (uint64_t)1 << (run->len - 1) % WORD_BITS;
	uint64_t	 d[WORDS_MAX] = { 0 }, carry, out;

	for (; w->at < w->end && !(d[top] & last); w->at++) {
		carry = 1;
		for (size_t i = 0; i <= top; i++) {
			out = d[i] >> (WORD_BITS - 1);
			d[i] = (d[i] << 1 | carry) & mask[i][*w->at];
			carry = out;
		}
		w->steps += top + 1;
	}
	return d[top] & last;
}

/* Takes the text up to the end of the first place where the run fits. */
static bool
run_find(const struct like *l, const struct run *run, struct walk *w)
{
	int	 rv;

	if (run->byte != -1 && (rv = run_jump(l, run, w)) != -1)
		return rv;
	if (run->len <= WORD_BITS)
		return run_scan_word(l, run, w);
	return run_scan_words(l, run, w);
}

bool
like_match_steps(const struct like *l, const char *text, size_t n,
    unsigned long long *steps)
{
	const struct run	*first = l->runs, *last = first + l->nruns - 1;
	struct walk		 w = { .budget = n / BUDGET_SHARE };
	bool			 yes;

	if (n < l->min_len || (first == last && n > l->min_len))
		return false;
	w.at = (const unsigned char *)text;
	w.end = w.at + n - last->len;
	yes = run_fits(l, last, w.end, &w);
	if (first < last) {
		yes = yes && run_fits(l, first, w.at, &w);
		w.at += first->len;
	}
	for (const struct run *run = first + 1; yes && run < last; run++)
		yes = run_find(l, run, &w);
	*steps += w.steps;
	return yes;
}

bool
like_match(const struct like *l, const char *text, size_t n)
{
	unsigned long long	 steps = 0;

	return like_match_steps(l, text, n, &steps);
}

bool
like_matches_all(const struct like *l)
{
	return l->nruns > 1 && l->min_len == 0;
}

void
like_free(struct like *l)
{
	if (l == NULL)
		return;
	freezero(l->masks, l->words * sizeof(*l->masks));
	freezero(l, sizeof(*l) + l->runs_max * sizeof(l->runs[0]));
}
