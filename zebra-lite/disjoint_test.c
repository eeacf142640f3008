/* SPDX-License-Identifier: BSD-2-Clause */
/* Random prefixes against a kernel that refuses overlaps, and brute force over all addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "disjoint.h"
#include "testing.h"
#include "util.h"

#define BITS 6
#define PREFIXES (2 << BITS) /* numbered as in a heap: 1 is the whole, 2n and 2n + 1 its halves */

static bool present[PREFIXES], in[PREFIXES];
static uint8_t family, plane;

static unsigned length(unsigned n)
{
	unsigned len = 0;

	while (n >> (len + 1))
		len++;
	return len;
}

static struct prefix prefix(unsigned n)
{
	struct prefix p = {.family = family, .plane = plane, .len = (uint8_t)length(n)};

	p.b[0] = (uint8_t)((n - (1u << p.len)) << (8 - p.len));
	return p;
}

static unsigned number(const struct prefix *p)
{
	return (1u << p->len) + (p->b[0] >> (8 - p->len));
}

static bool inside(unsigned n, unsigned outer)
{
	return length(n) >= length(outer) && n >> (length(n) - length(outer)) == outer;
}

static void on_put(bool add, const struct prefix *p)
{
	unsigned n = number(p);

	assert_int_equal(p->family, family);
	assert_int_equal(p->plane, plane);
	assert_int_not_equal(in[n], add);
	for (unsigned k = 1; add && k < PREFIXES; k++)
		assert_false(in[k] && (inside(k, n) || inside(n, k)));
	in[n] = add;
}

static bool covered(const bool *set, unsigned address)
{
	for (unsigned n = address + (1u << BITS); n; n >>= 1)
		if (set[n])
			return true;
	return false;
}

static void test_random(void **state)
{
	unsigned seed = test_seed(), n_in;

	srand(seed);
	for (unsigned round = 0; round < 20000; round++) {
		struct prefix p;
		unsigned n = 1 + (unsigned)rand() % (PREFIXES - 1);

		present[n] = rand() % 3 == 0;
		p = prefix(n);
		disjoint_set(&p, present[n]);
		if (rand() % 500 == 0) {
			memset(in, 0, sizeof(in));
			disjoint_emptied(plane, family);
		}
		if (rand() % 4)
			continue;
		disjoint_work(rand() % 2 ? 2 : SIZE_MAX, on_put);
		if (disjoint_queued())
			continue;
		n_in = 0;
		for (unsigned k = 1; k < PREFIXES; k++)
			n_in += in[k];
		assert_int_equal(disjoint_count(plane, family), n_in);
		for (unsigned a = 0; a < 1u << BITS; a++)
			assert_int_equal(covered(in, a), covered(present, a));
	}
}

static void test_both_families(void **state)
{
	family = AF_INET;
	test_random(state);
	disjoint_reset();
	memset(present, 0, sizeof(present));
	memset(in, 0, sizeof(in));
	family = AF_INET6;
	plane = 3;
	test_random(state);
	disjoint_reset();
}

/* At each moment between two calls what was covered before and is after is covered. */
static void test_no_gap(void **state)
{
	struct prefix whole = prefix(1), half = prefix(2);

	memset(present, 0, sizeof(present));
	memset(in, 0, sizeof(in));
	disjoint_set(&half, true);
	disjoint_work(1, on_put);
	disjoint_set(&half, false);
	disjoint_set(&whole, true);
	disjoint_work(1, on_put); /* the one that goes; the other one is in its place already */
	assert_true(in[1] && !in[2]);
	disjoint_set(&half, true);
	disjoint_set(&whole, false);
	while (disjoint_queued()) {
		disjoint_work(1, on_put);
		assert_true(covered(in, 0));
	}
	assert_true(!in[1] && in[2]);
	disjoint_reset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_families),
		cmocka_unit_test(test_no_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
