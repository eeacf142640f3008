/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pulse: who stands still how long is hung, on a clock of our own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "pulse.h"
#include "testing.h"

/* A daemon answers at once, but for the times in which it stands still. */
struct world {
	struct pulse pulse;
	uint64_t now;
	bool out; /* a PING waits in the socket */
	uint64_t longest;
};

static void begin(struct world *w)
{
	*w = (struct world){.now = 5000000};
	pulse_start(&w->pulse, w->now);
}

/* One tick, PASSED ms after the last one, of a daemon that is awake or not. */
static void tick(struct world *w, uint64_t passed, bool awake)
{
	w->now += passed;
	w->out |= pulse_tick(&w->pulse, w->now);
	if (w->pulse.silent_ms > w->longest)
		w->longest = w->pulse.silent_ms;
	if (w->out && awake) {
		w->out = false;
		pulse_heard(&w->pulse);
	}
}

static void test_answers(void **state)
{
	struct world w;

	begin(&w);
	for (int i = 0; i < 100; i++)
		tick(&w, PULSE_TICK_MS, true);
	assert_int_equal(w.longest, 0);
}

/* A new daemon begins with nothing of the last one's. */
static void test_begins_anew(void **state)
{
	struct world w;

	begin(&w);
	for (int i = 0; i < 8; i++)
		tick(&w, PULSE_TICK_MS, false);
	assert_true(w.pulse.silent_ms > 0);
	pulse_start(&w.pulse, w.now + 700);
	assert_int_equal(w.pulse.silent_ms, 0);
	w.now += 700 + PULSE_TICK_MS;
	assert_true(pulse_tick(&w.pulse, w.now));
	assert_false(pulse_tick(&w.pulse, w.now + PULSE_TICK_MS - 1));
	assert_int_equal(w.pulse.silent_ms, PULSE_TICK_MS - 1);
}

/* Found hung less than 13 s after it stopped; asked once, not every second. */
static void test_hangs(void **state)
{
	struct world w;
	unsigned asked = 0;
	uint64_t stopped;

	begin(&w);
	tick(&w, PULSE_TICK_MS, true);
	stopped = w.now;
	while (w.pulse.silent_ms < PULSE_HUNG_MS) {
		w.now += PULSE_TICK_MS;
		asked += pulse_tick(&w.pulse, w.now);
		assert_true(w.now - stopped < 13000);
	}
	assert_int_equal(asked, 1);
	pulse_heard(&w.pulse);
	assert_int_equal(w.pulse.silent_ms, 0);
}

/* The machine was frozen with all of us, for an hour, again and again. */
static void test_own_sleep_does_not_count(void **state)
{
	struct world w;

	begin(&w);
	for (int i = 0; i < 100; i++) {
		tick(&w, PULSE_TICK_MS, false);
		tick(&w, 3600000, false);
		tick(&w, PULSE_TICK_MS, true);
	}
	assert_true(w.longest < PULSE_SILENT_MS);
}

/* Stops of 1 to 5 s, and ticks that come up to 0.9 s late: nobody is hung. One of 12 s is. */
static void test_random_stops(void **state)
{
	struct world w;

	srandom(test_seed());
	begin(&w);
	for (int i = 0; i < 10000; i++) {
		uint64_t end = w.now + 1000 + (uint64_t)random() % 4001;

		while (w.now < end)
			tick(&w, PULSE_TICK_MS + (uint64_t)random() % 900, false);
		tick(&w, PULSE_TICK_MS + (uint64_t)random() % 900, true);
	}
	assert_true(w.longest >= PULSE_SILENT_MS);
	assert_true(w.longest < PULSE_HUNG_MS);
	for (int i = 0; i < 13; i++)
		tick(&w, PULSE_TICK_MS, false);
	assert_true(w.longest >= PULSE_HUNG_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_begins_anew),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_hangs),
		cmocka_unit_test(test_own_sleep_does_not_count),
		cmocka_unit_test(test_random_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
