/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * I1 and I2 by random changes against the model of both tables. WGBGP_SEED takes other changes,
 * WGBGP_OPS more of them, WGBGP_CLOCK other times between them, WGBGP_LINGER (ms) entries that stay
 * for longer. The clock is the model's own. scripts/model-runs does it with many seeds.
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

struct kind {
	bool restarts, planes, ceilings, hostile, statics;
};

static void run(struct kind kind)
{
	uint64_t seed = test_seed();
	uint64_t ops = number("WGBGP_OPS", kind.hostile ? 15000 : 3000); /* 10,000 ROUTES */

	printf("%llu changes\n", (unsigned long long)ops);
	model_start(kind.hostile ? 4 * seed : seed,
		    NULL); /* of 4 a circle of learned routes comes */
	if (kind.planes)
		model_planes();
	if (kind.ceilings)
		model_ceilings();
	if (kind.hostile)
		model_hostile();
	if (kind.statics)
		model_statics();
	for (uint64_t i = 0; i < ops; i++) {
		uint64_t mix = (seed + i) * 0x9e3779b97f4a7c15ull >> 40;

		model_op();
		for (unsigned k = mix % 4; k; k--)
			model_turn();
		if (kind.restarts && i % 97 == 96)
			model_restart_zebra();
		if (mix % 16 == 0)
			model_rest();
	}
	model_rest();
	if (!kind.hostile)
		assert_true(model_checks() > ops);
	if (ops >= 3000)
		assert_true(model_moves() > 0);
	model_stop();
}

static void test_changes(void **state)
{
	run((struct kind){0});
}

static void test_restarts(void **state)
{
	run((struct kind){.restarts = true});
}

static void test_planes(void **state)
{
	run((struct kind){.restarts = true, .planes = true});
}

static void test_ceilings(void **state)
{
	run((struct kind){.restarts = true, .ceilings = true});
}

static void test_statics(void **state)
{
	run((struct kind){.restarts = true, .statics = true});
}

static void test_hostile(void **state)
{
	run((struct kind){.ceilings = true, .hostile = true});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes), cmocka_unit_test(test_restarts),
		cmocka_unit_test(test_planes),	cmocka_unit_test(test_ceilings),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_statics),
	};

	log_init("fib_order_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
