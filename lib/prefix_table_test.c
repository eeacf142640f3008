/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prefix_table: random tables against a plain array. The seed is printed; WGBGP_SEED repeats a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "prefix_table.h"
#include "testing.h"
#include "util.h"

#define ROUNDS 3000
#define ROWS_MAX 60
#define QUESTIONS 60

struct added {
	struct prefix p;
	bool flag;
};

static unsigned seed;

static unsigned rnd(unsigned below)
{
	return (unsigned)rand_r(&seed) % below;
}

/* Few distinct bits, so that prefixes nest and are equal. */
static struct prefix random_prefix(void)
{
	static const uint8_t values[] = {0x00, 0x80, 0xc0, 0xff};
	bool v4 = rnd(2);
	struct prefix p;
	uint8_t b[16];

	for (size_t i = 0; i < sizeof(b); i++)
		b[i] = i < 2 ? values[rnd(ARRAY_SIZE(values))] : 0;
	p = prefix_make(v4 ? AF_INET : AF_INET6, b, (uint8_t)(rnd(4) ? rnd(17) : v4 ? 32 : 128));
	p.plane = (uint8_t)rnd(2);
	return p;
}

/* The longest of ADDED that covers P and is shorter than SHORTER bits; the first of equal ones. */
static const struct added *expected(const struct added *added, size_t n, const struct prefix *p,
				    unsigned shorter)
{
	const struct added *best = NULL;

	for (size_t i = 0; i < n; i++)
		if (prefix_covers(&added[i].p, p) && added[i].p.len < shorter &&
		    (!best || added[i].p.len > best->p.len))
			best = &added[i];
	return best;
}

static bool any_flag(const struct added *added, size_t n, const struct prefix *p)
{
	for (size_t i = 0; i < n; i++)
		if (prefix_eq(&added[i].p, p) && added[i].flag)
			return true;
	return false;
}

static void ask(const struct prefix_table *t, const struct added *added, size_t n,
		const struct prefix *p)
{
	const struct added *want = expected(added, n, p, 129);
	const struct prefix_row *row = prefix_table_match(t, p);

	while (want) {
		assert_non_null(row);
		assert_ptr_equal(row->owner, want);
		assert_true(prefix_eq(&row->p, &want->p));
		assert_int_equal(row->flag, any_flag(added, n, &want->p));
		want = expected(added, n, p, want->p.len);
		row = prefix_table_cover(t, row);
	}
	assert_null(row);
}

static void test_random(void **state)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct added added[ROWS_MAX];
		size_t n = rnd(ROWS_MAX + 1);
		struct prefix_table t = {0};

		for (size_t i = 0; i < n; i++) {
			added[i] = (struct added){random_prefix(), rnd(4) == 0};
			prefix_table_add(&t, &added[i].p, &added[i], added[i].flag);
		}
		prefix_table_seal(&t);
		for (size_t i = 0; i < n; i++)
			ask(&t, added, n, &added[i].p);
		for (unsigned i = 0; i < QUESTIONS; i++) {
			struct prefix p = random_prefix();

			ask(&t, added, n, &p);
		}
		prefix_table_free(&t);
		assert_null(t.rows);
		assert_int_equal(t.n, 0);
	}
}

/* One that was never filled answers, sealed or not. */
static void test_empty(void **state)
{
	struct prefix p = random_prefix();
	struct prefix_table t = {0};

	assert_null(prefix_table_match(&t, &p));
	prefix_table_seal(&t);
	assert_null(prefix_table_match(&t, &p));
	prefix_table_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_empty),
	};

	seed = test_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
