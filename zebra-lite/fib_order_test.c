/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * I1 and I2 by random changes against the model of both tables. WGBGP_SEED takes other changes,
 * WGBGP_OPS more of them, WGBGP_CLOCK other times between them. The clock is the model's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "log.h"
#include "model.h"
#include "testing.h"

static uint64_t number(const char *name, uint64_t fallback)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : fallback;
}

static void run(bool restarts, bool planes)
{
	uint64_t seed = test_seed(), ops = number("WGBGP_OPS", 3000);

	printf("%llu changes\n", (unsigned long long)ops);
	model_start(seed, NULL);
	if (planes)
		model_planes();
	for (uint64_t i = 0; i < ops; i++) {
		uint64_t mix = (seed + i) * 0x9e3779b97f4a7c15ull >> 40;

		model_op();
		for (unsigned k = mix % 4; k; k--)
			model_turn();
		if (restarts && i % 97 == 96)
			model_restart_zebra();
		if (mix % 16 == 0)
			model_rest();
	}
	model_rest();
	assert_true(model_checks() > ops);
	if (ops >= 3000)
		assert_true(model_moves() > 0);
	model_stop();
}

static void test_changes(void **state)
{
	run(false, false);
}

static void test_restarts(void **state)
{
	run(true, false);
}

static void test_planes(void **state)
{
	run(true, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_restarts),
		cmocka_unit_test(test_planes),
	};

	log_init("fib_order_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
