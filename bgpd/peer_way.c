/* SPDX-License-Identifier: BSD-2-Clause */
#include "peer_way.h"

#include "nexthop.h"

static const struct nexthop *way_to(const struct peer *p)
{
	struct addr a = peer_hop(p);

	return nexthop_find(&a);
}

bool peer_way_is_tunnel(const struct peer *p)
{
	struct addr a = peer_hop(p);

	return policy_ceiling_tunnel_address(&a);
}

bool peer_way_nexthop(const struct peer *p, struct msg_nexthop *out)
{
	const struct nexthop *nh = way_to(p);

	if (!nh)
		return false;
	*out = nh->state;
	return nh->state.reach != REACH_UNKNOWN;
}

bool peer_way_tunnel_away(const struct peer *p)
{
	struct msg_nexthop m;

	if (!peer_way_is_tunnel(p))
		return peer_way_tunnel_gone(p);
	if (!peer_way_nexthop(p, &m) || !m.tunnel)
		return true;
	return m.reason == REASON_INTERFACE_DOWN || m.reason == REASON_INTERFACE_GONE ||
	       m.reason == REASON_PEER_GONE || m.reason == REASON_NO_PEER ||
	       m.reason == REASON_ADMIN_DOWN;
}

bool peer_way_tunnel_gone(const struct peer *p)
{
	struct msg_nexthop m;

	if (!peer_way_nexthop(p, &m))
		return false;
	if (m.tunnel && m.connected && !peer_way_is_tunnel(p))
		return true; /* wgd removes the peer when we have let go of it */
	return m.reach == REACH_DOWN &&
	       (m.reason == REASON_PEER_GONE || m.reason == REASON_NO_PEER ||
		m.reason == REASON_ADMIN_DOWN);
}

bool peer_way_tunnel_down(const struct peer *p)
{
	return nexthop_objection(way_to(p)) == REASON_TUNNEL_DOWN;
}
