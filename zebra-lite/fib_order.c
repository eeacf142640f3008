/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib_order: the queue of changed prefixes, the batches and their four phases (fib.h says which).
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "fib_internal.h"
#include "fib_retry.h"
#include "log.h"
#include "loop.h"
#include "nftset.h"
#include "nhobj.h"
#include "out.h"
#include "pin.h"
#include "planes.h"
#include "rib.h"
#include "uplink.h"
#include "util.h"
#include "zconfig.h"

#define BATCH_MAX 4096	/* prefixes */
#define BATCH_FIRST 256 /* where wgd is asked, the first ones of a burst wait for few */
#define BATCH_GROWTH 4
#define REPLAY_MAX 4096 /* entries a message */
#define PIN_RETRY_MS 100

enum wgd_state { WGD_AWAY, WGD_REPLAY, WGD_READY };

unsigned fib_batch_max = BATCH_MAX;
static unsigned batch_now = BATCH_MAX; /* grows as long as the queue is not worked off */
static bool with_entries;	       /* the last batch had some for wgd */

static bool stopped; /* what is queued waits until the batch under way is done */

enum batch_state {
	BATCH_FREE,    /* empty, or being put together */
	BATCH_ASKED,   /* at wgd, or waits for the one before it that is */
	BATCH_WRITING, /* handed to the kernel, and not yet in the books */
};

struct batch {
	struct item items[BATCH_MAX];
	uint16_t by_length[BATCH_MAX]; /* indices of items, longest prefix first */
	unsigned n;
	enum batch_state state;
	bool grows;	       /* only_grows() is true of all */
	bool urgent;	       /* some are */
	uint32_t awaited;      /* ASKED: number of the answer; 0: none, but its turn */
	uint32_t ticket;       /* WRITING: of out.route_flush() */
	uint64_t moves_before; /* fib_moves() when the entries were put together */
};

/* One is put together while the other may be under way. */
static struct batch batches[2], *batch = &batches[0];
static struct job job;
static struct timer pin_timer;
static struct msg_allowed changes; /* being put together; the array is kept */
static size_t changes_cap;
static uint32_t last_batch, replayed; /* the answer that ends a replay; 0: not awaited */
static uint32_t acked;		      /* the last one that wgd has answered, the sync aside */
static uint32_t sync_batch;	      /* 0: none on its way */
static enum wgd_state wgd;
static bool wgd_before;	   /* there was one */
static uint32_t replay_at; /* place of the walk */
static bool kernel_ready, swept, sync_due, torn_down;
static bool settled; /* the first sweep is worked off: entries that nobody knows of may go */
static struct log_bucket error_bucket;

static bool run(void *arg);

static void wake(void)
{
	if (!job.ready)
		job_init(&job, run, NULL);
	job_start(&job);
}

static void booked(const struct rib_node *n, bool moved)
{
	nftset_route_changed(n);
	if (moved)
		nexthop_route_changed(RIB_PREFIX(n));
}

static void others_changed(const struct prefix *p)
{
	pin_route_changed(p);
	uplink_route_changed(p);
}

void fib_open(void (*busy)(bool busy))
{
	rib_open(others_changed);
	dirty_open(wake, busy);
	books_open(booked);
}

static struct item *item_of(const struct rib_node *n) /* NODE_IN_BATCH is set */
{
	return &batches[n->slot / BATCH_MAX].items[n->slot % BATCH_MAX];
}

static struct batch *other_batch(void)
{
	return batch == &batches[0] ? &batches[1] : &batches[0];
}

/* --- messages to wgd --- */

struct rib_node *fib_node_in(const struct prefix *p, unsigned plane)
{
	struct prefix there = prefix_in_plane(p, (uint8_t)plane);

	return rib_count_in(there.plane) ? rib_find(&there) : NULL;
}

/* Interfaces know no planes: where a prefix was leaked, two nodes may have an entry on the same
 * interface. The plane of the interface decides who has it as long as it wants one. */
struct tunnel_peer *fib_owner_elsewhere(const struct prefix *p, uint32_t ifindex, int plane)
{
	struct tunnel_peer *owner = NULL;

	if (!rib_several_planes())
		return NULL;
	for (int i = 0; i < PLANES_MAX && !owner; i++) {
		const struct rib_node *n;

		if (i == p->plane || (plane >= 0 && i != plane))
			continue;
		n = fib_node_in(p, i);
		owner = n ? fib_owner_on(fib_after(n), ifindex) : NULL;
	}
	return owner;
}

void fib_entry(enum allowed_op op, const struct tunnel_peer *peer, const struct prefix *p)
{
	const struct tunnel_if *iface = peer->iface;
	struct tunnel_peer *other =
		fib_owner_elsewhere(p, iface->ifindex, op == ALLOWED_SET ? iface->plane : -1);
	struct allowed_change *c;

	if (other && (op == ALLOWED_SET ? p->plane != iface->plane : other == peer))
		return;
	if (other && op == ALLOWED_UNSET) {
		op = ALLOWED_SET;
		peer = other;
	}
	if (peer->gone || (peer->iface->any && op == ALLOWED_SET))
		return;
	changes.changes = xgrow(changes.changes, changes.n, &changes_cap, sizeof(*c));
	c = &changes.changes[changes.n++];
	c->op = op;
	c->peer_id = peer->id;
	c->prefix = prefix_in_plane(p, 0);
	if (op == ALLOWED_SET)
		fib_counters.sets++;
	else
		fib_counters.unsets++;
}

void fib_plan_entry(struct fib_plan *p, const struct rib_node *n, const struct fib_owner *o)
{
	if (!fib_plan_has(p, o->ifindex) && !fib_plan_owner(p, o->ifindex, o->peer))
		fib_entry(ALLOWED_UNSET, o->peer, RIB_PREFIX(n));
}

/* Of what is sent to wgd; never 0. */
static uint32_t next_number(void)
{
	last_batch = last_batch % UINT32_MAX + 1;
	return last_batch;
}

/* The batch's number, 0 when there was nothing to send. */
static uint32_t send_changes(void)
{
	if (!changes.n)
		return 0;
	changes.batch = next_number();
	out.allowed(&changes);
	changes.n = 0;
	return last_batch;
}

/* --- phase 0: what is to change --- */

static bool through_tunnel(const struct fib_plan *plan)
{
	return plan->n || plan->nh || (plan->type && tunnel_if_by_index(plan->oif));
}

/* True when N must wait for a pin. */
static bool guard(struct rib_node *n, struct fib_plan *plan)
{
	if (plan->proto != RIB_BGP && plan->proto != RIB_STATIC)
		return false;
	if (!through_tunnel(plan))
		return false;
	switch (pin_guard(n)) {
	case PIN_WAIT:
		return true;
	case PIN_REFUSED:
		fib_want(n, plan);
		return false;
	default:
		return false;
	}
}

/* N gets a route or keeps it, and no object has to do with it: whatever other prefixes of this kind
 * have under way, the entries of all can be put in one after the other before their routes. */
static bool only_grows(const struct rib_node *n, const struct fib *target)
{
	const struct fib *old = rib_installed(n);

	return fib_has_route(target) && !target->nh && (!old || !old->nh) && !rib_several_planes();
}

enum taken {
	TAKEN,	   /* into the batch, or it is as it should be */
	TAKE_WAIT, /* for its pin */
	TAKE_STOP, /* until the batch under way is done */
	TAKE_END,  /* it is in this batch already: the next one */
};

static enum taken take(struct rib_node *n, bool urgent)
{
	struct fib_plan plan;
	struct item *it;
	struct fib *target;

	if (n->flags & NODE_IN_BATCH)
		return other_batch()->state == BATCH_FREE ? TAKE_END : TAKE_STOP;
	rib_judge_ceiling(n);
	rib_judge_distance(n);
	fib_want(n, &plan);
	if (guard(n, &plan))
		return TAKE_WAIT;
	target = fib_get(&plan);
	if ((n->flags & NODE_ADOPTED) && !target && !swept && zconfig.kernel)
		return TAKEN; /* until the sweep */
	n->flags &= ~NODE_ADOPTED;
	if (target == rib_installed(n)) {
		/* Another protocol may have the same route; an object may have moved. */
		booked(n, target && target->nh);
		fib_unref(target);
		rib_release(n);
		return TAKEN;
	}
	if (!fib_same_route(rib_installed(n), target) && fib_retry_waits(n, target)) {
		fib_unref(target);
		return TAKEN; /* fib_retry.c queues it when its time comes */
	}
	if (other_batch()->state == BATCH_ASKED && !only_grows(n, target)) {
		fib_unref(target);
		return TAKE_STOP;
	}
	it = &batch->items[batch->n];
	*it = (struct item){.node = n, .target = target, .hop = plan.hop, .proto = plan.proto};
	batch->grows = batch->grows && only_grows(n, target);
	it->urgent = urgent;
	batch->urgent |= urgent;
	it->removed = !target || !target->type;
	n->slot = (uint16_t)((batch - batches) * BATCH_MAX + batch->n++);
	n->flags |= NODE_IN_BATCH;
	return TAKEN;
}

static void pin_retry(void *arg)
{
	wake();
}

/* All or nothing of what is queued, up to the size of a batch: a part of it might move a covering
 * prefix before the longer one in the rest, or remove what that is to replace. */
static void take_back(void)
{
	while (batch->n) {
		struct item *it = &batch->items[--batch->n];

		it->node->flags &= ~NODE_IN_BATCH;
		fib_unref(it->target);
		if (!(it->node->flags & NODE_QUEUED))
			fib_queue_put_back(it->node, it->urgent);
	}
	stopped = true;
}

/* True: this turn's share was looked at, and there is more. */
static bool build(void)
{
	static struct rib_node *waiting[BATCH_MAX];
	unsigned n_waiting = 0, max = batch_now < fib_batch_max ? batch_now : fib_batch_max;
	unsigned looked = 0;
	enum taken taken = TAKEN;
	struct rib_node *n;
	bool urgent;

	batch->grows = true;
	batch->urgent = false;
	nexthop_run();
	while (batch->n < max && looked < fib_batch_max && taken < TAKE_STOP &&
	       (n = fib_queue_take(&urgent))) {
		looked++;
		taken = take(n, urgent);
		if (taken == TAKE_WAIT && !(n->flags & NODE_QUEUED))
			waiting[n_waiting++] = n;
		else if (taken >= TAKE_STOP && !(n->flags & NODE_QUEUED))
			fib_queue_put_back(n, urgent);
	}
	if (taken == TAKE_STOP)
		take_back();
	for (unsigned i = 0; i < n_waiting; i++)
		if (!(waiting[i]->flags & NODE_QUEUED))
			fib_queue_put(waiting[i], false);
	if (taken != TAKE_STOP)
		batch_now = batch->n == max ? batch_now * BATCH_GROWTH
			    : with_entries  ? BATCH_FIRST
					    : BATCH_MAX;
	if (batch_now > BATCH_MAX)
		batch_now = BATCH_MAX;
	if (n_waiting && !batch->n) {
		if (!pin_timer.ready)
			timer_init(&pin_timer, pin_retry, NULL);
		timer_start(&pin_timer, PIN_RETRY_MS);
	}
	return looked == fib_batch_max && n_waiting < looked && taken < TAKE_STOP;
}

/* --- phase 1: entries --- */

const struct fib *fib_after(const struct rib_node *n)
{
	return n->flags & NODE_IN_BATCH ? item_of(n)->target : rib_installed(n);
}

/* Longest first: a new entry or route never catches what belongs to a longer one that is on its way
 * too. */
static void sort_items(void)
{
	unsigned start[130] = {0};

	for (unsigned i = 0; i < batch->n; i++)
		start[128 - batch->items[i].node->len + 1]++;
	for (unsigned i = 1; i < ARRAY_SIZE(start); i++)
		start[i] += start[i - 1];
	for (unsigned i = 0; i < batch->n; i++)
		batch->by_length[start[128 - batch->items[i].node->len]++] = i;
}

/* The SETs of new entries (FRESH), or those that move one. */
static void set_entries(struct item *it, bool fresh)
{
	const struct rib_node *n = it->node;

	for (unsigned i = 0; it->target && i < it->target->n; i++) {
		const struct fib_owner *o = &it->target->owner[i];
		struct tunnel_peer *old = fib_owner_on(rib_installed(n), o->ifindex);

		if (old != o->peer && !old == fresh)
			fib_entry(ALLOWED_SET, o->peer, RIB_PREFIX(n));
	}
}

/* New entries before moved ones: where a longer prefix comes and a shorter one moves, its addresses
 * go from the old owner to the new one without a third. */
static void set_all_entries(void)
{
	batch->moves_before = fib_moves();
	sort_items();
	for (unsigned i = 0; i < batch->n; i++)
		set_entries(&batch->items[batch->by_length[i]], true);
	for (unsigned i = 0; i < batch->n; i++)
		set_entries(&batch->items[batch->by_length[i]], false);
	for (unsigned i = 0; i < batch->n; i++)
		if (batch->items[batch->by_length[i]].removed)
			fib_hand_over(&batch->items[batch->by_length[i]]);
}

/* --- phases 2 and 3: routes --- */

static void fill_route(struct kroute *r, const struct rib_node *n, const struct fib *f)
{
	*r = (struct kroute){.prefix = rib_prefix(n),
			     .table = zconfig.plane_table[n->plane],
			     .metric = zconfig.metric,
			     .protocol = zconfig.protocol};
	if (!f)
		return;
	r->type = f->type;
	r->oif = fib_oif(f);
	r->nhid = f->nh ? f->nh->id : 0;
	r->gateway = f->gateway;
}

static void write_route(enum route_op op, struct item *it, const struct fib *f)
{
	struct kroute r;

	fill_route(&r, it->node, f);
	fib_counters.route_writes++;
	out.route(op, &r, it);
}

void fib_route_failed(void *cookie, int err)
{
	struct item *it = cookie;

	if (it)
		it->err = err;
}

/* Whoever is gone meanwhile has no entry for long, whatever wgd answers. */
static void refuse_gone(struct item *it)
{
	for (unsigned i = 0; it->target && i < it->target->n; i++)
		if (it->target->owner[i].peer->gone)
			it->bad |= 1u << i;
}

/* The owner that the route would lead to was refused: the route stays as it is. */
static bool is_blocked(const struct item *it)
{
	for (unsigned i = 0; it->target && i < it->target->n; i++)
		if ((it->bad >> i & 1) && fib_leaves_by(it->target, it->target->owner[i].ifindex))
			return true;
	return false;
}

/* N's addresses were to go by a route that is blocked, or past one whose removal is put off. */
static bool cover_stays(const struct rib_node *n)
{
	for (n = rib_cover(n); n; n = rib_cover(n)) {
		if ((n->flags & NODE_IN_BATCH) && (item_of(n)->blocked || item_of(n)->deferred))
			return true;
		if (fib_has_route(fib_after(n)) || rib_foreign(n))
			return false;
	}
	return false;
}

/* IT waits for another batch: so does what covers it, in whatever batch that is. */
static void hold_covers(const struct item *it)
{
	for (const struct rib_node *n = rib_cover(it->node); n; n = rib_cover(n))
		if (n->flags & NODE_IN_BATCH)
			item_of(n)->held = true;
}

static void write_sets(struct batch *b, bool add)
{
	for (unsigned i = 0; i < b->n; i++) {
		struct item *it = &b->items[b->by_length[i]];
		const struct fib *old = rib_installed(it->node);

		if (it->removed || it->blocked || fib_same_route(old, it->target) ||
		    fib_has_route(old) == add)
			continue;
		write_route(add ? ROUTE_ADD : ROUTE_CHANGE, it, it->target);
	}
}

/* What wgd refused, or what has to do with it, waits. True: there is some. */
static bool put_off(struct batch *b)
{
	bool stay = false;

	for (unsigned i = 0; i < b->n; i++) {
		struct item *it = &b->items[i];
		const struct fib *f = it->target;

		refuse_gone(it);
		it->blocked = is_blocked(it) || (f && f->nh && f->nh->gone);
		if (it->blocked)
			hold_covers(it);
	}
	for (unsigned i = 0; i < b->n; i++) {
		struct item *it = &b->items[i];

		it->blocked = it->blocked || (it->held && !it->removed);
		it->deferred = it->deferred || (it->held && it->removed);
		stay = stay || it->blocked || it->deferred;
	}
	return stay;
}

static void write_routes(struct batch *b)
{
	bool stay = put_off(b), moved = fib_moves() != b->moves_before;

	write_sets(b, true);
	write_sets(b, false);
	for (unsigned i = b->n; i-- > 0;) { /* shortest first: a longer one still catches its own */
		struct item *it = &b->items[b->by_length[i]];

		if (!it->removed || !fib_has_route(rib_installed(it->node)))
			continue;
		it->deferred = it->deferred || moved || (stay && cover_stays(it->node));
		if (!it->deferred)
			write_route(ROUTE_DEL, it, rib_installed(it->node));
	}
	b->ticket = out.route_flush();
	b->state = BATCH_WRITING;
}

/* --- phase 4: entries that go, and the books --- */

static void unset_entries(const struct item *it)
{
	const struct fib *old = rib_installed(it->node);

	for (unsigned i = 0; i < it->n_given; i++)
		if (it->given[i].peer)
			fib_entry(ALLOWED_UNSET, it->given[i].peer, RIB_PREFIX(it->node));
	for (unsigned i = 0; old && i < old->n; i++) {
		uint32_t ifindex = old->owner[i].ifindex;

		if (!fib_owner_on(it->target, ifindex) && !fib_was_given(it, ifindex))
			fib_entry(ALLOWED_UNSET, old->owner[i].peer, RIB_PREFIX(it->node));
	}
}

static bool leaves_by(const struct fib *f, uint32_t ifindex) /* NULL: by none */
{
	return f && fib_leaves_by(f, ifindex);
}

/* Another peer may have the entry by now: the covering route's owner, or one that is gone. */
static bool was_taken_away(const struct item *it, uint32_t ifindex)
{
	const struct tunnel_peer *to = fib_owner_on(it->target, ifindex);

	return fib_was_given(it, ifindex) || (to && to->gone);
}

/* The entries of IT that stand, or stand again, on interfaces that FROM's route leaves by; or on
 * the others. */
static void settle_entries(struct item *it, const struct fib *from, bool leaves,
			   struct fib_plan *plan)
{
	struct rib_node *n = it->node;
	const struct fib *old = rib_installed(n), *f = it->target;

	for (unsigned i = 0; f && i < f->n; i++)
		if (!(it->bad >> i & 1) && leaves_by(from, f->owner[i].ifindex) == leaves)
			fib_plan_entry(plan, n, &f->owner[i]);
	for (unsigned i = 0; i < it->n_given; i++)
		if (it->given[i].peer && leaves_by(from, it->given[i].ifindex) == leaves)
			fib_plan_entry(plan, n, &it->given[i]);
	for (unsigned i = 0; old && i < old->n; i++) {
		const struct fib_owner *o = &old->owner[i];
		unsigned before = plan->n;

		if (leaves_by(from, o->ifindex) != leaves)
			continue;
		fib_plan_entry(plan, n, o);
		if (plan->n > before && was_taken_away(it, o->ifindex))
			fib_entry(ALLOWED_SET, o->peer, RIB_PREFIX(n)); /* back */
	}
}

/* What is installed when not all went well: the route of FROM, and the entries so far as wgd took
 * them. */
static void settle_for(struct item *it, const struct fib *from)
{
	struct rib_node *n = it->node;
	struct fib_plan plan = {0};

	if (from)
		fib_plan_route(&plan, from);
	settle_entries(it, from, true, &plan);
	settle_entries(it, from, false, &plan);
	fib_set_installed(n, fib_get(&plan));
	fib_dirty(n, false);
}

/* Where the kernel refuses: the hop is out for this prefix until the retry, or until the foreign
 * route that is in the way is gone. */
static void route_error(struct item *it)
{
	struct rib_node *n = it->node;
	const struct addr *hop = it->hop.family ? &it->hop : NULL;

	bool news = fib_retry_failed(n, it->target, it->err);

	if (it->err == -ENETDOWN || fib_fell(it->target, now_ms())) {
		fib_counters.races++;
		news = false;
	} else {
		fib_counters.route_errors++;
		fib_counters.route_errors_ms = now_ms();
	}
	if (news)
		log_limited(&error_bucket, LOG_LEVEL_WARN, "route-refused",
			    "prefix=%s what=%s error=\"%s\"", PREFIX_STR(RIB_PREFIX(n)),
			    it->removed ? "delete" : "set", strerror(-it->err));
	if (it->err == -EINVAL && it->target && it->target->nh) {
		nhobj_refused(it->target->nh);
	} else if (it->err == -EEXIST) {
		rib_refuse(n, NULL, REASON_FOREIGN_ROUTE);
		out.resync("a route of somebody else is in the way");
	} else {
		rib_refuse(n, hop, REASON_KERNEL_ERROR);
	}
}

static bool delete_done(const struct item *it)
{
	return it->removed && (it->err == -ESRCH || it->err == -ENOENT || it->err == -ENODEV);
}

static bool has_urgent(const struct batch *b)
{
	return b->n && b->urgent;
}

bool fib_repairing(void)
{
	return fib_counters.urgent || has_urgent(&batches[0]) || has_urgent(&batches[1]);
}

static void finish(struct batch *b)
{
	out.route_done(b->ticket, true);
	for (unsigned i = 0; i < b->n; i++) {
		struct item *it = &b->items[i];
		struct rib_node *n = it->node;

		n->flags &= ~NODE_IN_BATCH;
		if (it->err && !delete_done(it)) {
			route_error(it);
			settle_for(it, rib_installed(n));
		} else if (it->blocked || it->deferred) {
			settle_for(it, rib_installed(n));
		} else if (it->bad) {
			settle_for(it, it->target);
		} else {
			unset_entries(it);
			fib_set_installed(n, fib_ref(it->target));
			fib_retry_done(n, it->target);
		}
		fib_unref(it->target);
		free(it->given);
	}
	for (unsigned i = 0; i < b->n; i++)
		rib_release(b->items[i].node);
	b->n = 0;
	b->state = BATCH_FREE;
	stopped = false;
	nhgroup_batch_done();
	send_changes();
	nexthop_tell();
}

/* Books what the kernel has done, in the order of its doing. */
static void reap(bool wait)
{
	struct batch *order[] = {batch, other_batch()};

	for (unsigned i = 0; i < ARRAY_SIZE(order); i++)
		if (order[i]->state == BATCH_WRITING && out.route_done(order[i]->ticket, wait))
			finish(order[i]);
}

void fib_settle(void)
{
	reap(true);
}

static void abort_batch(struct batch *b)
{
	for (unsigned i = 0; i < b->n; i++) {
		struct item *it = &b->items[i];

		it->node->flags &= ~NODE_IN_BATCH;
		fib_unref(it->target);
		free(it->given);
		fib_dirty(it->node, false);
	}
	b->n = 0;
	b->state = BATCH_FREE;
}

static void abort_all(void)
{
	fib_settle();
	abort_batch(batch); /* the older one when both are under way */
	abort_batch(other_batch());
	replayed = 0;
	changes.n = 0;
	stopped = false;
}

/* --- the machine --- */

static void send_sync(void)
{
	sync_batch = next_number();
	out.allowed_sync(sync_batch);
	sync_due = false;
}

static bool replay_some(void)
{
	struct rib_node *n = NULL;

	while (changes.n < REPLAY_MAX && (n = rib_walk(&replay_at)))
		fib_replay(n);
	send_changes();
	if (n)
		return true;
	replayed = acked == last_batch ? 0 : last_batch;
	if (settled)
		send_sync();
	if (!replayed)
		wgd = WGD_READY;
	return !replayed;
}

/* Neither entries nor objects have to do with it, so no order: it may still be on its way into the
 * kernel while the next batch is put together. */
static bool is_plain(const struct batch *b)
{
	for (unsigned i = 0; i < b->n; i++) {
		const struct item *it = &b->items[i];
		const struct fib *old = rib_installed(it->node), *f = it->target;

		if ((f && (f->n || f->nh)) || (old && (old->n || old->nh)))
			return false;
	}
	return true;
}

/* The queue is worked off. */
static void rest(void)
{
	nhgroup_settle();
	settled = settled || (swept && !fib_counters.queued);
	if (settled && sync_due)
		send_sync();
	if (settled && !fib_counters.queued)
		nhobj_collect();
}

/* The batch that was put together goes as far as it can. True: another one may follow. */
static bool start(void)
{
	bool plain = is_plain(batch), behind = other_batch()->state == BATCH_ASKED;

	if (!plain)
		fib_settle();
	fib_counters.batches++;
	fib_counters.in_batch = batch->n;
	set_all_entries();
	batch->awaited = send_changes();
	with_entries = batch->awaited != 0;
	if (batch->awaited || behind) {
		batch->state = BATCH_ASKED;
		batch = other_batch();
		return !behind;
	}
	write_routes(batch);
	if (plain)
		batch = other_batch();
	else
		finish(batch);
	return true;
}

/* One batch, as far as it goes without waiting. True: there is more. */
static bool run(void *arg)
{
	const struct batch *before = other_batch();
	bool more;

	if (torn_down || !kernel_ready || wgd == WGD_AWAY || replayed)
		return false;
	if (out.wgd_full && out.wgd_full())
		return false; /* fib_wgd_drained() */
	if (wgd == WGD_REPLAY)
		return replay_some();
	reap(false);
	if (batch->state != BATCH_FREE || (before->state != BATCH_FREE && stopped) ||
	    (before->state == BATCH_ASKED && !before->grows))
		return false; /* fib_acked(), fib_routes_written() */
	more = build();
	if (batch->n)
		return start();
	nexthop_tell();
	if (!more && before->state == BATCH_FREE)
		rest();
	return more;
}

static bool refusal_is_wgds(const struct refusal *r)
{
	return r->hop.family && r->reason != REASON_KERNEL_ERROR &&
	       r->reason != REASON_FOREIGN_ROUTE && r->reason != REASON_COVERS_ENDPOINT &&
	       r->reason != REASON_LOST_TO_PROTOCOL;
}

static void clear_wgds(struct rib_node *n, const struct tunnel_peer *peer)
{
	struct refusal *r, *next;

	for (r = rib_refusals(n); r; r = next) {
		struct addr hop = r->hop;
		const struct tunnel_peer *of = tunnel_by_addr(&hop);

		next = r->next;
		if (refusal_is_wgds(r) && (!of || of == peer)) /* none: it leads to some peer */
			rib_clear(n, &hop, r->reason);
	}
}

static void refuse_hops(struct rib_node *n, const struct hopset *s, const struct tunnel_peer *peer,
			enum reason reason)
{
	for (unsigned i = 0; s && i < s->n; i++)
		if (s->ref[i].nh->peer == peer)
			rib_refuse(n, &s->ref[i].nh->addr, reason);
}

/* By bgpd's list and by static routes. */
static void refuse_peer(struct rib_node *n, const struct tunnel_peer *peer, enum reason reason)
{
	fib_counters.refused++;
	refuse_hops(n, rib_hops(n), peer, reason);
	for (const struct rib_cand *c = rib_others(n); c; c = c->next)
		refuse_hops(n, c->hops, peer, reason);
}

/* It is none of those under way, either, and was not handed over. */
static void lose_under_way(struct rib_node *n, const struct tunnel_peer *peer)
{
	struct item *it = n->flags & NODE_IN_BATCH ? item_of(n) : NULL;

	for (unsigned i = 0; it && it->target && i < it->target->n; i++)
		if (it->target->owner[i].peer == peer)
			it->bad |= 1u << i;
	if (it)
		fib_give_refused(it, peer);
}

static void lose_booked(struct rib_node *n, const struct tunnel_peer *peer)
{
	struct fib_plan plan = {0};
	const struct fib *f = rib_installed(n);

	if (fib_owner_on(f, peer->iface->ifindex) != peer)
		return;
	fib_plan_but(&plan, f, peer->iface->ifindex);
	fib_set_installed(n, fib_get(&plan));
	fib_dirty(n, true);
}

/* wgd does not have the entry, whatever it was asked and had said before. */
static void entry_lost(struct rib_node *n, const struct msg_allowed_refused *m)
{
	struct tunnel_peer *peer = tunnel_peer_by_id(m->peer_id);

	if (!peer)
		return;
	lose_under_way(n, peer);
	lose_booked(n, peer);
	refuse_peer(n, peer, m->reason ? m->reason : REASON_WG_ERROR);
}

/* What wgd refused may be asked for again. */
static void entry_free(struct rib_node *n, const struct msg_allowed_refused *m)
{
	struct tunnel_peer *peer = tunnel_peer_by_id(m->peer_id);

	if (peer)
		clear_wgds(n, peer);
}

/* wgd names no plane: all that have the prefix. */
static void each_plane(const struct msg_allowed_refused *m,
		       void (*fn)(struct rib_node *n, const struct msg_allowed_refused *m))
{
	for (unsigned i = 0; i < PLANES_MAX; i++) {
		struct rib_node *n = fib_node_in(&m->prefix, i);

		if (n)
			fn(n, m);
	}
}

/* Entries that could not be handed over go: who has some of them under way waits for that, too. */
static void send_more(void)
{
	uint32_t number = send_changes();

	for (unsigned i = 0; number && i < ARRAY_SIZE(batches); i++)
		if (batches[i].state == BATCH_ASKED)
			batches[i].awaited = number;
}

/* The entries are in. */
static void go_on(struct batch *b)
{
	write_routes(b);
	finish(b);
}

static struct batch *asked_for(uint32_t answer)
{
	for (unsigned i = 0; answer && i < ARRAY_SIZE(batches); i++)
		if (batches[i].state == BATCH_ASKED && batches[i].awaited == answer)
			return &batches[i];
	return NULL;
}

void fib_acked(const struct msg_allowed_ack *ack)
{
	struct batch *b, *next;

	if (sync_batch && ack->batch == sync_batch) {
		sync_batch = 0;
		wake();
		return;
	}
	acked = ack->batch;
	for (uint32_t i = ack->n; i--;) /* of what was handed over the shortest first goes */
		each_plane(&ack->refused[i], entry_lost);
	send_more();
	if (replayed && ack->batch == replayed) {
		replayed = 0;
		wgd = WGD_READY;
		wake();
		return;
	}
	b = asked_for(ack->batch);
	if (!b)
		return;
	go_on(b);
	next = b == &batches[0] ? &batches[1] : &batches[0];
	if (next->state == BATCH_ASKED && !next->awaited)
		go_on(next);
	wake();
}

void fib_allowed_refused(const struct msg_allowed_refused *m)
{
	each_plane(m, m->reason == REASON_NONE ? entry_free : entry_lost);
	send_more();
}

/* --- gates --- */

void fib_kernel_ready(void)
{
	kernel_ready = true;
	nexthop_kernel_ready();
	wake();
}

void fib_wgd_away(void)
{
	abort_all();
	wgd = WGD_AWAY;
	sync_batch = 0;
}

void fib_wgd_synced(void)
{
	wgd = WGD_REPLAY;
	wgd_before = sync_due = true;
	acked = last_batch;
	replay_at = 0;
	nexthop_tunnels_ready();
	wake();
}

void fib_wgd_drained(void)
{
	wake();
}

void fib_routes_written(void)
{
	wake();
}

void fib_swept(void)
{
	swept = true;
	wake();
}

/* --- the kernel is not as we left it --- */

bool fib_begun(void)
{
	return kernel_ready && wgd_before;
}

bool fib_is_swept(void)
{
	return swept;
}

bool fib_idle(void)
{
	return !replayed && wgd == WGD_READY && swept && !sync_due && !sync_batch &&
	       !nhobj_busy() && batches[0].state == BATCH_FREE && batches[1].state == BATCH_FREE;
}

/* N's route has the same place in the kernel by both. */
static bool same_numbers(const struct zconfig *c, const struct rib_node *n)
{
	return c->metric == zconfig.metric && c->protocol == zconfig.protocol &&
	       c->plane_table[n->plane] == zconfig.plane_table[n->plane];
}

/* Takes every route of ours out of the kernel that NUMBERS gives another place, entries stay. */
static void remove_routes(const struct zconfig *numbers)
{
	struct rib_node *n;
	uint32_t at = 0;

	while ((n = rib_walk(&at))) {
		struct kroute r;

		if (!fib_has_route(rib_installed(n)) ||
		    (numbers != &zconfig && same_numbers(numbers, n)))
			continue;
		fill_route(&r, n, rib_installed(n));
		r.table = numbers->plane_table[n->plane];
		r.metric = numbers->metric;
		r.protocol = numbers->protocol;
		out.route(ROUTE_DEL, &r, NULL);
		fib_drop_route(n);
		fib_dirty(n, false);
	}
	out.route_done(out.route_flush(), true);
}

void fib_renumber(const struct zconfig *old)
{
	fib_settle();
	remove_routes(old);
	nhobj_renumber();
}

void fib_teardown(void)
{
	abort_all();
	torn_down = true;
	remove_routes(&zconfig);
	nhobj_teardown();
}

void fib_reset(void)
{
	abort_all();
	fib_queue_reset();
	if (job.ready)
		job_stop(&job);
	timer_stop(&pin_timer);
	job.ready = pin_timer.ready = false;
	free(changes.changes);
	changes = (struct msg_allowed){0};
	changes_cap = 0;
	last_batch = replayed = acked = sync_batch = 0;
	wgd = WGD_AWAY;
	wgd_before = kernel_ready = swept = sync_due = settled = torn_down = false;
	fib_counters = (struct fib_counters){0};
}
