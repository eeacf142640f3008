/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_show: `bgp-routes`, streamed.
 *
 * The table is a hash, and people want order: a first pass, a quantum at a time, collects the
 * prefixes that are asked for (prefix_order), then they go out one by one, looked up again for
 * their row.
 */
#include <stdlib.h>

#include "adjout_internal.h"
#include "conf.h"
#include "originate.h"
#include "planes.h"
#include "prefix_order.h"
#include "rib_internal.h"
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
	const struct peer *peer; /* only paths received from it, or sent to it */
	bool advertised;
	uint32_t next; /* network to collect */
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

static void add_nexthop(json_t *row, const struct path *p, const struct addr *address)
{
	const struct nexthop *nh = nexthop_by_id(p->nexthop);

	json_object_set_new(row, "next-hop", json_addr(address));
	json_object_set_new(row, "next-hop-state",
			    nh ? json_string(reach_name(nh->state.reach)) : json_null());
	json_object_set_new(row, "next-hop-cost", nh ? json_integer(nh->state.cost) : json_null());
}

static const char *const demotion_names[] = {
	[DEMOTED_NOT] = "none", [DEMOTED] = "demoted", [DEMOTED_LAST] = "last"};

/* ATTR: as they are to be shown. */
static json_t *path_row(const struct rib_table *t, const struct path *p, const struct attr *attr)
{
	const struct peer_rib *pr = peer_rib_by_id(p->peer);
	const struct net *net = net_at(t, p->net);
	bool best = (net->flags & NET_BEST) && path_at(net->paths) == p;
	json_t *row = json_object();
	enum reason why;

	attr_to_json(attr, row);
	json_object_set_new(row, "best", json_boolean(best));
	json_object_set_new(row, "eligible", json_boolean(p->flags & PATH_ELIGIBLE));
	json_object_set_new(row, "multipath", json_boolean(p->reason == REASON_MULTIPATH));
	json_object_set_new(row, "reason", json_string(reason_name(p->reason)));
	json_object_set_new(row, "reason-text", json_string(reason_text(p->reason)));
	add_nexthop(row, p, &attr->nexthop);
	json_object_set_new(row, "from", pr ? json_addr(&pr->address) : json_null());
	json_object_set_new(row, "peer-as", json_integer(pr ? pr->as : bgp.as));
	json_object_set_new(row, "demotion", json_string(demotion_names[path_demotion(p, &why)]));
	json_object_set_new(row, "weight", json_integer(attr->weight));
	json_object_set_new(row, "stale", json_boolean(path_is_stale(p)));
	json_object_set_new(row, "source", json_string(protocol_source(t, p)));
	json_object_set_new(row, "age-seconds", json_integer(now_ms() / 1000 - p->since));
	return row;
}

static json_t *advertised_paths(const struct walk *w, uint32_t id)
{
	struct attr *attr = adjout_exported(w->peer, w->table, id);
	json_t *paths;

	if (!attr)
		return NULL;
	paths = json_array();
	json_array_append_new(paths,
			      path_row(w->table, path_at(net_at(w->table, id)->paths), attr));
	attr_unref(attr);
	return paths;
}

static json_t *received_path(const struct walk *w, const struct net *net)
{
	uint32_t id = w->peer->rib ? path_of_peer(net, w->peer->rib->id) : 0;
	json_t *paths;

	if (!id)
		return NULL;
	paths = json_array();
	json_array_append_new(paths, path_row(w->table, path_at(id), path_received(id)));
	return paths;
}

static json_t *all_paths(const struct rib_table *t, const struct net *net)
{
	json_t *paths = json_array();

	for (uint32_t id = net->paths; id; id = path_at(id)->next)
		json_array_append_new(paths, path_row(t, path_at(id), path_at(id)->attr));
	return paths;
}

static void emit(struct show *s, const struct walk *w, uint32_t id)
{
	const struct net *net = net_at(w->table, id);
	struct prefix p = net_prefix(w->table, net);
	json_t *paths, *row;

	if (!net->paths)
		return;
	if (!w->peer)
		paths = all_paths(w->table, net);
	else
		paths = w->advertised ? advertised_paths(w, id) : received_path(w, net);
	if (!paths)
		return;
	row = json_object();
	json_object_set_new(row, "prefix", json_prefix(&p));
	json_object_set_new(row, "plane", json_string(plane_name(p.plane)));
	json_object_set_new(row, "paths", paths);
	show_row(s, row);
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

	if (!w)
		return;
	prefix_order_free(&w->order);
	free(w);
	s->state = NULL;
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
	struct addr a;

	if (neighbor && (addr_parse(neighbor, &a) < 0 || !(w->peer = peer_find(&a)))) {
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
	w->advertised = str_eq(conf_str(s->args, "direction", "received"), "advertised");
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
