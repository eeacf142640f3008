/* SPDX-License-Identifier: BSD-2-Clause */
#include "pin.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "configured.h"
#include "fib.h"
#include "keepin.h"
#include "log.h"
#include "uplink.h"
#include "zconfig.h"

static struct trie pins;

static struct pin *pin_of(struct trie_node *t)
{
	return t ? container_of(t, struct pin, node) : NULL;
}

struct pin *pin_first(void)
{
	return pin_of(trie_first(&pins));
}

struct pin *pin_next(const struct pin *p)
{
	return pin_of(trie_next(&pins, &p->node));
}

static bool hops_tunnelled(const struct hopset *s)
{
	for (unsigned i = 0; s && i < s->n; i++)
		if (s->ref[i].nh->peer)
			return true;
	return false;
}

/* N has, or would like to have, a way through a tunnel. */
static bool tunnelled(const struct rib_node *n)
{
	if (hops_tunnelled(rib_hops(n)))
		return true;
	for (struct rib_cand *c = rib_others(n); c; c = c->next)
		if (c->proto == RIB_STATIC && hops_tunnelled(c->hops))
			return true;
	return false;
}

static bool cand_is_underlay(const struct rib_node *n, const struct rib_cand *c, struct pin *to)
{
	struct hop_ref *hop = c->hops ? rib_static_hop(n, c->hops) : NULL;

	if (c->proto == RIB_PIN || c->proto == RIB_TUNNEL || c->type != RTN_UNICAST)
		return false;
	if (hop && hop->nh->kind == HOP_GATEWAY) {
		to->oif = hop->nh->oif;
		to->gateway = hop->nh->gateway.family ? hop->nh->gateway : hop->nh->addr;
		return true;
	}
	if (c->hops || !c->oif || tunnel_if_by_index(c->oif) || configured_refused_if(c->oif))
		return false;
	if (out.link_up && !out.link_up(c->oif))
		return false;
	to->oif = c->oif;
	to->gateway = c->gateway;
	return true;
}

/* The route of somebody else, or learned but through no tunnel, at N. */
static bool node_is_underlay(const struct rib_node *n, struct pin *to)
{
	struct hop_ref *hop = rib_hops(n) ? rib_active_hop(n, rib_hops(n)) : NULL;
	uint32_t best = UINT32_MAX;
	bool found = false;

	for (struct rib_cand *c = rib_others(n); c; c = c->next)
		if (c->metric < best && cand_is_underlay(n, c, to)) {
			best = c->metric;
			found = true;
		}
	if (found)
		return true;
	if (!hop || hop->nh->kind != HOP_GATEWAY)
		return false;
	to->oif = hop->nh->oif;
	to->gateway = hop->nh->gateway.family ? hop->nh->gateway : hop->nh->addr;
	return true;
}

static void find_underlay(const struct pin *pin, struct pin *to)
{
	struct rib_node *n = rib_match(&pin->addr);

	to->oif = 0;
	to->gateway = (struct addr){0};
	to->via_len = 0;
	for (; n; n = rib_cover(n))
		if (node_is_underlay(n, to)) {
			to->via_len = n->len;
			return;
		}
}

static bool captures(const struct rib_node *n, const struct pin *pin)
{
	return !pin->oif || n->len >= pin->via_len;
}

bool pin_is_caught(const struct prefix *p)
{
	for (struct trie_node *t = pins.count ? trie_first_in(&pins, p) : NULL; t;
	     t = trie_next_in(&pins, t, p))
		if (!pin_of(t)->oif || p->len >= pin_of(t)->via_len)
			return true;
	return false;
}

/* True when nothing can be done about N capturing an endpoint. */
static bool hopeless(const struct rib_node *n)
{
	for (struct trie_node *t = trie_first_in(&pins, RIB_PREFIX(n)); t;
	     t = trie_next_in(&pins, t, RIB_PREFIX(n))) {
		struct pin *pin = pin_of(t);
		struct rib_node *host;

		if (!captures(n, pin))
			continue;
		if (!pin->oif || !zconfig.pin || prefix_eq(RIB_PREFIX(n), &pin->node.p))
			return true;
		host = rib_find(&pin->node.p);
		if (host && rib_refused_for(host, REASON_KERNEL_ERROR))
			return true;
	}
	return false;
}

/* Prefixes that cover the pin are looked at again. */
static void covers_again(const struct pin *pin)
{
	struct rib_node *n = rib_match(&pin->addr), *next;

	for (; n; n = next) {
		next = rib_cover(n);
		if (rib_refused_for(n, REASON_COVERS_ENDPOINT) && !hopeless(n))
			rib_clear(n, NULL, REASON_COVERS_ENDPOINT);
		if (tunnelled(n))
			fib_dirty(n, false);
	}
}

static bool is_wanted(const struct pin *pin)
{
	for (struct rib_node *n = rib_match(&pin->addr); n; n = rib_cover(n))
		if (n->len < pin->node.p.len && tunnelled(n) && captures(n, pin))
			return true;
	return false;
}

static void pin_eval(struct pin *pin)
{
	struct pin to = {0};
	bool moved;

	find_underlay(pin, &to);
	moved = to.oif != pin->oif || !addr_eq(&to.gateway, &pin->gateway) ||
		to.via_len != pin->via_len;
	pin->oif = to.oif;
	pin->gateway = to.gateway;
	pin->via_len = to.via_len;
	pin->wanted = pin->peers && is_wanted(pin);
	pin->placed = pin->wanted && pin->oif && zconfig.pin;
	rib_own_route(&pin->node.p, RIB_PIN, pin->placed ? pin->oif : 0, &pin->gateway);
	if (!moved)
		return;
	covers_again(pin);
	keepin_look_over(&pin->addr);
}

static struct pin *pin_find(const struct addr *a)
{
	struct prefix host = prefix_of_addr(a);

	return pin_of(trie_exact(&pins, &host));
}

static void release(const struct addr *a)
{
	struct pin *pin = pin_find(a);

	if (!pin || --pin->peers)
		return;
	rib_own_route(&pin->node.p, RIB_PIN, 0, NULL);
	trie_remove(&pins, &pin->node);
	covers_again(pin);
	keepin_look_over(a);
	free(pin);
}

static void hold(const struct addr *a)
{
	struct pin *pin = pin_find(a);
	struct prefix host = prefix_of_addr(a);

	if (!pin) {
		pin = xcalloc(1, sizeof(*pin));
		pin->addr = *a;
		trie_insert(&pins, &pin->node, &host);
	}
	pin->peers++;
	pin_eval(pin);
	covers_again(pin);
	keepin_look_over(a);
}

void pin_endpoint(struct tunnel_peer *p)
{
	struct addr old = p->pinned, now = p->endpoint.addr;

	if (addr_is_link_local(&now) || uplink_bypasses(p->iface))
		now = (struct addr){0};
	if (addr_eq(&old, &now))
		return;
	p->pinned = now;
	if (now.family)
		hold(&now);
	if (old.family)
		release(&old);
}

void pin_uplinks_changed(void)
{
	struct tunnel_peer *p;

	LIST_FOREACH (p, tunnel_all_peers(), link)
		pin_endpoint(p);
}

/* True: there are some. */
static bool eval_inside(const struct prefix *p)
{
	struct trie_node *t = trie_first_in(&pins, p), *next;
	bool any = t != NULL;

	for (; t; t = next) {
		next = trie_next_in(&pins, t, p);
		pin_eval(pin_of(t));
	}
	return any;
}

void pin_route_changed(const struct prefix *p)
{
	if (pins.count)
		eval_inside(p);
}

bool pin_prefix_changed(struct rib_node *n)
{
	return pins.count && eval_inside(RIB_PREFIX(n));
}

void pin_try_again(const struct prefix *p)
{
	struct pin *pin = pins.count ? pin_of(trie_exact(&pins, p)) : NULL;

	if (pin)
		covers_again(pin);
}

/* Its host route is in the kernel as it should be. */
static bool in_place(const struct pin *pin)
{
	const struct rib_node *host = rib_find(&pin->node.p);
	const struct fib *f = host ? rib_installed(host) : NULL;

	return f && f->oif == pin->oif && addr_eq(&f->gateway, &pin->gateway);
}

enum pin_answer pin_ask(const struct rib_node *n)
{
	if (!tunnelled(n))
		return PIN_CLEAR;
	if (hopeless(n))
		return PIN_REFUSED;
	for (struct trie_node *t = trie_first_in(&pins, RIB_PREFIX(n)); t;
	     t = trie_next_in(&pins, t, RIB_PREFIX(n)))
		if (captures(n, pin_of(t)) && !in_place(pin_of(t)))
			return PIN_WAIT;
	return PIN_CLEAR;
}

void pin_hurry(const struct rib_node *n)
{
	for (struct trie_node *t = trie_first_in(&pins, RIB_PREFIX(n)); t;
	     t = trie_next_in(&pins, t, RIB_PREFIX(n))) {
		struct rib_node *host = rib_find(&pin_of(t)->node.p);

		if (host && captures(n, pin_of(t)) && !in_place(pin_of(t)))
			fib_dirty(host, true);
	}
}

void pin_config_changed(void)
{
	struct pin *pin, *next;

	for (pin = pin_first(); pin; pin = next) {
		next = pin_next(pin);
		pin_eval(pin);
		covers_again(pin);
	}
}

void pin_reset(void)
{
	struct pin *pin, *next;

	for (pin = pin_first(); pin; pin = next) {
		next = pin_next(pin);
		trie_remove(&pins, &pin->node);
		free(pin);
	}
}
