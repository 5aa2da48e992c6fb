/*
 * Looking for one run of a Like pattern by bits in parallel: a slot is a bit,
 * and each byte of the text costs the same, whatever it is.  Trusts nobody:
 * the text is from the net, and may have been made to be slow.
 */
#include <string.h>

#include "like_run.h"

#define WORDS_MAX	(LIKE_PATTERN_MAX / LIKE_WORD)
#define BLOCK		8	/* bytes of the text that are taken at once */
#define HALF		(BLOCK / 2)
#define FILL_STEPS	32

/* All entries; eight a round, which the compiler makes few stores of. */
static void
fill(struct like_stops *m, uint64_t bits)
{
	uint64_t	*e;

	for (e = m->of; e < m->of + 256; e += 8) {
		e[0] = e[1] = e[2] = e[3] = bits;
		e[4] = e[5] = e[6] = e[7] = bits;
	}
}

/* n entries side by side, four at a time while there are four. */
static void
toggle_range(uint64_t *entry, size_t n, uint64_t bit)
{
	__attribute__((vector_size(32))) uint64_t	 four, bits;

	for (size_t i = 0; i < 4; i++)
		bits[i] = bit;
	for (; n >= 4; n -= 4, entry += 4) {
		memcpy(&four, entry, sizeof(four));
		four ^= bits;
		memcpy(entry, &four, sizeof(four));
	}
	for (; n > 0; n--)
		*entry++ ^= bit;
}

static void
toggle_set(struct like_stops *m, const struct like_set *set, uint64_t bit,
    struct like_walk *w)
{
	uint64_t	 left;
	unsigned int	 first, n;

	for (size_t i = 0; i < 4; i++) {
		left = set->bits[i];
		while (left != 0) {
			first = __builtin_ctzll(left);
			left |= left - 1;	/* fills up below it */
			n = (left == ~0ULL ? 64 : __builtin_ctzll(~left)) -
			    first;
			left &= left + 1;	/* empties up to its end */
			toggle_range(m->of + 64 * i + first, n, bit);
			w->steps += 2 + n / 4;
		}
	}
}

static void
toggle_slot(struct like_stops *m, const struct like_slot *slot, uint64_t bit,
    const struct like_set **next, struct like_walk *w)
{
	w->steps++;
	if (slot->kind == LIKE_BYTE) {
		m->of[slot->byte] ^= bit;
	} else if (slot->kind == LIKE_LETTER) {
		m->of[slot->byte] ^= bit;
		m->of[slot->byte - 0x20] ^= bit;
	} else
		toggle_set(m, like_slot_set(slot, next), bit, w);
}

/*
 * Makes the stops of a word of a run's slots, from slot i on.  next is the set
 * of the first list in it; returns that of the first one behind it.
 */
static const struct like_set *
stops_make(struct like_stops *m, const struct like_run *run, size_t i,
    const struct like_set *next, struct like_walk *w)
{
	const struct like_slot	*slot = run->slots + i;
	const size_t		 left = run->len - i;
	const size_t		 n = left < LIKE_WORD ? left : LIKE_WORD;
	uint64_t		 most = 0;	/* where most bytes stop */

	for (i = 0; i < n; i++)
		most |= (uint64_t)!like_slot_inverts(&slot[i]) << i;
	fill(m, most);
	w->steps += FILL_STEPS;
	for (i = 0; i < n; i++)
		toggle_slot(m, &slot[i], 1ULL << i, &next, w);
	return next;
}

/*
 * One byte on.  Bit i of d is 0 where slots 0 to i take the bytes up to here:
 * upside down, a shift lets the first slot begin at every byte.
 */
static inline uint64_t
step(const struct like_stops *m, uint64_t d, unsigned char c)
{
	return d << 1 | m->of[c];
}

/*
 * Half a block on, where d has to wait for two operations only, not for eight.
 * Bits behind those of the slots are never stopped: if three are spare, they
 * keep what the last slot's bit was after each byte, and then only d needs to
 * be looked at.
 */
static inline uint64_t
step_half(const struct like_stops *m, uint64_t d, const unsigned char *s,
    bool spare, uint64_t *unseen)
{
	uint64_t	 one = m->of[s[0]];
	uint64_t	 two = one << 1 | m->of[s[1]];
	uint64_t	 three = two << 1 | m->of[s[2]];

	if (!spare)
		*unseen &= (d << 1 | one) & (d << 2 | two) & (d << 3 | three);
	d = d << HALF | (three << 1 | m->of[s[3]]);
	*unseen &= d;
	return d;
}

/*
 * Block after block, until there is none or a bit of ends was seen: then its
 * bytes are left to be taken one by one.
 */
static inline uint64_t
scan_blocks(const struct like_stops *m, uint64_t ends, bool spare,
    struct like_walk *w)
{
	const unsigned char	*s = w->at;
	uint64_t		 d = ~0ULL, ahead, unseen;

	for (; w->end - s >= BLOCK; s += BLOCK) {
		unseen = ~0ULL;
		ahead = step_half(m, d, s, spare, &unseen);
		ahead = step_half(m, ahead, s + HALF, spare, &unseen);
		if (~unseen & ends)
			break;
		d = ahead;
	}
	w->at = s;
	return d;
}

/* Look for a run of one word. */
static bool
scan_word(const struct like_run *run, struct like_walk *w)
{
	const unsigned char	*start = w->at;
	const uint64_t		 last = 1ULL << (run->len - 1);
	uint64_t		 d;

	stops_make(&w->stops, run, 0, run->sets, w);
	w->scanned = true;
	if (run->len + HALF - 1 <= LIKE_WORD)
		d = scan_blocks(&w->stops, 0xf * last, true, w);
	else
		d = scan_blocks(&w->stops, last, false, w);
	for (; w->at < w->end && d & last; w->at++)
		d = step(&w->stops, d, *w->at);
	w->steps += BLOCK + (w->at - start) / 2;
	return !(d & last);
}

/* One byte on in n words: they are one long word. */
static inline void
step_words(const struct like_stops *m, uint64_t *d, size_t n, unsigned char c)
{
	uint64_t	 carry = 0, out;

	for (size_t i = 0; i < n; i++) {
		out = d[i] >> (LIKE_WORD - 1);
		d[i] = step(&m[i], d[i], c) | carry;
		carry = out;
	}
}

/* As scan_word() for a run of several words. */
static bool
scan_words(const struct like_run *run, struct like_walk *w)
{
	struct like_stops	 m[WORDS_MAX];
	uint64_t		 d[WORDS_MAX];
	const size_t		 top = (run->len - 1) / LIKE_WORD;
	const uint64_t		 last = 1ULL << (run->len - 1) % LIKE_WORD;
	const struct like_set	*next = run->sets;
	const unsigned char	*start = w->at;

	for (size_t i = 0; i <= top; i++)
		next = stops_make(&m[i], run, i * LIKE_WORD, next, w);
	memset(d, 0xff, sizeof(d));
	for (; w->at < w->end && d[top] & last; w->at++)
		step_words(m, d, top + 1, *w->at);
	explicit_bzero(m, (top + 1) * sizeof(m[0]));
	w->steps += (w->at - start) * (top + 1);
	return !(d[top] & last);
}

bool
like_run_scan(const struct like_run *run, struct like_walk *w)
{
	if (w->end - w->at < run->len)
		return false;
	if (run->len <= LIKE_WORD)
		return scan_word(run, w);
	return scan_words(run, w);
}
