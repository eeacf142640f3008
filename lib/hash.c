/* SPDX-License-Identifier: BSD-2-Clause */
#include "hash.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

static unsigned char key[crypto_shorthash_KEYBYTES];

static void make_key(void)
{
	if (sodium_init() < 0)
		fatal("sodium_init failed");
	randombytes_buf(key, sizeof(key));
}

uint64_t hash_long(const void *data, size_t len)
{
	static pthread_once_t keyed = PTHREAD_ONCE_INIT;
	uint8_t out[crypto_shorthash_BYTES];
	uint64_t hash;

	pthread_once(&keyed, make_key);
	crypto_shorthash(out, data, len, key);
	memcpy(&hash, out, sizeof(hash));
	return hash;
}

uint32_t hash_bytes(const void *data, size_t len)
{
	return (uint32_t)hash_long(data, len);
}

static uint8_t eighth_of(uint32_t hash)
{
	return 1u << (hash >> 29);
}

static void resize(struct hash_table *t, size_t nslots)
{
	struct hash_node **slots = xcalloc(nslots, sizeof(*slots));
	uint8_t *eighths = xcalloc(nslots, sizeof(*eighths));

	for (size_t i = 0; i < t->nslots; i++) {
		struct hash_node *node = t->slots[i], *next;

		for (; node; node = next) {
			struct hash_node **slot = &slots[node->hash & (nslots - 1)];

			eighths[node->hash & (nslots - 1)] |= eighth_of(node->hash);
			next = node->next;
			node->next = *slot;
			*slot = node;
		}
	}
	free(t->slots);
	free(t->eighths);
	t->slots = slots;
	t->eighths = eighths;
	t->nslots = nslots;
}

void hash_insert(struct hash_table *t, struct hash_node *node, uint32_t hash)
{
	struct hash_node **slot;

	if (t->count >= t->nslots)
		resize(t, t->nslots ? t->nslots * 2 : 16);
	slot = &t->slots[hash & (t->nslots - 1)];
	t->eighths[hash & (t->nslots - 1)] |= eighth_of(hash);
	node->hash = hash;
	node->next = *slot;
	*slot = node;
	t->count++;
}

void hash_remove(struct hash_table *t, struct hash_node *node)
{
	size_t slot = node->hash & (t->nslots - 1);
	struct hash_node **at;

	for (at = &t->slots[slot]; *at != node; at = &(*at)->next)
		ensure(*at);
	*at = node->next;
	node->next = NULL;
	if (!t->slots[slot])
		t->eighths[slot] = 0; /* while others are there its bit may stay */
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
	size_t slot = hash & (t->nslots - 1);

	if (!t->nslots || !(t->eighths[slot] & eighth_of(hash)))
		return NULL;
	return with_hash(t->slots[slot], hash);
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
	free(t->eighths);
	*t = (struct hash_table){0};
}
