/* SPDX-License-Identifier: BSD-2-Clause */
#include "rib_walk.h"

#include <string.h>

#include "adjout_lag.h"
#include "leak.h"
#include "nexthop.h"
#include "rib_judge.h"
#include "rib_lap.h"
#include "rib_queue.h"
#include "rib_session.h"
#include "rib_update.h"

static uint32_t walk_at[PLANES_MAX][BGP_FAMILIES]; /* next network; 0: not begun */

/* The leaked path of PR at this network has no statement any more, or no path that it comes from.
 */
static bool leak_is_over(const struct peer_rib *pr, const struct rib_table *t, uint32_t id)
{
	struct prefix p = net_prefix(t, net_at(t, id));
	const struct rib_table *home;
	uint32_t net;

	p.plane = pr->plane;
	home = rib_table_for(&p);
	net = net_find(home, &p);
	return !leak_find(pr->plane, t->plane) || !net || !path_of_peer(net_at(home, net), pr->id);
}

/* A new statement may let it into other planes. One of an earlier session stays at home: the
 * neighbour will send it again. */
static void leak_more(struct peer_rib *pr, const struct rib_table *t, uint32_t id)
{
	const struct path *path = path_at(id);

	if (path->epoch != pr->epoch)
		return;
	for (const struct leak *l = NULL; (l = leak_next(pr->plane, l));) {
		struct prefix p = net_prefix(t, net_at(t, path->net));

		p.plane = l->to;
		rib_announce_in(pr, &p, path_received(id));
	}
}

static void walk_net(struct rib_table *t, uint32_t id)
{
	uint32_t at, next;

	if (!net_at(t, id)->paths) {
		adjout_release_net(t, id);
		return;
	}
	for (at = net_at(t, id)->paths; at; at = next) {
		struct path *path = path_at(at);
		struct peer_rib *pr = peer_rib_by_id(path->peer);
		const struct nexthop *nh = nexthop_by_id(path->nexthop);

		next = path->next;
		if (!pr)
			continue;
		if (nh && rib_lap_pending(nh->walk_until)) {
			if (nh->renew && at == net_at(t, id)->paths)
				net_at(t, id)->flags |= NET_RENEW;
			if (nh->recost && at == net_at(t, id)->paths)
				net_at(t, id)->flags |= NET_RECOST;
			net_mark(t, id, PEER_LOCAL);
		}
		if (pr->mark)
			net_mark(t, id, PEER_LOCAL);
		if (path_is_void(path)) {
			rib_remove_path(at, pr->down_reason);
		} else if (path_has_no_future(path)) {
			rib_remove_path(at, REASON_TUNNEL_DOWN);
		} else if (path->plane != pr->plane && leak_is_over(pr, t, id)) {
			rib_remove_path(at, REASON_CONFIG);
		} else if (pr->rejudge) {
			struct attr *before = path->attr;
			uint8_t refused = path->refused;

			rib_judge(at, attr_ref(path_received(at)));
			if (path->attr != before || path->refused != refused) {
				if (at == net_at(t, id)->paths)
					net_at(t, id)->flags |= NET_CHANGED;
				net_mark(t, id, PEER_LOCAL);
			}
			if (path->plane == pr->plane)
				leak_more(pr, t, at);
		}
	}
}

static void end_lap(void)
{
	rib_lap_end();
	memset(walk_at, 0, sizeof(walk_at));
	rib_each_neighbor(rib_session_walked);
}

bool rib_walk_some(unsigned n)
{
	while (rib_lap_wanted()) {
		rib_lap_begin();
		RIB_TABLES_FOREACH (t) {
			uint32_t *at = &walk_at[t->plane][t->family];

			if (!*at)
				*at = 1;
			for (; *at < t->nets.high; n--) {
				if (n == 0)
					return true;
				if (net_at(t, *at)->flags & NET_USED)
					walk_net(t, *at);
				++*at;
			}
		}
		end_lap();
	}
	return false;
}
