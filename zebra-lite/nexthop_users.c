/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nexthop_users: the prefixes and static routes that have a next hop in a list.
 */
#include "dirty.h"
#include "nexthop.h"
#include "rib.h"

static bool to_look;   /* there are lists whose prefixes are to be looked at */
static bool found_too; /* and routes that were found */

void nexthop_lists_mark(struct nexthop *nh, bool urgent)
{
	struct hop_ref *ref;

	LIST_FOREACH (ref, &nh->users, link) {
		to_look = true;
		if (urgent)
			ref->set->look = LOOK_URGENTLY;
		else if (!ref->set->look)
			ref->set->look = LOOK;
	}
}

void nexthop_users_mark(struct nexthop *nh, bool urgent)
{
	nexthop_lists_mark(nh, urgent);
	rib_statics_dirty();
}

void nexthop_found_mark(void)
{
	if (fib_is_swept())
		return;
	to_look = found_too = true;
	fib_look();
}

/* Queues the prefixes of all lists that are to be looked at. */
void nexthop_users_look(void)
{
	struct rib_node *n;
	uint32_t at = 0;

	if (!to_look)
		return;
	while ((n = rib_walk(&at))) {
		const struct hopset *s = rib_hops(n);

		if (s && s->look)
			fib_dirty(n, s->look == LOOK_URGENTLY);
		else if (found_too && (n->flags & NODE_ADOPTED) && rib_others(n))
			fib_dirty(n, true);
	}
	hopsets_looked();
	to_look = found_too = false;
}

void nexthop_users_dirty(struct nexthop *nh)
{
	nexthop_users_mark(nh, false);
	nexthop_users_look();
}

void nexthop_owners_changed(const struct tunnel_if *i)
{
	nexthop_all_changed();
	for (struct nexthop *nh = nexthop_first(); nh; nh = nexthop_next(nh))
		if (nh->peer && nh->peer->iface == i)
			nexthop_users_mark(nh, false);
}
