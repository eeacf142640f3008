/* SPDX-License-Identifier: BSD-2-Clause */
#include "rib_node.h"

#include <stdlib.h>
#include <string.h>

#include "islab.h"
#include "planes.h"
#include "slab.h"
#include "util.h"

#define SLOT_LOAD 2 /* nodes a slot, at most */
#define SLOTS_MIN 1024
#define WALK_IPV6 0x80000000 /* in the place of a walk */

struct table {
	struct islab nodes;
	uint32_t *slots; /* hash: a power of two; NULL before the first node */
	uint32_t nslots;
	uint32_t by_len[129]; /* nodes of each length */
};

uint64_t rib_version = 1;
uint32_t rib_kernel_epoch;

static struct table tables[2];	    /* IPv4, IPv6 */
static size_t by_plane[PLANES_MAX]; /* nodes of each */
static struct hash_table extras;
static struct slab extra_slab = SLAB_INIT("rib-extra", struct rib_extra);

static struct table *table_of(uint8_t family)
{
	return &tables[family == AF_INET6];
}

static struct rib_node *node_at(const struct table *t, uint32_t id)
{
	return islab_at(&t->nodes, id);
}

struct prefix rib_prefix(const struct rib_node *n)
{
	struct prefix p = {.family = rib_family(n), .len = n->len, .plane = n->plane};

	/* By two lengths that the compiler knows: this is asked a dozen times for each change. */
	if (n->flags & NODE_IPV6)
		memcpy(p.b, n->addr, 16);
	else
		memcpy(p.b, n->addr, 4);
	return p;
}

static uint32_t hash_of(const struct prefix *p)
{
	uint8_t key[18];
	unsigned bytes = family_bytes(p->family);

	key[0] = p->plane;
	key[1] = p->len;
	memcpy(key + 2, p->b, bytes);
	return hash_bytes(key, bytes + 2);
}

static uint32_t *slot_of(const struct table *t, uint32_t hash)
{
	return &t->slots[hash & (t->nslots - 1)];
}

static void grow(struct table *t)
{
	t->nslots = t->nslots ? t->nslots * 2 : SLOTS_MIN;
	free(t->slots);
	t->slots = xcalloc(t->nslots, sizeof(*t->slots));
	for (uint32_t id = 1; id < t->nodes.high; id++) {
		struct rib_node *n = node_at(t, id);
		uint32_t *slot;

		if (!(n->flags & NODE_USED))
			continue;
		slot = slot_of(t, hash_of(RIB_PREFIX(n)));
		n->chain = *slot;
		*slot = id;
	}
}

static struct rib_node *find(const struct table *t, const struct prefix *p, uint32_t hash)
{
	unsigned bytes = family_bytes(p->family);
	struct rib_node *n;

	if (!t->by_len[p->len])
		return NULL;
	for (uint32_t id = *slot_of(t, hash); id; id = n->chain) {
		n = node_at(t, id);
		if (n->len == p->len && n->plane == p->plane && memcmp(n->addr, p->b, bytes) == 0)
			return n;
	}
	return NULL;
}

struct rib_node *rib_find(const struct prefix *p)
{
	const struct table *t = table_of(p->family);

	return t->by_len[p->len] ? find(t, p, hash_of(p)) : NULL;
}

static struct rib_node *get(struct table *t, const struct prefix *p, uint32_t hash)
{
	struct rib_node *n = find(t, p, hash);
	uint32_t id, *slot;

	if (n)
		return n;
	if (t->nodes.used / SLOT_LOAD >= t->nslots)
		grow(t);
	if (!t->nodes.stride)
		t->nodes.stride = sizeof(*n) + family_bytes(p->family);
	id = islab_alloc(&t->nodes);
	n = node_at(t, id);
	n->flags = NODE_USED | (p->family == AF_INET6 ? NODE_IPV6 : 0);
	n->plane = p->plane;
	n->len = p->len;
	memcpy(n->addr, p->b, family_bytes(p->family));
	slot = slot_of(t, hash);
	n->chain = *slot;
	*slot = id;
	t->by_len[p->len]++;
	by_plane[p->plane]++;
	return n;
}

struct rib_node *rib_get(const struct prefix *p)
{
	return get(table_of(p->family), p, hash_of(p));
}

void rib_get_some(const struct prefix *p, unsigned n, bool make, struct rib_node *out[])
{
	uint32_t hash[RIB_SOME];

	for (unsigned i = 0; i < n; i++) {
		const struct table *t = table_of(p[i].family);

		hash[i] = hash_of(&p[i]);
		if (t->nslots)
			__builtin_prefetch(slot_of(t, hash[i]));
	}
	for (unsigned i = 0; i < n; i++) {
		const struct table *t = table_of(p[i].family);
		uint32_t id = t->nslots ? *slot_of(t, hash[i]) : 0;

		if (id)
			__builtin_prefetch(node_at(t, id));
	}
	for (unsigned i = 0; i < n; i++) {
		struct table *t = table_of(p[i].family);

		out[i] = make ? get(t, &p[i], hash[i]) : find(t, &p[i], hash[i]);
	}
}

void rib_node_free(struct rib_node *n)
{
	struct table *t = table_of(rib_family(n));
	uint32_t *at = slot_of(t, hash_of(RIB_PREFIX(n))), id;

	rib_extra_trim(n);
	ensure(!(n->flags & NODE_EXTRA));
	while (*at && node_at(t, *at) != n)
		at = &node_at(t, *at)->chain;
	id = *at;
	ensure(id);
	*at = n->chain;
	t->by_len[n->len]--;
	by_plane[n->plane]--;
	islab_release(&t->nodes, id);
}

/* The longest that covers HOST, of at most LEN bits. */
static struct rib_node *longest(const struct prefix *host, int len)
{
	const struct table *t = table_of(host->family);

	for (; len >= 0; len--) {
		struct prefix p;
		struct rib_node *n;

		if (!t->by_len[len])
			continue;
		p = prefix_make(host->family, host->b, (uint8_t)len);
		p.plane = host->plane;
		n = rib_find(&p);
		if (n)
			return n;
	}
	return NULL;
}

struct rib_node *rib_cover(const struct rib_node *n)
{
	return longest(RIB_PREFIX(n), n->len - 1);
}

struct rib_node *rib_cover_of(const struct prefix *p)
{
	return longest(p, p->len - 1);
}

struct rib_node *rib_match(const struct addr *a)
{
	struct prefix host = prefix_of_addr(a);

	return longest(&host, host.len);
}

struct rib_node *rib_walk(uint32_t *at)
{
	for (;;) {
		const struct table *t = &tables[*at & WALK_IPV6 ? 1 : 0];
		uint32_t id = (*at & ~WALK_IPV6) + 1;

		if (id < t->nodes.high) {
			struct rib_node *n = node_at(t, id);

			++*at;
			if (n->flags & NODE_USED)
				return n;
			continue;
		}
		if (*at & WALK_IPV6)
			return NULL;
		*at = WALK_IPV6;
	}
}

size_t rib_count(void)
{
	return tables[0].nodes.used + tables[1].nodes.used;
}

size_t rib_count_in(uint8_t plane)
{
	return by_plane[plane];
}

bool rib_several_planes(void)
{
	return rib_count() > by_plane[PLANE_MAIN];
}

void rib_nodes_free(void)
{
	memset(by_plane, 0, sizeof(by_plane));
	for (unsigned i = 0; i < ARRAY_SIZE(tables); i++) {
		islab_destroy(&tables[i].nodes);
		free(tables[i].slots);
		tables[i] = (struct table){0};
	}
	hash_clear(&extras);
	slab_destroy(&extra_slab);
}

/* --- what few have --- */

static uint32_t extra_hash(const struct rib_node *n)
{
	return hash_bytes(&n, sizeof(n));
}

struct rib_extra *rib_extra_of(const struct rib_node *n)
{
	struct hash_node *h = hash_find(&extras, extra_hash(n));

	while (h && container_of(h, struct rib_extra, hash)->node != n)
		h = hash_find_next(h);
	ensure(h != NULL);
	return container_of(h, struct rib_extra, hash);
}

struct rib_extra *rib_extra_get(struct rib_node *n)
{
	struct rib_extra *x;

	if (n->flags & NODE_EXTRA)
		return rib_extra_of(n);
	n->flags |= NODE_EXTRA;
	x = slab_alloc(&extra_slab);
	x->node = n;
	hash_insert(&extras, &x->hash, extra_hash(n));
	return x;
}

void rib_extra_trim(struct rib_node *n)
{
	struct rib_extra *x = n->flags & NODE_EXTRA ? rib_extra_of(n) : NULL;

	if (!x || x->others || x->refusals || x->cleared || x->redist || x->retry)
		return;
	n->flags &= ~NODE_EXTRA;
	hash_remove(&extras, &x->hash);
	slab_free(&extra_slab, x);
}
