/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy_ceiling: the ceiling (ceiling.h) of the configuration in force, as bgpd asks for it.
 *
 * A path is judged twice. With its attributes, by the tunnel peer whose address is its next hop;
 * what an external neighbour at a tunnel address says of next hops that are no tunnel peers is
 * judged by its own list (RFC 4271 section 6.3 would not have them at all: else naming our own
 * gateway would get round the list). And in the decision process, by the tunnel or link that a next
 * hop resolves to, which zebra-lite says: a next hop inside a prefix of the peer would get round
 * the list as well. A violation is a reason for ineligibility, so that another path can win.
 */
#ifndef WGBGP_BGPD_POLICY_CEILING_H
#define WGBGP_BGPD_POLICY_CEILING_H

#include <jansson.h>

#include "ceiling.h"
#include "messages.h"
#include "prefix.h"
#include "reason.h"

/* Reads CONFIG (the whole configuration). True when anything differs from before: then all paths
 * have to be judged again. */
bool policy_ceiling_apply(const json_t *config);
void policy_ceiling_free(void);

/* NONE: no objection. EXTERNAL: the address of the external neighbour who says so, or NULL. */
enum reason policy_ceiling_judge(const struct prefix *p, const struct addr *nexthop,
				 const struct addr *external);
/* What a next hop resolves to, as zebra-lite says. */
enum ceiling_hop {
	CEILING_SAID,	/* what its paths were judged by already, or nothing yet */
	CEILING_TUNNEL, /* another tunnel peer */
	CEILING_LINK,	/* no tunnel */
};
/* *TO is good until the next policy_ceiling_apply(); NULL: a peer that is not configured. */
enum ceiling_hop policy_ceiling_hop(const struct msg_nexthop *m, const struct ceiling_peer **to);
enum reason policy_ceiling_judge_hop(const struct prefix *p, enum ceiling_hop hop,
				     const struct ceiling_peer *to);
struct addr policy_ceiling_hop_by(const struct addr *hop, const char *link); /* ceiling_hop_by() */
bool policy_ceiling_tunnel_address(const struct addr *a);		     /* of a tunnel peer */
/* The tunnel peer with this address; NULL. Good until the next policy_ceiling_apply(). */
const struct ceiling_peer *policy_ceiling_peer_at(const struct addr *a);
bool policy_ceiling_own_address(const struct addr *a); /* of one of our tunnel interfaces */

#endif
