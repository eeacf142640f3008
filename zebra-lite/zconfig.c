/* SPDX-License-Identifier: BSD-2-Clause */
#include "zconfig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "conf_leaves.h"
#include "util.h"

struct zconfig zconfig = {
	.kernel = CONF_RIB_KERNEL,
	.pin = CONF_RIB_PIN_ENDPOINTS,
	.table = CONF_RIB_TABLE,
	.plane_table = {CONF_RIB_TABLE},
	.metric = CONF_RIB_METRIC,
	.protocol = CONF_RIB_PROTOCOL_NUMBER,
	.sweep_s = CONF_RIB_SWEEP_TIMEOUT,
	.d_static = CONF_DISTANCE_STATIC,
	.d_ebgp = CONF_DISTANCE_EBGP,
	.d_ibgp = CONF_DISTANCE_IBGP,
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
	struct conf_static leaves;

	conf_leaves_read(conf_static_leaves, item, &leaves);
	if (prefix_parse(prefix, &s->prefix) < 0) {
		snprintf(error, size, "static %s: not a prefix", prefix);
		return -EINVAL;
	}
	s->prefix.plane = plane;
	conf_addr(item, "next-hop", &s->next_hop);
	if (s->next_hop.family)
		s->next_hop.plane = plane;
	s->blackhole = leaves.blackhole;
	s->distance = leaves.distance ? leaves.distance : distance;
	s->metric = leaves.metric;
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

void zconfig_free(struct zconfig *c)
{
	free(c->statics);
	free(c->rules);
	free(c->uplinks);
	free(c->imported);
	c->imported = NULL;
	c->statics = NULL;
	c->rules = NULL;
	c->uplinks = NULL;
	c->n_statics = c->n_rules = c->n_uplinks = c->n_imported = 0;
}

bool zconfig_is_handed_over(const struct prefix *p, const char *interface)
{
	size_t low = 0, high = zconfig.n_imported;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (prefix_cmp(&zconfig.imported[mid].prefix, p) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < zconfig.n_imported && prefix_eq(&zconfig.imported[low].prefix, p); low++)
		if (str_eq(zconfig.imported[low].interface, interface))
			return true;
	return false;
}

int zplane_by_table(uint32_t table)
{
	for (int i = 0; i < PLANES_MAX; i++)
		if (zconfig.plane_table[i] == table)
			return i;
	return -1;
}
