/* SPDX-License-Identifier: BSD-2-Clause */
#include "zshow.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "alternatives.h"
#include "conf.h"
#include "fib.h"
#include "fib_retry.h"
#include "keepin_show.h"
#include "kernel.h"
#include "loop.h"
#include "nft.h"
#include "nftown.h"
#include "nftset.h"
#include "nhobj.h"
#include "out.h"
#include "pin.h"
#include "planes.h"
#include "prefix_order.h"
#include "rehearse.h"
#include "repair_times.h"
#include "rib.h"
#include "rule.h"
#include "side.h"
#include "uplink.h"
#include "util.h"
#include "zconfig.h"
#include "zplan_tables.h"

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

static const char *if_name(uint32_t ifindex)
{
	const struct tunnel_if *i = tunnel_if_by_index(ifindex);

	if (i)
		return i->name;
	return out.link_name ? out.link_name(ifindex) : "";
}

static json_t *name_or_null(const char *name)
{
	return name && name[0] ? json_string(name) : json_null();
}

/* --- route --- */

static json_t *hop_json(const struct hop_ref *r, bool active)
{
	const struct nexthop *nh = r->nh;

	return json_pack("{s:o, s:o, s:o, s:s, s:I, s:b, s:i}", "address", json_addr(&nh->addr),
			 "interface", name_or_null(nh->oif ? if_name(nh->oif) : NULL), "peer",
			 name_or_null(nh->peer ? nh->peer->name : NULL), "state",
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
			 "interface", name_or_null(if_name(oif)), "peer", "state",
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

static void route_start(struct show *s)
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

static void route_step(struct show *s)
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

static void free_state(struct show *s)
{
	struct route_walk *w = s->state;

	if (!w)
		return;
	prefix_order_free(&w->order);
	free(w);
	s->state = NULL;
}

/* --- the small ones --- */

static void nexthops_start(struct show *s)
{
	show_head(s, json_object(), "nexthops");
	for (struct nexthop *nh = nexthop_first(); nh; nh = nexthop_next(nh))
		show_row(s,
			 json_pack("{s:o, s:s, s:s, s:s, s:o, s:o, s:b, s:b, s:o, s:I}", "address",
				   json_addr(&nh->addr), "plane", plane_name(nh->addr.plane),
				   "state", reach_name(nh->reach), "reason",
				   reason_name(nh->reach == REACH_UP ? REASON_NONE : nh->reason),
				   "interface", name_or_null(nh->oif ? if_name(nh->oif) : NULL),
				   "peer", name_or_null(nh->peer ? nh->peer->name : NULL), "tunnel",
				   nh->kind == HOP_TUNNEL, "watched", nh->watched, "gateway",
				   json_addr(&nh->gateway), "cost", (json_int_t)nh->cost));
	show_end(s, NULL);
}

static json_t *seconds_since(uint64_t ms)
{
	return ms ? json_integer((json_int_t)(now_ms() - ms) / 1000) : json_null();
}

static void summary_start(struct show *s)
{
	const struct fib_counters *c = &fib_counters;

	show_object(
		s, json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:I, "
			     "s:I, s:o,"
			     " s:I, s:o, s:I, s:I, s:I, s:o, s:I, s:I, s:I, s:b, s:s, s:o, s:s, "
			     "s:o,"
			     " s:{s:b, s:b, s:I}}",
			     "prefixes", (json_int_t)rib_count(), "queued", (json_int_t)c->queued,
			     "urgent", (json_int_t)c->urgent, "lingering", (json_int_t)c->lingering,
			     "paths", (json_int_t)c->fibs, "batches", (json_int_t)c->batches,
			     "entries-set", (json_int_t)c->sets, "entries-unset",
			     (json_int_t)c->unsets, "route-writes", (json_int_t)c->route_writes,
			     "route-errors", (json_int_t)c->route_errors, "route-errors-seconds",
			     seconds_since(c->route_errors_ms), "routes-refused",
			     (json_int_t)fib_retry_lasting(), "refused", (json_int_t)c->refused,
			     "beyond-ceiling", (json_int_t)c->beyond, "beyond-ceiling-seconds",
			     seconds_since(c->beyond ? c->beyond_ms : 0), "drift-repaired",
			     (json_int_t)c->drift, "drift-repaired-seconds",
			     seconds_since(c->drift_ms), "routes-flushed", (json_int_t)c->flushed,
			     "resyncs", (json_int_t)c->resyncs, "local-repairs",
			     (json_int_t)c->repairs, "repair-times", repair_times_json(),
			     "nexthop-objects", (json_int_t)nhobj_counters.objects, "nexthop-moves",
			     (json_int_t)nhobj_counters.moves, "rules-repaired",
			     (json_int_t)(rules.drift + side_routes.drift), "swept", fib_is_swept(),
			     "nftables-sets", nftset_state(), "nftables-error",
			     name_or_null(nftset_error()), "own-addresses", nftown_state(),
			     "own-addresses-error", name_or_null(nftown_error()), "settings",
			     "pin-endpoints", zconfig.pin, "resilient", zconfig.resilient,
			     "sweep-timeout", (json_int_t)zconfig.sweep_s));
}

static const char *pin_state(const struct pin *p)
{
	const struct rib_node *n = rib_find(&p->node.p);

	if (p->refused)
		return "refused";
	if (!p->n_ways)
		return "no-underlay";
	if (!p->wanted)
		return "not-needed";
	if (!p->placed)
		return "off";
	return n && rib_installed(n) && rib_installed(n)->type ? "installed" : "pending";
}

static void show_pin(struct show *s, const struct pin *p, const struct way *w)
{
	show_row(s,
		 json_pack("{s:o, s:o, s:o, s:s, s:o}", "endpoint", json_addr(&p->addr), "via",
			   json_addr(&w->gateway), "interface",
			   name_or_null(w->oif ? if_name(w->oif) : NULL), "state", pin_state(p),
			   "reason",
			   name_or_null(p->refused ? reason_name(REASON_ENDPOINT_INSIDE) : NULL)));
}

static void pins_start(struct show *s)
{
	static const struct way none;

	show_head(s, json_object(), "pins");
	for (struct pin *p = pin_first(); p; p = pin_next(p)) {
		if (!p->peers)
			continue; /* show keep-in */
		if (!p->n_ways)
			show_pin(s, p, &none);
		for (unsigned i = 0; i < p->n_ways; i++)
			show_pin(s, p, &p->way[i]);
	}
	show_end(s, NULL);
}

static const char *rule_state(const struct rule *r)
{
	if (r->kept.installed)
		return r->kept.wanted ? "installed" : "stale";
	if (r->kept.retry.error == -EEXIST)
		return "foreign";
	if (r->kept.retry.error)
		return "refused";
	return zconfig.kernel ? "pending" : "off";
}

static json_t *prefix_or_null(const struct prefix *p)
{
	return p->len ? json_prefix(p) : json_null();
}

static json_t *ip_protocol(const struct krule *k)
{
	switch (k->ip_protocol) {
	case 0:
		return json_null();
	case IPPROTO_TCP:
		return json_string("tcp");
	case IPPROTO_ICMP:
		return json_string("icmp");
	case IPPROTO_ICMPV6:
		return json_string("ipv6-icmp");
	}
	return json_sprintf("%u", k->ip_protocol);
}

static json_t *icmp_types(const struct krule *k)
{
	char text[16];

	if (!k->icmp_first)
		return json_null();
	snprintf(text, sizeof(text), "%u/%u-%u/%u", k->icmp_first >> 8, k->icmp_first & 0xff,
		 k->icmp_last >> 8, k->icmp_last & 0xff);
	return json_string(text);
}

static void rules_start(struct show *s)
{
	show_head(s, json_object(), "rules");
	for (struct rule *r = rule_first(); r; r = rule_next(r))
		show_row(s,
			 json_pack("{s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, "
				   "s:b, s:s}",
				   "priority", (json_int_t)r->k.priority, "family",
				   r->k.family == AF_INET ? "ipv4" : "ipv6", "source",
				   prefix_or_null(&r->k.source), "destination",
				   prefix_or_null(&r->k.dst), "interface", name_or_null(r->k.iif),
				   "bound-to", name_or_null(r->k.oif), "ip-protocol",
				   ip_protocol(&r->k), "icmp-types", icmp_types(&r->k), "fwmark",
				   (json_int_t)r->k.fwmark, "fwmask", (json_int_t)r->k.fwmask,
				   "tos", (json_int_t)r->k.tos, "table", (json_int_t)r->k.table,
				   "no-default", r->k.no_default, "state", rule_state(r)));
	show_end(s, NULL);
}

static json_t *interfaces_of(uint8_t plane)
{
	json_t *list = json_array();
	const char *name;

	for (size_t i = 0; (name = plane_interface(plane, i)); i++)
		json_array_append_new(list, json_string(name));
	return list;
}

static void planes_start(struct show *s)
{
	show_head(s, json_object(), "planes");
	for (uint8_t i = 0; i < PLANES_MAX; i++) {
		unsigned n_rules = 0;

		if (!zconfig.plane_table[i] || (i && !plane_present(i) && !rib_count_in(i)))
			continue;
		for (size_t k = 0; k < zconfig.n_rules; k++)
			n_rules += zconfig.rules[k].table == zconfig.plane_table[i];
		show_row(s, json_pack("{s:s, s:i, s:I, s:i, s:I, s:o}", "name", plane_name(i),
				      "number", i, "table", (json_int_t)zconfig.plane_table[i],
				      "rules", n_rules, "routes", (json_int_t)rib_count_in(i),
				      "interfaces", interfaces_of(i)));
	}
	show_end(s, NULL);
}

static void nftables_start(struct show *s)
{
	json_t *rows = nftset_rows(), *row;
	size_t i;

	show_head(s,
		  json_pack("{s:s, s:s, s:o}", "table", "inet " NFT_TABLE, "state", nftset_state(),
			    "error", name_or_null(nftset_error())),
		  "sets");
	json_array_foreach (rows, i, row)
		show_row(s, json_incref(row));
	json_decref(rows);
	show_end(s, NULL);
}

static json_t *uplink_family(const struct uplink_family *f)
{
	return json_pack("{s:s, s:o, s:o}", "state", uplink_state_name(f->state), "source",
			 json_addr(&f->source), "gateway", json_addr(&f->gateway));
}

static void uplinks_start(struct show *s)
{
	show_head(s, json_object(), "uplinks");
	for (struct uplink *u = uplink_first(); u; u = uplink_next(u))
		show_row(s, json_pack("{s:s, s:s, s:I, s:I, s:I, s:b, s:I, s:o, s:o}", "interface",
				      u->conf.wg, "uplink", u->conf.ifname, "fwmark",
				      (json_int_t)u->conf.fwmark, "table",
				      (json_int_t)u->conf.table, "rule-priority",
				      (json_int_t)u->conf.priority, "bypass", u->bypass,
				      "rp-filter", (json_int_t)kernel_rp_filter(u->conf.ifname),
				      "ipv4", uplink_family(&u->family[0]), "ipv6",
				      uplink_family(&u->family[1])));
	show_end(s, NULL);
}

const struct show_command zebra_commands[] = {
	{"alternatives", alternatives_start, alternatives_step, alternatives_finish},
	{"route", route_start, route_step, free_state},
	{"nexthops", nexthops_start, NULL, NULL},
	{"rib-summary", summary_start, NULL, NULL},
	{"pins", pins_start, NULL, NULL},
	{"rules", rules_start, NULL, NULL},
	{"uplinks", uplinks_start, NULL, NULL},
	{"nftables-sets", nftables_start, NULL, NULL},
	{"keep-in", keepin_start, keepin_step, keepin_finish},
	{"keep-in-summary", keepin_summary_start, NULL, NULL},
	{"remember-keep-in", keepin_remember_start, NULL, NULL},
	{"spare-in-keep-in", keepin_spare_start, NULL, NULL},
	{"clear-keep-in", keepin_clear_start, NULL, NULL},
	{"planes", planes_start, NULL, NULL},
	{"plan-routes", zplan_request, rehearse_step, rehearse_finish},
	{NULL, NULL, NULL, NULL},
};
