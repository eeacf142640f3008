/* SPDX-License-Identifier: BSD-2-Clause */
#include "uplink.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "ifaddr.h"
#include "kernel.h"
#include "log.h"
#include "loop.h"
#include "rib.h" /* struct rib_cand */
#include "rule.h"
#include "side.h"
#include "util.h"
#include "zconfig.h"

#define SUBNETS_END (UPLINK_ROUTES_MAX - 1) /* the last one is for the default route */
#define UNREACHABLE_METRIC 2147483647	    /* behind whatever else is in the table */

static LIST_HEAD(, uplink) uplinks = LIST_HEAD_INITIALIZER(uplinks);
static struct job job;
static bool ready; /* the kernel was read once */
static void (*when_bypass)(void);

static const uint8_t families[2] = {AF_INET, AF_INET6};

const char *uplink_state_name(enum uplink_state s)
{
	static const char *const names[] = {"off",	  "no-interface", "link-down", "no-address",
					    "no-gateway", "refused",	  "up"};

	return (unsigned)s < ARRAY_SIZE(names) ? names[s] : "invalid";
}

static struct uplink *uplink_find(const char *wg)
{
	struct uplink *u;

	LIST_FOREACH (u, &uplinks, link)
		if (str_eq(u->conf.wg, wg))
			return u;
	return NULL;
}

static struct krule make_rule(const struct uplink_conf *c, uint8_t family)
{
	return (struct krule){.family = family,
			      .action = FR_ACT_TO_TBL,
			      .priority = c->priority,
			      .table = c->table,
			      .fwmark = c->fwmark,
			      .fwmask = UINT32_MAX};
}

static void want_rules(const struct uplink_conf *c, bool want)
{
	for (unsigned i = 0; i < 2; i++) {
		struct krule k = make_rule(c, families[i]);

		if (want)
			rule_want(&k);
		else
			rule_unwant(&k);
	}
}

/* --- what an uplink should have --- */

/* The gateway of somebody's default route through the interface. */
static bool learned_gateway(uint32_t oif, uint8_t family, struct addr *gateway)
{
	struct prefix all = prefix_make(family, (uint8_t[16]){0}, 0);
	const struct rib_node *n = rib_find(&all);
	uint32_t best = UINT32_MAX;

	for (const struct rib_cand *c = n ? rib_others(n) : NULL; c; c = c->next) {
		struct way w;

		if (c->proto != RIB_KERNEL || c->type != RTN_UNICAST || c->metric >= best)
			continue;
		for (unsigned i = 0; rib_cand_way(c, i, &w); i++) {
			if (w.oif != oif || !w.gateway.family)
				continue;
			best = c->metric;
			*gateway = w.gateway;
		}
	}
	return best != UINT32_MAX;
}

static enum uplink_state uplink_judge(const struct uplink *u, unsigned i, struct uplink_family *f)
{
	const struct uplink_conf *c = &u->conf;
	const struct kaddr *own;

	if (!zconfig.kernel)
		return UPLINK_OFF;
	if (!u->oif)
		return UPLINK_NO_LINK;
	if (!kernel_link_up(u->oif))
		return UPLINK_LINK_DOWN;
	own = ifaddr_source(u->oif, families[i]);
	if (c->source[i].family && ifaddr_local(&c->source[i]))
		f->source = c->source[i];
	else if (!c->source[i].family && own)
		f->source = own->local;
	else
		return UPLINK_NO_ADDRESS;
	f->gateway = c->gateway[i];
	if (!f->gateway.family && !learned_gateway(u->oif, families[i], &f->gateway) &&
	    !kernel_link_pointopoint(u->oif))
		return UPLINK_NO_GATEWAY;
	return UPLINK_UP;
}

static struct kroute *uplink_put(struct uplink_family *f, const struct uplink *u,
				 const struct prefix *p)
{
	struct kroute *k;

	for (unsigned i = 0; i < f->n; i++)
		if (prefix_eq(&f->route[i].prefix, p) && f->route[i].metric == zconfig.metric)
			return NULL; /* two addresses in one subnet */
	k = &f->route[f->n++];
	*k = (struct kroute){.prefix = *p,
			     .table = u->conf.table,
			     .metric = zconfig.metric,
			     .oif = u->oif,
			     .source = f->source,
			     .protocol = zconfig.protocol,
			     .type = RTN_UNICAST};
	return k;
}

static void plan(const struct uplink *u, unsigned i, struct uplink_family *f)
{
	struct prefix all = prefix_make(families[i], (uint8_t[16]){0}, 0);
	const struct kaddr *a;
	struct kroute *k;

	*f = (struct uplink_family){0};
	f->state = uplink_judge(u, i, f);
	k = uplink_put(f, u, &all);
	*k = (struct kroute){.prefix = all,
			     .table = u->conf.table,
			     .metric = UNREACHABLE_METRIC,
			     .protocol = zconfig.protocol,
			     .type = RTN_UNREACHABLE};
	if (f->state < UPLINK_NO_GATEWAY)
		return;
	for (unsigned n = 0; (a = ifaddr_get(u->oif, n)) && f->n < SUBNETS_END; n++)
		if (a->local.family == families[i] && !addr_is_link_local(&a->local))
			uplink_put(f, u, &a->subnet);
	if (f->state != UPLINK_UP)
		return;
	k = uplink_put(f, u, &all);
	if (k)
		k->gateway = f->gateway;
}

static bool same_route(const struct kroute *a, const struct kroute *b)
{
	return a->table == b->table && a->metric == b->metric && prefix_eq(&a->prefix, &b->prefix);
}

static bool planned(const struct uplink_family *f, const struct kroute *k)
{
	for (unsigned i = 0; i < f->n; i++)
		if (same_route(&f->route[i], k))
			return true;
	return false;
}

static void say(const struct uplink *u, unsigned i, const struct uplink_family *old)
{
	const struct uplink_family *f = &u->family[i];

	if (f->state == old->state && addr_eq(&f->source, &old->source) &&
	    addr_eq(&f->gateway, &old->gateway))
		return;
	log_info("uplink", "interface=%s uplink=%s family=%s state=%s source=%s gateway=%s",
		 u->conf.wg, u->conf.ifname, i ? "ipv6" : "ipv4", uplink_state_name(f->state),
		 f->source.family ? ADDR_STR(&f->source) : "none",
		 f->gateway.family ? ADDR_STR(&f->gateway) : "none");
}

/* The subnets stand before the default route, which the kernel checks against them; the last to go
 * is what is needed least. */
static void eval_family(struct uplink *u, unsigned i)
{
	struct uplink_family old = u->family[i], *f = &u->family[i];

	plan(u, i, f);
	for (unsigned n = 0; n < f->n; n++)
		side_want(&f->route[n]);
	for (unsigned n = old.n; n--;)
		if (!planned(f, &old.route[n]))
			side_unwant(&old.route[n]);
	if (f->state == UPLINK_UP && ready && !side_in_place(&f->route[f->n - 1]))
		f->state = UPLINK_REFUSED;
	say(u, i, &old);
}

static void warn_rp_filter(const struct uplink *u)
{
	if (kernel_rp_filter(u->conf.ifname) == 1)
		log_warn("uplink-rp-filter",
			 "interface=%s uplink=%s why=\"strict rp_filter drops what comes in by an "
			 "uplink that the main table does not use; 2 is loose\"",
			 u->conf.wg, u->conf.ifname);
}

static void eval(struct uplink *u)
{
	uint32_t oif = kernel_link_by_name(u->conf.ifname);

	if (oif && oif != u->oif)
		warn_rp_filter(u);
	u->oif = oif;
	for (unsigned i = 0; i < 2; i++)
		eval_family(u, i);
	if (u->rewrite)
		side_rewrite(u->conf.table);
	u->rewrite = false;
}

static bool bypasses(const struct uplink *u)
{
	for (unsigned i = 0; i < 2; i++) {
		struct krule k = make_rule(&u->conf, families[i]);

		if (!rule_in_place(&k))
			return false;
	}
	return zconfig.kernel && !u->leaving;
}

static void tell_bypasses(void)
{
	struct uplink *u;
	bool changed = false;

	LIST_FOREACH (u, &uplinks, link) {
		bool now = bypasses(u);

		changed |= now != u->bypass;
		u->bypass = now;
	}
	if (changed && when_bypass)
		when_bypass();
}

static bool eval_all(void *arg)
{
	struct uplink *u;

	LIST_FOREACH (u, &uplinks, link)
		if (!u->leaving)
			eval(u);
	tell_bypasses();
	return false;
}

static void look_again(void)
{
	if (!ready || LIST_EMPTY(&uplinks))
		return;
	if (!job.ready)
		job_init(&job, eval_all, NULL);
	job_start(&job);
}

/* --- what may change them --- */

void uplink_open(void (*bypass_changed)(void))
{
	when_bypass = bypass_changed;
}

void uplink_addrs_changed(uint32_t ifindex)
{
	struct uplink *u;

	LIST_FOREACH (u, &uplinks, link)
		if (u->oif == ifindex)
			u->rewrite = true; /* with an address go routes that name it */
	look_again();
}

void uplink_links_changed(void)
{
	look_again();
}

void uplink_route_changed(const struct prefix *p)
{
	if (p->len == 0)
		look_again();
}

void uplinks_read_end(void)
{
	eval_all(NULL);
	keep_read_end(&side_routes);
	ready = true;
	look_again(); /* when the rules are read, too */
}

/* --- the configuration --- */

static void uplink_forget(struct uplink *u)
{
	want_rules(&u->conf, false);
	for (unsigned i = 0; i < 2; i++)
		for (unsigned n = u->family[i].n; n--;)
			side_unwant(&u->family[i].route[n]);
	LIST_REMOVE(u, link);
	free(u);
}

/* The new rule first: in between both lead the packets into a table of ours. */
static void reconfigure(struct uplink *u, const struct uplink_conf *c)
{
	struct uplink_conf old = u->conf;

	u->leaving = false;
	if (!memcmp(&old, c, sizeof(old)))
		return;
	u->conf = *c;
	if (ready)
		eval(u);
	want_rules(c, true);
	want_rules(&old, false);
}

static void uplink_add(const struct uplink_conf *c)
{
	struct uplink *u = xcalloc(1, sizeof(*u));

	u->conf = *c;
	LIST_INSERT_HEAD(&uplinks, u, link);
	if (ready)
		eval(u);
	want_rules(c, true);
}

void uplinks_apply(const struct uplink_conf *conf, size_t n)
{
	struct uplink *u;

	LIST_FOREACH (u, &uplinks, link)
		u->leaving = true;
	for (size_t i = 0; i < n; i++) {
		u = uplink_find(conf[i].wg);
		if (u)
			reconfigure(u, &conf[i]);
		else
			uplink_add(&conf[i]);
	}
	if (ready)
		eval_all(NULL);
}

void uplinks_take_out(void)
{
	struct uplink *u;

	LIST_FOREACH (u, &uplinks, link)
		for (unsigned i = 0; i < 2; i++) {
			for (unsigned n = u->family[i].n; n--;)
				side_unwant(&u->family[i].route[n]);
			u->family[i].n = 0;
			u->family[i].state = UPLINK_OFF;
		}
}

void uplinks_prune(void)
{
	struct uplink *u, *next;

	for (u = LIST_FIRST(&uplinks); u; u = next) {
		next = LIST_NEXT(u, link);
		if (u->leaving)
			uplink_forget(u);
	}
}

bool uplink_bypasses(const struct tunnel_if *i)
{
	const struct uplink *u = i->fwmark ? uplink_find(i->name) : NULL;

	return u && u->bypass && u->conf.fwmark == i->fwmark;
}

unsigned uplink_tables(uint32_t *tables, unsigned max)
{
	const struct uplink *u;
	unsigned n = 0;

	LIST_FOREACH (u, &uplinks, link)
		n = side_put_table(u->conf.table, tables, n, max);
	return side_tables(tables, n, max);
}

struct uplink *uplink_first(void)
{
	return LIST_FIRST(&uplinks);
}

struct uplink *uplink_next(const struct uplink *u)
{
	return LIST_NEXT(u, link);
}

void uplinks_reset(void)
{
	struct uplink *u;

	while ((u = LIST_FIRST(&uplinks))) {
		LIST_REMOVE(u, link);
		free(u);
	}
	if (job.ready)
		job_stop(&job);
	job.ready = ready = false;
}
