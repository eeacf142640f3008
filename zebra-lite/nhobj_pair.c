/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nhobj_pair: objects over two next hops: which prefix gets which, and where they lead.
 */
#include <errno.h>
#include <string.h>

#include "log.h"
#include "loop.h"
#include "nexthop.h"
#include "nhobj_internal.h"
#include "out.h"
#include "rib.h"
#include "tunnel.h"
#include "util.h"
#include "zconfig.h"
#include "zhistory.h"

#define HOME_TRIES 20 /* times nhobj_home_ms */

unsigned nhobj_home_ms = 100;
static struct timer home_timer;

/* --- which object a prefix gets --- */

static const struct hop_ref *in_list(const struct hopset *s, const struct addr *a)
{
	for (unsigned i = 0; i < s->n; i++)
		if (addr_eq(&s->ref[i].nh->addr, a))
			return &s->ref[i];
	return NULL;
}

/* What N's route would follow without FIRST, when that is a tunnel on another interface. Where
 * nothing else may be used one that only waits for its tunnel will do. */
static const struct nexthop *backup(const struct rib_node *n, const struct hopset *s,
				    const struct nexthop *first)
{
	const struct nexthop *best = NULL;
	unsigned best_level = HOP_OUT + 1;

	for (unsigned i = 0; i < s->n; i++) {
		const struct nexthop *nh = s->ref[i].nh;
		unsigned level = hop_level(&s->ref[i]);

		if (nh == first || level >= best_level ||
		    (rib_refusals(n) && rib_refusal(n, &nh->addr)))
			continue;
		if (level == HOP_OUT && !nhobj_may_lead(n, nh, first->oif))
			continue;
		best = nh;
		best_level = level;
	}
	return best && nhobj_may_lead(n, best, first->oif) ? best : NULL;
}

/* N may stay on the object that it has. */
static bool pair_keeps(const struct nhobj *o, const struct rib_node *n, const struct hopset *s,
		       const struct nexthop *first, const struct nexthop *second)
{
	const struct hop_ref *other;

	if (!addr_eq(&o->active, &first->addr) || o->oif != first->oif)
		return false;
	other = in_list(s, &o->other);
	return other && nhobj_may_lead(n, other->nh, o->oif) &&
	       (other->nh == second || hop_level(other) != DEMOTED_NOT);
}

/* N wants its object home and can wait for it where it is. */
static bool waits_for_home(const struct nhobj *o, const struct rib_node *n, const struct hopset *s,
			   const struct nexthop *first)
{
	const struct hop_ref *active;

	if (!addr_eq(&o->home, &first->addr) || addr_eq(&o->active, &first->addr))
		return false;
	active = in_list(s, &o->active);
	return active && nexthop_usable(active->nh) && active->nh->oif == o->oif &&
	       nhobj_may_lead(n, active->nh, first->oif);
}

static void home_due(void *arg);

static void ask_home(struct nhobj *o)
{
	o->home_wanted = true;
	o->home_asked_ms = now_ms();
	if (!home_timer.ready)
		timer_init(&home_timer, home_due, NULL);
	if (!timer_running(&home_timer))
		timer_start(&home_timer, nhobj_home_ms);
}

static struct nhobj *find_pair(const struct nexthop *first, const struct nexthop *second,
			       uint8_t family)
{
	struct nhobj *o;

	LIST_FOREACH (o, &nhobj_all, link)
		if (!o->gone && !o->leaf && o->family == family && o->oif == first->oif &&
		    addr_eq(&o->active, &first->addr) && addr_eq(&o->other, &second->addr))
			return o;
	return NULL;
}

static void set_pair(struct nhobj *o, const struct hopset *s, const struct nexthop *first,
		     const struct nexthop *second)
{
	o->active = first->addr;
	o->other = second->addr;
	o->home = first->addr;
	for (unsigned i = 0; i < s->n && s->ref[i].nh != first; i++)
		if (s->ref[i].nh == second)
			o->home = second->addr;
}

static struct nhobj *choose(const struct rib_node *n, const struct hopset *s,
			    const struct nexthop *first)
{
	const struct nexthop *second = backup(n, s, first);
	struct nhobj *o = rib_installed(n) ? rib_installed(n)->nh : NULL;
	uint8_t family = rib_family(n);

	if (o && !o->gone && o->active.family) {
		if (pair_keeps(o, n, s, first, second))
			return o;
		if (waits_for_home(o, n, s, first)) {
			ask_home(o);
			return o;
		}
	}
	if (!second)
		return NULL;
	if (o && !o->gone && !o->active.family && o->oif == first->oif && o->family == family) {
		set_pair(o, s, first, second);
		return o;
	}
	o = find_pair(first, second, family);
	if (!o)
		o = nhobj_create_one(first->oif, family);
	if (o && !o->active.family)
		set_pair(o, s, first, second);
	return o;
}

void nhobj_choose(const struct rib_node *n, const struct hopset *s, const struct nexthop *first,
		  struct fib_plan *plan)
{
	if (!out.nexthop_set || first->kind != HOP_TUNNEL)
		return;
	plan->nh = nhgroup_choose(n, s, first);
	if (!plan->nh)
		plan->nh = choose(n, s, first);
	if (plan->nh)
		plan->oif = 0;
}

/* --- moves --- */

static void pair_move(struct nhobj *o, const struct nexthop *to)
{
	int err;

	if (o->gone || !o->refs || to->kind != HOP_TUNNEL || !nexthop_usable(to) ||
	    to->oif == o->oif)
		return;
	if (!nhobj_all_agree(o, to))
		return;
	err = out.nexthop_set(o->id, to->oif, o->family, zconfig.protocol, false);
	if (err < 0) {
		log_warn("nexthop-object", "operation=move id=%u error=\"%s\"", o->id,
			 strerror(-err));
		o->gone = o->gone || err == -ENOENT;
		return;
	}
	if (!addr_eq(&o->active, &to->addr)) {
		o->other = o->active;
		o->active = to->addr;
	}
	o->oif = to->oif;
	o->moved = rib_kernel_epoch;
	nhobj_counters.moves++;
	zhistory_moved(o->id, to->peer, &to->addr);
	log_info("nexthop-moved", "id=%u interface=%s next-hop=%s", o->id, to->peer->iface->name,
		 ADDR_STR(&to->addr));
}

static bool link_is_up(uint32_t ifindex)
{
	const struct tunnel_if *iface = tunnel_if_by_index(ifindex);

	return iface && iface->up && (!out.link_up || out.link_up(ifindex));
}

/* The object leads by the way of NH, which may be NULL. */
static bool leads_by(const struct nhobj *o, const struct nexthop *nh)
{
	return nh && nexthop_usable(nh) && nh->oif == o->oif;
}

/* TO is better than the active hop, and by the list of each prefix that uses the object, too. */
static bool all_prefer(const struct nhobj *o, const struct nexthop *to)
{
	const struct hop_ref *ref;

	LIST_FOREACH (ref, &to->users, link) {
		const struct hop_ref *active = in_list(ref->set, &o->active);

		if (active && hop_level(active) <= hop_level(ref) && nhobj_has_user(o, ref->set))
			return false;
	}
	return true;
}

void nhobj_hop_changed(const struct nexthop *nh)
{
	struct nhobj *o;

	LIST_FOREACH (o, &nhobj_all, link) {
		const struct nexthop *active, *other;

		if (o->n && nhgroup_has(o, &nh->addr))
			nhgroup_update(o);
		if (o->n || o->gone ||
		    (!addr_eq(&o->active, &nh->addr) && !addr_eq(&o->other, &nh->addr)))
			continue;
		active = nexthop_find(&o->active);
		other = nexthop_find(&o->other);
		if (leads_by(o, active)) {
			if (active->reach == REACH_DEGRADED && other && other->reach == REACH_UP &&
			    all_prefer(o, other))
				pair_move(o, other);
			continue;
		}
		if (!link_is_up(o->oif))
			o->gone = true; /* the kernel has flushed it, and its routes */
		if (active) /* by another tunnel to the same router, which is better now */
			pair_move(o, active);
		if (other && !leads_by(o, active))
			pair_move(o, other);
	}
}

static void home_due(void *arg)
{
	bool again = false,
	     queued = fib_counters.queued; /* before those that are home queue some */
	uint64_t now = now_ms();
	struct nhobj *o;

	LIST_FOREACH (o, &nhobj_all, link) {
		struct nexthop *home;

		if (!o->home_wanted || o->n)
			continue;
		home = nexthop_find(&o->home);
		if ((now - o->home_asked_ms < nhobj_home_ms || queued ||
		     (home && fib_unsets_on(home->oif))) &&
		    o->home_tries++ < HOME_TRIES) {
			again = true;
			continue;
		}
		o->home_wanted = false;
		o->home_tries = 0;
		if (home)
			pair_move(o, home);
		o->home = o->active; /* where it stays, who wants the other one finds another object
				      */
		if (home)
			nexthop_users_dirty(home);
	}
	if (again)
		timer_start(&home_timer, nhobj_home_ms);
}

bool nhobj_busy(void)
{
	struct nhobj *o;

	LIST_FOREACH (o, &nhobj_all, link)
		if (nhobj_unused(o))
			return true;
	return nhobj_waiting || (home_timer.ready && timer_running(&home_timer));
}

void nhobj_reset(void)
{
	if (home_timer.ready)
		timer_stop(&home_timer);
	home_timer.ready = false;
	nhobj_lost_reset();
	nhobj_uses_reset();
	nhobj_table_reset();
}
