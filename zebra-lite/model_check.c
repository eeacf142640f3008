/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_internal.h"

#include <string.h>

#include "zconfig.h"

/* --- brute force: what is wanted --- */

/* The level of the I-th hop, DEMOTED_NOT to DEMOTED_LAST; beyond that it may not be used. */
static unsigned level(const struct mprefix *p, unsigned i)
{
	const struct mpeer *peer = p->hop[i] == GATEWAY ? NULL : &model.peer[p->hop[i]];
	unsigned state = DEMOTED_NOT;

	if (peer && (peer->gone || p->refused[p->hop[i]] || model.away[peer->iface]))
		return DEMOTED_LAST + 1;
	if (!model_permits(&p->p, p->hop[i], !model.pruned))
		return DEMOTED_LAST + 1;
	if (peer && !peer->up)
		state = peer->weak && zconfig.last_path_keep ? DEMOTED_LAST : DEMOTED_LAST + 1;
	else if (peer && peer->degraded)
		state = DEMOTED;
	return state > p->demotion[i] ? state : p->demotion[i];
}

/* The first one of the best level, on the interface only where that is not negative; -1: none. */
static int best_hop(const struct mprefix *p, int iface)
{
	int best = -1;

	for (unsigned i = 0; i < p->n; i++) {
		if (iface >= 0 &&
		    (p->hop[i] == GATEWAY || (int)model.peer[p->hop[i]].iface != iface))
			continue;
		if (level(p, i) <= DEMOTED_LAST && (best < 0 || level(p, i) < level(p, best)))
			best = i;
	}
	return best < 0 ? -1 : (int)p->hop[best];
}

/* What bgpd says of it is in force. */
static bool is_bgps(const struct mprefix *p)
{
	return !p->foreign && !(p->stale && model.without_stale) && best_hop(p, -1) >= 0;
}

/* The interface that the route wants: an index, -1 for the link, -2 for none. */
static int wanted_if(const struct mprefix *p)
{
	int hop;

	if (!is_bgps(p))
		return p->beside && !p->foreign ? -1 : -2;
	hop = best_hop(p, -1);
	return hop == GATEWAY ? -1 : (int)model.peer[hop].iface;
}

/* Those whose hops share the traffic, a bit each; 0: it is one, see wanted_if(). */
static unsigned wanted_shares(const struct mprefix *p)
{
	unsigned all = 0, in = 0, best = DEMOTED_LAST + 1,
		 n = p->n < ROUTE_HOPS_MAX ? p->n : ROUTE_HOPS_MAX;

	if (wanted_if(p) < 0 || model.no_objects)
		return 0;
	for (unsigned i = 0; i < p->n; i++)
		best = level(p, i) < best ? level(p, i) : best;
	for (unsigned i = 0; i < n; i++) {
		if (!p->weight[i] || model.peer[p->hop[i]].gone || p->refused[p->hop[i]] ||
		    !model_permits(&p->p, p->hop[i], !model.pruned) ||
		    model.away[model.peer[p->hop[i]].iface])
			continue;
		all |= 1u << model.peer[p->hop[i]].iface;
		if (level(p, i) == best)
			in |= 1u << model.peer[p->hop[i]].iface;
	}
	return (all & (all - 1)) ? in : 0;
}

/* There is no entry yet: wgd, which refuses a peer there, was asked for that one, and for none
 * instead yet. */
static bool is_unanswered(const struct mprefix *p, unsigned iface)
{
	for (unsigned i = 0; model.unanswered && p->owner[iface] < 0 && i < p->n; i++)
		if (p->hop[i] != GATEWAY && model.peer[p->hop[i]].iface == iface &&
		    p->refused[p->hop[i]])
			return true;
	return false;
}

static int wanted_owner(const struct mprefix *p, unsigned iface)
{
	if (!is_bgps(p) || iface == MODEL_IFS - 1 || is_unanswered(p, iface))
		return -1;
	return best_hop(p, iface);
}

static int longest(const struct addr *a, bool (*has)(const struct mprefix *p, unsigned iface),
		   unsigned iface)
{
	int best = -1;

	for (unsigned i = 0; i < MODEL_PREFIXES; i++)
		if (prefix_has_addr(&model.prefix[i].p, a) && has(&model.prefix[i], iface) &&
		    (best < 0 || model.prefix[i].p.len > model.prefix[best].p.len))
			best = i;
	return best;
}

static bool wants_route(const struct mprefix *p, unsigned iface)
{
	return p->foreign || wanted_if(p) != -2;
}

static bool wants_owner(const struct mprefix *p, unsigned iface)
{
	return wanted_owner(p, iface) >= 0;
}

static bool has_route(const struct mprefix *p, unsigned iface)
{
	return p->foreign || p->route || p->kept;
}

static bool leads(const struct mprefix *p, unsigned iface)
{
	return p->foreign || p->route;
}

/* Its packets are refused. */
static bool refuses(const struct mprefix *p)
{
	return !p->foreign && !p->route;
}

static bool has_owner(const struct mprefix *p, unsigned iface)
{
	return p->owner[iface] >= 0;
}

/* The lowest metric is used. */
bool model_uses_foreign(const struct mprefix *p)
{
	return p->foreign && (!p->route || p->metric < zconfig.metric);
}

static void learn_state(void)
{
	for (unsigned i = 0; i < MODEL_PREFIXES; i++)
		for (unsigned k = 0; k < MODEL_IFS; k++)
			if (wanted_owner(&model.prefix[i], k) >= 0)
				model.wanted_since_rest[i][k] |=
					1u << wanted_owner(&model.prefix[i], k);
	for (unsigned s = 0; s < MODEL_SAMPLES; s++) {
		if (longest(&model.sample[s], wants_route, 0) < 0)
			model.had_way[s] = false;
		for (unsigned i = 0; i < MODEL_IFS - 1; i++) {
			int at = longest(&model.sample[s], wants_owner, i);

			if (at >= 0)
				model.right[s][i] |= 1u << wanted_owner(&model.prefix[at], i);
		}
	}
}

/* The wanted state as it is now counts as right from here on. */
void model_learn(void)
{
	learn_state();
	model.without_stale = true;
	learn_state();
	model.without_stale = false;
	model.unanswered = true;
	learn_state();
	model.unanswered = false;
	model.unjudged = true;
	if (model.judging)
		learn_state();
	model.unjudged = false;
}

/* --- the checks --- */

/* With a queue longer than a batch, or where a nexthop object moves in front of it, a prefix may
 * wait while a covering one moves, or get what that one has just now: right is then what was right
 * for one of them. */
static bool right_for_cover(const struct addr *a, unsigned iface, int owner)
{
	if (model.batch_max >= MODEL_PREFIXES && !model.overtaken)
		return false;
	for (unsigned i = 0; i < MODEL_PREFIXES; i++)
		if (prefix_has_addr(&model.prefix[i].p, a) &&
		    (model.wanted_since_rest[i][iface] >> owner & 1))
			return true;
	return false;
}

/* The interfaces by which the route leaves. */
static unsigned leaves(const struct mprefix *p, uint32_t oifs[ROUTE_HOPS_MAX])
{
	const struct mobject *o = p->nhid ? model_object(p->nhid) : NULL;

	oifs[0] = p->oif;
	for (unsigned i = 0; o && i < o->n; i++)
		oifs[i] = model_object(o->legs[i].id)->oif;
	return o && o->n ? o->n : 1;
}

/* The entry that each address (of IN, or all) finds now on each interface counts as right,
 * whoever's route leads there. */
void model_learn_found(const struct prefix *in)
{
	for (unsigned s = 0; s < MODEL_SAMPLES; s++)
		for (unsigned i = 0; i < MODEL_IFS - 1; i++) {
			int at = longest(&model.sample[s], has_owner, i);

			if (at >= 0 && (!in || prefix_has_addr(in, &model.sample[s])))
				model.right[s][i] |= 1u << model.prefix[at].owner[i];
		}
}

static void check_leg(unsigned s, int at, unsigned iface)
{
	const struct addr *a = &model.sample[s];
	int owner_at, owner;

	if (iface == MODEL_IFS - 1)
		return;
	owner_at = longest(a, has_owner, iface);
	if (owner_at < 0)
		model_fail("a route into a tunnel interface where nobody has the address", a);
	owner = model.prefix[owner_at].owner[iface];
	if (!(model.right[s][iface] >> owner & 1) && !right_for_cover(a, iface, owner)) {
		model_note("route %s if %u entry %s peer %d", PREFIX_STR(&model.prefix[at].p),
			   iface, PREFIX_STR(&model.prefix[owner_at].p), owner);
		model_fail("a packet would go to a wrong peer", a);
	}
}

static void check_sample(unsigned s)
{
	const struct addr *a = &model.sample[s];
	int at = longest(a, has_route, 0);
	uint32_t oifs[ROUTE_HOPS_MAX];
	unsigned n;

	model.checks++;
	if (at < 0) {
		/* Within one batch only: between two, what is urgent overtakes. */
		if (model.had_way[s] && model.batch_max >= MODEL_PREFIXES)
			model_fail("no route for an address that had one before and has one after",
				   a);
		return;
	}
	if (refuses(&model.prefix[at]) || model_uses_foreign(&model.prefix[at]))
		return;
	n = leaves(&model.prefix[at], oifs);
	for (unsigned i = 0; i < n; i++)
		if (oifs[i] != UNDERLAY)
			check_leg(s, at, oifs[i] - 10);
}

void model_check(void)
{
	if (model.hostile)
		return;
	for (unsigned s = 0; s < MODEL_SAMPLES; s++)
		check_sample(s);
}

/* A peer that is down but in the list may keep the entry while the route leaves elsewhere. */
static bool may_keep(const struct mprefix *p, unsigned iface, int owner)
{
	if (!is_bgps(p))
		return false;
	for (unsigned i = 0; i < p->n; i++)
		if ((int)p->hop[i] == owner && model.peer[owner].iface == iface &&
		    !model.peer[owner].up)
			return true;
	return false;
}

static void note_hops(const struct mprefix *p, unsigned by, unsigned shares)
{
	for (unsigned i = 0; i < p->n; i++)
		model_note("hop %u peer %u share %u level %u refused %d", i, p->hop[i],
			   p->weight[i], level(p, i),
			   p->hop[i] != GATEWAY && p->refused[p->hop[i]]);
	model_note("leaves by %x, wanted %x, object %d", by, shares, p->nhid - NHOBJ_FIRST);
}

static void check_prefix_at_rest(const struct mprefix *p)
{
	struct addr a = addr_of_prefix(&p->p);
	int want = wanted_if(p);
	uint32_t oif = want == -1 ? UNDERLAY : model_ifindex(want), oifs[ROUTE_HOPS_MAX];
	unsigned shares = wanted_shares(p), by = 0, n;

	if (p->route != (want != -2))
		model_fail(p->route ? "a route too many" : "a route is missing", &a);
	n = p->route ? leaves(p, oifs) : 0;
	for (unsigned i = 0; i < n; i++)
		by |= oifs[i] == UNDERLAY ? 0 : 1u << (oifs[i] - 10);
	if (p->route && shares && (by != shares || (unsigned)__builtin_popcount(by) != n))
		note_hops(p, by, shares),
			model_fail("the shares are not by the interfaces that are wanted", &a);
	if (p->route && !shares && (n != 1 || oifs[0] != oif))
		model_fail("the route leaves by the wrong interface", &a);
	for (unsigned i = 0; i < MODEL_IFS; i++) {
		int owner = wanted_owner(p, i);

		if (p->owner[i] == owner || (owner < 0 && may_keep(p, i, p->owner[i])))
			continue;
		model_note("prefix %s if %u has %d wants %d", PREFIX_STR(&p->p), i, p->owner[i],
			   owner);
		model_fail("the entry is not what is wanted", &a);
	}
}

/* Each of its ways leads to a peer that may be used. */
static bool is_alive(const struct mprefix *p)
{
	uint32_t oifs[ROUTE_HOPS_MAX];

	for (unsigned i = leaves(p, oifs); i-- > 0;) {
		unsigned iface = oifs[i] - 10;
		int owner = iface == MODEL_IFS - 1 ? MODEL_PEERS - 1 : p->owner[iface];

		if (oifs[i] == UNDERLAY)
			continue;
		if (owner < 0 || model.peer[owner].gone || model.away[iface] ||
		    !(model.peer[owner].up || (model.peer[owner].weak && zconfig.last_path_keep)))
			return false;
	}
	return true;
}

void model_check_found(const struct mprefix *found)
{
	for (unsigned i = 0; i < MODEL_PREFIXES; i++) {
		struct addr a = addr_of_prefix(&found[i].p);
		const struct mprefix *p = &model.prefix[i];

		if (found[i].route && is_alive(&found[i]) &&
		    (!p->route || p->oif != found[i].oif || p->nhid != found[i].nhid))
			model_fail("what was found did not stay until bgpd spoke", &a);
	}
}

/* What is refused at rest would leave by no tunnel. */
static void check_refusal(unsigned s)
{
	int at = longest(&model.sample[s], has_route, 0);
	int next = longest(&model.sample[s], leads, 0);
	uint32_t oifs[ROUTE_HOPS_MAX];

	if (at < 0 || next < 0 || !refuses(&model.prefix[at]) ||
	    model_uses_foreign(&model.prefix[next]))
		return;
	for (unsigned i = leaves(&model.prefix[next], oifs); i-- > 0;)
		if (oifs[i] != UNDERLAY)
			model_fail("a tunnel would carry what is refused", &model.sample[s]);
}

/* I1: the entry that an address finds on its way out belongs to the route that it follows. */
static void check_agreement(unsigned s)
{
	int at = longest(&model.sample[s], has_route, 0);
	uint32_t oifs[ROUTE_HOPS_MAX];
	unsigned n;

	if (at < 0 || refuses(&model.prefix[at]) || model_uses_foreign(&model.prefix[at]))
		return;
	n = leaves(&model.prefix[at], oifs);
	for (unsigned i = 0; i < n; i++)
		if (oifs[i] != UNDERLAY && oifs[i] - 10 != MODEL_IFS - 1 &&
		    longest(&model.sample[s], has_owner, oifs[i] - 10) != at)
			model_fail("an entry without its route on the way", &model.sample[s]);
}

/* A route names it, or a group that a route names. */
bool model_object_in_use(uint32_t id)
{
	for (unsigned i = 0; i < MODEL_PREFIXES; i++) {
		const struct mobject *g = model.prefix[i].route && model.prefix[i].nhid
						  ? model_object(model.prefix[i].nhid)
						  : NULL;

		if (g && g->id == id)
			return true;
		for (unsigned k = 0; g && k < g->n; k++)
			if (g->legs[k].id == id)
				return true;
	}
	return false;
}

static void check_objects_at_rest(void)
{
	for (unsigned k = 0; k < OBJECTS; k++)
		if (model.object[k].id && !model_object_in_use(model.object[k].id))
			model_fail("an object that nobody uses stays", NULL);
}

static void check_wanted(void)
{
	for (unsigned i = 0; i < MODEL_PREFIXES; i++)
		if (model.prefix[i].stale) {
			model.prefix[i].stale = false;
			model.prefix[i].n = 0;
		}
	for (unsigned i = 0; i < MODEL_PREFIXES; i++)
		check_prefix_at_rest(&model.prefix[i]);
}

void model_check_rest(void)
{
	for (unsigned i = 0; i < MODEL_PEERS; i++)
		if (model.peer[i].gone)
			model_wgd_drop_peer(i);
	if (!model.hostile)
		check_wanted();
	model_check_ceilings();
	check_objects_at_rest();
	model_bgpd_check();
	model.overtaken = model.judging = false;
	memset(model.right, 0, sizeof(model.right));
	memset(model.wanted_since_rest, 0, sizeof(model.wanted_since_rest));
	for (unsigned i = 0; i < MODEL_PREFIXES; i++)
		for (unsigned k = 0; k < MODEL_IFS; k++)
			if (model.prefix[i].owner[k] >= 0)
				model.wanted_since_rest[i][k] |= 1u << model.prefix[i].owner[k];
	for (unsigned s = 0; s < MODEL_SAMPLES; s++) {
		check_agreement(s);
		check_refusal(s);
		model.had_way[s] = true;
	}
	model_learn_found(NULL);
	model_learn();
	if (model.hooks.rest)
		model.hooks.rest();
}
