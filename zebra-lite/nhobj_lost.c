/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nhobj_lost: objects that the kernel has no more, or could not make.
 */
#include "dirty.h"
#include "log.h"
#include "loop.h"
#include "nexthop.h"
#include "nhobj_internal.h"
#include "out.h"
#include "rib_node.h"

#define REFUSED_MAX 8 /* routes by an object that the kernel refused in a row: then no more */

bool nhobj_waiting;
static unsigned refused[2]; /* in a row: of IPv4, of IPv6 */
static struct timer missed_timer;

static void leaf_lost(uint32_t leaf)
{
	struct nhobj *o;

	LIST_FOREACH (o, &nhobj_all, link) {
		unsigned left = 0;

		if (o->gone || !nhobj_names(o, leaf))
			continue;
		for (unsigned i = 0; i < o->n; i++) {
			if (o->member[i].leaf == leaf)
				o->member[i].leaf = 0;
			left += o->member[i].leaf != 0;
		}
		nhobj_counters.moves++;
		o->home_wanted = nhobj_waiting = true;
		if (!left)
			nhobj_lose(o); /* the kernel has dropped it, and its routes */
	}
}

void nhobj_lose(struct nhobj *o)
{
	struct nexthop *nh = nexthop_find(&o->active);

	if (o->gone)
		return;
	o->gone = true;
	nhobj_counters.lost++;
	log_warn("nexthop-lost", "id=%u", o->id);
	if (nh)
		nexthop_users_dirty(nh);
	for (unsigned i = 0; i < o->n; i++) {
		nh = nexthop_find(&o->member[i].addr);
		if (nh)
			nexthop_users_dirty(nh);
	}
	if (o->leaf)
		leaf_lost(o->id);
	fib_look(); /* its groups get another one when the queue is worked off */
}

void nhobj_lost(uint32_t id)
{
	struct nhobj *o = nhobj_by_id(id);

	if (!o)
		return;
	nhobj_lose(o);
	out.resync("a nexthop object was deleted");
}

void nhobj_refused(struct nhobj *o)
{
	if (o->gone)
		return;
	if (!nhobj_has_fallen(o) && ++refused[o->family == AF_INET6] > REFUSED_MAX)
		nhobj_give_up(o->family);
	nhobj_lost(o->id);
}

void nhobj_taken(const struct nhobj *o)
{
	refused[o->family == AF_INET6] = 0;
}

void nhobj_link_down(uint32_t ifindex)
{
	struct nhobj *o;

	LIST_FOREACH (o, &nhobj_all, link)
		if (o->oif == ifindex && !o->gone) {
			o->gone = true;
			leaf_lost(o->id);
		}
}

void nhobj_read(void)
{
	struct nhobj *o;

	LIST_FOREACH (o, &nhobj_all, link)
		if (o->epoch != rib_kernel_epoch)
			nhobj_lose(o);
}

static void missed_due(void *arg)
{
	fib_look();
}

void nhobj_settle(void)
{
	uint64_t ms;

	if (nhobj_missed(&ms)) {
		for (struct nexthop *nh = nexthop_first(); nh; nh = nexthop_next(nh))
			if (nh->kind == HOP_TUNNEL)
				nexthop_lists_mark(nh, false);
		nexthop_users_look();
	} else if (ms) {
		if (!missed_timer.ready)
			timer_init(&missed_timer, missed_due, NULL);
		timer_start(&missed_timer, ms);
	}
}

void nhobj_lost_reset(void)
{
	timer_stop(&missed_timer);
	missed_timer.ready = false;
	refused[0] = refused[1] = 0;
	nhobj_waiting = false;
}
