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

static struct peer flapper, other, third;
static struct peer_rib ribs[3];
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

static uint64_t clock_us; /* that stands still; 0: the real one */
static uint64_t timer_ms; /* of the last timer that was started */

uint64_t __real_now_us(void);
uint64_t __wrap_now_us(void);
uint64_t __wrap_now_ms(void);
void __real_timer_start(struct timer *t, uint64_t ms);
void __wrap_timer_start(struct timer *t, uint64_t ms);

uint64_t __wrap_now_us(void)
{
	return clock_us ? clock_us : __real_now_us();
}

uint64_t __wrap_now_ms(void)
{
	return __wrap_now_us() / 1000;
}

void __wrap_timer_start(struct timer *t, uint64_t ms)
{
	timer_ms = ms;
	__real_timer_start(t, ms);
}

static void pass(uint64_t us)
{
	clock_us += us;
	loop_moment = 0;
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
	clock_us = loop_moment = 0;
	rib_table_init();
	new_peer(&flapper, &ribs[0]);
	new_peer(&other, &ribs[1]);
	new_peer(&third, &ribs[2]);
	return 0;
}

static int teardown(void **state)
{
	rib_pressure_free();
	assert_false(flapper.held);
	assert_false(other.held);
	rib_queue_free();
	rib_table_free();
	for (int i = 0; i < 3; i++)
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

/* ---- Those that change their tables again and again. */

#define MUCH (TURNOVER_TABLES * TURNOVER_LEAST)
#define AWAIT(cond)                                                            \
	do {                                                                   \
		uint64_t until_ = __real_now_us() / 1000 + test_patience_ms(); \
		while (!(cond)) {                                              \
			event_base_loop(loop_base(), EVLOOP_ONCE);             \
			assert_true(__real_now_us() / 1000 < until_);          \
		}                                                              \
	} while (0)

static void slow(struct peer *p)
{
	if (!clock_us)
		clock_us = __real_now_us();
	pass(1000000); /* nobody owes a rest */
	rib_pressure_heard(third.rib);
	p->rib->turnover.news += MUCH;
	rib_pressure_heard(p->rib);
	assert_true(p->slowed_ms);
	assert_false(p->held);
}

static void decide_all(uint64_t took_us)
{
	pass(took_us);
	decide_until(0);
	rib_pressure_rest();
}

/* Twice as long as the slice took, in whole milliseconds, and the rest of that later. */
static void test_rests(void **state)
{
	static const struct {
		uint64_t idle_us, took_us, rest_ms; /* 0: none */
	} rows[] = {{0, 300, 0},     {0, 200, 1},	  {1000, 499, 0},
		    {0, 2, 1},	     {1000, 5000, 10},	  {10000, 498, 0},
		    {10000, 499, 0}, {10000, 60000, 100}, {100000, 499, 0}};

	slow(&flapper);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		pass(rows[i].idle_us);
		come(1000);
		assert_true(flapper.held);
		timer_ms = 0;
		decide_all(rows[i].took_us);
		if (timer_ms != rows[i].rest_ms || flapper.held != (rows[i].rest_ms > 0))
			fail_msg("row %zu: %u ms", i, (unsigned)timer_ms);
		AWAIT(!flapper.held);
	}
}

/* Half of it is no end. */
static void test_slice(void **state)
{
	slow(&flapper);
	come(1000);
	pass(1000);
	decide_until(1);
	rib_pressure_rest();
	assert_true(flapper.held);
	timer_ms = 0;
	decide_all(500);
	assert_int_equal(timer_ms, 3);
	AWAIT(!flapper.held);
	rib_pressure_heard(flapper.rib); /* what changes nothing costs nothing */
	assert_false(flapper.held);
}

/* All that are slowed together have their share of the time, and nobody else rests. */
static void test_rest_together(void **state)
{
	slow(&flapper);
	slow(&other);
	come(10);
	assert_true(flapper.held);
	assert_true(other.held);
	come_from(&other, 10); /* its bytes were read in the same turn */
	decide_all(700);
	assert_int_equal(rib_queue_share(other.rib->id), 10);
	assert_int_not_equal(timer_ms, 1);
	while (rib_queue_length())
		net_take(&(struct queued){0});
	rib_pressure_rest();
	assert_int_equal(timer_ms, 1);
	assert_true(flapper.held);
	assert_true(other.held);
	AWAIT(!flapper.held);
	assert_false(other.held);
}

static void test_rests_alone(void **state)
{
	slow(&flapper);
	come(10);
	come_from(&other, 1000);
	assert_false(other.held);
	decide_all(1000);
	assert_true(flapper.held);
	come_from(&other, 1000);
	assert_false(other.held);
	AWAIT(!flapper.held);
}

/* Where nobody else has news nobody has to rest, and a long queue ends as any other's does. */
static void test_alone(void **state)
{
	slow(&flapper);
	slow(&other);
	pass(5000000);
	flapper.rib->turnover.news = other.rib->turnover.news = MUCH;
	rib_pressure_heard(flapper.rib);
	rib_pressure_heard(other.rib);
	pass(5000000 - 1);
	come(10);
	assert_true(flapper.held);
	assert_true(other.held);
	decide_all(0);
	assert_false(flapper.held);
	pass(1);
	come_from(&other, 10);
	come(HIGH - 1);
	assert_false(flapper.held);
	come(2);
	assert_true(flapper.held);
	assert_false(other.held);
	decide_until(HIGH / 4);
	assert_true(flapper.held);
	decide_until(HIGH / 4 - 1);
	assert_false(flapper.held);
	rib_pressure_heard(third.rib);
	come(1);
	assert_true(flapper.held);
	assert_true(other.held);
}

/* Once its changes are forgotten. */
static void test_fast_again(void **state)
{
	slow(&flapper);
	come(10);
	pass(TURNOVER_FORGET_MS * 1000 + 200000);
	assert_true(flapper.held);
	decide_all(0);
	AWAIT(!flapper.held);
	assert_false(flapper.slowed_ms);
	come(HIGH);
	assert_false(flapper.held);
	/* ... and where it says nothing any more. */
	decide_until(0);
	slow(&flapper);
	pass(TURNOVER_FORGET_MS * 1000 + 200000);
	AWAIT(!flapper.slowed_ms);
}

/* Where nothing is decided reading goes on. */
static void test_slowed_and_stuck(void **state)
{
	slow(&flapper);
	slow(&other);
	come(10);
	AWAIT(!flapper.held);
	assert_false(other.held);
	come(10);
	assert_false(flapper.held);
	decide_until(1);
	come(10);
	assert_true(flapper.held);
	deferring = true;
	decide_all(100);
	come(10);
	assert_false(flapper.held);
}

/* One that is deleted meanwhile holds up no other one. */
static void test_slowed_and_gone(void **state)
{
	slow(&flapper);
	slow(&other);
	come(10);
	rib_pressure_forget(flapper.rib);
	assert_false(flapper.held);
	assert_false(flapper.slowed_ms);
	rib_pressure_forget(flapper.rib);
	assert_true(other.held);
	rib_pressure_rest();
	assert_false(other.held);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_marks),		T(test_others),	       T(test_deleted),
		T(test_deferring),	T(test_stuck),	       T(test_begins_again),
		T(test_short_again),	T(test_slow),	       T(test_rests),
		T(test_slice),		T(test_rest_together), T(test_rests_alone),
		T(test_alone),		T(test_fast_again),    T(test_slowed_and_stuck),
		T(test_slowed_and_gone)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
