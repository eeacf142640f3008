/* SPDX-License-Identifier: BSD-2-Clause */
/* reason: each has a name of its own and words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "reason.h"

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
	assert_string_equal(reason_name((enum reason)-1), "unknown");
	assert_string_equal(reason_text((enum reason)-1), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_names_and_texts)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
