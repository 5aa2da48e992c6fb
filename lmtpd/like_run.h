/*
 * Looking for one run of a Like pattern: tokens side by side that take one
 * byte each.  Pure, and in time that no text can blow up.
 */
#ifndef LIKE_RUN_H
#define LIKE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "like_token.h"

#define LIKE_WORD	64	/* tokens that go into one word of bits */

/* A token as it is kept: the set of a list is in the run's sets. */
struct like_slot {
	uint8_t		 kind;
	uint8_t		 byte;
};

struct like_run {
	const struct like_slot	*slots;
	const struct like_set	*sets;	/* of its lists, in their order */
	uint16_t		 len;	/* slots, and so bytes */
	uint16_t		 pivots;	/* 0, 1 or 2: how many there are */
	uint16_t		 pivot[2];	/* the slots of rarest bytes */
};

/* Which slots of a word do not take a byte: bit i is slot i. */
struct like_stops {
	_Alignas(16) uint64_t	 of[256];
};

/*
 * A step is about a nanosecond: a slot compared, a byte's stops changed or 8
 * bytes' stops set, a word of bits taken two bytes on, or one byte where it is
 * one of several, 16 places looked at for two bytes.
 */
struct like_walk {
	const unsigned char	*at;
	const unsigned char	*end;
	unsigned long long	 steps;		/* taken */
	unsigned long long	 budget;	/* of steps, for jumping */
	bool			 scanned;	/* stops hold a secret */
	struct like_stops	 stops;		/* of the run last scanned for */
};

/* Chooses the pivots of a run whose slots are there. */
void	 like_run_pivots(struct like_run *);

/* How many slots, from the first on, take the n bytes at s. */
size_t	 like_run_fits(const struct like_run *, const unsigned char *s,
	    size_t n, struct like_walk *);

/*
 * Takes the text up to the end of the first place where the run, which is
 * not empty, fits.  False: nowhere.
 */
bool	 like_run_find(const struct like_run *, struct like_walk *);

/* The same by bits alone. */
bool	 like_run_scan(const struct like_run *, struct like_walk *);

/* The sets of slots in their order: *next is that of the next list. */
static inline const struct like_set *
like_slot_set(const struct like_slot *slot, const struct like_set **next)
{
	if (slot->kind == LIKE_ANY)
		return &like_none;
	if (slot->kind == LIKE_DIGIT)
		return &like_digits;
	return (*next)++;
}

/* Whether the slot, no byte and no letter, takes what is not in its set. */
static inline bool
like_slot_inverts(const struct like_slot *slot)
{
	return slot->kind == LIKE_EXCEPT || slot->kind == LIKE_ANY;
}

#endif
