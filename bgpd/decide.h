/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decide: which of several eligible paths is the best one, and why the others are not.
 *
 * A numbered ladder (RFC 4271 section 9.1.2.2, RFC 4456 section 9), each rung with the reason that
 * the loser is shown with. MED compares only between paths of the same neighbouring AS, so "better"
 * is no order of paths: rungs 1 to 5 keep the equally good ones, rung 6 strikes out of each
 * neighbouring AS those above its lowest MED, the later rungs choose among the rest. The result
 * therefore does not depend on the order of arrival.
 */
#ifndef WGBGP_BGPD_DECIDE_H
#define WGBGP_BGPD_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "prefix.h"
#include "reason.h"

struct candidate {
	uint32_t weight;
	uint32_t local_pref;
	uint32_t med;	      /* 0 when the path has none */
	uint32_t neighbor_as; /* 0: empty AS path */
	uint32_t cost;	      /* of the way to the next hop */
	uint32_t router_id;   /* ORIGINATOR_ID, else the neighbour's identifier; host order */
	uint16_t as_path_len;
	uint8_t origin;
	uint8_t cluster_len;
	bool local; /* originated here */
	bool ebgp;
	const struct addr *peer; /* the neighbour's address; NULL where local */
	uint32_t path;		 /* the caller's */
	uint8_t reason;		 /* enum reason: set for those that lose */
};

/* The index of the best of C[0..N), N > 0; sets `reason` of all (NONE for the best). May reorder
 * nothing. */
size_t decide(struct candidate *c, size_t n);

#endif
