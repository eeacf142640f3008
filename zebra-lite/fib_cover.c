/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib_cover: routes that go away, and the route that covers them: who gets their packets then.
 */
#include "fib_internal.h"

#include "nhobj.h"
#include "rib.h"
#include "util.h"

/* What catches packets for N's addresses once N's own route is gone: the prefix, with the
 * interfaces that they leave by then. */
struct cover {
	const struct rib_node *node; /* NULL: nothing */
	const struct fib *fib;	     /* its route, when that is one of ours */
	uint32_t oifs[ROUTE_HOPS_MAX];
	unsigned n;
};

static struct cover cover_of(const struct rib_node *n)
{
	struct cover cover = {0};

	for (const struct rib_node *c = n; c; c = rib_cover(c)) {
		const struct fib *f = c == n ? NULL : fib_after(c);
		const struct rib_cand *cand = fib_has_route(f) ? NULL : rib_foreign(c);
		struct way w;

		if (!fib_has_route(f) && !cand)
			continue;
		cover.node = c;
		cover.fib = f;
		if (fib_has_route(f))
			cover.n = fib_oifs(f, cover.oifs);
		else
			while (rib_cand_way(cand, cover.n, &w) && w.oif)
				cover.oifs[cover.n++] = w.oif;
		break;
	}
	return cover;
}

/* Who gets N's packets there; NULL: nobody, or it is no tunnel. *PENDING: the covering prefix gets
 * that owner in this very batch, and wgd may refuse. */
static struct tunnel_peer *cover_owner(const struct rib_node *n, const struct cover *c,
				       uint32_t oif, bool *pending)
{
	struct addr a = addr_of_prefix(RIB_PREFIX(n));
	struct tunnel_if *iface = tunnel_if_by_index(oif);
	struct tunnel_peer *owner = c->fib ? fib_owner_on(c->fib, oif) : NULL;

	*pending = owner && fib_owner_on(rib_installed(c->node), oif) != owner;
	return owner || !iface ? owner : tunnel_fixed_owner(iface, &a);
}

static void give(struct item *it, struct tunnel_peer *owner, struct fib_entries *to)
{
	it->given = xrealloc(it->given, (it->n_given + 1) * sizeof(*it->given));
	it->given[it->n_given++] = (struct fib_owner){owner->iface->ifindex, owner};
	if (fib_owner_on(rib_installed(it->node), owner->iface->ifindex) != owner)
		fib_entry(to, ALLOWED_SET, owner, RIB_PREFIX(it->node));
}

/* N goes away: where its addresses then leave by an interface on which it has an entry, the entry
 * goes to the covering route's owner before the route goes. */
static void hand_over_on(struct item *it, const struct cover *c, uint32_t ifindex,
			 struct fib_entries *to)
{
	bool pending = false;
	struct tunnel_peer *owner;

	if (fib_owner_elsewhere(RIB_PREFIX(it->node), ifindex, -1))
		return;
	owner = cover_owner(it->node, c, ifindex, &pending);
	if (pending)
		it->drop = DROP_BEHIND; /* until it is known who it is */
	else if (owner)
		give(it, owner, to);
}

/* The covering prefix is in a batch, too, and gets entries with it that its group waits for: it
 * leads elsewhere behind that. */
static bool cover_lags(const struct cover *c)
{
	return c->fib && c->fib->nh && (c->node->flags & NODE_IN_BATCH) && nhgroup_lags(c->fib->nh);
}

uint32_t fib_hand_over(struct item *it, struct fib_entries *to)
{
	const struct fib *f = rib_installed(it->node);
	struct cover c = cover_of(it->node);
	uint32_t unsets = 0;

	if (cover_lags(&c)) {
		it->drop = DROP_BEHIND;
		return 0;
	}
	for (unsigned i = 0; i < c.n; i++) {
		const struct tunnel_peer *had = fib_owner_on(f, c.oifs[i]);

		unsets = fib_later(unsets, fib_unsets_on(c.oifs[i]));
		if (had && !had->gone)
			hand_over_on(it, &c, c.oifs[i], to);
	}
	return unsets;
}

bool fib_was_given(const struct item *it, uint32_t ifindex)
{
	for (unsigned i = 0; i < it->n_given; i++)
		if (it->given[i].ifindex == ifindex)
			return !it->given[i].peer || !it->given[i].peer->gone;
	return false;
}

void fib_give_refused(struct item *it, const struct tunnel_peer *peer, struct fib_entries *to)
{
	struct tunnel_peer *old = fib_owner_on(rib_installed(it->node), peer->iface->ifindex);

	for (unsigned i = 0; i < it->n_given; i++) {
		if (it->given[i].peer != peer)
			continue;
		it->given[i].peer = NULL;
		if (old && old != peer)
			fib_entry(to, ALLOWED_UNSET, old, RIB_PREFIX(it->node));
	}
}

bool fib_found_behind(const struct rib_node *n, uint32_t ifindex)
{
	struct cover c = cover_of(n);

	for (unsigned i = 0; i < c.n; i++)
		if (c.oifs[i] == ifindex)
			return true;
	return false;
}

uint64_t fib_moves(void)
{
	return nhobj_counters.moves + fib_counters.drift + fib_counters.flushed;
}
