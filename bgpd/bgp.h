/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bgp: what holds for the whole daemon, from the container `bgp` of the configuration.
 */
#ifndef WGBGP_BGPD_BGP_H
#define WGBGP_BGPD_BGP_H

#include "conf_leaves.h"

struct bgp {
	struct conf_bgp;     /* of the schema; first. `as` 0: no BGP configured */
	uint32_t router_id;  /* host order */
	bool router_id_auto; /* taken from an address: stays while that is there */
	uint32_t cluster_id; /* host order; the router_id where not configured */
	uint32_t reflection; /* counts the changes of who is a reflector's client */
	uint64_t started_ms; /* when this daemon started: OPENs within restart_time say so */
};

extern struct bgp bgp; /* neighbors.c fills it before anything else is applied */

#endif
