/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib_plan: what the phases of a batch do (fib.h), worked out and not done: entries go into a
 * message, routes into the items' `write`. A phase is planned when it begins, since between them
 * much may have happened: what wgd refused, who is gone, which routes moved with their object.
 */
#include "fib_internal.h"

#include "nhobj.h"
#include "rib.h"

/* --- phase 1: entries --- */

/* The SETs of new entries (FRESH), or those that move one. */
static void set_entries(const struct item *it, bool fresh, struct fib_entries *to)
{
	const struct rib_node *n = it->node;

	for (unsigned i = 0; it->target && i < it->target->n; i++) {
		const struct fib_owner *o = &it->target->owner[i];
		struct tunnel_peer *old = fib_owner_on(rib_installed(n), o->ifindex);

		if (old != o->peer && !old == fresh)
			fib_entry(to, ALLOWED_SET, o->peer, RIB_PREFIX(n));
	}
}

/* The last ones on the tunnels that its packets leave by then, and did not before. */
static uint32_t unsets_of(const struct item *it)
{
	const struct fib *f = it->target, *old = rib_installed(it->node);
	uint32_t unsets = 0;

	if (!fib_is_unsetting())
		return 0;
	for (unsigned i = 0; fib_has_route(f) && i < f->n; i++) {
		uint32_t oif = f->owner[i].ifindex;

		if (fib_leaves_by(f, oif) && !(fib_has_route(old) && fib_leaves_by(old, oif)))
			unsets = fib_later(unsets, fib_unsets_on(oif));
	}
	return unsets;
}

/* Longest first: a new entry or route never catches what belongs to a longer one that is on its way
 * too. New entries before moved ones: where a longer prefix comes and a shorter one moves, its
 * addresses go from the old owner to the new one without a third. */
void fib_plan_entries(struct batch *b, struct fib_entries *to)
{
	b->moves_before = fib_moves();
	b->unsets = 0;
	fib_batch_sort(b);
	for (unsigned i = 0; i < b->n; i++)
		set_entries(&b->items[b->by_length[i]], true, to);
	for (unsigned i = 0; i < b->n; i++)
		set_entries(&b->items[b->by_length[i]], false, to);
	for (unsigned i = 0; i < b->n; i++) {
		struct item *it = &b->items[b->by_length[i]];

		b->unsets =
			fib_later(b->unsets, it->removed ? fib_hand_over(it, to) : unsets_of(it));
	}
}

/* --- what drops out --- */

/* Whoever is gone meanwhile has no entry for long, whatever wgd answers. */
static void refuse_gone(struct item *it)
{
	for (unsigned i = 0; it->target && i < it->target->n; i++)
		if (it->target->owner[i].peer->gone)
			it->bad |= 1u << i;
}

/* The owner that the route would lead to was refused, or the object that it names went. */
static bool is_root(const struct item *it)
{
	const struct fib *f = it->target;

	for (unsigned i = 0; f && i < f->n; i++)
		if ((it->bad >> i & 1) && fib_leaves_by(f, f->owner[i].ifindex))
			return true;
	return f && f->nh && f->nh->gone;
}

static void drop_behind(struct item *it)
{
	if (!it->drop)
		it->drop = DROP_BEHIND;
}

/* IT waits for another batch: so does what covers it, in whatever batch that is. */
static void drop_covers(const struct item *it)
{
	for (const struct rib_node *n = rib_cover(it->node); n; n = rib_cover(n))
		if (n->flags & NODE_IN_BATCH)
			drop_behind(fib_item(n));
}

/* True: some drop out. */
static bool drop_some(struct batch *b)
{
	bool some = false;

	for (unsigned i = 0; i < b->n; i++) {
		struct item *it = &b->items[i];

		refuse_gone(it);
		if (is_root(it)) {
			it->drop = DROP_ROOT;
			drop_covers(it);
		}
	}
	for (unsigned i = 0; i < b->n && !some; i++)
		some = b->items[i].drop != DROP_NOT;
	return some;
}

/* N's addresses were to go by a route that does not come, or past one that does not go. */
static bool cover_stays(const struct rib_node *n)
{
	for (n = rib_cover(n); n; n = rib_cover(n)) {
		if ((n->flags & NODE_IN_BATCH) && fib_item(n)->drop)
			return true;
		if (fib_has_route(fib_after(n)) || rib_foreign(n))
			return false;
	}
	return false;
}

/* --- phases 2 and 3: routes --- */

static enum route_op set_of(const struct item *it)
{
	const struct fib *old = rib_installed(it->node);

	if (it->drop || fib_same_route(old, it->target))
		return ROUTE_NONE;
	return fib_has_route(old) ? ROUTE_CHANGE : ROUTE_ADD;
}

/* UNSURE: something dropped out that may cover it. */
static enum route_op removal_of(struct item *it, bool moved, bool unsure)
{
	if (moved || (unsure && cover_stays(it->node)))
		drop_behind(it);
	return it->drop || !fib_has_route(rib_installed(it->node)) ? ROUTE_NONE : ROUTE_DEL;
}

/* Shortest first: whether a removal has to wait rests on those of what covers it. */
void fib_plan_routes(struct batch *b)
{
	bool unsure = drop_some(b), moved = fib_moves() != b->moves_before;

	for (unsigned i = b->n; i-- > 0;) {
		struct item *it = &b->items[b->by_length[i]];

		it->write = it->removed ? removal_of(it, moved, unsure) : set_of(it);
	}
}

/* --- phase 4: entries that go, and the books --- */

/* The number of one that is gone may be another's by now, who has the entry by F. */
static bool is_successors(const struct tunnel_peer *peer, const struct fib *f)
{
	for (unsigned i = 0; peer->gone && f && i < f->n; i++)
		if (f->owner[i].peer != peer && f->owner[i].peer->id == peer->id)
			return true;
	return false;
}

void fib_plan_unsets(const struct item *it, struct fib_entries *to)
{
	const struct fib *old = rib_installed(it->node);

	for (unsigned i = 0; i < it->n_given; i++)
		if (it->given[i].peer)
			fib_entry(to, ALLOWED_UNSET, it->given[i].peer, RIB_PREFIX(it->node));
	for (unsigned i = 0; old && i < old->n; i++) {
		const struct fib_owner *o = &old->owner[i];

		if (!fib_owner_on(it->target, o->ifindex) && !fib_was_given(it, o->ifindex) &&
		    !is_successors(o->peer, it->target))
			fib_entry(to, ALLOWED_UNSET, o->peer, RIB_PREFIX(it->node));
	}
}

static bool leaves_by(const struct fib *f, uint32_t ifindex) /* NULL: by none */
{
	return f && fib_leaves_by(f, ifindex);
}

/* Another peer may have got the entry meanwhile: the covering route's owner, or one that is gone.
 */
static bool was_taken_away(const struct item *it, uint32_t ifindex)
{
	const struct tunnel_peer *to = fib_owner_on(it->target, ifindex);

	for (unsigned i = 0; i < it->n_given; i++)
		if (it->given[i].ifindex == ifindex)
			return true;
	return to && to->gone;
}

/* One that is gone may have got an entry before it went, and would come back with it. */
static void unset_gone(const struct item *it, struct fib_entries *to)
{
	const struct fib *f = it->target, *old = rib_installed(it->node);

	for (unsigned i = 0; f && i < f->n; i++) {
		const struct fib_owner *o = &f->owner[i];

		if (o->peer->gone && !fib_owner_on(old, o->ifindex) && !is_successors(o->peer, old))
			fib_entry(to, ALLOWED_UNSET, o->peer, RIB_PREFIX(it->node));
	}
}

/* The entries of IT that stand, or stand again, on interfaces that FROM's route leaves by; or on
 * the others. */
static void rest_entries(const struct item *it, const struct fib *from, bool leaves,
			 struct fib_plan *plan, struct fib_entries *to)
{
	const struct rib_node *n = it->node;
	const struct fib *old = rib_installed(n), *f = it->target;

	for (unsigned i = 0; f && i < f->n; i++)
		if (!(it->bad >> i & 1) && leaves_by(from, f->owner[i].ifindex) == leaves)
			fib_plan_entry(plan, n, &f->owner[i], to);
	for (unsigned i = 0; i < it->n_given; i++)
		if (it->given[i].peer && !it->given[i].peer->gone &&
		    leaves_by(from, it->given[i].ifindex) == leaves)
			fib_plan_entry(plan, n, &it->given[i], to);
	for (unsigned i = 0; old && i < old->n; i++) {
		const struct fib_owner *o = &old->owner[i];
		unsigned before = plan->n;

		if (leaves_by(from, o->ifindex) != leaves)
			continue;
		fib_plan_entry(plan, n, o, to);
		if (plan->n > before && was_taken_away(it, o->ifindex))
			fib_entry(to, ALLOWED_SET, o->peer, RIB_PREFIX(n)); /* back */
	}
}

void fib_plan_rest(const struct item *it, const struct fib *from, struct fib_plan *plan,
		   struct fib_entries *to)
{
	*plan = (struct fib_plan){0};
	if (from)
		fib_plan_route(plan, from);
	unset_gone(it, to);
	rest_entries(it, from, true, plan, to);
	rest_entries(it, from, false, plan, to);
}
