/* SPDX-License-Identifier: BSD-2-Clause */
#include "nexthop.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "configured.h"
#include "fib.h"
#include "kernel.h"
#include "log.h"
#include "loop.h"
#include "nhobj.h"
#include "out.h"
#include "planes.h"
#include "repair_times.h"
#include "rib.h"
#include "util.h"
#include "zceiling.h"
#include "zconfig.h"

#define DEPTH_MAX 3   /* learned routes between a next hop and the wire */
#define TELL_MS 30    /* bgpd waits no longer for local repair */
#define WAYS_MS 10000 /* in this time one may be led elsewhere by learned routes so often: */
#define WAYS_MAX 16

static struct job job;
static struct timer tell_timer, held_timer;
static struct log_bucket held_bucket;
static bool tell_due; /* there are some that are to be told */
static bool kernel_ready, tunnels_ready;

/* --- resolution --- */

struct resolution {
	struct tunnel_peer *peer;
	struct addr gateway;
	uint32_t oif, cost;
	uint8_t kind, reach, reason, depth, via_len;
	bool weak, connected, stranger;
};

static void via_tunnel(struct resolution *r, struct tunnel_peer *p)
{
	r->kind = HOP_TUNNEL;
	r->peer = p;
	r->oif = p->iface->ifindex;
	r->cost = p->cost;
	if (!p->iface->up || p->gone) {
		r->reach = REACH_DOWN;
		r->reason = p->gone ? REASON_PEER_GONE : REASON_INTERFACE_DOWN;
	} else if (!tunnel_state_usable(p->state)) {
		r->reach = REACH_DOWN;
		r->reason = p->reason ? p->reason : REASON_TUNNEL_DOWN;
		r->weak = p->weak;
	} else if (p->state == TUNNEL_DEGRADED) {
		r->reach = REACH_DEGRADED;
		r->reason = p->reason;
	} else {
		r->reach = REACH_UP;
		r->reason = REASON_NONE;
	}
}

/* What leads to a tunnel leads nowhere as long as wgd cannot use its interface, or the peer is
 * disabled: neither to somebody else's peer there nor by another way. */
static bool via_nothing(struct resolution *r, enum reason reason)
{
	r->reach = REACH_DOWN;
	r->reason = reason;
	return true;
}

/* Through a route with an interface and perhaps a gateway. */
static bool via_link(struct resolution *r, const struct addr *to, uint32_t oif,
		     const struct addr *gateway)
{
	struct tunnel_if *iface = tunnel_if_by_index(oif);

	if (iface) {
		struct tunnel_peer *p = tunnel_fixed_owner(iface, to);

		if (!p && !iface->adopted) /* nor has anybody else a peer there */
			r->reason = REASON_NO_PEER;
		if (!p)
			return false;
		via_tunnel(r, p);
		return true;
	}
	if (configured_refused_if(oif))
		return via_nothing(r, REASON_INTERFACE_REFUSED);
	if (!oif || (out.link_up && !out.link_up(oif)))
		return false;
	r->kind = HOP_GATEWAY;
	r->oif = oif;
	r->gateway = *gateway;
	r->reach = REACH_UP;
	r->reason = REASON_NONE;
	r->connected = !gateway->family;
	return true;
}

/* Through a route that itself has a next hop: what that one resolved to. */
static bool via_hops(struct resolution *r, const struct nexthop *nh, const struct hopset *s,
		     const struct hop_ref *hop)
{
	if (!hop || hop->nh == nh || hopset_has(s, nh) || hop->nh->depth >= DEPTH_MAX)
		return false;
	r->depth = hop->nh->depth + 1;
	if (hop->nh->kind == HOP_TUNNEL) {
		via_tunnel(r, hop->nh->peer);
	} else {
		r->kind = HOP_GATEWAY;
		r->reach = REACH_UP;
		r->reason = REASON_NONE;
		r->oif = hop->nh->oif;
		r->gateway = hop->nh->gateway.family ? hop->nh->gateway : hop->nh->addr;
	}
	return true;
}

/* Not through a default route, unless configured: the tunnel address of an interface that is
 * missing would else be "reached" by the underlay, and private traffic leave in the clear. */
static bool via_node(struct resolution *r, const struct nexthop *nh, const struct rib_node *n)
{
	struct rib_cand *cand;
	enum rib_proto proto = rib_select(n, &cand);
	struct way way;

	if (!n->len && !zconfig.via_default)
		return false;
	switch (proto) {
	case RIB_NONE:
	case RIB_PIN:
		return false;
	case RIB_BGP: /* only when it is in the kernel, and never a default route */
		return rib_installed(n) && rib_installed(n)->type == RTN_UNICAST && n->len &&
		       via_hops(r, nh, rib_hops(n), rib_active_hop(n, rib_hops(n)));
	default:
		if (cand->type != RTN_UNICAST)
			return false;
		if (cand->hops)
			return via_hops(r, nh, cand->hops, rib_static_hop(n, cand->hops));
		return rib_cand_way(cand, 0, &way) && via_link(r, &nh->addr, way.oif, &way.gateway);
	}
}

static uint32_t link_by_name(const char *name)
{
	const struct tunnel_if *i;

	LIST_FOREACH (i, tunnel_all_ifs(), link)
		if (str_eq(i->name, name))
			return i->ifindex;
	return kernel_link_by_name(name);
}

/* A link-local address is on its link, or nowhere. */
static void via_own_link(struct resolution *r, const struct addr *a)
{
	static const struct addr none;
	uint32_t oif = link_by_name(addr_link(a));

	if (!oif || !via_link(r, a, oif, &none))
		return;
	r->via_len = family_bits(a->family);
	r->stranger = r->kind == HOP_GATEWAY && zceiling_is_stranger(a, &none, oif);
}

static void resolve(const struct nexthop *nh, struct resolution *r)
{
	struct tunnel_peer *p = tunnel_by_addr(&nh->addr);

	*r = (struct resolution){.reach = REACH_DOWN, .reason = REASON_NEXTHOP_UNREACHABLE};
	if (p) {
		via_tunnel(r, p);
		r->connected = true;
		r->via_len = family_bits(nh->addr.family);
		return;
	}
	if (configured_address(&nh->addr)) {
		via_nothing(r, configured_address(&nh->addr));
		return;
	}
	if (addr_has_link(&nh->addr)) {
		if (nh->addr.family == AF_INET6)
			via_own_link(r, &nh->addr);
		return;
	}
	for (struct rib_node *n = rib_match(&nh->addr); n; n = rib_cover(n))
		if (via_node(r, nh, n)) {
			r->via_len = n->len;
			r->stranger = r->kind == HOP_GATEWAY &&
				      zceiling_is_stranger(&nh->addr, &r->gateway, r->oif);
			return;
		}
	if (planes_several() && tunnel_by_addr_anywhere(&nh->addr))
		r->reason = REASON_OTHER_PLANE;
}

static void tell(struct nexthop *nh)
{
	struct msg_nexthop m = {
		.addr = nh->addr,
		.reach = nh->reach,
		.reason = nh->reach == REACH_UP ? REASON_NONE : nh->reason,
		.weak = nh->weak,
		.connected = nh->connected,
		.tunnel = nh->kind == HOP_TUNNEL,
		.cost = nh->cost,
	};

	if (!kernel_ready || !tunnels_ready)
		return;
	if (nh->stranger) {
		m.reach = REACH_DOWN;
		m.reason = REASON_NOT_A_TUNNEL;
	}
	if (nh->kind == HOP_TUNNEL) {
		str_copy(m.ifname, nh->peer->iface->name, sizeof(m.ifname));
		str_copy(m.peer, nh->peer->name, sizeof(m.peer));
	} else if (nh->oif && out.link_name) {
		str_copy(m.ifname, out.link_name(nh->oif), sizeof(m.ifname));
	}
	nh->told_before = true;
	nh->to_tell = false;
	if (out.nexthop)
		out.nexthop(&m);
}

static void tell_changed(void *arg)
{
	timer_stop(&tell_timer);
	for (struct nexthop *nh = nexthop_first(); nh; nh = nexthop_next(nh)) {
		if (!nh->to_tell || !nh->watched)
			continue;
		if (out_bgpd_full())
			return; /* nexthop_tell() */
		tell(nh);
	}
	tell_due = false;
}

/* What is to be repaired here comes first: bgpd's decisions about the same prefixes would take the
 * processor from it. */
void nexthop_tell(void)
{
	if (!tell_due)
		return;
	if (!fib_repairing()) {
		tell_changed(NULL);
		return;
	}
	if (!tell_timer.ready)
		timer_init(&tell_timer, tell_changed, NULL);
	if (!timer_running(&tell_timer))
		timer_start(&tell_timer, TELL_MS);
}

static void take_over(struct nexthop *nh, const struct resolution *r)
{
	nh->kind = r->kind;
	nh->peer = r->peer;
	nh->oif = r->oif;
	nh->gateway = r->gateway;
	nh->cost = r->cost;
	nh->reach = r->reach;
	nh->reason = r->reason;
	nh->weak = r->weak;
	nh->depth = r->depth;
	nh->via_len = r->via_len;
	nh->connected = r->connected;
	nh->stranger = r->stranger;
}

static void release_held(void *arg)
{
	for (struct nexthop *nh = nexthop_first(); nh; nh = nexthop_next(nh)) {
		if (nh->held)
			nexthop_mark(nh);
		nh->held = false;
	}
}

/* What it was resolved to does as it did, or it led nowhere. */
static bool still_leads(const struct nexthop *nh)
{
	if (nh->kind == HOP_TUNNEL)
		return tunnel_usable(nh->peer);
	return nh->kind == HOP_NONE || !out.link_up || out.link_up(nh->oif);
}

/* Learned routes whose next hops rest on each other need never come to rest. A next hop that is
 * led elsewhere by them again and again stays where it is until a while later. */
static bool nexthop_hold(struct nexthop *nh, const struct resolution *r)
{
	uint64_t now = now_ms();

	if (!nh->depth && !r->depth)
		return false;
	if (now - nh->ways_ms >= WAYS_MS) {
		nh->ways_ms = now;
		nh->ways = 0;
	}
	if (nh->ways < WAYS_MAX)
		nh->ways++;
	else if (still_leads(nh))
		nh->held = true;
	if (!nh->held)
		return false;
	log_limited(&held_bucket, LOG_LEVEL_WARN, "nexthop-held", "next-hop=%s seconds=%u",
		    ADDR_STR(&nh->addr), WAYS_MS / 1000);
	if (!held_timer.ready)
		timer_init(&held_timer, release_held, NULL);
	if (!timer_running(&held_timer))
		timer_start(&held_timer, WAYS_MS);
	return true;
}

/* Looks at NH again; what depends on it is queued, and bgpd to be told where something changed. */
static void look_at(struct nexthop *nh)
{
	unsigned was = nexthop_level(nh);
	bool path, told;
	struct resolution r;

	resolve(nh, &r);
	path = r.kind != nh->kind || r.peer != nh->peer || r.oif != nh->oif ||
	       r.stranger != nh->stranger || !addr_eq(&r.gateway, &nh->gateway);
	told = path || r.reach != nh->reach || r.weak != nh->weak || r.reason != nh->reason ||
	       r.cost != nh->cost || r.connected != nh->connected || !nh->told_before;
	nh->held = false;
	if (path && nexthop_hold(nh, &r))
		return;
	/* A session ends by DOWN, however short; not where bgpd never heard that it was up. */
	if (nh->to_tell && nh->watched && nh->told_before && nh->reach == REACH_DOWN &&
	    (r.reach != REACH_DOWN || r.weak != nh->weak))
		tell(nh);
	take_over(nh, &r);
	if (path) {
		nh->changed_ms = now_ms();
		rib_ceilings_again();
	}
	if (path || nexthop_level(nh) != was) {
		/* bgpd says it to people, where paths use it */
		log_debug("nexthop", "next-hop=%s state=%s reason=%s", ADDR_STR(&nh->addr),
			  reach_name(nh->reach), reason_name(nh->reason));
		if (nexthop_level(nh) > was && !LIST_EMPTY(&nh->users)) {
			fib_counters.repairs++;
			if (nh->kind == HOP_TUNNEL && nh->reach == REACH_DOWN)
				repair_fell();
		}
		nhobj_hop_changed(nh);
		nexthop_users_mark(nh, nexthop_level(nh) > was);
	}
	if (told && nh->watched)
		nh->to_tell = tell_due = true;
}

void nexthop_run(void)
{
	struct nexthop *nh;

	while ((nh = nexthop_take_marked()))
		look_at(nh);
	nexthop_users_look();
	repair_look(fib_repairing());
	nexthop_tell();
}

static bool run_job(void *arg)
{
	nexthop_run();
	return false;
}

static void nexthop_wake(void)
{
	if (!job.ready)
		job_init(&job, run_job, NULL);
	job_start(&job);
}

void nexthop_open(void)
{
	hopset_open(nexthop_wake);
}

static void tell_all(void)
{
	nexthop_run();
	for (struct nexthop *nh = nexthop_first(); nh; nh = nexthop_next(nh)) {
		if (!nh->watched || nh->told_before)
			continue;
		if (out_bgpd_full())
			nh->to_tell = tell_due = true;
		else
			tell(nh);
	}
}

void nexthop_kernel_ready(void)
{
	kernel_ready = true;
	tell_all();
}

void nexthop_tunnels_ready(void)
{
	tunnels_ready = true;
	tell_all();
}

/* --- who is interested --- */

static struct nexthop *get_resolved(const struct addr *a)
{
	bool made;
	struct nexthop *nh = nexthop_get(a, &made);
	struct resolution r;

	if (!made)
		return nh;
	resolve(nh, &r);
	take_over(nh, &r);
	rib_ceilings_again(); /* it may lead elsewhere than when it was here last */
	return nh;
}

struct hopset *hopset_get(const struct route_hops *hops)
{
	uint32_t hash = hash_bytes(hops->hop, hops->n * sizeof(hops->hop[0]));
	struct hopset *s = hopset_find(hops, hash);
	struct nexthop *nh[ROUTE_HOPS_MAX];

	if (s)
		return s;
	for (unsigned i = 0; i < hops->n; i++)
		nh[i] = get_resolved(&hops->hop[i].addr);
	return hopset_new(hops, hash, nh);
}

void nexthop_watch(const struct addr *a)
{
	struct nexthop *nh = get_resolved(a);

	nh->watched = true;
	tell(nh);
}

void nexthop_unwatch(const struct addr *a)
{
	struct nexthop *nh = nexthop_find(a);

	if (!nh)
		return;
	nh->watched = false;
	nexthop_release(nh);
}

void nexthop_forget_watches(void)
{
	struct nexthop *nh, *next;

	for (nh = nexthop_first(); nh; nh = next) {
		next = nexthop_next(nh);
		nh->watched = nh->told_before = false;
		nexthop_release(nh);
	}
}

void nexthop_reset(void)
{
	nexthop_forget_watches();
	hopset_reset();
	if (job.ready)
		job_stop(&job);
	timer_stop(&tell_timer);
	timer_stop(&held_timer);
	job.ready = held_timer.ready = tell_timer.ready = tell_due = kernel_ready = tunnels_ready =
		false;
}
