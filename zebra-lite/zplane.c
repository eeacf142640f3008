/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zplane: the planes of the configuration as zebra-lite uses them.
 *
 * A plane besides the main one has a kernel table. What looks into it are packets that come in by
 * one of its interfaces or whose socket is bound to one (always), and what the plane's rules say.
 * Each of these becomes a rule of the kernel for itself, so any of them suffices.
 */
#include <errno.h>
#include <linux/fib_rules.h>

#include "conf_leaves.h"
#include "planes.h"
#include "util.h"
#include "zconfig.h"

#define ISOLATE_DISTANCE 255 /* whatever the plane learns is better */

static void add_interface(struct zconfig *c, struct krule r, const char *name, bool in, bool bound)
{
	struct krule other = r;

	if (in && str_copy(r.iif, name, sizeof(r.iif)))
		zconfig_add_rule(c, r);
	if (bound && str_copy(other.oif, name, sizeof(other.oif)))
		zconfig_add_rule(c, other);
}

/* Interfaces that belong to the plane NAME. */
static void read_members(const json_t *root, const json_t *plane, struct zconfig *c, struct krule r)
{
	json_t *item;
	size_t i;

	json_array_foreach (conf_list(plane, "interface"), i, item)
		add_interface(c, r, json_string_value(item), true, true);
	json_array_foreach (conf_list(conf_get(root, "wireguard"), "interface"), i, item)
		if (str_eq(conf_str(item, "plane", "main"), conf_str(plane, "name", "")))
			add_interface(c, r, conf_str(item, "name", ""), true, true);
}

/* All of a family as its two halves: a rule that names no source is the same as any other one of
 * its priority and table, as the kernel sees it, and would not be taken beside them. */
static void add_source(struct zconfig *c, struct krule by, const struct prefix *source)
{
	static const uint8_t upper[16] = {0x80};

	by.family = source->family;
	by.source = *source;
	if (!source->len) {
		by.source = prefix_make(source->family, upper, 1);
		zconfig_add_rule(c, by);
		by.source.b[0] = 0;
	}
	zconfig_add_rule(c, by);
}

static void read_plane_rules(const json_t *root, const json_t *plane,
			     const struct conf_plane *leaves, struct zconfig *c)
{
	const json_t *rule = conf_get(plane, "rule");
	struct krule r = {
		.action = FR_ACT_TO_TBL, .table = leaves->table, .priority = leaves->rule.priority};
	size_t i, n;
	struct prefix *sources = conf_prefixes(rule, "source", &n);
	json_t *item;

	read_members(root, plane, c, r);
	for (i = 0; i < n; i++)
		add_source(c, r, &sources[i]);
	free(sources);
	json_array_foreach (conf_list(rule, "input-interface"), i, item)
		add_interface(c, r, json_string_value(item), true, false);
	json_array_foreach (conf_list(rule, "fwmark"), i, item) {
		struct krule by = r;

		by.fwmark = (uint32_t)json_integer_value(item);
		by.fwmask = UINT32_MAX;
		zconfig_add_rule(c, by);
	}
	json_array_foreach (conf_list(rule, "dscp"), i, item) {
		struct krule by = r;

		by.tos = (uint8_t)(json_integer_value(item) << 2);
		zconfig_add_rule(c, by);
	}
}

static void isolate(struct zconfig *c, uint8_t plane)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};

	for (unsigned f = 0; f < ARRAY_SIZE(families); f++)
		*zconfig_add_static(c) =
			(struct zstatic){.prefix = {.family = families[f], .plane = plane},
					 .isolate = true,
					 .distance = ISOLATE_DISTANCE};
}

int zplane_read(const json_t *root, struct zconfig *c, char *error, size_t size)
{
	json_t *plane, *item;
	size_t i, k;

	c->plane_table[PLANE_MAIN] = c->table;
	json_array_foreach (conf_list(root, "plane"), i, plane) {
		struct conf_plane leaves;
		uint32_t number;

		conf_leaves_read(conf_plane_leaves, plane, &leaves);
		number = leaves.number;
		if (!number || number >= PLANES_MAX)
			continue;
		c->plane_table[number] = leaves.table;
		c->plane_priority[number] = leaves.rule.priority;
		c->plane_shared[number] = leaves.own_addresses == PLANE_OWN_ADDRESSES_SHARED;
		read_plane_rules(root, plane, &leaves, c);
		if (leaves.isolate)
			isolate(c, (uint8_t)number);
		json_array_foreach (conf_list(plane, "static"), k, item) {
			struct zstatic *s = zconfig_add_static(c);

			if (zstatic_read(item, (uint8_t)number, c->d_static, s, error, size) < 0)
				return -EINVAL;
		}
	}
	return 0;
}
