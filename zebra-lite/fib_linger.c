/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib_linger: the clocks of entries whose path was withdrawn and that stay for a while.
 */
#include "fib_internal.h"

#include "loop.h"
#include "rib_node.h"
#include "slab.h"

struct lingering {
	TAILQ_ENTRY(lingering) link;
	struct prefix prefix;
	uint64_t due_ms;
};

unsigned fib_linger_ms = 3000;

static struct slab lingers = SLAB_INIT("linger", struct lingering);
static TAILQ_HEAD(, lingering) linger_queue = TAILQ_HEAD_INITIALIZER(linger_queue);
static struct timer linger_timer;

/* The last clock that was started counts: those before it were for entries wanted again since. */
static void clock_due(struct rib_node *n)
{
	if (!(n->flags & NODE_CLOCKS))
		return; /* of a node of this prefix that is no more */
	n->flags -= NODE_CLOCK;
	if ((n->flags & NODE_CLOCKS) || !(n->flags & NODE_LINGER))
		return;
	n->flags |= NODE_LINGER_DUE;
	fib_dirty(n, false);
}

static void linger_due(void *arg)
{
	uint64_t now = now_ms();
	struct lingering *l;

	while ((l = TAILQ_FIRST(&linger_queue)) && l->due_ms <= now) {
		struct rib_node *n = rib_find(&l->prefix);

		if (n)
			clock_due(n);
		TAILQ_REMOVE(&linger_queue, l, link);
		slab_free(&lingers, l);
	}
	fib_counters.lingering = lingers.used;
	if (l)
		timer_start(&linger_timer, l->due_ms - now);
}

static void linger_start(struct rib_node *n)
{
	struct lingering *l;

	if (n->flags & NODE_LINGER)
		return;
	n->flags |= NODE_LINGER;
	if ((n->flags & NODE_CLOCKS) == NODE_CLOCKS)
		return; /* that many in so short a time: with the last one */
	n->flags += NODE_CLOCK;
	l = slab_alloc(&lingers);
	l->prefix = rib_prefix(n);
	l->due_ms = now_ms() + fib_linger_ms;
	TAILQ_INSERT_TAIL(&linger_queue, l, link);
	fib_counters.lingering = lingers.used;
	if (!linger_timer.ready)
		timer_init(&linger_timer, linger_due, NULL);
	if (!timer_running(&linger_timer))
		timer_start(&linger_timer, fib_linger_ms);
}

void fib_linger(struct rib_node *n, enum fib_linger how)
{
	if (how == LINGER_OVER || how == LINGER_ANEW)
		n->flags &= ~(NODE_LINGER | NODE_LINGER_DUE);
	if (how == LINGER_ON || how == LINGER_ANEW)
		linger_start(n);
}

void fib_linger_reset(void)
{
	timer_stop(&linger_timer);
	linger_timer.ready = false;
	TAILQ_INIT(&linger_queue);
	slab_destroy(&lingers);
}
