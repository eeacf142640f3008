/* SPDX-License-Identifier: BSD-2-Clause */
#include "zshow.h"

#include <errno.h>

#include "alternatives.h"
#include "fib.h"
#include "fib_retry.h"
#include "keepin_show.h"
#include "kernel.h"
#include "loop.h"
#include "nft.h"
#include "nftown.h"
#include "nftset.h"
#include "nhobj.h"
#include "pin.h"
#include "planes.h"
#include "rehearse.h"
#include "repair_times.h"
#include "rib.h"
#include "rule.h"
#include "side.h"
#include "uplink.h"
#include "util.h"
#include "zconfig.h"
#include "zplan_tables.h"
#include "zroutes.h"

static void nexthops_start(struct show *s)
{
	show_head(s, json_object(), "nexthops");
	for (struct nexthop *nh = nexthop_first(); nh; nh = nexthop_next(nh))
		show_row(s,
			 json_pack("{s:o, s:s, s:s, s:s, s:o, s:o, s:b, s:b, s:o, s:I}", "address",
				   json_addr(&nh->addr), "plane", plane_name(nh->addr.plane),
				   "state", reach_name(nh->reach), "reason",
				   reason_name(nh->reach == REACH_UP ? REASON_NONE : nh->reason),
				   "interface",
				   json_text_or_null(nh->oif ? zroutes_if_name(nh->oif) : NULL),
				   "peer", json_text_or_null(nh->peer ? nh->peer->name : NULL),
				   "tunnel", nh->kind == HOP_TUNNEL, "watched", nh->watched,
				   "gateway", json_addr(&nh->gateway), "cost",
				   (json_int_t)nh->cost));
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
			     json_text_or_null(nftset_error()), "own-addresses", nftown_state(),
			     "own-addresses-error", json_text_or_null(nftown_error()), "settings",
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
	show_row(s, json_pack("{s:o, s:o, s:o, s:s, s:o}", "endpoint", json_addr(&p->addr), "via",
			      json_addr(&w->gateway), "interface",
			      json_text_or_null(w->oif ? zroutes_if_name(w->oif) : NULL), "state",
			      pin_state(p), "reason",
			      json_text_or_null(p->refused ? reason_name(REASON_ENDPOINT_INSIDE)
							   : NULL)));
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
				   prefix_or_null(&r->k.dst), "interface",
				   json_text_or_null(r->k.iif), "bound-to",
				   json_text_or_null(r->k.oif), "ip-protocol", ip_protocol(&r->k),
				   "icmp-types", icmp_types(&r->k), "fwmark",
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
			    "error", json_text_or_null(nftset_error())),
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
	{"route", zroutes_start, zroutes_step, zroutes_finish},
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
