/* SPDX-License-Identifier: BSD-2-Clause */
#include "restart.h"

#include <stdlib.h>

#include "bgp.h"
#include "link_zebra.h"
#include "log.h"
#include "loop.h"
#include "nexthop.h"
#include "peer_conf.h"
#include "rib_peer.h"
#include "rib_queue.h"
#include "rib_work.h"
#include "util.h"

#define CONNECT_MS 10000 /* for neighbours that are not up and that nothing kept leads to */
#define QUIET_MS 2000	 /* without news: nothing else comes of itself */

static bool begun, deferring;
static bool waited;    /* CONNECT_MS have passed */
static bool quiet;     /* QUIET_MS without news have */
static bool own_known; /* zebra-lite has told all routes that paths of our own rest on */
static bool none_kept; /* zebra-lite has no route of an earlier bgpd */
static bool keeping;   /* what zebra-lite kept is not to be swept yet */
static bool changed;   /* since the last look */
static enum restart_over over;
static uint32_t news; /* sessions that are up and End-of-RIBs of them */
static struct timer connect_timer, limit_timer, quiet_timer;

static struct addr *watched; /* next hops that something is kept by */
static size_t n_watched, watched_cap;

static struct {
	struct rib_table *table; /* NULL: not running */
	uint32_t at;
	bool again;
} release;

/* --- who is awaited --- */

/* MUTUAL: those that restart may be waiting for us. */
static bool owes_end_of_rib(const struct peer *p, bool mutual)
{
	const struct peer_rib *pr = p->rib;

	if (!p->gr_aware) /* sends none */
		return !none_kept && !quiet && now_ms() - p->up_since_ms < QUIET_MS;
	if ((p->gr_restarting && (mutual || none_kept)) || (!p->gr && none_kept))
		return false;
	for (int f = 0; f < BGP_FAMILIES; f++)
		if (p->family[f] && !pr->eor[f])
			return true;
	return false;
}

/* Down, and not kept as the last path that there is. */
static bool is_dead(const struct nexthop *nh)
{
	return nh->state.reach == REACH_DOWN && nexthop_objection(nh) != REASON_NONE;
}

/* Not up: RFC 4724 gives it the restart time where a tunnel says that it lives. */
static bool may_still_come(const struct peer *p)
{
	const struct nexthop *nh = nexthop_find(&p->rib->nexthop);

	if (p->conf.disabled || none_kept)
		return false;
	return nh && nh->state.tunnel ? !is_dead(nh) : !waited;
}

static bool is_awaited(const struct peer *p, bool mutual)
{
	return p->state == PEER_ESTABLISHED ? owes_end_of_rib(p, mutual) : may_still_come(p);
}

/* Of those at WAY; *ANY: there is one. */
static bool some_awaited_at(const struct addr *way, bool mutual, bool *any)
{
	for (struct peer *p = peer_first_at(way); p; p = peer_next_at(p, way)) {
		*any = true;
		if (is_awaited(p, mutual))
			return true;
	}
	return false;
}

/* Those that anything is expected of at all. Who is not up and was no next hop of anything that is
 * kept has CONNECT_MS. */
static bool some_awaited(bool mutual)
{
	struct peer *p;

	TAILQ_FOREACH (p, &peers, link) {
		if (p->state == PEER_ESTABLISHED ? owes_end_of_rib(p, mutual)
						 : !p->dynamic && !waited && may_still_come(p))
			return true;
	}
	return false;
}

/* Somebody may announce a path by it again. The neighbour has another address where next hops are
 * of the other family: then it is behind the same tunnel. */
static bool hop_is_awaited(const struct addr *hop, bool mutual, bool others)
{
	const struct nexthop *nh = nexthop_find(hop);
	bool any = false;

	if (!nh || is_dead(nh))
		return false;
	if (nh->state.reach == REACH_UNKNOWN || some_awaited_at(hop, mutual, &any))
		return true;
	if (!nh->state.tunnel)
		return !any && others;
	for (struct nexthop *near = NULL; (near = nexthop_beside(nh, near));)
		if (near != nh && some_awaited_at(&near->state.addr, mutual, &any))
			return true;
	return !any && (others || peer_groups_listen());
}

/* A bit for each next hop. */
static uint8_t list_is_awaited(const struct zebra_hops *e, bool mutual, bool others)
{
	uint8_t bits = 0;

	for (unsigned i = 0; i < e->n; i++)
		bits |= hop_is_awaited(&e->hop[i].addr, mutual, others) << i;
	return bits;
}

/* --- what that means for the networks --- */

/* Of the next hops in BITS those by which the list goes: in use, or all where nothing of it is. */
static uint8_t in_use(const struct zebra_hops *e, uint8_t bits)
{
	uint8_t used = 0;

	for (unsigned i = 0; i < e->n; i++)
		used |= (e->hop[i].weight != 0) << i;
	return used & bits ? used & bits : bits;
}

/* Those of which one that is awaited puts off the end: what it falls back on does when the tunnels
 * of those in use are down. */
static uint8_t needed(const struct zebra_hops *e)
{
	uint8_t alive = 0;

	for (unsigned i = 0; i < e->n; i++) {
		const struct nexthop *nh = nexthop_find(&e->hop[i].addr);

		alive |= (nh && !is_dead(nh)) << i;
	}
	return in_use(e, alive);
}

static void release_all(void)
{
	release.again = true;
	rib_work();
}

/* Looks again which kept lists are awaited; true: some is. */
static bool judge_lists(bool others)
{
	bool any = false;

	for (struct zebra_hops *e = NULL; (e = link_zebra_next_kept(e));) {
		uint8_t now = e->awaited && keeping ? list_is_awaited(e, false, others) : 0;

		if (e->awaited & ~now) {
			e->awaited &= now; /* for good */
			release_all();
		}
		any |= (e->awaited & needed(e)) != 0;
	}
	return any;
}

static bool same_way(const struct nexthop *a, const struct nexthop *b)
{
	if (a == b || !a || !b || !a->state.tunnel || !b->state.tunnel)
		return a && a == b;
	return str_eq(a->state.ifname, b->state.ifname) && str_eq(a->state.peer, b->state.peer);
}

/* NH is one of those in use. */
static bool list_goes_by(const struct zebra_hops *e, const struct nexthop *nh)
{
	uint8_t used = in_use(e, HOPS_ALL(e->n));

	for (unsigned i = 0; i < e->n; i++)
		if (used & 1u << i && same_way(nh, nexthop_find(&e->hop[i].addr)))
			return true;
	return false;
}

bool restart_goes_by(const struct nexthop *nh)
{
	for (const struct zebra_hops *e = NULL; (e = link_zebra_next_kept(e));)
		if (list_goes_by(e, nh))
			return true;
	return false;
}

bool restart_net_goes_by(const struct net *net, const struct nexthop *nh)
{
	const struct zebra_hops *e = link_zebra_kept(net);

	return e && list_goes_by(e, nh);
}

/* It has a path again by HOP, and that is judged. */
static bool has_path_by(const struct net *net, const struct addr *hop)
{
	const struct nexthop *nh = nexthop_find(hop);

	for (uint32_t id = net->paths; id; id = path_at(id)->next) {
		const struct path *p = path_at(id);
		const struct nexthop *by = nexthop_by_id(p->nexthop);

		if (p->peer == PEER_LOCAL)
			return true; /* ours now */
		if (by && by->state.reach != REACH_UNKNOWN && !path_is_void(p) && same_way(by, nh))
			return true;
	}
	return false;
}

bool restart_holds(const struct rib_table *t, uint32_t id, struct route_hops *rest)
{
	const struct net *net = net_at(t, id);
	const struct zebra_hops *e = keeping ? link_zebra_kept(net) : NULL;
	uint8_t has = 0, left;

	rest->n = 0;
	if (!e || !e->awaited)
		return false;
	for (unsigned i = 0; i < e->n; i++)
		has |= has_path_by(net, &e->hop[i].addr) << i;
	left = has | e->awaited;
	for (unsigned i = 0; i < e->n; i++)
		if (left & 1u << i)
			rest->hop[rest->n++] = e->hop[i];
	return in_use(e, left) & e->awaited & ~has;
}

static void release_begin(void)
{
	release.again = false;
	release.table = rib_tables[0];
	release.at = 1;
}

static void unwatch(void)
{
	while (n_watched)
		nexthop_unwatch_neighbor(&watched[--n_watched]);
}

bool restart_release_some(unsigned n)
{
	if (!keeping)
		unwatch(); /* not in end(): whoever called that may have one of them in hand */
	if (!release.table && release.again)
		release_begin();
	while (release.table) {
		struct rib_table *t = release.table;

		for (; release.at < t->nets.high; release.at++, n--) {
			const struct zebra_hops *e;

			if (!n)
				return true;
			if (!(net_at(t, release.at)->flags & NET_USED))
				continue;
			e = link_zebra_kept(net_at(t, release.at));
			if (e && e->awaited != HOPS_ALL(e->n))
				net_mark(t, release.at, PEER_LOCAL);
		}
		release.at = 1;
		release.table = t + 1 < rib_tables[rib_planes] ? t + 1 : NULL;
	}
	return release.again;
}

void restart_kept(const struct msg_routes *m)
{
	if (!keeping)
		return;
	for (uint32_t i = 0; i < m->n_prefixes; i++) {
		struct rib_table *t = rib_table_for(&m->prefixes[i]);

		link_zebra_keep(t, net_get(t, &m->prefixes[i]), &m->hops);
	}
	for (unsigned i = 0; i < m->hops.n; i++) {
		const struct addr *hop = &m->hops.hop[i].addr;
		size_t k = 0;

		while (k < n_watched && !addr_eq(&watched[k], hop))
			k++;
		if (k < n_watched || !nexthop_watch_neighbor(hop))
			continue;
		watched = xgrow(watched, n_watched, &watched_cap, sizeof(*watched));
		watched[n_watched++] = *hop;
	}
}

/* --- the end --- */

static void end(const char *why)
{
	if (!keeping)
		return;
	deferring = keeping = false;
	over = OVER_FOR_ALL;
	timer_stop(&quiet_timer);
	log_info("restart", "deferral=ended why=\"%s\"", why);
	judge_lists(false);
	rib_work();
}

/* True: some is. */
static bool awaits(bool mutual)
{
	bool others = some_awaited(mutual);

	if (others)
		return true;
	for (const struct zebra_hops *e = NULL; (e = link_zebra_next_kept(e));)
		if (e->awaited & needed(e) & list_is_awaited(e, mutual, false))
			return true;
	return false;
}

static void count_news(void)
{
	uint32_t n = 0;
	struct peer *p;

	TAILQ_FOREACH (p, &peers, link) {
		if (p->state == PEER_ESTABLISHED)
			n += 1u + p->rib->eor[BGP_IPV4] + p->rib->eor[BGP_IPV6];
	}
	if (n == news && (quiet || timer_running(&quiet_timer)))
		return;
	news = n;
	quiet = false;
	timer_start(&quiet_timer, QUIET_MS);
}

void restart_check(void)
{
	changed = true;
	rib_work();
}

void restart_look(void)
{
	bool held;

	if (!changed || !begun || !keeping)
		return;
	changed = false;
	if (deferring && own_known) {
		deferring = false;
		rib_work();
	}
	count_news();
	held = judge_lists(some_awaited(false));
	if (!own_known || nexthop_unknown())
		return;
	if (!held && !some_awaited(false))
		end("every neighbour has sent its routes");
	else if (over == OVER_FOR_NOBODY && quiet && !awaits(true)) {
		over = OVER_FOR_RESTARTING;
		rib_work();
	}
}

void restart_channel(void)
{
	own_known = false;
	deferring = keeping;
}

void restart_told(uint32_t kept)
{
	own_known = true;
	none_kept = kept == 0;
	release_all(); /* what the zebra-lite before had and this one has not */
	restart_check();
}

static void on_connect(void *arg)
{
	waited = true;
	restart_check();
}

static void on_quiet(void *arg)
{
	quiet = true;
	restart_check();
}

static void on_limit(void *arg)
{
	end("restart time is over");
}

void restart_begin(void)
{
	if (begun)
		return;
	begun = deferring = keeping = true;
	waited = quiet = false;
	over = OVER_FOR_NOBODY;
	timer_init(&connect_timer, on_connect, NULL);
	timer_init(&limit_timer, on_limit, NULL);
	timer_init(&quiet_timer, on_quiet, NULL);
	timer_start(&connect_timer, CONNECT_MS);
	timer_start(&limit_timer, bgp.graceful_restart.restart_time * 1000ull);
	if (!bgp.graceful_restart.enabled)
		end("graceful restart is off");
	restart_check();
}

bool restart_keeping(void)
{
	return keeping || !begun;
}

bool restart_deferring(void)
{
	return deferring || !begun;
}

enum restart_over restart_over(void)
{
	return over;
}

bool restart_lost(void)
{
	return none_kept;
}

void restart_free(void)
{
	timer_stop(&connect_timer);
	timer_stop(&limit_timer);
	timer_stop(&quiet_timer);
	unwatch();
	free(watched);
	watched = NULL;
	watched_cap = 0;
	release.table = NULL;
	begun = deferring = keeping = own_known = none_kept = release.again = false;
	over = OVER_FOR_NOBODY;
	news = 0;
}
