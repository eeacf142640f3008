/* SPDX-License-Identifier: BSD-2-Clause */
/* web_ask: what wgbgp-web is told of the configuration, and that it is told nothing before there is
 * one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "datastore.h"
#include "request.h"
#include "util.h"
#include "web_ask.h"

static struct datastore_version *running;
static char *said;

const struct datastore_version *datastore_running(void)
{
	return running;
}

void request_object(struct request *r, json_t *object)
{
	assert_null(said);
	said = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(object);
}

void request_end(struct request *r, const char *error)
{
	assert_null(said);
	said = xasprintf("error: %s", error);
}

static void expect(const char *want)
{
	web_request(NULL, NULL);
	assert_non_null(said);
	assert_string_equal(said, want);
	free(said);
	said = NULL;
}

static void expect_of(const char *config, const char *want)
{
	struct datastore_version v = {.json = json_loads(config, 0, NULL)};

	assert_non_null(v.json);
	running = &v;
	expect(want);
	running = NULL;
	json_decref(v.json);
}

/* An empty list would shut what is open. */
static void test_before_the_first_commit(void **state)
{
	expect("error: no configuration runs yet");
}

static void test_configuration(void **state)
{
	expect_of("{}", "{\"listen\":[],\"token\":false}");
	expect_of("{\"system\":{\"web\":{\"token\":true}}}", "{\"listen\":[],\"token\":true}");
	expect_of("{\"system\":{\"web\":{\"listen\":[\"127.0.0.1:8180\",\"[::1]:8180\"],"
		  "\"token\":false}}}",
		  "{\"listen\":[\"127.0.0.1:8180\",\"[::1]:8180\"],\"token\":false}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_before_the_first_commit),
		cmocka_unit_test(test_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
