/* SPDX-License-Identifier: BSD-2-Clause */
#include "nexthop.h"

#include <stdlib.h>

#include "adjout.h"
#include "bgp.h"
#include "daemon.h"
#include "link_zebra.h"
#include "log.h"
#include "loop.h"
#include "restart.h"
#include "rib_lap.h"
#include "session.h"
#include "session_proof.h"
#include "util.h"

static struct hash_table table;
static struct nexthop *by_id[NEXTHOPS_MAX + 1]; /* 0 unused */
static uint32_t ids_high;			/* numbers above it were never in use */
static struct nexthop *last;			/* most paths come with that of the path before */
static uint32_t unknown;			/* those that zebra-lite has not judged yet */

static uint32_t hash_of(const struct addr *a)
{
	return hash_bytes(a, offsetof(struct addr, b) + family_bytes(a->family));
}

struct nexthop *nexthop_by_id(uint16_t id)
{
	return by_id[id];
}

struct nexthop *nexthop_find(const struct addr *a)
{
	if (last && addr_eq(&last->state.addr, a))
		return last;
	for (struct hash_node *n = hash_find(&table, hash_of(a)); n; n = hash_find_next(n)) {
		struct nexthop *nh = container_of(n, struct nexthop, node);

		if (addr_eq(&nh->state.addr, a))
			return last = nh;
	}
	return NULL;
}

/* There is a number left. */
static uint16_t new_id(void)
{
	static uint32_t hint;

	if (ids_high < NEXTHOPS_MAX)
		return (uint16_t)++ids_high;
	do
		hint = hint % NEXTHOPS_MAX + 1;
	while (by_id[hint]);
	return (uint16_t)hint;
}

static struct nexthop *get(const struct addr *a)
{
	struct nexthop *nh = nexthop_find(a);

	if (nh)
		return nh;
	if (table.count == NEXTHOPS_MAX)
		return NULL;
	nh = xcalloc(1, sizeof(*nh));
	nh->state.addr = *a;
	nh->state.reach = REACH_UNKNOWN;
	unknown++;
	nh->id = new_id();
	by_id[nh->id] = nh;
	hash_insert(&table, &nh->node, hash_of(a));
	link_zebra_watch(a, true);
	return last = nh;
}

static void release(struct nexthop *nh)
{
	if (nh->n_paths || nh->neighbors)
		return;
	unknown -= nh->state.reach == REACH_UNKNOWN;
	link_zebra_watch(&nh->state.addr, false);
	hash_remove(&table, &nh->node);
	by_id[nh->id] = NULL;
	if (last == nh)
		last = NULL;
	free(nh);
}

void nexthop_attach(uint32_t id)
{
	struct path *p = path_at(id);
	struct nexthop *nh = get(&p->attr->nexthop), *old = nexthop_by_id(p->nexthop);

	if (nh == old)
		return;
	p->nexthop = nh ? nh->id : 0;
	if (nh)
		nh->n_paths++;
	if (old) {
		old->n_paths--;
		release(old);
	}
}

void nexthop_detach(uint32_t id)
{
	struct nexthop *nh = nexthop_by_id(path_at(id)->nexthop);

	if (!nh)
		return;
	nh->n_paths--;
	release(nh);
}

struct nexthop *nexthop_watch_neighbor(const struct addr *a)
{
	struct nexthop *nh = get(a);

	if (nh)
		nh->neighbors++;
	return nh;
}

void nexthop_unwatch_neighbor(const struct addr *a)
{
	struct nexthop *nh = nexthop_find(a);

	if (!nh || !nh->neighbors)
		return;
	nh->neighbors--;
	release(nh);
}

/* Of one that is down. */
static bool is_kept(const struct nexthop *nh)
{
	return bgp.last_path_keep && nh->state.weak && nh->state.tunnel;
}

enum reason nexthop_objection(const struct nexthop *nh)
{
	if (!nh || nh->state.reach == REACH_UNKNOWN)
		return REASON_NEXTHOP_UNKNOWN;
	if (nh->state.reach == REACH_DOWN && (nh->state.reason == REASON_OTHER_PLANE ||
					      nh->state.reason == REASON_NO_PEER ||
					      nh->state.reason == REASON_NOT_A_TUNNEL))
		return nh->state.reason;
	if (nh->state.reach == REACH_DOWN && !is_kept(nh))
		return nh->state.tunnel ? REASON_TUNNEL_DOWN : REASON_NEXTHOP_UNREACHABLE;
	return REASON_NONE;
}

enum reason nexthop_beyond_ceiling(const struct nexthop *nh, const struct prefix *p)
{
	return policy_ceiling_judge_hop(p, nh->ceiling, nh->to);
}

enum demotion nexthop_demotion(const struct nexthop *nh, enum reason *why)
{
	if (!nh || nh->state.reach == REACH_UP)
		return DEMOTED_NOT;
	if (nh->state.reach == REACH_DEGRADED) {
		*why = nh->state.reason == REASON_DRAINING ? REASON_DRAINING
							   : REASON_TUNNEL_DEGRADED;
		return DEMOTED;
	}
	*why = REASON_LAST_PATH;
	return is_kept(nh) ? DEMOTED_LAST : DEMOTED_NOT;
}

bool nexthop_is_draining(const struct nexthop *nh)
{
	return nh && nh->state.reach == REACH_DEGRADED && nh->state.reason == REASON_DRAINING;
}

static void start_walk(struct nexthop *nh, bool renew, bool recost)
{
	if (!nh->n_paths)
		return;
	nh->renew = renew || (nh->renew && rib_is_walking(nh->walk_until));
	nh->recost = recost || (nh->recost && rib_is_walking(nh->walk_until));
	nh->walk_until = rib_need_walk();
}

static void tell_neighbor(const struct nexthop *nh, bool was_up, bool was_weak, bool was_tunnel)
{
	bool up = nh->state.reach >= REACH_DEGRADED;
	bool left = was_tunnel && !nh->state.tunnel; /* no peer has the address any more */
	bool dead = left || (!up && !nh->state.weak && nh->state.tunnel);
	struct peer *p;

	if (!nh->neighbors || (up == was_up && !left && !(dead && was_weak)))
		return;
	TAILQ_FOREACH (p, &peers, link) {
		struct addr a = addr_in_plane(&p->conf.address, p->conf.plane);

		if (addr_eq(&a, &nh->state.addr))
			session_path_changed(p, up);
		if (addr_eq(&a, &nh->state.addr) && dead)
			session_tunnel_dead(p, up ? REASON_PEER_GONE : nh->state.reason);
	}
}

/* What we announce there says that the way to it is to be emptied, or no longer. */
static void regroup_neighbors(const struct nexthop *nh)
{
	struct peer *p;

	TAILQ_FOREACH (p, &peers, link) {
		struct addr a = addr_in_plane(&p->conf.address, p->conf.plane);

		if (addr_eq(&a, &nh->state.addr))
			adjout_regroup(p);
	}
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
	daemon_event(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "event", "nexthop", "nexthop",
			       ADDR_STR(&nh->state.addr), "reach", reach_name(nh->state.reach),
			       "reason", reason_name(nh->state.reason), "interface",
			       nh->state.ifname, "peer", nh->state.peer, "paths",
			       (json_int_t)nh->n_paths));
}

/* The neighbour behind the same tunnel whose session was there before that went down, and has to
 * prove itself now; NULL: none. */
static const struct peer *find_witness(const struct nexthop *nh)
{
	struct peer *p;

	TAILQ_FOREACH (p, &peers, link) {
		struct addr a = addr_in_plane(&p->conf.address, p->conf.plane);
		const struct nexthop *near = nexthop_find(&a);

		if (near && str_eq(near->state.ifname, nh->state.ifname) &&
		    str_eq(near->state.peer, nh->state.peer) && session_prove(p, nh->down_at))
			return p;
	}
	return NULL;
}

/* M waits for a proof. */
static bool hold(struct nexthop *nh, const struct msg_nexthop *m)
{
	bool returns = nh->state.reach == REACH_DOWN && m->reach >= REACH_DEGRADED &&
		       nh->state.tunnel && m->tunnel;

	if (!returns)
		nh->held_by = NULL;
	else if (!nh->held_by)
		nh->held_by = find_witness(nh);
	nh->held = *m;
	return nh->held_by;
}

static void take(struct nexthop *nh, const struct msg_nexthop *m)
{
	struct standing before, now;
	bool was_up, was_weak, was_draining, moved;

	before = standing_of(nh);
	was_up = nh->state.reach >= REACH_DEGRADED;
	was_weak = nh->state.weak;
	was_draining = nexthop_is_draining(nh);
	moved = !str_eq(nh->state.ifname, m->ifname) || !str_eq(nh->state.peer, m->peer);
	if (nh->state.reach == REACH_UNKNOWN && --unknown == 0)
		restart_check();
	if (m->reach == REACH_DOWN && nh->state.reach != REACH_DOWN)
		nh->down_at = now_ms();
	nh->state = *m;
	nh->ceiling = policy_ceiling_hop(m, &nh->to);
	now = standing_of(nh);
	tell_neighbor(nh, was_up, was_weak, before.tunnel);
	if (nh->neighbors && nexthop_is_draining(nh) != was_draining)
		regroup_neighbors(nh);
	if (same_standing(&before, &now) && !moved)
		return;
	log_info("nexthop", "nexthop=%s reach=%s reason=%s interface=%s peer=%s cost=%u paths=%u",
		 ADDR_STR(&m->addr), reach_name(m->reach), reason_name(nexthop_objection(nh)),
		 m->ifname, m->peer, m->cost, nh->n_paths);
	tell_event(nh);
	start_walk(nh, now.demotion != before.demotion, now.cost != before.cost);
}

void nexthop_heard(const struct msg_nexthop *m)
{
	struct nexthop *nh = nexthop_find(&m->addr);

	if (!nh || m->reach == REACH_UNKNOWN)
		return; /* let go of meanwhile; or still starting: its last word holds */
	if (!hold(nh, m))
		take(nh, m);
}

void nexthop_proved(const struct peer *p)
{
	for (struct hash_node *n = hash_first(&table); n; n = hash_next(&table, n)) {
		struct nexthop *nh = container_of(n, struct nexthop, node);

		if (nh->held_by != p)
			continue;
		nh->held_by = NULL;
		take(nh, &nh->held);
	}
}

void nexthop_config_changed(void)
{
	for (struct hash_node *n = hash_first(&table); n; n = hash_next(&table, n)) {
		struct nexthop *nh = container_of(n, struct nexthop, node);

		/* Those of all others are not decided again. */
		if (nh->state.reach == REACH_DOWN && nh->state.weak)
			start_walk(nh, true, false);
	}
}

void nexthop_ceiling_changed(void)
{
	for (struct hash_node *n = hash_first(&table); n; n = hash_next(&table, n)) {
		struct nexthop *nh = container_of(n, struct nexthop, node);
		bool had = nexthop_has_ceiling(nh);

		nh->ceiling = policy_ceiling_hop(&nh->state, &nh->to);
		if (had || nexthop_has_ceiling(nh)) /* a full table without is not decided again */
			start_walk(nh, false, false);
	}
}

uint32_t nexthop_unknown(void)
{
	return unknown;
}

void nexthop_replay(void)
{
	for (struct hash_node *n = hash_first(&table); n; n = hash_next(&table, n))
		link_zebra_watch(&container_of(n, struct nexthop, node)->state.addr, true);
}

void nexthop_free_all(void)
{
	for (struct hash_node *n = hash_first(&table), *next; n; n = next) {
		next = hash_next(&table, n);
		hash_remove(&table, n);
		free(container_of(n, struct nexthop, node));
	}
	hash_clear(&table);
	ids_high = 0;
	last = NULL;
	unknown = 0;
}
