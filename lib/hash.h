/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hash: an intrusive chained hash table, and the keyed hash behind it.
 *
 * Keys may come from the wire, so the function is SipHash under a random key of this process. The
 * owner embeds a struct hash_node, computes the hash with hash_bytes() and compares keys itself.
 */
#ifndef WGBGP_HASH_H
#define WGBGP_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_node {
	struct hash_node *next;
	uint32_t hash;
};

struct hash_table {
	struct hash_node **slots; /* a power of two, NULL while empty */
	/* A small filter for each slot. Bit K is set when the slot has, or once had, a node whose
	 * hash begins with the three bits K. hash_find() of a key that is absent mostly ends here
	 * and reads no node, which would be a cache miss. */
	uint8_t *eighths;
	size_t nslots, count;
};

uint32_t hash_bytes(const void *data, size_t len);
uint64_t hash_long(const void *data, size_t len);

void hash_insert(struct hash_table *t, struct hash_node *node, uint32_t hash);
void hash_remove(struct hash_table *t, struct hash_node *node);
/* First node with HASH, then the next one with the same hash: compare the key on each. */
struct hash_node *hash_find(const struct hash_table *t, uint32_t hash);
struct hash_node *hash_find_next(const struct hash_node *node);
/* Walk in no order; the table must not change, but the node just returned may be removed after the
 * next one was fetched. */
struct hash_node *hash_first(const struct hash_table *t);
struct hash_node *hash_next(const struct hash_table *t, const struct hash_node *node);
void hash_clear(struct hash_table *t); /* frees the slots, not the nodes */

#endif
