/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zconfig_read: the configuration, from JSON. What planes have of their own is read by zplane.c.
 */
#include <errno.h>
#include <linux/fib_rules.h>
#include <stdio.h>

#include "conf_leaves.h"
#include "planes.h"
#include "util.h"
#include "zconfig.h"

static int read_conditions(const json_t *item, struct krule *r, char *error, size_t size)
{
	const char *source = conf_str(item, "source", NULL);
	const char *dst = conf_str(item, "destination", NULL);
	struct conf_rule leaves;

	conf_leaves_read(conf_rule_leaves, item, &leaves);
	*r = (struct krule){
		.action = FR_ACT_TO_TBL,
		.priority = leaves.priority,
		.table = leaves.table,
		.fwmark = leaves.fwmark,
		.fwmask = leaves.has_fwmark ? leaves.fwmask : 0,
		.tos = (uint8_t)leaves.tos,
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
		struct conf_interface leaves;
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
		conf_leaves_read(conf_interface_leaves, item, &leaves);
		u->fwmark = leaves.fwmark;
		u->table = leaves.uplink.table;
		u->priority = leaves.uplink.rule_priority;
	}
	return 0;
}

static int imported_cmp(const void *a, const void *b)
{
	const struct zimported *x = a, *y = b;

	int c = prefix_cmp(&x->prefix, &y->prefix);

	return c ? c : strcmp(x->interface, y->interface);
}

/* What is in another plane has its routes in a table of ours. */
static void read_imported(const json_t *list, struct zconfig *c)
{
	const json_t *item, *peer, *prefix;
	size_t i, k, l;

	json_array_foreach ((json_t *)list, i, item) {
		if (!str_eq(conf_str(item, "plane", "main"), "main"))
			continue;
		json_array_foreach (conf_list(item, "peer"), k, peer)
			json_array_foreach (conf_list(peer, "imported"), l, prefix) {
				struct zimported one = {0};

				if (prefix_parse(json_string_value(prefix), &one.prefix) < 0)
					continue;
				str_copy(one.interface, conf_str(item, "name", ""),
					 sizeof(one.interface));
				c->imported =
					xrealloc(c->imported, (c->n_imported + 1) * sizeof(one));
				c->imported[c->n_imported++] = one;
			}
	}
	if (c->n_imported)
		qsort(c->imported, c->n_imported, sizeof(*c->imported), imported_cmp);
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
	struct conf_rib rib;
	struct conf_bgp bgp;

	conf_leaves_read(conf_rib_leaves, conf_get(root, "rib"), &rib);
	conf_leaves_read(conf_bgp_leaves, conf_get(root, "bgp"), &bgp);
	*c = (struct zconfig){
		.kernel = rib.kernel,
		.bgp = conf_has(conf_get(root, "bgp"), "as"),
		.pin = rib.pin_endpoints,
		.last_path_keep = bgp.last_path == BGP_LAST_PATH_KEEP,
		.resilient = bgp.multipath.resilient,
		.nftables = rib.nftables_sets,
		.via_default = rib.resolve_via_default,
		.table = rib.table,
		.metric = rib.metric,
		.protocol = (uint8_t)rib.protocol_number,
		.sweep_s = rib.sweep_timeout,
		.d_connected = (uint8_t)rib.distance.connected,
		.d_kernel = (uint8_t)rib.distance.kernel,
		.d_static = (uint8_t)rib.distance.static_,
		.d_ebgp = (uint8_t)rib.distance.ebgp,
		.d_ibgp = (uint8_t)rib.distance.ibgp,
	};
	read_imported(conf_at(root, "wireguard/interface"), c);
	if (read_statics(conf_at(root, "rib/static"), c, error, size) < 0 ||
	    read_rules(root, c, error, size) < 0 ||
	    read_uplinks(conf_at(root, "wireguard/interface"), c, error, size) < 0 ||
	    zplane_read(root, c, error, size) < 0) {
		zconfig_free(c);
		return -EINVAL;
	}
	return 0;
}
