/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp_plan.h"

#include <sodium.h>
#include <stdlib.h>

#include "bgp_plan_sessions.h"
#include "conf.h"
#include "link_zebra.h"
#include "nexthop.h"
#include "nexthop_news.h"
#include "planes.h"
#include "rehearse.h"
#include "restart.h"
#include "rib.h"
#include "rib_decide.h"
#include "rib_peer.h"
#include "util.h"

#define LIST_MOST 500	 /* prefixes that are told one by one */
#define ROUTES_MOST 2000 /* ... that zebra-lite is told */

enum effect { EFFECT_GAINED, EFFECT_LOST, EFFECT_MOVED, EFFECT_CHANGED, EFFECTS, EFFECT_NONE };
static const char *const effects[] = {"gained", "lost", "moved", "changed"};

static void (*apply_config)(const json_t *config);

/* ---- what stood before */

/* Which path was best: whose, and by which next hop (0: ours). */
struct was {
	uint16_t peer, nexthop;
	bool best;
};
static struct was *was[PLANES_MAX][BGP_FAMILIES];
static uint32_t was_high[PLANES_MAX][BGP_FAMILIES];
static struct msg_nexthop *hops_before[NEXTHOPS_MAX + 1]; /* by number; owned; NULL: none */

static void note_nexthops(void)
{
	for (uint32_t id = 1; id <= NEXTHOPS_MAX; id++) {
		const struct nexthop *nh = nexthop_by_id((uint16_t)id);

		if (!nh)
			continue;
		hops_before[id] = xmalloc(sizeof(*hops_before[id]));
		*hops_before[id] = nh->state;
	}
}

static void note_best(void)
{
	RIB_TABLES_FOREACH (t) {
		struct was *w = xcalloc(t->nets.high + 1, sizeof(*w));

		was[t->plane][t->family] = w;
		was_high[t->plane][t->family] = t->nets.high;
		for (uint32_t id = 1; id < t->nets.high; id++) {
			const struct net *net = net_at(t, id);
			const struct path *best;

			if (!(net->flags & NET_USED) || !(net->flags & NET_BEST))
				continue;
			best = path_at(net->paths);
			w[id] = (struct was){best->peer, best->nexthop, true};
		}
	}
}

static struct was was_of(const struct rib_table *t, uint32_t id)
{
	if (id >= was_high[t->plane][t->family])
		return (struct was){0};
	return was[t->plane][t->family][id];
}

/* ---- what comes of it */

/* Counts of an interface that traffic leaves, or goes to. */
struct by_interface {
	char name[16];
	uint32_t n[EFFECTS];
};

static struct {
	json_t *rows;	      /* of prefixes; owned */
	struct addr *watched; /* owned */
	size_t n_watched;
	uint32_t n[EFFECTS], open, backups, listed;
	struct by_interface *ifs; /* owned */
	size_t n_ifs, ifs_cap;
} tally;

/* One side of a change. */
struct side {
	bool best;
	uint16_t peer;		       /* of rib_peer.h */
	const struct addr *neighbor;   /* whose path; NULL: ours */
	const struct msg_nexthop *hop; /* NULL: none, a network of ours */
};

static void count_interface(const struct msg_nexthop *hop, enum effect e)
{
	struct by_interface *at = tally.ifs, *end = at + tally.n_ifs;

	if (!hop || !hop->ifname[0])
		return;
	while (at < end && !str_eq(at->name, hop->ifname))
		at++;
	if (at == end) {
		tally.ifs = xgrow(tally.ifs, tally.n_ifs, &tally.ifs_cap, sizeof(*tally.ifs));
		at = &tally.ifs[tally.n_ifs++];
		*at = (struct by_interface){0};
		str_copy(at->name, hop->ifname, sizeof(at->name));
	}
	at->n[e]++;
}

static bool is_watched(const struct prefix *p)
{
	for (size_t i = 0; i < tally.n_watched; i++)
		if (p->plane == PLANE_MAIN && prefix_has_addr(p, &tally.watched[i]))
			return true;
	return false;
}

static json_t *side_json(const struct side *s)
{
	const struct msg_nexthop *hop = s->hop;

	if (!s->best)
		return json_null();
	return json_pack("{s:o, s:o, s:s?, s:s?}", "neighbor",
			 s->neighbor ? json_addr(s->neighbor) : json_null(), "next-hop",
			 hop ? json_addr(&hop->addr) : json_null(), "interface",
			 hop && hop->ifname[0] ? hop->ifname : NULL, "peer",
			 hop && hop->peer[0] ? hop->peer : NULL);
}

static void tell_prefix(const struct rib_table *t, const struct net *net, enum effect e,
			const struct side *from, const struct side *to, bool open)
{
	struct prefix p = net_prefix(t, net);
	bool is_own = is_watched(&p);
	enum reason why = !to->best && net->paths ? path_at(net->paths)->reason : REASON_NONE;

	if (tally.listed >= LIST_MOST && !is_own)
		return;
	tally.listed++;
	json_array_append_new(
		tally.rows,
		json_pack("{s:s, s:o, s:s, s:s, s:b, s:b, s:b, s:o, s:o, s:s?}", "kind", "prefix",
			  "prefix", json_prefix(&p), "plane", plane_name(p.plane), "change",
			  effects[e], "disruptive", e == EFFECT_LOST || e == EFFECT_MOVED, "open",
			  open, "watched", is_own, "from", side_json(from), "to", side_json(to),
			  "reason", why == REASON_NONE ? NULL : reason_name(why)));
}

static bool same_hop(const struct msg_nexthop *a, const struct msg_nexthop *b)
{
	return a && b ? addr_eq(&a->addr, &b->addr) : a == b;
}

static enum effect effect_of(const struct side *from, const struct side *to, bool changed)
{
	if (!from->best)
		return to->best ? EFFECT_GAINED : EFFECT_NONE;
	if (!to->best)
		return EFFECT_LOST;
	if (!same_hop(from->hop, to->hop))
		return EFFECT_MOVED;
	return changed || from->peer != to->peer ? EFFECT_CHANGED : EFFECT_NONE;
}

static bool same_backups(const struct zebra_hops *a, const struct route_hops *b)
{
	unsigned n = a ? a->n : 0;

	if (n != b->n)
		return false;
	for (unsigned i = 1; i < n; i++)
		if (!addr_eq(&a->hop[i].addr, &b->hop[i].addr))
			return false;
	return true;
}

/* ---- what zebra-lite would be told */

static struct {
	json_t *messages; /* ROUTES, of one prefix each; owned */
	uint32_t n;
} routes;

static void note_list(const struct rib_table *t, const struct net *net, const struct route_hops *to)
{
	struct prefix p = net_prefix(t, net);
	struct wr w = {0};
	size_t mark, size;
	char *text;

	if (link_zebra_has_told(net, to) || ++routes.n > ROUTES_MOST)
		return;
	mark = msg_begin_routes(&w, to);
	wr_prefix(&w, &p);
	msg_end_routes(&w, mark, 1);
	size = sodium_base64_ENCODED_LEN(w.len, sodium_base64_VARIANT_ORIGINAL);
	text = xmalloc(size);
	sodium_bin2base64(text, size, w.data, w.len, sodium_base64_VARIANT_ORIGINAL);
	json_array_append_new(routes.messages, json_string(text));
	free(text);
	wr_free(&w);
}

/* ---- before and after */

static struct side side_before(const struct rib_table *t, uint32_t id)
{
	struct was w = was_of(t, id);

	return (struct side){.best = w.best,
			     .peer = w.peer,
			     .neighbor = w.best ? plan_sessions_address(w.peer) : NULL,
			     .hop = hops_before[w.nexthop]};
}

static struct side side_after(uint32_t best)
{
	const struct path *p = best ? path_at(best) : NULL;
	const struct peer_rib *pr = p ? peer_rib_by_id(p->peer) : NULL;
	const struct nexthop *nh = p ? nexthop_by_id(p->nexthop) : NULL;

	return (struct side){.best = best != 0,
			     .peer = p ? p->peer : PEER_LOCAL,
			     .neighbor = pr ? &pr->address : NULL,
			     .hop = nh ? &nh->state : NULL};
}

/* Decides a network of which something changed. */
static void weigh(struct rib_table *t, uint32_t id)
{
	struct net *net = net_at(t, id);
	const struct zebra_hops *told = link_zebra_told(net);
	struct side from = side_before(t, id), to;
	bool changed = net->flags & NET_CHANGED, open;
	struct route_hops rest;
	struct decision d;
	enum effect e;

	if (restart_holds(t, id, &rest))
		return;
	rib_decide(t, id, &d);
	note_list(t, net, &d.hops);
	to = side_after(d.best);
	e = effect_of(&from, &to, changed);
	if (e == EFFECT_NONE) {
		tally.backups += !same_backups(told, &d.hops);
		return;
	}
	open = from.best && plan_sessions_open(from.peer);
	tally.n[e]++;
	tally.open += open;
	count_interface(e == EFFECT_GAINED ? to.hop : from.hop, e);
	tell_prefix(t, net, e, &from, &to, open);
}

/* What waited when the copy was made is no effect of the configuration. */
static void settle_net(struct rib_table *t, uint32_t id)
{
	struct route_hops rest;
	struct decision d;

	if (restart_holds(t, id, &rest))
		return;
	rib_decide(t, id, &d);
	if (d.route)
		link_zebra_route(t, id, &d.hops);
}

/* ---- what wgd and zebra-lite would say of tunnels */

/* The entry of LIST for the tunnel that M leads through; one without a peer is for all of its
 * interface. NULL: none. */
static const json_t *entry_of(const json_t *list, const struct msg_nexthop *m)
{
	json_t *entry;
	size_t i;

	json_array_foreach (list, i, entry)
		if (str_eq(conf_str(entry, "interface", ""), m->ifname) &&
		    str_eq(conf_str(entry, "peer", m->peer), m->peer))
			return entry;
	return NULL;
}

static void change_tunnels(const json_t *gone, const json_t *costs)
{
	for (uint32_t id = 1; id <= NEXTHOPS_MAX; id++) {
		const struct nexthop *nh = nexthop_by_id((uint16_t)id);
		const json_t *cost, *end;
		struct msg_nexthop m;

		if (!nh || !nh->state.peer[0])
			continue;
		m = nh->state;
		cost = entry_of(costs, &m);
		if (cost)
			m.cost += (uint32_t)json_integer_value(json_object_get(cost, "by"));
		end = entry_of(gone, &m);
		if (end) {
			m.reach = REACH_DOWN;
			m.reason = conf_bool(end, "replaced", false) ? REASON_HANDSHAKE_NEVER
								     : REASON_PEER_GONE;
			m.weak = m.tunnel = false;
		}
		if (cost || m.reach != nh->state.reach)
			nexthop_heard(&m);
	}
}

/* ---- the request */

static void read_watched(const json_t *list)
{
	json_t *item;
	size_t i;

	tally.watched = xcalloc(json_array_size(list), sizeof(*tally.watched));
	json_array_foreach (list, i, item)
		if (json_is_string(item) &&
		    addr_parse(json_string_value(item), &tally.watched[tally.n_watched]) == 0)
			tally.n_watched++;
}

static void say_interfaces(json_t *rows)
{
	for (size_t i = 0; i < tally.n_ifs; i++) {
		const struct by_interface *f = &tally.ifs[i];

		json_array_append_new(
			rows,
			json_pack("{s:s, s:s, s:b, s:i, s:i, s:i, s:i}", "kind", "prefixes",
				  "interface", f->name, "disruptive",
				  f->n[EFFECT_LOST] || f->n[EFFECT_MOVED], "gained",
				  (int)f->n[EFFECT_GAINED], "lost", (int)f->n[EFFECT_LOST], "moved",
				  (int)f->n[EFFECT_MOVED], "changed", (int)f->n[EFFECT_CHANGED]));
	}
}

/* In the copy. */
static json_t *rehearsal(const json_t *args, json_t *rows)
{
	json_int_t epoch;
	unsigned ends;

	tally.rows = json_array();
	routes.messages = json_array();
	read_watched(json_object_get(args, "watch"));
	link_zebra_mute();
	rib_decide_all(settle_net);
	epoch = (json_int_t)link_zebra_epoch();
	note_nexthops();
	note_best();
	plan_sessions_note();
	apply_config(json_object_get(args, "candidate"));
	change_tunnels(json_object_get(args, "gone"), json_object_get(args, "costs"));
	rib_mark_all();
	plan_sessions_look(json_object_get(args, "come"));
	rib_decide_all(weigh);
	ends = plan_sessions_say(rows);
	say_interfaces(rows);
	json_array_extend(rows, tally.rows);
	return json_pack("{s:I, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:O?}", "table-epoch",
			 epoch, "sessions-end", (int)ends, "gained", (int)tally.n[EFFECT_GAINED],
			 "lost", (int)tally.n[EFFECT_LOST], "moved", (int)tally.n[EFFECT_MOVED],
			 "changed", (int)tally.n[EFFECT_CHANGED], "open", (int)tally.open,
			 "backups", (int)tally.backups, "listed", (int)tally.listed, "routes",
			 routes.n > ROUTES_MOST ? NULL : routes.messages);
}

static void start_plan(struct show *s)
{
	if (restart_deferring())
		show_end(s, "bgpd has just started: it does not know yet what there is");
	else if (!json_is_object(json_object_get(s->args, "candidate")))
		show_end(s, "a configuration is missing");
	else
		rehearse(s, rehearsal, "changes");
}

void bgp_plan_open(void (*apply)(const json_t *config))
{
	apply_config = apply;
}

/* Has the table changed since a plan? */
static void start_epoch(struct show *s)
{
	show_object(s, json_pack("{s:I}", "table-epoch", (json_int_t)link_zebra_epoch()));
}

const struct show_command bgp_plan_commands[] = {
	{"plan-epoch", start_epoch, NULL, NULL},
	{"plan-bgp", start_plan, rehearse_step, rehearse_finish},
	{0},
};
