/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prefix_order: prefixes of one family in order, for tables that have none.
 *
 * The prefixes are collected in runs, each sorted when it is closed (so a quantum of the collecting
 * walk is one run); then the runs are merged while the prefixes are taken one by one. Only prefixes
 * are kept, 6 or 18 bytes each: what they stand for is looked up again when its turn comes, so the
 * table may change meanwhile.
 */
#ifndef WGBGP_PREFIX_ORDER_H
#define WGBGP_PREFIX_ORDER_H

#include "prefix.h"

struct prefix_run {
	uint32_t at, end; /* of the keys */
};

struct prefix_order {
	uint8_t family;
	uint8_t *keys;
	uint32_t n, start; /* keys; the first of the open run */
	size_t cap;
	struct prefix_run *runs; /* a heap by their first prefix, once they are merged */
	uint32_t n_runs;
};

void prefix_order_start(struct prefix_order *o, uint8_t family); /* empties it */
void prefix_order_add(struct prefix_order *o, const struct prefix *p);
void prefix_order_close_run(struct prefix_order *o);
void prefix_order_merge(struct prefix_order *o); /* no more runs; now they are taken */
bool prefix_order_first(const struct prefix_order *o, struct prefix *p); /* false: none left */
void prefix_order_drop(struct prefix_order *o);				 /* the first one */
void prefix_order_free(struct prefix_order *o);

#endif
