/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "islab.h"

struct object {
	uint32_t first, second, third;
};

static void test_numbers(void **state)
{
	struct islab s = {.stride = sizeof(struct object)};
	const uint32_t many = 3 * ISLAB_CHUNK + 17;

	for (uint32_t i = 1; i <= many; i++) {
		assert_int_equal(islab_alloc(&s), i);
		((struct object *)islab_at(&s, i))->second = i;
	}
	assert_int_equal(s.used, many);
	assert_int_equal(s.high, many + 1);
	for (uint32_t i = 1; i <= many; i++) {
		assert_int_equal(((struct object *)islab_at(&s, i))->second, i);
		assert_int_equal(((struct object *)islab_at(&s, i))->first, 0);
	}
	islab_destroy(&s);
	assert_int_equal(s.used, 0);
}

static void test_again(void **state)
{
	struct islab s = {.stride = sizeof(struct object)};
	struct object *o;

	for (int i = 0; i < 10; i++)
		islab_alloc(&s);
	o = islab_at(&s, 4);
	memset(o, 0xff, sizeof(*o));
	islab_release(&s, 4);
	assert_int_equal(o->second, 0); /* tells it from one in use */
	islab_release(&s, 7);
	assert_int_equal(islab_alloc(&s), 7);
	assert_int_equal(islab_alloc(&s), 4);
	assert_int_equal(o->first, 0);
	assert_int_equal(islab_alloc(&s), 11);
	assert_int_equal(s.used, 11);
	islab_destroy(&s);
}

/* Every object can be used to its last byte, and all go, wherever the last chunk ends. */
static void test_edges(void **state)
{
	for (uint32_t chunks = 1; chunks <= 4; chunks++)
		for (uint32_t n = chunks * ISLAB_CHUNK - 3; n < chunks * ISLAB_CHUNK + 3; n++) {
			struct islab s = {.stride = 8};

			for (uint32_t i = 0; i < n; i++)
				memset(islab_at(&s, islab_alloc(&s)), 0xff, s.stride);
			assert_int_equal(s.used, n);
			islab_destroy(&s);
			assert_int_equal(s.used, 0);
			assert_int_equal(s.stride, 8);
			islab_destroy(&s); /* nothing */
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
