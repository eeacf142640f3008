/* SPDX-License-Identifier: BSD-2-Clause */
#include "side.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "log.h"
#include "loop.h"
#include "rule.h"
#include "uplink.h"
#include "util.h"
#include "zconfig.h"

#define RETRY_MS 5000 /* what the kernel refused is tried again after this */

struct side_route {
	LIST_ENTRY(side_route) link;
	struct kroute want; /* valid while wanted */
	struct kroute have; /* valid while installed */
	bool wanted, installed;
	bool missed;	/* somebody took it; put back when it is still wanted */
	int error;	/* negative errno of the last attempt, 0 none */
	uint32_t epoch; /* reading that saw it last */
};

static LIST_HEAD(, side_route) routes = LIST_HEAD_INITIALIZER(routes);
static struct timer retry;
static uint32_t epoch;
static bool reading, ready, torn_down;
static uint64_t drift;

static const struct kroute *key(const struct side_route *r)
{
	return r->wanted ? &r->want : &r->have;
}

static struct side_route *find(const struct kroute *k)
{
	struct side_route *r;

	LIST_FOREACH (r, &routes, link)
		if (key(r)->table == k->table && key(r)->metric == k->metric &&
		    prefix_eq(&key(r)->prefix, &k->prefix))
			return r;
	return NULL;
}

static bool same(const struct kroute *a, const struct kroute *b)
{
	return a->type == b->type && a->protocol == b->protocol &&
	       (a->type != RTN_UNICAST || (a->oif == b->oif && addr_eq(&a->gateway, &b->gateway) &&
					   addr_eq(&a->source, &b->source)));
}

static void retry_due(void *arg);

static void failed(struct side_route *r, const char *what, int err)
{
	const struct kroute *k = key(r);

	if (r->error != err)
		log_error("route-refused", "what=%s table=%u prefix=%s gateway=%s error=\"%s\"",
			  what, k->table, PREFIX_STR(&k->prefix),
			  k->gateway.family ? ADDR_STR(&k->gateway) : "none", strerror(-err));
	r->error = err;
	if (!retry.ready)
		timer_init(&retry, retry_due, NULL);
	if (!timer_running(&retry))
		timer_start(&retry, RETRY_MS);
}

static void take_out(struct side_route *r)
{
	int err = r->installed ? out.route_now(ROUTE_DEL, &r->have) : 0;

	if (err < 0 && err != -ESRCH && err != -ENOENT && err != -ENODEV) {
		failed(r, "delete", err);
		return;
	}
	r->installed = false;
	if (r->wanted)
		return;
	LIST_REMOVE(r, link);
	free(r);
}

/* Brings the kernel to what is wanted of R, which may be freed. */
static void sync_route(struct side_route *r)
{
	int err;

	if (!ready || !out.route_now)
		return;
	if (!r->wanted || !zconfig.kernel || torn_down) {
		take_out(r);
		return;
	}
	if (r->installed && same(&r->have, &r->want))
		return;
	err = out.route_now(r->installed ? ROUTE_CHANGE : ROUTE_ADD, &r->want);
	if (err < 0) {
		failed(r, r->installed ? "change" : "add", err);
		return;
	}
	r->have = r->want;
	r->installed = true;
	r->error = 0;
	r->epoch = epoch;
}

static void sync_all(void)
{
	struct side_route *r, *next;

	for (r = LIST_FIRST(&routes); r; r = next) {
		next = LIST_NEXT(r, link);
		sync_route(r);
	}
}

static void retry_due(void *arg)
{
	sync_all();
}

static void repair(struct side_route *r)
{
	r->missed = false;
	if (r->wanted) {
		drift++;
		log_warn("drift-repaired", "what=route table=%u prefix=%s", r->want.table,
			 PREFIX_STR(&r->want.prefix));
	}
	sync_route(r);
}

void side_want(const struct kroute *k)
{
	struct side_route *r = find(k);

	if (!r) {
		r = xcalloc(1, sizeof(*r));
		LIST_INSERT_HEAD(&routes, r, link);
	}
	r->missed = r->missed && r->wanted && same(&r->want, k);
	r->want = *k;
	r->wanted = true;
	if (r->missed)
		repair(r);
	else
		sync_route(r);
}

void side_unwant(const struct kroute *k)
{
	struct side_route *r = find(k);

	if (!r || !r->wanted)
		return;
	if (!r->installed) {
		LIST_REMOVE(r, link);
		free(r);
		return;
	}
	r->wanted = false;
	sync_route(r);
}

bool side_in_place(const struct kroute *k)
{
	const struct side_route *r = find(k);

	return r && r->wanted && r->installed && same(&r->have, &r->want);
}

void side_rewrite(uint32_t table)
{
	struct side_route *r;

	if (!ready || !zconfig.kernel || torn_down)
		return;
	LIST_FOREACH (r, &routes, link) {
		if (!r->wanted || !r->installed || r->want.table != table)
			continue;
		if (out.route_now(ROUTE_CHANGE, &r->want) < 0)
			r->installed = false;
		else
			r->have = r->want;
		sync_route(r);
	}
}

static unsigned put_table(uint32_t table, uint32_t *tables, unsigned n, unsigned max)
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

unsigned side_tables(uint32_t *tables, unsigned max)
{
	const struct side_route *r;
	unsigned n = 0;

	for (struct uplink *u = uplink_first(); u; u = uplink_next(u))
		n = put_table(u->conf.table, tables, n, max);
	LIST_FOREACH (r, &routes, link)
		n = put_table(key(r)->table, tables, n, max);
	for (const struct rule *rule = rule_first(); rule && !ready; rule = rule_next(rule))
		if (rule->installed && !rule->wanted)
			n = put_table(rule->k.table, tables, n, max);
	return n;
}

void side_read_begin(void)
{
	epoch++;
	reading = true;
}

/* It may have gone with its address, and then is not wanted any more, or not so. */
static void lost(struct side_route *r)
{
	r->installed = false;
	r->missed = true;
	if (r->wanted)
		uplink_links_changed();
	else
		sync_route(r);
}

void side_told(const struct kroute *k, bool present)
{
	struct side_route *r = k->protocol == zconfig.protocol ? find(k) : NULL;

	if (k->protocol != zconfig.protocol)
		return;
	if (!present) {
		if (!r || !r->installed || !same(&r->have, k))
			return;
		if (reading)
			r->epoch = epoch - 1; /* seen or not, it is gone */
		else
			lost(r);
		return;
	}
	if (!r && !reading)
		return;
	if (!r) {
		r = xcalloc(1, sizeof(*r));
		LIST_INSERT_HEAD(&routes, r, link);
	}
	r->have = *k;
	r->installed = true;
	r->epoch = epoch;
	if (!reading && r->wanted && !same(&r->have, &r->want)) {
		r->missed = true; /* changed by somebody */
		uplink_links_changed();
	}
}

void side_read_end(void)
{
	struct side_route *r, *next;

	reading = false;
	ready = true;
	for (r = LIST_FIRST(&routes); r; r = next) {
		next = LIST_NEXT(r, link);
		if (!r->installed || r->epoch == epoch) {
			sync_route(r);
			continue;
		}
		r->installed = false;
		repair(r);
	}
}

void side_config_changed(void)
{
	sync_all();
}

void side_teardown(void)
{
	torn_down = true;
	sync_all();
}

uint64_t side_drift(void)
{
	return drift;
}

void side_reset(void)
{
	struct side_route *r;

	while ((r = LIST_FIRST(&routes))) {
		LIST_REMOVE(r, link);
		free(r);
	}
	timer_stop(&retry);
	retry.ready = reading = ready = torn_down = false;
	epoch = 0;
	drift = 0;
}
