/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decide: which of several eligible paths is the best one, and why the others are not.
 *
 * A numbered ladder (RFC 4271 section 9.1.2.2, RFC 4456 section 9), each rung with the reason that
 * the loser is shown with. MED compares only between paths of the same neighbouring AS, so "better"
 * is no order of paths: rungs 1 to 5 keep the equally good ones, rung 6 strikes out of each
 * neighbouring AS those above its lowest MED, the later rungs choose among the rest. The result
 * therefore does not depend on the order of arrival.
 *
 * The first rung is demotion: a path whose tunnel is degraded or being drained (DEMOTED) loses
 * against every path that is not, whatever policy says for it, and one whose tunnel seems down but
 * is kept (DEMOTED_LAST) against all others. For a stable choice all routers of an AS have to see
 * the same order of paths, as with LOCAL_PREF. So a demoted path for which we are the next hop is
 * sent to iBGP neighbours with LOCAL_PREF 0 (as RFC 8326 does), one that is kept also with
 * LLGR_STALE (RFC 9494), and these two mean DEMOTED and DEMOTED_LAST where they arrive, too. If
 * only our own view were demoted, two hubs with a degraded tunnel each to the same site would each
 * prefer the path by the other one, withdraw their own for it, be left with only their own,
 * announce it again, and so on for ever. As it is, each finds two demoted paths: its own wins by
 * its LOCAL_PREF (ours is not lowered here, so that policy still ranks the demoted ones among
 * themselves), at the latest as the external one, and both stay. Where one hub is demoted alone it
 * takes the other's path, the other its own: nothing that either of them then says changes that.
 */
#ifndef WGBGP_BGPD_DECIDE_H
#define WGBGP_BGPD_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "messages.h"
#include "prefix.h"
#include "reason.h"

#define NO_AIGP UINT64_MAX

struct candidate {
	uint32_t weight;
	uint32_t local_pref;
	uint32_t med;	      /* 0 when the path has none */
	uint32_t neighbor_as; /* 0: empty AS path */
	uint32_t cost;	      /* of the way to the next hop */
	uint64_t aigp;	      /* accumulated metric with that cost; NO_AIGP: none */
	uint32_t router_id;   /* ORIGINATOR_ID, else the neighbour's identifier; host order */
	uint16_t as_path_len;
	uint8_t origin;
	uint8_t cluster_len;
	uint8_t demotion;   /* enum demotion */
	uint8_t demoted_by; /* enum reason that it loses by then */
	bool local;	    /* originated here */
	bool ebgp;
	const struct addr *peer; /* the neighbour's address; NULL where local */
	uint32_t path;		 /* the caller's */
	uint8_t reason;		 /* enum reason: set for those that lose */
};

/* C ties with BEST on all rungs down to the cost (that one only where COST), and came by the same
 * neighbouring AS unless RELAX, and was not reflected more often: both may be used at a time.
 *
 * Two reflectors that are next hops for each other would else both share the traffic of a site with
 * the other one, and a flow that each gives to the other goes round until it has died. As it is,
 * who forwards by a path that was reflected K times has a best path of K or more, and the one
 * behind it announced that path, so its own best one was reflected K - 1 times: less with each
 * router. */
bool decide_ties(const struct candidate *best, const struct candidate *c, bool relax, bool cost);

/* The index of the best of C[0..N), N > 0; sets `reason` of all (NONE for the best). May reorder
 * nothing. */
size_t decide(struct candidate *c, size_t n);

#endif
