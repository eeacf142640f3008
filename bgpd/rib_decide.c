/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_decide: one network: who is eligible, who is best, what zebra-lite and the neighbours are to
 * get (rib.c gives it to them).
 */
#include <stdlib.h>

#include "bgp.h"
#include "decide.h"
#include "history.h"
#include "nexthop.h"
#include "rib_decide.h"
#include "rib_fresh.h"
#include "rib_multipath.h"
#include "rib_peer.h"
#include "rib_refused.h"
#include "rib_verdict.h"
#include "util.h"

/* Room for the candidates, kept between calls. */
static struct candidate *candidates;
static size_t cap;

static enum reason objection(const struct rib_table *t, const struct net *net, const struct path *p)
{
	const struct nexthop *nh;
	enum reason r;

	if (p->refused)
		return p->refused;
	if (p->peer == PEER_LOCAL)
		return REASON_NONE;
	if (path_is_void(p))
		return peer_rib_by_id(p->peer)->down_reason;
	nh = nexthop_by_id(p->nexthop);
	if (nexthop_has_ceiling(nh)) {
		struct prefix prefix = net_prefix(t, net);

		r = nexthop_beyond_ceiling(nh, &prefix);
		if (r != REASON_NONE)
			return r;
	}
	r = nexthop_objection(nh);
	/* Through a tunnel there is no gateway, which the kernel's route would not take. */
	if (r == REASON_NONE && p->attr->nexthop.family != t->af && !nh->state.tunnel)
		r = REASON_NEXTHOP_FAMILY;
	return r != REASON_NONE ? r : rib_verdict(t, net, &p->attr->nexthop);
}

enum demotion path_attr_demotion(const struct path *p, enum reason *why)
{
	if (p->attr->llgr_stale) {
		*why = REASON_LAST_RESORT;
		return DEMOTED_LAST;
	}
	*why = REASON_LOWER_LOCAL_PREF;
	return p->attr->has_local_pref && !p->attr->local_pref && p->peer != PEER_LOCAL
		       ? DEMOTED
		       : DEMOTED_NOT;
}

enum demotion path_demotion(const struct path *p, enum reason *why)
{
	enum reason by_state;
	enum demotion attr = path_attr_demotion(p, why);
	enum demotion state = nexthop_demotion(nexthop_by_id(p->nexthop), &by_state);

	if (state < attr || !state)
		return attr;
	*why = by_state;
	return state;
}

static uint64_t aigp_plus(uint64_t aigp, const struct nexthop *nh)
{
	uint64_t cost = nh ? nh->state.cost : 0;

	return aigp < NO_AIGP - 1 - cost ? aigp + cost : NO_AIGP - 1;
}

struct candidate rib_candidate(uint32_t id)
{
	const struct path *p = path_at(id);
	const struct peer_rib *pr = peer_rib_by_id(p->peer);
	const struct nexthop *nh = nexthop_by_id(p->nexthop);
	const struct attr *a = p->attr;
	enum reason why;
	enum demotion demotion = path_demotion(p, &why);

	return (struct candidate){
		.weight = a->weight,
		.local_pref = a->has_local_pref ? a->local_pref : bgp.default_local_pref,
		.med = a->has_med ? a->med : 0,
		.neighbor_as = a->neighbor_as,
		.cost = nh ? nh->state.cost : 0,
		.aigp = a->has_aigp ? aigp_plus(attr_aigp(a), nh) : NO_AIGP,
		.router_id = a->has_originator ? attr_originator_id(a)
			     : pr	       ? pr->router_id
					       : 0,
		.as_path_len = a->as_path_len,
		.origin = a->origin,
		.cluster_len = a->cluster_len,
		.demotion = demotion,
		.demoted_by = why,
		.local = !pr,
		.ebgp = pr && pr->ebgp,
		.peer = pr ? &pr->address : NULL,
		.path = id,
	};
}

/* Eligible although its tunnel seems down. */
static bool is_last_path(const struct path *p)
{
	enum reason why = REASON_NONE;

	return nexthop_demotion(nexthop_by_id(p->nexthop), &why) == DEMOTED_LAST;
}

/* Once for each path that is kept out: not each time that its network is decided. */
static void note_refused(const struct rib_table *t, const struct net *net, const struct path *p,
			 enum reason r)
{
	struct prefix prefix;

	if (r == p->reason || r == REASON_NONE || p->peer == PEER_LOCAL)
		return;
	rib_refused_count(peer_rib_by_id(p->peer), r);
	if (r != REASON_OUTSIDE_PERMIT && r != REASON_NO_PERMIT)
		return;
	prefix = net_prefix(t, net);
	rib_refused(peer_rib_by_id(p->peer), &prefix, r);
}

/* Sets PATH_ELIGIBLE and the reason of each path; fills the candidates. */
static size_t rib_decide_gather(const struct rib_table *t, const struct net *net)
{
	size_t n = 0;

	for (uint32_t id = net->paths; id; id = path_at(id)->next) {
		struct path *p = path_at(id);
		enum reason r = objection(t, net, p);

		note_refused(t, net, p, r);
		p->reason = r;
		if (r != REASON_NONE) {
			p->flags &= ~PATH_ELIGIBLE;
			continue;
		}
		p->flags |= PATH_ELIGIBLE;
		candidates = xgrow(candidates, n, &cap, sizeof(*candidates));
		candidates[n++] = rib_candidate(id);
	}
	return n;
}

static void move_to_front(struct net *net, uint32_t id)
{
	uint32_t *at = &net->paths;

	while (*at != id)
		at = &path_at(*at)->next;
	*at = path_at(id)->next;
	path_at(id)->next = net->paths;
	net->paths = id;
}

static bool has_hop(const struct route_hops *hops, const struct addr *a)
{
	for (unsigned i = 0; i < hops->n; i++)
		if (addr_eq(&hops->hop[i].addr, a))
			return true;
	return false;
}

static void add_hop(struct route_hops *hops, const struct path *p)
{
	struct route_hop *hop = &hops->hop[hops->n++];
	enum reason why;

	hop->addr = p->attr->nexthop;
	hop->source = path_is_ebgp(p) ? ROUTE_EBGP : ROUTE_IBGP;
	hop->demotion = path_attr_demotion(p, &why);
	hop->weight = 0;
}

/* Takes the I-th and all with next hops already in the list out of the race. */
static size_t drop_known(const struct route_hops *hops, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++)
		if (!candidates[i].local &&
		    !has_hop(hops, &path_at(candidates[i].path)->attr->nexthop))
			candidates[left++] = candidates[i];
	return left;
}

/* Those that share the traffic with the best one; how many candidates are left. */
static size_t rank_ties(struct route_hops *hops, size_t n, const struct candidate *best)
{
	struct multipath_choice m;
	size_t ties;

	multipath_begin(&m, best);
	while (m.n < m.most && (n = drop_known(hops, n)) > 0 &&
	       (ties = multipath_ties(&m, candidates, n)) > 0) {
		uint32_t path = candidates[decide(candidates, ties)].path;

		multipath_add(&m, path);
		add_hop(hops, path_at(path));
	}
	multipath_end(&m, hops);
	return n;
}

/* Ranks: the best, then the best of those with other next hops, and so on. BEST: index. */
static void rank(struct route_hops *hops, size_t n, size_t best)
{
	struct candidate first;

	hops->n = 0;
	if (!n || candidates[best].local)
		return; /* a network of ours is not ours to install */
	first = candidates[best];
	add_hop(hops, path_at(first.path));
	if (bgp.multipath.ebgp > 1 || bgp.multipath.ibgp > 1) /* else for each prefix in vain */
		n = rank_ties(hops, n, &first);
	while (hops->n < ROUTE_HOPS_MAX && (n = drop_known(hops, n)) > 0)
		add_hop(hops, path_at(candidates[decide(candidates, n)].path));
}

/* Behind them those that only wait for their tunnel: zebra-lite keeps their AllowedIPs entries
 * where nobody else on the interface needs the prefix, so that the far end, which may see the
 * tunnel come back first, is not dropped by the source check. */
static void add_waiting(struct route_hops *hops, const struct net *net)
{
	if (!hops->n)
		return;
	for (uint32_t id = net->paths; id && hops->n < ROUTE_HOPS_MAX; id = path_at(id)->next) {
		const struct path *p = path_at(id);

		if (p->reason == REASON_TUNNEL_DOWN && !has_hop(hops, &p->attr->nexthop))
			add_hop(hops, p);
	}
}

/* Where none is best: why. */
static enum reason first_reason(const struct net *net)
{
	return net->paths ? path_at(net->paths)->reason : REASON_NONE;
}

/* Another one is best, or none is; with the reason of the one that was, or of the first. */
static void note_decision(const struct rib_table *t, const struct net *net, uint32_t best,
			  uint32_t before, size_t n)
{
	const struct peer_rib *pr = best ? peer_rib_by_id(path_at(best)->peer) : NULL;
	uint32_t other = before ? before : net->paths;
	struct prefix prefix = net_prefix(t, net);

	history_note((struct history_fact){.kind = HISTORY_DECISION,
					   .what = best != 0,
					   .prefix = &prefix,
					   .addr = pr ? &pr->address : NULL,
					   .reason = other && other != best ? path_at(other)->reason
									    : REASON_NONE,
					   .count = (uint32_t)n});
}

void rib_decide(struct rib_table *t, uint32_t id, struct decision *d)
{
	struct net *net = net_at(t, id);
	uint32_t before = net->flags & NET_BEST ? net->paths : 0;
	enum reason reason = first_reason(net);
	size_t n = rib_decide_gather(t, net);
	uint32_t best = 0;
	size_t at = 0;

	if (n > 0) {
		at = decide(candidates, n);
		if (rib_fresh_hold_back(candidates, n, net, before, candidates[at].path))
			at = decide(candidates, n);
		best = candidates[at].path;
		for (size_t i = 0; i < n; i++)
			path_at(candidates[i].path)->reason = candidates[i].reason;
		move_to_front(net, best);
		if (is_last_path(path_at(best)))
			path_at(best)->reason = REASON_LAST_PATH;
	}
	if (best != before || (!best && (net->flags & NET_LOST || first_reason(net) != reason)))
		note_decision(t, net, best, before, n);
	rank(&d->hops, n, at);
	add_waiting(&d->hops, net);
	d->best = best;
	d->route = d->hops.n || net->hops;
	d->tell = best != before || (net->flags & NET_CHANGED) || !best;
	d->renew = net->flags & NET_RENEW;
	d->recost = net->flags & NET_RECOST;
	d->empty = !net->paths;
	net->flags &= ~(NET_CHANGED | NET_RENEW | NET_RECOST | NET_BEST | NET_LOST);
	if (best)
		net->flags |= NET_BEST;
}
