/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain_gather: which questions are put, one behind the other, for a destination behind tunnel
 * peer b; what is kept of the answers, and what is done without.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "explain_gather.h"
#include "members.h"
#include "quoted.h"
#include "util.h"

static json_t *answers; /* by the name of the request */
static char said[2048]; /* the requests, a blank behind each */

static void answer(struct explain *e, const json_t *request)
{
	const char *command = str_of(request, "command");
	json_t *all = json_object_get(answers, command), *row;
	size_t i;

	explain_head(e, json_is_array(all) ? "rows" : "", all);
	for (i = 0; i < json_array_size(all) && (row = json_array_get(all, i)); i++) {
		char *text = json_dumps(row, JSON_ENCODE_ANY);

		explain_row(e, text, strlen(text));
		free(text);
	}
}

/* SILENT does not answer. */
static void gather(struct explain *e, const char *request_text, const char *silent)
{
	json_t *request = quoted(request_text);

	said[0] = '\0';
	assert_null(explain_begin(e, request));
	json_decref(request);
	while ((request = explain_next(e))) {
		const char *command = str_of(request, "command");

		snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s ", command);
		answer(e, request);
		if (str_eq(command, silent))
			assert_true(explain_lacks(e));
		explain_answered(e);
		json_decref(request);
	}
}

#define TABLES "bgp-routes route wireguard tunnels bgp-neighbors pins "

static int set_up(void **state)
{
	answers = quoted(
		"{'bgp-routes': [{'prefix': '192.168.2.0/24'}, {'prefix': '192.168.3.0/24'},"
		"   {'prefix': '192.168.1.0/24'}, {'prefix': 'x'}, 7],"
		" 'route': [{'prefix': '192.168.2.0/24', 'selected': true, 'next-hops':"
		"   [{'interface': 'wg0', 'peer': 'b', 'active': true}]}],"
		" 'wireguard': [{'name': 'wg0'}], 'pins': [],"
		" 'tunnels': [{'interface': 'wg0', 'peer': 'b', 'endpoint': '198.51.100.2:51820',"
		"   'fwmark': 5}],"
		" 'bgp-neighbors': [{'address': '10.9.0.2', 'state': 'established',"
		"   'tunnel': {'interface': 'wg0', 'peer': 'b'}}],"
		" 'host-source': {'interface': 'lan0', 'local': false},"
		" 'host-way': {'interface': 'wg0', 'local': false, 'forwarding': true},"
		" 'configuration': {'bgp': {'network': ['192.168.1.0/24']}},"
		" 'allowed-ips': [{'prefix': '192.168.2.0/24', 'interface': 'wg0', 'peer': 'b'}]}");
	return 0;
}

static int tear_down(void **state)
{
	json_decref(answers);
	return 0;
}

static void test_questions(void **state)
{
	const json_t *rows;
	struct explain e;

	gather(&e, "{'destination': '192.168.2.7'}", "");
	assert_string_equal(said, TABLES "host-way allowed-ips host-way configuration ");
	rows = json_object_get(e.facts, "bgp-routes");
	assert_int_equal(json_array_size(rows), 1); /* what covers it */
	assert_true(is_true(json_object_get(e.facts, "forwarding"), "needed"));
	assert_true(is_true(json_object_get(e.facts, "forwarding"), "on"));
	assert_false(explain_wants_rules(&e));
	explain_end(&e);
}

static void test_source(void **state)
{
	const json_t *rows;
	struct explain e;

	gather(&e, "{'destination': '192.168.2.7', 'from': '192.168.1.9'}", "");
	assert_string_equal(said, TABLES "host-source host-way host-way allowed-ips "
					 "host-way configuration host-way bgp-routes ");
	rows = json_object_get(e.facts, "announced");
	assert_int_equal(json_array_size(rows), 1); /* what covers the source */
	assert_string_equal(str_of(json_array_get(rows, 0), "prefix"), "192.168.1.0/24");
	assert_string_equal(str_of(json_object_get(e.facts, "back"), "in"), "wg0");
	assert_true(explain_wants_rules(&e));
	explain_end(&e);
}

/* A hub's configuration is long: it forwards in any case. */
static void test_hub(void **state)
{
	struct explain e;

	json_array_append_new(json_object_get(answers, "tunnels"),
			      quoted("{'interface': 'wg0', 'peer': 'c'}"));
	gather(&e, "{'destination': '192.168.2.7'}", "");
	assert_string_equal(said, TABLES "host-way allowed-ips host-way ");
	assert_true(is_true(json_object_get(e.facts, "forwarding"), "needed"));
	explain_end(&e);
}

static void test_without_configuration(void **state)
{
	struct explain e;

	gather(&e, "{'destination': '192.168.2.7'}", "configuration");
	assert_false(is_true(json_object_get(e.facts, "forwarding"), "needed"));
	explain_end(&e);
}

static void test_refused(void **state)
{
	static const char *const rows[][2] = {
		{"{}", "destination: expected an address or a prefix"},
		{"{'destination': 'b'}", "destination: expected an address or a prefix"},
		{"{'destination': '10.0.0.1', 'from': 'b'}", "from: expected an address"},
		{"{'destination': '10.0.0.1', 'from': '10.0.0.0/8'}", "from: expected an address"},
		{"{'destination': '10.0.0.0/8', 'from': '10.0.0.1'}",
		 "with a source the destination is an address"},
		{"{'destination': '10.0.0.1', 'from': '::1'}",
		 "source and destination are of different families"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *request = quoted(rows[i][0]);
		struct explain e;

		assert_string_equal(explain_begin(&e, request), rows[i][1]);
		explain_end(&e);
		json_decref(request);
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_questions), TEST(test_source),
		TEST(test_hub),	      TEST(test_without_configuration),
		TEST(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
