/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nhobj_uses: which prefixes have routes by an object, and what they would say of another way.
 */
#include <stdlib.h>

#include "nhobj_internal.h"
#include "rib.h"
#include "util.h"

/* Which lists have prefixes with routes by which objects: sorted, good for one state of the RIB. */
static uint64_t *uses;
static size_t n_uses, uses_cap;
static uint64_t uses_version;

static int compare_uses(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t use_of(uint32_t hops, uint32_t object)
{
	return (uint64_t)hops << 32 | object;
}

/* One walk, whatever the number of questions until the RIB changes. */
static void read_uses(void)
{
	const struct rib_node *n;
	uint32_t at = 0;

	n_uses = 0;
	while ((n = rib_walk(&at))) {
		const struct nhobj *o = n->installed && n->hops ? rib_installed(n)->nh : NULL;
		uint64_t use = o ? use_of(n->hops, o->id) : 0;

		if (!o || (n_uses && uses[n_uses - 1] == use))
			continue;
		uses = xgrow(uses, n_uses, &uses_cap, sizeof(*uses));
		uses[n_uses++] = use;
	}
	if (n_uses)
		qsort(uses, n_uses, sizeof(*uses), compare_uses);
	uses_version = rib_version;
}

/* A prefix with list S has a route by the object. */
bool nhobj_has_user(const struct nhobj *o, const struct hopset *s)
{
	uint64_t use = use_of(s->id, o->id);

	if (uses_version != rib_version)
		read_uses();
	return n_uses && bsearch(&use, uses, n_uses, sizeof(*uses), compare_uses) != NULL;
}

/* By list S another peer is to have the entry on TO's interface, but the prefix was not yet looked
 * at. */
static bool disagrees(const struct nhobj *o, const struct hopset *s, const struct nexthop *to)
{
	bool before = false;

	for (unsigned i = 0; i < s->n && s->ref[i].nh != to && !before; i++) {
		const struct nexthop *nh = s->ref[i].nh;

		before = nh->kind == HOP_TUNNEL && nh->oif == to->oif && nexthop_usable(nh);
	}
	return before && nhobj_has_user(o, s);
}

bool nhobj_all_agree(const struct nhobj *o, const struct nexthop *to)
{
	const struct hop_ref *ref;

	/* Without entries: that each prefix may go there was judged when its list was looked at,
	 * and a tunnel address leads to a peer with the same permit as then. */
	if (to->peer->iface->any)
		return !to->depth;
	LIST_FOREACH (ref, &to->users, link)
		if (disagrees(o, ref->set, to))
			return false;
	return fib_all_own(o, to->oif, to->peer);
}

bool nhobj_may_lead(const struct rib_node *n, const struct nexthop *nh, uint32_t not_oif)
{
	return nh->kind == HOP_TUNNEL && nh->oif && nh->oif != not_oif &&
	       (!rib_refusals(n) || !rib_refusal(n, &nh->addr));
}

void nhobj_uses_reset(void)
{
	free(uses);
	uses = NULL;
	n_uses = uses_cap = 0;
	uses_version = 0;
}
