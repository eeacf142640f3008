/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_static: the configured routes as candidates.
 */
#include "rib.h"

#include <linux/rtnetlink.h>

#include "planes.h"
#include "zconfig.h"

void rib_static_add(const struct prefix *p, const struct addr *next_hop, uint32_t oif, uint8_t type,
		    uint8_t distance, uint32_t metric)
{
	struct rib_node *n = rib_get(p);
	struct rib_cand *c = rib_cand_new(n, RIB_STATIC);

	c->distance = distance;
	c->metric = metric;
	c->oif = oif;
	c->type = type;
	if (type != RTN_UNICAST) {
		c->oif = 0;
	} else if (next_hop && next_hop->family && oif) {
		c->gateway = addr_in_plane(next_hop, PLANE_MAIN); /* the kernel's have none */
	} else if (next_hop && next_hop->family) {
		struct route_hops hops = {.n = 1, .hop = {{.addr = *next_hop}}};

		c->hops = hopset_get(&hops);
	}
	rib_others_changed(n);
}

void rib_static_clear(void)
{
	for (size_t i = 0; i < zconfig.n_statics; i++) {
		struct rib_node *n = rib_find(&zconfig.statics[i].prefix);
		struct rib_cand *c = n ? rib_cand_find(n, RIB_STATIC) : NULL;

		if (!c)
			continue;
		rib_cand_free(n, c);
		rib_others_changed(n);
	}
}
