/* SPDX-License-Identifier: BSD-2-Clause */
/* Stubs stand for the connections and for a restart; the queue is the real one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "conn.h"
#include "loop.h"
#include "restart.h"
#include "rib_pressure.h"
#include "rib_table.h"
#include "util.h"

#define HIGH 65536
#define PATIENCE_MS 10000

static bool held, deferring;
static uint32_t made;

void conn_hold_reading(bool hold)
{
	held = hold;
}

bool restart_deferring(void)
{
	return deferring;
}

/* N more networks that are to be decided. */
static void come(unsigned n)
{
	while (n--) {
		struct prefix p = {.family = AF_INET, .len = 32};
		struct rib_table *t = rib_table_for(&p);

		made++;
		memcpy(p.b, &made, sizeof(made));
		net_mark(t, net_get(t, &p));
	}
	rib_pressure(0);
}

/* All but LEFT are decided. */
static void decide_until(unsigned left)
{
	struct rib_table *t = &rib_tables[0][BGP_IPV4];
	unsigned n = t->dirty_count - left;

	for (unsigned i = 0; i < n; i++)
		net_take(t);
	rib_pressure(n);
}

static int setup(void **state)
{
	held = deferring = false;
	made = 0;
	rib_table_init();
	return 0;
}

static int teardown(void **state)
{
	rib_pressure_free();
	assert_false(held);
	rib_table_free();
	return 0;
}

static void test_marks(void **state)
{
	come(HIGH);
	assert_false(held);
	come(1);
	assert_true(held);
	decide_until(HIGH / 4);
	assert_true(held);
	decide_until(HIGH / 4 - 1);
	assert_false(held);
	come(HIGH);
	assert_true(held);
}

static void test_deferring(void **state)
{
	deferring = true;
	come(2 * HIGH);
	assert_false(held);
	deferring = false;
	come(1);
	assert_true(held);
}

/* Nothing is decided for so long that reading goes on. */
static void get_stuck(void)
{
	uint64_t until = now_ms() + PATIENCE_MS;

	come(HIGH + 1);
	assert_true(held);
	while (held) {
		event_base_loop(loop_base(), EVLOOP_ONCE);
		assert_true(now_ms() < until);
	}
}

static void test_stuck(void **state)
{
	get_stuck();
	come(HIGH); /* the queue may grow while nothing moves ... */
	decide_until(HIGH);
	assert_false(held);
	decide_until(0);
	come(HIGH + 1); /* ... and is bounded again once it was short */
	assert_true(held);
}

/* A new beginning knows nothing of it. */
static void test_begins_again(void **state)
{
	get_stuck();
	rib_pressure_free();
	rib_table_free();
	rib_table_init();
	come(HIGH + 1);
	assert_true(held);
}

static void end_loop(void *arg)
{
	event_base_loopbreak(loop_base());
}

/* Once the queue was short, nobody waits for a decision, and nobody misses one. */
static void test_short_again(void **state)
{
	struct rib_table *t = &rib_tables[0][BGP_IPV4];
	struct timer end;

	come(HIGH + 1);
	while (t->dirty_count)
		net_take(t);
	rib_pressure(0);
	assert_false(held);
	timer_init(&end, end_loop, NULL);
	timer_start(&end, 1200); /* a tick, had it gone on */
	event_base_loop(loop_base(), 0);
	timer_stop(&end);
	come(HIGH + 1);
	assert_true(held);
}

static void test_slow(void **state)
{
	struct rib_table *t = &rib_tables[0][BGP_IPV4];
	uint64_t begin = now_ms();

	come(HIGH + 1000);
	while (now_ms() < begin + 2500) { /* two ticks */
		event_base_loop(loop_base(), EVLOOP_ONCE | EVLOOP_NONBLOCK);
		if (t->dirty_count > HIGH)
			decide_until(t->dirty_count - 1);
		else
			rib_pressure(1);
		assert_true(held);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {T(test_marks),	 T(test_deferring),   T(test_stuck),
					   T(test_begins_again), T(test_short_again), T(test_slow)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
