/* SPDX-License-Identifier: BSD-2-Clause */
#include "zapply.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "errorway.h"
#include "fib.h"
#include "keepin_default.h"
#include "keepin_run.h"
#include "kernel.h"
#include "pin.h"
#include "rib.h"
#include "rule.h"
#include "side.h"
#include "util.h"
#include "zceiling.h"

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

static bool same_imported(const struct zconfig *a, const struct zconfig *b)
{
	return a->n_imported == b->n_imported &&
	       (!a->n_imported ||
		memcmp(a->imported, b->imported, a->n_imported * sizeof(*a->imported)) == 0);
}

static bool same_choice(const struct zconfig *a, const struct zconfig *b)
{
	return a->kernel == b->kernel && a->bgp == b->bgp &&
	       a->last_path_keep == b->last_path_keep && a->resilient == b->resilient &&
	       a->d_connected == b->d_connected && a->d_kernel == b->d_kernel &&
	       a->d_static == b->d_static && a->d_ebgp == b->d_ebgp && a->d_ibgp == b->d_ibgp &&
	       same_imported(a, b);
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

void zapply(struct zconfig *c)
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
	errorway_changed();
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
	if (!same_choice(&zconfig, &old))
		for (struct rib_node *n; (n = rib_walk(&at));)
			fib_dirty(n, false);
	zconfig_free(&old);
	if (zconfig.pin != old.pin)
		pin_config_changed();
	if (zconfig.via_default != old.via_default) {
		for (uint8_t i = 0; i < PLANES_MAX; i++) {
			nexthop_route_changed(&(struct prefix){.family = AF_INET, .plane = i});
			nexthop_route_changed(&(struct prefix){.family = AF_INET6, .plane = i});
		}
	}
}

void zapply_links_changed(void)
{
	bool named = false;

	for (size_t i = 0; i < zconfig.n_statics; i++)
		named = named || zconfig.statics[i].interface[0];
	if (!named)
		return;
	rib_static_clear();
	add_statics();
}

/* --- ceilings --- */

void zapply_ceilings(const json_t *config, uint32_t generation)
{
	bool wider = zceiling_apply(config, generation);

	keepin_configure(config);
	if (keepin_default_configure(config))
		pin_config_changed();
	keepin_default_look_all();
	keepin_relearn();
	nexthop_all_changed();
	if (wider)
		rib_ceilings_wider();
}

void zapply_ceilings_prune(void)
{
	bool narrower = zceiling_prune();

	nexthop_all_changed();
	if (!narrower)
		return;
	rib_ceilings_narrower();
	nexthop_found_mark();
}
