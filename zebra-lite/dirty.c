/* SPDX-License-Identifier: BSD-2-Clause */
#include "dirty.h"

#include <stdlib.h>
#include <string.h>

#include "rib_node.h"
#include "util.h"

#define QUEUE_HIGH 65536 /* prefixes: stop reading from bgpd */
#define QUEUE_LOW 16384
#define RING_MIN 4096 /* a ring of this size is kept */

struct ring {
	struct rib_node **slots;
	size_t size, head, n; /* a power of two; the first; with ghosts */
};

struct fib_counters fib_counters;

static struct ring rings[2]; /* [1]: urgent */
static bool busy;
static void (*when_queued)(void);
static void (*when_busy)(bool busy);

void dirty_open(void (*wake)(void), void (*on_busy)(bool busy))
{
	when_queued = wake;
	when_busy = on_busy;
}

void fib_look(void)
{
	if (when_queued)
		when_queued();
}

static struct rib_node **slot(const struct ring *r, size_t i)
{
	return &r->slots[(r->head + i) & (r->size - 1)];
}

static void count(int queued, int urgent)
{
	fib_counters.queued += queued;
	fib_counters.urgent += urgent;
	if (!busy && fib_counters.queued > QUEUE_HIGH)
		busy = true;
	else if (busy && fib_counters.queued < QUEUE_LOW)
		busy = false;
	else
		return;
	if (when_busy)
		when_busy(busy);
}

static void ring_free(struct ring *r)
{
	free(r->slots);
	*r = (struct ring){0};
}

static void ring_grow(struct ring *r)
{
	size_t size = r->size ? r->size * 2 : RING_MIN;
	struct rib_node **slots = xmalloc(size * sizeof(struct rib_node *));

	for (size_t i = 0; i < r->n; i++)
		slots[i] = *slot(r, i);
	free(r->slots);
	*r = (struct ring){.slots = slots, .size = size, .n = r->n};
}

void fib_queue_put(struct rib_node *n, bool urgent)
{
	struct ring *r = &rings[urgent];

	if (r->n == r->size)
		ring_grow(r);
	*slot(r, r->n++) = n;
	n->flags |= NODE_QUEUED | (urgent ? NODE_URGENT : 0);
	count(1, urgent);
}

/* Takes all entries of N out, for once at the price of a walk. */
static void purge(struct ring *r, const struct rib_node *n)
{
	size_t left = 0;

	for (size_t i = 0; i < r->n; i++)
		if (*slot(r, i) != n)
			*slot(r, left++) = *slot(r, i);
	r->n = left;
}

void fib_dequeue(struct rib_node *n)
{
	unsigned urgent = n->flags & NODE_URGENT ? 1 : 0;

	if (!(n->flags & NODE_QUEUED))
		return;
	if (n->ghosts[urgent] == UINT8_MAX) {
		purge(&rings[urgent], n);
		n->ghosts[urgent] = 0;
	} else {
		n->ghosts[urgent]++;
	}
	n->flags &= ~(NODE_QUEUED | NODE_URGENT);
	count(-1, -(int)urgent);
}

void rib_release(struct rib_node *n)
{
	if (n->hops || n->installed || (n->flags & (NODE_IN_BATCH | NODE_EXTRA)))
		return;
	fib_dequeue(n);
	if (!n->ghosts[0] && !n->ghosts[1]) /* else when they are gone */
		rib_node_free(n);
}

static struct rib_node *ring_take(unsigned urgent)
{
	struct ring *r = &rings[urgent];

	while (r->n) {
		struct rib_node *n = *slot(r, 0);

		r->head++;
		r->n--;
		if (!n->ghosts[urgent]) {
			n->flags &= ~(NODE_QUEUED | NODE_URGENT);
			count(-1, -(int)urgent);
			return n;
		}
		n->ghosts[urgent]--;
		if (!(n->flags & NODE_QUEUED))
			rib_release(n);
	}
	if (r->size > RING_MIN)
		ring_free(r);
	return NULL;
}

struct rib_node *fib_queue_take(bool *urgent)
{
	struct rib_node *n = ring_take(1);

	*urgent = n != NULL;
	return n ? n : ring_take(0);
}

void fib_dirty(struct rib_node *n, bool urgent)
{
	if (n->flags & NODE_QUEUED) {
		/* One that was withdrawn goes behind what came before its withdrawal. */
		if ((!urgent && n->hops) || (n->flags & NODE_URGENT))
			return;
		fib_dequeue(n);
	}
	fib_queue_put(n, urgent);
	fib_look();
}

void fib_queue_put_back(struct rib_node *n, bool urgent)
{
	struct ring *r = &rings[urgent];

	if (r->n == r->size)
		ring_grow(r);
	r->head--;
	r->n++;
	*slot(r, 0) = n;
	n->flags |= NODE_QUEUED | (urgent ? NODE_URGENT : 0);
	count(1, urgent);
}

void fib_queue_reset(void)
{
	struct rib_node *n;
	uint32_t at = 0;

	while ((n = rib_walk(&at))) {
		n->flags &= ~(NODE_QUEUED | NODE_URGENT);
		memset(n->ghosts, 0, sizeof(n->ghosts));
	}
	ring_free(&rings[0]);
	ring_free(&rings[1]);
	busy = false;
}
