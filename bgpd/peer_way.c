/* SPDX-License-Identifier: BSD-2-Clause */
#include "peer_way.h"

#include "nexthop.h"

bool rib_peer_nexthop(const struct peer *p, struct msg_nexthop *out)
{
	struct addr a = addr_in_plane(&p->conf.address, p->conf.plane);
	const struct nexthop *nh = nexthop_find(&a);

	if (!nh)
		return false;
	*out = nh->state;
	return nh->state.reach != REACH_UNKNOWN;
}

bool rib_peer_tunnel_away(const struct peer *p)
{
	struct addr a = addr_in_plane(&p->conf.address, p->conf.plane);
	struct msg_nexthop m;

	if (!policy_ceiling_tunnel_address(&a))
		return rib_peer_tunnel_gone(p);
	if (!rib_peer_nexthop(p, &m) || !m.tunnel)
		return true;
	return m.reason == REASON_INTERFACE_DOWN || m.reason == REASON_INTERFACE_GONE ||
	       m.reason == REASON_PEER_GONE || m.reason == REASON_NO_PEER ||
	       m.reason == REASON_ADMIN_DOWN;
}

bool rib_peer_tunnel_gone(const struct peer *p)
{
	struct addr a = addr_in_plane(&p->conf.address, p->conf.plane);
	struct msg_nexthop m;

	if (!rib_peer_nexthop(p, &m))
		return false;
	if (m.tunnel && m.connected && !policy_ceiling_tunnel_address(&a))
		return true; /* wgd removes the peer when we have let go of it */
	return m.reach == REACH_DOWN &&
	       (m.reason == REASON_PEER_GONE || m.reason == REASON_NO_PEER ||
		m.reason == REASON_ADMIN_DOWN);
}

bool rib_peer_tunnel_down(const struct peer *p)
{
	const struct addr a = addr_in_plane(&p->conf.address, p->conf.plane);

	return nexthop_objection(nexthop_find(&a)) == REASON_TUNNEL_DOWN;
}
