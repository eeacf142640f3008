/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nhgroup: groups of nexthop objects, for prefixes whose next hops share the traffic (nhobj.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "loop.h"
#include "nhobj_internal.h"
#include "out.h"
#include "retry.h"
#include "rib_kernel.h"
#include "util.h"
#include "zconfig.h"

static bool unsupported;	 /* by the kernel: one next hop from then on */
static bool no_resilient;	 /* by the kernel (before Linux 5.13): groups of the other kind */
static struct retry create_retry; /* creations that failed */
static bool waiting;		 /* nhgroup_settle() has something to do */

static bool resilient(void)
{
	return zconfig.resilient && !no_resilient;
}

/* The leaf that leads to the interface; NULL where there is none and none can be made. */
static struct nhobj *leaf_for(uint32_t oif, uint8_t family)
{
	struct nhobj *o;

	LIST_FOREACH (o, &nhobj_all, link)
		if (o->leaf && !o->gone && o->oif == oif && o->family == family)
			return o;
	o = nhobj_create(oif, family);
	if (o)
		o->leaf = true;
	return o;
}

static int write_group(const struct nhobj *o, const struct nhobj_member *m, bool create)
{
	struct nhleg legs[ROUTE_HOPS_MAX];
	unsigned n = 0;

	for (unsigned i = 0; i < o->n; i++)
		if (m[i].leaf)
			legs[n++] = (struct nhleg){m[i].leaf, m[i].weight};
	return out.nexthop_group(o->id, legs, n, o->resilient, zconfig.protocol, create);
}

void nhgroup_write(const struct nhobj *o)
{
	write_group(o, o->member, false);
}

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
	if (o->n != n || o->demotion != refs[0]->demotion || o->resilient != resilient())
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

	if (!o->n || o->member[0].addr.family || o->resilient != resilient())
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

static struct nhobj *find(const struct hop_ref *const *refs, unsigned n,
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
	struct nhobj *o;
	int err;

	if (unsupported || retry_waits(&create_retry))
		return NULL;
	o = nhobj_new(nhobj_next_id(), 0, family);
	o->n = n;
	o->resilient = resilient();
	o->demotion = refs[0]->demotion;
	for (unsigned i = 0; i < n; i++) {
		bool in = hop_level(refs[i]) == hop_level(first);
		const struct nhobj *leaf = in ? leaf_for(refs[i]->nh->oif, family) : NULL;

		o->member[i] = (struct nhobj_member){refs[i]->nh->addr, refs[i]->nh->oif,
						     leaf ? leaf->id : 0, refs[i]->weight};
	}
	err = write_group(o, o->member, true);
	if (err < 0 && o->resilient && !nhobj_passing(err)) {
		log_warn("nexthop-group", "what=create error=\"%s\" resilient=never",
			 strerror(-err));
		no_resilient = true;
		o->resilient = false;
		err = write_group(o, o->member, true);
	}
	if (err == 0) {
		retry_done(&create_retry);
		return o;
	}
	o->gone = true; /* it goes with the next collection */
	unsupported = !nhobj_passing(err);
	if (retry_failed(&create_retry, err))
		log_warn("nexthop-group", "what=create error=\"%s\" multipath=%s",
			 strerror(-err), unsupported ? "never" : "later");
	return NULL;
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
	o = find(refs, count, leads, family);
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

bool nhgroup_names(const struct nhobj *o, uint32_t leaf)
{
	for (unsigned i = 0; i < o->n; i++)
		if (o->member[i].leaf == leaf)
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

/* Fills NEXT with the members as they should be; false: they are so, or nobody is left. */
static bool judge(struct nhobj *o, struct nhobj_member *next)
{
	unsigned best = HOP_OUT, left = 0;
	bool changed = false;

	for (unsigned i = 0; i < o->n; i++)
		best = level_of(o, &o->member[i]) < best ? level_of(o, &o->member[i]) : best;
	if (best == HOP_OUT)
		return false;
	for (unsigned i = 0; i < o->n; i++) {
		const struct nexthop *nh = nexthop_find(&o->member[i].addr);
		bool wanted = level_of(o, &o->member[i]) == best;

		if (wanted && !next[i].leaf && nhobj_all_agree(o, nh)) {
			const struct nhobj *leaf = leaf_for(next[i].oif, o->family);

			next[i].leaf = leaf ? leaf->id : 0;
		}
		if (wanted && !next[i].leaf) {
			o->home_wanted = true; /* when all have their entries there */
			waiting = true;
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
	if (!judge(o, next))
		return;
	err = write_group(o, next, false);
	if (err < 0) {
		log_warn("nexthop-group", "what=change id=%u error=\"%s\"", o->id, strerror(-err));
		nhobj_lose(o);
		out.resync("a nexthop group could not be changed");
		return;
	}
	memcpy(o->member, next, sizeof(next));
	nhobj_counters.moves++;
	for (unsigned i = 0; i < o->n; i++)
		log_info("nexthop-group", "id=%u next-hop=%s share=%u", o->id,
			 ADDR_STR(&o->member[i].addr), o->member[i].leaf ? o->member[i].weight : 0);
}

void nhgroup_leaf_lost(uint32_t leaf)
{
	struct nhobj *o;

	LIST_FOREACH (o, &nhobj_all, link) {
		unsigned left = 0;

		if (o->gone || !nhgroup_names(o, leaf))
			continue;
		for (unsigned i = 0; i < o->n; i++) {
			if (o->member[i].leaf == leaf)
				o->member[i].leaf = 0;
			left += o->member[i].leaf != 0;
		}
		nhobj_counters.moves++;
		o->home_wanted = waiting = true;
		if (!left)
			nhobj_lose(o); /* the kernel has dropped it, and its routes */
	}
}

void nhgroup_settle(void)
{
	struct nhobj *o;

	if (!waiting)
		return;
	LIST_FOREACH (o, &nhobj_all, link)
		if (o->n && o->home_wanted)
			nhgroup_update(o);
	waiting = false; /* who still waits does so for another batch */
}

void nhgroup_batch_done(void)
{
	waiting = true;
}

bool nhgroup_busy(void)
{
	return waiting;
}

/* --- reading --- */

void nhgroup_found(uint32_t id, const struct nhleg *legs, unsigned n, bool resilient_one)
{
	struct nhobj *o = nhobj_find_id(id);
	unsigned known = 0, in = 0;

	if (id < NHOBJ_FIRST || id > NHOBJ_LAST || !n || n > ROUTE_HOPS_MAX)
		return;
	if (!o) {
		o = nhobj_new(id, 0, 0);
		o->n = n;
		o->resilient = resilient_one;
		for (unsigned i = 0; i < n; i++)
			o->member[i] = (struct nhobj_member){{0}, 0, legs[i].id, legs[i].weight};
	}
	o->epoch = rib_kernel_epoch;
	if (o->gone || !o->member[0].addr.family)
		return;
	for (unsigned i = 0; i < o->n; i++)
		in += o->member[i].leaf != 0;
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < o->n; k++)
			known += legs[i].id == o->member[k].leaf &&
				 legs[i].weight == o->member[k].weight;
	if (known != n || known != in)
		nhgroup_write(o); /* somebody changed it */
}

void nhgroup_reset(void)
{
	unsupported = no_resilient = waiting = false;
	retry_done(&create_retry);
}
