/* SPDX-License-Identifier: BSD-2-Clause */
#include "rib.h"

#include <linux/rtnetlink.h>

#include "slab.h"
#include "zconfig.h"

static struct slab cands = SLAB_INIT("rib-cand", struct rib_cand);
static struct slab refusals = SLAB_INIT("refusal", struct refusal);
static TAILQ_HEAD(, refusal) beyond = TAILQ_HEAD_INITIALIZER(beyond); /* the ceiling */
static size_t n_beyond;
static void (*when_others_changed)(const struct prefix *p);

void rib_open(void (*others_changed)(const struct prefix *p))
{
	when_others_changed = others_changed;
}

/* --- candidates --- */

struct rib_cand *rib_cand_new(struct rib_node *n, enum rib_proto proto)
{
	struct rib_extra *x = rib_extra_get(n);
	struct rib_cand *c = slab_alloc(&cands);

	c->proto = proto;
	c->type = RTN_UNICAST;
	c->next = x->others;
	x->others = c;
	return c;
}

void rib_cand_free(struct rib_node *n, struct rib_cand *c)
{
	struct rib_cand **at = &rib_extra_of(n)->others;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	if (c->hops)
		hopset_unref(c->hops);
	ways_unref(c->ways);
	slab_free(&cands, c);
	rib_extra_trim(n);
}

void rib_others_changed(struct rib_node *n)
{
	if (n->flags & NODE_EXTRA)
		rib_redist_update(n, false);
	nexthop_route_changed(RIB_PREFIX(n));
	if (when_others_changed)
		when_others_changed(RIB_PREFIX(n));
	rib_judge_distance(n);
	fib_dirty(n, false);
}

void rib_own_route(const struct prefix *p, enum rib_proto proto, const struct way *w,
		   unsigned n_ways)
{
	struct rib_node *n = n_ways ? rib_get(p) : rib_find(p);
	struct rib_cand *c = n ? rib_cand_find(n, proto) : NULL;

	if (!n || (!c && !n_ways))
		return;
	if (!n_ways) {
		rib_cand_free(n, c);
	} else {
		if (c && c->oif == w->oif && addr_eq(&c->gateway, &w->gateway) &&
		    ways_are(c->ways, w, n_ways))
			return;
		if (!c)
			c = rib_cand_new(n, proto);
		c->oif = w->oif;
		c->gateway = w->gateway;
		ways_unref(c->ways);
		c->ways = ways_get(w, n_ways);
	}
	rib_others_changed(n);
}

void rib_statics_dirty(void)
{
	for (size_t i = 0; i < zconfig.n_statics; i++) {
		struct rib_node *n = rib_find(&zconfig.statics[i].prefix);

		if (n && rib_cand_find(n, RIB_STATIC))
			rib_others_changed(n);
	}
}

/* --- refusals --- */

static void refusal_tell(const struct rib_node *n, enum verdict verdict, const struct refusal *r)
{
	struct prefix p = rib_prefix(n);
	struct msg_verdicts m = {.verdict = verdict,
				 .reason = r->reason,
				 .nexthop = r->hop,
				 .n_prefixes = 1,
				 .prefixes = &p};

	if (out.verdict)
		out.verdict(&m);
}

static void enlist(struct refusal *r, struct rib_node *n)
{
	if (!rib_is_ceiling(r->reason))
		return;
	r->node = n;
	TAILQ_INSERT_TAIL(&beyond, r, again);
	n_beyond++;
}

static void delist(struct refusal *r)
{
	if (!rib_is_ceiling(r->reason))
		return;
	TAILQ_REMOVE(&beyond, r, again);
	n_beyond--;
}

size_t rib_beyond(void)
{
	return n_beyond;
}

struct refusal *rib_beyond_next(void)
{
	struct refusal *r = TAILQ_FIRST(&beyond);

	TAILQ_REMOVE(&beyond, r, again);
	TAILQ_INSERT_TAIL(&beyond, r, again);
	return r;
}

/* The first one is taken out and freed. */
static void refusal_drop(struct refusal **first)
{
	struct refusal *r = *first;

	*first = r->next;
	slab_free(&refusals, r);
}

void rib_forget_refusals(void)
{
	struct rib_node *n;
	uint32_t at = 0;

	while ((n = rib_walk(&at))) {
		struct rib_extra *x = n->flags & NODE_EXTRA ? rib_extra_of(n) : NULL;

		if (!x || (!x->refusals && !x->cleared))
			continue;
		while (x->cleared)
			refusal_drop(&x->cleared);
		while (x->refusals) {
			delist(x->refusals);
			refusal_drop(&x->refusals);
		}
		rib_extra_trim(n);
		fib_dirty(n, false);
	}
}

void rib_tell_again(struct rib_node *n, struct refusal *r)
{
	r->to_tell = rib_tell_later();
	if (r->to_tell)
		return;
	refusal_tell(n, VERDICT_REFUSED, r);
	r->known = true;
}

void rib_tell_refusals(struct rib_node *n)
{
	struct rib_extra *x = rib_extra_of(n);

	while (x->cleared && !rib_tell_later()) {
		refusal_tell(n, VERDICT_CLEARED, x->cleared);
		refusal_drop(&x->cleared);
	}
	for (struct refusal *r = x->refusals; r; r = r->next)
		if (r->to_tell)
			rib_tell_again(n, r);
	rib_extra_trim(n);
}

/* Where the one like R is among FIRST and what follows; its end where there is none. */
static struct refusal **refusal_place(struct refusal **first, const struct refusal *like)
{
	while (*first && !((*first)->reason == like->reason && addr_eq(&(*first)->hop, &like->hop)))
		first = &(*first)->next;
	return first;
}

void rib_refuse(struct rib_node *n, const struct addr *hop, enum reason reason)
{
	struct refusal *r, **before;
	struct rib_extra *x;

	if (rib_find_refusal(n, hop, reason))
		return;
	r = slab_alloc(&refusals);
	if (hop)
		r->hop = *hop;
	r->reason = reason;
	x = rib_extra_get(n);
	before = refusal_place(&x->cleared, r);
	r->known = *before != NULL; /* of its end bgpd has not heard, and it is none */
	if (*before)
		refusal_drop(before);
	r->next = x->refusals;
	x->refusals = r;
	enlist(r, n);
	fib_dirty(n, false);
	if (!r->known)
		rib_tell_again(n, r);
}

/* R, which is over, is told to be so, or what nobody heard of is forgotten. */
static void refusal_over(struct rib_node *n, struct refusal *r)
{
	struct rib_extra *x = rib_extra_of(n);

	r->next = x->cleared;
	x->cleared = r;
	if (!r->known)
		refusal_drop(&x->cleared);
	rib_tell_refusals(n);
}

/* The node may be gone afterwards only through a later rib_release(). */
void rib_clear(struct rib_node *n, const struct addr *hop, enum reason reason)
{
	struct refusal *r = rib_find_refusal(n, hop, reason), **at;

	if (!r)
		return;
	at = &rib_extra_of(n)->refusals;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	delist(r);
	fib_dirty(n, false);
	refusal_over(n, r);
}

/* A static route may be used by what wgd refuses, or not be used. */
static void entries_judged(struct rib_node *n)
{
	if (rib_cand_find(n, RIB_STATIC))
		rib_others_changed(n);
}

void rib_refuse_entry(struct rib_node *n, const struct addr *hop, const struct tunnel_peer *peer,
		      enum reason reason)
{
	rib_refuse(n, hop, reason);
	rib_find_refusal(n, hop, reason)->peer = peer;
	entries_judged(n);
}

/* Those for whose entry OVER is true. */
static void clear_entries(struct rib_node *n, const struct tunnel_peer *peer,
			  bool (*over)(const struct refusal *r, const struct tunnel_peer *peer))
{
	bool any = false;

	for (struct refusal *r = rib_refusals(n), *next; r; r = next) {
		struct addr hop = r->hop;

		next = r->next;
		if (!r->peer || !over(r, peer))
			continue;
		rib_clear(n, &hop, r->reason);
		any = true;
	}
	if (any)
		entries_judged(n);
}

static bool is_of(const struct refusal *r, const struct tunnel_peer *peer)
{
	return !peer || r->peer == peer;
}

void rib_clear_entries(struct rib_node *n, const struct tunnel_peer *peer)
{
	clear_entries(n, peer, is_of);
}

static bool leads_elsewhere(const struct refusal *r, const struct tunnel_peer *peer)
{
	const struct nexthop *nh = nexthop_find(&r->hop);

	return r->peer->gone || (nh && nh->peer != r->peer);
}

void rib_judge_entries(struct rib_node *n)
{
	if (rib_refusals(n))
		clear_entries(n, NULL, leads_elsewhere);
}

/* A list of bgpd that loses by distance is refused until the winner goes; the list itself is gone
 * by then, so the refusal remembers its kind. */
void rib_judge_distance(struct rib_node *n)
{
	struct refusal *r = rib_refusals(n) ? rib_refused_for(n, REASON_LOST_TO_PROTOCOL) : NULL;
	struct rib_cand *other = rib_others(n) ? rib_best_other(n) : NULL;
	struct hop_ref *hop;

	if (r) {
		if (!other || rib_cand_distance(n, other) > rib_bgp_distance(r->source))
			rib_clear(n, NULL, REASON_LOST_TO_PROTOCOL);
		return;
	}
	if (!other || !rib_hops(n))
		return;
	hop = rib_active_hop(n, rib_hops(n));
	if (!hop || rib_bgp_distance(hop->source) < rib_cand_distance(n, other))
		return;
	rib_refuse(n, NULL, REASON_LOST_TO_PROTOCOL);
	r = rib_refused_for(n, REASON_LOST_TO_PROTOCOL);
	r->source = hop->source;
}

void rib_forget_all(void)
{
	struct rib_node *n;
	uint32_t at = 0;

	while ((n = rib_walk(&at))) {
		fib_dequeue(n);
		if (n->hops)
			hopset_unref(rib_hops(n));
		while (rib_others(n))
			rib_cand_free(n, rib_others(n));
		fib_unref(rib_installed(n));
	}
	TAILQ_INIT(&beyond);
	n_beyond = 0;
	rib_nodes_free();
	slab_destroy(&cands);
	slab_destroy(&refusals);
	books_reset();
}
