/* SPDX-License-Identifier: BSD-2-Clause */
#include "fib_internal.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "log.h"
#include "loop.h"
#include "nftset.h"
#include "nhobj.h"
#include "planes.h"
#include "rib.h"
#include "rib_kernel.h"
#include "slab.h"
#include "util.h"
#include "zceiling.h"
#include "zconfig.h"

struct lingering {
	TAILQ_ENTRY(lingering) link;
	struct prefix prefix;
	uint64_t due_ms;
};

unsigned fib_linger_ms = 3000;

struct islab fib_numbers = {.stride = sizeof(struct fib *)};

static struct hash_table fibs;
static struct slab lingers = SLAB_INIT("linger", struct lingering);
static TAILQ_HEAD(, lingering) linger_queue = TAILQ_HEAD_INITIALIZER(linger_queue);
static struct timer linger_timer;
static struct log_bucket drift_bucket;

/* --- interning --- */

static uint32_t plan_hash(const struct fib_plan *p)
{
	struct key {
		struct addr gateway;
		uint64_t word[2 + 2 * FIB_OWNERS_MAX]; /* as many as are filled count */
	} key;
	size_t n = 0;

	memset(&key, 0, offsetof(struct key, word));
	key.gateway = p->gateway;
	key.word[n++] = (uint64_t)p->oif << 8 | p->type;
	key.word[n++] = (uintptr_t)p->nh;
	for (unsigned i = 0; i < p->n; i++) {
		key.word[n++] = p->owner[i].ifindex;
		key.word[n++] = (uintptr_t)p->owner[i].peer;
	}
	return hash_bytes(&key, offsetof(struct key, word) + n * sizeof(key.word[0]));
}

static bool plan_equal(const struct fib *f, const struct fib_plan *p)
{
	if (f->type != p->type || f->oif != p->oif || f->nh != p->nh || f->n != p->n ||
	    !addr_eq(&f->gateway, &p->gateway))
		return false;
	for (unsigned i = 0; i < f->n; i++)
		if (f->owner[i].ifindex != p->owner[i].ifindex ||
		    f->owner[i].peer != p->owner[i].peer)
			return false;
	return true;
}

void fib_plan_route(struct fib_plan *p, const struct fib *f)
{
	p->type = f->type;
	p->oif = f->oif;
	p->nh = f->nh;
	p->gateway = f->gateway;
}

void fib_plan_but(struct fib_plan *p, const struct fib *f, uint32_t ifindex)
{
	if (!f)
		return;
	fib_plan_route(p, f);
	for (unsigned i = 0; i < f->n; i++)
		if (f->owner[i].ifindex != ifindex)
			fib_plan_owner(p, f->owner[i].ifindex, f->owner[i].peer);
}

bool fib_plan_owner(struct fib_plan *p, uint32_t ifindex, struct tunnel_peer *peer)
{
	unsigned i = p->n;

	if (p->n == FIB_OWNERS_MAX)
		return false;
	for (; i && p->owner[i - 1].ifindex > ifindex; i--)
		p->owner[i] = p->owner[i - 1];
	p->owner[i] = (struct fib_owner){ifindex, peer};
	p->n++;
	return true;
}

static bool plan_has_if(const struct fib_plan *p, uint32_t ifindex)
{
	for (unsigned i = 0; i < p->n; i++)
		if (p->owner[i].ifindex == ifindex)
			return true;
	return false;
}

void fib_plan_entry(struct fib_plan *p, const struct rib_node *n, const struct fib_owner *o)
{
	if (!plan_has_if(p, o->ifindex) && !fib_plan_owner(p, o->ifindex, o->peer))
		fib_entry(ALLOWED_UNSET, o->peer, RIB_PREFIX(n));
}

struct fib *fib_get(struct fib_plan *p)
{
	uint32_t hash;
	struct fib *f;

	if (!p->type && !p->n)
		return NULL;
	hash = plan_hash(p);
	for (struct hash_node *h = hash_find(&fibs, hash); h; h = hash_find_next(h)) {
		f = container_of(h, struct fib, hash);
		if (plan_equal(f, p))
			return fib_ref(f);
	}
	f = xcalloc(1, sizeof(*f) + p->n * sizeof(f->owner[0]));
	f->refs = 1;
	f->id = islab_alloc(&fib_numbers);
	*(struct fib **)islab_at(&fib_numbers, f->id) = f;
	f->oif = p->oif;
	f->nh = nhobj_ref(p->nh);
	f->gateway = p->gateway;
	f->type = p->type;
	f->n = p->n;
	for (unsigned i = 0; i < p->n; i++)
		f->owner[i] = p->owner[i];
	hash_insert(&fibs, &f->hash, hash);
	fib_counters.fibs = fibs.count;
	return f;
}

struct fib *fib_ref(struct fib *f)
{
	if (f)
		f->refs++;
	return f;
}

void fib_unref(struct fib *f)
{
	if (!f)
		return;
	ensure(f->refs);
	if (--f->refs)
		return;
	hash_remove(&fibs, &f->hash);
	fib_counters.fibs = fibs.count;
	nhobj_unref(f->nh);
	islab_release(&fib_numbers, f->id);
	free(f);
}

struct tunnel_peer *fib_owner_on(const struct fib *f, uint32_t ifindex)
{
	for (unsigned i = 0; f && i < f->n; i++)
		if (f->owner[i].ifindex == ifindex)
			return f->owner[i].peer;
	return NULL;
}

bool fib_same_route(const struct fib *a, const struct fib *b)
{
	if (!a || !b || !a->type || !b->type)
		return (a && a->type) == (b && b->type);
	return a->type == b->type && a->oif == b->oif && a->nh == b->nh &&
	       addr_eq(&a->gateway, &b->gateway);
}

unsigned fib_oifs(const struct fib *f, uint32_t oifs[ROUTE_HOPS_MAX])
{
	if (f->nh)
		return nhobj_oifs(f->nh, oifs);
	oifs[0] = f->oif;
	return f->oif != 0;
}

uint32_t fib_oif(const struct fib *f)
{
	uint32_t oifs[ROUTE_HOPS_MAX];

	return fib_oifs(f, oifs) ? oifs[0] : 0;
}

bool fib_leaves_by(const struct fib *f, uint32_t ifindex)
{
	uint32_t oifs[ROUTE_HOPS_MAX];
	unsigned n = fib_oifs(f, oifs);

	for (unsigned i = 0; i < n; i++)
		if (oifs[i] == ifindex)
			return true;
	return false;
}

bool fib_all_own(const struct nhobj *nh, uint32_t ifindex, const struct tunnel_peer *peer)
{
	for (struct hash_node *h = hash_first(&fibs); h; h = hash_next(&fibs, h)) {
		const struct fib *f = container_of(h, struct fib, hash);

		if (f->nh == nh && fib_owner_on(f, ifindex) != peer)
			return false;
	}
	return true;
}

/* --- entries that linger --- */

/* The last clock that was started counts: those before it were for entries wanted again since. */
static void clock_due(struct rib_node *n)
{
	if (!(n->flags & NODE_CLOCKS))
		return; /* of a node of this prefix that is no more */
	n->flags -= NODE_CLOCK;
	if ((n->flags & NODE_CLOCKS) || !(n->flags & NODE_LINGER))
		return;
	n->flags |= NODE_LINGER_DUE;
	fib_dirty(n, false);
}

static void linger_due(void *arg)
{
	uint64_t now = now_ms();
	struct lingering *l;

	while ((l = TAILQ_FIRST(&linger_queue)) && l->due_ms <= now) {
		struct rib_node *n = rib_find(&l->prefix);

		if (n)
			clock_due(n);
		TAILQ_REMOVE(&linger_queue, l, link);
		slab_free(&lingers, l);
	}
	fib_counters.lingering = lingers.used;
	if (l)
		timer_start(&linger_timer, l->due_ms - now);
}

static void linger_start(struct rib_node *n)
{
	struct lingering *l;

	if (n->flags & NODE_LINGER)
		return;
	n->flags |= NODE_LINGER;
	if ((n->flags & NODE_CLOCKS) == NODE_CLOCKS)
		return; /* that many in so short a time: with the last one */
	n->flags += NODE_CLOCK;
	l = slab_alloc(&lingers);
	l->prefix = rib_prefix(n);
	l->due_ms = now_ms() + fib_linger_ms;
	TAILQ_INSERT_TAIL(&linger_queue, l, link);
	fib_counters.lingering = lingers.used;
	if (!linger_timer.ready)
		timer_init(&linger_timer, linger_due, NULL);
	if (!timer_running(&linger_timer))
		timer_start(&linger_timer, fib_linger_ms);
}

void fib_linger_reset(void)
{
	timer_stop(&linger_timer);
	linger_timer.ready = false;
	TAILQ_INIT(&linger_queue);
	slab_destroy(&lingers);
	hash_clear(&fibs);
	islab_destroy(&fib_numbers);
}

/* --- what a prefix should have --- */

/* The hop is refused for N, in a list of that protocol. */
static bool is_refused(const struct rib_node *n, uint8_t proto, const struct nexthop *nh)
{
	if (!rib_refusals(n))
		return false;
	return proto == RIB_BGP ? rib_refusal(n, &nh->addr) : rib_static_refusal(n, &nh->addr);
}

/* Some peer of the interface is in the list and may be used. */
static bool if_usable(const struct rib_node *n, uint8_t proto, const struct hopset *s,
		      uint32_t ifindex)
{
	for (unsigned i = 0; i < s->n; i++) {
		const struct nexthop *nh = s->ref[i].nh;

		if (nh->kind == HOP_TUNNEL && nh->oif == ifindex &&
		    hop_level(&s->ref[i]) < HOP_OUT && !is_refused(n, proto, nh))
			return true;
	}
	return false;
}

/* O is not what the list gives, but may stay. */
static bool may_stay(const struct rib_node *n, const struct fib_plan *plan,
		     const struct fib_owner *o)
{
	return !plan_has_if(plan, o->ifindex) && !o->peer->gone && !o->peer->iface->any &&
	       (plan->proto != RIB_BGP ||
		zceiling_judge_peer(RIB_PREFIX(n), o->peer) == REASON_NONE);
}

/* Entries that the list no longer gives but that stay for now: the peer is in the list and only
 * down, or the path was withdrawn a moment ago. Where there is no room these go at once. */
static void keep_entries(struct rib_node *n, const struct hopset *s, struct fib_plan *plan)
{
	const struct fib *old = rib_installed(n);
	bool lingers_on = false;

	for (unsigned i = 0; old && i < old->n; i++) {
		const struct fib_owner *o = &old->owner[i];

		if (may_stay(n, plan, o) && hopset_has_peer(s, o->peer) &&
		    !if_usable(n, plan->proto, s, o->ifindex))
			fib_plan_owner(plan, o->ifindex, o->peer);
	}
	for (unsigned i = 0; old && i < old->n; i++) {
		const struct fib_owner *o = &old->owner[i];

		if (!may_stay(n, plan, o))
			continue;
		if ((n->flags & NODE_LINGER_DUE) && old->nh && fib_leaves_by(old, o->ifindex))
			n->flags &= ~(NODE_LINGER | NODE_LINGER_DUE); /* until that has moved */
		if (n->flags & NODE_LINGER_DUE)
			continue;
		if (!fib_plan_owner(plan, o->ifindex, o->peer))
			break;
		linger_start(n);
		lingers_on = true;
	}
	if (!lingers_on)
		n->flags &= ~(NODE_LINGER | NODE_LINGER_DUE);
}

static uint8_t hop_family(const struct nexthop *nh)
{
	return nh->gateway.family ? nh->gateway.family : nh->addr.family;
}

/* The list in the order of its levels, of those that N may use; returns how many. */
static unsigned hops_in_order(const struct rib_node *n, uint8_t proto, struct hopset *s,
			      const struct nexthop *order[ROUTE_HOPS_MAX])
{
	unsigned count = 0, levels = 0;

	for (unsigned i = 0; i < s->n; i++)
		levels |= 1u << hop_level(&s->ref[i]);
	for (unsigned level = 0; level < HOP_OUT; level++) {
		for (unsigned i = 0; i < s->n && (levels >> level & 1); i++) {
			const struct nexthop *nh = s->ref[i].nh;

			if (hop_level(&s->ref[i]) != level || is_refused(n, proto, nh))
				continue;
			if (nh->kind == HOP_GATEWAY && hop_family(nh) != rib_family(n))
				continue;
			order[count++] = nh;
		}
	}
	return count;
}

/* The route follows the first hop that may be used; on each interface the first such peer has the
 * entry. */
static void plan_hops(struct rib_node *n, struct hopset *s, struct fib_plan *plan)
{
	const struct nexthop *order[ROUTE_HOPS_MAX], *first;
	unsigned count = hops_in_order(n, plan->proto, s, order);

	if (!count)
		return;
	first = order[0];
	plan->type = RTN_UNICAST;
	plan->oif = first->oif;
	plan->hop = first->addr;
	if (first->kind == HOP_GATEWAY)
		plan->gateway =
			addr_in_plane(first->gateway.family ? &first->gateway : &first->addr,
				      PLANE_MAIN); /* the kernel's have none */
	for (unsigned i = 0; i < count; i++) {
		const struct nexthop *nh = order[i];

		if (nh->kind == HOP_TUNNEL && !nh->peer->iface->any && !plan_has_if(plan, nh->oif))
			fib_plan_owner(plan, nh->oif, nh->peer);
	}
	keep_entries(n, s, plan);
	if (plan->proto == RIB_BGP)
		nhobj_choose(n, s, first, plan);
}

void fib_want(struct rib_node *n, struct fib_plan *plan)
{
	struct rib_cand *cand;

	*plan = (struct fib_plan){0};
	plan->proto = rib_select(n, &cand);
	if (!zconfig.kernel || !zconfig.plane_table[n->plane])
		return;
	switch (plan->proto) {
	case RIB_BGP:
		plan_hops(n, rib_hops(n), plan);
		break;
	case RIB_STATIC:
	case RIB_PIN:
	case RIB_TUNNEL:
		if (cand->hops) {
			plan_hops(n, cand->hops, plan);
			break;
		}
		plan->type = cand->type;
		plan->oif = cand->oif;
		plan->gateway = cand->gateway;
		break;
	case RIB_CONNECTED: /* the kernel has it in its main table only */
		if (n->plane) {
			plan->type = cand->type;
			plan->oif = cand->oif;
		}
		break;
	default:
		break;
	}
}

/* --- what a prefix has --- */

void fib_set_installed(struct rib_node *n, struct fib *f)
{
	bool moved = !fib_same_route(rib_installed(n), f);

	fib_unref(rib_installed(n));
	n->installed = f ? f->id : 0;
	rib_version++;
	nftset_route_changed(n);
	if (!moved)
		return;
	n->since = now_ms() / 1000;
	n->epoch = (uint16_t)rib_kernel_epoch;
	nexthop_route_changed(RIB_PREFIX(n));
}

void fib_set_owner(struct rib_node *n, struct tunnel_peer *peer)
{
	const struct fib *f = rib_installed(n);
	uint32_t ifindex = peer->iface->ifindex;
	struct fib_plan plan = {0};

	if (fib_owner_on(f, ifindex) == peer)
		return;
	fib_plan_owner(&plan, ifindex, peer);
	if (f)
		fib_plan_route(&plan, f);
	for (int leaves = 1; f && leaves >= 0; leaves--)
		for (unsigned i = 0; i < f->n; i++)
			if (fib_leaves_by(f, f->owner[i].ifindex) == leaves)
				fib_plan_entry(&plan, n, &f->owner[i]);
	fib_set_installed(n, fib_get(&plan));
	fib_dirty(n, false);
}

void fib_drop_route(struct rib_node *n)
{
	struct fib_plan plan = {0};
	const struct fib *f = rib_installed(n);

	for (unsigned i = 0; f && i < f->n; i++)
		fib_plan_owner(&plan, f->owner[i].ifindex, f->owner[i].peer);
	fib_set_installed(n, fib_get(&plan));
	if (!rib_installed(n))
		n->flags &= ~NODE_ADOPTED;
}

static void note_drift(const struct rib_node *n)
{
	fib_counters.drift++;
	fib_counters.drift_ms = now_ms();
	log_limited(&drift_bucket, LOG_LEVEL_WARN, "drift-repaired", "prefix=%s table=%u",
		    PREFIX_STR(RIB_PREFIX(n)), zconfig.plane_table[n->plane]);
}

/* With a link the kernel drops its routes, those of IPv4 without a word: nobody's drift. */
bool fib_fell(const struct fib *f, uint64_t since_ms)
{
	uint32_t oifs[ROUTE_HOPS_MAX];
	unsigned n;

	if (!f || !out.link_fell)
		return false;
	if (f->nh && f->nh->gone)
		return true;
	n = fib_oifs(f, oifs);
	for (unsigned i = 0; i < n; i++)
		if (out.link_fell(oifs[i], since_ms))
			return true;
	return false;
}

void fib_route_lost(struct rib_node *n)
{
	if (fib_fell(rib_installed(n), n->since * 1000ull))
		fib_counters.flushed++;
	else
		note_drift(n);
	fib_drop_route(n);
	fib_dirty(n, true);
}

void fib_route_found(struct rib_node *n, const struct kroute *r)
{
	const struct fib *f = rib_installed(n); /* until fib_set_installed() */
	bool changed = f && f->type;
	struct fib_plan plan = {.type = r->type, .gateway = r->gateway};

	if (changed)
		note_drift(n);
	else if (!f || !fib_begun())
		n->flags |= NODE_ADOPTED;
	plan.nh = nhobj_by_id(r->nhid);
	plan.oif = plan.nh ? 0 : r->oif;
	for (unsigned i = 0; f && i < f->n; i++)
		fib_plan_owner(&plan, f->owner[i].ifindex, f->owner[i].peer);
	fib_set_installed(n, fib_get(&plan));
	fib_dirty(n, changed);
}
