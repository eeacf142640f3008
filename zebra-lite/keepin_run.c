/* SPDX-License-Identifier: BSD-2-Clause */
#include "keepin_run.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "configured.h"
#include "fib_internal.h"
#include "fib_retry.h"
#include "keepin_default.h"
#include "keepin_wish.h"
#include "log.h"
#include "loop.h"
#include "pin.h"
#include "planes.h"
#include "rib.h"
#include "zconfig.h"

#define TURN 512     /* prefixes judged a turn */
#define WALK 4096    /* nodes looked at a turn */
#define HOST_TRIES 3 /* refusals of a host route that the default route's rules wait for */

static TAILQ_HEAD(, keepin) under_way = TAILQ_HEAD_INITIALIZER(under_way);
static uint32_t ticket; /* of what is under way, valid unless UNFLUSHED */
static bool unflushed;
static bool walking, defaults_due;
static uint32_t walk_at; /* place of the walk */
static struct timer retry_timer;
static struct log_bucket refused_bucket;

/* --- one route --- */

static void fill(struct kroute *r, const struct keepin *e, const struct zconfig *numbers)
{
	*r = (struct kroute){.prefix = e->node.p,
			     .table = numbers->plane_table[e->node.p.plane],
			     .metric = KEEPIN_METRIC,
			     .protocol = numbers->protocol,
			     .type = RTN_UNREACHABLE};
}

static void put(struct keepin *e, enum route_op op)
{
	struct kroute r;

	fill(&r, e, &zconfig);
	e->write = op;
	e->err = 0;
	e->epoch = rib_kernel_epoch;
	TAILQ_INSERT_TAIL(&under_way, e, link);
	unflushed = true;
	out.route(op, &r, &e->err);
}

/* What is inside goes by whether it is kept in. */
static void set_state(struct keepin *e, enum keepin_state state)
{
	if (e->state == state)
		return;
	e->state = (uint8_t)state;
	keepin_changed();
	pin_kept_changed(&e->node.p);
	for (struct keepin *in = keepin_first_in(&e->node.p); in;
	     in = keepin_next_in(in, &e->node.p))
		if (in != e)
			keepin_queue(in);
}

/* Which interfaces are tunnels, and where their endpoints are, is known from wgd alone. Where the
 * kernel had no route of an earlier life no tunnel works yet that an addition could disturb. */
static bool may_judge(const struct keepin *e, enum keepin_state state)
{
	if (fib_gate.wgd_met || state == KEEPIN_OVER || state == KEEPIN_KERNEL_OFF)
		return true;
	return state == KEEPIN_WANTED && !fib_gate.earlier && !configured_endpoint_in(&e->node.p);
}

/* As it will be behind the batch: written now, in the batch's order. */
static void put_now(struct keepin *e, enum keepin_state state)
{
	if (e->write != ROUTE_NONE || retry_waits(&e->retry))
		return;
	set_state(e, state);
	if (e->queued)
		keepin_unqueue(e);
	put(e, e->installed ? ROUTE_DEL : ROUTE_ADD);
}

/* What will be refused then is refused before. */
static void ahead(struct keepin *e, enum keepin_when when)
{
	if (e->write == ROUTE_DEL)
		keepin_settle(true); /* it goes, and is wanted again */
	if (!e->installed && keepin_judge(e, when) == KEEPIN_WANTED)
		put_now(e, KEEPIN_WANTED);
}

/* E's route goes: what is inside, and was refused by it alone, is refused before. */
static void inside_first(const struct keepin *e)
{
	struct keepin *in = keepin_first_in(&e->node.p);

	for (; in; in = keepin_next_in(in, &e->node.p))
		if (in != e && may_judge(in, KEEPIN_WANTED))
			ahead(in, KEEPIN_NOW);
}

/* E is neither queued nor under way; it may be freed. */
static void bring_there(struct keepin *e)
{
	enum keepin_state state = keepin_judge(e, KEEPIN_NOW);

	if (!may_judge(e, state))
		return; /* keepin_tunnels_ready() */
	set_state(e, state);
	if (e->retry.error && e->installed == (e->state == KEEPIN_WANTED)) {
		retry_done(&e->retry);
		keepin_changed();
	}
	if (retry_waits(&e->retry))
		return; /* retry_due() */
	if (e->installed == (e->state == KEEPIN_WANTED)) {
		if (e->state == KEEPIN_OVER)
			keepin_forget(e);
		return;
	}
	if (e->installed)
		inside_first(e);
	put(e, e->installed ? ROUTE_DEL : ROUTE_ADD);
}

/* --- what was written --- */

static void retry_due(void *arg);

static void wait_for_retry(void)
{
	if (!retry_timer.ready)
		timer_init(&retry_timer, retry_due, NULL);
	if (!timer_running(&retry_timer))
		timer_start(&retry_timer, RETRY_FIRST_MS);
}

static void retry_due(void *arg)
{
	bool more = false;

	for (struct keepin *e = keepin_first(); e; e = keepin_next(e)) {
		more = more || e->retry.error;
		if (e->retry.error && !retry_waits(&e->retry))
			keepin_queue(e);
	}
	timer_stop(&retry_timer);
	if (more)
		wait_for_retry();
}

static void refused(struct keepin *e, enum route_op op)
{
	if (retry_failed(&e->retry, e->err))
		log_limited(&refused_bucket, LOG_LEVEL_ERROR, "route-refused",
			    "what=keep-in prefix=%s operation=%s error=\"%s\"",
			    PREFIX_STR(&e->node.p), op == ROUTE_ADD ? "add" : "delete",
			    strerror(-e->err));
	wait_for_retry();
}

static bool is_done(const struct keepin *e, enum route_op op)
{
	return !e->err ||
	       (op == ROUTE_ADD ? e->err == -EEXIST : e->err == -ESRCH || e->err == -ENOENT);
}

static void book(struct keepin *e)
{
	enum route_op op = e->write;
	bool again = e->queued, installed = e->installed;
	int error = e->retry.error;

	TAILQ_REMOVE(&under_way, e, link);
	e->write = ROUTE_NONE;
	e->queued = false;
	if (is_done(e, op)) {
		e->installed = op == ROUTE_ADD;
		retry_done(&e->retry);
	} else {
		refused(e, op);
	}
	if (e->installed != installed || e->retry.error != error)
		keepin_changed();
	if (again || e->state == KEEPIN_OVER)
		keepin_queue(e);
}

void keepin_flushed(uint32_t flush)
{
	if (!unflushed)
		return;
	ticket = flush;
	unflushed = false;
}

void keepin_settle(bool wait)
{
	struct keepin *e;

	if (TAILQ_EMPTY(&under_way))
		return;
	if (unflushed)
		keepin_flushed(out.route_flush());
	if (!out.route_done(ticket, wait))
		return;
	while ((e = TAILQ_FIRST(&under_way)))
		book(e);
}

/* --- the default route --- */

static void look_at_default(uint8_t family)
{
	struct kroute k;

	if (keepin_default_on(family))
		keepin_default_route(family, keepin_default_way(family, &k) ? &k : NULL);
}

void keepin_default_look(const struct prefix *p)
{
	if (!p->len && p->plane == PLANE_MAIN)
		look_at_default(p->family);
}

void keepin_default_look_all(void)
{
	defaults_due = true;
	fib_look();
}

/* The kernel does not take it: this is more than a moment's want of memory. */
static bool given_up(const struct rib_node *host)
{
	const struct retry *r = fib_retry_of(host);

	return r && r->count >= HOST_TRIES;
}

static void run_defaults(void)
{
	if (defaults_due) {
		defaults_due = false;
		look_at_default(AF_INET);
		look_at_default(AF_INET6);
	}
	if (keepin_default_waits() && fib_gate.wgd_met && pin_all_there(given_up))
		keepin_default_arm();
}

/* --- whose turn it is --- */

static bool is_learned(const struct rib_node *n)
{
	return n->hops || (n->flags & NODE_ADOPTED);
}

void keepin_between(const struct rib_node *n)
{
	struct keepin *e = keepin_find(RIB_PREFIX(n));

	if (e && e->installed && keepin_judge(e, KEEPIN_BEHIND) == KEEPIN_COVERED)
		put_now(e, KEEPIN_COVERED);
}

void keepin_before(const struct rib_node *n, const struct fib *target)
{
	struct keepin *e;
	bool in = keepin_leads_in(target);

	if (in && is_learned(n)) {
		e = keepin_learn(RIB_PREFIX(n));
		if (e)
			ahead(e, KEEPIN_BEHIND);
	}
	if (in || !keepin_count() || !keepin_leads_in(rib_installed(n)))
		return;
	for (e = keepin_first_in(RIB_PREFIX(n)); e; e = keepin_next_in(e, RIB_PREFIX(n)))
		ahead(e, KEEPIN_BEHIND);
}

void keepin_booked(const struct rib_node *n, bool moved)
{
	bool in = moved && keepin_leads_in(rib_installed(n));
	struct keepin *e = in && is_learned(n) ? keepin_learn(RIB_PREFIX(n)) : NULL;

	if (!n->len)
		keepin_default_look(RIB_PREFIX(n));
	if (!moved || !keepin_count())
		return;
	e = e ? e : keepin_find(RIB_PREFIX(n));
	if (e && !in)
		keepin_gone(e);
	keepin_look(RIB_PREFIX(n));
}

static void walk_some(void)
{
	struct rib_node *n = NULL;

	for (int i = 0; i < WALK; i++) {
		struct keepin *e;

		n = rib_walk(&walk_at);
		if (!n)
			break;
		e = is_learned(n) && keepin_leads_in(rib_installed(n)) ? keepin_learn(RIB_PREFIX(n))
								       : NULL;
		if (e)
			keepin_queue(e);
	}
	walking = n != NULL;
}

bool keepin_run(void)
{
	run_defaults();
	if (walking)
		walk_some();
	for (int i = 0; i < TURN && keepin_queued(); i++)
		bring_there(keepin_take());
	if (unflushed)
		keepin_flushed(out.route_flush());
	keepin_settle(false);
	return walking || keepin_queued();
}

void keepin_kick(void)
{
	for (struct keepin *e = keepin_first(); e; e = keepin_next(e))
		if (retry_kick(&e->retry))
			keepin_queue(e);
}

void keepin_relearn(void)
{
	walking = true;
	walk_at = 0;
	fib_look();
}

void keepin_tunnels_ready(void)
{
	keepin_look_all();
	keepin_default_look_all();
	keepin_relearn();
}

size_t keepin_clear_all(void)
{
	size_t n = keepin_clear(NULL);

	for (uint8_t i = 0; i < PLANES_MAX; i++)
		if (keepin_too_many(i) && rib_count_in(i) < keepin_max)
			keepin_fewer(i);
	keepin_relearn();
	return n;
}

/* E's route has the same place in the kernel by both. */
static bool same_numbers(const struct zconfig *c, const struct keepin *e)
{
	uint8_t plane = e->node.p.plane;

	return c->protocol == zconfig.protocol &&
	       c->plane_table[plane] == zconfig.plane_table[plane];
}

void keepin_take_out(const struct zconfig *numbers)
{
	keepin_settle(true);
	for (struct keepin *e = keepin_first(); e; e = keepin_next(e)) {
		struct kroute r;

		if (!e->installed || (numbers != &zconfig && same_numbers(numbers, e)))
			continue;
		fill(&r, e, numbers);
		out.route(ROUTE_DEL, &r, NULL);
		e->installed = false;
		e->state = KEEPIN_PENDING;
		keepin_changed();
		keepin_queue(e);
	}
	out.route_done(out.route_flush(), true);
}

void keepin_run_open(void)
{
	keepin_ask(keepin_has_route);
}

void keepin_run_reset(void)
{
	TAILQ_INIT(&under_way);
	unflushed = walking = defaults_due = false;
	keepin_default_reset();
	timer_stop(&retry_timer);
	retry_timer.ready = false;
}
