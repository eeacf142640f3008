/* SPDX-License-Identifier: BSD-2-Clause */
/* Stubs stand for the connections and for a restart; the queues are the real ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "conn.h"
#include "loop.h"
#include "restart.h"
#include "rib_pressure.h"
#include "rib_queue.h"
#include "testing.h"
#include "util.h"

#define HIGH 4096

static struct peer flapper, other;
static struct peer_rib ribs[2];
static bool deferring;
static uint32_t made;

void __wrap_conn_hold_reading(struct peer *p, bool hold);
bool __wrap_restart_deferring(void);

void __wrap_conn_hold_reading(struct peer *p, bool hold)
{
	assert_true(p->held != hold);
	p->held = hold;
}

bool __wrap_restart_deferring(void)
{
	return deferring;
}

/* N more networks that are to be decided. */
static void come_from(struct peer *from, unsigned n)
{
	while (n--) {
		struct prefix p = {.family = AF_INET, .len = 32};
		struct rib_table *t = rib_table_for(&p);

		made++;
		memcpy(p.b, &made, sizeof(made));
		net_mark(t, net_get(t, &p), from->rib->id);
	}
	rib_pressure_heard(from->rib);
}

static void come(unsigned n)
{
	come_from(&flapper, n);
}

/* All but LEFT of the flapper's are decided, and what has its turn in between. */
static void decide_until(unsigned left)
{
	struct queued q;

	while (rib_queue_share(flapper.rib->id) > left) {
		assert_true(net_take(&q));
		rib_pressure_decided(q.source);
	}
}

static void new_peer(struct peer *p, struct peer_rib *pr)
{
	*p = (struct peer){.rib = pr};
	*pr = (struct peer_rib){.peer = p};
	peer_rib_number(pr);
}

static int setup(void **state)
{
	deferring = false;
	made = 0;
	rib_table_init();
	new_peer(&flapper, &ribs[0]);
	new_peer(&other, &ribs[1]);
	return 0;
}

static int teardown(void **state)
{
	rib_pressure_free();
	assert_false(flapper.held);
	assert_false(other.held);
	rib_queue_free();
	rib_table_free();
	for (int i = 0; i < 2; i++)
		peer_ribs[ribs[i].id] = NULL;
	return 0;
}

static void test_marks(void **state)
{
	come(HIGH);
	assert_false(flapper.held);
	come(1);
	assert_true(flapper.held);
	decide_until(HIGH / 4);
	assert_true(flapper.held);
	decide_until(HIGH / 4 - 1);
	assert_false(flapper.held);
	come(HIGH);
	assert_true(flapper.held);
}

/* Who brought the backlog waits, nobody else. */
static void test_others(void **state)
{
	come(2 * HIGH);
	assert_true(flapper.held);
	for (unsigned i = 0; i < HIGH; i++)
		come_from(&other, 1);
	assert_false(other.held);
	come_from(&other, 1);
	assert_true(other.held);
	decide_until(HIGH); /* the other's are decided in between */
	assert_true(flapper.held);
	assert_false(other.held);
}

/* What a deleted neighbour left is decided, too. */
static void test_deleted(void **state)
{
	come(2 * HIGH);
	flapper.rib->peer = NULL;
	decide_until(0);
	rib_pressure_free();
	flapper.held = false;
}

static void test_deferring(void **state)
{
	deferring = true;
	come(2 * HIGH);
	assert_false(flapper.held);
	deferring = false;
	come(1);
	assert_true(flapper.held);
}

/* Nothing is decided for so long that reading goes on. */
static void get_stuck(void)
{
	uint64_t until = now_ms() + test_patience_ms();

	come(HIGH + 1);
	assert_true(flapper.held);
	while (flapper.held) {
		event_base_loop(loop_base(), EVLOOP_ONCE);
		assert_true(now_ms() < until);
	}
}

static void test_stuck(void **state)
{
	get_stuck();
	come(HIGH); /* the queue may grow while nothing moves ... */
	decide_until(HIGH);
	assert_false(flapper.held);
	come(1); /* ... and is bounded again once it moves */
	assert_true(flapper.held);
	decide_until(0);
	assert_false(flapper.held);
}

/* A new beginning knows nothing of it. */
static void test_begins_again(void **state)
{
	get_stuck();
	rib_pressure_free();
	rib_queue_free();
	come(HIGH + 1);
	assert_true(flapper.held);
}

static void end_loop(void *arg)
{
	event_base_loopbreak(loop_base());
}

/* Once the queue was short, nobody waits for a decision, and nobody misses one. */
static void test_short_again(void **state)
{
	struct timer end;

	come(HIGH + 1);
	decide_until(0);
	assert_false(flapper.held);
	timer_init(&end, end_loop, NULL);
	timer_start(&end, 2400); /* two ticks, had they gone on */
	event_base_loop(loop_base(), 0);
	timer_stop(&end);
	come(HIGH + 1);
	assert_true(flapper.held);
}

static void test_slow(void **state)
{
	uint64_t begin = now_ms();

	come(2 * HIGH);
	while (now_ms() < begin + 2500) { /* two ticks */
		unsigned share = rib_queue_share(flapper.rib->id);

		event_base_loop(loop_base(), EVLOOP_ONCE | EVLOOP_NONBLOCK);
		if (share > HIGH)
			decide_until(share - 1);
		else
			come(1);
		assert_true(flapper.held);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_marks), T(test_others),	     T(test_deleted),	  T(test_deferring),
		T(test_stuck), T(test_begins_again), T(test_short_again), T(test_slow)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
