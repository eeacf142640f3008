/* SPDX-License-Identifier: BSD-2-Clause */
#include "keepin_wish.h"

#include <linux/rtnetlink.h>

#include "configured.h"
#include "fib_internal.h"
#include "nhobj.h"
#include "pin.h"
#include "rib.h"
#include "zconfig.h"

static bool is_up(uint32_t oif)
{
	return !out.link_up || out.link_up(oif);
}

/* By its name, as long as wgd has not told. */
static bool is_tunnel(uint32_t oif)
{
	return (tunnel_if_by_index(oif) || (!fib_gate.wgd_met && configured_refused_if(oif))) &&
	       is_up(oif);
}

bool keepin_leads_in(const struct fib *f)
{
	uint32_t oifs[ROUTE_HOPS_MAX];
	unsigned n = fib_has_route(f) && f->type == RTN_UNICAST ? fib_oifs(f, oifs) : 0;

	for (unsigned i = 0; i < n; i++)
		if (fib_owner_on(f, oifs[i]) ? is_up(oifs[i]) : is_tunnel(oifs[i]))
			return true;
	return false;
}

static const struct fib *fib_when(const struct rib_node *n, enum keepin_when when)
{
	return when == KEEPIN_BEHIND ? fib_after(n) : rib_installed(n);
}

static bool has_own(const struct prefix *p, enum keepin_when when)
{
	const struct rib_node *n = rib_find(p);

	return n && keepin_leads_in(fib_when(n, when));
}

bool keepin_has_route(const struct keepin *e)
{
	return has_own(&e->node.p, KEEPIN_NOW);
}

/* Packets for N's addresses are refused when its route goes without a word. */
static bool is_kept_in(const struct rib_node *n)
{
	const struct keepin *e = keepin_find(RIB_PREFIX(n));

	return e && (e->state == KEEPIN_WANTED || e->state == KEEPIN_COVERED);
}

/* By none of its ways into the clear. */
static bool foreign_leads_in(const struct rib_cand *c)
{
	for (unsigned i = 0; c->ways && i < c->ways->n; i++)
		if (!is_tunnel(c->ways->way[i].oif))
			return false;
	return c->oif && is_tunnel(c->oif);
}

static enum keepin_state judge_foreign(const struct rib_cand *c)
{
	if (foreign_leads_in(c))
		return KEEPIN_COVERED;
	return c->proto == RIB_CONNECTED ? KEEPIN_CONNECTED : KEEPIN_WANTED;
}

/* The route of somebody else at N by which packets go; F: our route there. */
static const struct rib_cand *foreign_in_front(const struct rib_node *n, const struct fib *f)
{
	const struct rib_cand *c = rib_foreign(n);

	return c && fib_has_route(f) && c->metric >= zconfig.metric ? NULL : c;
}

/* By the next shorter prefix that has a route. */
static enum keepin_state judge_cover(const struct prefix *p, enum keepin_when when)
{
	for (const struct rib_node *n = rib_cover_of(p); n; n = rib_cover(n)) {
		const struct fib *f = fib_when(n, when);
		const struct rib_cand *c = foreign_in_front(n, f);

		if (c)
			return judge_foreign(c);
		if (!fib_has_route(f))
			continue;
		if (!keepin_leads_in(f))
			return KEEPIN_WANTED;
		return is_kept_in(n) || !has_own(p, when) ? KEEPIN_COVERED : KEEPIN_WANTED;
	}
	return KEEPIN_WANTED;
}

static void put_ways(struct kroute *k, const struct ways *ways)
{
	for (unsigned i = 0; ways && i < ways->n; i++)
		k->way[k->n_ways++] = ways->way[i];
}

bool keepin_default_way(uint8_t family, struct kroute *k)
{
	const struct prefix all = {.family = family};
	const struct rib_node *n = rib_find(&all);
	const struct fib *f = n ? rib_installed(n) : NULL;
	const struct rib_cand *c = n ? rib_foreign(n) : NULL;

	*k = (struct kroute){.prefix = all, .type = RTN_UNICAST};
	if (keepin_leads_in(f)) {
		k->oif = fib_oif(f);
		k->nhid = f->nh ? f->nh->id : 0;
		k->gateway = f->gateway;
		put_ways(k, f->ways);
		return true;
	}
	if (!c || c->type != RTN_UNICAST || !foreign_leads_in(c))
		return false;
	k->oif = c->oif;
	k->gateway = c->gateway;
	put_ways(k, c->ways);
	return true;
}

enum keepin_state keepin_judge(const struct keepin *e, enum keepin_when when)
{
	enum keepin_state state;

	if (!e->learned && !e->permit)
		return KEEPIN_OVER;
	if (!zconfig.kernel)
		return KEEPIN_KERNEL_OFF;
	state = judge_cover(&e->node.p, when);
	if (state != KEEPIN_WANTED)
		return state;
	switch (pin_ask_kept(&e->node.p)) {
	case PIN_REFUSED:
		return KEEPIN_ENDPOINT;
	case PIN_WAIT: /* what is there stays: else a private packet would leave meanwhile */
		return e->installed ? KEEPIN_WANTED : KEEPIN_PIN_AWAITED;
	default:
		return KEEPIN_WANTED;
	}
}
