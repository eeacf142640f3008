/* SPDX-License-Identifier: BSD-2-Clause */
/* conf: getters over JSON trees, with module names, wrong types and absent members. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf_leaves.h"

static const char text[] =
	"{\"wgbgp-bgp:bgp\": {\"as\": 65000, \"router-id\": \"10.99.0.1\", \"big\": \"4294967295\","
	"  \"too-big\": 4294967296, \"much-too-big\": 4294967299, \"negative\": -1,"
	"  \"too-big-a-text\": \"99999999999999999999999\","
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
	assert_int_equal(conf_u32(bgp, "too-big", 5), 5);
	assert_int_equal(conf_u32(bgp, "much-too-big", 5), 5);
	assert_int_equal(conf_u32(bgp, "too-big-a-text", 5), 5);
	assert_int_equal(conf_u32(bgp, "negative", 5), 5);
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

static json_t *parse(const char *line)
{
	json_t *o = json_loads(line, 0, NULL);

	assert_non_null(o);
	return o;
}

static void shows(const struct conf_leaf *leaves, const void *from, const char *const *elsewhere,
		  const char *want)
{
	json_t *o = conf_leaves_json(leaves, from, elsewhere);
	char *out = json_dumps(o, JSON_COMPACT);

	assert_string_equal(out, want);
	free(out);
	json_decref(o);
}

static void test_leaves(void **state)
{
	static const char *const elsewhere[] = {"graceful-restart", "multipath", "as", NULL};
	static const char presets[] =
		"{\"listen-port\":179,\"default-local-pref\":100,\"honor-graceful-shutdown\":true,"
		"\"last-path\":\"withdraw\",\"hold-time\":90,\"keepalive\":30,"
		"\"send-hold-time\":null,\"connect-retry\":120}";
	json_t *o =
		parse("{\"as\": 4200000000, \"last-path\": \"keep\", \"send-hold-time\": 0,"
		      "\"multipath\": {\"weights\": \"cost\", \"ebgp\": 2, \"resilient\": true},"
		      "\"honor-graceful-shutdown\": false, \"more\": 7}");
	struct conf_bgp c;

	memset(&c, 0xff, sizeof(c));
	conf_leaves_read(conf_bgp_leaves, NULL, &c);
	assert_false(c.has_send_hold_time);
	assert_int_equal(c.as, 0);
	shows(conf_bgp_leaves, &c, elsewhere, presets);
	shows(conf_graceful_restart_leaves, &c.graceful_restart, NULL,
	      "{\"enabled\":true,\"restart-time\":120,\"stale-time\":300}");
	conf_leaves_read(conf_bgp_leaves, o, &c);
	assert_int_equal(c.as, 4200000000);
	assert_int_equal(c.last_path, BGP_LAST_PATH_KEEP);
	assert_true(c.has_send_hold_time && c.send_hold_time == 0);
	assert_false(c.honor_graceful_shutdown);
	assert_int_equal(c.multipath.weights, MULTIPATH_WEIGHTS_COST);
	shows(conf_multipath_leaves, &c.multipath, NULL,
	      "{\"ebgp\":2,\"ibgp\":1,\"as-path-relax\":false,\"weights\":\"cost\","
	      "\"resilient\":true}");
	json_decref(o);
}

/* A number or a word for none; a word that is none of them. */
static void test_words(void **state)
{
	json_t *o = parse("{\"persistent-keepalive\": \"off\", \"cost\": 7}");
	struct conf_peer p;
	struct conf_system s;

	conf_leaves_read(conf_peer_leaves, o, &p);
	assert_int_equal(p.persistent_keepalive, 0);
	assert_int_equal(p.cost, 7);
	assert_true(p.liveness.probe);
	json_decref(o);
	o = parse("{\"log-level\": \"loud\", \"forwarding\": \"on\"}");
	conf_leaves_read(conf_system_leaves, o, &s);
	assert_int_equal(s.log_level, SYSTEM_LOG_LEVEL_INFO);
	assert_true(s.forwarding);
	json_decref(o);
	assert_int_equal(conf_word(conf_backend_words, "userspace"), BACKEND_USERSPACE);
	assert_int_equal(conf_word(conf_backend_words, "user"), -1);
	assert_int_equal(conf_word(conf_backend_words, NULL), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scalars), cmocka_unit_test(test_read),
		cmocka_unit_test(test_lists),	cmocka_unit_test(test_leaves),
		cmocka_unit_test(test_words),	cmocka_unit_test(test_paths_and_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
