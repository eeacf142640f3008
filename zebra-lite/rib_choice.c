/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_choice: the candidates of a prefix, what of them was refused, and the choice among them. All
 * of it are questions: nothing is told or marked here.
 */
#include "rib.h"

#include "tunnel.h"
#include "util.h"
#include "zconfig.h"

/* Worse than what BGP has learned (20, 200), and than the static routes of an import (240). */
#define HANDED_OVER_DISTANCE 249

const char *rib_proto_name(enum rib_proto p)
{
	static const char *const names[] = {"connected", "kernel", "pin", "tunnel",
					    "static",	 "bgp",	   "none"};

	return (unsigned)p < ARRAY_SIZE(names) ? names[p] : "invalid";
}

/* --- candidates --- */

struct rib_cand *rib_cand_find(const struct rib_node *n, enum rib_proto proto)
{
	for (struct rib_cand *c = rib_others(n); c; c = c->next)
		if (c->proto == proto)
			return c;
	return NULL;
}

static bool foreign(const struct rib_cand *c)
{
	return c->proto == RIB_CONNECTED || c->proto == RIB_KERNEL;
}

bool rib_cand_active(const struct rib_node *n, const struct rib_cand *c)
{
	if (c->hops)
		return rib_static_hop(n, c->hops) != NULL;
	return !c->oif || rib_cand_way(c, 0, &(struct way){0});
}

/* Somebody's route for a prefix whose entry is handed over to us, by the same tunnel. */
static bool is_handed_over(const struct rib_node *n, const struct rib_cand *c)
{
	const struct tunnel_if *iface = zconfig.n_imported ? tunnel_if_by_index(c->oif) : NULL;

	return iface && iface->adopted && zconfig_is_handed_over(RIB_PREFIX(n), iface->name);
}

uint8_t rib_cand_distance(const struct rib_node *n, const struct rib_cand *c)
{
	switch (c->proto) {
	case RIB_CONNECTED:
		return zconfig.d_connected;
	case RIB_KERNEL:
		return is_handed_over(n, c) ? HANDED_OVER_DISTANCE : zconfig.d_kernel;
	case RIB_STATIC:
		return c->distance;
	default:
		return 0;
	}
}

bool rib_cand_better(const struct rib_node *n, const struct rib_cand *a, const struct rib_cand *b)
{
	uint8_t da = rib_cand_distance(n, a), db = rib_cand_distance(n, b);

	if (da != db)
		return da < db;
	if (a->proto != b->proto)
		return a->proto < b->proto;
	return a->metric < b->metric;
}

struct rib_cand *rib_best_other(const struct rib_node *n)
{
	struct rib_cand *best = NULL;

	for (struct rib_cand *c = rib_others(n); c; c = c->next)
		if (rib_cand_active(n, c) && (!best || rib_cand_better(n, c, best)))
			best = c;
	return best;
}

struct rib_cand *rib_foreign(const struct rib_node *n)
{
	struct rib_cand *best = NULL;

	for (struct rib_cand *c = rib_others(n); c; c = c->next)
		if (foreign(c) && rib_cand_active(n, c) && (!best || c->metric < best->metric))
			best = c;
	return best;
}

uint8_t rib_bgp_distance(uint8_t source)
{
	return source == ROUTE_EBGP ? zconfig.d_ebgp : zconfig.d_ibgp;
}

/* --- refusals --- */

/* For reasons of the ceiling, wgd's included. */
bool rib_is_ceiling(enum reason reason)
{
	return reason == REASON_OUTSIDE_PERMIT || reason == REASON_NO_PERMIT ||
	       reason == REASON_OWN_ADDRESS || reason == REASON_STATIC_ENTRY ||
	       reason == REASON_NOT_A_TUNNEL;
}

/* No affair of a static route for the same prefix: it may be what bgpd's list lost to. */
static bool is_bgps_alone(enum reason reason)
{
	return rib_is_ceiling(reason) || reason == REASON_LOST_TO_PROTOCOL;
}

struct refusal *rib_refusal(const struct rib_node *n, const struct addr *hop)
{
	for (struct refusal *r = rib_refusals(n); r; r = r->next)
		if (!r->hop.family || addr_eq(&r->hop, hop))
			return r;
	return NULL;
}

struct refusal *rib_static_refusal(const struct rib_node *n, const struct addr *hop)
{
	for (struct refusal *r = rib_refusals(n); r; r = r->next)
		if ((!r->hop.family || addr_eq(&r->hop, hop)) &&
		    (r->peer || !is_bgps_alone(r->reason)))
			return r;
	return NULL;
}

struct refusal *rib_refused_for(const struct rib_node *n, enum reason reason)
{
	for (struct refusal *r = rib_refusals(n); r; r = r->next)
		if (r->reason == reason)
			return r;
	return NULL;
}

struct refusal *rib_find_refusal(const struct rib_node *n, const struct addr *hop,
				 enum reason reason)
{
	struct addr none = {0};

	for (struct refusal *r = rib_refusals(n); r; r = r->next)
		if (r->reason == reason && addr_eq(&r->hop, hop ? hop : &none))
			return r;
	return NULL;
}

/* --- the choice --- */

static struct hop_ref *active_hop(const struct rib_node *n, struct hopset *s,
				  struct refusal *(*refused)(const struct rib_node *n,
							     const struct addr *hop))
{
	struct hop_ref *best = NULL;
	unsigned best_level = HOP_OUT;

	for (unsigned i = 0; s && i < s->n && best_level; i++) {
		unsigned level = hop_level(&s->ref[i]);

		if (level >= best_level || (rib_refusals(n) && refused(n, &s->ref[i].nh->addr)))
			continue;
		best = &s->ref[i];
		best_level = level;
	}
	return best;
}

struct hop_ref *rib_active_hop(const struct rib_node *n, struct hopset *s)
{
	return active_hop(n, s, rib_refusal);
}

struct hop_ref *rib_static_hop(const struct rib_node *n, struct hopset *s)
{
	return active_hop(n, s, rib_static_refusal);
}

enum rib_proto rib_select(const struct rib_node *n, struct rib_cand **cand)
{
	struct hop_ref *hop = n->hops ? rib_active_hop(n, rib_hops(n)) : NULL;
	struct rib_cand *other = rib_others(n) ? rib_best_other(n) : NULL;

	*cand = other;
	if (hop && (!other || rib_bgp_distance(hop->source) < rib_cand_distance(n, other))) {
		*cand = NULL;
		return RIB_BGP;
	}
	return other ? (enum rib_proto)other->proto : RIB_NONE;
}
