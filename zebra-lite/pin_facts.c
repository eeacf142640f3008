/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pin_facts: what a pin rests on: the underlay's way to an endpoint, and whether the endpoint may
 * be where somebody else says it is. Questions: nothing is changed by them.
 */
#include <linux/rtnetlink.h>

#include "ceiling.h"
#include "configured.h"
#include "pin.h"
#include "tunnel.h"
#include "zceiling.h"

static bool hops_tunnelled(const struct hopset *s)
{
	for (unsigned i = 0; s && i < s->n; i++)
		if (s->ref[i].nh->peer)
			return true;
	return false;
}

static bool has_tunnelled_static(const struct rib_node *n)
{
	for (struct rib_cand *c = rib_others(n); c; c = c->next)
		if (c->proto == RIB_STATIC && hops_tunnelled(c->hops))
			return true;
	return false;
}

bool pin_tunnelled(const struct rib_node *n)
{
	return hops_tunnelled(rib_hops(n)) || has_tunnelled_static(n);
}

static void by_hop(const struct nexthop *nh, struct pin *to)
{
	to->way[0] = (struct way){.oif = nh->oif, .weight = 1, .gateway = nexthop_gateway(nh)};
	to->n_ways = 1;
}

static bool is_underlay(const struct way *w)
{
	return w->oif && !tunnel_if_by_index(w->oif) && !configured_refused_if(w->oif);
}

static bool cand_is_underlay(const struct rib_node *n, const struct rib_cand *c, struct pin *to)
{
	struct hop_ref *hop = c->hops ? rib_static_hop(n, c->hops) : NULL;
	unsigned n_ways = 0;
	struct way w;

	if (c->proto == RIB_PIN || c->proto == RIB_TUNNEL || c->type != RTN_UNICAST)
		return false;
	if (hop && hop->nh->kind == HOP_GATEWAY) {
		by_hop(hop->nh, to);
		return true;
	}
	for (unsigned i = 0; !c->hops && rib_cand_way(c, i, &w); i++)
		if (is_underlay(&w))
			to->way[n_ways++] = w;
	if (n_ways)
		to->n_ways = (uint8_t)n_ways;
	return n_ways;
}

/* The route of somebody else, or learned but through no tunnel, at N. */
static bool node_is_underlay(const struct rib_node *n, struct pin *to)
{
	struct hop_ref *hop = rib_hops(n) ? rib_active_hop(n, rib_hops(n)) : NULL;
	uint32_t best = UINT32_MAX;

	for (struct rib_cand *c = rib_others(n); c; c = c->next)
		if (c->metric < best && cand_is_underlay(n, c, to))
			best = c->metric;
	if (best < UINT32_MAX)
		return true;
	if (!hop || hop->nh->kind != HOP_GATEWAY)
		return false;
	by_hop(hop->nh, to);
	return true;
}

void pin_find_underlay(struct pin *to)
{
	struct rib_node *n = rib_match(&to->addr);

	to->n_ways = to->via_len = 0;
	for (; n; n = rib_cover(n))
		if (node_is_underlay(n, to)) {
			to->via_len = n->len;
			return;
		}
}

/* --- whether to believe --- */

/* The network of a tunnel's interface, or a tunnel address. */
static bool is_tunnels(const struct rib_node *n)
{
	for (const struct rib_cand *c = rib_others(n); c; c = c->next)
		if (c->proto == RIB_TUNNEL ||
		    (c->proto == RIB_CONNECTED && c->oif &&
		     (tunnel_if_by_index(c->oif) || configured_refused_if(c->oif))))
			return true;
	return false;
}

/* The length of the longest prefix around A that the configuration gives to tunnels; a default
 * route and its halves do not say whose packets these are. -1: none. What was learned does not
 * count: a neighbor with a default `permit` could take away the way to an endpoint that works. */
static int private_len(const struct addr *a)
{
	const struct rib_node *n = rib_match(a);
	int len = zceiling_private_len(a);

	while (n && !is_tunnels(n) && !has_tunnelled_static(n))
		n = rib_cover(n);
	return n && n->len > 1 && n->len > len ? n->len : len;
}

bool pin_is_doubtful(const struct pin *pin)
{
	if (!pin->peers || pin->vouched || configured_endpoint(&pin->addr))
		return false;
	return ceiling_doubts_endpoint(private_len(&pin->addr), pin->n_ways ? pin->via_len : -1);
}
