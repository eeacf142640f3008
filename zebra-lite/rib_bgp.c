/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_bgp: the ranked lists that bgpd sends.
 *
 * A list belongs to the bgpd that sent it: by a number that counts them. When another one comes the
 * old lists stay in force until it has sent everything, or until the time for that is over. What
 * was found at the start (ADOPTED) has one time for all of them, from the first one on: a bgpd that
 * dies again and again does not keep it for ever.
 */
#include "rib.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "fib.h"
#include "fib_retry.h"
#include "loop.h"
#include "pin.h"
#include "rib_kernel.h"
#include "zceiling.h"
#include "zconfig.h"

#define SWEEP_NODES 4096 /* a turn */

static struct timer sweep_timer, found_timer;
static struct job sweep_job;
static uint32_t sweep_at; /* place of the walk */
static uint16_t bgp_epoch;
static enum sweep { SWEEP_NOTHING, SWEEP_FOUND, SWEEP_ALL } sweeping;

/* A walk that tells bgpd what is to be redistributed: all, or what it has not heard yet; and
 * verdicts that it has not heard. */
static struct {
	enum { REDIST_NOTHING, REDIST_LATE, REDIST_ALL } what;
	uint32_t at, kept;
	void (*told)(uint32_t kept);
} redist;
static struct job redist_job;

static bool concerns(const struct refusal *r, const struct hopset *hops)
{
	for (unsigned i = 0; hops && i < hops->n; i++)
		if (!r->hop.family || addr_eq(&r->hop, &hops->ref[i].nh->addr))
			return true;
	return false;
}

/* Of the next hops that bgpd names by now it may have forgotten the refusals, with the last path of
 * the prefix: it hears them again. Late ones of those that it does not name any more are over. */
static void refusals_again(struct rib_node *n, const struct hopset *hops)
{
	for (struct refusal *r = rib_refusals(n), *next; r; r = next) {
		struct addr hop = r->hop;

		next = r->next;
		if (concerns(r, hops))
			rib_tell_again(n, r);
		else if (r->late)
			rib_clear(n, &hop, r->reason);
	}
}

/* bgpd has nothing for it: what was found is nobody's. */
static void unwanted(struct rib_node *n)
{
	if (!(n->flags & NODE_ADOPTED))
		return;
	n->flags &= ~NODE_ADOPTED;
	fib_dirty(n, false);
}

static void set_hops(struct rib_node *n, struct hopset *hops, bool told)
{
	n->bgp_epoch = bgp_epoch;
	if (!hops)
		unwanted(n);
	if (rib_hops(n) == hops) {
		if (hops)
			hopset_unref(hops);
		return;
	}
	if (n->hops)
		hopset_unref(rib_hops(n));
	n->hops = hops ? hops->id : 0;
	n->flags = told ? n->flags | NODE_TOLD : n->flags & ~NODE_TOLD;
	rib_version++;
	refusals_again(n, hops);
	rib_judge_distance(n);
	fib_dirty(n, false); /* in front of a pin that may go with it */
	pin_prefix_changed(n);
}

void rib_bgp_routes(const struct msg_routes *m, uint32_t generation)
{
	bool told = zceiling_known(generation);
	struct hopset *hops = m->hops.n ? hopset_get(&m->hops) : NULL;
	struct rib_node *nodes[RIB_SOME];
	uint32_t n;

	for (uint32_t i = 0; i < m->n_prefixes; i += n) {
		n = m->n_prefixes - i < RIB_SOME ? m->n_prefixes - i : RIB_SOME;
		rib_get_some(m->prefixes + i, n, hops != NULL, nodes);
		for (uint32_t k = 0; k < n; k++)
			if (nodes[k])
				set_hops(nodes[k], hops ? hopset_ref(hops) : NULL, told);
	}
	if (hops)
		hopset_unref(hops);
}

bool rib_bgp_stale(const struct rib_node *n)
{
	return n->hops && n->bgp_epoch != bgp_epoch;
}

/* --- what is kept --- */

/* A list of the bgpd before. Those that share the traffic now have a weight, whether or not they
 * had one; the others are what it falls back on. */
static void hops_kept(const struct rib_node *n, struct hopset *s, struct route_hops *to)
{
	const struct hop_ref *first = rib_active_hop(n, s);

	for (unsigned i = 0; first && i < s->n; i++) {
		const struct hop_ref *r = &s->ref[i];
		bool used = r == first ||
			    (first->weight && r->weight && hop_level(r) == hop_level(first));

		to->hop[to->n++] = (struct route_hop){
			.addr = r->nh->addr,
			.source = r->source,
			.demotion = r->demotion,
			.weight = !used	      ? 0
				  : r->weight ? r->weight
					      : 1,
		};
	}
}

/* Of the family of N where there is one: then it is the next hop that bgpd had. */
static const struct addr *address_for(const struct rib_node *n, const struct tunnel_peer *p)
{
	for (uint32_t i = 0; i < p->n_addrs; i++)
		if (p->addrs[i].family == rib_family(n))
			return &p->addrs[i];
	return p->n_addrs ? p->addrs : NULL;
}

/* A by itself leads by the best of the tunnels to its router, which may be another one than P. */
static struct addr address_by(const struct addr *a, const struct tunnel_peer *p)
{
	return tunnel_by_addr(a) == p ? *a : addr_by_link(a, p->iface->name);
}

/* By the I-th interface that F leaves by; family 0: whom that leads to is unknown. */
static struct addr hop_found(const struct rib_node *n, const struct fib *f, unsigned i,
			     uint32_t oif)
{
	const struct tunnel_peer *p = rib_found_peer(f, oif);
	const struct addr *a = p ? address_for(n, p) : NULL;
	struct addr gateway = f->ways ? f->ways->way[i].gateway : f->gateway;

	if (a || !gateway.family)
		return a ? address_by(a, p) : (struct addr){0};
	gateway = addr_on_link(&gateway, out.link_name ? out.link_name(oif) : "");
	return addr_in_plane(&gateway, n->plane);
}

/* Of a route that was found in the kernel and may be bgpd's. */
static void hops_found(const struct rib_node *n, struct route_hops *to)
{
	const struct fib *f = rib_installed(n);
	uint32_t oifs[ROUTE_HOPS_MAX];
	unsigned count;

	if (!f || f->type != RTN_UNICAST || !rib_found_beats_others(n) || !fib_found_stays(n))
		return;
	count = fib_oifs(f, oifs);
	for (unsigned i = 0; i < count; i++) {
		struct addr a = hop_found(n, f, i, oifs[i]);

		if (a.family)
			to->hop[to->n++] = (struct route_hop){.addr = a};
	}
}

static bool is_kept(const struct rib_node *n)
{
	return rib_bgp_stale(n) || (n->flags & NODE_ADOPTED);
}

/* A route of ours that is older than this bgpd: what it stands for was forwarded meanwhile. */
static bool was_before(const struct rib_node *n)
{
	const struct fib *f = rib_installed(n);

	return is_kept(n) || (bgp_epoch > 1 && f && f->type);
}

static void tell_kept(const struct rib_node *n)
{
	struct route_hops hops = {0};

	if (n->hops)
		hops_kept(n, rib_hops(n), &hops);
	else
		hops_found(n, &hops);
	if (hops.n && out.kept)
		out.kept(&hops, RIB_PREFIX(n));
}

/* --- redistribution --- */

/* What changed behind the walk while bgpd could not be told makes another one. */
static bool redist_done(void)
{
	void (*told)(uint32_t kept) = redist.told;

	redist.what = rib_is_late() ? REDIST_LATE : REDIST_NOTHING;
	redist.at = 0;
	redist.told = NULL;
	if (told)
		told(redist.kept);
	return redist.what != REDIST_NOTHING;
}

/* False: bgpd is behind, or all nodes were looked at. */
static bool redist_some(void *arg)
{
	struct rib_node *n;

	for (int i = 0; i < SWEEP_NODES; i++) {
		if (out_bgpd_full())
			return false; /* rib_redist_go_on() */
		n = rib_walk(&redist.at);
		if (!n)
			return redist_done();
		if (redist.what == REDIST_ALL) {
			redist.kept += was_before(n);
			if (is_kept(n))
				tell_kept(n);
		}
		if (!(n->flags & NODE_EXTRA))
			continue;
		rib_tell_refusals(n);
		rib_redist_update(n, redist.what == REDIST_ALL);
		rib_release(n); /* it stood for what bgpd had not heard yet */
	}
	return true;
}

static void redist_start(void)
{
	if (!redist_job.ready)
		job_init(&redist_job, redist_some, NULL);
	if (redist_some(NULL))
		job_start(&redist_job);
}

void rib_redist_all(void (*told)(uint32_t kept))
{
	rib_is_late();
	redist.what = REDIST_ALL;
	redist.at = redist.kept = 0;
	redist.told = told;
	redist_start();
}

void rib_redist_go_on(void)
{
	if (redist.what == REDIST_NOTHING && rib_is_late()) {
		redist.what = REDIST_LATE;
		redist.at = 0;
	}
	if (redist.what != REDIST_NOTHING)
		redist_start();
}

/* --- sweeping --- */

static bool sweep_some(void *arg)
{
	struct rib_node *n;

	for (int i = 0; i < SWEEP_NODES; i++) {
		n = rib_walk(&sweep_at);
		if (!n)
			break;
		if (sweeping == SWEEP_ALL && rib_bgp_stale(n))
			set_hops(n, NULL, false);
		else
			unwanted(n);
	}
	if (n)
		return true;
	sweeping = SWEEP_NOTHING;
	timer_stop(&found_timer);
	fib_swept();
	rib_kernel_take_strays();
	return false;
}

static void sweep_start(enum sweep what)
{
	if (!sweep_job.ready)
		job_init(&sweep_job, sweep_some, NULL);
	sweep_at = 0;
	sweeping = what;
	job_start(&sweep_job);
}

static void sweep_all(void *arg)
{
	timer_stop(&sweep_timer);
	sweep_start(SWEEP_ALL);
}

static void sweep_found(void *arg)
{
	if (sweeping == SWEEP_NOTHING)
		sweep_start(SWEEP_FOUND);
}

static void timers_start(void)
{
	uint64_t ms = zconfig.sweep_s * 1000ull;

	if (!sweep_timer.ready) {
		timer_init(&sweep_timer, sweep_all, NULL);
		timer_init(&found_timer, sweep_found, NULL);
	}
	timer_start(&sweep_timer, ms);
	if (!fib_is_swept() && !timer_running(&found_timer))
		timer_start(&found_timer, ms);
}

void rib_bgp_begin(void)
{
	bgp_epoch++;
	if (sweeping == SWEEP_ALL)
		sweeping = SWEEP_FOUND; /* the lists are the ones before this bgpd's now */
	rib_forget_refusals();
	timers_start();
}

void rib_bgp_synced(void)
{
	sweep_all(NULL);
}

void rib_reset(void)
{
	timer_stop(&sweep_timer);
	timer_stop(&found_timer);
	if (sweep_job.ready)
		job_stop(&sweep_job);
	if (redist_job.ready)
		job_stop(&redist_job);
	sweep_timer.ready = found_timer.ready = sweep_job.ready = redist_job.ready = false;
	sweeping = SWEEP_NOTHING;
	redist.what = REDIST_NOTHING;
	bgp_epoch = 0;
	rib_is_late();
	rib_ceiling_reset();
	fib_retry_reset();
	rib_forget_all();
}
