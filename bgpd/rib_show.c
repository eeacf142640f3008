/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_show: `bgp-routes`, streamed.
 *
 * The table is a hash, and people want order: a first pass, a quantum at a time, collects the
 * prefixes that are asked for (prefix_order), then they go out one by one, looked up again for
 * their row.
 */
#include <stdlib.h>

#include "adjout.h"
#include "conf.h"
#include "json_text.h"
#include "nexthop.h"
#include "originate.h"
#include "planes.h"
#include "prefix_order.h"
#include "rib.h"
#include "rib_decide.h"
#include "rib_peer.h"
#include "util.h"

#define RUN 8192 /* prefixes sorted at a time */
#define ROWS 64	 /* rows between two looks at the channel */

struct walk {
	const struct rib_table *table;
	bool longer; /* everything in `within` */
	bool covers; /* everything that covers `within`, longest first */
	bool both;   /* families */
	int plane;   /* -1: all, one behind the other */
	struct prefix within;
	const struct peer *peer;   /* only paths received from it, or sent to it */
	bool advertised, accepted; /* or what became of it behind import */
	bool brief;		   /* only what a line of a table says */
	struct json_text row;	   /* being written */
	uint32_t next;		   /* network to collect */
	bool collected;
	struct prefix_order order;
};

static const char *protocol_source(const struct rib_table *t, const struct path *p)
{
	struct prefix prefix = net_prefix(t, net_at(t, p->net));

	if (p->peer == PEER_LOCAL)
		return originate_source(&prefix);
	return path_is_ebgp(p) ? "ebgp" : "ibgp";
}

static void put_nexthop(struct json_text *out, const struct path *p)
{
	const struct nexthop *nh = nexthop_by_id(p->nexthop);

	if (nh) {
		json_text_string(out, "next-hop-state", reach_name(nh->state.reach));
		json_text_integer(out, "next-hop-cost", nh->state.cost);
	} else {
		json_text_null(out, "next-hop-state");
		json_text_null(out, "next-hop-cost");
	}
}

static const char *const demotion_names[] = {
	[DEMOTED_NOT] = "none", [DEMOTED] = "demoted", [DEMOTED_LAST] = "last"};

static void put_details(struct json_text *out, const struct rib_table *t, const struct path *p)
{
	static const struct addr none;
	const struct peer_rib *pr = peer_rib_by_id(p->peer);
	enum reason why;

	put_nexthop(out, p);
	json_text_addr(out, "from", pr ? &pr->address : &none);
	json_text_integer(out, "peer-as", pr ? pr->as : bgp.as);
	json_text_string(out, "demotion", demotion_names[path_demotion(p, &why)]);
	json_text_string(out, "source", protocol_source(t, p));
	json_text_integer(out, "age-seconds", now_ms() / 1000 - p->since);
}

static void flag(struct json_text *out, bool brief, const char *key, bool value)
{
	if (value || !brief)
		json_text_boolean(out, key, value);
}

/* ATTR: as they are to be shown. */
static void show_path(struct walk *w, const struct path *p, const struct attr *attr)
{
	const struct net *net = net_at(w->table, p->net);
	struct json_text *out = &w->row;

	json_text_object(out, NULL);
	flag(out, w->brief, "best", (net->flags & NET_BEST) && path_at(net->paths) == p);
	flag(out, w->brief, "eligible", p->flags & PATH_ELIGIBLE);
	flag(out, w->brief, "multipath", p->reason == REASON_MULTIPATH);
	flag(out, w->brief, "stale", path_is_stale(p));
	if (p->reason != REASON_NONE || !w->brief) {
		json_text_string(out, "reason", reason_name(p->reason));
		json_text_string(out, "reason-text", reason_text(p->reason));
	}
	json_text_addr(out, "next-hop", &attr->nexthop);
	if (w->brief) {
		attr_put_json_brief(out, attr);
	} else {
		put_details(out, w->table, p);
		attr_put_json(out, attr);
	}
	json_text_end_object(out);
}

/* Those that were asked for; false: none. */
static bool put_paths(struct walk *w, uint32_t id)
{
	const struct net *net = net_at(w->table, id);
	struct attr *attr;
	uint32_t path;
	bool any;

	if (!w->peer) {
		for (path = net->paths; path; path = path_at(path)->next)
			show_path(w, path_at(path), path_at(path)->attr);
		return net->paths;
	}
	if (w->advertised) {
		attr = adjout_exported(w->peer, w->table, id);
		if (attr)
			show_path(w, path_at(net->paths), attr);
		any = attr != NULL;
		attr_unref(attr);
		return any;
	}
	path = path_of_peer(net, w->peer->rib->id);
	if (path)
		show_path(w, path_at(path),
			  w->accepted ? path_at(path)->attr : path_received(path));
	return path;
}

static void emit(struct show *s, struct walk *w, uint32_t id)
{
	struct prefix p = net_prefix(w->table, net_at(w->table, id));
	bool any;

	if (!net_at(w->table, id)->paths)
		return;
	json_text_reset(&w->row);
	json_text_object(&w->row, NULL);
	json_text_string(&w->row, "prefix", PREFIX_STR(&p));
	if (p.plane != PLANE_MAIN || !w->brief)
		json_text_string(&w->row, "plane", plane_name(p.plane));
	json_text_array(&w->row, "paths");
	any = put_paths(w, id);
	json_text_end_array(&w->row);
	json_text_end_object(&w->row);
	if (any)
		show_row_text(s, &w->row);
}

static void collect_one(struct walk *w, const struct net *net)
{
	struct prefix p = net_prefix(w->table, net);

	p.plane = w->within.plane;
	if (net->paths && (!w->longer || prefix_covers(&w->within, &p)))
		prefix_order_add(&w->order, &p);
}

/* One run. */
static void collect(struct walk *w)
{
	for (unsigned i = 0; i < RUN && w->next < w->table->nets.high; i++, w->next++)
		if (net_at(w->table, w->next)->flags & NET_USED)
			collect_one(w, net_at(w->table, w->next));
	prefix_order_close_run(&w->order);
	if (w->next < w->table->nets.high)
		return;
	w->collected = true;
	prefix_order_merge(&w->order);
}

static void set_table(struct walk *w, struct rib_table *table)
{
	w->table = table;
	prefix_order_start(&w->order, table->af);
	w->next = 1;
	w->collected = false;
}

/* The tables of all planes stand in one row, two each. */
static bool next_table(struct walk *w)
{
	struct rib_table *t = &rib_tables[w->table->plane][w->table->family] + (w->both ? 1 : 2);

	if (t >= rib_tables[rib_planes] || (w->plane >= 0 && t->plane != w->plane))
		return false;
	set_table(w, t);
	return true;
}

static void routes_step(struct show *s)
{
	struct walk *w = s->state;
	struct prefix p;

	if (!w->collected) {
		collect(w);
		return;
	}
	for (unsigned i = 0; i < ROWS && prefix_order_first(&w->order, &p); i++) {
		uint32_t id = net_find(w->table, &p);

		if (show_full(s))
			return;
		if (id)
			emit(s, w, id);
		prefix_order_drop(&w->order);
	}
	if (!prefix_order_first(&w->order, &p) && !next_table(w))
		show_end(s, NULL);
}

static void routes_finish(struct show *s)
{
	struct walk *w = s->state;

	prefix_order_free(&w->order);
	json_text_free(&w->row);
	free(w);
}

/* An address or a prefix: its exact match, else the longest that covers it. */
static void one_prefix(struct show *s, struct walk *w)
{
	uint32_t id;

	w->within.plane = w->table->plane;
	id = net_find(w->table, &w->within);
	if (!id || !net_at(w->table, id)->paths)
		id = net_match(w->table, &w->within);
	if (id)
		emit(s, w, id);
}

static void covering_prefixes(struct show *s, struct walk *w)
{
	struct prefix p = prefix_in_plane(&w->within, w->table->plane);
	uint32_t id;

	while ((id = net_match(w->table, &p))) {
		emit(s, w, id);
		p = net_prefix(w->table, net_at(w->table, id));
		if (p.len == 0)
			break;
		p = prefix_make(p.family, p.b, p.len - 1);
		p.plane = w->table->plane;
	}
}

/* In each plane that is asked for. */
static void in_tables(struct show *s, struct walk *w, void (*fn)(struct show *s, struct walk *w))
{
	do
		fn(s, w);
	while (next_table(w));
	show_end(s, NULL);
}

static bool read_arguments(struct show *s, struct walk *w, const char **error)
{
	const char *family = conf_str(s->args, "family", NULL);
	const char *address = conf_str(s->args, "address", NULL);
	const char *prefix = conf_str(s->args, "prefix", address);
	const char *neighbor = conf_str(s->args, "neighbor", NULL);
	const char *plane = conf_str(s->args, "plane", NULL);
	int neighbor_plane = -1;

	if (neighbor && !(w->peer = peer_find_text(neighbor))) {
		*error = "no such neighbor";
		return false;
	}
	if (w->peer)
		neighbor_plane = w->peer->conf.plane;
	if (prefix && prefix_parse(prefix, &w->within) < 0) {
		*error = "prefix: expected an address or a prefix";
		return false;
	}
	if (prefix)
		family = w->within.family == AF_INET ? "ipv4" : "ipv6";
	w->plane = plane ? plane_by_name(plane) : neighbor_plane;
	if (plane && w->plane < 0) {
		*error = "no such plane";
		return false;
	}
	w->both = !family;
	set_table(w, &rib_tables[w->plane < 0 ? 0 : w->plane]
				[family && str_eq(family, "ipv6") ? BGP_IPV6 : BGP_IPV4]);
	w->covers = address && prefix == address;
	w->longer = prefix && !w->covers && conf_bool(s->args, "longer", false);
	w->brief = conf_bool(s->args, "brief", false) && (!prefix || w->longer);
	w->advertised = str_eq(conf_str(s->args, "direction", "received"), "advertised");
	w->accepted = str_eq(conf_str(s->args, "direction", "received"), "accepted");
	return true;
}

static void routes_start(struct show *s)
{
	struct walk *w = xcalloc(1, sizeof(*w));
	struct addr id = {.family = AF_INET,
			  .b = {bgp.router_id >> 24, bgp.router_id >> 16 & 0xff,
				bgp.router_id >> 8 & 0xff, bgp.router_id & 0xff}};
	const char *error = NULL;
	json_t *head = json_object();

	s->state = w;
	if (!read_arguments(s, w, &error))
		w->table = &rib_tables[0][BGP_IPV4];
	json_object_set_new(head, "router-id", json_addr(&id));
	json_object_set_new(head, "as", json_integer(bgp.as));
	json_object_set_new(head, "family",
			    w->both ? json_null()
				    : json_string(w->table->family == BGP_IPV4 ? "ipv4" : "ipv6"));
	show_head(s, head, "routes");
	if (error)
		show_end(s, error);
	else if (w->covers)
		in_tables(s, w, covering_prefixes);
	else if (conf_str(s->args, "prefix", NULL) && !w->longer)
		in_tables(s, w, one_prefix);
}

const struct show_command rib_commands[] = {
	{"bgp-routes", routes_start, routes_step, routes_finish},
	{0},
};
