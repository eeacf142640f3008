/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the configuration names, against a list of it: addresses of peers in whatever order, in two
 * planes, some of them disabled; and whether another one names something else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "configured.h"
#include "planes.h"
#include "quoted.h"
#include "testing.h"
#include "util.h"

enum { PEERS = 60 };

static enum reason want[2 * PEERS]; /* of 10.0.0.i and fd00::i in the main plane, then in blue */

static struct addr address(unsigned i, unsigned plane, uint8_t family)
{
	struct addr a = {.family = family, .plane = (uint8_t)plane};

	a.b[0] = family == AF_INET ? 10 : 0xfd;
	a.b[family == AF_INET ? 3 : 15] = (uint8_t)i;
	return a;
}

/* Peers of INTERFACE, in an order of no meaning. */
static json_t *interface(const char *name, enum reason *reasons)
{
	json_t *peers = json_array();
	unsigned step = 7; /* no divisor of PEERS */

	for (unsigned k = 0; k < PEERS; k++) {
		unsigned i = k * step % PEERS;
		char four[16], six[16];

		snprintf(four, sizeof(four), "10.0.0.%u", i);
		snprintf(six, sizeof(six), "fd00::%x", i);
		reasons[i] = rand() % 3 == 0   ? REASON_NONE
			     : rand() % 2 == 0 ? REASON_ADMIN_DOWN
					       : REASON_INTERFACE_REFUSED;
		if (reasons[i] != REASON_NONE)
			json_array_append_new(peers,
					      json_pack("{s:[s, s], s:b}", "tunnel-address", six,
							four, "disabled",
							reasons[i] == REASON_ADMIN_DOWN));
	}
	return json_pack("{s:s, s:s, s:o}", "name", name, "plane",
			 str_eq(name, "wg0") ? "main" : "blue", "peer", peers);
}

static json_t *configuration(void)
{
	return json_pack("{s:{s:[o, o]}, s:[{s:s, s:i, s:i}]}", "wireguard", "interface",
			 interface("wg0", want), interface("wg1", want + PEERS), "plane", "name",
			 "blue", "number", 1, "table", 101);
}

static void check(void)
{
	for (unsigned i = 0; i < 2 * PEERS; i++)
		for (unsigned six = 0; six < 2; six++) {
			struct addr a = address(i % PEERS, i / PEERS, six ? AF_INET6 : AF_INET);

			if (configured_address(&a) != want[i])
				fail_msg("%s in plane %u: %s", ADDR_STR(&a), i / PEERS,
					 reason_name(configured_address(&a)));
		}
}

static void test_random(void **state)
{
	srand(test_seed());
	for (unsigned round = 0; round < 50; round++) {
		json_t *j = configuration();

		planes_read(j);
		assert_true(configured_read(j));
		check();
		assert_false(configured_read(j));
		check();
		assert_true(configured_interface("wg0"));
		assert_true(configured_interface("wg1"));
		assert_false(configured_interface("wg"));
		assert_false(configured_interface("wg2"));
		json_decref(j);
	}
	configured_reset();
	memset(want, 0, sizeof(want));
	check();
	assert_false(configured_interface("wg0"));
}

/* Each difference is one, the order of the peers is none. */
static void test_changed(void **state)
{
	static const struct {
		const char *interfaces;
		bool changed;
	} rows[] = {
		{"", false},
		{"{'name': 'wg0'}", true},
		{"{'name': 'wg0', 'peer': [{'tunnel-address': ['10.0.0.1', '10.0.0.2']}]}", true},
		{"{'name': 'wg0', 'peer': [{'tunnel-address': ['10.0.0.2']}, {'tunnel-address': "
		 "['10.0.0.1']}]}",
		 false},
		{"{'name': 'wg0', 'peer': [{'tunnel-address': ['10.0.0.2', '10.0.0.3']}]}", true},
		{"{'name': 'wg0', 'peer': [{'tunnel-address': ['10.0.0.2', '10.0.0.3'], 'disabled': "
		 "true}]}",
		 true},
		{"{'name': 'wg0', 'peer': [{'tunnel-address': ['10.0.0.3', '10.0.0.2'], 'disabled': "
		 "true}]}",
		 false},
		{"{'name': 'wg0', 'peer': [{'tunnel-address': ['10.0.0.3', '10.0.0.4'], 'disabled': "
		 "true}]}",
		 true},
		{"{'name': 'wg0', 'peer': [{'tunnel-address': ['10.0.0.3'], 'disabled': true}]}", true},
		{"{'name': 'wg1', 'peer': [{'tunnel-address': ['10.0.0.3'], 'disabled': true}]}", true},
		{"{'name': 'wg1', 'peer': [{'tunnel-address': ['10.0.0.3'], 'disabled': true}]}", false},
		{"", true},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text = xasprintf("{'wireguard': {'interface': [%s]}}", rows[i].interfaces);
		json_t *j = quoted(text);

		if (configured_read(j) != rows[i].changed)
			fail_msg("row %u", i);
		json_decref(j);
		free(text);
	}
	configured_reset();
}

static void test_peers(void **state)
{
	json_t *j = json_pack(
		"{s:{s:[{s:s, s:[{s:s}, {s:s, s:b}, {s:s}]}, {s:s, s:[{s:s}]}]}}", "wireguard",
		"interface", "name", "wg0", "peer", "name", "site", "name", "off", "disabled", 1,
		"name", "a", "name", "wg1", "peer", "name", "hub");

	configured_read(j);
	assert_true(configured_peer("wg0", "site") && configured_peer("wg0", "a"));
	assert_true(configured_peer("wg1", "hub"));
	assert_false(configured_peer("wg0", "off") || configured_peer("wg0", "hub"));
	assert_false(configured_peer("wg1", "site") || configured_peer("wg", "0site"));
	json_decref(j);
	configured_reset();
	assert_false(configured_peer("wg1", "hub"));
}

/* Numbers, of whatever peer, and who is vouched for. */
static void test_endpoints(void **state)
{
	static const struct {
		const char *address;
		bool written;
	} rows[] = {{"203.0.113.1", true}, {"203.0.113.2", true},  {"203.0.113.3", false},
		    {"2001:db8::1", true}, {"2001:db8::2", false}, {"192.168.2.10", false}};
	json_t *j = json_loads(
		"{\"wireguard\": {\"interface\": [{\"name\": \"wg0\", \"peer\": [{\"name\": "
		"\"a\", \"endpoint\": [\"hub.example:1\", \"203.0.113.1:1\", "
		"\"[2001:db8::1]:1\"]}, {\"name\": \"b\", \"endpoint-inside-permit\": true}]}, "
		"{\"name\": \"wg1\", \"peer\": [{\"name\": \"b\"}, {\"name\": \"off\", "
		"\"disabled\": true, \"endpoint\": [\"203.0.113.2:1\"]}]}]}}",
		0, NULL);

	assert_non_null(j);
	configured_read(j);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct addr a;

		assert_int_equal(addr_parse(rows[i].address, &a), 0);
		if (configured_endpoint(&a) != rows[i].written)
			fail_msg("%s", rows[i].address);
	}
	assert_true(configured_vouched("wg0", "b"));
	assert_false(configured_vouched("wg0", "a") || configured_vouched("wg1", "b") ||
		     configured_vouched("wg0", "c"));
	json_decref(j);
	configured_reset();
	assert_false(configured_vouched("wg0", "b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random), cmocka_unit_test(test_changed),
		cmocka_unit_test(test_peers), cmocka_unit_test(test_endpoints)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
