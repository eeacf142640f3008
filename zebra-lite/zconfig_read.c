/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zconfig_read: the configuration, from JSON. What planes have of their own is read by zplane.c.
 */
#include <errno.h>
#include <linux/fib_rules.h>
#include <stdio.h>

#include "conf.h"
#include "planes.h"
#include "util.h"
#include "zconfig.h"

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
