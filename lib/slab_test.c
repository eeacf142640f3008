/* SPDX-License-Identifier: BSD-2-Clause */
/* slab: objects are zeroed, apart, aligned, used again, and counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "slab.h"
#include "util.h"

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
	assert_int_equal(s.chunks, 1); /* the others went back */
	fill_and_check(&s, size, objects);
	assert_int_equal(s.chunks, chunks);
	for (unsigned i = 0; i < N; i += 2)
		slab_free(&s, objects[i]);
	for (unsigned i = 0; i < N; i += 2)
		objects[i] = slab_alloc(&s);
	assert_int_equal(s.chunks, chunks); /* freed ones were used again */
	slab_free(&s, NULL);
	assert_int_equal(s.used, N);
	slab_destroy(&s);
	assert_int_equal(s.used + s.chunks, 0);
}

static size_t resident_kib(void)
{
	size_t pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%*u %zu", &pages), 1);
	fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

/* Objects of several sizes, and others between them; one in a thousand stays. */
static void test_goes_back(void **state)
{
	enum { OBJECTS = 200000 };
	struct slab s[3] = {
		{.name = "a", .size = 48}, {.name = "b", .size = 200}, {.name = "c", .size = 400}};
	static void *objects[OBJECTS], *others[OBJECTS / 1000];
	size_t before = resident_kib(), with, after;

#ifdef __SANITIZE_ADDRESS__
	skip(); /* it keeps what is freed */
#endif

	for (unsigned i = 0; i < OBJECTS; i++) {
		objects[i] = slab_alloc(&s[i % 3]);
		memset(objects[i], 1, s[i % 3].size);
		if (i % 1000 == 0)
			others[i / 1000] = strdup("another one");
	}
	with = resident_kib();
	for (unsigned i = 0; i < OBJECTS; i++)
		if (i % 20000)
			slab_free(&s[i % 3], objects[i]);
	slab_trim();
	after = resident_kib();
	if (after > before)
		assert_true((after - before) * 5 < with - before);
	for (unsigned i = 0; i < OBJECTS / 1000; i++)
		free(others[i]);
	for (unsigned i = 0; i < 3; i++)
		slab_destroy(&s[i]);
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

/* From a quarter of a chunk on each has its own. */
static void test_limit(void **state)
{
	static const struct {
		size_t size;
		uint32_t chunks; /* of three */
	} rows[] = {{16 * 1024 - 8, 1}, {16 * 1024 - 7, 3}, {16 * 1024, 3}, {20 * 1024, 3}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct slab s = {.name = "test", .size = rows[i].size};
		void *objects[3];

		for (int k = 0; k < 3; k++)
			memset(objects[k] = slab_alloc(&s), 0xff, s.size);
		assert_int_equal(s.chunks, rows[i].chunks);
		for (int k = 0; k < 3; k++)
			slab_free(&s, objects[k]);
		assert_int_equal(s.chunks, rows[i].chunks == 1);
		slab_destroy(&s);
	}
}

/* What was used and is free again goes back, in pieces worth the work; a little does not. */
static void test_trim(void **state)
{
	enum { BLOCKS = 20000 };
	static void *blocks[BLOCKS];

	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = memset(xmalloc(1000), 1, 1000);
	slab_trim();
	if (!mallinfo2().fordblks) /* of a sanitizer */
		skip();
	for (int i = 0; i < BLOCKS; i++)
		free(i % 4 ? blocks[i] : NULL); /* not from the top alone */
	assert_true(mallinfo2().fordblks > 10 * 1000 * 1000);
	assert_true(slab_trim());
	assert_false(slab_trim()); /* it is known */
	for (int i = 0; i < BLOCKS / 2; i++)
		if (i % 4)
			blocks[i] = memset(xmalloc(1000), 1, 1000);
	assert_false(slab_trim());
	for (int i = 0; i < BLOCKS / 2; i++)
		if (i % 4)
			free(blocks[i]);
	assert_false(slab_trim()); /* 7.5 MB more than there was */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_goes_back), cmocka_unit_test(test_small),
		cmocka_unit_test(test_odd),	  cmocka_unit_test(test_large),
		cmocka_unit_test(test_trim),	  cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
