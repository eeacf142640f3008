/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib_batch: the two batches, and which prefix is in which.
 */
#include <stdlib.h>

#include "fib_internal.h"
#include "util.h"

struct batch fib_batches[2];

struct batch *fib_other(const struct batch *b)
{
	return b == &fib_batches[0] ? &fib_batches[1] : &fib_batches[0];
}

struct item *fib_item(const struct rib_node *n)
{
	return &fib_batches[n->slot / BATCH_MAX].items[n->slot % BATCH_MAX];
}

const struct fib *fib_after(const struct rib_node *n)
{
	return n->flags & NODE_IN_BATCH ? fib_item(n)->target : rib_installed(n);
}

struct item *fib_batch_put(struct batch *b, struct rib_node *n)
{
	struct item *it = &b->items[b->n];

	n->slot = (uint16_t)((b - fib_batches) * BATCH_MAX + b->n++);
	n->flags |= NODE_IN_BATCH;
	return it;
}

void fib_batch_sort(struct batch *b)
{
	unsigned start[130] = {0};

	for (unsigned i = 0; i < b->n; i++)
		start[128 - b->items[i].node->len + 1]++;
	for (unsigned i = 1; i < ARRAY_SIZE(start); i++)
		start[i] += start[i - 1];
	for (unsigned i = 0; i < b->n; i++)
		b->by_length[start[128 - b->items[i].node->len]++] = i;
}

bool fib_batch_is_plain(const struct batch *b)
{
	for (unsigned i = 0; i < b->n; i++) {
		const struct item *it = &b->items[i];
		const struct fib *old = rib_installed(it->node), *f = it->target;

		if ((f && (f->n || f->nh)) || (old && (old->n || old->nh)))
			return false;
	}
	return true;
}

void fib_batch_free(struct batch *b)
{
	b->n = 0;
	b->state = BATCH_FREE;
	b->stops = false;
}

void fib_batch_abort(struct batch *b)
{
	for (unsigned i = 0; i < b->n; i++) {
		struct item *it = &b->items[i];

		it->node->flags &= ~NODE_IN_BATCH;
		fib_unref(it->target);
		free(it->given);
		fib_dirty(it->node, false);
	}
	fib_batch_free(b);
}

static bool has_urgent(const struct batch *b)
{
	return b->n && b->urgent;
}

bool fib_repairing(void)
{
	return fib_counters.urgent || has_urgent(&fib_batches[0]) || has_urgent(&fib_batches[1]);
}
