/* SPDX-License-Identifier: BSD-2-Clause */
#include "side.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

#include "rule.h"
#include "util.h"
#include "zconfig.h"

struct side_route {
	struct kept kept;
	struct kroute want; /* valid while wanted */
	struct kroute have; /* valid while installed */
	bool missed;	    /* somebody took it; put back when it is still wanted */
};

static void (*when_missed)(void);

static int side_write(struct kept *e, bool add);
static bool differs(const struct kept *e);
static void side_describe(const struct kept *e, char *text, size_t size);

struct keep side_routes = {
	.what = "route",
	.refused = "route-refused",
	.swept = "route-swept",
	.write = side_write,
	.differs = differs,
	.describe = side_describe,
	.list = TAILQ_HEAD_INITIALIZER(side_routes.list),
};

void side_open(void (*missed)(void))
{
	when_missed = missed;
}

static struct side_route *route_of(const struct kept *e)
{
	return (struct side_route *)container_of(e, const struct side_route, kept);
}

static const struct kroute *key(const struct side_route *r)
{
	return r->kept.wanted ? &r->want : &r->have;
}

static struct side_route *side_find(const struct kroute *k)
{
	struct kept *e;

	TAILQ_FOREACH (e, &side_routes.list, link) {
		const struct kroute *other = key(route_of(e));

		if (other->table == k->table && other->metric == k->metric &&
		    prefix_eq(&other->prefix, &k->prefix))
			return route_of(e);
	}
	return NULL;
}

static struct side_route *side_get(const struct kroute *k)
{
	struct side_route *r = side_find(k);

	if (!r) {
		r = xcalloc(1, sizeof(*r));
		TAILQ_INSERT_HEAD(&side_routes.list, &r->kept, link);
	}
	return r;
}

/* Where an object is named it says the rest. */
static bool side_same_way(const struct kroute *a, const struct kroute *b)
{
	if (a->nhid || b->nhid)
		return a->nhid == b->nhid;
	for (unsigned i = 0; i < a->n_ways && a->n_ways == b->n_ways; i++)
		if (a->way[i].oif != b->way[i].oif || a->way[i].weight != b->way[i].weight ||
		    !addr_eq(&a->way[i].gateway, &b->way[i].gateway))
			return false;
	return a->n_ways == b->n_ways && a->oif == b->oif && addr_eq(&a->gateway, &b->gateway) &&
	       addr_eq(&a->source, &b->source);
}

static bool side_same(const struct kroute *a, const struct kroute *b)
{
	return a->type == b->type && a->protocol == b->protocol &&
	       (a->type != RTN_UNICAST || side_same_way(a, b));
}

static bool differs(const struct kept *e)
{
	return !side_same(&route_of(e)->have, &route_of(e)->want);
}

static int side_write(struct kept *e, bool add)
{
	struct side_route *r = route_of(e);
	int err;

	if (!out.route_now)
		return -ENOSYS;
	if (!add)
		return out.route_now(ROUTE_DEL, &r->have);
	err = out.route_now(e->installed ? ROUTE_CHANGE : ROUTE_ADD, &r->want);
	if (err == 0)
		r->have = r->want;
	return err;
}

static void side_describe(const struct kept *e, char *text, size_t size)
{
	const struct kroute *k = key(route_of(e));

	snprintf(text, size, "table=%u prefix=%s gateway=%s", k->table, PREFIX_STR(&k->prefix),
		 k->gateway.family ? ADDR_STR(&k->gateway) : "none");
}

void side_want(const struct kroute *k)
{
	struct side_route *r = side_get(k);
	bool other = !r->kept.wanted || !side_same(&r->want, k), missed = r->missed && !other;

	if (other)
		retry_done(&r->kept.retry);
	r->missed = false;
	r->want = *k;
	r->kept.wanted = 1;
	if (missed)
		keep_repair(&side_routes, &r->kept);
	else
		keep_sync(&side_routes, &r->kept);
}

void side_unwant(const struct kroute *k)
{
	struct side_route *r = side_find(k);

	if (r)
		keep_unwant(&side_routes, &r->kept);
}

bool side_in_place(const struct kroute *k)
{
	const struct side_route *r = side_find(k);

	return r && r->kept.wanted && r->kept.installed && side_same(&r->have, &r->want);
}

void side_rewrite(uint32_t table)
{
	struct kept *e;

	if (!side_routes.ready || !zconfig.kernel || side_routes.torn_down)
		return;
	TAILQ_FOREACH (e, &side_routes.list, link) {
		struct side_route *r = route_of(e);

		if (!e->wanted || !e->installed || r->want.table != table)
			continue;
		e->installed = side_write(e, true) == 0;
		keep_sync(&side_routes, e);
	}
}

unsigned side_put_table(uint32_t table, uint32_t *tables, unsigned n, unsigned max)
{
	if (zplane_by_table(table) >= 0 || (table >= RT_TABLE_DEFAULT && table <= RT_TABLE_LOCAL))
		return n;
	for (unsigned i = 0; i < n; i++)
		if (tables[i] == table)
			return n;
	if (n < max)
		tables[n++] = table;
	return n;
}

unsigned side_tables(uint32_t *tables, unsigned n, unsigned max)
{
	const struct kept *e;

	TAILQ_FOREACH (e, &side_routes.list, link)
		n = side_put_table(key(route_of(e))->table, tables, n, max);
	for (const struct rule *rule = rule_first(); rule && !side_routes.ready;
	     rule = rule_next(rule))
		if (rule->kept.installed && !rule->kept.wanted)
			n = side_put_table(rule->k.table, tables, n, max);
	return n;
}

/* It may have gone with its address, and then is not wanted any more, or not so. */
static void lost(struct side_route *r)
{
	r->missed = true;
	if (!r->kept.wanted)
		keep_sync(&side_routes, &r->kept);
	else if (when_missed)
		when_missed();
}

void side_told(const struct kroute *k, bool present)
{
	struct side_route *r = k->protocol == zconfig.protocol ? side_find(k) : NULL;

	if (k->protocol != zconfig.protocol)
		return;
	if (!present) {
		if (r && r->kept.installed && side_same(&r->have, k) &&
		    keep_gone(&side_routes, &r->kept))
			lost(r);
		return;
	}
	if (!r && !side_routes.reading)
		return;
	r = side_get(k);
	r->have = *k;
	keep_seen(&side_routes, &r->kept);
	if (!side_routes.reading && r->kept.wanted && differs(&r->kept)) {
		lost(r); /* changed by somebody */
	}
}
