/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib_turn: takes prefixes out of the queue into the next batch, each with what it should have.
 */
#include "fib_internal.h"
#include "fib_retry.h"
#include "loop.h"
#include "nexthop.h"
#include "nhobj.h"
#include "pin.h"
#include "rib.h"
#include "util.h"
#include "zconfig.h"

#define BATCH_FIRST 256 /* where wgd is asked, the first ones of a burst wait for few */
#define BATCH_GROWTH 4
#define PIN_RETRY_MS 100

unsigned fib_batch_max = BATCH_MAX;
static unsigned batch_now = BATCH_MAX; /* grows as long as the queue is not worked off */
static struct timer pin_timer;

static void want(struct rib_node *n, struct fib_plan *plan)
{
	fib_want(n, plan);
	fib_linger(n, plan->linger);
}

static bool through_tunnel(const struct fib_plan *plan)
{
	return plan->n || (plan->type && tunnel_if_by_index(plan->oif));
}

/* True when N must wait for a pin. */
static bool guard(struct rib_node *n, struct fib_plan *plan)
{
	if (plan->proto != RIB_BGP && plan->proto != RIB_STATIC)
		return false;
	if (!through_tunnel(plan))
		return false;
	if (!pin_prefix_changed(n))
		return false;
	switch (pin_ask(n)) {
	case PIN_WAIT:
		pin_hurry(n);
		return true;
	case PIN_REFUSED:
		rib_refuse(n, NULL, REASON_COVERS_ENDPOINT);
		want(n, plan);
		return false;
	default:
		return false;
	}
}

/* N gets a route or keeps it, and no object has to do with it: whatever other prefixes of this kind
 * have under way, the entries of all can be put in one after the other before their routes. */
static bool only_grows(const struct rib_node *n, const struct fib *target)
{
	const struct fib *old = rib_installed(n);

	return fib_has_route(target) && !target->nh && (!old || !old->nh) && !rib_several_planes();
}

enum fib_answer fib_target(struct rib_node *n, struct fib_plan *plan, struct fib **target)
{
	rib_judge_entries(n);
	rib_judge_ceiling(n);
	rib_judge_distance(n);
	want(n, plan);
	if (guard(n, plan))
		return FIB_PIN_AWAITED;
	if (plan->proto == RIB_BGP && plan->first)
		nhobj_choose(n, rib_hops(n), plan->first, plan);
	*target = fib_get(plan);
	if (rib_found_stays(n, *target)) {
		fib_unref(*target);
		return FIB_FOUND_STAYS;
	}
	n->flags &= ~NODE_ADOPTED;
	return FIB_TARGET;
}

enum taken {
	TAKEN,	   /* into the batch, or what it has stays */
	TAKE_WAIT, /* for its pin */
	TAKE_STOP, /* until the batch under way is done */
	TAKE_END,  /* it is in this batch already: the next one */
};

/* N has TARGET; another protocol may have the same route, an object may have moved. */
static void as_it_should_be(struct rib_node *n, struct fib *target, const struct addr *hop)
{
	fib_booked(n, target && target->nh);
	fib_retry_done(n, target, hop);
	fib_unref(target);
	rib_release(n);
}

static enum taken put(struct batch *b, struct rib_node *n, struct fib *target,
		      const struct fib_plan *plan, bool urgent)
{
	bool grows = only_grows(n, target);

	if (fib_other(b)->state == BATCH_ASKED && !grows) {
		fib_unref(target);
		return TAKE_STOP;
	}
	*fib_batch_put(b, n) = (struct item){.node = n,
					     .target = target,
					     .hop = plan->hop,
					     .write = ROUTE_NONE,
					     .urgent = urgent,
					     .removed = !fib_has_route(target)};
	b->grows = b->grows && grows;
	b->urgent |= urgent;
	return TAKEN;
}

static enum taken take(struct batch *b, struct rib_node *n, bool urgent)
{
	struct fib_plan plan;
	struct fib *target;

	if (n->flags & NODE_IN_BATCH)
		return fib_other(b)->state == BATCH_FREE ? TAKE_END : TAKE_STOP;
	switch (fib_target(n, &plan, &target)) {
	case FIB_PIN_AWAITED:
		return TAKE_WAIT;
	case FIB_FOUND_STAYS:
		return TAKEN;
	case FIB_TARGET:
		break;
	}
	if (target == rib_installed(n)) {
		as_it_should_be(n, target, &plan.hop);
		return TAKEN;
	}
	if (!fib_same_route(rib_installed(n), target) && fib_retry_waits(n, target)) {
		fib_unref(target);
		return TAKEN; /* fib_retry.c queues it when its time comes */
	}
	return put(b, n, target, &plan, urgent);
}

/* All or nothing of what is queued, up to the size of a batch: a part of it might move a covering
 * prefix before the longer one in the rest, or remove what that is to replace. */
static void take_back(struct batch *b)
{
	while (b->n) {
		struct item *it = &b->items[--b->n];

		it->node->flags &= ~NODE_IN_BATCH;
		fib_unref(it->target);
		if (!(it->node->flags & NODE_QUEUED))
			fib_queue_put_back(it->node, it->urgent);
	}
	fib_other(b)->stops = true;
}

static void pin_retry(void *arg)
{
	fib_look();
}

static void wait_for_pins(void)
{
	if (!pin_timer.ready)
		timer_init(&pin_timer, pin_retry, NULL);
	timer_start(&pin_timer, PIN_RETRY_MS);
}

static unsigned next_size(const struct batch *b, unsigned max, bool with_entries)
{
	unsigned size = b->n == max    ? batch_now * BATCH_GROWTH
			: with_entries ? BATCH_FIRST
				       : BATCH_MAX;

	return size < BATCH_MAX ? size : BATCH_MAX;
}

bool fib_turn(struct batch *b, bool with_entries)
{
	static struct rib_node *waiting[BATCH_MAX];
	unsigned n_waiting = 0, max = batch_now < fib_batch_max ? batch_now : fib_batch_max;
	unsigned looked = 0;
	enum taken taken = TAKEN;
	struct rib_node *n;
	bool urgent;

	b->grows = true;
	b->urgent = false;
	nexthop_run();
	while (b->n < max && looked < fib_batch_max && taken < TAKE_STOP &&
	       (n = fib_queue_take(&urgent))) {
		looked++;
		taken = take(b, n, urgent);
		if (taken == TAKE_WAIT && !(n->flags & NODE_QUEUED))
			waiting[n_waiting++] = n;
		else if (taken >= TAKE_STOP && !(n->flags & NODE_QUEUED))
			fib_queue_put_back(n, urgent);
	}
	if (taken == TAKE_STOP)
		take_back(b);
	else
		batch_now = next_size(b, max, with_entries);
	for (unsigned i = 0; i < n_waiting; i++)
		if (!(waiting[i]->flags & NODE_QUEUED))
			fib_queue_put(waiting[i], false);
	if (n_waiting && !b->n)
		wait_for_pins();
	return looked == fib_batch_max && n_waiting < looked && taken < TAKE_STOP;
}

void fib_turn_reset(void)
{
	timer_stop(&pin_timer);
	pin_timer.ready = false;
}
