/* SPDX-License-Identifier: BSD-2-Clause */
/* nearest: typing errors and what they are taken for; what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "nearest.h"
#include "util.h"

static void test_words(void **state)
{
	static const char *const words[] = {"show",	 "route",   "rules",   "summary", "wg0",
					    "neighbors", "tunnels", "explain", "reload"};
	static const struct {
		const char *typed, *meant;
	} rows[] = {
		{"shwo", "show"},
		{"sho", "show"},
		{"rotue", "route"},
		{"sumary", "summary"},
		{"sumry", "summary"},
		{"summmary", "summary"},
		{"neigbor", "neighbors"},
		{"nieghbors", "neighbors"},
		{"tunels", "tunnels"},
		{"expalin", "explain"},
		{"relaod", "reload"},
		{"rulse", "rules"},
		{"x", NULL},
		{"", NULL},
		{"ls", NULL},
		{"bogus", NULL},
		{"interfaces", NULL},
		{"xyz", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct nearest n = {.typed = rows[i].typed};

		for (size_t k = 0; k < ARRAY_SIZE(words); k++)
			nearest_offer(&n, words[k]);
		if (!rows[i].meant != !n.word || (n.word && !str_eq(n.word, rows[i].meant)))
			fail_msg("%s: %s", rows[i].typed, n.word ? n.word : "none");
	}
}

/* The first of equal ones stays, a nearer one takes its place; long words are left alone. */
static void test_order(void **state)
{
	char forty[64], longer[64];
	struct nearest n = {.typed = "rote"};

	nearest_offer(&n, "note");
	assert_string_equal(n.word, "note");
	nearest_offer(&n, "rota");
	assert_string_equal(n.word, "note");
	nearest_offer(&n, "rote");
	assert_string_equal(n.word, "rote");
	assert_int_equal(n.cost, 0);
	memset(forty, 'a', sizeof(forty));
	forty[40] = '\0';
	memcpy(longer, forty, sizeof(longer));
	strcpy(longer + 40, "a");
	n = (struct nearest){.typed = forty};
	nearest_offer(&n, longer);
	assert_null(n.word);
	nearest_offer(&n, forty);
	assert_string_equal(n.word, forty);
	n = (struct nearest){.typed = longer};
	nearest_offer(&n, forty);
	assert_null(n.word);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
