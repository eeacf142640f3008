/* SPDX-License-Identifier: BSD-2-Clause */
/* reason: each has a name of its own and words; counted by a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "reason.h"
#include "reason_counts.h"
#include "util.h"

static void test_names_and_texts(void **state)
{
	for (enum reason r = 0; r < REASON_COUNT; r++) {
		assert_true(strlen(reason_name(r)) > 0 && strcmp(reason_name(r), "unknown") != 0);
		assert_true(r == REASON_NONE || strlen(reason_text(r)) > 5);
		for (enum reason k = 0; k < r; k++)
			assert_string_not_equal(reason_name(k), reason_name(r));
	}
	assert_string_equal(reason_name(REASON_NONE), "none");
	assert_string_equal(reason_name(REASON_COUNT), "unknown");
	assert_string_equal(reason_text(REASON_COUNT), "");
	assert_string_equal(reason_name((enum reason) - 1), "unknown");
	assert_string_equal(reason_text((enum reason) - 1), "");
}

static void test_counts(void **state)
{
	static const enum reason table[] = {REASON_AS_LOOP, REASON_PEER_GONE, REASON_LOSSY};
	uint64_t counts[ARRAY_SIZE(table)] = {0};
	json_t *shown = reason_counts_json(counts, table, ARRAY_SIZE(table));
	json_t *want = json_pack("{s:i, s:I}", "as-loop", 2, "lossy", (json_int_t)1 << 40);

	assert_int_equal(json_object_size(shown), 0);
	json_decref(shown);
	reason_count(counts, table, ARRAY_SIZE(table), REASON_AS_LOOP);
	reason_count(counts, table, ARRAY_SIZE(table), REASON_AS_LOOP);
	reason_count(counts, table, ARRAY_SIZE(table), REASON_NONE);
	counts[2] = ((uint64_t)1 << 40) - 1;
	reason_count(counts, table, ARRAY_SIZE(table), REASON_LOSSY);
	shown = reason_counts_json(counts, table, ARRAY_SIZE(table));
	assert_true(json_equal(shown, want));
	json_decref(shown);
	json_decref(want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_and_texts),
		cmocka_unit_test(test_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
