/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib: what a prefix should have. A question: nothing is changed by it, and whoever asked starts
 * the clocks of entries that linger, and chooses the object.
 */
#include "fib_internal.h"

#include <linux/rtnetlink.h>

#include "rib.h"
#include "zceiling.h"
#include "zconfig.h"

/* The hop is refused for N, in a list of that protocol. */
static bool is_refused(const struct rib_node *n, uint8_t proto, const struct nexthop *nh)
{
	if (!rib_refusals(n))
		return false;
	return proto == RIB_BGP ? rib_refusal(n, &nh->addr) : rib_static_refusal(n, &nh->addr);
}

/* Some peer of the interface is in the list and may be used. */
static bool if_usable(const struct rib_node *n, uint8_t proto, const struct hopset *s,
		      uint32_t ifindex)
{
	for (unsigned i = 0; i < s->n; i++) {
		const struct nexthop *nh = s->ref[i].nh;

		if (nh->kind == HOP_TUNNEL && nh->oif == ifindex &&
		    hop_level(&s->ref[i]) < HOP_OUT && !is_refused(n, proto, nh))
			return true;
	}
	return false;
}

/* O is not what the list gives, but may stay. */
static bool may_stay(const struct rib_node *n, const struct fib_plan *plan,
		     const struct fib_owner *o)
{
	return !fib_plan_has(plan, o->ifindex) && !o->peer->gone && !o->peer->iface->any &&
	       (plan->proto != RIB_BGP ||
		zceiling_judge_peer(RIB_PREFIX(n), o->peer) == REASON_NONE);
}

/* Entries that the list no longer gives but that stay for now: the peer is in the list and only
 * down, or the path was withdrawn a moment ago. Where there is no room these go at once. */
static void keep_entries(const struct rib_node *n, const struct hopset *s, struct fib_plan *plan)
{
	const struct fib *old = rib_installed(n);
	bool due = n->flags & NODE_LINGER_DUE, anew = false, lingers_on = false;

	for (unsigned i = 0; old && i < old->n; i++) {
		const struct fib_owner *o = &old->owner[i];

		if (may_stay(n, plan, o) && hopset_has_peer(s, o->peer) &&
		    !if_usable(n, plan->proto, s, o->ifindex))
			fib_plan_owner(plan, o->ifindex, o->peer);
	}
	for (unsigned i = 0; old && i < old->n; i++) {
		const struct fib_owner *o = &old->owner[i];

		if (!may_stay(n, plan, o))
			continue;
		if (due && old->nh && fib_leaves_by(old, o->ifindex))
			anew = true; /* it stays until that has moved */
		if (due && !anew)
			continue;
		if (!fib_plan_owner(plan, o->ifindex, o->peer))
			break;
		lingers_on = true;
	}
	plan->linger = !lingers_on ? LINGER_OVER : anew ? LINGER_ANEW : LINGER_ON;
}

static uint8_t hop_family(const struct nexthop *nh)
{
	return nh->gateway.family ? nh->gateway.family : nh->addr.family;
}

/* The list in the order of its levels, of those that N may use; returns how many. */
static unsigned hops_in_order(const struct rib_node *n, uint8_t proto, struct hopset *s,
			      const struct nexthop *order[ROUTE_HOPS_MAX])
{
	unsigned count = 0, levels = 0;

	for (unsigned i = 0; i < s->n; i++)
		levels |= 1u << hop_level(&s->ref[i]);
	for (unsigned level = 0; level < HOP_OUT; level++) {
		for (unsigned i = 0; i < s->n && (levels >> level & 1); i++) {
			const struct nexthop *nh = s->ref[i].nh;

			if (hop_level(&s->ref[i]) != level || is_refused(n, proto, nh))
				continue;
			if (nh->kind == HOP_GATEWAY && hop_family(nh) != rib_family(n))
				continue;
			order[count++] = nh;
		}
	}
	return count;
}

/* The route follows the first hop that may be used; on each interface the first such peer has the
 * entry. */
static void plan_hops(const struct rib_node *n, struct hopset *s, struct fib_plan *plan)
{
	const struct nexthop *order[ROUTE_HOPS_MAX], *first;
	unsigned count = hops_in_order(n, plan->proto, s, order);

	if (!count)
		return;
	first = order[0];
	plan->type = RTN_UNICAST;
	plan->oif = first->oif;
	plan->hop = first->addr;
	if (first->kind == HOP_GATEWAY)
		plan->gateway = nexthop_gateway(first);
	for (unsigned i = 0; i < count; i++) {
		const struct nexthop *nh = order[i];

		if (nh->kind == HOP_TUNNEL && !nh->peer->iface->any && !fib_plan_has(plan, nh->oif))
			fib_plan_owner(plan, nh->oif, nh->peer);
	}
	keep_entries(n, s, plan);
	plan->first = first;
}

void fib_want(const struct rib_node *n, struct fib_plan *plan)
{
	struct rib_cand *cand;

	*plan = (struct fib_plan){0};
	plan->proto = rib_select(n, &cand);
	if (!zconfig.kernel || !zconfig.plane_table[n->plane])
		return;
	switch (plan->proto) {
	case RIB_BGP:
		plan_hops(n, rib_hops(n), plan);
		break;
	case RIB_STATIC:
	case RIB_PIN:
	case RIB_TUNNEL:
		if (cand->hops) {
			plan_hops(n, cand->hops, plan);
			break;
		}
		plan->type = cand->type;
		plan->oif = cand->oif;
		plan->gateway = cand->gateway;
		plan->ways = cand->ways;
		break;
	case RIB_CONNECTED: /* the kernel has it in its main table only */
		if (n->plane && cand->type == RTN_UNICAST) {
			plan->type = cand->type;
			plan->oif = cand->oif;
		}
		break;
	default:
		break;
	}
}

bool fib_found_stays(const struct rib_node *n)
{
	struct fib_plan plan;
	struct fib *target;
	bool stays;

	if (!(n->flags & NODE_ADOPTED))
		return false;
	fib_want(n, &plan);
	target = fib_get(&plan);
	stays = rib_found_stays(n, target);
	fib_unref(target);
	return stays;
}
