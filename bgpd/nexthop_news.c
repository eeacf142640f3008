/* SPDX-License-Identifier: BSD-2-Clause */
#include "nexthop_news.h"

#include "adjout.h"
#include "daemon.h"
#include "history.h"
#include "log.h"
#include "log_crowd.h"
#include "nexthop.h"
#include "restart.h"
#include "rib_fresh.h"
#include "session.h"
#include "session_proof.h"
#include "util.h"

static void tell_neighbor(const struct nexthop *nh, bool was_up, bool was_weak, bool was_tunnel)
{
	bool up = nh->state.reach >= REACH_DEGRADED;
	bool left = was_tunnel && !nh->state.tunnel; /* no peer has the address any more */
	bool dead = left || (!up && !nh->state.weak && nh->state.tunnel);
	const struct addr *way = &nh->state.addr;

	if (!nh->neighbors || (up == was_up && !left && !(dead && was_weak)))
		return;
	for (struct peer *p = peer_first_at(way); p; p = peer_next_at(p, way)) {
		if (up && !was_up)
			rib_fresh_begin(p->rib);
		session_path_changed(p, up);
		if (dead)
			session_tunnel_dead(p, up ? REASON_PEER_GONE : nh->state.reason);
	}
}

/* What we announce there says that the way to it is to be emptied, or no longer. */
static void regroup_neighbors(const struct nexthop *nh)
{
	const struct addr *way = &nh->state.addr;

	for (struct peer *p = peer_first_at(way); p; p = peer_next_at(p, way))
		adjout_regroup(p);
}

/* What a path's standing depends on. */
struct standing {
	enum reason objection, why;
	enum demotion demotion;
	uint32_t cost;
	bool tunnel;
};

static struct standing standing_of(const struct nexthop *nh)
{
	struct standing s = {.objection = nexthop_objection(nh),
			     .cost = nh->state.cost,
			     .tunnel = nh->state.tunnel};

	s.demotion = nexthop_demotion(nh, &s.why);
	return s;
}

static bool same_standing(const struct standing *a, const struct standing *b)
{
	return a->objection == b->objection && a->why == b->why && a->demotion == b->demotion &&
	       a->cost == b->cost && a->tunnel == b->tunnel;
}

static void tell_event(const struct nexthop *nh)
{
	daemon_event(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "event", "nexthop",
			       "next-hop", ADDR_STR(&nh->state.addr), "state",
			       reach_name(nh->state.reach), "reason", reason_name(nh->state.reason),
			       "interface", nh->state.ifname, "peer", nh->state.peer, "paths",
			       (json_int_t)nh->n_paths));
}

/* The neighbour behind the same tunnel whose session was there before that went down, and has to
 * prove itself now; NULL: none. */
static const struct peer *find_witness(const struct nexthop *nh)
{
	for (struct nexthop *near = NULL; (near = nexthop_beside(nh, near));) {
		const struct addr *way = &near->state.addr;

		for (struct peer *p = peer_first_at(way); p; p = peer_next_at(p, way))
			if (session_prove(p, nh->down_at))
				return p;
	}
	return NULL;
}

/* M waits for a proof. */
static bool waits_for_proof(struct nexthop *nh, const struct msg_nexthop *m)
{
	bool returns = nh->state.reach == REACH_DOWN && m->reach >= REACH_DEGRADED &&
		       nh->state.tunnel && m->tunnel;

	if (!returns)
		nexthop_hold(nh, NULL);
	else if (!nh->held_by)
		nexthop_hold(nh, find_witness(nh));
	nh->held = *m;
	return nh->held_by;
}

/* Hundreds may come or go at once, with an uplink. */
static void log_news(const struct nexthop *nh)
{
	static struct log_crowd ups = {.what = "nexthop state=up"};
	static struct log_crowd others = {.what = "nexthop"};
	const struct msg_nexthop *m = &nh->state;

	if (nh->n_paths &&
	    !log_crowd_take(m->reach == REACH_UP ? &ups : &others, ADDR_STR(&m->addr)))
		return;
	log_event(nh->n_paths ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, "nexthop",
		  "next-hop=%s state=%s reason=%s interface=%s peer=%s cost=%u paths=%u",
		  ADDR_STR(&m->addr), reach_name(m->reach), reason_name(nexthop_objection(nh)),
		  m->ifname, m->peer, m->cost, nh->n_paths);
}

static void take(struct nexthop *nh, const struct msg_nexthop *m)
{
	struct standing before = standing_of(nh), now;
	uint8_t was_reach = nh->state.reach;
	bool was_up = nh->state.reach >= REACH_DEGRADED, was_weak = nh->state.weak;
	bool was_draining = nexthop_is_draining(nh);
	bool moved = !str_eq(nh->state.ifname, m->ifname) || !str_eq(nh->state.peer, m->peer);

	nexthop_set(nh, m);
	now = standing_of(nh);
	if (m->reach != was_reach || m->weak != was_weak)
		restart_check();
	tell_neighbor(nh, was_up, was_weak, before.tunnel);
	if (nh->neighbors && nexthop_is_draining(nh) != was_draining)
		regroup_neighbors(nh);
	if (same_standing(&before, &now) && !moved)
		return;
	log_news(nh);
	tell_event(nh);
	history_note((struct history_fact){.kind = HISTORY_NEXTHOP,
					   .what = m->reach,
					   .addr = &m->addr,
					   .name = history_name(m->ifname, m->peer),
					   .reason = nexthop_objection(nh),
					   .count = m->cost});
	nexthop_walk(nh, now.demotion != before.demotion, now.cost != before.cost);
}

void nexthop_heard(const struct msg_nexthop *m)
{
	struct nexthop *nh = nexthop_find(&m->addr);

	if (!nh || m->reach == REACH_UNKNOWN)
		return; /* let go of meanwhile; or still starting: its last word holds */
	if (!waits_for_proof(nh, m))
		take(nh, m);
}

void nexthop_proved(const struct peer *p)
{
	for (struct nexthop *nh = LIST_FIRST(&nexthops_held), *next; nh; nh = next) {
		next = LIST_NEXT(nh, held_link);
		if (nh->held_by != p)
			continue;
		nexthop_hold(nh, NULL);
		take(nh, &nh->held);
	}
}
