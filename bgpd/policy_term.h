/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy_term: a compiled policy. policy_compile.c builds it, policy.c runs it.
 */
#ifndef WGBGP_BGPD_POLICY_TERM_H
#define WGBGP_BGPD_POLICY_TERM_H

#include "conf_leaves.h"
#include "policy.h"

struct prefix_range { /* the prefix, or inside it, with a length from MIN to MAX */
	struct prefix prefix;
	uint8_t min, max;
};

struct u32_list {
	size_t n;
	uint32_t *v;
};

struct large_list {
	size_t n;
	uint32_t (*v)[3];
};

struct policy_term {
	struct conf_term; /* of the schema; first */
	/* conditions: an empty list is none */
	struct prefix_range *ranges; /* `prefix` and `prefix-exact` each must hold */
	size_t n_ranges;
	struct prefix *exact;
	size_t n_exact;
	uint8_t family; /* AF_INET, AF_INET6, 0 any */
	struct u32_list community, as_path, origin_as;
	struct large_list large;
	struct addr *neighbors;
	size_t n_neighbors;
	uint8_t protocols; /* of enum policy_protocol, 0 any */
	struct prefix *nexthops;
	size_t n_nexthops;
	/* changes */
	bool changes; /* any of the below */
	bool clear_communities, clear_large, nexthop_self;
	bool med_cost; /* set.med: to the cost of the next hop */
	struct u32_list community_add, community_delete;
	struct large_list large_add, large_delete;
	struct addr nexthop; /* family 0: unchanged */
};

struct policy {
	struct policy_term *terms;
	size_t n;
	bool accept; /* where no term decided */
};

/* CONFIG: a `policy` entry; fills P. */
void policy_compile(const json_t *config, struct policy *p);
void policy_release(struct policy *p);

#endif
