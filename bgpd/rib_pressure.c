/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_pressure: neighbours are not read while too many networks wait to be decided.
 *
 * A read brings thousands of prefixes and deciding them takes longer than reading, so without this
 * the queue would grow to the size of a full table while one comes in. Unread, the bytes stay in
 * the kernel's buffers and TCP slows the neighbour down; our keepalives go on, and a hold timer
 * does not end a session whose bytes wait (fsm.c).
 *
 * It must not last where deciding does not go on, because zebra-lite or all neighbours of a group
 * take nothing: a neighbour that cannot send for long gives the session up (RFC 9687). Then the
 * queue, which names each network at most once, may grow; so it may while a restart defers every
 * decision.
 */
#include "conn.h"
#include "loop.h"
#include "restart.h"
#include "rib_pressure.h"
#include "rib_table.h"

#define UNDECIDED_HIGH 65536
#define UNDECIDED_LOW (UNDECIDED_HIGH / 4)
#define STUCK_MS 1000 /* without a decision; the shortest hold time is 3 s */

static struct timer timer;
static bool holding;
static bool stuck;	    /* until the queue is short again */
static unsigned since_tick; /* decisions */

static unsigned undecided(void)
{
	unsigned n = 0;

	RIB_TABLES_FOREACH(t)
	n += t->dirty_count;
	return n;
}

static void rib_pressure_release(void)
{
	holding = false;
	timer_stop(&timer);
	conn_hold_reading(false);
}

static void on_tick(void *arg)
{
	stuck = since_tick == 0;
	since_tick = 0;
	if (stuck)
		rib_pressure_release();
	else
		timer_start(&timer, STUCK_MS);
}

static void rib_pressure_hold(void)
{
	holding = true;
	since_tick = 0;
	if (!timer.ready)
		timer_init(&timer, on_tick, NULL);
	timer_start(&timer, STUCK_MS);
	conn_hold_reading(true);
}

void rib_pressure(unsigned decided)
{
	unsigned n = undecided();

	since_tick += decided;
	if (n < UNDECIDED_LOW)
		stuck = false;
	if (holding && n < UNDECIDED_LOW)
		rib_pressure_release();
	else if (!holding && !stuck && n > UNDECIDED_HIGH && !restart_deferring())
		rib_pressure_hold();
}

void rib_pressure_free(void)
{
	if (holding)
		rib_pressure_release();
	stuck = false;
}
