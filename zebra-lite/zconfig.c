/* SPDX-License-Identifier: BSD-2-Clause */
#include "zconfig.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>

#include "conf.h"
#include "fib.h"
#include "kernel.h"
#include "pin.h"
#include "planes.h"
#include "rib.h"
#include "rule.h"
#include "side.h"
#include "util.h"

struct zconfig zconfig = {
	.kernel = true,
	.pin = true,
	.table = 254,
	.plane_table = {254},
	.metric = 179,
	.protocol = 222,
	.sweep_s = 300,
	.d_static = 1,
	.d_ebgp = 20,
	.d_ibgp = 200,
};

struct zstatic *zconfig_add_static(struct zconfig *c)
{
	c->statics = xrealloc(c->statics, (c->n_statics + 1) * sizeof(*c->statics));
	c->statics[c->n_statics] = (struct zstatic){0};
	return &c->statics[c->n_statics++];
}

int zstatic_read(const json_t *item, uint8_t plane, uint8_t distance, struct zstatic *s,
		 char *error, size_t size)
{
	const char *prefix = conf_str(item, "prefix", "");

	if (prefix_parse(prefix, &s->prefix) < 0) {
		snprintf(error, size, "static %s: not a prefix", prefix);
		return -EINVAL;
	}
	s->prefix.plane = plane;
	conf_addr(item, "next-hop", &s->next_hop);
	if (s->next_hop.family)
		s->next_hop.plane = plane;
	s->blackhole = conf_bool(item, "blackhole", false);
	s->distance = conf_u32(item, "distance", distance);
	s->metric = conf_u32(item, "metric", 0);
	if (!str_copy(s->interface, conf_str(item, "interface", ""), sizeof(s->interface))) {
		snprintf(error, size, "static %s: interface name too long", prefix);
		return -EINVAL;
	}
	if (s->blackhole && (s->next_hop.family || s->interface[0])) {
		snprintf(error, size, "static %s: blackhole and a next hop or interface", prefix);
		return -EINVAL;
	}
	if (!s->blackhole && !s->next_hop.family && !s->interface[0]) {
		snprintf(error, size, "static %s: needs one of next-hop, interface, blackhole",
			 prefix);
		return -EINVAL;
	}
	return 0;
}

static int read_conditions(const json_t *item, struct krule *r, char *error, size_t size)
{
	const char *source = conf_str(item, "source", NULL);
	const char *dst = conf_str(item, "destination", NULL);

	*r = (struct krule){
		.action = FR_ACT_TO_TBL,
		.priority = conf_u32(item, "priority", 0),
		.table = conf_u32(item, "table", 0),
		.fwmark = conf_u32(item, "fwmark", 0),
		.fwmask = conf_has(item, "fwmark") ? conf_u32(item, "fwmask", UINT32_MAX) : 0,
		.tos = conf_u32(item, "tos", 0),
	};
	r->fwmark &= r->fwmask;
	if ((source && prefix_parse(source, &r->source) < 0) ||
	    (dst && prefix_parse(dst, &r->dst) < 0)) {
		snprintf(error, size, "rib rule %u: not a prefix", r->priority);
		return -EINVAL;
	}
	if (source && dst && r->source.family != r->dst.family) {
		snprintf(error, size, "rib rule %u: source and destination of two families",
			 r->priority);
		return -EINVAL;
	}
	if (!str_copy(r->iif, conf_str(item, "interface", ""), sizeof(r->iif))) {
		snprintf(error, size, "rib rule %u: interface name too long", r->priority);
		return -EINVAL;
	}
	r->family = source ? r->source.family : dst ? r->dst.family : 0;
	return 0;
}

void zconfig_add_rule(struct zconfig *c, struct krule r)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	uint8_t only = r.family;

	for (unsigned i = 0; i < ARRAY_SIZE(families); i++) {
		if (only && only != families[i])
			continue;
		r.family = families[i];
		c->rules = xrealloc(c->rules, (c->n_rules + 1) * sizeof(r));
		c->rules[c->n_rules++] = r;
	}
}

static int read_rules(const json_t *root, struct zconfig *c, char *error, size_t size)
{
	const json_t *list = conf_list(conf_get(root, "rib"), "rule"), *item;
	size_t i;

	json_array_foreach (list, i, item) {
		struct krule r;

		if (read_conditions(item, &r, error, size) < 0)
			return -EINVAL;
		zconfig_add_rule(c, r);
	}
	return 0;
}

/* One of each family. */
static int read_pair(const json_t *uplink, const char *name, struct addr pair[2])
{
	const json_t *item;
	struct addr a;
	size_t i;

	json_array_foreach (conf_list(uplink, name), i, item) {
		const char *text = json_string_value(item);

		if (!text || addr_parse(text, &a) < 0 || pair[a.family == AF_INET6].family)
			return -EINVAL;
		pair[a.family == AF_INET6] = a;
	}
	return 0;
}

static int read_uplinks(const json_t *list, struct zconfig *c, char *error, size_t size)
{
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		const json_t *uplink = conf_get(item, "uplink");
		const char *name = conf_str(item, "name", "");
		struct uplink_conf *u;

		if (!conf_has(uplink, "interface"))
			continue;
		c->uplinks = xrealloc(c->uplinks, (c->n_uplinks + 1) * sizeof(*u));
		u = &c->uplinks[c->n_uplinks++];
		*u = (struct uplink_conf){0};
		if (!str_copy(u->wg, name, sizeof(u->wg)) ||
		    !str_copy(u->ifname, conf_str(uplink, "interface", ""), sizeof(u->ifname)) ||
		    read_pair(uplink, "gateway", u->gateway) < 0 ||
		    read_pair(uplink, "source", u->source) < 0) {
			snprintf(error, size, "interface %s: its uplink cannot be used", name);
			return -EINVAL;
		}
		u->fwmark = conf_u32(item, "fwmark", 0);
		u->table = conf_u32(uplink, "table", 0);
		u->priority = conf_u32(uplink, "rule-priority", 0);
	}
	return 0;
}

static enum nftset_mode read_nftables(const char *word)
{
	return str_eq(word, "all")	   ? NFTSET_ALL
	       : str_eq(word, "addresses") ? NFTSET_ADDRESSES
					   : NFTSET_OFF;
}

static int read_statics(const json_t *list, struct zconfig *c, char *error, size_t size)
{
	json_t *item;
	size_t i;

	json_array_foreach ((json_t *)list, i, item)
		if (zstatic_read(item, PLANE_MAIN, c->d_static, zconfig_add_static(c), error,
				 size) < 0)
			return -EINVAL;
	return 0;
}

int zconfig_read(const json_t *root, struct zconfig *c, char *error, size_t size)
{
	const json_t *rib = conf_get(root, "rib"), *distance = conf_get(rib, "distance");
	const json_t *list = conf_list(rib, "static");

	*c = (struct zconfig){
		.kernel = conf_bool(rib, "kernel", true),
		.pin = conf_bool(rib, "pin-endpoints", true),
		.last_path_keep =
			str_eq(conf_str(conf_get(root, "bgp"), "last-path", "withdraw"), "keep"),
		.resilient =
			conf_bool(conf_get(conf_get(root, "bgp"), "multipath"), "resilient", false),
		.nftables = read_nftables(conf_str(rib, "nftables-sets", "off")),
		.via_default = conf_bool(rib, "resolve-via-default", false),
		.table = conf_u32(rib, "table", 254),
		.metric = conf_u32(rib, "metric", 179),
		.protocol = conf_u32(rib, "protocol-number", 222),
		.sweep_s = conf_u32(rib, "sweep-timeout", 300),
		.d_connected = conf_u32(distance, "connected", 0),
		.d_kernel = conf_u32(distance, "kernel", 0),
		.d_static = conf_u32(distance, "static", 1),
		.d_ebgp = conf_u32(distance, "ebgp", 20),
		.d_ibgp = conf_u32(distance, "ibgp", 200),
	};
	if (read_statics(list, c, error, size) < 0 || read_rules(root, c, error, size) < 0 ||
	    read_uplinks(conf_at(root, "wireguard/interface"), c, error, size) < 0 ||
	    zplane_read(root, c, error, size) < 0) {
		zconfig_free(c);
		return -EINVAL;
	}
	return 0;
}

void zconfig_free(struct zconfig *c)
{
	free(c->statics);
	free(c->rules);
	free(c->uplinks);
	c->statics = NULL;
	c->rules = NULL;
	c->uplinks = NULL;
	c->n_statics = c->n_rules = c->n_uplinks = 0;
}

static void add_statics(void)
{
	for (size_t i = 0; i < zconfig.n_statics; i++) {
		const struct zstatic *s = &zconfig.statics[i];
		uint32_t oif = s->interface[0] ? kernel_link_by_name(s->interface) : 0;

		if (s->interface[0] && !oif)
			continue; /* until there is such an interface */
		rib_static_add(&s->prefix, &s->next_hop, oif,
			       s->isolate     ? RTN_UNREACHABLE
			       : s->blackhole ? RTN_BLACKHOLE
					      : RTN_UNICAST,
			       s->distance, s->metric);
	}
}

static bool same_statics(const struct zconfig *a, const struct zconfig *b)
{
	return a->n_statics == b->n_statics &&
	       (!a->n_statics ||
		!memcmp(a->statics, b->statics, a->n_statics * sizeof(*a->statics)));
}

/* New ones first: what both have stays untouched. */
static void change_rules(const struct zconfig *old)
{
	for (size_t i = 0; i < zconfig.n_rules; i++)
		rule_want(&zconfig.rules[i]);
	for (size_t i = 0; i < old->n_rules; i++)
		rule_unwant(&old->rules[i]);
}

static bool same_choice(const struct zconfig *a, const struct zconfig *b)
{
	return a->kernel == b->kernel && a->last_path_keep == b->last_path_keep &&
	       a->resilient == b->resilient && a->d_connected == b->d_connected &&
	       a->d_kernel == b->d_kernel && a->d_static == b->d_static && a->d_ebgp == b->d_ebgp &&
	       a->d_ibgp == b->d_ibgp;
}

/* What is left of a plane that is no longer configured goes out of its table, unless that is
 * another plane's by now: then it is taken out at once. */
static void keep_tables(struct zconfig *c, const struct zconfig *old)
{
	uint32_t now[PLANES_MAX];

	memcpy(now, c->plane_table, sizeof(now));
	for (unsigned i = 0; i < PLANES_MAX; i++) {
		bool taken = false;

		for (unsigned k = 0; k < PLANES_MAX; k++)
			taken = taken || now[k] == old->plane_table[i];
		if (!now[i] && !taken)
			c->plane_table[i] = old->plane_table[i];
	}
}

void zconfig_apply(struct zconfig *c)
{
	struct zconfig old = zconfig;
	bool statics = !same_statics(c, &old), renumbered;
	uint32_t at = 0;

	keep_tables(c, &old);
	renumbered = c->metric != old.metric || c->protocol != old.protocol ||
		     memcmp(c->plane_table, old.plane_table, sizeof(old.plane_table)) != 0;

	if (statics)
		rib_static_clear();
	if (c->table != old.table || c->metric != old.metric || c->protocol != old.protocol)
		uplinks_take_out();
	zconfig = *c;
	if (c->protocol != old.protocol)
		rule_renumber(old.protocol);
	change_rules(&old);
	uplinks_apply(zconfig.uplinks, zconfig.n_uplinks);
	if (zconfig.kernel != old.kernel) {
		keep_sync_all(&side_routes);
		keep_sync_all(&rules);
	}
	if (renumbered) {
		fib_renumber(&old);
		kernel_resync("other numbers");
	}
	if (statics)
		add_statics();
	free(old.statics);
	free(old.rules);
	free(old.uplinks);
	if (!same_choice(&zconfig, &old))
		for (struct rib_node *n; (n = rib_walk(&at));)
			fib_dirty(n, false);
	if (zconfig.pin != old.pin)
		pin_config_changed();
	if (zconfig.via_default != old.via_default) {
		for (uint8_t i = 0; i < PLANES_MAX; i++) {
			nexthop_route_changed(&(struct prefix){.family = AF_INET, .plane = i});
			nexthop_route_changed(&(struct prefix){.family = AF_INET6, .plane = i});
		}
	}
}

void zconfig_links_changed(void)
{
	bool named = false;

	for (size_t i = 0; i < zconfig.n_statics; i++)
		named = named || zconfig.statics[i].interface[0];
	if (!named)
		return;
	rib_static_clear();
	add_statics();
}
