/* SPDX-License-Identifier: BSD-2-Clause */
/* Neighbours over a minute or so: what they have, what they change in it, and whether that is much.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "turnover.h"
#include "util.h"

#define LEAST TURNOVER_LEAST

struct look {
	uint64_t after_ms;
	uint32_t news, prefixes;
	bool much;
};

static void run(const struct look *rows, size_t n)
{
	struct turnover t = {0};
	uint64_t now = 1000 * 86400 * 400ull;

	for (size_t i = 0; i < n; i++) {
		now += rows[i].after_ms;
		t.news += rows[i].news;
		if (turnover_look(&t, rows[i].prefixes, now) != rows[i].much)
			fail_msg("row %zu: %d", i, t.much);
		assert_int_equal(t.news, 0);
		assert_int_equal(t.much, rows[i].much);
	}
}

#define RUN(...)                                     \
	do {                                         \
		struct look rows_[] = {__VA_ARGS__}; \
		run(rows_, ARRAY_SIZE(rows_));       \
	} while (0)

static void test_limits(void **state)
{
	/* Two tables, which a neighbour with few prefixes has as if it had more. */
	RUN({0, 2 * LEAST - 1, 0, false}, {0, 1, 0, true});
	RUN({0, 0, 50000, false}, {0, 99999, 50000, false}, {0, 1, 50000, true});
	/* As many as it has had: it may have withdrawn them. */
	RUN({0, 0, 50000, false}, {0, 50000, 0, false}, {0, 49999, 50000, false},
	    {0, 1, 50000, true});
}

static void test_forgotten(void **state)
{
	/* A table in ten seconds, however often somebody looks. */
	RUN({0, 60000, 50000, false}, {5000, 59999, 50000, false}, {5000, 30001, 50000, true});
	RUN({0, 99000, 50000, false}, {99, 0, 50000, false}, {1, 1499, 50000, false},
	    {0, 1, 50000, true});
	RUN({0, 99999, 50000, false}, {1000000, 99999, 50000, false}, {0, 1, 50000, true});
}

static void test_end(void **state)
{
	/* One table later; what came beyond two does not count. */
	RUN({0, 1000000, 50000, true}, {9999, 0, 50000, true}, {1, 0, 50000, true},
	    {101, 0, 50000, false}, {0, 49000, 50000, false}, {0, 2000, 50000, true});
	/* Not while it goes on so. */
	RUN({0, 1000000, 50000, true}, {5000, 25000, 50000, true}, {5000, 25000, 50000, true},
	    {5000, 25000, 50000, true}, {5000, 0, 50000, true}, {5200, 0, 50000, false});
}

/* What the Internet says of a full table, 20,000 changes a second, for a minute. */
static void test_full_table(void **state)
{
	struct turnover t = {0};

	for (unsigned ms = 0; ms < 60000; ms++) {
		t.news += 20;
		assert_false(turnover_look(&t, 900000, 1000 + ms));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits), cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_end), cmocka_unit_test(test_full_table)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
