/* SPDX-License-Identifier: BSD-2-Clause */
/* host: what is refused, and what every kernel says of its own addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host.h"
#include "members.h"
#include "util.h"

static json_t *ask(const char *text, const char **error)
{
	json_t *request = json_loads(text, 0, NULL), *answer;

	assert_non_null(request);
	answer = host_answer(request, error);
	json_decref(request);
	return answer;
}

#define WAY "{\"command\":\"host-way\","

static void test_refused(void **state)
{
	static const struct {
		const char *request, *error;
	} rows[] = {
		{"{}", NULL},
		{"{\"command\":\"tunnels\"}", NULL},
		{"{\"command\":\"host-way\"}", "destination: expected an address"},
		{WAY "\"destination\":5}", "destination: expected an address"},
		{WAY "\"destination\":\"10.0.0.0/8\"}", "destination: expected an address"},
		{WAY "\"destination\":\"10.0.0.1\",\"source\":\"x\"}",
		 "source: expected an address"},
		{WAY "\"destination\":\"10.0.0.1\",\"source\":\"::1\"}",
		 "source and destination are of different families"},
		{WAY "\"destination\":\"10.0.0.1\",\"in\":\"lo\"}",
		 "in: only of packets with a source"},
		{WAY "\"destination\":\"10.0.0.1\",\"icmp-error\":true}",
		 "icmp-error: only of packets with a source"},
		{WAY "\"destination\":\"10.0.0.1\",\"source\":\"10.0.0.2\",\"in\":\"../lo\"}",
		 "in: expected the name of an interface"},
		{WAY "\"destination\":\"10.0.0.1\",\"source\":\"10.0.0.2\",\"in\":\"..\"}",
		 "in: expected the name of an interface"},
		{WAY "\"destination\":\"10.0.0.1\",\"bound\":\"a23456789012345x\"}",
		 "bound: expected the name of an interface"},
		{"{\"command\":\"host-interface\"}",
		 "interface: expected the name of an interface"},
		{"{\"command\":\"host-interface\",\"interface\":\"all/../lo\"}",
		 "interface: expected the name of an interface"},
		{"{\"command\":\"host-interface\",\"interface\":\"..\"}",
		 "interface: expected the name of an interface"},
		{"{\"command\":\"host-source\"}", "address: expected an address"},
		{"{\"command\":\"host-source\",\"address\":\"10.0.0.0/8\"}",
		 "address: expected an address"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *error = "none";

		assert_null(ask(rows[i].request, &error));
		if (!rows[i].error)
			assert_null(error);
		else
			assert_string_equal(error, rows[i].error);
	}
}

static void test_way(void **state)
{
	const char *error;
	json_t *way = ask(WAY "\"destination\":\"127.0.0.1\"}", &error);

	assert_null(error);
	assert_true(is_true(way, "local"));
	assert_false(is_set(way, "error"));
	assert_string_equal(str_of(way, "interface"), "lo");
	assert_true(json_is_boolean(json_object_get(way, "forwarding")));
	assert_true(json_is_null(json_object_get(way, "forwards"))); /* it came in by none */
	assert_true(json_is_false(json_object_get(way, "rp-filter")));
	json_decref(way);
	way = ask(WAY "\"destination\":\"127.0.0.1\",\"bound\":\"nosuch0\"}", &error);
	assert_string_equal(str_of(way, "error"), "No such device");
	json_decref(way);
}

static void test_source(void **state)
{
	const char *error;
	json_t *source = ask("{\"command\":\"host-source\",\"address\":\"127.0.0.1\"}", &error);

	assert_true(is_true(source, "local"));
	assert_string_equal(str_of(source, "interface"), "lo");
	assert_string_equal(str_of(source, "address"), "127.0.0.1");
	assert_string_equal(str_of(source, "probe-from"), "127.0.0.1");
	json_decref(source);
}

/* Numbers that nobody chooses, whatever the request says. */
static void test_state(void **state)
{
	const char *error;
	json_t *answer =
		ask("{\"command\":\"host-state\",\"knobs\":[\"kernel/hostname\"]}", &error);
	json_t *knobs = json_object_get(answer, "knobs");

	assert_true(is_set(row_named(knobs, "net/ipv4/ip_forward"), "value"));
	assert_null(row_named(knobs, "kernel/hostname"));
	assert_non_null(row_named(json_object_get(answer, "tcp-counters"), "TCPMD5Failure"));
	json_decref(answer);
}

static void test_interface(void **state)
{
	const char *error;
	json_t *answer = ask("{\"command\":\"host-interface\",\"interface\":\"lo\"}", &error);

	assert_true(json_is_integer(json_object_get(answer, "rp-filter")));
	json_decref(answer);
	answer = ask("{\"command\":\"host-interface\",\"interface\":\"nosuch0\"}", &error);
	assert_true(json_is_null(json_object_get(answer, "rp-filter")));
	json_decref(answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),	  cmocka_unit_test(test_way),
		cmocka_unit_test(test_source),	  cmocka_unit_test(test_state),
		cmocka_unit_test(test_interface),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
