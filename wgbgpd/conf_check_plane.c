/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks of planes: that what names one finds it, and that tables, numbers and interfaces have one
 * plane each.
 */
#include <string.h>

#include "conf_check.h"
#include "conf_check_say.h"
#include "conf_schema.h"
#include "planes.h"

static void check_name(const struct conf *conf, const struct lyd_node *leaf, bool main_too,
		       struct conf_errors *errs)
{
	struct lyd_node *planes = conf_top(conf, "plane");

	if (!leaf || (main_too && str_eq(lyd_get_value(leaf), "main")))
		return;
	if (!conf_entry(planes, lyd_get_value(leaf)))
		conf_check_unknown(errs, leaf, "plane", main_too ? "main" : NULL, planes);
}

static void check_bgp(const struct conf *conf, struct conf_errors *errs)
{
	static const char *const lists[] = {"neighbor", "neighbor-group"};
	const struct lyd_node *bgp = conf_top(conf, "bgp");

	for (size_t l = 0; l < ARRAY_SIZE(lists); l++)
		for (struct lyd_node *n = conf_child(bgp, lists[l]); n; n = conf_next(n))
			check_name(conf, conf_child(n, "plane"), true, errs);
	for (struct lyd_node *p = conf_child(bgp, "plane"); p; p = conf_next(p))
		check_name(conf, lyd_child(p), false, errs);
	for (struct lyd_node *k = conf_child(bgp, "leak"); k; k = conf_next(k)) {
		const char *from = conf_value(k, "from"), *to = conf_value(k, "to");

		check_name(conf, conf_child(k, "from"), true, errs);
		check_name(conf, conf_child(k, "to"), true, errs);
		if (from && to && str_eq(from, to))
			conf_check_error(errs, k, "from and to are the same plane");
		if (!conf_child(k, "policy"))
			conf_check_warning(errs, k, "without 'policy' nothing is leaked");
	}
}

void conf_check_plane(const struct conf *effective, struct conf_errors *errs)
{
	struct lyd_node *tunnels = conf_child(conf_top(effective, "wireguard"), "interface");
	struct conf_uses tables = {0}, numbers = {0}, interfaces = {0};
	const struct lyd_node *rib = conf_top(effective, "rib");
	const char *main_table = conf_value(rib, "table");
	unsigned n = 0;

	for (struct lyd_node *p = conf_top(effective, "plane"); p; p = conf_next(p)) {
		const struct lyd_node *table = conf_child(p, "table");

		conf_uses_add(&tables, table);
		conf_uses_add(&numbers, conf_child(p, "number"));
		if (table && main_table && str_eq(lyd_get_value(table), main_table))
			conf_check_error(errs, table, "'%s' is the table of the main plane",
					 main_table);
		for (struct lyd_node *i = conf_child(p, "interface"); i; i = conf_next(i)) {
			conf_uses_add(&interfaces, i);
			if (conf_entry(tunnels, lyd_get_value(i)))
				conf_check_error(errs, i,
						 "'%s' is a tunnel: 'plane' stands in its own "
						 "statement",
						 lyd_get_value(i));
		}
		if (++n == PLANES_MAX)
			conf_check_error(errs, p, "there are more than %d planes", PLANES_MAX - 1);
	}
	conf_uses_report(&tables, "the table", errs);
	conf_uses_report(&numbers, "the number", errs);
	conf_uses_report(&interfaces, "an interface", errs);
	for (struct lyd_node *i = tunnels; i; i = conf_next(i))
		check_name(effective, conf_child(i, "plane"), true, errs);
	check_bgp(effective, errs);
}
