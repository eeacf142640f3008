/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer_way: questions about the way to a neighbour: its address as a next hop, and the tunnel that
 * leads there.
 */
#ifndef WGBGP_BGPD_PEER_WAY_H
#define WGBGP_BGPD_PEER_WAY_H

#include "messages.h"
#include "peer.h"

/* The neighbour's address is one of a tunnel, as configured. */
bool peer_way_is_tunnel(const struct peer *p);
/* The last word on the way to its address; false when there is none. */
bool peer_way_nexthop(const struct peer *p, struct msg_nexthop *out);
/* The neighbour's address is a tunnel's, and nothing leads into that tunnel now: a connection would
 * leave in clear, by a default route say, to whoever answers there. */
bool peer_way_tunnel_away(const struct peer *p);
/* The tunnel's peer that would lead to it is gone, or going: whoever speaks from its address can
 * only be heard for a moment more. */
bool peer_way_tunnel_gone(const struct peer *p);
/* A tunnel leads to it, which is down. */
bool peer_way_tunnel_down(const struct peer *p);

#endif
