/* SPDX-License-Identifier: BSD-2-Clause */
#include "hopset.h"

#include <stdlib.h>

#include "loop.h"
#include "planes.h"
#include "util.h"
#include "zconfig.h"

_Static_assert(sizeof(struct route_hop) == sizeof(struct addr) + 3, "hops are compared as bytes");

#define SETTLE_MS 10000

struct islab hopset_numbers = {.stride = sizeof(struct hopset *)};

static struct trie table;
static struct hash_table sets;
static TAILQ_HEAD(, nexthop) marked = TAILQ_HEAD_INITIALIZER(marked);
static void (*when_marked)(void);

void hopset_open(void (*wake)(void))
{
	when_marked = wake;
}

/* --- next hops --- */

static struct nexthop *nh_of(struct trie_node *t)
{
	return t ? container_of(t, struct nexthop, node) : NULL;
}

struct nexthop *nexthop_first(void)
{
	return nh_of(trie_first(&table));
}

struct nexthop *nexthop_next(const struct nexthop *nh)
{
	return nh_of(trie_next(&table, &nh->node));
}

struct nexthop *nexthop_find(const struct addr *a)
{
	struct prefix host = prefix_of_addr(a);

	return a->family ? nh_of(trie_exact(&table, &host)) : NULL;
}

struct nexthop *nexthop_get(const struct addr *a, bool *made)
{
	struct prefix host = prefix_of_addr(a);
	struct nexthop *nh = nh_of(trie_exact(&table, &host));

	*made = !nh;
	if (nh)
		return nh;
	nh = xcalloc(1, sizeof(*nh));
	nh->addr = *a;
	trie_insert(&table, &nh->node, &host);
	return nh;
}

void nexthop_release(struct nexthop *nh)
{
	if (nh->watched || !LIST_EMPTY(&nh->users))
		return;
	if (nh->dirty)
		TAILQ_REMOVE(&marked, nh, queue);
	trie_remove(&table, &nh->node);
	free(nh);
}

bool nexthop_usable(const struct nexthop *nh)
{
	return nh->kind != HOP_NONE && nh->reach != REACH_DOWN;
}

bool nexthop_settled(const struct nexthop *nh)
{
	return !nh->to_tell && (!nh->changed_ms || now_ms() - nh->changed_ms >= SETTLE_MS);
}

struct addr nexthop_gateway(const struct nexthop *nh)
{
	struct addr off = addr_off_link(nh->gateway.family ? &nh->gateway : &nh->addr);

	return addr_in_plane(&off, PLANE_MAIN);
}

unsigned nexthop_level(const struct nexthop *nh)
{
	if (nh->kind == HOP_NONE)
		return HOP_OUT;
	return reach_demotion(nh->reach, nh->weak, zconfig.last_path_keep);
}

unsigned hop_level(const struct hop_ref *r)
{
	unsigned state = nexthop_level(r->nh);

	return state > r->demotion ? state : r->demotion;
}

/* --- what changed --- */

void nexthop_mark(struct nexthop *nh)
{
	if (nh->dirty)
		return;
	nh->dirty = true;
	TAILQ_INSERT_TAIL(&marked, nh, queue);
	if (when_marked)
		when_marked();
}

struct nexthop *nexthop_take_marked(void)
{
	struct nexthop *nh = TAILQ_FIRST(&marked);

	if (!nh)
		return NULL;
	TAILQ_REMOVE(&marked, nh, queue);
	nh->dirty = false;
	return nh;
}

void nexthop_tunnel_changed(const struct tunnel_peer *p)
{
	for (struct nexthop *nh = nexthop_first(); nh; nh = nexthop_next(nh)) {
		struct addr at = nh->addr.family == AF_INET ? addr_off_link(&nh->addr) : nh->addr;

		if (nh->peer == p)
			nexthop_mark(nh);
		for (unsigned i = 0; i < p->n_addrs; i++)
			if (addr_eq(&p->addrs[i], &at))
				nexthop_mark(nh);
	}
}

void nexthop_tunnel_if_changed(const struct tunnel_if *i)
{
	nexthop_link_changed(i->ifindex);
}

void nexthop_link_changed(uint32_t ifindex)
{
	for (struct nexthop *nh = nexthop_first(); nh; nh = nexthop_next(nh))
		if (nh->oif == ifindex || nh->kind == HOP_NONE)
			nexthop_mark(nh);
}

void nexthop_all_changed(void)
{
	for (struct nexthop *nh = nexthop_first(); nh; nh = nexthop_next(nh))
		nexthop_mark(nh);
}

void nexthop_route_changed(const struct prefix *p)
{
	if (!table.count)
		return;
	for (struct trie_node *t = trie_first_in(&table, p); t; t = trie_next_in(&table, t, p))
		if (p->len >= nh_of(t)->via_len)
			nexthop_mark(nh_of(t));
}

/* --- ranked lists --- */

static bool hops_equal(const struct hopset *s, const struct route_hops *hops)
{
	struct route_hop same[ROUTE_HOPS_MAX];

	for (unsigned i = 0; i < s->n; i++)
		same[i] = (struct route_hop){s->ref[i].nh->addr, s->ref[i].source,
					     s->ref[i].demotion, s->ref[i].weight};
	return s->n == hops->n && !memcmp(same, hops->hop, s->n * sizeof(same[0]));
}

struct hopset *hopset_find(const struct route_hops *hops, uint32_t hash)
{
	for (struct hash_node *h = hash_find(&sets, hash); h; h = hash_find_next(h)) {
		struct hopset *s = container_of(h, struct hopset, hash);

		if (hops_equal(s, hops))
			return hopset_ref(s);
	}
	return NULL;
}

struct hopset *hopset_new(const struct route_hops *hops, uint32_t hash, struct nexthop *const nh[])
{
	struct hopset *s = xcalloc(1, sizeof(*s) + hops->n * sizeof(s->ref[0]));

	s->refs = 1;
	s->id = islab_alloc(&hopset_numbers);
	*(struct hopset **)islab_at(&hopset_numbers, s->id) = s;
	s->n = hops->n;
	for (unsigned i = 0; i < s->n; i++) {
		s->ref[i].nh = nh[i];
		s->ref[i].set = s;
		s->ref[i].source = hops->hop[i].source;
		s->ref[i].demotion = hops->hop[i].demotion;
		s->ref[i].weight = hops->hop[i].weight;
		LIST_INSERT_HEAD(&s->ref[i].nh->users, &s->ref[i], link);
	}
	hash_insert(&sets, &s->hash, hash);
	return s;
}

struct hopset *hopset_ref(struct hopset *s)
{
	s->refs++;
	return s;
}

void hopset_unref(struct hopset *s)
{
	ensure(s->refs);
	if (--s->refs)
		return;
	hash_remove(&sets, &s->hash);
	islab_release(&hopset_numbers, s->id);
	for (unsigned i = 0; i < s->n; i++) {
		LIST_REMOVE(&s->ref[i], link);
		nexthop_release(s->ref[i].nh);
	}
	free(s);
}

bool hopset_has(const struct hopset *s, const struct nexthop *nh)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->ref[i].nh == nh)
			return true;
	return false;
}

bool hopset_has_peer(const struct hopset *s, const struct tunnel_peer *p)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->ref[i].nh->peer == p)
			return true;
	return false;
}

void hopsets_looked(void)
{
	for (struct hash_node *h = hash_first(&sets); h; h = hash_next(&sets, h))
		container_of(h, struct hopset, hash)->look = LOOK_NOT;
}

void hopset_reset(void)
{
	ensure(!table.count && !sets.count);
	hash_clear(&sets);
	islab_destroy(&hopset_numbers);
}
