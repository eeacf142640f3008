/* SPDX-License-Identifier: BSD-2-Clause */
#include "batches.h"

#include <errno.h>
#include <stdlib.h>

#include "allowedips_refused.h"
#include "device_write.h"
#include "history.h"
#include "ipc.h"
#include "report.h"
#include "roster.h"
#include "util.h"
#include "wceiling.h"

#define LATER_MIN 64   /* changes: for fewer of them the thread is not worth its waking */
#define HAND_OVER 1024 /* changes, at a time: looked at while WireGuard has nothing to do */

struct batch {
	TAILQ_ENTRY(batch) link;
	struct msg_allowed m;
	struct msg_allowed_ack ack;
	struct msg_allowed_refused *freed; /* said behind the answer */
	size_t n_freed, cap_freed;
	uint32_t generation; /* of the configuration that zebra-lite went by */
	unsigned writes;     /* to devices, not done yet */
	bool unwanted;	     /* nobody waits for the answer */
};

/* What a batch gave to one device. */
struct batch_write {
	struct wg_later later; /* first */
	struct batch *batch;
	struct device *dev;
	size_t cap;		       /* of its changes */
	TAILQ_ENTRY(batch_write) link; /* of `unknown` */
};

static TAILQ_HEAD(batch_list, batch) batches = TAILQ_HEAD_INITIALIZER(batches); /* not answered */
static unsigned under_way; /* writes of all of them */
static void (*tell_answered)(void);
/* Made by the loop, not answered in time: until the device was read again. */
static TAILQ_HEAD(, batch_write) unknown = TAILQ_HEAD_INITIALIZER(unknown);

static void note_entry(const struct batch *b, const struct allowed_change *c, const struct peer *p,
		       enum reason reason)
{
	history_note((struct history_fact){.kind = HISTORY_ENTRY,
					   .what = reason		  ? HISTORY_ENTRY_REFUSED
						   : c->op == ALLOWED_SET ? HISTORY_SET
									  : HISTORY_UNSET,
					   .prefix = &c->prefix,
					   .name = p ? p->told_as : 0,
					   .reason = reason,
					   .number = b->m.batch});
}

static void note_batch(const struct batch *b, enum history_batch what)
{
	history_note((struct history_fact){
		.kind = HISTORY_BATCH, .what = what, .count = b->m.n, .number = b->m.batch});
}

static void batches_refuse(struct batch *b, const struct allowed_change *c, enum reason reason)
{
	if (!b->ack.refused)
		b->ack.refused = xcalloc(b->m.n, sizeof(*b->ack.refused));
	b->ack.refused[b->ack.n++] = (struct msg_allowed_refused){c->peer_id, c->prefix, reason};
}

/* P: the peer of C; NULL: there is none. */
static void apply_change(struct batch *b, const struct allowed_change *c, struct peer *p)
{
	enum reason reason = REASON_NONE;

	if (c->op == ALLOWED_UNSET) {
		note_entry(b, c, p, REASON_NONE);
		if (p)
			allowedips_unset(&p->dev->allowed, &p->owner, &c->prefix);
		return;
	}
	if (!p || !p->conf)
		reason = REASON_PEER_GONE;
	else if (p->dev->life.state != DEVICE_READY) {
		reason = REASON_INTERFACE_GONE;
		allowedips_refuse(&p->dev->allowed, &p->owner, &c->prefix);
	} else {
		reason = wceiling_judge(p, &c->prefix, b->generation);
	}
	if (reason == REASON_NONE)
		reason = allowedips_set(&p->dev->allowed, &p->owner, &c->prefix);
	note_entry(b, c, p, reason);
	if (reason != REASON_NONE)
		batches_refuse(b, c, reason);
}

static void write_later(struct batch *b, struct device *dev)
{
	struct allowedips *a = &dev->allowed;
	struct batch_write *w = xcalloc(1, sizeof(*w));

	w->batch = b;
	w->dev = dev;
	w->cap = a->cap_queue;
	w->later.changes = a->queue;
	w->later.n = a->n_queue;
	a->queue = NULL;
	a->n_queue = a->cap_queue = 0;
	b->writes++;
	under_way++;
	wg_change_later(dev->wg, &w->later);
}

/* A thread that has nothing to do begins with what there is of a large batch. */
static void hand_over(struct batch *b, struct device *dev)
{
	size_t n = dev->allowed.n_queue;

	if (n && n % HAND_OVER == 0 && dev->wg && !dev->adopted && wg_is_idle(dev->wg))
		write_later(b, dev);
}

static void batches_apply(struct batch *b)
{
	struct peer *p = NULL; /* mostly that of many in a row */

	for (uint32_t i = 0; i < b->m.n; i++) {
		const struct allowed_change *c = &b->m.changes[i];

		if (!p || p->owner.id != c->peer_id)
			p = peer_by_id(c->peer_id);
		apply_change(b, c, p);
		if (p)
			hand_over(b, p->dev);
	}
}

static bool was_refused(const struct batch *b, const struct allowed_change *c, uint32_t before)
{
	for (uint32_t i = 0; i < before; i++)
		if (b->ack.refused[i].peer_id == c->peer_id &&
		    prefix_eq(&b->ack.refused[i].prefix, &c->prefix))
			return true;
	return false;
}

/* The device failed: whatever the batch set there and is not in place is refused, unless a later
 * one gave it to another peer. */
static void refuse_failed(struct batch *b, struct device *dev, int err)
{
	enum reason reason = err == -ENODEV ? REASON_INTERFACE_GONE : REASON_WG_ERROR;
	uint32_t before = b->ack.n;

	for (uint32_t i = 0; i < b->m.n; i++) {
		const struct allowed_change *c = &b->m.changes[i];
		struct peer *p = peer_by_id(c->peer_id);

		if (c->op != ALLOWED_SET || !p || p->dev != dev ||
		    allowedips_installed(&dev->allowed, &p->owner, &c->prefix) ||
		    allowedips_moved_on(&dev->allowed, &p->owner, &c->prefix) ||
		    was_refused(b, c, before))
			continue;
		allowedips_drop(&dev->allowed, &p->owner, &c->prefix);
		allowedips_refuse(&dev->allowed, &p->owner, &c->prefix);
		note_entry(b, c, p, reason);
		batches_refuse(b, c, reason);
	}
}

static void device_failed(struct device *dev, int err)
{
	struct batch *b;

	TAILQ_FOREACH (b, &batches, link)
		refuse_failed(b, dev, err);
	device_flush(dev);
}

static void batches_answer(const struct batch *b)
{
	if (b->unwanted)
		return;
	report_acked(&b->ack);
	for (size_t i = 0; i < b->n_freed; i++)
		report_refused(b->freed[i].peer_id, &b->freed[i].prefix, REASON_NONE);
}

static void answer(void)
{
	struct batch *b;
	bool any = false;

	while ((b = TAILQ_FIRST(&batches)) && !b->writes) {
		TAILQ_REMOVE(&batches, b, link);
		b->ack.batch = b->m.batch;
		note_batch(b, HISTORY_ANSWERED);
		batches_answer(b);
		msg_free_allowed(&b->m);
		free(b->ack.refused);
		free(b->freed);
		free(b);
		any = true;
	}
	if (any)
		tell_answered();
}

/* --- devices --- */

static void wait_to_know(struct batch *b, struct device *dev)
{
	struct batch_write *w = xcalloc(1, sizeof(*w));

	w->batch = b;
	w->dev = dev;
	b->writes++;
	TAILQ_INSERT_TAIL(&unknown, w, link);
}

static void batches_flush(struct batch *b, struct device *dev)
{
	size_t n = dev->allowed.n_queue;
	int err;

	if (dev->wg && !dev->adopted && n && (n >= LATER_MIN || under_way)) {
		write_later(b, dev);
		return;
	}
	err = device_flush(dev);
	if (err == -ETIMEDOUT)
		wait_to_know(b, dev);
	else if (err < 0)
		device_failed(dev, err);
}

static void written(struct batch_write *w)
{
	struct allowedips *a = &w->dev->allowed;

	if (w->later.err < 0)
		w->dev->life.write_error = w->later.err;
	if (a->queue) {
		free(w->later.changes);
	} else {
		a->queue = w->later.changes;
		a->cap_queue = w->cap;
	}
	w->batch->writes--;
	under_way--;
	free(w);
}

static void take_done(void)
{
	struct wg_later *l;
	struct device *dev;

	while ((l = wg_take_done()))
		written((struct batch_write *)l);
	TAILQ_FOREACH (dev, &devices, link) {
		int err = dev->life.write_error;

		dev->life.write_error = 0;
		if (err < 0) {
			device_change_failed(dev, err);
			device_failed(dev, err);
		}
	}
	answer();
}

void batches_free(uint32_t peer_id, const struct prefix *p)
{
	struct batch *b = TAILQ_LAST(&batches, batch_list);

	if (!b) {
		report_refused(peer_id, p, REASON_NONE);
		return;
	}
	b->freed = xgrow(b->freed, b->n_freed, &b->cap_freed, sizeof(*b->freed));
	b->freed[b->n_freed++] = (struct msg_allowed_refused){peer_id, *p, REASON_NONE};
}

bool batches_under_way(void)
{
	return !TAILQ_EMPTY(&batches);
}

bool batches_settle(struct device *dev)
{
	bool all = !dev->wg || wg_wait(dev->wg);

	take_done();
	return all;
}

void batches_end(struct device *dev)
{
	if (dev->wg)
		wg_interrupt(dev->wg);
	take_done();
}

void batches_known(struct device *dev, int err)
{
	struct batch_write *w, *next;

	if (err < 0)
		device_failed(dev, err);
	for (w = TAILQ_FIRST(&unknown); w; w = next) {
		next = TAILQ_NEXT(w, link);
		if (w->dev != dev)
			continue;
		TAILQ_REMOVE(&unknown, w, link);
		w->batch->writes--;
		free(w);
	}
	answer();
}

void batches_forget(void)
{
	struct device *dev;
	struct batch *b;

	TAILQ_FOREACH (dev, &devices, link)
		batches_settle(dev);
	TAILQ_FOREACH (b, &batches, link)
		b->unwanted = true;
}

/* --- from zebra-lite --- */

bool batches_allowed(const struct ipc_frame *frame)
{
	struct batch *b = xcalloc(1, sizeof(*b));
	struct device *dev;

	if (msg_get_allowed(frame->body, frame->len, &b->m) < 0) {
		free(b);
		return false;
	}
	b->generation = frame->generation;
	note_batch(b, HISTORY_HEARD);
	batches_apply(b);
	TAILQ_INSERT_TAIL(&batches, b, link);
	TAILQ_FOREACH (dev, &devices, link)
		batches_flush(b, dev);
	answer();
	return true;
}

void batches_open(void (*answered)(void))
{
	tell_answered = answered;
	wg_thread_open(take_done);
}

void batches_close(void)
{
	wg_thread_close();
}
