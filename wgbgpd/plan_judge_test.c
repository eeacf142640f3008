/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "plan_judge.h"
#include "quoted.h"
#include "util.h"

static void is_text(json_t *value, const char *expected)
{
	char *text = json_dumps(value, JSON_COMPACT);

	for (char *c = text; *c; c++)
		*c = *c == '"' ? '\'' : *c;
	assert_string_equal(text, expected);
	free(text);
	json_decref(value);
}

#define CUT                                                                                     \
	"{'kind': 'peer', 'interface': 'wg0', 'peer': 'a', 'change': 'removed', 'disruptive': " \
	"true}"
#define ADDED \
	"{'kind': 'peer', 'interface': 'wg0', 'peer': 'c', 'change': 'made', 'disruptive': false}"
#define RESET                                                                                     \
	"{'kind': 'session', 'neighbor': '10.9.0.2', 'interface': 'wg0', 'peer': 'a', 'change': " \
	"'reset', 'disruptive': true}"
#define LOST                                                                                  \
	"{'kind': 'prefix', 'prefix': '192.0.2.0/24', 'change': 'lost', 'disruptive': true, " \
	"'watched': true}"
#define NEW_KEY                                                                                  \
	"{'kind': 'peer', 'interface': 'wg1', 'peer': 'b', 'change': 'replaced', 'disruptive': " \
	"true}"
#define PORT "{'kind': 'interface', 'interface': 'wg0', 'change': 'changed', 'disruptive': true}"

static const char config[] =
	"{'wireguard': {'interface': [{'name': 'wg0', 'consumer': ['DNS sync', 'backup'], 'peer': ["
	"{'name': 'a', 'tunnel-address': ['10.9.0.2'], 'permit': ['192.0.2.0/24']}, "
	"{'name': 'b', 'allowed-ips': ['192.0.2.128/25']}]}, {'name': 'wg1', 'consumer': ['x']}]}}";

static void test_verdict(void **state)
{
	json_t *none = json_array(), *some = quoted("[" ADDED "]"),
	       *bad = quoted("[" ADDED "," CUT "]");

	assert_string_equal(plan_verdict(none, 0), "nothing");
	assert_string_equal(plan_verdict(none, 1), "harmless");
	assert_string_equal(plan_verdict(some, 0), "harmless");
	assert_string_equal(plan_verdict(bad, 1), "disruptive");
	json_decref(none);
	json_decref(some);
	json_decref(bad);
}

static void test_consumers(void **state)
{
	json_t *before = quoted(config), *bad = quoted("[" ADDED "," RESET "]"),
	       *good = quoted("[" ADDED "]");

	is_text(plan_consumers(good, before, before), "[]");
	is_text(plan_consumers(bad, before, before),
		"[{'interface':'wg0','consumer':'DNS sync','why':'session 10.9.0.2: reset'},"
		"{'interface':'wg0','consumer':'backup','why':'session 10.9.0.2: reset'}]");
	is_text(plan_consumers(bad, NULL, before),
		"[{'interface':'wg0','consumer':'DNS sync','why':'session 10.9.0.2: reset'},"
		"{'interface':'wg0','consumer':'backup','why':'session 10.9.0.2: reset'}]");
	json_decref(before);
	json_decref(bad);
	json_decref(good);
}

static const struct row {
	const char *rows, *from, *interface, *expected; /* of the answer, behind "from" */
} rows[] = {
	{"[" ADDED "]", "192.0.2.7", "wg0",
	 "'interface':'wg0','peer':'a','affected':false,'why':[]}"},
	{"[" CUT "]", "192.0.2.7", "wg0",
	 "'interface':'wg0','peer':'a','affected':true,'why':['peer a: removed']}"},
	{"[" CUT "]", "192.0.2.200", "wg0", /* the other peer's, by a longer prefix */
	 "'interface':'wg0','peer':'b','affected':false,'why':[]}"},
	{"[" PORT "]", "192.0.2.200", "wg0",
	 "'interface':'wg0','peer':'b','affected':true,'why':['interface: changed']}"},
	{"[" PORT "]", "198.51.100.7", "eth0",
	 "'interface':'eth0','peer':null,'affected':false,'why':[]}"},
	{"[" LOST "]", "192.0.2.7", "",
	 "'interface':null,'peer':null,'affected':true,'why':['prefix 192.0.2.0/24: lost']}"},
};

static void test_own_session(void **state)
{
	json_t *before = quoted(config);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		char *expected = xasprintf("{'from':'%s',%s", r->from, r->expected);
		json_t *said = quoted(r->rows);

		is_text(plan_own_session(said, before, r->from, r->interface), expected);
		json_decref(said);
		free(expected);
	}
	json_decref(before);
}

static void test_gone(void **state)
{
	json_t *said = quoted("[" ADDED "," CUT "," RESET "," NEW_KEY "," PORT "]");

	is_text(plan_gone_peers(said), "[{'interface':'wg0','peer':'a','replaced':false},"
				       "{'interface':'wg1','peer':'b','replaced':true}]");
	json_decref(said);
}

static void test_new(void **state)
{
	json_t *said =
		quoted("[" CUT ", {'kind': 'peer', 'interface': 'wg0', 'peer': 'c', 'change': "
		       "'made', 'tunnel-addresses': ['10.9.0.3', 'fd00::3']}]");

	is_text(plan_new_addresses(said), "['10.9.0.3','fd00::3']");
	json_decref(said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdict),	    cmocka_unit_test(test_consumers),
		cmocka_unit_test(test_own_session), cmocka_unit_test(test_gone),
		cmocka_unit_test(test_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
