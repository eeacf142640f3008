/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib_held: entries that stand at wgd when we meet it, be it new or are we. wgd names them before
 * its sync mark; from then on the books say of both tables what is there, and order rests on the
 * books. What an earlier life left under way, or an earlier wgd did not do any more, is among them.
 *
 * wgd marks what stands as stale: what is to stay is set again before anything else is done. An
 * entry without a route is half of a change that nobody finished. Where no packet finds it, it goes
 * at once: a covering route that comes or moves would lead packets to it. Where packets find it
 * they did so before, and it goes as others do.
 */
#include "fib_internal.h"

#include "planes.h"
#include "rib.h"

void fib_hold(struct rib_node *n, struct tunnel_peer *peer, struct fib_entries *to)
{
	const struct fib *f = rib_installed(n);
	uint32_t ifindex = peer->iface->ifindex;
	struct fib_plan plan = {0};

	if (fib_owner_on(f, ifindex) == peer)
		return;
	fib_plan_owner(&plan, ifindex, peer);
	if (f)
		fib_plan_route(&plan, f);
	for (int leaves = 1; f && leaves >= 0; leaves--)
		for (unsigned i = 0; i < f->n; i++)
			if (fib_leaves_by(f, f->owner[i].ifindex) == leaves)
				fib_plan_entry(&plan, n, &f->owner[i], to);
	fib_set_installed(n, fib_get(&plan));
	fib_dirty(n, false);
}

/* Another plane where N was leaked to, and which leaves by the interface, has the entry, too. */
static void share(const struct rib_node *n, const struct fib_owner *o, struct fib_entries *to)
{
	if (!rib_several_planes() || n->plane != o->peer->iface->plane)
		return;
	for (unsigned i = 0; i < PLANES_MAX; i++) {
		struct rib_node *other = i != n->plane ? fib_node_in(RIB_PREFIX(n), i) : NULL;
		const struct fib *f = other ? rib_installed(other) : NULL;

		if (fib_has_route(f) && fib_leaves_by(f, o->ifindex) &&
		    !fib_owner_on(f, o->ifindex))
			fib_hold(other, o->peer, to);
	}
}

void fib_replay(struct rib_node *n, struct fib_entries *to)
{
	const struct fib *f = rib_installed(n);
	bool stays = fib_has_route(f);

	for (unsigned i = 0; f && i < f->n; i++) {
		share(n, &f->owner[i], to);
		stays = stays || fib_found_behind(n, f->owner[i].ifindex);
	}
	for (unsigned i = 0; f && i < f->n; i++) {
		const struct fib_owner *o = &f->owner[i];
		bool wanted =
			stays || fib_owner_elsewhere(RIB_PREFIX(n), o->ifindex, -1) == o->peer;

		fib_entry(to, wanted ? ALLOWED_SET : ALLOWED_UNSET, o->peer, RIB_PREFIX(n));
	}
	if (!f || fib_has_route(f))
		return;
	if (!stays)
		fib_set_installed(n, NULL);
	else if (!fib_is_swept())
		n->flags |= NODE_ADOPTED;
	fib_dirty(n, false); /* where nothing else is known of it, it is freed */
}
