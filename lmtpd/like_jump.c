/*
 * Looking for one run of a Like pattern by two of its bytes that are rare in
 * headers, 16 places at a time.  Trusts nobody: the text is from the net, and
 * who fills it with such bytes only gets the run looked for in the other way.
 */
#include <string.h>

#include "like_run.h"

#define CALL_STEPS	4	/* of a place tried */
#define PIVOT_STEPS	16	/* of two pivots made */
#define LANES		16
#define BLOCK		(4 * LANES)

#define VECTOR	__attribute__((vector_size(LANES))) signed char

struct pivot {
	size_t		 at;
	VECTOR		 fold;	/* the bit in which the cases differ */
	VECTOR		 byte;
};

/* How common a byte is in header text: 0 to 9. */
static unsigned int
commonness(unsigned char c)
{
	static const char	 grade[] =
	    "90000000320406938887766755861610"	/* " " to "?" */
	    "14354643242335435257613222210100"	/* "@" to "_" */
	    "0958797768348979818996547420000";	/* "`" to "~" */

	if (c < ' ' || c >= ' ' + sizeof(grade) - 1)
		return 0;
	return grade[c - ' '] - '0';
}

/* As commonness(), for a slot; over 9: it is no pivot. */
static unsigned int
slot_grade(const struct like_slot *slot)
{
	if (slot->kind == LIKE_BYTE)
		return commonness(slot->byte);
	return slot->kind == LIKE_LETTER ? commonness(slot->byte) : 10;
}

void
like_run_pivots(struct like_run *run)
{
	unsigned int	 grade, best[2] = { 10, 10 };

	run->pivots = 0;
	for (size_t i = 0; i < run->len; i++) {
		grade = slot_grade(&run->slots[i]);
		if (grade < best[0]) {
			best[1] = best[0];
			run->pivot[1] = run->pivot[0];
			best[0] = grade;
			run->pivot[0] = i;
		} else if (grade < best[1]) {
			best[1] = grade;
			run->pivot[1] = i;
		}
	}
	while (run->pivots < 2 && best[run->pivots] < 10)
		run->pivots++;
}

size_t
like_run_fits(const struct like_run *run, const unsigned char *s, size_t n,
    struct like_walk *w)
{
	const struct like_slot	*slot = run->slots;
	const struct like_set	*next = run->sets;
	size_t			 i;
	bool			 takes;

	for (i = 0; i < run->len && i < n; i++, slot++) {
		w->steps++;
		if (slot->kind == LIKE_BYTE)
			takes = s[i] == slot->byte;
		else if (slot->kind == LIKE_LETTER)
			takes = (s[i] | 0x20) == slot->byte;
		else
			takes = like_slot_inverts(slot) !=
			    like_set_has(like_slot_set(slot, &next), s[i]);
		if (!takes)
			break;
	}
	return i;
}

static bool
fits_here(const struct like_run *run, struct like_walk *w)
{
	w->steps += CALL_STEPS;
	if (like_run_fits(run, w->at, run->len, w) < run->len)
		return false;
	w->at += run->len;
	return true;
}

static struct pivot
pivot_make(const struct like_run *run, size_t at)
{
	const struct like_slot	*slot = &run->slots[at];
	struct pivot		 p = { .at = at };

	memset(&p.fold, slot->kind == LIKE_LETTER ? 0x20 : 0, LANES);
	memset(&p.byte, slot->byte, LANES);
	return p;
}

/* Which of LANES places from s on have both pivots: 0 or -1 for each. */
static inline VECTOR
lanes_hit(const struct pivot *a, const struct pivot *b, const unsigned char *s)
{
	VECTOR	 x, y;

	memcpy(&x, s + a->at, LANES);
	memcpy(&y, s + b->at, LANES);
	return ((x | a->fold) == a->byte) & ((y | b->fold) == b->byte);
}

/* Whether any of BLOCK places has. */
static inline bool
block_hit(const struct pivot *a, const struct pivot *b, const unsigned char *s)
{
	VECTOR		 any;
	uint64_t	 halves[2];

	any = lanes_hit(a, b, s) | lanes_hit(a, b, s + LANES) |
	    lanes_hit(a, b, s + 2 * LANES) | lanes_hit(a, b, s + 3 * LANES);
	memcpy(halves, &any, LANES);
	return (halves[0] | halves[1]) != 0;
}

/* Tries the places of a block that are hit; as run_jump(). */
static int
try_block(const struct like_run *run, const struct pivot *a,
    const struct pivot *b, struct like_walk *w)
{
	const unsigned char	*block = w->at;
	signed char		 hits[BLOCK], *hit = hits;
	VECTOR			 x;

	for (size_t i = 0; i < BLOCK; i += LANES) {
		x = lanes_hit(a, b, block + i);
		memcpy(hits + i, &x, LANES);
	}
	while ((hit = memchr(hit, -1, hits + BLOCK - hit)) != NULL) {
		w->at = block + (hit - hits);
		if (w->steps >= w->budget)
			return -1;
		if (fits_here(run, w))
			return 1;
		hit++;
	}
	w->at = block + BLOCK;
	return 0;
}

/* What is too short for a block; as run_jump(). */
static int
run_crawl(const struct like_run *run, struct like_walk *w)
{
	for (; (size_t)(w->end - w->at) >= run->len; w->at++) {
		if (w->steps >= w->budget)
			return -1;
		if (fits_here(run, w))
			return 1;
	}
	return 0;
}

/*
 * Look for the run from one place of its pivots to the next.  1: found, and
 * passed; 0: it is nowhere; -1: not before w->at, and the budget is spent.
 */
static int
run_jump(const struct like_run *run, struct like_walk *w)
{
	const struct pivot	 a = pivot_make(run, run->pivot[0]);
	const struct pivot	 b = pivot_make(run,
	    run->pivot[run->pivots - 1]);
	int			 rv;

	w->steps += PIVOT_STEPS;
	while (w->end - w->at >= run->len - 1 + BLOCK) {
		if (w->steps >= w->budget)
			return -1;
		w->steps += BLOCK / LANES;
		if (!block_hit(&a, &b, w->at))
			w->at += BLOCK;
		else if ((rv = try_block(run, &a, &b, w)) != 0)
			return rv;
	}
	return run_crawl(run, w);
}

bool
like_run_find(const struct like_run *run, struct like_walk *w)
{
	int	 rv;

	if (w->end - w->at < run->len)
		return false;
	if (fits_here(run, w))
		return true;
	if (run->pivots > 0 && w->steps < w->budget &&
	    (rv = run_jump(run, w)) != -1)
		return rv;
	return like_run_scan(run, w);
}
