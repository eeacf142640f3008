/* SPDX-License-Identifier: BSD-2-Clause */
#include "rib_table.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "util.h"

#define SLOT_LOAD 2 /* networks a slot, at most: a slot is a fifth of a network */

struct rib_table rib_tables[PLANES_MAX][BGP_FAMILIES];
unsigned rib_planes = 1;
struct islab rib_paths;

/* Attributes before policy where they differ, by the path's number: chunks that exist while
 * somebody needs them. */
static struct received {
	uint32_t used;
	struct attr *set[ISLAB_CHUNK];
} * *received_sets;
static uint32_t received_chunks;

void rib_table_init(void)
{
	for (unsigned i = 0; i < PLANES_MAX * BGP_FAMILIES; i++) {
		struct rib_table *t = &rib_tables[i / BGP_FAMILIES][i % BGP_FAMILIES];
		enum bgp_family f = i % BGP_FAMILIES;
		size_t size;

		*t = (struct rib_table){.family = f,
					.af = f == BGP_IPV4 ? AF_INET : AF_INET6,
					.plane = i / BGP_FAMILIES};
		size = offsetof(struct net, addr) + family_bytes(t->af);
		t->nets.stride = (size + 3) & ~(size_t)3;
	}
	rib_planes = 1;
	rib_paths = (struct islab){.stride = sizeof(struct path)};
}

/* The owners of the paths have released them. */
void rib_table_free(void)
{
	RIB_TABLES_FOREACH (t) {
		islab_destroy(&t->nets);
		free(t->slots);
		*t = (struct rib_table){0};
	}
	rib_planes = 1;
	islab_destroy(&rib_paths);
	for (uint32_t i = 0; i < received_chunks; i++)
		free(received_sets[i]);
	free(received_sets);
	received_sets = NULL;
	received_chunks = 0;
}

static uint32_t net_hash_of(uint8_t af, const uint8_t *addr, uint8_t len)
{
	uint8_t key[17];
	unsigned bytes = family_bytes(af);

	memcpy(key, addr, bytes);
	key[bytes] = len;
	return hash_bytes(key, bytes + 1);
}

uint32_t net_hash(const struct prefix *p)
{
	return net_hash_of(p->family, p->b, p->len);
}

static void grow(struct rib_table *t)
{
	uint32_t n = t->nslots ? t->nslots * 2 : 1024;
	uint32_t *slots = xcalloc(n, sizeof(*slots));

	ensure((n & (n - 1)) == 0);
	for (uint32_t id = 1; id < t->nets.high; id++) {
		struct net *net = net_at(t, id);
		uint32_t *slot;

		if (!(net->flags & NET_USED))
			continue;
		slot = &slots[net_hash_of(t->af, net->addr, net->len) & (n - 1)];
		net->chain = *slot;
		*slot = id;
	}
	free(t->slots);
	t->slots = slots;
	t->nslots = n;
}

uint32_t net_find_hashed(const struct rib_table *t, const struct prefix *p, uint32_t hash)
{
	uint32_t id = t->nslots ? t->slots[hash & (t->nslots - 1)] : 0;

	while (id) {
		const struct net *net = net_at(t, id);

		if (net->len == p->len && memcmp(net->addr, p->b, family_bytes(t->af)) == 0)
			return id;
		id = net->chain;
	}
	return 0;
}

uint32_t net_find(const struct rib_table *t, const struct prefix *p)
{
	return t->nslots ? net_find_hashed(t, p, net_hash(p)) : 0;
}

uint32_t net_get(struct rib_table *t, const struct prefix *p)
{
	return net_get_hashed(t, p, net_hash(p));
}

uint32_t net_get_hashed(struct rib_table *t, const struct prefix *p, uint32_t hash)
{
	uint32_t id = net_find_hashed(t, p, hash);
	struct net *net;

	if (id)
		return id;
	if (t->plane >= rib_planes)
		rib_planes = t->plane + 1;
	id = islab_alloc(&t->nets);
	ensure(id < NETS_MAX);
	net = net_at(t, id);
	net->len = p->len;
	memcpy(net->addr, p->b, family_bytes(t->af));
	if (t->nets.used / SLOT_LOAD >= t->nslots)
		grow(t); /* this one is not marked as used yet */
	net->flags = NET_USED;
	net->chain = t->slots[hash & (t->nslots - 1)];
	t->slots[hash & (t->nslots - 1)] = id;
	return id;
}

void nets_fetch(const struct rib_table *t, const struct prefix *p, uint32_t *hash, size_t n)
{
	uint32_t *slot[NETS_FETCH];

	for (size_t i = 0; i < n; i++)
		hash[i] = net_hash(&p[i]);
	if (n < 2 || !t->nslots)
		return;
	for (size_t i = 0; i < n; i++) {
		slot[i] = &t->slots[hash[i] & (t->nslots - 1)];
		__builtin_prefetch(slot[i], 1);
	}
	for (size_t i = 0; i < n; i++)
		__builtin_prefetch(net_at(t, *slot[i]), 1);
	for (size_t i = 0; i < n; i++) {
		const struct net *net = net_at(t, *slot[i]);

		if (!*slot[i])
			continue; /* nothing stands at 0 */
		__builtin_prefetch(net_at(t, net->chain), 1);
		if (net->paths)
			__builtin_prefetch(path_at(net->paths), 1);
	}
}

uint32_t net_match(const struct rib_table *t, const struct prefix *p)
{
	for (int len = p->len; len >= 0; len--) {
		struct prefix shorter = prefix_make(p->family, p->b, (uint8_t)len);
		uint32_t id;

		id = net_find(t, &shorter);
		if (id && net_at(t, id)->paths)
			return id;
	}
	return 0;
}

void net_free(struct rib_table *t, uint32_t id)
{
	struct net *net = net_at(t, id);
	uint32_t *at = &t->slots[net_hash_of(t->af, net->addr, net->len) & (t->nslots - 1)];

	ensure(!net->paths && !(net->flags & NET_DIRTY));
	while (*at && *at != id)
		at = &net_at(t, *at)->chain;
	ensure(*at == id);
	*at = net->chain;
	islab_release(&t->nets, id);
}

struct prefix net_prefix(const struct rib_table *t, const struct net *n)
{
	struct prefix p = {.family = t->af, .len = n->len, .plane = t->plane};

	memcpy(p.b, n->addr, family_bytes(t->af));
	return p;
}

uint32_t path_new(struct rib_table *t, uint32_t net)
{
	uint32_t id = islab_alloc(&rib_paths);
	uint32_t *at = &net_at(t, net)->paths;

	while (*at)
		at = &path_at(*at)->next;
	*at = id;
	path_at(id)->net = net;
	path_at(id)->plane = t->plane;
	path_at(id)->flags = t->family == BGP_IPV6 ? PATH_IPV6 : 0;
	return id;
}

void path_free(struct rib_table *t, uint32_t id)
{
	struct path *path = path_at(id);
	struct net *net = net_at(t, path->net);
	uint32_t *at = &net->paths;

	while (*at != id)
		at = &path_at(*at)->next;
	if (at == &net->paths && net->flags & NET_BEST)
		net->flags ^= NET_BEST | NET_LOST;
	*at = path->next;
	path_set_attr(id, NULL, NULL);
	islab_release(&rib_paths, id);
}

uint32_t path_of_peer(const struct net *n, uint16_t peer)
{
	uint32_t id = n->paths;

	while (id && path_at(id)->peer != peer)
		id = path_at(id)->next;
	return id;
}

static struct attr **received_of(uint32_t id)
{
	return &received_sets[id / ISLAB_CHUNK]->set[id % ISLAB_CHUNK];
}

static void keep_received(uint32_t id, struct attr *received)
{
	uint32_t chunk = id / ISLAB_CHUNK;

	if (chunk >= received_chunks) {
		received_sets = xrealloc(received_sets, (chunk + 1) * sizeof(struct received *));
		while (received_chunks <= chunk)
			received_sets[received_chunks++] = NULL;
	}
	if (!received_sets[chunk])
		received_sets[chunk] = xcalloc(1, sizeof(struct received));
	received_sets[chunk]->used++;
	*received_of(id) = received;
	path_at(id)->flags |= PATH_EDITED;
}

static void drop_received(uint32_t id)
{
	struct received **chunk = &received_sets[id / ISLAB_CHUNK];

	attr_unref(*received_of(id));
	*received_of(id) = NULL;
	path_at(id)->flags &= ~PATH_EDITED;
	if (--(*chunk)->used)
		return;
	free(*chunk);
	*chunk = NULL;
}

struct attr *path_received(uint32_t id)
{
	return path_at(id)->flags & PATH_EDITED ? *received_of(id) : path_at(id)->attr;
}

void path_set_attr(uint32_t id, struct attr *received, struct attr *attr)
{
	struct path *p = path_at(id);

	if (p->flags & PATH_EDITED)
		drop_received(id);
	attr_unref(p->attr);
	p->attr = attr;
	if (received == attr)
		attr_unref(received); /* one is enough */
	else
		keep_received(id, received);
}
