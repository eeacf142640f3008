/* SPDX-License-Identifier: BSD-2-Clause */
/* Open addressing with linear probing; a removal moves later entries of the run back, so that there
 * are no tombstones. The hash is not keyed: what is received here is our own benchmark's. */
#include "received.h"

#include <stdlib.h>

#include "util.h"

static uint64_t prefix_hash(const struct prefix *p)
{
	uint64_t high, low, h;

	memcpy(&high, p->b, 8);
	memcpy(&low, p->b + 8, 8);
	h = (high ^ low * 0x9e3779b97f4a7c15 ^ p->len ^ (uint64_t)p->family << 8) *
	    0xbf58476d1ce4e5b9;
	return (h ^ h >> 29) * 0x94d049bb133111eb >> 16;
}

static size_t home(const struct received *r, const struct prefix *p)
{
	return prefix_hash(p) & r->mask;
}

/* The prefix's slot, or the free one where it belongs. */
static struct received_slot *find(const struct received *r, const struct prefix *p)
{
	size_t i = home(r, p);

	while (r->slots[i].prefix.family && !prefix_eq(&r->slots[i].prefix, p))
		i = (i + 1) & r->mask;
	return &r->slots[i];
}

struct received *received_new(struct attrs_pool *pool)
{
	struct received *r = xcalloc(1, sizeof(*r));

	r->pool = pool;
	r->mask = 1023;
	r->slots = xcalloc(r->mask + 1, sizeof(*r->slots));
	return r;
}

void received_free(struct received *r)
{
	if (r)
		free(r->slots);
	free(r);
}

static void grow(struct received *r)
{
	struct received_slot *old = r->slots;
	size_t size = r->mask + 1;

	r->mask = size * 2 - 1;
	r->slots = xcalloc(size * 2, sizeof(*r->slots));
	for (size_t i = 0; i < size; i++) {
		if (old[i].prefix.family)
			*find(r, &old[i].prefix) = old[i];
	}
	free(old);
}

void received_set(struct received *r, const struct prefix *p, uint32_t attrs)
{
	struct received_slot *slot;

	if (r->count * 2 > r->mask)
		grow(r);
	slot = find(r, p);
	if (!slot->prefix.family) {
		slot->prefix = *p;
		r->count++;
	}
	slot->attrs = attrs;
}

void received_remove(struct received *r, const struct prefix *p)
{
	struct received_slot *slot = find(r, p);
	size_t gap = slot - r->slots, i = gap;

	if (!slot->prefix.family)
		return;
	r->count--;
	for (;;) {
		i = (i + 1) & r->mask;
		if (!r->slots[i].prefix.family)
			break;
		/* May only move to the gap when its home is not behind the gap. */
		if (((i - home(r, &r->slots[i].prefix)) & r->mask) >= ((i - gap) & r->mask)) {
			r->slots[gap] = r->slots[i];
			gap = i;
		}
	}
	r->slots[gap].prefix.family = 0;
}

void received_clear(struct received *r)
{
	memset(r->slots, 0, (r->mask + 1) * sizeof(*r->slots));
	r->count = 0;
}

uint64_t received_digest(const struct received *r)
{
	uint64_t sum = 0;

	for (size_t i = 0; i <= r->mask; i++) {
		uint64_t h;

		if (!r->slots[i].prefix.family)
			continue;
		h = prefix_hash(&r->slots[i].prefix) ^ attrs_digest(r->pool, r->slots[i].attrs);
		sum += (h ^ h >> 31) * 0x9e3779b97f4a7c15;
	}
	return sum;
}

void received_write(const struct received *r, FILE *f)
{
	char path[4096];

	for (size_t i = 0; i <= r->mask; i++) {
		const struct attrs *a;

		if (!r->slots[i].prefix.family)
			continue;
		a = attrs_get(r->pool, r->slots[i].attrs);
		attrs_path_text(a, path, sizeof(path));
		fprintf(f, "%s|%s|%s|%u|%u\n", PREFIX_STR(&r->slots[i].prefix),
			ADDR_STR(&a->next_hop), path, a->has_med ? a->med : 0,
			a->has_local_pref ? a->local_pref : 0);
	}
}
