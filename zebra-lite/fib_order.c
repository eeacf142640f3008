/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib_order: whose turn it is: the queue, the batches and their phases (fib.h says which).
 */
#include "fib_internal.h"
#include "keepin_run.h"
#include "log.h"
#include "loop.h"
#include "nexthop.h"
#include "nftset.h"
#include "nhobj.h"
#include "pin.h"
#include "repair_times.h"
#include "rib.h"
#include "rib_lost.h"
#include "uplink.h"
#include "util.h"
#include "zconfig.h"

#define COLLECT_MS 1000	    /* objects that nobody names go by then, whatever is queued */
#define UNSETS_MS 1000	    /* a batch waits for UNSETs that others sent; wgd may hang */
#define UNSETS_URGENT_MS 50 /* WireGuard takes a few ms: what is misled meanwhile is worse */

static struct batch *batch = &fib_batches[0]; /* put together now, or next */
static struct job job;
static bool with_entries; /* the last batch had some for wgd */
static bool settled;	  /* the first sweep is worked off: entries that nobody knows of may go */
static uint64_t collected_ms; /* when unused objects were deleted last */
static bool torn_down;
static struct timer patience; /* of those that wait for UNSETs */

static bool run(void *arg);
static void lose_patience(void *arg);

static void wake(void)
{
	if (!job.ready)
		job_init(&job, run, NULL);
	job_start(&job);
}

static void booked(const struct rib_node *n, bool moved)
{
	nftset_route_changed(n);
	keepin_booked(n, moved);
	if (!moved)
		return;
	nexthop_route_changed(RIB_PREFIX(n));
	if (pin_moved(RIB_PREFIX(n)))
		wake();
}

static void others_changed(const struct prefix *p)
{
	pin_route_changed(p);
	uplink_route_changed(p);
	keepin_look(p);
	keepin_default_look(p);
}

void fib_open(void (*busy)(bool busy))
{
	rib_open(others_changed);
	dirty_open(wake, busy);
	books_open(booked);
	keepin_open(wake);
	keepin_run_open();
}

/* --- the ends of batches --- */

/* Groups come last: one that leads by another interface, too, from now on catches there what the
 * entries that go have caught. */
static void finish(struct batch *b)
{
	fib_run_books(b, fib_wgd_entries());
	fib_wgd_send();
	nhgroup_batch_done();
	nexthop_tell();
}

/* Books what the kernel has done, in the order of its doing. */
static void reap(bool wait)
{
	struct batch *order[] = {batch, fib_other(batch)};

	for (unsigned i = 0; i < ARRAY_SIZE(order); i++)
		if (order[i]->state == BATCH_WRITING && out.route_done(order[i]->ticket, wait))
			finish(order[i]);
}

void fib_settle(void)
{
	reap(true);
	keepin_settle(true);
}

static void abort_all(void)
{
	fib_settle();
	fib_batch_abort(batch); /* the older one when both are under way */
	fib_batch_abort(fib_other(batch));
	fib_wgd_forget();
}

/* --- the machine --- */

/* Before the first sweep is worked off some are nobody's yet. */
static void collect_objects(void)
{
	if (!settled)
		return;
	nhobj_collect();
	collected_ms = now_ms();
}

/* The queue is worked off. */
static void rest(void)
{
	nhgroup_settle();
	nhobj_settle();
	settled = settled || (fib_gate.swept && !fib_counters.queued);
	fib_wgd_sync_when(settled);
	if (!fib_counters.queued)
		collect_objects();
}

static void write_routes(struct batch *b)
{
	fib_plan_routes(b);
	fib_run_routes(b);
}

/* What a batch without entries waits for: that wgd has removed those that its packets would find.
 * 0: for nothing, or not for longer than for its turn. */
static uint32_t unsets_before(const struct batch *b)
{
	const struct batch *before = fib_other(b);

	if (before->state == BATCH_ASKED && fib_later(b->unsets, before->awaited) != b->unsets)
		return 0;
	return b->unsets;
}

/* B waits for UNSETs: no longer than for MS from now on. */
static void be_patient(struct batch *b, uint32_t ms)
{
	uint64_t until = now_ms() + ms;

	if (b->patience_ms && b->patience_ms <= until)
		return;
	b->patience_ms = until;
	if (!patience.ready)
		timer_init(&patience, lose_patience, NULL);
	if (!timer_running(&patience) || timer_left_ms(&patience) > ms)
		timer_start(&patience, ms);
}

/* Something urgent is behind those under way. */
static void hurry(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(fib_batches); i++)
		if (fib_batches[i].state == BATCH_ASKED && fib_batches[i].patience_ms)
			be_patient(&fib_batches[i], UNSETS_URGENT_MS);
}

/* The batch that was put together goes as far as it can. True: another one may follow. */
static bool start_batch(void)
{
	bool plain = fib_batch_is_plain(batch), behind = fib_other(batch)->state == BATCH_ASKED;

	if (!plain)
		fib_settle();
	fib_counters.batches++;
	fib_counters.in_batch = batch->n;
	fib_plan_entries(batch, fib_wgd_entries());
	batch->awaited = fib_wgd_send();
	with_entries = batch->awaited != 0;
	batch->patience_ms = 0;
	if (!with_entries)
		batch->awaited = unsets_before(batch);
	if (!with_entries && batch->awaited)
		be_patient(batch, batch->urgent ? UNSETS_URGENT_MS : UNSETS_MS);
	if (batch->awaited || behind) {
		if (plain && !behind)
			fib_settle(); /* books go in the order of the batches */
		batch->state = BATCH_ASKED;
		batch = fib_other(batch);
		return !behind;
	}
	write_routes(batch);
	if (plain)
		batch = fib_other(batch);
	else
		finish(batch);
	return true;
}

/* Some of it. True: there is more. */
static bool replay(void)
{
	bool more = fib_wgd_replay(settled);

	if (!fib_wgd_is_new())
		nhgroup_batch_done(); /* some may have waited for the wgd before it */
	return more;
}

/* One batch, as far as it goes without waiting. True: there is more. */
static bool run_batch(void)
{
	const struct batch *before = fib_other(batch);
	bool more;

	if (!fib_wgd_listens())
		return false; /* fib_wgd_synced(), fib_look(), fib_acked() */
	if (fib_wgd_is_new())
		return replay();
	reap(false);
	if (now_ms() - collected_ms >= COLLECT_MS)
		collect_objects();
	if (fib_repairing())
		hurry();
	if (batch->state != BATCH_FREE || (before->state != BATCH_FREE && before->stops) ||
	    (before->state == BATCH_ASKED && !before->grows))
		return false; /* fib_acked(), fib_look() */
	more = fib_turn(batch, with_entries);
	if (batch->n)
		return start_batch();
	nexthop_tell();
	if (!more && before->state == BATCH_FREE)
		rest();
	return more;
}

static bool run(void *arg)
{
	bool kept_in_later, more;

	if (torn_down || !fib_gate.kernel_ready)
		return false; /* fib_kernel_ready() */
	keepin_settle(false); /* first: what is judged again then finds the routes booked, too */
	reap(false);
	kept_in_later = keepin_run();
	pin_look_held();
	more = run_batch();
	repair_look(fib_repairing());
	return more || kept_in_later;
}

/* --- wgd's answers --- */

/* The entries are in. */
static void go_on(struct batch *b)
{
	write_routes(b);
	finish(b);
}

/* B, the older one, and the other where it waits for its turn or for NUMBER, too. */
static void go_on_from(struct batch *b, uint32_t number)
{
	struct batch *next = fib_other(b);

	go_on(b);
	if (next->state == BATCH_ASKED && (!next->awaited || next->awaited == number))
		go_on(next);
}

/* The older one of two. */
static struct batch *asked_for(uint32_t answer)
{
	struct batch *order[] = {batch, fib_other(batch)};

	for (unsigned i = 0; answer && i < ARRAY_SIZE(order); i++)
		if (order[i]->state == BATCH_ASKED && order[i]->awaited == answer)
			return order[i];
	return NULL;
}

/* Entries that could not be handed over go: the batch that takes routes away waits for that, too.
 * There is one at most: two that are asked at a time only grow, and each has its own number. */
static void send_more(void)
{
	uint32_t number = fib_wgd_send();

	for (unsigned i = 0; number && i < ARRAY_SIZE(fib_batches); i++)
		if (fib_batches[i].state == BATCH_ASKED && !fib_batches[i].grows)
			fib_batches[i].awaited = number;
}

void fib_acked(const struct msg_allowed_ack *ack)
{
	bool unsetting = fib_is_unsetting();
	struct batch *b;

	if (fib_wgd_swept(ack->batch)) {
		wake();
		return;
	}
	for (uint32_t i = ack->n; i--;) /* of what was handed over the shortest first goes */
		fib_entry_refused(&ack->refused[i], fib_wgd_entries());
	send_more();
	if (fib_wgd_replayed(ack->batch)) {
		nhgroup_batch_done();
		wake();
		return;
	}
	b = asked_for(ack->batch);
	if (b) {
		go_on_from(b, ack->batch);
	} else if (unsetting) {
		nhgroup_batch_done(); /* some may have waited for that */
	} else {
		return;
	}
	wake();
}

/* B has waited for long enough: it goes on, or waits for its turn alone. */
static void give_up(struct batch *b, bool is_behind)
{
	uint32_t number = b->awaited;

	fib_gate.waived = fib_later(fib_gate.waived, number);
	log_warn("entries-not-awaited", "prefixes=%u", b->n);
	if (is_behind)
		b->awaited = 0;
	else
		go_on_from(b, number);
}

/* wgd hangs, or an interface's program does: it says nothing, or late. */
static void lose_patience(void *arg)
{
	struct batch *order[] = {batch, fib_other(batch)}; /* the older one of two first */
	uint64_t now = now_ms();

	for (unsigned i = 0; i < ARRAY_SIZE(order); i++) {
		struct batch *b = order[i];

		if (b->state != BATCH_ASKED || !b->patience_ms || !b->awaited)
			continue;
		if (b->patience_ms <= now)
			give_up(b, i && order[0]->state == BATCH_ASKED);
		else
			timer_start(&patience, b->patience_ms - now);
	}
	wake();
}

void fib_allowed_refused(const struct msg_allowed_refused *m)
{
	if (m->reason == REASON_NONE)
		fib_entry_free(m);
	else
		fib_entry_refused(m, fib_wgd_entries());
	send_more();
}

/* --- gates --- */

void fib_kernel_ready(void)
{
	fib_gate.kernel_ready = true;
	nexthop_kernel_ready();
	wake();
}

void fib_wgd_away(void)
{
	repair_forget();
	abort_all();
	fib_wgd_lost();
}

void fib_wgd_synced(void)
{
	fib_wgd_begin();
	nexthop_tunnels_ready();
	keepin_tunnels_ready();
	wake();
}

void fib_swept(void)
{
	fib_gate.swept = true;
	wake();
}

bool fib_idle(void)
{
	return fib_wgd_idle() && fib_gate.swept && !nhobj_busy() && batch->state == BATCH_FREE &&
	       fib_other(batch)->state == BATCH_FREE;
}

/* --- ends --- */

void fib_renumber(const struct zconfig *old)
{
	fib_settle();
	fib_run_removal(old);
	keepin_take_out(old);
	nhobj_renumber();
}

void fib_teardown(void)
{
	abort_all();
	torn_down = true;
	fib_run_removal(&zconfig);
	keepin_take_out(&zconfig);
	nhobj_teardown();
}

void fib_reset(void)
{
	abort_all();
	fib_queue_reset();
	if (job.ready)
		job_stop(&job);
	job.ready = false;
	timer_stop(&patience);
	patience.ready = false;
	rib_lost_reset();
	fib_turn_reset();
	fib_wgd_reset();
	keepin_run_reset();
	keepin_reset();
	fib_gate = (struct fib_gate){0};
	settled = torn_down = false;
	collected_ms = 0;
	fib_counters = (struct fib_counters){0};
	repair_times_reset();
}
