/* SPDX-License-Identifier: BSD-2-Clause */
#include "nexthop.h"

#include <stdlib.h>
#include <string.h>

#include "bgp.h"
#include "link_zebra.h"
#include "loop.h"
#include "rib_lap.h"
#include "util.h"

static struct hash_table table;
static struct hash_table tunnels; /* by interface and peer: nexthop_beside() */
struct nexthop_list nexthops_held = LIST_HEAD_INITIALIZER(nexthops_held);
static struct nexthop *by_id[NEXTHOPS_MAX + 1]; /* 0 unused */
static uint32_t ids_high;			/* numbers above it were never in use */
static struct nexthop *last;			/* most paths come with that of the path before */
static uint32_t unknown;			/* those that zebra-lite has not judged yet */
static uint32_t replay;				/* next number of the replay; 0: not running */

static uint32_t nexthop_hash(const struct addr *a)
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
	for (struct hash_node *n = hash_find(&table, nexthop_hash(a)); n; n = hash_find_next(n)) {
		struct nexthop *nh = container_of(n, struct nexthop, node);

		if (addr_eq(&nh->state.addr, a))
			return last = nh;
	}
	return NULL;
}

/* What the replay has still to come to is said then. */
static void watch(const struct nexthop *nh, bool on)
{
	if (!replay || nh->id < replay)
		link_zebra_watch(&nh->state.addr, on);
}

static uint32_t tunnel_hash(const struct msg_nexthop *m)
{
	char key[sizeof(m->ifname) + sizeof(m->peer)];
	size_t n = strlen(m->ifname) + 1;

	memcpy(key, m->ifname, n);
	str_copy(key + n, m->peer, sizeof(m->peer));
	return hash_bytes(key, n + strlen(m->peer));
}

static void leave_tunnel(struct nexthop *nh)
{
	if (nh->is_by_tunnel)
		hash_remove(&tunnels, &nh->by_tunnel);
	nh->is_by_tunnel = false;
}

/* Its state is another one, or it is a neighbour's now. */
static void enter_tunnel(struct nexthop *nh)
{
	leave_tunnel(nh);
	nh->is_by_tunnel = nh->neighbors && nh->state.tunnel;
	if (nh->is_by_tunnel)
		hash_insert(&tunnels, &nh->by_tunnel, tunnel_hash(&nh->state));
}

/* There is a number left. */
static uint16_t nexthop_new_id(void)
{
	static uint32_t hint;

	if (ids_high < NEXTHOPS_MAX)
		return (uint16_t)++ids_high;
	do
		hint = hint % NEXTHOPS_MAX + 1;
	while (by_id[hint]);
	return (uint16_t)hint;
}

static struct nexthop *nexthop_get(const struct addr *a)
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
	nh->id = nexthop_new_id();
	by_id[nh->id] = nh;
	hash_insert(&table, &nh->node, nexthop_hash(a));
	watch(nh, true);
	return last = nh;
}

static void nexthop_release(struct nexthop *nh)
{
	if (nh->n_paths || nh->neighbors)
		return;
	unknown -= nh->state.reach == REACH_UNKNOWN;
	watch(nh, false);
	leave_tunnel(nh);
	nexthop_hold(nh, NULL);
	hash_remove(&table, &nh->node);
	by_id[nh->id] = NULL;
	if (last == nh)
		last = NULL;
	free(nh);
}

static void drop_path(struct nexthop *nh)
{
	if (!--nh->n_paths)
		nh->others = false;
	nexthop_release(nh);
}

void nexthop_attach(uint32_t id)
{
	struct path *p = path_at(id);
	struct nexthop *nh = nexthop_get(&p->attr->nexthop), *old = nexthop_by_id(p->nexthop);

	if (nh == old)
		return;
	p->nexthop = nh ? nh->id : 0;
	if (nh)
		nh->n_paths++;
	if (old)
		drop_path(old);
}

void nexthop_detach(uint32_t id)
{
	struct nexthop *nh = nexthop_by_id(path_at(id)->nexthop);

	if (nh)
		drop_path(nh);
}

struct nexthop *nexthop_watch_neighbor(const struct addr *a)
{
	struct nexthop *nh = nexthop_get(a);

	if (nh && !nh->neighbors++)
		enter_tunnel(nh);
	return nh;
}

void nexthop_unwatch_neighbor(const struct addr *a)
{
	struct nexthop *nh = nexthop_find(a);

	if (!nh || !nh->neighbors)
		return;
	if (!--nh->neighbors)
		leave_tunnel(nh);
	nexthop_release(nh);
}

static enum demotion demotion_of(const struct nexthop *nh)
{
	return reach_demotion(nh->state.reach, nh->state.weak && nh->state.tunnel,
			      bgp.last_path == BGP_LAST_PATH_KEEP);
}

enum reason nexthop_objection(const struct nexthop *nh)
{
	if (!nh || nh->state.reach == REACH_UNKNOWN)
		return REASON_NEXTHOP_UNKNOWN;
	if (nh->state.reach == REACH_DOWN &&
	    (nh->state.reason == REASON_OTHER_PLANE || nh->state.reason == REASON_NO_PEER ||
	     nh->state.reason == REASON_NOT_A_TUNNEL))
		return nh->state.reason;
	if (demotion_of(nh) == HOP_OUT)
		return nh->state.tunnel ? REASON_TUNNEL_DOWN : REASON_NEXTHOP_UNREACHABLE;
	return REASON_NONE;
}

enum reason nexthop_beyond_ceiling(const struct nexthop *nh, const struct prefix *p)
{
	return policy_ceiling_judge_hop(p, nh->ceiling, nh->to);
}

enum demotion nexthop_demotion(const struct nexthop *nh, enum reason *why)
{
	enum demotion d = nh ? demotion_of(nh) : DEMOTED_NOT;

	if (d == DEMOTED)
		*why = nexthop_is_draining(nh) ? REASON_DRAINING : REASON_TUNNEL_DEGRADED;
	else if (d == DEMOTED_LAST)
		*why = REASON_LAST_PATH;
	return d == HOP_OUT ? DEMOTED_NOT : d;
}

bool nexthop_is_draining(const struct nexthop *nh)
{
	return nh && nh->state.reach == REACH_DEGRADED && nh->state.reason == REASON_DRAINING;
}

void nexthop_walk(struct nexthop *nh, bool renew, bool recost)
{
	if (!nh->n_paths)
		return;
	nh->renew = renew || (nh->renew && rib_lap_pending(nh->walk_until));
	nh->recost = recost || (nh->recost && rib_lap_pending(nh->walk_until));
	nh->walk_until = rib_lap_need();
}

void nexthop_set(struct nexthop *nh, const struct msg_nexthop *m)
{
	unknown -= nh->state.reach == REACH_UNKNOWN;
	if (m->reach == REACH_DOWN && nh->state.reach != REACH_DOWN)
		nh->down_at = now_ms();
	if (m->reach >= REACH_DEGRADED && nh->state.reach == REACH_DOWN)
		nh->back_at = now_ms();
	nh->state = *m;
	nh->ceiling = policy_ceiling_hop(m, &nh->to);
	enter_tunnel(nh);
}

void nexthop_hold(struct nexthop *nh, const struct peer *by)
{
	if (nh->held_by)
		LIST_REMOVE(nh, held_link);
	nh->held_by = by;
	if (by)
		LIST_INSERT_HEAD(&nexthops_held, nh, held_link);
}

struct nexthop *nexthop_beside(const struct nexthop *nh, const struct nexthop *after)
{
	struct hash_node *n = after ? hash_find_next(&after->by_tunnel)
				    : hash_find(&tunnels, tunnel_hash(&nh->state));

	for (; n; n = hash_find_next(n)) {
		struct nexthop *near = container_of(n, struct nexthop, by_tunnel);

		if (str_eq(near->state.ifname, nh->state.ifname) &&
		    str_eq(near->state.peer, nh->state.peer))
			return near;
	}
	return NULL;
}

/* In any order; NULL: the first. */
static struct nexthop *nexthop_next(const struct nexthop *nh)
{
	struct hash_node *n = nh ? hash_next(&table, &nh->node) : hash_first(&table);

	return n ? container_of(n, struct nexthop, node) : NULL;
}

void nexthop_config_changed(void)
{
	for (struct nexthop *nh = NULL; (nh = nexthop_next(nh));) {
		/* Those of all others are not decided again. */
		if (nh->state.reach == REACH_DOWN && nh->state.weak)
			nexthop_walk(nh, true, false);
	}
}

void nexthop_ceiling_changed(void)
{
	for (struct nexthop *nh = NULL; (nh = nexthop_next(nh));) {
		bool had = nexthop_has_ceiling(nh);

		nh->ceiling = policy_ceiling_hop(&nh->state, &nh->to);
		if (had || nexthop_has_ceiling(nh)) /* a full table without is not decided again */
			nexthop_walk(nh, false, false);
	}
}

uint32_t nexthop_unknown(void)
{
	return unknown;
}

void nexthop_replay(void)
{
	replay = 1;
}

bool nexthop_replay_some(unsigned n)
{
	for (; replay && n > 0 && !link_zebra_full(); n--) {
		if (replay > ids_high) {
			replay = 0;
			break;
		}
		if (by_id[replay])
			link_zebra_watch(&by_id[replay]->state.addr, true);
		replay++;
	}
	return replay != 0;
}

void nexthop_free_all(void)
{
	for (struct hash_node *n = hash_first(&table), *next; n; n = next) {
		next = hash_next(&table, n);
		hash_remove(&table, n);
		free(container_of(n, struct nexthop, node));
	}
	hash_clear(&table);
	hash_clear(&tunnels);
	LIST_INIT(&nexthops_held);
	ids_high = 0;
	last = NULL;
	unknown = replay = 0;
}
