/* SPDX-License-Identifier: BSD-2-Clause */
#include "rib_peer.h"

#include "nexthop.h"
#include "rib_queue.h"
#include "util.h"

struct peer_rib *peer_ribs[UINT16_MAX + 1];
static uint32_t ids_high; /* numbers above it were never in use */

static uint32_t peer_rib_new_id(void)
{
	for (uint32_t i = 1; i <= ids_high; i++)
		if (!peer_ribs[i])
			return i;
	if (ids_high == UINT16_MAX)
		fatal("more than %d neighbours", UINT16_MAX);
	return ++ids_high;
}

void peer_rib_number(struct peer_rib *pr)
{
	pr->id = (uint16_t)peer_rib_new_id();
	peer_ribs[pr->id] = pr;
}

void rib_each_neighbor(void (*look)(struct peer_rib *pr))
{
	for (uint32_t i = ids_high; i; i--)
		if (peer_ribs[i])
			look(peer_ribs[i]);
}

bool path_has_no_future(const struct path *p)
{
	return path_is_stale(p) &&
	       nexthop_objection(nexthop_by_id(p->nexthop)) == REASON_TUNNEL_DOWN;
}

void rib_remove_path(uint32_t id, enum reason why)
{
	struct path *path = path_at(id);
	struct rib_table *t = path_table(path);
	uint32_t net = path->net;
	uint16_t source = path->peer;

	if (source != PEER_LOCAL) {
		struct peer_rib *pr = peer_ribs[source];

		if (t->plane == pr->plane)
			pr->received[t->family]--;
		if (path->flags & PATH_ACCEPTED)
			pr->accepted[t->family]--;
		if (log_enabled(LOG_LEVEL_DEBUG)) {
			struct prefix p = net_prefix(t, net_at(t, net));

			log_debug("withdraw", "neighbor=%s prefix=%s reason=%s",
				  ADDR_STR(&pr->address), PREFIX_STR(&p), reason_name(why));
		}
	}
	nexthop_detach(id);
	path_free(t, id);
	net_mark(t, net, source);
}
