/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ways: the ways of a multipath route, interned: two sets are the same when their pointers are.
 *
 * Whoever has a set holds a reference. A route with one way has none: its interface and gateway
 * stand beside, and where there is a set those of the first way do.
 */
#ifndef WGBGP_ZEBRA_WAYS_H
#define WGBGP_ZEBRA_WAYS_H

#include "hash.h"
#include "out.h"

struct ways {
	struct hash_node hash;
	uint32_t refs;
	uint8_t n; /* two at least */
	struct way way[];
};

/* The caller owns one reference. NULL where N is less than two. */
struct ways *ways_get(const struct way *w, unsigned n);
struct ways *ways_ref(struct ways *s); /* NULL is fine, in all of these */
void ways_unref(struct ways *s);
bool ways_are(const struct ways *s, const struct way *w, unsigned n); /* N of less than two: none */
/* The I-th one whose link is up; where S is NULL there is ONE. False: there are no more. */
bool ways_up(const struct ways *s, const struct way *one, unsigned i, struct way *to);
bool ways_have(const struct ways *s, uint32_t ifindex);

#endif
