/* SPDX-License-Identifier: BSD-2-Clause */
#include "nexthop.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "configured.h"
#include "fib.h"
#include "log.h"
#include "loop.h"
#include "nhobj.h"
#include "out.h"
#include "planes.h"
#include "rib.h"
#include "util.h"
#include "zceiling.h"
#include "zconfig.h"

_Static_assert(sizeof(struct route_hop) == sizeof(struct addr) + 3, "hops are compared as bytes");

#define DEPTH_MAX 3 /* learned routes between a next hop and the wire */
#define TELL_MS 30  /* bgpd waits no longer for local repair */
#define SETTLE_MS 10000
#define WAYS_MS 10000 /* in this time one may be led elsewhere by learned routes so often: */
#define WAYS_MAX 16

static struct trie table;
struct islab hopset_numbers = {.stride = sizeof(struct hopset *)};

static struct hash_table sets;
static bool to_look; /* there are lists whose prefixes are to be looked at */
static TAILQ_HEAD(, nexthop) dirty = TAILQ_HEAD_INITIALIZER(dirty);
static struct job job;
static struct timer tell_timer, held_timer;
static struct log_bucket held_bucket;
static bool tell_due; /* there are some that are to be told */
static bool kernel_ready, tunnels_ready;

static struct nexthop *nh_of(struct trie_node *t)
{
	return t ? container_of(t, struct nexthop, node) : NULL;
}

struct nexthop *nexthop_first(void)
{
	return nh_of(trie_first(&table));
}

struct nexthop *nexthop_next(const struct nexthop *nh)
{
	return nh_of(trie_next(&table, &nh->node));
}

struct nexthop *nexthop_find(const struct addr *a)
{
	struct prefix host = prefix_of_addr(a);

	return a->family ? nh_of(trie_exact(&table, &host)) : NULL;
}

bool nexthop_usable(const struct nexthop *nh)
{
	return nh->kind != HOP_NONE && nh->reach != REACH_DOWN;
}

bool nexthop_settled(const struct nexthop *nh)
{
	return !nh->to_tell && (!nh->changed_ms || now_ms() - nh->changed_ms >= SETTLE_MS);
}

unsigned nexthop_level(const struct nexthop *nh)
{
	if (nh->kind == HOP_NONE)
		return HOP_OUT;
	if (nh->reach == REACH_DOWN)
		return zconfig.last_path_keep && nh->weak ? DEMOTED_LAST : HOP_OUT;
	return nh->reach == REACH_DEGRADED ? DEMOTED : DEMOTED_NOT;
}

unsigned hop_level(const struct hop_ref *r)
{
	unsigned state = nexthop_level(r->nh);

	return state > r->demotion ? state : r->demotion;
}

static bool run_job(void *arg)
{
	nexthop_run();
	return false;
}

static void make_dirty(struct nexthop *nh)
{
	if (nh->dirty)
		return;
	nh->dirty = true;
	TAILQ_INSERT_TAIL(&dirty, nh, queue);
	if (!job.ready)
		job_init(&job, run_job, NULL);
	job_start(&job);
}

static void release(struct nexthop *nh)
{
	if (nh->watched || !LIST_EMPTY(&nh->users))
		return;
	if (nh->dirty)
		TAILQ_REMOVE(&dirty, nh, queue);
	trie_remove(&table, &nh->node);
	free(nh);
}

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

bool nexthop_refused_if(uint32_t oif)
{
	return !tunnel_if_by_index(oif) && out.link_name &&
	       configured_interface(out.link_name(oif));
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
	if (nexthop_refused_if(oif))
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
		return via_link(r, &nh->addr, cand->oif, &cand->gateway);
	}
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
	tell_due = false;
	timer_stop(&tell_timer);
	for (struct nexthop *nh = nexthop_first(); nh; nh = nexthop_next(nh))
		if (nh->to_tell && nh->watched)
			tell(nh);
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

static void users_dirty(struct nexthop *nh, bool urgent)
{
	struct hop_ref *ref;

	LIST_FOREACH (ref, &nh->users, link) {
		to_look = true;
		if (urgent)
			ref->set->look = LOOK_URGENTLY;
		else if (!ref->set->look)
			ref->set->look = LOOK;
	}
	rib_statics_dirty();
}

/* Queues the prefixes of all lists that are to be looked at. */
static void look_at_prefixes(void)
{
	struct rib_node *n;
	uint32_t at = 0;

	if (!to_look)
		return;
	while ((n = rib_walk(&at))) {
		const struct hopset *s = rib_hops(n);

		if (s && s->look)
			fib_dirty(n, s->look == LOOK_URGENTLY);
	}
	for (struct hash_node *h = hash_first(&sets); h; h = hash_next(&sets, h))
		container_of(h, struct hopset, hash)->look = LOOK_NOT;
	to_look = false;
}

void nexthop_users_dirty(struct nexthop *nh)
{
	users_dirty(nh, false);
	look_at_prefixes();
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
			make_dirty(nh);
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
static bool hold(struct nexthop *nh, const struct resolution *r)
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
	log_limited(&held_bucket, LOG_LEVEL_WARN, "nexthop-held", "address=%s seconds=%u",
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
	if (path && hold(nh, &r))
		return;
	/* A session ends by DOWN, however short. */
	if (nh->to_tell && nh->watched && nh->reach == REACH_DOWN &&
	    (r.reach != REACH_DOWN || r.weak != nh->weak))
		tell(nh);
	take_over(nh, &r);
	if (path) {
		nh->changed_ms = now_ms();
		rib_ceilings_again();
	}
	if (path || nexthop_level(nh) != was) {
		log_info("nexthop", "address=%s state=%s reason=%s", ADDR_STR(&nh->addr),
			 reach_name(nh->reach), reason_name(nh->reason));
		fib_counters.repairs += nexthop_level(nh) > was && !LIST_EMPTY(&nh->users);
		nhobj_hop_changed(nh);
		users_dirty(nh, nexthop_level(nh) > was);
	}
	if (told && nh->watched)
		nh->to_tell = tell_due = true;
}

void nexthop_run(void)
{
	struct nexthop *nh;

	while ((nh = TAILQ_FIRST(&dirty))) {
		TAILQ_REMOVE(&dirty, nh, queue);
		nh->dirty = false;
		look_at(nh);
	}
	look_at_prefixes();
	nexthop_tell();
}

static void tell_all(void)
{
	nexthop_run();
	for (struct nexthop *nh = nexthop_first(); nh; nh = nexthop_next(nh))
		if (nh->watched && !nh->told_before)
			tell(nh);
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

static struct nexthop *get(const struct addr *a)
{
	struct prefix host = prefix_of_addr(a);
	struct nexthop *nh = nh_of(trie_exact(&table, &host));
	struct resolution r;

	if (nh)
		return nh;
	nh = xcalloc(1, sizeof(*nh));
	nh->addr = *a;
	trie_insert(&table, &nh->node, &host);
	resolve(nh, &r);
	take_over(nh, &r);
	rib_ceilings_again(); /* it may lead elsewhere than when it was here last */
	return nh;
}

void nexthop_watch(const struct addr *a)
{
	struct nexthop *nh = get(a);

	nh->watched = true;
	tell(nh);
}

void nexthop_unwatch(const struct addr *a)
{
	struct prefix host = prefix_of_addr(a);
	struct nexthop *nh = nh_of(trie_exact(&table, &host));

	if (!nh)
		return;
	nh->watched = false;
	release(nh);
}

void nexthop_forget_watches(void)
{
	struct nexthop *nh, *next;

	for (nh = nexthop_first(); nh; nh = next) {
		next = nexthop_next(nh);
		nh->watched = nh->told_before = false;
		release(nh);
	}
}

void nexthop_tunnel_changed(const struct tunnel_peer *p)
{
	for (struct nexthop *nh = nexthop_first(); nh; nh = nexthop_next(nh)) {
		if (nh->peer == p)
			make_dirty(nh);
		for (unsigned i = 0; i < p->n_addrs; i++)
			if (addr_eq(&p->addrs[i], &nh->addr))
				make_dirty(nh);
	}
}

void nexthop_tunnel_if_changed(const struct tunnel_if *i)
{
	nexthop_link_changed(i->ifindex);
}

void nexthop_owners_changed(const struct tunnel_if *i)
{
	nexthop_all_changed();
	for (struct nexthop *nh = nexthop_first(); nh; nh = nexthop_next(nh))
		if (nh->peer && nh->peer->iface == i)
			users_dirty(nh, false);
}

void nexthop_link_changed(uint32_t ifindex)
{
	for (struct nexthop *nh = nexthop_first(); nh; nh = nexthop_next(nh))
		if (nh->oif == ifindex || nh->kind == HOP_NONE)
			make_dirty(nh);
}

void nexthop_all_changed(void)
{
	for (struct nexthop *nh = nexthop_first(); nh; nh = nexthop_next(nh))
		make_dirty(nh);
}

void nexthop_route_changed(const struct prefix *p)
{
	if (!table.count)
		return;
	for (struct trie_node *t = trie_first_in(&table, p); t; t = trie_next_in(&table, t, p))
		if (p->len >= nh_of(t)->via_len)
			make_dirty(nh_of(t));
}

/* --- ranked lists --- */

static bool hops_equal(const struct hopset *s, const struct route_hops *hops)
{
	struct route_hop same[ROUTE_HOPS_MAX];

	for (unsigned i = 0; i < s->n; i++)
		same[i] = (struct route_hop){s->ref[i].nh->addr, s->ref[i].source,
					     s->ref[i].demotion, s->ref[i].weight};
	return s->n == hops->n && !memcmp(same, hops->hop, s->n * sizeof(same[0]));
}

struct hopset *hopset_get(const struct route_hops *hops)
{
	uint32_t hash = hash_bytes(hops->hop, hops->n * sizeof(hops->hop[0]));
	struct hopset *s;

	for (struct hash_node *h = hash_find(&sets, hash); h; h = hash_find_next(h)) {
		s = container_of(h, struct hopset, hash);
		if (hops_equal(s, hops))
			return hopset_ref(s);
	}
	s = xcalloc(1, sizeof(*s) + hops->n * sizeof(s->ref[0]));
	s->refs = 1;
	s->id = islab_alloc(&hopset_numbers);
	*(struct hopset **)islab_at(&hopset_numbers, s->id) = s;
	s->n = hops->n;
	for (unsigned i = 0; i < s->n; i++) {
		s->ref[i].nh = get(&hops->hop[i].addr);
		s->ref[i].set = s;
		s->ref[i].source = hops->hop[i].source;
		s->ref[i].demotion = hops->hop[i].demotion;
		s->ref[i].weight = hops->hop[i].weight;
		LIST_INSERT_HEAD(&s->ref[i].nh->users, &s->ref[i], link);
	}
	hash_insert(&sets, &s->hash, hash);
	return s;
}

struct hopset *hopset_ref(struct hopset *s)
{
	s->refs++;
	return s;
}

void hopset_unref(struct hopset *s)
{
	ensure(s->refs);
	if (--s->refs)
		return;
	hash_remove(&sets, &s->hash);
	islab_release(&hopset_numbers, s->id);
	for (unsigned i = 0; i < s->n; i++) {
		LIST_REMOVE(&s->ref[i], link);
		release(s->ref[i].nh);
	}
	free(s);
}

bool hopset_has(const struct hopset *s, const struct nexthop *nh)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->ref[i].nh == nh)
			return true;
	return false;
}

bool hopset_has_peer(const struct hopset *s, const struct tunnel_peer *p)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->ref[i].nh->peer == p)
			return true;
	return false;
}

void nexthop_reset(void)
{
	nexthop_forget_watches();
	ensure(!table.count && !sets.count);
	hash_clear(&sets);
	islab_destroy(&hopset_numbers);
	if (job.ready)
		job_stop(&job);
	timer_stop(&tell_timer);
	timer_stop(&held_timer);
	job.ready = held_timer.ready = tell_timer.ready = tell_due = kernel_ready = tunnels_ready =
		false;
}
