/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_multipath: which next hops share the traffic of a prefix. Begin with the best path, add the
 * best of those that tie as long as there are some, end when all are in the list of next hops, in
 * this order and in front.
 */
#ifndef WGBGP_BGPD_RIB_MULTIPATH_H
#define WGBGP_BGPD_RIB_MULTIPATH_H

#include "decide.h"
#include "messages.h"

struct multipath_choice {
	unsigned most; /* 0: no multipath */
	unsigned n;
	uint32_t path[ROUTE_HOPS_MAX];
	struct candidate best;
};
void multipath_begin(struct multipath_choice *m, const struct candidate *best);
size_t multipath_ties(const struct multipath_choice *m, struct candidate *c, size_t n);
void multipath_add(struct multipath_choice *m, uint32_t path);
void multipath_end(const struct multipath_choice *m, struct route_hops *hops);

#endif
