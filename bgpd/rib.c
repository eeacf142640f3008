/* SPDX-License-Identifier: BSD-2-Clause */
#include "rib.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "adjout_internal.h"
#include "leak.h"
#include "link_zebra.h"
#include "originate.h"
#include "policy_ceiling.h"
#include "restart.h"
#include "rib_internal.h"
#include "session.h"
#include "util.h"

#define DECIDE_QUANTUM 512
#define WALK_QUANTUM 4096

static struct job job;

static struct peer_rib *by_id[UINT16_MAX + 1]; /* 0 is PEER_LOCAL */
static uint32_t ids_high;		       /* numbers above it were never in use */

/* The walk: round all tables, a lap at a time. */
static struct {
	uint32_t at[PLANES_MAX][BGP_FAMILIES]; /* next network; 0: not begun */
	uint32_t lap;			       /* number of the present one */
	uint32_t until; /* last one that somebody needs; below lap: at rest */
} walk = {.lap = 1};

void rib_work(void)
{
	job_start(&job);
}

struct peer_rib *peer_rib_by_id(uint16_t id)
{
	return by_id[id];
}

void rib_each_neighbor(void (*look)(struct peer_rib *pr))
{
	for (uint32_t i = ids_high; i; i--)
		if (by_id[i])
			look(by_id[i]);
}

bool path_is_void(const struct path *p)
{
	const struct peer_rib *pr = by_id[p->peer];

	if (!pr->peer || p->epoch == pr->epoch)
		return !pr->peer;
	return !(pr->kept[p->flags & PATH_IPV6 ? BGP_IPV6 : BGP_IPV4] &&
		 p->epoch == pr->kept_epoch);
}

bool path_is_stale(const struct path *p)
{
	return p->peer != PEER_LOCAL && p->epoch != by_id[p->peer]->epoch && !path_is_void(p);
}

bool path_has_no_future(const struct path *p)
{
	return path_is_stale(p) &&
	       nexthop_objection(nexthop_by_id(p->nexthop)) == REASON_TUNNEL_DOWN;
}

bool path_is_ebgp(const struct path *p)
{
	return p->peer != PEER_LOCAL && by_id[p->peer]->ebgp;
}

void rib_release_net(struct rib_table *t, uint32_t id)
{
	struct net *net = net_at(t, id);
	struct prefix p;

	if (net->paths || (net->flags & NET_DIRTY) || adjout_needs_net(t, id))
		return;
	if (net->flags & NET_VERDICT) {
		p = net_prefix(t, net);
		rib_verdicts_forget(&p);
	}
	net_free(t, id);
}

void rib_remove_path(uint32_t id, enum reason why)
{
	struct path *path = path_at(id);
	struct rib_table *t = path_table(path);
	uint32_t net = path->net;

	if (path->peer != PEER_LOCAL) {
		struct peer_rib *pr = by_id[path->peer];

		if (t->plane == pr->plane)
			pr->received[t->family]--;
		if (path->flags & PATH_ACCEPTED)
			pr->accepted[t->family]--;
		if (log_enabled(LOG_LEVEL_DEBUG)) {
			struct prefix p = net_prefix(t, net_at(t, net));

			log_debug("withdraw", "peer=%s prefix=%s reason=%s", ADDR_STR(&pr->address),
				  PREFIX_STR(&p), reason_name(why));
		}
	}
	nexthop_detach(id);
	path_free(t, id);
	net_mark(t, net);
}

/* PR NULL: for everybody. */
void rib_walk_for(struct peer_rib *pr)
{
	bool at_start = true;

	RIB_TABLES_FOREACH(t)
	at_start = at_start && !walk.at[t->plane][t->family];
	walk.until = walk.lap + !at_start;
	if (pr)
		pr->walk_until = walk.until;
	rib_work();
}

bool rib_is_walking(uint32_t until)
{
	return until >= walk.lap;
}

uint32_t rib_need_walk(void)
{
	rib_walk_for(NULL);
	return walk.until;
}

static void peer_rib_free(struct peer_rib *pr)
{
	ensure(!pr->received[BGP_IPV4] && !pr->received[BGP_IPV6]);
	timer_stop(&pr->stale_timer);
	rib_fresh_end(pr);
	rib_judge_forget(pr);
	by_id[pr->id] = NULL;
	free(pr);
}

static void end_walk_of(struct peer_rib *pr)
{
	if (pr->walk_until > walk.lap)
		return;
	pr->rejudge = pr->mark = false;
	if (!pr->peer)
		peer_rib_free(pr);
}

static void end_lap(void)
{
	rib_each_neighbor(end_walk_of);
	walk.lap++;
	memset(walk.at, 0, sizeof(walk.at));
}

static uint32_t now_s(void)
{
	return (uint32_t)(now_ms() / 1000);
}

static void announce_in(struct peer_rib *pr, const struct prefix *p, struct attr *a)
{
	struct rib_table *t = rib_table_for(p);
	uint32_t net = net_get(t, p);
	uint32_t id = path_of_peer(net_at(t, net), pr->id);
	struct path *path;

	if (!id) {
		id = path_new(t, net);
		if (t->plane == pr->plane)
			pr->received[t->family]++;
		path_at(id)->peer = pr->id;
	} else if (path_at(id)->epoch == pr->epoch && path_received(id) == a) {
		return; /* nothing new */
	} else if (id == net_at(t, net)->paths) {
		net_at(t, net)->flags |= NET_CHANGED;
	}
	path = path_at(id);
	path->epoch = pr->epoch;
	pr->heard = true;
	path->since = now_s();
	rib_judge(id, attr_ref(a));
	net_mark(t, net);
}

/* The leaked path of PR at this network has no statement any more, or no path that it comes from.
 */
static bool leak_is_over(const struct peer_rib *pr, const struct rib_table *t, uint32_t id)
{
	struct prefix p = net_prefix(t, net_at(t, id));
	const struct rib_table *home;
	uint32_t net;

	p.plane = pr->plane;
	home = rib_table_for(&p);
	net = net_find(home, &p);
	return !leak_find(pr->plane, t->plane) || !net || !path_of_peer(net_at(home, net), pr->id);
}

/* A new statement may let it into other planes. One of an earlier session stays at home: the
 * neighbour will send it again. */
static void leak_more(struct peer_rib *pr, const struct rib_table *t, uint32_t id)
{
	const struct path *path = path_at(id);

	if (path->epoch != pr->epoch)
		return;
	for (const struct leak *l = NULL; (l = leak_next(pr->plane, l));) {
		struct prefix p = net_prefix(t, net_at(t, path->net));

		p.plane = l->to;
		announce_in(pr, &p, path_received(id));
	}
}

static void walk_net(struct rib_table *t, uint32_t id)
{
	uint32_t at, next;

	if (!net_at(t, id)->paths) {
		rib_release_net(t, id);
		return;
	}
	for (at = net_at(t, id)->paths; at; at = next) {
		struct path *path = path_at(at);
		struct peer_rib *pr = peer_rib_by_id(path->peer);
		const struct nexthop *nh = nexthop_by_id(path->nexthop);

		next = path->next;
		if (!pr)
			continue;
		if (nh && rib_is_walking(nh->walk_until)) {
			if (nh->renew && at == net_at(t, id)->paths)
				net_at(t, id)->flags |= NET_RENEW;
			if (nh->recost && at == net_at(t, id)->paths)
				net_at(t, id)->flags |= NET_RECOST;
			net_mark(t, id);
		}
		if (pr->mark)
			net_mark(t, id);
		if (path_is_void(path)) {
			rib_remove_path(at, pr->down_reason);
		} else if (path_has_no_future(path)) {
			rib_remove_path(at, REASON_TUNNEL_DOWN);
		} else if (path->plane != pr->plane && leak_is_over(pr, t, id)) {
			rib_remove_path(at, REASON_CONFIG);
		} else if (pr->rejudge) {
			struct attr *before = path->attr;
			uint8_t refused = path->refused;

			rib_judge(at, attr_ref(path_received(at)));
			if (path->attr != before || path->refused != refused) {
				if (at == net_at(t, id)->paths)
					net_at(t, id)->flags |= NET_CHANGED;
				net_mark(t, id);
			}
			if (path->plane == pr->plane)
				leak_more(pr, t, at);
		}
	}
}

/* A quantum of the walk; true: there is more. */
static bool walk_some(unsigned n)
{
	while (rib_is_walking(walk.until)) {
		RIB_TABLES_FOREACH(t)
		{
			uint32_t *at = &walk.at[t->plane][t->family];

			if (!*at)
				*at = 1;
			for (; *at < t->nets.high; n--) {
				if (n == 0)
					return true;
				if (net_at(t, *at)->flags & NET_USED)
					walk_net(t, *at);
				++*at;
			}
		}
		end_lap();
	}
	return false;
}

static bool is_decided(void)
{
	RIB_TABLES_FOREACH(t)
	if (t->dirty_count)
		return false;
	return true;
}

static bool decide_some(unsigned n)
{
	unsigned left = n;

	RIB_TABLES_FOREACH(t)
	{
		uint32_t id;

		for (; left > 0 && (id = net_take(t)); left--)
			rib_decide(t, id);
	}
	rib_pressure(n - left);
	return !is_decided();
}

bool rib_settled(void)
{
	return is_decided() && !rib_is_walking(walk.until) && !restart_deferring();
}

static bool work(void *arg)
{
	bool more;

	if (link_zebra_full())
		return false; /* rib_work() when it has drained */
	more = walk_some(WALK_QUANTUM);
	if (restart_deferring())
		return more;
	if (adjout_full())
		return more;
	more |= decide_some(DECIDE_QUANTUM);
	more |= link_zebra_replay_some(DECIDE_QUANTUM);
	if (!more) {
		adjout_flush();
		if (rib_settled()) {
			link_zebra_settled();
			adjout_open();
		}
	}
	adjout_kick();
	return more;
}

void rib_start(void)
{
	rib_table_init();
	job_init(&job, work, NULL);
}

static void free_paths(void)
{
	for (uint32_t i = 1; i < rib_paths.high; i++)
		if (path_at(i)->net)
			path_set_attr(i, NULL, NULL);
}

static void drop_peer_rib(struct peer_rib *pr)
{
	if (pr->peer)
		pr->peer->rib = NULL;
	memset(pr->received, 0, sizeof(pr->received));
	peer_rib_free(pr);
}

void rib_stop(void)
{
	rib_pressure_free();
	rib_refused_free();
	adjout_free_all();
	link_zebra_free();
	restart_free();
	originate_free();
	free_paths();
	rib_each_neighbor(drop_peer_rib);
	ids_high = 0;
	rib_verdicts_forget(NULL);
	nexthop_free_all();
	rib_table_free();
	policy_ceiling_free();
	leak_free();
	job_stop(&job); /* last: a fresh session with paths held back starts it when it is freed */
}

/* RFC 4486: more prefixes than configured end the session. */
static void check_limit(struct peer *p)
{
	struct peer_rib *pr = p->rib;
	bool over = false;

	for (int f = 0; p->conf.max_prefix && f < BGP_FAMILIES; f++)
		over |= pr->received[f] > p->conf.max_prefix;
	if (!over || !pr->up)
		return;
	log_warn("max-prefix", "peer=%s limit=%u", ADDR_STR(&pr->address), p->conf.max_prefix);
	session_stop(p, 1, "maximum number of prefixes reached");
}

int rib_check(const json_t *config, char *error, size_t size)
{
	return 0;
}

static void mark_all(void)
{
	RIB_TABLES_FOREACH(t)
	{
		for (uint32_t id = 1; id < t->nets.high; id++)
			if (net_at(t, id)->flags & NET_USED)
				net_mark(t, id);
	}
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
	if (pr->peer && rib_peer_tunnel_gone(pr->peer))
		session_stop(pr->peer, 6, "its tunnel is configured no more");
}

static void check_limit_of(struct peer_rib *pr)
{
	if (pr->peer)
		check_limit(pr->peer);
}

void rib_apply(const json_t *config)
{
	static struct bgp applied;
	bool ceiling = policy_ceiling_apply(config), leaks = leak_apply(config);

	if (ceiling)
		nexthop_ceiling_changed();
	if (ceiling || leaks || judged_otherwise(&applied, &bgp))
		rib_rejudge_all();
	if (applied.last_path_keep != bgp.last_path_keep)
		nexthop_config_changed();
	if (decided_otherwise(&applied, &bgp))
		mark_all();
	applied = bgp;
	if (ceiling)
		rib_each_neighbor(end_where_tunnel_goes);
	originate_apply(config);
	rib_each_neighbor(check_limit_of);
	restart_begin();
	restart_check(); /* those that it waits for may be deleted or disabled now */
	rib_work();
}

void rib_channel(int fd)
{
	link_zebra_channel(fd);
}

static void rejudge_those_of(struct peer_rib *pr)
{
	if (pr->peer)
		rib_rejudge(pr->peer);
}

void rib_rejudge_all(void)
{
	rib_each_neighbor(rejudge_those_of);
}

static void on_stale_timer(void *arg)
{
	struct peer_rib *pr = arg;

	log_info("stale", "peer=%s reason=%s", ADDR_STR(&pr->address),
		 reason_name(REASON_STALE_EXPIRED));
	pr->kept[BGP_IPV4] = pr->kept[BGP_IPV6] = false;
	pr->down_reason = REASON_STALE_EXPIRED;
	rib_walk_for(pr);
}

static uint32_t new_id(void)
{
	for (uint32_t i = 1; i <= ids_high; i++)
		if (!by_id[i])
			return i;
	if (ids_high == UINT16_MAX)
		fatal("more than %d neighbours", UINT16_MAX);
	return ++ids_high;
}

void rib_peer_new(struct peer *p)
{
	struct peer_rib *pr = xcalloc(1, sizeof(*pr));

	pr->peer = p;
	pr->address = p->conf.address;
	pr->plane = p->conf.plane;
	pr->id = (uint16_t)new_id();
	by_id[pr->id] = pr;
	p->rib = pr;
	timer_init(&pr->stale_timer, on_stale_timer, pr);
	rib_fresh_init(pr);
	pr->nexthop = addr_in_plane(&pr->address, pr->plane);
	nexthop_watch_neighbor(&pr->nexthop);
}

void rib_peer_free(struct peer *p)
{
	struct peer_rib *pr = p->rib;

	if (!pr)
		return;
	adjout_leave(p);
	nexthop_unwatch_neighbor(&pr->nexthop);
	timer_stop(&pr->stale_timer);
	rib_fresh_end(pr);
	p->rib = NULL;
	pr->peer = NULL; /* now all of its paths are void, kept ones too */
	pr->down_reason = REASON_CONFIG;
	rib_walk_for(pr);
}

struct rib_peer_counts rib_peer_counts(const struct peer *p)
{
	struct rib_peer_counts c;

	memcpy(c.received, p->rib->received, sizeof(c.received));
	memcpy(c.accepted, p->rib->accepted, sizeof(c.accepted));
	return c;
}

bool rib_peer_nexthop(const struct peer *p, struct msg_nexthop *out)
{
	struct addr a = addr_in_plane(&p->conf.address, p->conf.plane);
	const struct nexthop *nh = nexthop_find(&a);

	if (!nh)
		return false;
	*out = nh->state;
	return nh->state.reach != REACH_UNKNOWN;
}

void rib_peer_up(struct peer *p)
{
	struct peer_rib *pr = p->rib;

	pr->router_id = p->router_id;
	pr->as = p->as;
	pr->ebgp = p->ebgp;
	pr->up = true;
	pr->heard = false;
	rib_judge_forget(pr);
	for (int f = 0; f < BGP_FAMILIES; f++) {
		pr->eor[f] = false;
		/* RFC 4724 section 4.2: what was not kept there must not be kept here. */
		if (pr->kept[f] && !(p->family[f] && p->gr && p->gr_forwarding[f])) {
			pr->kept[f] = false;
			pr->down_reason = REASON_STALE_EXPIRED;
			rib_walk_for(pr);
		}
	}
	timer_stop(&pr->stale_timer);
	if (pr->kept[BGP_IPV4] || pr->kept[BGP_IPV6])
		timer_start(&pr->stale_timer, bgp.stale_time * 1000ull);
	rib_fresh_begin(pr);
	adjout_join(p);
	restart_check();
}

void rib_peer_down(struct peer *p, bool retain, enum reason why)
{
	struct peer_rib *pr = p->rib;

	adjout_leave(p);
	rib_judge_forget(pr);
	rib_fresh_end(pr);
	pr->up = false;
	if (retain && !pr->heard && rib_peer_keeps_stale(p)) {
		/* What is kept stays kept until its timer ends; so it does where a connection lost
		 * a collision right after it was ESTABLISHED. */
		restart_check();
		return;
	}
	pr->kept_epoch = pr->epoch++;
	for (int f = 0; f < BGP_FAMILIES; f++)
		pr->kept[f] = retain && pr->received[f] > 0;
	pr->down_reason = why;
	timer_stop(&pr->stale_timer);
	if (retain) {
		uint32_t s = p->gr_time ? p->gr_time : 120;

		timer_start(&pr->stale_timer, s * 1000ull);
	}
	if (pr->received[BGP_IPV4] + pr->received[BGP_IPV6] == 0) {
		restart_check();
		return;
	}
	log_info(retain ? "stale" : "withdraw", "peer=%s paths=%u reason=%s",
		 ADDR_STR(&pr->address), pr->received[BGP_IPV4] + pr->received[BGP_IPV6],
		 reason_name(why));
	rib_walk_for(pr); /* also for those that are stale for the second time */
	restart_check();
}

void rib_rejudge(struct peer *p)
{
	struct peer_rib *pr = p->rib;

	rib_judge_forget(pr);
	pr->rejudge = true;
	rib_walk_for(pr);
}

void rib_send_again(struct peer *p, enum bgp_family family)
{
	adjout_refresh(p, family);
}

void rib_end_of_rib(struct peer *p, enum bgp_family family)
{
	struct peer_rib *pr = p->rib;

	pr->eor[family] = pr->heard = true;
	if (pr->kept[family]) {
		pr->kept[family] = false;
		pr->down_reason = REASON_STALE_EXPIRED;
		if (!pr->kept[BGP_IPV4] && !pr->kept[BGP_IPV6])
			timer_stop(&pr->stale_timer);
		rib_walk_for(pr);
	}
	restart_check();
}

bool rib_peer_keeps_stale(const struct peer *p)
{
	return p->rib->kept[BGP_IPV4] || p->rib->kept[BGP_IPV6];
}

bool rib_peer_tunnel_away(const struct peer *p)
{
	struct addr a = addr_in_plane(&p->conf.address, p->conf.plane);
	struct msg_nexthop m;

	if (!policy_ceiling_tunnel_address(&a))
		return rib_peer_tunnel_gone(p);
	if (!rib_peer_nexthop(p, &m) || !m.tunnel)
		return true;
	return m.reason == REASON_INTERFACE_DOWN || m.reason == REASON_INTERFACE_GONE ||
	       m.reason == REASON_PEER_GONE || m.reason == REASON_NO_PEER ||
	       m.reason == REASON_ADMIN_DOWN;
}

bool rib_peer_tunnel_gone(const struct peer *p)
{
	struct addr a = addr_in_plane(&p->conf.address, p->conf.plane);
	struct msg_nexthop m;

	if (!rib_peer_nexthop(p, &m))
		return false;
	if (m.tunnel && m.connected && !policy_ceiling_tunnel_address(&a))
		return true; /* wgd removes the peer when we have let go of it */
	return m.reach == REACH_DOWN &&
	       (m.reason == REASON_PEER_GONE || m.reason == REASON_NO_PEER ||
		m.reason == REASON_ADMIN_DOWN);
}

bool rib_peer_tunnel_down(const struct peer *p)
{
	const struct addr a = addr_in_plane(&p->conf.address, p->conf.plane);

	return nexthop_objection(nexthop_find(&a)) == REASON_TUNNEL_DOWN;
}

static void announce(struct peer_rib *pr, const struct prefix *p, struct attr *a)
{
	announce_in(pr, p, a);
	for (const struct leak *l = NULL; (l = leak_next(pr->plane, l));) {
		struct prefix leaked = prefix_in_plane(p, l->to);

		announce_in(pr, &leaked, a);
	}
}

static void withdraw_in(struct peer_rib *pr, const struct prefix *p, enum reason why)
{
	struct rib_table *t = rib_table_for(p);
	uint32_t net = net_find(t, p);
	uint32_t id = net ? path_of_peer(net_at(t, net), pr->id) : 0;

	if (id)
		rib_remove_path(id, why);
}

static void withdraw(struct peer_rib *pr, const struct prefix *p, enum reason why)
{
	withdraw_in(pr, p, why);
	for (const struct leak *l = NULL; (l = leak_next(pr->plane, l));) {
		struct prefix leaked = prefix_in_plane(p, l->to);

		withdraw_in(pr, &leaked, why);
	}
}

/* Up to NETS_FETCH of them, in PLANE; 0 at the end. */
static size_t next_prefixes(struct nlri_iter *it, uint8_t plane, struct prefix *to)
{
	size_t n = 0;

	while (n < NETS_FETCH && nlri_next(it, &to[n]))
		to[n++].plane = plane;
	if (n)
		nets_fetch(rib_table_for(to), to, n);
	return n;
}

void rib_update(struct peer *p, const struct update *u)
{
	struct peer_rib *pr = p->rib;
	struct prefix some[NETS_FETCH];
	size_t n;

	for (int i = 0; i < 2; i++) {
		struct nlri_iter it = u->withdrawn[i];

		while ((n = next_prefixes(&it, pr->plane, some)))
			for (size_t k = 0; k < n; k++)
				withdraw(pr, &some[k], REASON_WITHDRAWN);
	}
	for (int i = 0; i < 2; i++) {
		struct nlri_iter it = u->announced[i];
		struct attr *a = i ? u->mp_attr : u->attr;

		while ((n = next_prefixes(&it, pr->plane, some)))
			for (size_t k = 0; k < n; k++)
				if (u->treat_as_withdraw || !a)
					withdraw(pr, &some[k], REASON_MALFORMED);
				else
					announce(pr, &some[k], a);
	}
	rib_work();
	rib_pressure(0);
	check_limit(p);
}

void rib_set_local(const struct prefix *p, struct attr *attr, enum reason refused)
{
	struct rib_table *t = rib_table_for(p);
	uint32_t net = attr ? net_get(t, p) : net_find(t, p);
	uint32_t id = net ? path_of_peer(net_at(t, net), PEER_LOCAL) : 0;

	if (!attr) {
		if (id)
			rib_remove_path(id, REASON_CONFIG);
		rib_work();
		return;
	}
	if (!id) {
		id = path_new(t, net);
		path_at(id)->since = now_s();
	} else if (path_at(id)->attr == attr && path_at(id)->refused == refused) {
		attr_unref(attr);
		return;
	} else if (id == net_at(t, net)->paths) {
		net_at(t, net)->flags |= NET_CHANGED;
	}
	path_at(id)->refused = refused;
	path_set_attr(id, attr_ref(attr), attr);
	net_mark(t, net);
	rib_work();
}
