/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tally: tells sets of prefixes apart without looking at each of them: how many there are, and the
 * sum of their hashes. Equal sets have equal tallies; of others that happens once in 2^64 times,
 * and nobody can bring it about, as the hash has a key of this process. A tally follows each change
 * of its set at the cost of one hash, in whatever order they come.
 */
#ifndef WGBGP_TALLY_H
#define WGBGP_TALLY_H

#include "hash.h"
#include "prefix.h"

struct tally {
	uint64_t n, sum;
};

static inline void tally_add(struct tally *t, const struct prefix *p)
{
	t->n++;
	t->sum += hash_long(p, sizeof(*p));
}

static inline void tally_take(struct tally *t, const struct prefix *p)
{
	t->n--;
	t->sum -= hash_long(p, sizeof(*p));
}

static inline bool tally_eq(const struct tally *a, const struct tally *b)
{
	return a->n == b->n && a->sum == b->sum;
}

#endif
