/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "prefix_order.h"
#include "testing.h"
#include "util.h"

#define MANY 20000

static int compare(const void *a, const void *b)
{
	return prefix_cmp(a, b);
}

/* Runs of any length against one sort of everything. */
static void order(uint8_t family, unsigned n, unsigned seed)
{
	struct prefix *all = xcalloc(MANY, sizeof(*all)), got;
	struct prefix_order o = {0};

	srandom(seed);
	prefix_order_start(&o, family);
	for (unsigned i = 0; i < n; i++) {
		uint8_t b[16];

		for (int k = 0; k < 16; k++)
			b[k] = (uint8_t)(random() & 0xc3);
		all[i] = prefix_make(family, b, (uint8_t)(random() % (family_bits(family) + 1)));
		all[i].plane = (uint8_t)(random() % 3);
		prefix_order_add(&o, &all[i]);
		if (random() % 100 == 0)
			prefix_order_close_run(&o);
	}
	prefix_order_merge(&o);
	qsort(all, n, sizeof(*all), compare);
	for (unsigned i = 0; i < n; i++) {
		assert_true(prefix_order_first(&o, &got));
		assert_true(prefix_eq(&got, &all[i]));
		prefix_order_drop(&o);
	}
	assert_false(prefix_order_first(&o, &got));
	prefix_order_free(&o);
	free(all);
}

static void test_random(void **state)
{
	unsigned seed = test_seed();

	order(AF_INET, MANY, seed);
	order(AF_INET6, MANY, seed);
}

static void test_few(void **state)
{
	for (unsigned n = 0; n < 4; n++)
		order(AF_INET, n, n);
}

/* The same object for the next family. */
static void test_again(void **state)
{
	struct prefix_order o = {0};
	struct prefix p;

	prefix_order_start(&o, AF_INET);
	assert_int_equal(prefix_parse("10.0.0.0/8", &p), 0);
	prefix_order_add(&o, &p);
	prefix_order_merge(&o);
	prefix_order_start(&o, AF_INET6);
	assert_int_equal(prefix_parse("fd00::/8", &p), 0);
	for (int i = 0; i < 2000; i++)
		prefix_order_add(&o, &p);
	prefix_order_merge(&o);
	assert_true(prefix_order_first(&o, &p));
	assert_int_equal(p.family, AF_INET6);
	prefix_order_free(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_few),
		cmocka_unit_test(test_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
