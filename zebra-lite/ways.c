/* SPDX-License-Identifier: BSD-2-Clause */
#include "ways.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

static struct hash_table sets;

bool ways_are(const struct ways *s, const struct way *w, unsigned n)
{
	if (!s || n < 2)
		return !s && n < 2;
	for (unsigned i = 0; i < n && s->n == n; i++)
		if (s->way[i].oif != w[i].oif || s->way[i].weight != w[i].weight ||
		    !addr_eq(&s->way[i].gateway, &w[i].gateway))
			return false;
	return s->n == n;
}

static uint32_t ways_hash(const struct way *w, unsigned n)
{
	struct way key[ROUTE_WAYS_MAX];

	memset(key, 0, sizeof(key));
	for (unsigned i = 0; i < n; i++) {
		key[i].oif = w[i].oif;
		key[i].weight = w[i].weight;
		key[i].gateway = w[i].gateway;
	}
	return hash_bytes(key, n * sizeof(key[0]));
}

struct ways *ways_get(const struct way *w, unsigned n)
{
	struct ways *s;
	uint32_t hash;

	if (n < 2)
		return NULL;
	hash = ways_hash(w, n);
	for (struct hash_node *h = hash_find(&sets, hash); h; h = hash_find_next(h)) {
		s = container_of(h, struct ways, hash);
		if (ways_are(s, w, n))
			return ways_ref(s);
	}
	s = xcalloc(1, sizeof(*s) + n * sizeof(s->way[0]));
	s->refs = 1;
	s->n = (uint8_t)n;
	memcpy(s->way, w, n * sizeof(s->way[0]));
	hash_insert(&sets, &s->hash, hash);
	return s;
}

struct ways *ways_ref(struct ways *s)
{
	if (s)
		s->refs++;
	return s;
}

void ways_unref(struct ways *s)
{
	if (!s)
		return;
	ensure(s->refs);
	if (--s->refs)
		return;
	hash_remove(&sets, &s->hash);
	free(s);
	if (!sets.count)
		hash_clear(&sets);
}

bool ways_up(const struct ways *s, const struct way *one, unsigned i, struct way *to)
{
	const struct way *w = s ? s->way : one;

	for (unsigned n = s ? s->n : 1; n--; w++) {
		if ((out.link_up && !out.link_up(w->oif)) || i--)
			continue;
		*to = *w;
		return true;
	}
	return false;
}

bool ways_have(const struct ways *s, uint32_t ifindex)
{
	for (unsigned i = 0; s && i < s->n; i++)
		if (s->way[i].oif == ifindex)
			return true;
	return false;
}
