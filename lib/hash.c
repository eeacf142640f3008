/* SPDX-License-Identifier: BSD-2-Clause */
#include "hash.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

uint32_t hash_bytes(const void *data, size_t len)
{
	static unsigned char key[crypto_shorthash_KEYBYTES];
	static bool keyed;
	uint8_t out[crypto_shorthash_BYTES];
	uint32_t hash;

	if (!keyed) {
		if (sodium_init() < 0)
			fatal("sodium_init failed");
		randombytes_buf(key, sizeof(key));
		keyed = true;
	}
	crypto_shorthash(out, data, len, key);
	memcpy(&hash, out, sizeof(hash));
	return hash;
}

static void resize(struct hash_table *t, size_t nslots)
{
	struct hash_node **slots = xcalloc(nslots, sizeof(*slots));

	for (size_t i = 0; i < t->nslots; i++) {
		struct hash_node *node = t->slots[i], *next;

		for (; node; node = next) {
			struct hash_node **slot = &slots[node->hash & (nslots - 1)];

			next = node->next;
			node->next = *slot;
			*slot = node;
		}
	}
	free(t->slots);
	t->slots = slots;
	t->nslots = nslots;
}

void hash_insert(struct hash_table *t, struct hash_node *node, uint32_t hash)
{
	struct hash_node **slot;

	if (t->count >= t->nslots)
		resize(t, t->nslots ? t->nslots * 2 : 16);
	slot = &t->slots[hash & (t->nslots - 1)];
	node->hash = hash;
	node->next = *slot;
	*slot = node;
	t->count++;
}

void hash_remove(struct hash_table *t, struct hash_node *node)
{
	struct hash_node **at;

	for (at = &t->slots[node->hash & (t->nslots - 1)]; *at != node; at = &(*at)->next)
		ensure(*at);
	*at = node->next;
	node->next = NULL;
	t->count--;
}

static struct hash_node *with_hash(struct hash_node *node, uint32_t hash)
{
	while (node && node->hash != hash)
		node = node->next;
	return node;
}

struct hash_node *hash_find(const struct hash_table *t, uint32_t hash)
{
	return t->nslots ? with_hash(t->slots[hash & (t->nslots - 1)], hash) : NULL;
}

struct hash_node *hash_find_next(const struct hash_node *node)
{
	return with_hash(node->next, node->hash);
}

static struct hash_node *first_from(const struct hash_table *t, size_t i)
{
	for (; i < t->nslots; i++)
		if (t->slots[i])
			return t->slots[i];
	return NULL;
}

struct hash_node *hash_first(const struct hash_table *t)
{
	return first_from(t, 0);
}

struct hash_node *hash_next(const struct hash_table *t, const struct hash_node *node)
{
	if (node->next)
		return node->next;
	return first_from(t, (node->hash & (t->nslots - 1)) + 1);
}

void hash_clear(struct hash_table *t)
{
	free(t->slots);
	*t = (struct hash_table){0};
}
