/* SPDX-License-Identifier: BSD-2-Clause */
#include "fib_internal.h"

#include <linux/rtnetlink.h>

#include "loop.h"
#include "nhobj.h"
#include "planes.h"
#include "rib.h"
#include "slab.h"
#include "zceiling.h"
#include "zconfig.h"

struct lingering {
	TAILQ_ENTRY(lingering) link;
	struct prefix prefix;
	uint64_t due_ms;
};

unsigned fib_linger_ms = 3000;

static struct slab lingers = SLAB_INIT("linger", struct lingering);
static TAILQ_HEAD(, lingering) linger_queue = TAILQ_HEAD_INITIALIZER(linger_queue);
static struct timer linger_timer;

/* --- entries that linger --- */

/* The last clock that was started counts: those before it were for entries wanted again since. */
static void clock_due(struct rib_node *n)
{
	if (!(n->flags & NODE_CLOCKS))
		return; /* of a node of this prefix that is no more */
	n->flags -= NODE_CLOCK;
	if ((n->flags & NODE_CLOCKS) || !(n->flags & NODE_LINGER))
		return;
	n->flags |= NODE_LINGER_DUE;
	fib_dirty(n, false);
}

static void linger_due(void *arg)
{
	uint64_t now = now_ms();
	struct lingering *l;

	while ((l = TAILQ_FIRST(&linger_queue)) && l->due_ms <= now) {
		struct rib_node *n = rib_find(&l->prefix);

		if (n)
			clock_due(n);
		TAILQ_REMOVE(&linger_queue, l, link);
		slab_free(&lingers, l);
	}
	fib_counters.lingering = lingers.used;
	if (l)
		timer_start(&linger_timer, l->due_ms - now);
}

static void linger_start(struct rib_node *n)
{
	struct lingering *l;

	if (n->flags & NODE_LINGER)
		return;
	n->flags |= NODE_LINGER;
	if ((n->flags & NODE_CLOCKS) == NODE_CLOCKS)
		return; /* that many in so short a time: with the last one */
	n->flags += NODE_CLOCK;
	l = slab_alloc(&lingers);
	l->prefix = rib_prefix(n);
	l->due_ms = now_ms() + fib_linger_ms;
	TAILQ_INSERT_TAIL(&linger_queue, l, link);
	fib_counters.lingering = lingers.used;
	if (!linger_timer.ready)
		timer_init(&linger_timer, linger_due, NULL);
	if (!timer_running(&linger_timer))
		timer_start(&linger_timer, fib_linger_ms);
}

void fib_linger_reset(void)
{
	timer_stop(&linger_timer);
	linger_timer.ready = false;
	TAILQ_INIT(&linger_queue);
	slab_destroy(&lingers);
	books_reset();
}

/* --- what a prefix should have --- */

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
static void keep_entries(struct rib_node *n, const struct hopset *s, struct fib_plan *plan)
{
	const struct fib *old = rib_installed(n);
	bool lingers_on = false;

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
		if ((n->flags & NODE_LINGER_DUE) && old->nh && fib_leaves_by(old, o->ifindex))
			n->flags &= ~(NODE_LINGER | NODE_LINGER_DUE); /* until that has moved */
		if (n->flags & NODE_LINGER_DUE)
			continue;
		if (!fib_plan_owner(plan, o->ifindex, o->peer))
			break;
		linger_start(n);
		lingers_on = true;
	}
	if (!lingers_on)
		n->flags &= ~(NODE_LINGER | NODE_LINGER_DUE);
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
static void plan_hops(struct rib_node *n, struct hopset *s, struct fib_plan *plan)
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
		plan->gateway =
			addr_in_plane(first->gateway.family ? &first->gateway : &first->addr,
				      PLANE_MAIN); /* the kernel's have none */
	for (unsigned i = 0; i < count; i++) {
		const struct nexthop *nh = order[i];

		if (nh->kind == HOP_TUNNEL && !nh->peer->iface->any && !fib_plan_has(plan, nh->oif))
			fib_plan_owner(plan, nh->oif, nh->peer);
	}
	keep_entries(n, s, plan);
	if (plan->proto == RIB_BGP)
		nhobj_choose(n, s, first, plan);
}

void fib_want(struct rib_node *n, struct fib_plan *plan)
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
		break;
	case RIB_CONNECTED: /* the kernel has it in its main table only */
		if (n->plane) {
			plan->type = cand->type;
			plan->oif = cand->oif;
		}
		break;
	default:
		break;
	}
}
