/* SPDX-License-Identifier: BSD-2-Clause */
#include "rib.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "fib.h"
#include "fib_retry.h"
#include "log.h"
#include "loop.h"
#include "pin.h"
#include "planes.h"
#include "slab.h"
#include "uplink.h"
#include "util.h"
#include "zceiling.h"
#include "zconfig.h"

#define AGAIN_MS                                                                         \
	100 /* next hops lead elsewhere: what the ceiling refused is judged again, later \
	     */
#define AGAIN_MAX_MS 10000  /* each time, */
#define AGAIN_CALM_MS 60000 /* unless it was calm for so long */
#define SWEEP_NODES 4096    /* a turn */

static struct slab cands = SLAB_INIT("rib-cand", struct rib_cand);
static struct slab refusals = SLAB_INIT("refusal", struct refusal);
static TAILQ_HEAD(, refusal) beyond = TAILQ_HEAD_INITIALIZER(beyond); /* the ceiling */
static size_t n_beyond, beyond_left;				      /* to be judged again */
static struct job beyond_job, narrower_job;
static uint32_t narrower_at; /* place of the walk */
static struct log_bucket beyond_bucket;
static struct timer again_timer;
static unsigned again_ms = AGAIN_MS;
static uint64_t again_at;
static struct timer sweep_timer;
static struct job sweep_job;
static uint32_t sweep_at; /* place of the walk */
static uint16_t bgp_epoch;
static bool sweeping;

const char *rib_proto_name(enum rib_proto p)
{
	static const char *const names[] = {"connected", "kernel", "pin", "tunnel",
					    "static",	 "bgp",	   "none"};

	return (unsigned)p < ARRAY_SIZE(names) ? names[p] : "invalid";
}

/* --- candidates --- */

struct rib_cand *rib_cand_new(struct rib_node *n, enum rib_proto proto)
{
	struct rib_extra *x = rib_extra_get(n);
	struct rib_cand *c = slab_alloc(&cands);

	c->proto = proto;
	c->type = RTN_UNICAST;
	c->next = x->others;
	x->others = c;
	return c;
}

void rib_cand_free(struct rib_node *n, struct rib_cand *c)
{
	struct rib_cand **at = &rib_extra_of(n)->others;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	if (c->hops)
		hopset_unref(c->hops);
	slab_free(&cands, c);
	rib_extra_trim(n);
}

static bool foreign(const struct rib_cand *c)
{
	return c->proto == RIB_CONNECTED || c->proto == RIB_KERNEL;
}

static bool cand_active(const struct rib_node *n, const struct rib_cand *c)
{
	if (c->hops)
		return rib_static_hop(n, c->hops) != NULL;
	return !c->oif || !out.link_up || out.link_up(c->oif);
}

static uint8_t cand_distance(const struct rib_cand *c)
{
	switch (c->proto) {
	case RIB_CONNECTED:
		return zconfig.d_connected;
	case RIB_KERNEL:
		return zconfig.d_kernel;
	case RIB_STATIC:
		return c->distance;
	default:
		return 0;
	}
}

static bool cand_better(const struct rib_cand *a, const struct rib_cand *b)
{
	uint8_t da = cand_distance(a), db = cand_distance(b);

	if (da != db)
		return da < db;
	if (a->proto != b->proto)
		return a->proto < b->proto;
	return a->metric < b->metric;
}

static struct rib_cand *best_other(const struct rib_node *n)
{
	struct rib_cand *best = NULL;

	for (struct rib_cand *c = rib_others(n); c; c = c->next)
		if (cand_active(n, c) && (!best || cand_better(c, best)))
			best = c;
	return best;
}

struct rib_cand *rib_foreign(const struct rib_node *n)
{
	struct rib_cand *best = NULL;

	for (struct rib_cand *c = rib_others(n); c; c = c->next)
		if (foreign(c) && cand_active(n, c) && (!best || c->metric < best->metric))
			best = c;
	return best;
}

static struct hop_ref *active_hop(const struct rib_node *n, struct hopset *s,
				  struct refusal *(*refused)(const struct rib_node *n,
							     const struct addr *hop))
{
	struct hop_ref *best = NULL;
	unsigned best_level = HOP_OUT;

	for (unsigned i = 0; s && i < s->n && best_level; i++) {
		unsigned level = hop_level(&s->ref[i]);

		if (level >= best_level || (rib_refusals(n) && refused(n, &s->ref[i].nh->addr)))
			continue;
		best = &s->ref[i];
		best_level = level;
	}
	return best;
}

struct hop_ref *rib_active_hop(const struct rib_node *n, struct hopset *s)
{
	return active_hop(n, s, rib_refusal);
}

struct hop_ref *rib_static_hop(const struct rib_node *n, struct hopset *s)
{
	return active_hop(n, s, rib_static_refusal);
}

static uint8_t bgp_distance(uint8_t source)
{
	return source == ROUTE_EBGP ? zconfig.d_ebgp : zconfig.d_ibgp;
}

enum rib_proto rib_select(const struct rib_node *n, struct rib_cand **cand)
{
	struct hop_ref *hop = n->hops ? rib_active_hop(n, rib_hops(n)) : NULL;
	struct rib_cand *other = rib_others(n) ? best_other(n) : NULL;

	*cand = other;
	if (hop && (!other || bgp_distance(hop->source) < cand_distance(other))) {
		*cand = NULL;
		return RIB_BGP;
	}
	return other ? (enum rib_proto)other->proto : RIB_NONE;
}

/* --- redistribution --- */

static bool redistributable(const struct prefix *p)
{
	static const uint8_t loopback6[16] = {[15] = 1};
	struct addr a = addr_of_prefix(p);

	if (addr_is_link_local(&a))
		return false;
	if (p->family == AF_INET)
		return p->b[0] != 127 && p->b[0] < 224;
	return p->b[0] != 0xff && !(p->len == 128 && !memcmp(p->b, loopback6, 16));
}

static int redist_source(const struct rib_cand *c)
{
	switch (c->proto) {
	case RIB_CONNECTED:
		return REDIST_CONNECTED;
	case RIB_KERNEL:
		return REDIST_KERNEL;
	case RIB_STATIC: /* what isolates a plane is nobody's to announce */
		return c->type == RTN_UNREACHABLE ? -1 : REDIST_STATIC;
	default:
		return -1;
	}
}

/* The best of each source that is active; gives their bits. */
static uint8_t redist_metrics(const struct rib_node *n, uint32_t metric[REDIST_COUNT])
{
	const struct rib_cand *best[REDIST_COUNT] = {NULL};
	uint8_t now = 0;

	if (!redistributable(RIB_PREFIX(n)))
		return 0;
	for (const struct rib_cand *c = rib_others(n); c; c = c->next) {
		int source = redist_source(c);

		if (source < 0 || !cand_active(n, c) ||
		    (best[source] && !cand_better(c, best[source])))
			continue;
		best[source] = c;
		metric[source] = c->metric;
		now |= 1 << source;
	}
	return now;
}

static void redist_update(struct rib_node *n, bool again)
{
	const struct rib_extra *x = n->flags & NODE_EXTRA ? rib_extra_of(n) : NULL;
	uint32_t metric[REDIST_COUNT] = {0};
	uint8_t now = redist_metrics(n, metric), before = x ? x->redist : 0;
	struct rib_extra *told;

	for (unsigned i = 0; i < REDIST_COUNT; i++) {
		struct msg_redist m = {.prefix = rib_prefix(n), .source = i, .metric = metric[i]};
		bool had = !again && before >> i & 1;

		m.present = now >> i & 1;
		if ((m.present != had || (had && metric[i] != x->metric[i])) && out.redist)
			out.redist(&m);
	}
	if (now == before && (!now || !memcmp(x->metric, metric, sizeof(metric))))
		return;
	told = rib_extra_get(n);
	told->redist = now;
	memcpy(told->metric, metric, sizeof(metric));
	rib_extra_trim(n);
}

uint32_t rib_redist_all(void)
{
	uint32_t kept = 0, at = 0;
	struct rib_node *n;

	while ((n = rib_walk(&at))) {
		if (rib_others(n))
			redist_update(n, true);
		if (rib_bgp_stale(n) || (n->flags & NODE_ADOPTED))
			kept++;
	}
	return kept;
}

void rib_others_changed(struct rib_node *n)
{
	if (n->flags & NODE_EXTRA)
		redist_update(n, false);
	nexthop_route_changed(RIB_PREFIX(n));
	pin_route_changed(RIB_PREFIX(n));
	uplink_route_changed(RIB_PREFIX(n));
	rib_judge_distance(n);
	fib_dirty(n, false);
}

/* --- our own candidates --- */

static struct rib_cand *find_cand(const struct rib_node *n, enum rib_proto proto)
{
	for (struct rib_cand *c = rib_others(n); c; c = c->next)
		if (c->proto == proto)
			return c;
	return NULL;
}

void rib_own_route(const struct prefix *p, enum rib_proto proto, uint32_t oif,
		   const struct addr *gateway)
{
	struct rib_node *n = oif ? rib_get(p) : rib_find(p);
	struct rib_cand *c = n ? find_cand(n, proto) : NULL;
	struct addr gw = gateway ? *gateway : (struct addr){0};

	if (!n || (!c && !oif))
		return;
	if (!oif) {
		rib_cand_free(n, c);
	} else {
		if (c && c->oif == oif && addr_eq(&c->gateway, &gw))
			return;
		if (!c)
			c = rib_cand_new(n, proto);
		c->oif = oif;
		c->gateway = gw;
	}
	rib_others_changed(n);
}

void rib_static_add(const struct prefix *p, const struct addr *next_hop, uint32_t oif, uint8_t type,
		    uint8_t distance, uint32_t metric)
{
	struct rib_node *n = rib_get(p);
	struct rib_cand *c = rib_cand_new(n, RIB_STATIC);

	c->distance = distance;
	c->metric = metric;
	c->oif = oif;
	c->type = type;
	if (type != RTN_UNICAST) {
		c->oif = 0;
	} else if (next_hop && next_hop->family && oif) {
		c->gateway = addr_in_plane(next_hop, PLANE_MAIN); /* the kernel's have none */
	} else if (next_hop && next_hop->family) {
		struct route_hops hops = {.n = 1, .hop = {{.addr = *next_hop}}};

		c->hops = hopset_get(&hops);
	}
	rib_others_changed(n);
}

static void each_static(bool clear)
{
	for (size_t i = 0; i < zconfig.n_statics; i++) {
		struct rib_node *n = rib_find(&zconfig.statics[i].prefix);
		struct rib_cand *c = n ? find_cand(n, RIB_STATIC) : NULL;

		if (!c)
			continue;
		if (clear)
			rib_cand_free(n, c);
		rib_others_changed(n);
	}
}

void rib_static_clear(void)
{
	each_static(true);
}

void rib_statics_dirty(void)
{
	each_static(false);
}

/* --- bgpd --- */

static void tell(const struct rib_node *n, enum verdict verdict, const struct addr *hop,
		 enum reason reason)
{
	struct prefix p = rib_prefix(n);
	struct msg_verdicts m = {
		.verdict = verdict, .reason = reason, .n_prefixes = 1, .prefixes = &p};

	if (hop)
		m.nexthop = *hop;
	if (out.verdict)
		out.verdict(&m);
}

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
			tell(n, VERDICT_REFUSED, &hop, r->reason);
		else if (r->late)
			rib_clear(n, &hop, r->reason);
	}
}

static void set_hops(struct rib_node *n, struct hopset *hops, bool told)
{
	n->bgp_epoch = bgp_epoch;
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

static bool sweep_some(void *arg)
{
	struct rib_node *n;

	for (int i = 0; i < SWEEP_NODES; i++) {
		n = rib_walk(&sweep_at);
		if (!n)
			break;
		if (rib_bgp_stale(n))
			set_hops(n, NULL, false);
		else if (n->flags & NODE_ADOPTED)
			fib_dirty(n, false);
	}
	if (n)
		return true;
	sweeping = false;
	fib_swept();
	return false;
}

static void sweep_start(void *arg)
{
	timer_stop(&sweep_timer);
	if (!sweep_job.ready)
		job_init(&sweep_job, sweep_some, NULL);
	sweep_at = 0;
	sweeping = true;
	job_start(&sweep_job);
}

/* For reasons of the ceiling, wgd's included. */
static bool is_ceiling(enum reason reason)
{
	return reason == REASON_OUTSIDE_PERMIT || reason == REASON_NO_PERMIT ||
	       reason == REASON_OWN_ADDRESS || reason == REASON_STATIC_ENTRY ||
	       reason == REASON_NOT_A_TUNNEL;
}

/* No affair of a static route for the same prefix: it may be what bgpd's list lost to. */
static bool is_bgps_alone(enum reason reason)
{
	return is_ceiling(reason) || reason == REASON_LOST_TO_PROTOCOL;
}

static void enlist(struct refusal *r, struct rib_node *n)
{
	if (!is_ceiling(r->reason))
		return;
	r->node = n;
	TAILQ_INSERT_TAIL(&beyond, r, again);
	n_beyond++;
}

static void delist(struct refusal *r)
{
	if (!is_ceiling(r->reason))
		return;
	TAILQ_REMOVE(&beyond, r, again);
	n_beyond--;
}

static void forget_refusals(void)
{
	struct rib_node *n;
	uint32_t at = 0;

	while ((n = rib_walk(&at))) {
		struct rib_extra *x = n->flags & NODE_EXTRA ? rib_extra_of(n) : NULL;
		struct refusal *r;

		if (!x || !x->refusals)
			continue;
		while ((r = x->refusals)) {
			x->refusals = r->next;
			delist(r);
			slab_free(&refusals, r);
		}
		rib_extra_trim(n);
		fib_dirty(n, false);
	}
}

void rib_bgp_begin(void)
{
	bgp_epoch++;
	if (sweeping)
		job_stop(&sweep_job);
	sweeping = false;
	forget_refusals();
	if (!sweep_timer.ready)
		timer_init(&sweep_timer, sweep_start, NULL);
	timer_start(&sweep_timer, zconfig.sweep_s * 1000ull);
}

void rib_bgp_synced(void)
{
	sweep_start(NULL);
}

/* --- refusals --- */

struct refusal *rib_refusal(const struct rib_node *n, const struct addr *hop)
{
	for (struct refusal *r = rib_refusals(n); r; r = r->next)
		if (!r->hop.family || addr_eq(&r->hop, hop))
			return r;
	return NULL;
}

struct refusal *rib_static_refusal(const struct rib_node *n, const struct addr *hop)
{
	for (struct refusal *r = rib_refusals(n); r; r = r->next)
		if ((!r->hop.family || addr_eq(&r->hop, hop)) && !is_bgps_alone(r->reason))
			return r;
	return NULL;
}

struct refusal *rib_refused_for(const struct rib_node *n, enum reason reason)
{
	for (struct refusal *r = rib_refusals(n); r; r = r->next)
		if (r->reason == reason)
			return r;
	return NULL;
}

static struct refusal *find_refusal(const struct rib_node *n, const struct addr *hop,
				    enum reason reason)
{
	struct addr none = {0};

	for (struct refusal *r = rib_refusals(n); r; r = r->next)
		if (r->reason == reason && addr_eq(&r->hop, hop ? hop : &none))
			return r;
	return NULL;
}

void rib_refuse(struct rib_node *n, const struct addr *hop, enum reason reason)
{
	struct refusal *r = find_refusal(n, hop, reason);
	struct rib_extra *x;

	if (r)
		return;
	r = slab_alloc(&refusals);
	if (hop)
		r->hop = *hop;
	r->reason = reason;
	x = rib_extra_get(n);
	r->next = x->refusals;
	x->refusals = r;
	enlist(r, n);
	fib_dirty(n, false);
	tell(n, VERDICT_REFUSED, hop, reason);
}

/* The node may be gone afterwards only through a later rib_release(). */
void rib_clear(struct rib_node *n, const struct addr *hop, enum reason reason)
{
	struct refusal *r = find_refusal(n, hop, reason), **at;

	if (!r)
		return;
	at = &rib_extra_of(n)->refusals;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	delist(r);
	slab_free(&refusals, r);
	rib_extra_trim(n);
	if (reason == REASON_FOREIGN_ROUTE)
		fib_retry_cleared(n);
	fib_dirty(n, false);
	tell(n, VERDICT_CLEARED, hop, reason);
}

/* A list of bgpd that loses by distance is refused until the winner goes; the list itself is gone
 * by then, so the refusal remembers its kind. */
void rib_judge_distance(struct rib_node *n)
{
	struct refusal *r = rib_refusals(n) ? rib_refused_for(n, REASON_LOST_TO_PROTOCOL) : NULL;
	struct rib_cand *other = rib_others(n) ? best_other(n) : NULL;
	struct hop_ref *hop;

	if (r) {
		if (!other || cand_distance(other) > bgp_distance(r->source))
			rib_clear(n, NULL, REASON_LOST_TO_PROTOCOL);
		return;
	}
	if (!other || !rib_hops(n))
		return;
	hop = rib_active_hop(n, rib_hops(n));
	if (!hop || bgp_distance(hop->source) < cand_distance(other))
		return;
	rib_refuse(n, NULL, REASON_LOST_TO_PROTOCOL);
	r = rib_refused_for(n, REASON_LOST_TO_PROTOCOL);
	r->source = hop->source;
}

/* --- the ceiling --- */

/* bgpd knows what N's packets may not be given to, and says so nevertheless. */
static void alarm(const struct rib_node *n, const struct nexthop *nh, enum reason reason)
{
	fib_counters.beyond++;
	fib_counters.beyond_ms = now_ms();
	log_limited(&beyond_bucket, LOG_LEVEL_ERROR, "beyond-ceiling",
		    "prefix=%s next-hop=%s interface=%s peer=%s reason=%s from=bgpd",
		    PREFIX_STR(RIB_PREFIX(n)), ADDR_STR(&nh->addr),
		    nh->peer ? nh->peer->iface->name : "", nh->peer ? nh->peer->name : "",
		    reason_name(reason));
}

void rib_judge_ceiling(struct rib_node *n)
{
	const struct hopset *s = rib_hops(n);
	bool told = n->flags & NODE_TOLD;
	struct prefix p;

	n->flags &= ~NODE_TOLD;
	if (!s)
		return;
	p = rib_prefix(n);
	for (unsigned i = 0; i < s->n; i++) {
		const struct nexthop *nh = s->ref[i].nh;
		enum reason r = zceiling_judge(&p, nh);

		if (r == REASON_NONE)
			continue;
		if (told && nexthop_settled(nh))
			alarm(n, nh, r);
		rib_refuse(n, &nh->addr, r);
	}
}

/* What is refused may be fine by now, or for another reason. */
static void judge_refusal(struct refusal *r)
{
	const struct nexthop *nh = nexthop_find(&r->hop);
	struct prefix p = rib_prefix(r->node);
	enum reason reason = nh ? zceiling_judge(&p, nh) : REASON_NONE;
	struct addr hop = r->hop;

	if (reason == (enum reason)r->reason)
		return;
	if (reason != REASON_NONE)
		rib_refuse(r->node, &hop, reason);
	rib_clear(r->node, &hop, r->reason);
}

static bool judge_some(void *arg)
{
	for (int i = 0; i < SWEEP_NODES && beyond_left && n_beyond; i++, beyond_left--) {
		struct refusal *r = TAILQ_FIRST(&beyond);

		TAILQ_REMOVE(&beyond, r, again);
		TAILQ_INSERT_TAIL(&beyond, r, again);
		judge_refusal(r);
	}
	return beyond_left && n_beyond;
}

static void again_due(void *arg)
{
	again_ms = again_ms * 2 < AGAIN_MAX_MS ? again_ms * 2 : AGAIN_MAX_MS;
	again_at = now_ms();
	timer_stop(&again_timer);
	rib_ceilings_wider();
}

void rib_ceilings_again(void)
{
	if (!n_beyond)
		return;
	if (!again_timer.ready)
		timer_init(&again_timer, again_due, NULL);
	if (timer_running(&again_timer))
		return;
	if (now_ms() - again_at >= AGAIN_CALM_MS)
		again_ms = AGAIN_MS;
	timer_start(&again_timer, again_ms);
}

void rib_ceilings_wider(void)
{
	beyond_left = n_beyond;
	if (!n_beyond)
		return;
	if (!beyond_job.ready)
		job_init(&beyond_job, judge_some, NULL);
	job_start(&beyond_job);
}

/* bgpd named N's next hops by a wider ceiling. */
static void judge_late(struct rib_node *n)
{
	const struct hopset *s = rib_hops(n);
	struct prefix p = rib_prefix(n);

	for (unsigned i = 0; s && i < s->n; i++) {
		const struct nexthop *nh = s->ref[i].nh;
		enum reason r = zceiling_judge(&p, nh);

		if (r == REASON_NONE)
			continue;
		rib_refuse(n, &nh->addr, r);
		find_refusal(n, &nh->addr, r)->late = true;
	}
}

static bool narrow_some(void *arg)
{
	struct rib_node *n = NULL;

	for (int i = 0; i < SWEEP_NODES; i++) {
		n = rib_walk(&narrower_at);
		if (!n)
			break;
		judge_late(n);
	}
	return n != NULL;
}

void rib_ceilings_narrower(void)
{
	rib_ceilings_wider();
	if (!narrower_job.ready)
		job_init(&narrower_job, narrow_some, NULL);
	narrower_at = 0;
	job_start(&narrower_job);
}

static void reset_jobs(void)
{
	struct job *jobs[] = {&sweep_job, &beyond_job, &narrower_job};

	for (unsigned i = 0; i < ARRAY_SIZE(jobs); i++) {
		if (jobs[i]->ready)
			job_stop(jobs[i]);
		jobs[i]->ready = false;
	}
}

void rib_reset(void)
{
	struct rib_node *n;
	uint32_t at = 0;

	timer_stop(&sweep_timer);
	timer_stop(&again_timer);
	reset_jobs();
	again_ms = AGAIN_MS;
	again_at = 0;
	fib_retry_reset();
	again_timer.ready = sweep_timer.ready = sweeping = false;
	while ((n = rib_walk(&at))) {
		fib_dequeue(n);
		if (n->hops)
			hopset_unref(rib_hops(n));
		while (rib_others(n))
			rib_cand_free(n, rib_others(n));
		fib_unref(rib_installed(n));
	}
	TAILQ_INIT(&beyond);
	n_beyond = beyond_left = 0;
	rib_nodes_free();
	slab_destroy(&cands);
	slab_destroy(&refusals);
}
