/* SPDX-License-Identifier: BSD-2-Clause */
#include "decide.h"

#include <stdlib.h>

#include "util.h"

/* A rung: negative when A is better, positive when B is. */
typedef int (*rung_fn)(const struct candidate *a, const struct candidate *b);

static int cmp(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

static int by_demotion(const struct candidate *a, const struct candidate *b)
{
	return cmp(a->demotion, b->demotion);
}

static int by_weight(const struct candidate *a, const struct candidate *b)
{
	return cmp(b->weight, a->weight);
}

static int by_local_pref(const struct candidate *a, const struct candidate *b)
{
	return cmp(b->local_pref, a->local_pref);
}

static int by_local(const struct candidate *a, const struct candidate *b)
{
	return cmp(b->local, a->local);
}

/* RFC 7311 section 4: one without it loses. */
static int by_aigp(const struct candidate *a, const struct candidate *b)
{
	return a->aigp < b->aigp ? -1 : a->aigp > b->aigp;
}

static int by_as_path(const struct candidate *a, const struct candidate *b)
{
	return cmp(a->as_path_len, b->as_path_len);
}

static int by_origin(const struct candidate *a, const struct candidate *b)
{
	return cmp(a->origin, b->origin);
}

static int by_external(const struct candidate *a, const struct candidate *b)
{
	return cmp(b->ebgp, a->ebgp);
}

static int by_cost(const struct candidate *a, const struct candidate *b)
{
	return cmp(a->cost, b->cost);
}

static int by_router_id(const struct candidate *a, const struct candidate *b)
{
	return cmp(a->router_id, b->router_id);
}

static int by_cluster_len(const struct candidate *a, const struct candidate *b)
{
	return cmp(a->cluster_len, b->cluster_len);
}

static int by_peer_address(const struct candidate *a, const struct candidate *b)
{
	if (!a->peer || !b->peer)
		return cmp(!!a->peer, !!b->peer);
	return addr_cmp(a->peer, b->peer);
}

struct rung {
	rung_fn better;
	enum reason reason; /* NONE: the loser knows */
};

static const struct rung before_med[] = {
	{by_demotion, REASON_NONE},
	{by_weight, REASON_LOWER_WEIGHT},
	{by_local, REASON_NOT_LOCAL}, /* as a weight that only ours have */
	{by_local_pref, REASON_LOWER_LOCAL_PREF},
	{by_aigp, REASON_HIGHER_AIGP},
	{by_as_path, REASON_LONGER_AS_PATH},
	{by_origin, REASON_WORSE_ORIGIN},
};

static const struct rung after_med[] = {
	{by_external, REASON_IBGP_PATH},
	{by_cost, REASON_HIGHER_NEXTHOP_COST},
	{by_router_id, REASON_HIGHER_ROUTER_ID},
	{by_cluster_len, REASON_LONGER_CLUSTER_LIST},
	{by_peer_address, REASON_HIGHER_PEER_ADDRESS},
};

/* Compares along N rungs; WHY is the one that decided. */
static int climb(const struct rung *rungs, size_t n, const struct candidate *a,
		 const struct candidate *b, uint8_t *why)
{
	for (size_t i = 0; i < n; i++) {
		int r = rungs[i].better(a, b);

		if (r) {
			*why = rungs[i].reason;
			if (!*why)
				*why = r < 0 ? b->demoted_by : a->demoted_by;
			return r;
		}
	}
	return 0;
}

/* The best of those still in the race (reason NONE); the others get the reason they lost by. Where
 * STRICT is false equals stay. */
static size_t strike(struct candidate *c, size_t n, const struct rung *rungs, size_t nrungs,
		     bool strict)
{
	size_t best = n;

	for (size_t i = 0; i < n; i++) {
		uint8_t why;

		if (c[i].reason == REASON_NONE &&
		    (best == n || climb(rungs, nrungs, &c[i], &c[best], &why) < 0))
			best = i;
	}
	for (size_t i = 0; i < n; i++) {
		uint8_t why = REASON_HIGHER_PEER_ADDRESS;

		if (i == best || c[i].reason != REASON_NONE)
			continue;
		if (climb(rungs, nrungs, &c[best], &c[i], &why) < 0 || strict)
			c[i].reason = why;
	}
	return best;
}

static int by_as_and_med(const void *a, const void *b)
{
	const struct candidate *x = *(struct candidate *const *)a;
	const struct candidate *y = *(struct candidate *const *)b;
	int r = cmp(x->neighbor_as, y->neighbor_as);

	return r ? r : cmp(x->med, y->med);
}

#define SMALL 16 /* above it sorting is cheaper than comparing all pairs */

static void strike_med_sorted(struct candidate *c, size_t n)
{
	struct candidate **sorted = xcalloc(n, sizeof(struct candidate *));
	size_t left = 0;
	uint32_t lowest = 0;

	for (size_t i = 0; i < n; i++)
		if (c[i].reason == REASON_NONE)
			sorted[left++] = &c[i];
	qsort(sorted, left, sizeof(struct candidate *), by_as_and_med);
	for (size_t i = 0; i < left; i++) {
		if (i == 0 || sorted[i]->neighbor_as != sorted[i - 1]->neighbor_as)
			lowest = sorted[i]->med;
		if (sorted[i]->med > lowest)
			sorted[i]->reason = REASON_HIGHER_MED;
	}
	free(sorted);
}

static void strike_med(struct candidate *c, size_t n)
{
	if (n > SMALL) {
		strike_med_sorted(c, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		/* One struck by MED still strikes: whoever struck it has a lower MED yet. */
		for (size_t j = 0; j < n && c[i].reason == REASON_NONE; j++)
			if ((c[j].reason == REASON_NONE || c[j].reason == REASON_HIGHER_MED) &&
			    c[j].neighbor_as == c[i].neighbor_as && c[j].med < c[i].med)
				c[i].reason = REASON_HIGHER_MED;
}

size_t decide(struct candidate *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		c[i].reason = REASON_NONE;
	if (n == 1)
		return 0;
	strike(c, n, before_med, ARRAY_SIZE(before_med), false);
	strike_med(c, n);
	return strike(c, n, after_med, ARRAY_SIZE(after_med), true);
}

bool decide_ties(const struct candidate *best, const struct candidate *c, bool relax, bool cost)
{
	uint8_t why;

	if (climb(before_med, ARRAY_SIZE(before_med), best, c, &why) != 0)
		return false;
	if (c->neighbor_as == best->neighbor_as ? c->med != best->med : !relax)
		return false;
	return by_external(best, c) == 0 && (!cost || by_cost(best, c) == 0) &&
	       c->cluster_len <= best->cluster_len;
}
