/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_multipath: which next hops of a prefix share its traffic, and in what shares.
 *
 * Those of paths that tie with the best one down to the cost of the next hop (decide_ties()), each
 * by a tunnel interface of its own: on an interface a prefix belongs to one peer (invariant I1), so
 * a second one there stays a backup, with the reason. Shares are small numbers, for the kernel's
 * nexthop groups; rounded, so that a cost that wavers does not change them each time.
 */
#include <string.h>

#include "bgp.h"
#include "decide.h"
#include "nexthop.h"
#include "util.h"
#include "rib_multipath.h"

#define SHARES 16 /* of the one with the most */

static const struct nexthop *tunnel_of(uint32_t path)
{
	const struct nexthop *nh = nexthop_by_id(path_at(path)->nexthop);

	return nh && nh->state.tunnel ? nh : NULL;
}

/* Why PATH, as good as those of CHOSEN, is not used beside them; NONE: it may be. */
static enum reason why_not(const struct multipath_choice *m, uint32_t path)
{
	const struct nexthop *nh = tunnel_of(path);

	if (!nh)
		return REASON_NOT_A_TUNNEL;
	for (unsigned i = 0; i < m->n; i++)
		if (str_eq(tunnel_of(m->path[i])->state.ifname, nh->state.ifname))
			return REASON_SAME_INTERFACE;
	return REASON_NONE;
}

void multipath_begin(struct multipath_choice *m, const struct candidate *best)
{
	unsigned most = best->ebgp ? bgp.multipath.ebgp : bgp.multipath.ibgp;

	*m = (struct multipath_choice){.most = most, .best = *best};
	if (most > 1 && tunnel_of(best->path))
		m->path[m->n++] = best->path;
	else
		m->most = 0;
}

/* Moves the candidates that may be used next to the front; returns how many. */
size_t multipath_ties(const struct multipath_choice *m, struct candidate *c, size_t n)
{
	bool cost = bgp.multipath.weights != MULTIPATH_WEIGHTS_COST;
	size_t left = 0;

	for (size_t i = 0; i < n && m->n < m->most; i++) {
		struct candidate this = c[i];
		enum reason r;

		if (!decide_ties(&m->best, &this, bgp.multipath.as_path_relax, cost))
			continue;
		r = why_not(m, this.path);
		if (r != REASON_NONE) {
			path_at(this.path)->reason = r;
			continue;
		}
		c[i] = c[left];
		c[left++] = this;
	}
	return left;
}

void multipath_add(struct multipath_choice *m, uint32_t path)
{
	m->path[m->n++] = path;
	path_at(path)->reason = REASON_MULTIPATH;
}

static float measure(uint32_t path)
{
	float bytes;

	if (bgp.multipath.weights == MULTIPATH_WEIGHTS_COST)
		return SHARES / (float)(1 + (double)tunnel_of(path)->state.cost);
	if (bgp.multipath.weights == MULTIPATH_WEIGHTS_LINK_BANDWIDTH &&
	    attr_link_bandwidth(path_at(path)->attr, &bytes))
		return bytes;
	return 0;
}

void multipath_end(const struct multipath_choice *m, struct route_hops *hops)
{
	float value[ROUTE_HOPS_MAX], most = 0;
	bool all = true;

	for (unsigned i = 0; i < m->n; i++) {
		value[i] = measure(m->path[i]);
		all = all && value[i] > 0;
		most = value[i] > most ? value[i] : most;
	}
	for (unsigned i = 0; i < m->n && m->n > 1; i++) {
		int share = all ? (int)(value[i] * SHARES / most + 0.5f) : 1;

		hops->hop[i].weight = share < 1 ? 1 : share;
	}
}
