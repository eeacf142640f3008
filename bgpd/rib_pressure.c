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
 */
#include "rib_pressure.h"

#include "conn.h"
#include "restart.h"
#include "rib_queue.h"

#define SHARE_HIGH 4096
#define SHARE_LOW (SHARE_HIGH / 4)
#define STUCK_MS 1000 /* without a decision; the shortest hold time is 3 s */

static struct timer timer; /* runs while anybody is held */
static bool stuck;	   /* until something is decided again */
static bool decided;	   /* something was, since the last tick */

static void release(struct peer_rib *pr)
{
	if (pr->peer && pr->peer->held)
		conn_hold_reading(pr->peer, false);
}

static void go_on(struct peer_rib *pr)
{
	if (pr->peer && pr->peer->held && !timer_running(&timer))
		timer_start(&timer, STUCK_MS);
}

static void on_tick(void *arg)
{
	if (decided) {
		decided = false;
		rib_each_neighbor(go_on);
	} else {
		stuck = true;
		rib_each_neighbor(release);
	}
}

static void hold(struct peer_rib *pr)
{
	if (!timer.ready)
		timer_init(&timer, on_tick, NULL);
	conn_hold_reading(pr->peer, true);
	if (timer_running(&timer))
		return;
	decided = false;
	timer_start(&timer, STUCK_MS);
}

void rib_pressure_heard(struct peer_rib *pr)
{
	if (!pr->peer->held && !stuck && rib_queue_share(pr->id) > SHARE_HIGH &&
	    !restart_deferring())
		hold(pr);
}

void rib_pressure_decided(uint16_t source)
{
	struct peer_rib *pr = peer_rib_by_id(source);

	decided = true;
	stuck = false;
	if (pr && rib_queue_share(source) < SHARE_LOW)
		release(pr);
}

void rib_pressure_free(void)
{
	rib_each_neighbor(release);
	timer_stop(&timer);
	stuck = false;
}
