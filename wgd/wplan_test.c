/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "quoted.h"
#include "util.h"
#include "wplan.h"

#define KEY1 "'public-key': 'GtL7fZc/bLnqZldpVofMCD6hDjrK28SsdLxevJ+qtKU='"
#define KEY2 "'public-key': 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg='"
#define KEY3 "'public-key': 'TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0='"

/* Two interfaces; %s: what wg0 has, its peers. */
#define CONFIG                                                                         \
	"{'wireguard': {'interface': [{'name': 'wg0', 'address': ['10.9.0.1/24'], %s " \
	"'peer': [%s]}, {'name': 'wg1', 'peer': [{'name': 'c', " KEY3 "}]}]}}"
#define PEER_A "{'name': 'a', " KEY1 ", 'tunnel-address': ['10.9.0.2']"
#define PEER_B ", {'name': 'b', " KEY2 "}"
#define BASE PEER_A "}" PEER_B

static bool new_key; /* of wg0 */

static bool rekeyed(const struct if_conf *conf)
{
	return new_key && str_eq(conf->name, "wg0");
}

static struct wgconf *read_conf(const char *text)
{
	json_t *config = quoted(text);
	struct wgconf *conf;
	char error[256];

	conf = wgconf_read(config, error, sizeof(error));
	if (!conf)
		fail_msg("%s", error);
	json_decref(config);
	return conf;
}

/* A row as "peer wg0 a changed! cost endpoint, "; !: disruptive. */
static void put(char *out, size_t size, const json_t *row)
{
	const json_t *statement;
	size_t i, len = strlen(out);

	len += snprintf(out + len, size - len, "%s%s %s%s%s %s%s", len ? ", " : "",
			conf_str(row, "kind", ""), conf_str(row, "interface", ""),
			conf_str(row, "peer", "")[0] ? " " : "", conf_str(row, "peer", ""),
			conf_str(row, "change", ""),
			json_is_true(conf_get(row, "disruptive")) ? "!" : "");
	json_array_foreach (conf_get(row, "statements"), i, statement)
		len += snprintf(out + len, size - len, " %s", json_string_value(statement));
}

static const struct row {
	const char *interface, *peers; /* of the other configuration; NULL: the same */
	const char *expected;
	bool new_key;
} rows[] = {
	{NULL, NULL, "", false},
	{NULL, NULL, "interface wg0 changed! private-key-file", true},
	{"'mtu': 1300,", NULL, "interface wg0 changed mtu", false},
	{"'listen-port': 7,", NULL, "interface wg0 changed! listen-port", false},
	{"'admin': 'down',", NULL, "interface wg0 changed! admin", false},
	{"'description': 'x',", NULL, "interface wg0 changed description", false},
	{"'plane': 'red',", NULL, "interface wg0 changed! plane", false},
	{NULL, PEER_A "}", "peer wg0 b removed!", false},
	{NULL, BASE ", {'name': 'd', " KEY3 "}", "peer wg0 d made", false},
	{NULL, "{'name': 'a', " KEY3 ", 'tunnel-address': ['10.9.0.2']}" PEER_B,
	 "peer wg0 a replaced!", false},
	{NULL, PEER_A ", 'disabled': true}" PEER_B, "peer wg0 a removed!", false},
	{NULL, PEER_A ", 'cost': 5}" PEER_B, "peer wg0 a changed cost", false},
	{NULL, PEER_A ", 'permit': ['10.0.0.0/8']}" PEER_B, "peer wg0 a changed permit", false},
	{NULL, PEER_A ", 'endpoint': ['192.0.2.1:7']}" PEER_B, "peer wg0 a changed! endpoint",
	 false},
	{NULL, PEER_A ", 'allowed-ips': ['10.0.0.0/8']}" PEER_B, "peer wg0 a changed allowed-ips",
	 false},
	{NULL, PEER_A ", 'preshared-key-file': '/k'}" PEER_B,
	 "peer wg0 a changed! preshared-key-file", false},
	{NULL, "{'name': 'a', " KEY1 ", 'tunnel-address': ['10.9.0.3']}" PEER_B,
	 "peer wg0 a changed! tunnel-address", false},
	{NULL, "{'name': 'a', " KEY1 ", 'tunnel-address': ['10.9.0.2', '10.9.0.3']}" PEER_B,
	 "peer wg0 a changed tunnel-address", false},
	{NULL, PEER_A ", 'liveness': {'echo': 'on'}}" PEER_B, "peer wg0 a changed liveness", false},
};

static void check(const struct row *r, const char *before, const char *after)
{
	struct wgconf *old = read_conf(before), *new = read_conf(after);
	json_t *said = json_array(), *row;
	char text[1024] = "";
	size_t i;

	new_key = r->new_key;
	wplan_rows(said, old, new, rekeyed);
	json_array_foreach (said, i, row)
		put(text, sizeof(text), row);
	assert_string_equal(text, r->expected);
	json_decref(said);
	wgconf_free(old);
	wgconf_free(new);
}

static void test_rows(void **state)
{
	char *before = xasprintf(CONFIG, "", BASE);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *after = xasprintf(CONFIG, rows[i].interface ? rows[i].interface : "",
					rows[i].peers ? rows[i].peers : BASE);

		check(&rows[i], before, after);
		free(after);
	}
	free(before);
}

static void test_interfaces(void **state)
{
	static const char none[] = "{'wireguard': {}}",
			  address[] =
				  "{'wireguard': {'interface': [{'name': 'wg0', 'address': "
				  "['10.9.0.7/24'], 'peer': [" BASE "]}, {'name': 'wg1', 'peer': "
				  "[{'name': 'c', " KEY3 "}]}]}}";
	char *both = xasprintf(CONFIG, "", BASE);

	check(&(struct row){.expected = "interface wg0 made, peer wg0 a made, peer wg0 b made, "
					"interface wg1 made, peer wg1 c made"},
	      none, both);
	check(&(struct row){.expected = "interface wg0 removed!, peer wg0 a removed!, peer wg0 b "
					"removed!, interface wg1 removed!, peer wg1 c removed!"},
	      both, none);
	check(&(struct row){.expected = "interface wg0 changed! address"}, both, address);
	free(both);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_interfaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
