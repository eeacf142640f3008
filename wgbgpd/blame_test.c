/* SPDX-License-Identifier: BSD-2-Clause */
/* blame: losses during a trial, one after the other, and which of them take it back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "blame.h"
#include "util.h"

#define SINCE 1000000 /* ms */
#define S 1000

static const struct {
	const char *name;
	struct {
		const char *whose; /* NULL: no more */
		int64_t began;	   /* behind the change */
		bool asked, counts;
	} losses[4];
} rows[] = {
	{"with the change", {{"a", 0, false, true}}},
	{"soon after it", {{"a", 19 * S, false, true}}},
	{"later, alone", {{"a", 21 * S, false, false}}},
	{"silent since before the change, noticed much later", {{"a", -10 * S, false, true}}},
	{"asked for", {{"a", 1 * S, true, false}}},
	{"two far ends at once, later", {{"a", 60 * S, false, false}, {"b", 61 * S, false, true}}},
	{"the same, the second one noticed first",
	 {{"a", 70 * S, false, false}, {"b", 55 * S, false, true}}},
	{"tunnel and session of one far end, later",
	 {{"a", 60 * S, false, false}, {"a", 61 * S, false, false}}},
	{"two far ends, far from each other",
	 {{"a", 60 * S, false, false}, {"b", 90 * S, false, false}, {"a", 95 * S, false, true}}},
	{"one that comes and goes",
	 {{"a", 60 * S, false, false}, {"a", 90 * S, false, false}, {"a", 99 * S, false, false}}},
	{"clear bgp all",
	 {{"a", 60 * S, true, false}, {"b", 60 * S, true, false}, {"c", 60 * S, true, false}}},
	{"one that was asked for, and one more",
	 {{"a", 60 * S, true, false}, {"b", 61 * S, false, false}}},
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct blame b;

		blame_begin(&b, SINCE);
		for (size_t k = 0; k < ARRAY_SIZE(rows[i].losses); k++) {
			const struct blame_loss loss = {rows[i].losses[k].whose,
							(uint64_t)(SINCE + rows[i].losses[k].began),
							rows[i].losses[k].asked};

			if (loss.whose && blame_counts(&b, &loss) != rows[i].losses[k].counts)
				fail_msg("%s: loss %zu", rows[i].name, k);
		}
	}
}

static void test_flaps(void **state)
{
	static const struct {
		struct blame_ends ends;
		bool flaps;
	} ends[] = {
		{{0, 0}, false},
		{{SINCE - 20 * S, 0}, false},
		{{SINCE - 20 * S, SINCE - 599 * S}, true},
		{{SINCE - 20 * S, SINCE - 601 * S}, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		assert_int_equal(blame_flaps(&ends[i].ends, SINCE), ends[i].flaps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_flaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
