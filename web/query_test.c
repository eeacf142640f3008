/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "query.h"
#include "util.h"

static int status;
static char error[1024];

static json_t *ask(const char *name, const char *query)
{
	struct evkeyvalq members;
	json_t *request;

	error[0] = '\0';
	assert_int_equal(evhttp_parse_query_str(query, &members), 0);
	request = query_request(name, &members, &status, error, sizeof(error));
	evhttp_clear_headers(&members);
	return request;
}

static void asks(const char *name, const char *query, const char *expected)
{
	json_t *request = ask(name, query);
	char *text = json_dumps(request, JSON_COMPACT | JSON_SORT_KEYS);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
	json_decref(request);
}

static void refuses(const char *name, const char *query, int expected, const char *why)
{
	assert_null(ask(name, query));
	assert_int_equal(status, expected);
	if (!strstr(error, why))
		fail_msg("%s?%s: %s", name, query, error);
}

static void test_members(void **state)
{
	asks("tunnels", "", "{\"command\":\"tunnels\"}");
	asks("route", "prefix=10.0.0.0%2F8&longer=true",
	     "{\"command\":\"route\",\"longer\":true,\"prefix\":\"10.0.0.0/8\"}");
	asks("route", "longer=false&family=ipv6",
	     "{\"command\":\"route\",\"family\":\"ipv6\",\"longer\":false}");
	asks("configuration", "back=2", "{\"back\":2,\"command\":\"configuration\"}");
	asks("history", "addresses=10.0.0.1&addresses=fd00::1&daemon=wgd",
	     "{\"addresses\":[\"10.0.0.1\",\"fd00::1\"],\"command\":\"history\",\"daemon\":"
	     "\"wgd\"}");
}

static void test_what_there_is(void **state)
{
	refuses("nothing", "", 404, " bgp-summary ");
	refuses("", "", 404, "no such request");
	refuses("route", "prefiks=10.0.0.0/8", 400, "prefix longer address family plane");
	refuses("tunnels", "command=reload", 400, "this request has no members");
	refuses("route", "command=teardown", 400, "not known");
}

/* What changes something, or is wgbgpd's own, cannot be asked, whoever we are to wgbgpd. */
static void test_changes(void **state)
{
	static const char *const names[] = {"reload", "commit", "teardown", "clear",	"drain",
					    "drill",  "cut",	"prove",    "plan-bgp", "rollback"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		refuses(names[i], "", 404, "no such request");
}

static void test_values(void **state)
{
	char longest[QUERY_VALUE_MAX + 32] = "prefix=";

	refuses("route", "longer=yes", 400, "longer: expected true or false");
	refuses("route", "longer=", 400, "true or false");
	refuses("route", "family=ipv", 400, "family: expected one of: ipv4 ipv6");
	refuses("route", "family=ipv4%20ipv6", 400, "one of");
	refuses("route", "family=", 400, "one of");
	refuses("route", "family=v4", 400, "one of");
	refuses("configuration", "back=-1", 400, "back: expected a number");
	refuses("configuration", "back=1x", 400, "a number");
	refuses("configuration", "back=", 400, "a number");
	refuses("configuration", "back=99999999999999999999", 400, "a number");
	refuses("route", "prefix=a&prefix=b", 400, "prefix: more than once");
	refuses("route", "prefix=%ff%fe", 400, "UTF-8");
	memset(longest + 7, 'x', QUERY_VALUE_MAX);
	json_decref(ask("route", longest));
	assert_int_equal(status, 200);
	strcat(longest, "x");
	refuses("route", longest, 400, "256 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_what_there_is),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
