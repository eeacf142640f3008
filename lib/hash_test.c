/* SPDX-License-Identifier: BSD-2-Clause */
/* hash: growth, equal hashes, removal, walk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hash.h"
#include "util.h"

#define N 3000

struct thing {
	struct hash_node node;
	unsigned key;
	bool in, seen;
};

static struct thing things[N];

/* Only a few hundred values: chains and equal hashes of different keys happen all the time. */
static uint32_t weak_hash(unsigned key)
{
	return hash_bytes(&key, sizeof(key)) % 251 * 2654435761u;
}

static struct thing *find(const struct hash_table *t, unsigned key)
{
	struct hash_node *node = hash_find(t, weak_hash(key));

	for (; node; node = hash_find_next(node)) {
		struct thing *thing = container_of(node, struct thing, node);

		if (thing->key == key)
			return thing;
	}
	return NULL;
}

static void check(const struct hash_table *t)
{
	size_t in = 0, seen = 0;

	for (unsigned i = 0; i < N; i++) {
		things[i].seen = false;
		in += things[i].in;
		assert_ptr_equal(find(t, i), things[i].in ? &things[i] : NULL);
	}
	for (struct hash_node *node = hash_first(t); node; node = hash_next(t, node)) {
		struct thing *thing = container_of(node, struct thing, node);

		assert_true(thing->in && !thing->seen);
		thing->seen = true;
		seen++;
	}
	assert_int_equal(seen, in);
	assert_int_equal(t->count, in);
}

static void test_table(void **state)
{
	struct hash_table t = {0};

	check(&t); /* empty, no slots yet */
	for (unsigned i = 0; i < N; i++) {
		things[i].key = i;
		things[i].in = true;
		hash_insert(&t, &things[i].node, weak_hash(i));
	}
	check(&t);
	assert_in_range(t.nslots, N, 4 * N); /* chains stay short, and memory in bounds */
	for (unsigned i = 0; i < N; i += 1 + i % 3) {
		hash_remove(&t, &things[i].node);
		things[i].in = false;
	}
	check(&t);
	hash_clear(&t);
	assert_int_equal(t.count, 0);
	assert_null(hash_first(&t));
	hash_insert(&t, &things[7].node, weak_hash(7)); /* it can be used again */
	assert_ptr_equal(find(&t, 7), &things[7]);
	hash_clear(&t);
	hash_clear(&t);
}

/* What is not there is found out without a look at what is, where their hashes differ enough. */
static void test_unread(void **state)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	struct hash_node *node =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct hash_table t = {0};
	const uint32_t hash = 0x20000005;

	assert_ptr_not_equal(node, MAP_FAILED);
	hash_insert(&t, node, hash);
	assert_int_equal(mprotect(node, size, PROT_NONE), 0);
	for (uint32_t eighth = 0; eighth < 8; eighth++)
		if (eighth != hash >> 29)
			assert_null(hash_find(&t, eighth << 29 | 5));
	assert_int_equal(mprotect(node, size, PROT_READ | PROT_WRITE), 0);
	assert_ptr_equal(hash_find(&t, hash), node);
	assert_null(hash_find(&t, hash + 16)); /* in the same slot and eighth */
	hash_remove(&t, node);
	assert_null(hash_find(&t, hash));
	hash_clear(&t);
	munmap(node, size);
}

static void test_keyed(void **state)
{
	assert_int_equal(hash_bytes("abc", 3), hash_bytes("abc", 3));
	assert_int_not_equal(hash_bytes("abc", 3), hash_bytes("abd", 3));
	hash_bytes("", 0);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Numbers in a row have hashes all over, whichever bits of them are taken. */
static void test_spread(void **state)
{
	static const unsigned shifts[] = {0, 8, 16, 20};
	static uint32_t hashes[4096];

	for (size_t k = 0; k < sizeof(shifts) / sizeof(shifts[0]); k++) {
		unsigned distinct = 1;

		for (uint32_t i = 0; i < 4096; i++)
			hashes[i] = hash_bytes(&i, sizeof(i)) >> shifts[k] & 0xfff;
		qsort(hashes, 4096, sizeof(hashes[0]), compare);
		for (unsigned i = 1; i < 4096; i++)
			distinct += hashes[i] != hashes[i - 1];
		assert_in_range(distinct, 2200, 3000); /* 2589, as by chance */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_unread),
		cmocka_unit_test(test_keyed),
		cmocka_unit_test(test_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
