/* SPDX-License-Identifier: BSD-2-Clause */
/* Which rules stand for which addresses of planes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "errorway.h"
#include "ifaddr.h"
#include "kernel.h"
#include "loop_fake.h"
#include "planes.h"
#include "rule.h"
#include "util.h"
#include "zconfig.h"

enum { WG0 = 2, WG1, WG2, LAN1 };

static void configure(const char *text)
{
	json_t *config = json_loads(text, JSON_DISABLE_EOF_CHECK, NULL);
	char why[200];

	assert_non_null(config);
	zconfig_free(&zconfig);
	assert_int_equal(zconfig_read(config, &zconfig, why, sizeof(why)), 0);
	planes_read(config);
	json_decref(config);
	errorway_changed();
	loop_fake_turn();
}

#define PLANES(table)                                                                           \
	"{\"plane\": [{\"name\": \"red\", \"number\": 1, \"table\": " table                     \
	", \"interface\": [\"lan1\"], \"rule\": {\"priority\": 700}}, "                         \
	"{\"name\": \"blue\", \"number\": 2, \"table\": 102, \"rule\": {\"priority\": 800}}], " \
	"\"wireguard\": {\"interface\": [{\"name\": \"wg1\", \"plane\": \"red\"}, {\"name\": "  \
	"\"wg2\", \"plane\": \"blue\"}, {\"name\": \"wg0\"}]}}"

static void address(uint32_t ifindex, const char *text, bool present)
{
	struct kaddr a = {.ifindex = ifindex};
	uint8_t len;

	assert_int_equal(addr_parse_with_len(text, &a.local, &len), 0);
	a.subnet = prefix_make(a.local.family, a.local.b, len);
	ifaddr_told(&a, present);
	loop_fake_turn();
}

static void on_addrs(uint32_t ifindex)
{
	errorway_changed();
}

static void link_named(uint32_t ifindex, const char *name, bool present)
{
	struct klink k = {.ifindex = ifindex, .up = true};

	str_copy(k.name, name, sizeof(k.name));
	kernel_link_told(&k, present);
	errorway_changed();
	loop_fake_turn();
}

/* The rules of errors that are wanted: "PRIORITY SOURCE ICMP>TABLE" each. */
static const char *rules_now(void)
{
	static char text[1024];

	text[0] = '\0';
	for (struct rule *r = rule_first(); r; r = rule_next(r)) {
		assert_true(r->kept.wanted);
		assert_string_equal(r->k.iif, "lo");
		if (!r->k.icmp_first)
			continue;
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%u %s %x-%x>%u\n",
			 r->k.priority, PREFIX_STR(&r->k.source), r->k.icmp_first, r->k.icmp_last,
			 r->k.table);
	}
	return text;
}

/* Those of answers: "PRIORITY SOURCE PROTOCOL>TABLE", and "-" where a default route does not count.
 */
static const char *answers_now(void)
{
	static char text[1024];

	text[0] = '\0';
	for (struct rule *r = rule_first(); r; r = rule_next(r))
		if (!r->k.icmp_first)
			snprintf(text + strlen(text), sizeof(text) - strlen(text),
				 "%u %s %u>%u%s\n", r->k.priority, PREFIX_STR(&r->k.source),
				 r->k.ip_protocol, r->k.table, r->k.no_default ? "-" : "");
	return text;
}

static unsigned count_rules(void)
{
	unsigned n = 0;

	for (struct rule *r = rule_first(); r; r = rule_next(r))
		n++;
	return n;
}

/* Not among them: 302, 303 and b01, 104 and 301, c00 and 400 (who was asked says them). */
#define RED1                             \
	"700 10.78.0.1/32 300-301>101\n" \
	"700 10.78.0.1/32 304-5ff>101\n" \
	"700 10.78.0.1/32 aff-b00>101\n"
#define RED2                              \
	"700 fd78:1::1/128 100-103>101\n" \
	"700 fd78:1::1/128 105-300>101\n"
#define BLUE                             \
	"800 10.80.0.1/32 300-301>102\n" \
	"800 10.80.0.1/32 304-5ff>102\n" \
	"800 10.80.0.1/32 aff-b00>102\n"

static int setup(void **state)
{
	zconfig.kernel = true;
	link_named(WG0, "wg0", true);
	link_named(WG1, "wg1", true);
	link_named(WG2, "wg2", true);
	ifaddr_open(on_addrs);
	configure(PLANES("101"));
	address(WG0, "10.77.0.1/24", true);
	address(WG1, "10.78.0.1/24", true);
	address(WG1, "fe80::1/64", true);
	address(WG2, "10.80.0.1/24", true);
	assert_string_equal(rules_now(), ""); /* all addresses are not known yet */
	errorway_read_end();
	return 0;
}

static int teardown(void **state)
{
	errorway_reset();
	keep_reset(&rules);
	ifaddr_reset();
	for (uint32_t i = WG0; i <= LAN1; i++)
		kernel_link_told(&(struct klink){.ifindex = i}, false);
	zconfig_free(&zconfig);
	loop_free();
	planes_read(NULL);
	return 0;
}

static void test_addresses(void **state)
{
	assert_string_equal(rules_now(), RED1 BLUE);
	address(LAN1, "fd78:1::1/64", true); /* it has no name yet */
	assert_string_equal(rules_now(), RED1 BLUE);
	link_named(LAN1, "lan1", true);
	assert_string_equal(rules_now(), RED1 RED2 BLUE);
	address(WG1, "10.78.0.1/24", false);
	assert_string_equal(rules_now(), RED2 BLUE);
	address(WG1, "10.78.0.1/24", true);
	assert_string_equal(rules_now(), RED1 RED2 BLUE);
}

/* The same address in two planes says of no packet where it came in; in one it does. */
static void test_same_address(void **state)
{
	address(WG2, "10.78.0.1/32", true);
	assert_string_equal(rules_now(), BLUE);
	address(WG2, "10.78.0.1/32", false);
	assert_string_equal(rules_now(), RED1 BLUE);
	address(WG0, "10.80.0.1/32", true);
	assert_string_equal(rules_now(), RED1);
	address(WG0, "10.80.0.1/32", false);
	link_named(LAN1, "lan1", true);
	address(LAN1, "10.78.0.1/32", true);
	assert_string_equal(rules_now(), RED1 BLUE);
	address(LAN1, "10.78.0.1/32", false);
	assert_string_equal(rules_now(), RED1 BLUE);
}

/* The main table's networks first. What is not of a tunnel leaves WireGuard's packets alone. */
static void test_answers(void **state)
{
	link_named(LAN1, "lan1", true);
	address(WG2, "10.80.0.1/24", false);
	assert_string_equal(answers_now(), "701 10.78.0.1/32 0>254-\n702 10.78.0.1/32 0>101\n");
	address(WG1, "10.78.0.1/24", false);
	address(LAN1, "192.168.1.1/24", true);
	address(LAN1, "fd78:1::1/64", true);
	assert_string_equal(answers_now(), "701 192.168.1.1/32 6>254-\n701 192.168.1.1/32 1>254-\n"
					   "701 fd78:1::1/128 6>254-\n701 fd78:1::1/128 58>254-\n"
					   "702 192.168.1.1/32 6>101\n702 192.168.1.1/32 1>101\n"
					   "702 fd78:1::1/128 6>101\n702 fd78:1::1/128 58>101\n");
	for (struct rule *r = rule_first(); r; r = rule_next(r))
		assert_int_equal(r->behind_own, r->k.priority == 702);
	address(WG0, "192.168.1.1/32", true); /* the main plane has it, too */
	assert_null(strstr(answers_now(), "192"));
}

static void test_configuration(void **state)
{
	configure(PLANES("111"));
	assert_non_null(strstr(rules_now(), "700 10.78.0.1/32 304-5ff>111\n"));
	assert_null(strstr(rules_now(), ">101"));
	configure("{}");
	assert_string_equal(rules_now(), "");
}

#define MANY 300

/* Hundreds of tunnels of a plane: each address has its own rules, and goes with them alone. */
static void test_many(void **state)
{
	json_t *tunnels = json_array();
	json_t *config = json_pack("{s:[{s:s, s:i, s:i, s:{s:i}}], s:{s:o}}", "plane", "name",
				   "red", "number", 1, "table", 101, "rule", "priority", 700,
				   "wireguard", "interface", tunnels);
	char *text;

	for (unsigned i = 0; i < MANY; i++)
		json_array_append_new(tunnels, json_pack("{s:o, s:s}", "name",
							 json_sprintf("t%u", i), "plane", "red"));
	text = json_dumps(config, 0);
	configure(text);
	free(text);
	json_decref(config);
	for (unsigned i = 0; i < MANY; i++) {
		char name[16], at[32];

		snprintf(name, sizeof(name), "t%u", i);
		snprintf(at, sizeof(at), "10.90.%u.%u/32", i / 100, i % 100);
		link_named(100 + i, name, true);
		address(100 + i, at, true);
	}
	assert_int_equal(count_rules(), MANY * (3 + 2));
	address(100 + MANY / 2, "10.90.1.50/32", false);
	assert_int_equal(count_rules(), (MANY - 1) * (3 + 2));
	for (unsigned i = 0; i < MANY; i++)
		kernel_link_told(&(struct klink){.ifindex = 100 + i}, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same_address, setup, teardown),
		cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_configuration, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
