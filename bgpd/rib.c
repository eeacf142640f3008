/* SPDX-License-Identifier: BSD-2-Clause */
#include "rib.h"

#include <string.h>

#include "adjout.h"
#include "adjout_lag.h"
#include "bgp.h"
#include "leak.h"
#include "link_zebra.h"
#include "neighbors.h"
#include "nexthop.h"
#include "nexthop_news.h"
#include "originate.h"
#include "peer_way.h"
#include "policy_ceiling.h"
#include "rehearse.h"
#include "restart.h"
#include "rib_decide.h"
#include "rib_fresh.h"
#include "rib_lap.h"
#include "rib_peer.h"
#include "rib_pressure.h"
#include "rib_queue.h"
#include "rib_refused.h"
#include "rib_session.h"
#include "rib_update.h"
#include "rib_verdict.h"
#include "rib_walk.h"
#include "rib_work.h"
#include "session.h"
#include "session_say.h"
#include "util.h"

#define DECIDE_QUANTUM 512
/* It ends here already where somebody's news is complete, so that it goes out before others' does.
 * Where many have news it does not: it ends with a write to every neighbour. */
#define DECIDE_AT_LEAST 128
#define FEW 4
#define WALK_QUANTUM 4096

/* ROUTES_SYNC, the first word to neighbours and End-of-RIB come behind everything that was known,
 * decided and told: that is what waits when a round begins. A moment in which nothing at all waits
 * need not come: some neighbour may change networks all the time. */
static struct {
	bool running;
	/* What held when it began: */
	bool keeping;
	enum restart_over over;
	uint32_t channel;
} lot;

static bool is_decided(void)
{
	return rib_queue_length() == 0;
}

/* Decides one network and hands the result on. */
static void decide_net(struct rib_table *t, uint32_t id)
{
	struct decision d;
	struct route_hops rest;

	if (restart_holds(t, id, &rest)) {
		link_zebra_narrow(t, id, &rest);
		return; /* restart_release_some() */
	}
	rib_decide(t, id, &d);
	if (d.route)
		link_zebra_route(t, id, &d.hops);
	if (d.tell)
		adjout_net(t, id, d.best);
	else if (d.renew || d.recost)
		adjout_renew(t, id, d.best, d.renew, d.recost);
	if (d.empty)
		adjout_release_net(t, id);
}

static bool decide_some(unsigned n)
{
	unsigned sources = rib_queue_sources();
	struct queued q;

	for (unsigned i = 1; i <= n && net_take(&q); i++) {
		decide_net(q.table, q.net);
		rib_pressure_decided(q.source);
		if (i >= DECIDE_AT_LEAST && sources <= FEW && rib_queue_sources() < sources)
			break;
	}
	return !is_decided();
}

/* Whatever is known has its place in the queue, or was decided. */
static bool all_is_marked(void)
{
	return !rib_lap_wanted() && !originate_is_walking() && !rib_verdicts_are_old() &&
	       !restart_deferring();
}

/* zebra-lite's channel is full: that keeps those back who filled it, and nobody's message to
 * neighbours that is being packed. True: it can be gone on with. */
static bool decide_few(void)
{
	struct queued q;
	bool more = false;

	if (!restart_deferring() && !adjout_full() && !link_zebra_overfull())
		for (unsigned i = 0; i < DECIDE_QUANTUM && (more = net_take_of_few(&q)); i++)
			decide_net(q.table, q.net);
	adjout_flush();
	adjout_kick();
	return more;
}

bool rib_settled(void)
{
	return is_decided() && all_is_marked();
}

static void begin_lot(void)
{
	lot.running = true;
	lot.keeping = restart_keeping();
	lot.over = restart_over();
	lot.channel = link_zebra_number();
	rib_queue_owe();
}

static void end_lot(void)
{
	lot.running = false;
	if (lot.channel == link_zebra_number())
		link_zebra_settled(lot.keeping);
	adjout_open();
	adjout_end_of_rib(lot.over);
}

/* Marks networks by what changed; true: there is more. */
static bool mark_some(void)
{
	bool more = rib_walk_some(WALK_QUANTUM);

	more |= originate_some(DECIDE_QUANTUM);
	more |= rib_verdicts_forget_some(DECIDE_QUANTUM);
	if (!restart_deferring())
		more |= restart_release_some(WALK_QUANTUM);
	return more;
}

static void look_at_restart(void)
{
	bool deferred = restart_deferring();

	restart_look();
	if (deferred && !restart_deferring())
		rib_each_neighbor(rib_fresh_review);
}

static bool work_some(void)
{
	bool more, marked;

	look_at_restart();
	if (link_zebra_full())
		return decide_few(); /* rib_work() when it has drained */
	if (nexthop_replay_some(WALK_QUANTUM))
		return true; /* first of all: what waits for an answer waits the shortest */
	more = mark_some();
	if (restart_deferring() || adjout_full())
		return more;
	marked = !more && all_is_marked();
	more |= decide_some(DECIDE_QUANTUM);
	more |= link_zebra_replay_some(DECIDE_QUANTUM);
	if (!more)
		adjout_flush();
	if (marked && (!lot.running || is_decided()))
		begin_lot();
	if (lot.running && !rib_queue_owes())
		end_lot();
	adjout_kick();
	/* Behind them: who is woken first is served first. */
	if (more)
		link_zebra_kick();
	else
		link_zebra_flush();
	return more;
}

static bool work(void *arg)
{
	bool more = work_some();

	rib_pressure_rest();
	return more;
}

void rib_mark_all(void)
{
	rib_each_neighbor(rib_fresh_end);
	do {
		restart_look();
		rehearse_tick();
	} while (mark_some());
}

void rib_decide_all(void (*one)(struct rib_table *t, uint32_t net))
{
	struct queued q;

	do {
		rib_mark_all();
		for (unsigned i = 1; net_take(&q); i++) {
			one(q.table, q.net);
			if (i % WALK_QUANTUM == 0)
				rehearse_tick();
		}
	} while (!rib_settled());
}

/* What sessions say goes to the tables, and to the Adj-RIB-Out. */

static void on_up(struct peer *p)
{
	rib_session_up(p);
	adjout_join(p);
	restart_check();
}

static void on_down(struct peer *p, bool retain, enum reason why)
{
	adjout_leave(p);
	rib_session_down(p, retain, why);
}

void rib_start(void)
{
	static const struct conn_source out = {adjout_next, adjout_sent};
	static const struct session_hooks hooks = {
		.up = on_up,
		.down = on_down,
		.update_heard = rib_update,
		.end_of_rib = rib_end_of_rib,
		.refresh = adjout_refresh,
		.gone = neighbor_delete,
		.proved = nexthop_proved,
		.out = &out,
	};

	session_hooks_open(&hooks);
	rib_table_init();
	rib_work_open(work);
}

static void free_paths(void)
{
	for (uint32_t i = 1; i < rib_paths.high; i++)
		if (path_at(i)->net)
			path_set_attr(i, NULL, NULL);
}

void rib_stop(void)
{
	lot.running = false;
	rib_pressure_free();
	rib_refused_free();
	adjout_free_all();
	link_zebra_free();
	restart_free();
	originate_free();
	free_paths();
	rib_sessions_free();
	rib_verdicts_free();
	nexthop_free_all();
	rib_queue_free();
	rib_table_free();
	policy_ceiling_free();
	leak_free();
	/* Last: rib_sessions_free() starts it for a fresh session with paths held back. */
	rib_work_close();
}

/* Where there is a choice there is a neighbour's path. */
static void decide_those_of(struct peer_rib *pr)
{
	pr->mark = true;
	rib_lap_for(pr);
}

/* Settings of `bgp` that the checks of a received path look at (rib_judge.c). */
static bool judged_otherwise(const struct bgp *a, const struct bgp *b)
{
	return a->honor_graceful_shutdown != b->honor_graceful_shutdown || a->as != b->as ||
	       a->router_id != b->router_id || a->cluster_id != b->cluster_id ||
	       a->default_local_pref != b->default_local_pref;
}

/* Settings that the decision process looks at. */
static bool decided_otherwise(const struct bgp *a, const struct bgp *b)
{
	return a->default_local_pref != b->default_local_pref ||
	       memcmp(&a->multipath, &b->multipath, sizeof(a->multipath)) != 0;
}

/* Their neighbours can still be told. */
static void end_where_tunnel_goes(struct peer_rib *pr)
{
	if (pr->peer && peer_way_tunnel_gone(pr->peer))
		session_stop(pr->peer, 6, "its tunnel is configured no more");
}

static void check_limit_of(struct peer_rib *pr)
{
	if (pr->peer)
		rib_check_limit(pr->peer);
}

void rib_apply(const json_t *config)
{
	static struct bgp applied;
	bool ceiling = policy_ceiling_apply(config), leaks = leak_apply(config);

	if (ceiling)
		nexthop_ceiling_changed();
	if (ceiling || leaks || judged_otherwise(&applied, &bgp))
		rib_rejudge_all();
	if (applied.last_path != bgp.last_path)
		nexthop_config_changed();
	if (decided_otherwise(&applied, &bgp))
		rib_each_neighbor(decide_those_of);
	applied = bgp;
	if (ceiling)
		rib_each_neighbor(end_where_tunnel_goes);
	originate_apply(config);
	rib_each_neighbor(check_limit_of);
	restart_begin();
	restart_check(); /* those that it waits for may be deleted or disabled now */
	rib_work();
}
