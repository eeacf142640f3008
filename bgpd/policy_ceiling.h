/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy_ceiling: what may be learned at all, whatever the import policy says.
 *
 * From the configuration of the tunnels: each tunnel peer's `permit` list holds for paths whose
 * next hop is one of its tunnel addresses, and for all that an external neighbour at such an
 * address says of next hops that are no tunnel peers (RFC 4271 section 6.3 would not have them at
 * all: else naming our own gateway would get round the list). Nobody may announce an address of
 * ours or of a tunnel, or take over a configured AllowedIPs entry. A violation is a reason for
 * ineligibility, so that another path can win.
 */
#ifndef WGBGP_BGPD_POLICY_CEILING_H
#define WGBGP_BGPD_POLICY_CEILING_H

#include <jansson.h>

#include "prefix.h"
#include "reason.h"

/* Reads CONFIG (the whole configuration). True when anything differs from before: then all paths
 * have to be judged again. */
bool ceiling_apply(const json_t *config);
void ceiling_free(void);

/* NONE: no objection. EXTERNAL: the address of the external neighbour who says so, or NULL. */
enum reason ceiling_judge(const struct prefix *p, const struct addr *nexthop,
			  const struct addr *external);
bool ceiling_tunnel_address(const struct addr *a); /* of a tunnel peer */
bool ceiling_own_address(const struct addr *a);	   /* of one of our tunnel interfaces */

#endif
