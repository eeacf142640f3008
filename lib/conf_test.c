/* SPDX-License-Identifier: BSD-2-Clause */
/* conf: getters over JSON trees, with module names, wrong types and absent members. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "conf.h"

static const char text[] =
	"{\"wgbgp-bgp:bgp\": {\"as\": 65000, \"router-id\": \"10.99.0.1\", \"big\": \"4294967295\","
	"  \"on\": \"on\", \"off\": \"off\", \"yes\": true, \"null\": null, \"bad\": \"10.99.0.\","
	"  \"network\": [\"10.1.2.3/8\", \"nonsense\", 7, \"fd00::/16\"],"
	"  \"tunnel-address\": [\"10.0.0.1\", \"10.0.0.0/8\", \"fd00::1\"],"
	"  \"wgbgp-x:neighbor\": [{\"address\": \"10.0.0.2\"}]}}";

static json_t *root, *bgp;

static int setup(void **state)
{
	root = json_loads(text, 0, NULL);
	bgp = conf_get(root, "bgp");
	return root && bgp ? 0 : -1;
}

static int teardown(void **state)
{
	json_decref(root);
	return 0;
}

static void test_scalars(void **state)
{
	struct addr a;

	assert_int_equal(conf_u32(bgp, "as", 0), 65000);
	assert_int_equal(conf_u32(bgp, "big", 0), UINT32_MAX);
	assert_int_equal(conf_u32(bgp, "router-id", 5), 10); /* digits in front: a union's text */
	assert_int_equal(conf_u32(bgp, "on", 5), 5);
	assert_int_equal(conf_u32(bgp, "absent", 5), 5);
	assert_string_equal(conf_str(bgp, "router-id", ""), "10.99.0.1");
	assert_string_equal(conf_str(bgp, "as", "none"), "none");
	assert_true(conf_bool(bgp, "on", false));
	assert_false(conf_bool(bgp, "off", true));
	assert_true(conf_bool(bgp, "yes", false));
	assert_true(conf_bool(bgp, "absent", true));
	assert_true(conf_has(bgp, "as"));
	assert_false(conf_has(bgp, "absent"));
	assert_int_equal(conf_addr(bgp, "router-id", &a), 0);
	assert_string_equal(ADDR_STR(&a), "10.99.0.1");
	assert_int_equal(conf_addr(bgp, "bad", &a), -EINVAL);
	assert_int_equal(conf_addr(bgp, "absent", &a), -ENOENT);
}

/* As long as it is said to be; of two members of one name the last. */
static void test_read(void **state)
{
	static const char twice[] = "{\"a\": 1, \"a\": 2}";
	json_t *o = conf_read(twice, strlen(twice));

	assert_int_equal(conf_u32(o, "a", 0), 2);
	json_decref(o);
	assert_null(conf_read(twice, strlen(twice) - 1));
	assert_null(conf_read("7", 1)); /* a document is an object or an array */
	o = conf_read("{}, and more", 2);
	assert_true(json_is_object(o));
	json_decref(o);
}

static void test_lists(void **state)
{
	struct prefix *prefixes;
	struct addr *addrs;
	size_t n;

	prefixes = conf_prefixes(bgp, "network", &n);
	assert_int_equal(n, 2);
	assert_string_equal(PREFIX_STR(&prefixes[0]), "10.0.0.0/8");
	assert_string_equal(PREFIX_STR(&prefixes[1]), "fd00::/16");
	free(prefixes);
	addrs = conf_addrs(bgp, "tunnel-address", &n);
	assert_int_equal(n, 2);
	assert_string_equal(ADDR_STR(&addrs[1]), "fd00::1");
	free(addrs);
	prefixes = conf_prefixes(bgp, "absent", &n);
	assert_int_equal(n, 0);
	free(prefixes);
	assert_null(conf_list(bgp, "as"));
	assert_int_equal(json_array_size(conf_list(bgp, "neighbor")), 1);
}

static void test_paths_and_nothing(void **state)
{
	assert_ptr_equal(conf_at(root, "bgp/as"), conf_get(bgp, "as"));
	assert_ptr_equal(conf_at(root, "bgp"), bgp);
	assert_null(conf_at(root, "bgp/absent/more"));
	assert_null(conf_at(NULL, "bgp"));
	assert_null(conf_get(NULL, "bgp"));
	assert_null(conf_get(conf_get(bgp, "as"), "x"));
	assert_int_equal(conf_u32(NULL, "as", 3), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scalars),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_paths_and_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
