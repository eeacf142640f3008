/* SPDX-License-Identifier: BSD-2-Clause */
#include "prefix_order.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

/* Bytes of a key: the plane, the address, the length. */
static size_t key_bytes(const struct prefix_order *o)
{
	return family_bytes(o->family) + 2;
}

void prefix_order_start(struct prefix_order *o, uint8_t family)
{
	prefix_order_free(o);
	o->family = family;
}

void prefix_order_add(struct prefix_order *o, const struct prefix *p)
{
	size_t bytes = key_bytes(o);
	uint8_t *key;

	o->keys = xgrow(o->keys, o->n, &o->cap, bytes);
	key = o->keys + o->n++ * bytes;
	key[0] = p->plane;
	memcpy(key + 1, p->b, bytes - 2);
	key[bytes - 1] = p->len;
}

static int compare_keys(const void *a, const void *b, void *bytes)
{
	return memcmp(a, b, *(size_t *)bytes);
}

void prefix_order_close_run(struct prefix_order *o)
{
	size_t bytes = key_bytes(o);

	if (o->start == o->n)
		return;
	qsort_r(o->keys + o->start * bytes, o->n - o->start, bytes, compare_keys, &bytes);
	o->runs = xrealloc(o->runs, (o->n_runs + 1) * sizeof(*o->runs));
	o->runs[o->n_runs++] = (struct prefix_run){o->start, o->n};
	o->start = o->n;
}

static const uint8_t *first_key(const struct prefix_order *o, uint32_t run)
{
	return o->keys + o->runs[run].at * key_bytes(o);
}

/* Which of two runs begins with the lesser key; B need not be there. */
static uint32_t lesser(const struct prefix_order *o, uint32_t a, uint32_t b)
{
	return b < o->n_runs && memcmp(first_key(o, b), first_key(o, a), key_bytes(o)) < 0 ? b : a;
}

static void sift(struct prefix_order *o, uint32_t i)
{
	for (;;) {
		uint32_t least = lesser(o, lesser(o, i, 2 * i + 1), 2 * i + 2);
		struct prefix_run r;

		if (least == i)
			return;
		r = o->runs[i];
		o->runs[i] = o->runs[least];
		o->runs[least] = r;
		i = least;
	}
}

void prefix_order_merge(struct prefix_order *o)
{
	prefix_order_close_run(o);
	for (uint32_t i = o->n_runs / 2; i-- > 0;)
		sift(o, i);
}

bool prefix_order_first(const struct prefix_order *o, struct prefix *p)
{
	const uint8_t *key;

	if (!o->n_runs)
		return false;
	key = first_key(o, 0);
	*p = prefix_make(o->family, key + 1, key[key_bytes(o) - 1]);
	p->plane = key[0];
	return true;
}

void prefix_order_drop(struct prefix_order *o)
{
	if (++o->runs[0].at == o->runs[0].end)
		o->runs[0] = o->runs[--o->n_runs];
	sift(o, 0);
}

void prefix_order_free(struct prefix_order *o)
{
	free(o->keys);
	free(o->runs);
	*o = (struct prefix_order){0};
}
