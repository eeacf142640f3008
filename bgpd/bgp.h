/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bgp: what holds for the whole daemon, from the container `bgp` of the configuration.
 */
#ifndef WGBGP_BGPD_BGP_H
#define WGBGP_BGPD_BGP_H

#include <stdbool.h>
#include <stdint.h>

/* Shares of equally good next hops. */
enum multipath_weights { WEIGHTS_NONE, WEIGHTS_LINK_BANDWIDTH, WEIGHTS_COST };

struct multipath {
	uint8_t ebgp, ibgp; /* most next hops at a time; 1: no multipath */
	bool as_path_relax; /* through different neighbouring ASes, too */
	uint8_t weights;    /* enum multipath_weights */
};

struct bgp {
	uint32_t as;	     /* 0: no BGP configured */
	uint32_t router_id;  /* host order */
	bool router_id_auto; /* taken from an address: stays while that is there */
	uint32_t cluster_id; /* host order; the router_id where not configured */
	uint32_t default_local_pref;
	bool honor_graceful_shutdown; /* RFC 8326 */
	bool last_path_keep;	      /* a path down by a guess stays while there is no other */
	struct multipath multipath;
	bool graceful_restart;
	uint16_t restart_time; /* seconds that we promise to be back within */
	uint16_t stale_time;   /* seconds */
	uint32_t reflection;   /* counts the changes of who is a reflector's client */
	uint64_t started_ms;   /* when this daemon started: OPENs within restart_time say so */
};

extern struct bgp bgp; /* neighbors.c fills it before anything else is applied */

#endif
