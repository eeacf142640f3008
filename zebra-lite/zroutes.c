/* SPDX-License-Identifier: BSD-2-Clause */
#include "zroutes.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "fib.h"
#include "fib_retry.h"
#include "keepin_show.h"
#include "loop.h"
#include "nhobj.h"
#include "out.h"
#include "planes.h"
#include "prefix_order.h"
#include "rib.h"
#include "util.h"
#include "zconfig.h"

#define RUN 8192 /* prefixes sorted at a time */
#define ROWS 64	 /* between two looks at the channel */

struct route_walk {
	bool longer; /* only what is inside `within` */
	struct prefix within;
	int plane;		  /* -1: all, one behind the other */
	uint8_t at_plane, family; /* that are collected or shown */
	bool both;		  /* IPv6 comes behind IPv4 */
	bool collected;
	uint32_t at; /* place of the collecting walk */
	struct prefix_order order;
};

const char *zroutes_if_name(uint32_t ifindex)
{
	const struct tunnel_if *i = tunnel_if_by_index(ifindex);

	if (i)
		return i->name;
	return out.link_name ? out.link_name(ifindex) : "";
}

static json_t *hop_json(const struct hop_ref *r, bool active)
{
	const struct nexthop *nh = r->nh;

	return json_pack("{s:o, s:o, s:o, s:s, s:I, s:b, s:i}", "address", json_addr(&nh->addr),
			 "interface", json_text_or_null(nh->oif ? zroutes_if_name(nh->oif) : NULL),
			 "peer", json_text_or_null(nh->peer ? nh->peer->name : NULL), "state",
			 reach_name(nh->reach), "cost", (json_int_t)nh->cost, "active", active,
			 "weight", r->weight);
}

static json_t *hops_json(const struct rib_node *n, struct hopset *s)
{
	json_t *list = json_array();
	const struct fib *f = rib_installed(n);
	const struct nhobj *group = f && f->nh && f->nh->n ? f->nh : NULL;
	const struct hop_ref *active = rib_active_hop(n, s);

	for (unsigned i = 0; i < s->n; i++)
		json_array_append_new(
			list,
			hop_json(&s->ref[i], group ? nhobj_leads_to(group, &s->ref[i].nh->addr)
						   : &s->ref[i] == active));
	return list;
}

static json_t *way_json(const struct rib_cand *c, uint32_t oif, const struct addr *gateway,
			bool active)
{
	return json_pack("{s:o, s:o, s:n, s:s, s:I, s:b}", "address", json_addr(gateway),
			 "interface", json_text_or_null(zroutes_if_name(oif)), "peer", "state",
			 !out.link_up || out.link_up(oif) ? "up" : "down", "cost",
			 (json_int_t)c->metric, "active", active);
}

static json_t *cand_hops(const struct rib_node *n, const struct rib_cand *c, bool active)
{
	json_t *list;

	if (c->hops)
		return hops_json(n, c->hops);
	list = json_array();
	if (c->type == RTN_UNICAST && !c->ways)
		json_array_append_new(list, way_json(c, c->oif, &c->gateway, active));
	for (unsigned i = 0; c->ways && i < c->ways->n; i++)
		json_array_append_new(
			list, way_json(c, c->ways->way[i].oif, &c->ways->way[i].gateway, active));
	return list;
}

static enum reason why_not(const struct rib_node *n, bool selected, bool installed)
{
	if (rib_refusals(n))
		return rib_refusals(n)->reason;
	if (!selected && n->hops && rib_hops(n)->ref[0].nh->reason == REASON_OTHER_PLANE)
		return REASON_OTHER_PLANE;
	if (!selected)
		return rib_hops(n) && !rib_active_hop(n, rib_hops(n)) ? REASON_NEXTHOP_UNREACHABLE
								      : REASON_LOST_TO_PROTOCOL;
	if (!zconfig.kernel)
		return REASON_KERNEL_OFF;
	return installed ? REASON_NONE : REASON_SYNCING;
}

static json_t *error_json(const struct rib_node *n)
{
	const struct retry *r = fib_retry_of(n);

	return r ? json_string(strerror(-r->error)) : json_null();
}

static json_t *retry_json(const struct rib_node *n)
{
	const struct retry *r = fib_retry_of(n);

	return r ? json_integer((json_int_t)(retry_left_ms(r) + 999) / 1000) : json_null();
}

static json_t *row(const struct rib_node *n, const char *protocol, unsigned distance, bool selected,
		   bool installed, enum reason reason, json_t *hops)
{
	uint32_t now = now_ms() / 1000;

	return json_pack(
		"{s:o, s:s, s:s, s:i, s:b, s:b, s:b, s:s, s:s, s:I, s:o, s:o, s:o, s:o}", "prefix",
		json_prefix(RIB_PREFIX(n)), "plane", plane_name(n->plane), "protocol", protocol,
		"distance", (int)distance, "selected", selected, "installed", installed, "stale",
		rib_bgp_stale(n) || (n->flags & NODE_ADOPTED), "reason", reason_name(reason),
		"reason-text", reason_text(reason), "age-seconds",
		(json_int_t)(n->since ? now - n->since : 0), "next-hops", hops, "verdict",
		rib_refusals(n) ? json_string(reason_name(rib_refusals(n)->reason)) : json_null(),
		"error", error_json(n), "retry-seconds", retry_json(n));
}

static void bgp_row(struct show *s, const struct rib_node *n, bool selected)
{
	const struct hop_ref *hop = rib_active_hop(n, rib_hops(n));
	bool ebgp = (hop ? hop->source : rib_hops(n)->ref[0].source) == ROUTE_EBGP;
	bool installed = selected && rib_installed(n) && rib_installed(n)->type;

	show_row(s, row(n, "bgp", ebgp ? zconfig.d_ebgp : zconfig.d_ibgp, selected, installed,
			why_not(n, selected, installed), hops_json(n, rib_hops(n))));
}

static void node_rows(struct show *s, const struct rib_node *n)
{
	bool refused = keepin_refuses_default(RIB_PREFIX(n)), stays = fib_found_stays(n);
	bool has_route = rib_installed(n) && rib_installed(n)->type;
	struct rib_cand *best;
	enum rib_proto proto = rib_select(n, &best);

	if (rib_hops(n))
		bgp_row(s, n, proto == RIB_BGP && !refused);
	for (struct rib_cand *c = rib_others(n); c; c = c->next) {
		bool foreign = c->proto == RIB_KERNEL || c->proto == RIB_CONNECTED;
		bool selected = c == best && proto != RIB_BGP && !refused;
		bool installed = foreign || (selected && has_route && !stays);
		enum reason why = selected && foreign ? REASON_NONE
				  : selected	      ? why_not(n, selected, installed)
				  : refused	      ? REASON_KEPT_IN
				  : c->hops && !rib_static_hop(n, c->hops)
					  ? REASON_NEXTHOP_UNREACHABLE
					  : REASON_LOST_TO_PROTOCOL;

		show_row(s, row(n, rib_proto_name(c->proto), rib_cand_distance(n, c), selected,
				installed, why, cand_hops(n, c, selected)));
	}
	if (!rib_hops(n) && (rib_installed(n) || rib_refusals(n)) &&
	    (stays ? rib_found_beats_others(n) : !rib_others(n)))
		show_row(s, row(n, "bgp", zconfig.d_ebgp, false, has_route,
				rib_refusals(n) ? rib_refusals(n)->reason : REASON_STALE_PATH,
				json_array()));
	if (proto == RIB_NONE || refused)
		keepin_route_row(s, RIB_PREFIX(n));
}

static void prefix_rows(struct show *s, const struct prefix *p)
{
	const struct rib_node *n = rib_find(p);

	if (n)
		node_rows(s, n);
	else
		keepin_route_row(s, p);
}

/* The longest match, and what covers it as long as nothing is selected there. */
static void address_rows(struct show *s, const struct addr *a)
{
	struct prefix all = {.family = a->family, .plane = a->plane};
	struct rib_cand *best;
	const struct keepin *e = keepin_match(a);

	while (e && !e->installed)
		e = keepin_cover(e);
	for (const struct rib_node *n = rib_match(a); n; n = rib_cover(n)) {
		if (e && e->node.p.len > n->len)
			break;
		node_rows(s, n);
		if (e && e->node.p.len == n->len)
			return;
		if (!n->len || rib_select(n, &best) != RIB_NONE)
			return;
	}
	keepin_route_row(s, e ? &e->node.p : &all);
}

/* PLANE -1: in all of them. */
static void route_one(struct show *s, const char *prefix, const char *address, int plane)
{
	struct prefix p = {0};
	struct addr a = {0};

	if (prefix && prefix_parse(prefix, &p) < 0) {
		show_end(s, "prefix: not a prefix");
		return;
	}
	if (!prefix && addr_parse(address, &a) < 0) {
		show_end(s, "address: not an address");
		return;
	}
	show_head(s, json_object(), "routes");
	for (int i = 0; i < PLANES_MAX; i++) {
		if (plane >= 0 && i != plane)
			continue;
		p.plane = a.plane = (uint8_t)i;
		if (!prefix)
			address_rows(s, &a);
		else
			prefix_rows(s, &p);
	}
	show_end(s, NULL);
}

void zroutes_start(struct show *s)
{
	const char *prefix = conf_str(s->args, "prefix", NULL);
	const char *address = conf_str(s->args, "address", NULL);
	const char *family = conf_str(s->args, "family", "");
	const char *named = conf_str(s->args, "plane", NULL);
	bool longer = conf_bool(s->args, "longer", false);
	int plane = named ? plane_by_name(named) : -1;
	struct route_walk *w;

	if (named && plane < 0) {
		show_head(s, json_object(), "routes");
		show_end(s, "no such plane");
		return;
	}
	if (address || (prefix && !longer)) {
		route_one(s, prefix, address, plane);
		return;
	}
	w = xcalloc(1, sizeof(*w));
	s->state = w;
	show_head(s, json_object(), "routes");
	w->plane = plane;
	w->at_plane = plane > 0 ? (uint8_t)plane : 0;
	w->longer = prefix != NULL;
	if (prefix && prefix_parse(prefix, &w->within) < 0)
		show_end(s, "prefix: not a prefix");
	if (prefix)
		w->family = w->within.family;
	else
		w->family = str_eq(family, "ipv6") ? AF_INET6 : AF_INET;
	w->both = !prefix && !str_eq(family, "ipv4") && !str_eq(family, "ipv6");
	prefix_order_start(&w->order, w->family);
}

static bool is_asked_for(const struct route_walk *w, const struct prefix *p)
{
	return p->family == w->family && p->plane == w->at_plane &&
	       (!w->longer || prefix_covers(&w->within, p));
}

/* What is kept in and has no node. */
static void collect_kept_in(struct route_walk *w)
{
	const struct prefix all = {.family = w->family, .plane = w->at_plane};

	if (keepin_refuses_default(&all) && is_asked_for(w, &all) && !rib_find(&all))
		prefix_order_add(&w->order, &all);
	for (const struct keepin *e = keepin_first(); e; e = keepin_next(e))
		if (e->installed && is_asked_for(w, &e->node.p) && !rib_find(&e->node.p))
			prefix_order_add(&w->order, &e->node.p);
	prefix_order_close_run(&w->order);
}

/* One run. */
static void route_collect(struct route_walk *w)
{
	struct rib_node *n = NULL;

	w->within.plane = w->at_plane;
	if (!w->at)
		collect_kept_in(w);
	for (int i = 0; i < RUN; i++) {
		n = rib_walk(&w->at);
		if (!n)
			break;
		if (is_asked_for(w, RIB_PREFIX(n)))
			prefix_order_add(&w->order, RIB_PREFIX(n));
	}
	prefix_order_close_run(&w->order);
	if (n)
		return;
	w->collected = true;
	prefix_order_merge(&w->order);
}

/* The other family, then the next plane that has something. */
static bool next_part(struct route_walk *w)
{
	if (w->both && w->family == AF_INET) {
		w->family = AF_INET6;
	} else {
		if (w->plane >= 0)
			return false;
		do
			if (++w->at_plane == PLANES_MAX)
				return false;
		while (!rib_count_in(w->at_plane) && !keepin_in(w->at_plane));
		if (w->both)
			w->family = AF_INET;
	}
	w->collected = false;
	w->at = 0;
	prefix_order_start(&w->order, w->family);
	return true;
}

void zroutes_step(struct show *s)
{
	struct route_walk *w = s->state;
	struct prefix p;

	if (!w->collected) {
		route_collect(w);
		return;
	}
	for (int i = 0; i < ROWS && prefix_order_first(&w->order, &p); i++) {
		if (show_full(s))
			return;
		prefix_rows(s, &p);
		prefix_order_drop(&w->order);
	}
	if (!prefix_order_first(&w->order, &p) && !next_part(w))
		show_end(s, NULL);
}

void zroutes_finish(struct show *s)
{
	struct route_walk *w = s->state;

	if (!w)
		return;
	prefix_order_free(&w->order);
	free(w);
	s->state = NULL;
}
