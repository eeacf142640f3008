/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_decide: which paths of a network are eligible, which is best, and who has to be told.
 */
#ifndef WGBGP_BGPD_RIB_DECIDE_H
#define WGBGP_BGPD_RIB_DECIDE_H

#include "decide.h"
#include "rib_table.h"

struct decision {
	uint32_t best;		/* path, 0 none */
	bool route;		/* zebra-lite gets the hops */
	bool tell;		/* neighbours get the best path, or its attributes */
	bool renew, recost;	/* else: its next hop's state, its cost */
	bool empty;		/* the network has no paths */
	struct route_hops hops; /* ranked */
};
/* Writes reasons, order and flags of this network alone. */
void rib_decide(struct rib_table *t, uint32_t id, struct decision *d);
struct candidate rib_candidate(uint32_t path); /* as the decision process sees it */
/* How far behind it stands by its attributes alone, whatever its next hop's state. */
enum demotion path_attr_demotion(const struct path *p, enum reason *why);
/* The worse of that and its next hop's. */
enum demotion path_demotion(const struct path *p, enum reason *why);

#endif
