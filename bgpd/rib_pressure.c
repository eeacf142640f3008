/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_pressure: a neighbour is not read while too many networks wait in its queue (rib_queue.h).
 *
 * A read brings thousands of prefixes and deciding them takes longer than reading, so without this
 * a queue would grow to the size of a full table while one comes in. Unread, the bytes stay in the
 * kernel's buffers and TCP slows the neighbour down; our keepalives go on, and a hold timer does
 * not end a session whose bytes wait (fsm.c). Who changes little is read meanwhile.
 *
 * It must not last where deciding does not go on, because zebra-lite or all neighbours of a group
 * take nothing: a neighbour that cannot send for long gives the session up (RFC 9687). Then the
 * queues, which name each network at most once, may grow; so they may while a restart defers every
 * decision.
 *
 * Who changes its table over and over again (turnover.h) would keep us, zebra-lite and all other
 * neighbours busy for ever, and whoever is busy is late for everybody else's news. So such
 * neighbours are slowed: a message of each is read and decided, a slice, and then none of them is
 * read for REST_TIMES as long. Rests come to whole milliseconds, and time in which they said
 * nothing counts as rest: who takes less than its share of the time does not notice.
 *
 * They rest for others' sake alone: not where in the last OTHERS_MS no other one had news. A router
 * that hears of everything from one neighbour would only be later for all of that.
 */
#include "rib_pressure.h"

#include <sys/param.h>

#include "conn.h"
#include "restart.h"
#include "rib_queue.h"

#define SHARE_HIGH 4096
#define SHARE_LOW (SHARE_HIGH / 4)
#define STUCK_MS 1000 /* without a decision; the shortest hold time is 3 s */

#define REST_TIMES 2
#define REST_MAX_US 100000
#define OTHERS_MS 10000

static struct timer timer; /* runs while anybody is held or slowed */
static bool stuck;	   /* until something is decided again */
static bool decided;	   /* something was, since the last tick */

static bool others;	   /* one that is not slowed had news ... */
static uint64_t others_us; /* ... by then, of which this was heard last */
static LIST_HEAD(, peer_rib) slowed = LIST_HEAD_INITIALIZER(slowed);
static struct {
	bool runs;		     /* they are held until what they said is decided */
	uint64_t began_us, ended_us; /* the present one, or the last one */
	uint64_t rest_us;	     /* still owed for it when it ended */
	struct timer rest;
} slice;

static void release(struct peer_rib *pr)
{
	if (pr->peer && pr->peer->held)
		conn_hold_reading(pr->peer, false);
}

static void on_tick(void *arg);

static void tick_later(void)
{
	if (timer_running(&timer))
		return;
	if (!timer.ready)
		timer_init(&timer, on_tick, NULL);
	decided = false;
	timer_start(&timer, STUCK_MS);
}

static void hold(struct peer_rib *pr)
{
	if (!pr->peer->held)
		conn_hold_reading(pr->peer, true);
	tick_later();
}

/* ---- those that are slowed */

static uint32_t prefixes_of(const struct peer_rib *pr)
{
	return pr->received[BGP_IPV4] + pr->received[BGP_IPV6];
}

static void slow(struct peer_rib *pr)
{
	pr->peer->slowed_ms = now_ms();
	LIST_INSERT_HEAD(&slowed, pr, slowed_link);
	tick_later();
	log_limited(&pr->peer->bucket, LOG_LEVEL_WARN, "neighbor-slowed",
		    "neighbor=%s prefixes=%u why=\"changes its table again and again\"",
		    ADDR_STR(&pr->address), prefixes_of(pr));
}

static void unslow(struct peer_rib *pr)
{
	log_limited(&pr->peer->bucket, LOG_LEVEL_INFO, "neighbor-slowed",
		    "neighbor=%s seconds=%u why=\"changes less now\"", ADDR_STR(&pr->address),
		    (unsigned)((now_ms() - pr->peer->slowed_ms) / 1000));
	pr->peer->slowed_ms = 0;
	LIST_REMOVE(pr, slowed_link);
}

static void end_rest(void *arg)
{
	struct peer_rib *pr, *next;

	for (pr = LIST_FIRST(&slowed); pr; pr = next) {
		next = LIST_NEXT(pr, slowed_link);
		release(pr);
		if (!turnover_look(&pr->turnover, prefixes_of(pr), now_ms()))
			unslow(pr);
	}
}

static void begin_slice(uint64_t now)
{
	struct peer_rib *pr;

	if (slice.runs || timer_running(&slice.rest))
		return;
	slice.runs = true;
	slice.began_us = now;
	slice.rest_us -= MIN(slice.rest_us, now - slice.ended_us);
	LIST_FOREACH (pr, &slowed, slowed_link)
		hold(pr);
}

/* Ends it when nothing waits of any of them. */
void rib_pressure_rest(void)
{
	struct peer_rib *pr;

	if (!slice.runs)
		return;
	LIST_FOREACH (pr, &slowed, slowed_link)
		if (rib_queue_share(pr->id))
			return;
	slice.runs = false;
	slice.ended_us = now_us();
	slice.rest_us += (slice.ended_us - slice.began_us) * REST_TIMES;
	slice.rest_us = MIN(slice.rest_us, REST_MAX_US);
	if (slice.rest_us < 1000) {
		end_rest(NULL);
		return;
	}
	if (!slice.rest.ready)
		timer_init(&slice.rest, end_rest, NULL);
	timer_start(&slice.rest, slice.rest_us / 1000);
}

/* ---- */

static unsigned n_held;

static void count_held(struct peer_rib *pr)
{
	n_held += pr->peer && pr->peer->held;
}

static void on_tick(void *arg)
{
	n_held = 0;
	rib_each_neighbor(count_held);
	if (n_held && !decided) {
		stuck = true;
		slice.runs = false;
		timer_stop(&slice.rest);
		rib_each_neighbor(release);
		n_held = 0;
	}
	if (!slice.runs && !timer_running(&slice.rest))
		end_rest(NULL);
	if (n_held || !LIST_EMPTY(&slowed))
		tick_later();
}

static bool rests(const struct peer_rib *pr)
{
	return pr->peer && pr->peer->held && pr->peer->slowed_ms &&
	       (slice.runs || timer_running(&slice.rest));
}

/* Others want the time that it would take. */
static bool somebody_waits(uint64_t now)
{
	if (others)
		others_us = now;
	others = false;
	return now - others_us < OTHERS_MS * 1000;
}

static void slowed_heard(struct peer_rib *pr)
{
	uint64_t now = loop_now_us();

	if (!somebody_waits(now) || !rib_queue_share(pr->id) || stuck || restart_deferring())
		return;
	begin_slice(now);
	hold(pr);
}

void rib_pressure_heard(struct peer_rib *pr)
{
	struct turnover *t = &pr->turnover;

	if (t->news && turnover_look(t, prefixes_of(pr), loop_now_us() / 1000) &&
	    !pr->peer->slowed_ms)
		slow(pr);
	if (pr->peer->slowed_ms)
		slowed_heard(pr);
	else
		others = true;
	if (!pr->peer->held && !stuck && rib_queue_share(pr->id) > SHARE_HIGH &&
	    !restart_deferring())
		hold(pr);
}

void rib_pressure_decided(uint16_t source)
{
	struct peer_rib *pr = peer_rib_by_id(source);

	decided = true;
	stuck = false;
	if (pr && rib_queue_share(source) < SHARE_LOW && !rests(pr))
		release(pr);
}

void rib_pressure_forget(struct peer_rib *pr)
{
	if (!pr->peer || !pr->peer->slowed_ms)
		return;
	release(pr);
	unslow(pr);
}

void rib_pressure_free(void)
{
	rib_each_neighbor(release);
	while (!LIST_EMPTY(&slowed))
		unslow(LIST_FIRST(&slowed));
	timer_stop(&timer);
	timer_stop(&slice.rest);
	slice.runs = false;
	slice.rest_us = 0;
	stuck = false;
}
