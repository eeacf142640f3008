/* SPDX-License-Identifier: BSD-2-Clause */
/* received: what a neighbour has announced and not withdrawn: prefix to attribute set. */
#ifndef WGBGP_BENCH_RECEIVED_H
#define WGBGP_BENCH_RECEIVED_H

#include <stdio.h>

#include "attrs.h"

struct received_slot {
	struct prefix prefix; /* family 0: free */
	uint32_t attrs;	      /* number in the pool */
};

struct received {
	struct attrs_pool *pool; /* borrowed */
	struct received_slot *slots;
	size_t mask, count; /* mask: slots - 1 */
};

struct received *received_new(struct attrs_pool *pool);
void received_free(struct received *r);
void received_set(struct received *r, const struct prefix *p, uint32_t attrs);
void received_remove(struct received *r, const struct prefix *p);
void received_clear(struct received *r);

/* A value that depends on the content alone, not on the order or on the run. */
uint64_t received_digest(const struct received *r);
/* A line a prefix, in no order: "PREFIX|NEXT HOP|AS PATH|MED|LOCAL_PREF". */
void received_write(const struct received *r, FILE *f);

#endif
