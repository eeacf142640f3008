/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "loop_fake.h"
#include "retry.h"

static void pass_ms(uint64_t ms)
{
	loop_fake_pass(ms * 1000);
}

/* Attempts in a minute of somebody who tries whenever he may, with an event each EVENT_MS. */
static unsigned attempts(uint64_t event_ms)
{
	struct retry r = {0};
	unsigned n = 0;

	for (uint64_t t = 0; t < 60000; t += 10) {
		if (event_ms && t % event_ms == 0)
			retry_kick(&r);
		if (!retry_waits(&r)) {
			retry_failed(&r, -EINVAL);
			n++;
		}
		pass_ms(10);
	}
	return n;
}

static void test_minute(void **state)
{
	static const uint64_t events[] = {0, 10, 100, 1000, 3000, 10000};

	for (unsigned i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		unsigned n = attempts(events[i]);

		assert_true(n >= 4);
		assert_true(n <= RETRY_MINUTE);
	}
}

static void test_delays(void **state)
{
	static const uint64_t delays[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};
	struct retry r = {0};

	assert_false(retry_waits(&r));
	for (unsigned i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
		retry_failed(&r, -EINVAL);
		assert_int_equal(retry_left_ms(&r), delays[i]);
		pass_ms(delays[i] - 1);
		assert_true(retry_waits(&r));
		pass_ms(1);
		assert_false(retry_waits(&r));
	}
	retry_failed(&r, -EINVAL);
	retry_done(&r);
	assert_false(retry_waits(&r));
}

static void test_news(void **state)
{
	struct retry r = {0};

	assert_true(retry_failed(&r, -EINVAL));
	assert_false(retry_failed(&r, -EINVAL));
	assert_true(retry_failed(&r, -ENETDOWN));
	retry_done(&r);
	assert_true(retry_failed(&r, -ENETDOWN));
}

static void test_kick(void **state)
{
	struct retry r = {0};

	assert_false(retry_kick(&r)); /* nothing was refused */
	retry_failed(&r, -ENETDOWN);
	assert_true(retry_kick(&r)); /* the first event is followed at once */
	assert_false(retry_waits(&r));
	retry_failed(&r, -ENETDOWN);
	assert_false(retry_kick(&r)); /* the next one with a delay */
	assert_int_equal(retry_left_ms(&r), 100);
	pass_ms(100);
	assert_false(retry_waits(&r));
	retry_done(&r);
	retry_failed(&r, -ENETDOWN);
	assert_true(retry_kick(&r)); /* once it went well all begins anew */
}

/* However many events did not help: after a while one is followed at once again. */
static void test_earned(void **state)
{
	struct retry r = {0};

	retry_failed(&r, -ENETDOWN);
	for (unsigned i = 0; i < 2 * (RETRY_LEVELS + RETRY_KICKS); i++) {
		retry_kick(&r);
		pass_ms(retry_left_ms(&r));
		retry_failed(&r, -ENETDOWN);
	}
	assert_false(retry_kick(&r));
	assert_int_equal(retry_left_ms(&r), RETRY_EARN_MS);
	for (unsigned i = 0; i <= RETRY_KICKS; i++) { /* the kick above is one */
		pass_ms(RETRY_EARN_MS);
		retry_failed(&r, -ENETDOWN);
	}
	assert_true(retry_kick(&r));
}

/* Events that come when they do most harm: none for QUIET_MS, then as many as there can be. */
static unsigned most_in_a_minute(uint64_t quiet_ms)
{
	enum { STEP_MS = 10, MINUTE = 60000 / STEP_MS, STEPS = 10 * MINUTE };
	static unsigned tried[STEPS];
	unsigned most = 0, sum = 0;
	struct retry r = {0};

	for (unsigned i = 0; i < STEPS; i++) {
		bool calm = quiet_ms && i * (uint64_t)STEP_MS / quiet_ms % 2 == 0;

		if (!calm)
			retry_kick(&r);
		tried[i] = !retry_waits(&r);
		if (tried[i])
			retry_failed(&r, -EINVAL);
		sum += tried[i] - (i >= MINUTE ? tried[i - MINUTE] : 0);
		most = sum > most ? sum : most;
		pass_ms(STEP_MS);
	}
	return most;
}

static void test_any_minute(void **state)
{
	static const uint64_t quiet[] = {0, 1000, 5000, 15000, 30000, 60000, 120000};

	for (unsigned i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++)
		assert_in_range(most_in_a_minute(quiet[i]), 4, RETRY_MINUTE);
}

/* A link that goes down and comes up makes a burst of events, of which the first ones do not help:
 * each is followed soon, and what was refused in between takes nothing from the other delays. */
static void test_burst(void **state)
{
	static const uint64_t delays[] = {0, 100, 300};
	struct retry r = {0};

	retry_failed(&r, -ENETDOWN);
	for (unsigned i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
		retry_kick(&r);
		retry_kick(&r); /* two at once are one */
		assert_int_equal(retry_left_ms(&r), delays[i]);
		pass_ms(delays[i]);
		retry_failed(&r, -ENETDOWN);
		assert_int_equal(retry_left_ms(&r), 1000);
	}
	assert_false(retry_kick(&r)); /* it would be no earlier than it is */
	assert_int_equal(retry_left_ms(&r), 1000);
	pass_ms(1000);
	retry_failed(&r, -ENETDOWN);
	assert_int_equal(retry_left_ms(&r), 2000);
	retry_kick(&r);
	assert_int_equal(retry_left_ms(&r), 1000);
}

static void test_delay(void **state)
{
	static const uint64_t delays[] = {100, 200, 400, 800, 1000, 1000};

	for (unsigned i = 0; i < sizeof(delays) / sizeof(delays[0]); i++)
		assert_int_equal(retry_delay_ms(100, i, 1000), delays[i]);
	assert_int_equal(retry_delay_ms(100, UINT32_MAX, 1000), 1000);
	assert_int_equal(retry_delay_ms(5000, 0, 1000), 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_minute), cmocka_unit_test(test_delays),
		cmocka_unit_test(test_delay),  cmocka_unit_test(test_news),
		cmocka_unit_test(test_kick),   cmocka_unit_test(test_burst),
		cmocka_unit_test(test_earned), cmocka_unit_test(test_any_minute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
