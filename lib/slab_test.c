/* SPDX-License-Identifier: BSD-2-Clause */
/* slab: objects are zeroed, apart, aligned, used again, and counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "slab.h"

#define N 5000

static void fill_and_check(struct slab *s, size_t size, unsigned char *objects[N])
{
	for (unsigned i = 0; i < N; i++) {
		objects[i] = slab_alloc(s);
		assert_int_equal((uintptr_t)objects[i] % 8, 0);
		for (size_t b = 0; b < size; b++)
			assert_int_equal(objects[i][b], 0);
		memset(objects[i], (int)(i % 255) + 1, size);
	}
	for (unsigned i = 0; i < N; i++)
		for (size_t b = 0; b < size; b++)
			assert_int_equal(objects[i][b], i % 255 + 1);
}

static void run(size_t size)
{
	static unsigned char *objects[N];
	struct slab s = {.name = "test", .size = size};
	size_t chunks;

	fill_and_check(&s, size, objects);
	assert_int_equal(s.used, N);
	chunks = s.chunks;
	for (unsigned i = 0; i < N; i++)
		slab_free(&s, objects[i]);
	assert_int_equal(s.used, 0);
	fill_and_check(&s, size, objects);
	assert_int_equal(s.chunks, chunks); /* freed ones were used again */
	slab_free(&s, NULL);
	assert_int_equal(s.used, N);
	slab_destroy(&s);
	assert_int_equal(s.used + s.chunks, 0);
}

static void test_small(void **state)
{
	run(1);
}

static void test_odd(void **state)
{
	run(43);
}

static void test_large(void **state)
{
	static unsigned char *objects[20];
	struct slab s = {.name = "large", .size = 40000};

	for (unsigned i = 0; i < 20; i++) {
		objects[i] = slab_alloc(&s);
		memset(objects[i], 1, 40000);
	}
	slab_destroy(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_odd),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
