/* SPDX-License-Identifier: BSD-2-Clause */
#include "bfd_heap.h"

#include <stdlib.h>

#include "util.h"

static void put(struct bfd_heap *h, size_t place, struct bfd_due *d)
{
	h->v[place] = d;
	d->place = place;
}

static void up(struct bfd_heap *h, struct bfd_due *d)
{
	size_t i = d->place;

	for (; i && h->v[(i - 1) / 2]->at > d->at; i = (i - 1) / 2)
		put(h, i, h->v[(i - 1) / 2]);
	put(h, i, d);
}

static void down(struct bfd_heap *h, struct bfd_due *d)
{
	size_t i = d->place, child;

	while ((child = 2 * i + 1) < h->n) {
		if (child + 1 < h->n && h->v[child + 1]->at < h->v[child]->at)
			child++;
		if (h->v[child]->at >= d->at)
			break;
		put(h, i, h->v[child]);
		i = child;
	}
	put(h, i, d);
}

void bfd_heap_insert(struct bfd_heap *h, struct bfd_due *d, uint64_t at)
{
	h->v = xgrow(h->v, h->n, &h->cap, sizeof(*h->v));
	d->at = at;
	put(h, h->n++, d);
	up(h, d);
}

void bfd_heap_remove(struct bfd_heap *h, struct bfd_due *d)
{
	struct bfd_due *last = h->v[--h->n];

	if (last == d)
		return;
	put(h, d->place, last);
	up(h, last);
	down(h, last);
}

void bfd_heap_move(struct bfd_heap *h, struct bfd_due *d, uint64_t at)
{
	d->at = at;
	up(h, d);
	down(h, d);
}

struct bfd_due *bfd_heap_first(const struct bfd_heap *h)
{
	return h->n ? h->v[0] : NULL;
}

void bfd_heap_free(struct bfd_heap *h)
{
	free(h->v);
	*h = (struct bfd_heap){0};
}
