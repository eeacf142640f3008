/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nhgroup: groups of nexthop objects, for prefixes whose next hops share the traffic (nhobj.h).
 */
#include <errno.h>
#include <string.h>

#include "log.h"
#include "nexthop.h"
#include "nhobj_internal.h"
#include "out.h"
#include "rib.h"
#include "util.h"
#include "zhistory.h"

/* --- which group a prefix gets --- */

/* The hops of the list that may share N's traffic, whatever their tunnels' states. */
static unsigned sharing(const struct rib_node *n, const struct hopset *s,
			const struct hop_ref *out_refs[ROUTE_HOPS_MAX])
{
	unsigned count = 0;

	for (unsigned i = 0; i < s->n; i++) {
		const struct hop_ref *r = &s->ref[i];
		bool ok = r->weight && r->demotion == s->ref[0].demotion &&
			  nhobj_may_lead(n, r->nh, 0);

		for (unsigned k = 0; k < count; k++)
			ok = ok && out_refs[k]->nh->oif != r->nh->oif;
		if (ok)
			out_refs[count++] = r;
	}
	return count;
}

static bool same_members(const struct nhobj *o, const struct hop_ref *const *refs, unsigned n)
{
	if (o->n != n || o->demotion != refs[0]->demotion || o->resilient != nhobj_resilient())
		return false;
	for (unsigned i = 0; i < n; i++)
		if (!addr_eq(&o->member[i].addr, &refs[i]->nh->addr) ||
		    o->member[i].oif != refs[i]->nh->oif || o->member[i].weight != refs[i]->weight)
			return false;
	return true;
}

/* A group of an earlier life becomes the one of REFS, where it leads by interfaces of these with
 * the same shares. */
static bool adopt(struct nhobj *o, const struct hop_ref *const *refs, unsigned n)
{
	struct nhobj_member member[ROUTE_HOPS_MAX] = {0};
	unsigned found = 0;

	if (!o->n || o->member[0].addr.family || o->resilient != nhobj_resilient())
		return false;
	for (unsigned i = 0; i < n; i++) {
		member[i] = (struct nhobj_member){refs[i]->nh->addr, refs[i]->nh->oif, 0,
						  refs[i]->weight};
		for (unsigned k = 0; k < o->n; k++) {
			struct nhobj *leaf = nhobj_find_id(o->member[k].leaf);

			if (!leaf || leaf->gone || leaf->oif != member[i].oif ||
			    o->member[k].weight != member[i].weight)
				continue;
			leaf->leaf = true;
			o->family = leaf->family;
			member[i].leaf = leaf->id;
			found++;
		}
	}
	if (found != o->n)
		return false;
	memcpy(o->member, member, sizeof(member));
	o->demotion = refs[0]->demotion;
	o->n = n;
	nhgroup_update(o);
	return true;
}

/* Only hops at LEVEL are in it: a prefix that joins it has its entries there when its route comes.
 */
static bool leads_only(const struct nhobj *o, const struct hop_ref *const *refs, unsigned level)
{
	for (unsigned i = 0; i < o->n; i++)
		if (o->member[i].leaf && hop_level(refs[i]) != level)
			return false;
	return true;
}

static struct nhobj *nhgroup_find(const struct hop_ref *const *refs, unsigned n,
				  const struct hop_ref *first, uint8_t family)
{
	struct nhobj *o;

	LIST_FOREACH (o, &nhobj_all, link) {
		if (!o->n || o->gone || o->family != family || !same_members(o, refs, n) ||
		    !leads_only(o, refs, hop_level(first)))
			continue;
		o->home_wanted = true; /* perhaps others may join it then */
		return o;
	}
	return NULL;
}

/* Its members are those at the level of FIRST. */
static struct nhobj *create(const struct hop_ref *const *refs, unsigned n,
			    const struct hop_ref *first, uint8_t family)
{
	struct nhobj *o = nhobj_begin(family, n);

	if (!o)
		return NULL;
	o->resilient = nhobj_resilient();
	o->demotion = refs[0]->demotion;
	for (unsigned i = 0; i < n; i++) {
		bool in = hop_level(refs[i]) == hop_level(first);
		const struct nhobj *leaf = in ? nhobj_leaf(refs[i]->nh->oif, family) : NULL;

		o->member[i] = (struct nhobj_member){refs[i]->nh->addr, refs[i]->nh->oif,
						     leaf ? leaf->id : 0, refs[i]->weight};
	}
	return nhobj_create(o);
}

struct nhobj *nhgroup_choose(const struct rib_node *n, const struct hopset *s,
			     const struct nexthop *first)
{
	const struct hop_ref *refs[ROUTE_HOPS_MAX], *leads = NULL;
	struct nhobj *o = rib_installed(n) ? rib_installed(n)->nh : NULL;
	uint8_t family = rib_family(n);
	unsigned count;

	if (!out.nexthop_group || !s->ref[0].weight)
		return NULL;
	count = sharing(n, s, refs);
	for (unsigned i = 0; i < count; i++)
		if (refs[i]->nh == first)
			leads = refs[i];
	if (count < 2 || !leads)
		return NULL;
	if (o && !o->gone && (same_members(o, refs, count) || adopt(o, refs, count)))
		return o;
	o = nhgroup_find(refs, count, leads, family);
	return o ? o : create(refs, count, leads, family);
}

/* --- who is in it --- */

bool nhgroup_has(const struct nhobj *o, const struct addr *hop)
{
	for (unsigned i = 0; i < o->n; i++)
		if (addr_eq(&o->member[i].addr, hop))
			return true;
	return false;
}

static unsigned level_of(const struct nhobj *o, const struct nhobj_member *m)
{
	const struct nexthop *nh = nexthop_find(&m->addr);

	unsigned level =
		nh && nh->kind == HOP_TUNNEL && nh->oif == m->oif ? nexthop_level(nh) : HOP_OUT;

	return level > o->demotion ? level : o->demotion;
}

static unsigned best_level(const struct nhobj *o)
{
	unsigned best = HOP_OUT;

	for (unsigned i = 0; i < o->n; i++)
		best = level_of(o, &o->member[i]) < best ? level_of(o, &o->member[i]) : best;
	return best;
}

/* Fills NEXT with the members as they should be; false: they are so, or nobody is left. Where wgd
 * has not removed entries of an interface yet a hop there waits, unless one that leads is worse. */
static bool nhgroup_judge(struct nhobj *o, struct nhobj_member *next)
{
	unsigned best = best_level(o), left = 0;
	bool changed = false, lags = nhgroup_lags(o);

	if (best == HOP_OUT)
		return false;
	for (unsigned i = 0; i < o->n; i++) {
		const struct nexthop *nh = nexthop_find(&o->member[i].addr);
		bool wanted = level_of(o, &o->member[i]) == best;

		if (wanted && !next[i].leaf && (lags || !fib_unsets_on(next[i].oif)) &&
		    nhobj_all_agree(o, nh)) {
			const struct nhobj *leaf = nhobj_leaf(next[i].oif, o->family);

			next[i].leaf = leaf ? leaf->id : 0;
		}
		if (wanted && !next[i].leaf) {
			o->home_wanted = true; /* when all have their entries there */
			nhobj_waiting = true;
		} else if (!wanted) {
			next[i].leaf = 0;
		}
		changed = changed || next[i].leaf != o->member[i].leaf;
		left += next[i].leaf != 0;
	}
	return changed && left;
}

void nhgroup_update(struct nhobj *o)
{
	struct nhobj_member next[ROUTE_HOPS_MAX];
	int err;

	o->home_wanted = false;
	if (o->gone || !o->member[0].addr.family)
		return;
	memcpy(next, o->member, sizeof(next));
	if (!nhgroup_judge(o, next))
		return;
	err = nhobj_write(o, next, false);
	if (err < 0) {
		log_warn("nexthop-group", "operation=change id=%u error=\"%s\"", o->id,
			 strerror(-err));
		nhobj_lose(o);
		out.resync("a nexthop group could not be changed");
		return;
	}
	memcpy(o->member, next, sizeof(next));
	nhobj_counters.moves++;
	for (unsigned i = 0; i < o->n; i++) {
		log_info("nexthop-group", "id=%u next-hop=%s share=%u", o->id,
			 ADDR_STR(&o->member[i].addr), o->member[i].leaf ? o->member[i].weight : 0);
		if (o->member[i].leaf)
			zhistory_moved(o->id, NULL, &o->member[i].addr);
	}
}

bool nhgroup_lags(const struct nhobj *o)
{
	unsigned best = best_level(o);

	for (unsigned i = 0; i < o->n && best < HOP_OUT; i++)
		if (o->member[i].leaf && level_of(o, &o->member[i]) != best)
			return true;
	return false;
}

void nhgroup_settle(void)
{
	struct nhobj *o;

	if (!nhobj_waiting)
		return;
	LIST_FOREACH (o, &nhobj_all, link)
		if (o->n && o->home_wanted)
			nhgroup_update(o);
	nhobj_waiting = false; /* who still waits does so for another batch */
}

void nhgroup_batch_done(void)
{
	nhobj_waiting = true;
	nhgroup_settle();
}
