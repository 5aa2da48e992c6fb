/*
 * Looking for one run of a Like pattern by bits in parallel: a slot is a bit,
 * and each byte of the text costs the same, whatever it is.  Trusts nobody:
 * the text is from the net, and may have been made to be slow.
 */
#include <string.h>

#include "like_run.h"

#define WORDS_MAX	(LIKE_PATTERN_MAX / LIKE_WORD)

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
toggle_set(struct like_masks *m, const struct like_set *set, uint64_t bit,
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
			toggle_range(m->takes + 64 * i + first, n, bit);
			w->steps += 2 + n / 4;
		}
	}
}

static void
toggle_slot(struct like_masks *m, const struct like_slot *slot, uint64_t bit,
    const struct like_set **next, struct like_walk *w)
{
	w->steps++;
	if (slot->kind == LIKE_BYTE) {
		m->takes[slot->byte] ^= bit;
	} else if (slot->kind == LIKE_LETTER) {
		m->takes[slot->byte] ^= bit;
		m->takes[slot->byte - 0x20] ^= bit;
	} else {
		toggle_set(m, like_slot_set(slot, next), bit, w);
		if (like_slot_inverts(slot))
			m->invert ^= bit;
	}
}

/*
 * Puts a word of a run's slots, from slot i on, into masks that are clear, or
 * takes them out again, so that no secret stays behind.  next is the set of
 * the first list in it; returns that of the first one behind it.
 */
static const struct like_set *
masks_toggle(struct like_masks *m, const struct like_run *run, size_t i,
    const struct like_set *next, struct like_walk *w)
{
	const struct like_slot	*slot = run->slots + i;
	const struct like_slot	*end = run->slots + run->len;
	uint64_t		 bit;

	for (bit = 1; bit != 0 && slot < end; bit <<= 1, slot++)
		toggle_slot(m, slot, bit, &next, w);
	return next;
}

/* How many bits there are up to the highest that is set. */
static size_t
bits_width(uint64_t bits)
{
	return bits == 0 ? 0 : LIKE_WORD - __builtin_clzll(bits);
}

/*
 * One byte on.  Bit i of d is 0 where slots 0 to i take the bytes up to here:
 * upside down, a shift lets the first slot begin at every byte.
 */
static inline uint64_t
step(const struct like_masks *m, uint64_t d, unsigned char c)
{
	return d << 1 | (m->takes[c] ^ ~m->invert);
}

/* Two bytes on, where d has to wait for two operations only, not for four. */
static inline uint64_t
step_twice(const struct like_masks *m, uint64_t d, const unsigned char *s,
    uint64_t *unseen)
{
	uint64_t	 one = m->takes[s[0]] ^ ~m->invert;
	uint64_t	 two = m->takes[s[1]] ^ ~m->invert;

	*unseen &= d << 1 | one;
	d = d << 2 | (one << 1 | two);
	*unseen &= d;
	return d;
}

/*
 * Eight bytes at a time, until there are no eight or bit last was seen: then
 * they are left to be taken one by one.
 */
static uint64_t
scan_blocks(const struct like_masks *m, uint64_t last, struct like_walk *w,
    uint64_t *unseen)
{
	const unsigned char	*s = w->at;
	uint64_t		 d = ~0ULL, ahead, here;

	for (; w->end - s >= 8; s += 8) {
		here = ~0ULL;
		ahead = step_twice(m, d, s, &here);
		ahead = step_twice(m, ahead, s + 2, &here);
		ahead = step_twice(m, ahead, s + 4, &here);
		ahead = step_twice(m, ahead, s + 6, &here);
		if (~here & last) {
			w->steps += 8;
			break;
		}
		*unseen &= here;
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
	uint64_t		 d, unseen = ~0ULL;

	masks_toggle(&w->masks, run, 0, run->sets, w);
	d = scan_blocks(&w->masks, last, w, &unseen);
	for (; w->at < w->end && d & last; w->at++) {
		d = step(&w->masks, d, *w->at);
		unseen &= d;
	}
	masks_toggle(&w->masks, run, 0, run->sets, w);
	w->steps += w->at - start;
	w->longest = bits_width(~unseen);
	return !(d & last);
}

static void
words_toggle(struct like_masks *m, const struct like_run *run,
    struct like_walk *w)
{
	const struct like_set	*next = run->sets;

	for (size_t i = 0; i < run->len; i += LIKE_WORD)
		next = masks_toggle(m++, run, i, next, w);
}

/* One byte on in n words: they are one long word. */
static inline void
step_words(const struct like_masks *m, uint64_t *d, uint64_t *unseen, size_t n,
    unsigned char c)
{
	uint64_t	 carry = 0, out;

	for (size_t i = 0; i < n; i++) {
		out = d[i] >> (LIKE_WORD - 1);
		d[i] = step(&m[i], d[i], c) | carry;
		unseen[i] &= d[i];
		carry = out;
	}
}

/* As scan_word() for a run of several words. */
static bool
scan_words(const struct like_run *run, struct like_walk *w)
{
	struct like_masks	 m[WORDS_MAX];
	uint64_t		 d[WORDS_MAX], unseen[WORDS_MAX];
	const size_t		 top = (run->len - 1) / LIKE_WORD;
	const uint64_t		 last = 1ULL << (run->len - 1) % LIKE_WORD;
	const unsigned char	*start = w->at;

	memset(m, 0, (top + 1) * sizeof(m[0]));
	memset(d, 0xff, sizeof(d));
	memset(unseen, 0xff, sizeof(unseen));
	w->steps += (top + 1) * LIKE_MASK_STEPS;
	words_toggle(m, run, w);
	for (; w->at < w->end && d[top] & last; w->at++)
		step_words(m, d, unseen, top + 1, *w->at);
	words_toggle(m, run, w);
	w->steps += (w->at - start) * (top + 1);
	w->longest = 0;
	for (size_t i = 0; i <= top && ~unseen[i] != 0; i++)
		w->longest = i * LIKE_WORD + bits_width(~unseen[i]);
	return !(d[top] & last);
}

bool
like_run_scan(const struct like_run *run, struct like_walk *w)
{
	if (run->len <= LIKE_WORD)
		return scan_word(run, w);
	return scan_words(run, w);
}
