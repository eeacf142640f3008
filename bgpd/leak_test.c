/* SPDX-License-Identifier: BSD-2-Clause */
/* Which `leak` statements hold, in which order they are asked, and what counts as a change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "leak.h"
#include "planes.h"
#include "quoted.h"
#include "util.h"

#define ONE(from, to, policy) "{'from': '" from "', 'to': '" to "', 'policy': ['" policy "']}"

static bool apply(const char *list)
{
	char *text = xasprintf(
		"{'plane': [{'name': 'blue', 'number': 1, 'table': 100}, {'name': 'red', 'number': "
		"2, 'table': 200}], 'policy': [{'name': 'p', 'default': 'accept'}, {'name': 'q', "
		"'default': 'reject'}], 'bgp': {'as': 65000, 'leak': [%s]}}",
		list);
	json_t *config = quoted(text);
	bool changed;

	planes_read(config);
	changed = leak_apply(config);
	json_decref(config);
	free(text);
	return changed;
}

/* "0>1 0>2": those from each plane in turn. */
static const char *holds(void)
{
	static char out[100];
	size_t at = 0;

	out[0] = '\0';
	for (uint8_t from = 0; from < 3; from++)
		for (const struct leak *l = NULL; (l = leak_next(from, l));) {
			assert_int_equal(l->from, from);
			assert_ptr_equal(leak_find(from, l->to), l);
			at += snprintf(out + at, sizeof(out) - at, "%s%u>%u", at ? " " : "", from,
				       l->to);
		}
	return out;
}

static void test_statements(void **state)
{
	static const struct {
		const char *list, *holds;
		bool changed; /* from the row before */
	} rows[] = {
		{ONE("main", "blue", "p"), "0>1", true},
		{ONE("main", "blue", "p"), "0>1", false},
		{ONE("main", "blue", "q"), "0>1", true},
		{ONE("main", "red", "q"), "0>2", true},
		{ONE("blue", "red", "q"), "1>2", true},
		{ONE("blue", "red", "q") ", " ONE("blue", "main", "q"), "1>2 1>0", true},
		{ONE("blue", "red", "q") ", " ONE("blue", "main", "p"), "1>2 1>0", true},
		{ONE("blue", "red", "q") ", " ONE("red", "main", "p"), "1>2 2>0", true},
		/* What leads nowhere, or was said before, is passed over. */
		{ONE("nowhere", "red", "q") ", " ONE("blue", "red", "q") ", " ONE(
			 "red", "nowhere", "p") ", " ONE("red", "red",
							 "p") ", " ONE("red", "main",
								       "p") ", " ONE("blue", "red",
										     "p"),
		 "1>2 2>0", false},
		{ONE("main", "red", "q") ", " ONE("blue", "main", "q") ", " ONE("main", "blue",
										"q"),
		 "0>2 0>1 1>0", true},
		{"", "", true},
		{"", "", false},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		bool changed = apply(rows[i].list);

		if (changed != rows[i].changed || !str_eq(holds(), rows[i].holds))
			fail_msg("row %u: changed %d, %s", i, changed, holds());
	}
	assert_null(leak_find(0, 1));
	apply(ONE("main", "blue", "p") ", " ONE("main", "red", "q"));
	assert_null(leak_find(1, 0));
	assert_null(leak_find(1, 2));
	leak_free();
	assert_null(leak_find(0, 1));
	assert_null(leak_next(0, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
