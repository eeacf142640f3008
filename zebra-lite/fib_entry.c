/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib_entry: entries that wgd is asked to set or unset.
 *
 * Interfaces know no planes: where a prefix was leaked, two nodes may have an entry on the same
 * interface. The plane of the interface decides who has it as long as it wants one.
 */
#include "fib_internal.h"

#include "planes.h"
#include "util.h"

struct rib_node *fib_node_in(const struct prefix *p, unsigned plane)
{
	struct prefix there = prefix_in_plane(p, (uint8_t)plane);

	return rib_count_in(there.plane) ? rib_find(&there) : NULL;
}

struct tunnel_peer *fib_owner_elsewhere(const struct prefix *p, uint32_t ifindex, int plane)
{
	struct tunnel_peer *owner = NULL;

	if (!rib_several_planes())
		return NULL;
	for (int i = 0; i < PLANES_MAX && !owner; i++) {
		const struct rib_node *n;

		if (i == p->plane || (plane >= 0 && i != plane))
			continue;
		n = fib_node_in(p, i);
		owner = n ? fib_owner_on(fib_after(n), ifindex) : NULL;
	}
	return owner;
}

void fib_entry(struct fib_entries *to, enum allowed_op op, const struct tunnel_peer *peer,
	       const struct prefix *p)
{
	const struct tunnel_if *iface = peer->iface;
	struct tunnel_peer *other =
		fib_owner_elsewhere(p, iface->ifindex, op == ALLOWED_SET ? iface->plane : -1);
	struct allowed_change *c;

	if (other && (op == ALLOWED_SET ? p->plane != iface->plane : other == peer))
		return;
	if (other && op == ALLOWED_UNSET) {
		op = ALLOWED_SET;
		peer = other;
	}
	/* One that is gone leaves wgd when it is free of entries, or comes back with them. */
	if (!peer->id || (op == ALLOWED_SET && (peer->gone || peer->iface->any)))
		return;
	to->m.changes = xgrow(to->m.changes, to->m.n, &to->cap, sizeof(*c));
	c = &to->m.changes[to->m.n++];
	c->op = op;
	c->peer_id = peer->id;
	c->prefix = prefix_in_plane(p, 0);
	to->sets += op == ALLOWED_SET;
	if (op == ALLOWED_UNSET)
		peer->iface->unsets = fib_gate.next;
}

void fib_plan_entry(struct fib_plan *p, const struct rib_node *n, const struct fib_owner *o,
		    struct fib_entries *to)
{
	if (!fib_plan_has(p, o->ifindex) && !fib_plan_owner(p, o->ifindex, o->peer))
		fib_entry(to, ALLOWED_UNSET, o->peer, RIB_PREFIX(n));
}
