/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a configuration would do to both tables, beside what the same then does.
 *
 *     10.1.0.0/16   by p1 on wg0, behind it p2 on wg1
 *     10.2.0.0/16   by p3 on wg0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "quoted.h"
#include "rig.h"
#include "tunnel.h"
#include "zplan_tables.h"

#define PEER(name, address) \
	"{'name': '" name "', 'tunnel-address': ['" address "'], 'permit': ['10.0.0.0/8']}"
#define CONF(more0, more1, rib)                                                                   \
	"{'wireguard': {'interface': [{'name': 'wg0', 'peer': [" PEER("p1", "10.9.0.1") more0     \
		"]}, {'name': 'wg1', 'peer': [" PEER("p2", "10.9.1.2") more1 "]}]}, 'rib': {" rib \
									     "}}"
#define P3 ", " PEER("p3", "10.9.0.3")
#define BASE CONF(P3, "", "")
#define NO_P3 CONF("", "", "")
#define P4 CONF(P3, ", " PEER("p4", "10.9.1.4"), "")

static void apply(const json_t *config, uint32_t generation)
{
	char *text = json_dumps(config, 0);

	rig_configure(text);
	free(text);
}

static void prune(uint32_t generation)
{
}

static int setup(void **state)
{
	rig_begin();
	zplan_open(apply, prune);
	rig_configure(BASE);
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	rig_peer(3, RIG_WG0, "10.9.0.3", NULL, TUNNEL_UP);
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	rig_bgp("10.2.0.0/16", "10.9.0.3");
	rig_pass(5000);
	rig_told();
	return 0;
}

/* A message of bgpd; HOPS: separated by blanks. */
static json_t *list_of(const char *prefix, const char *hops)
{
	struct route_hops list = {0};
	struct prefix p = rig_prefix(prefix);
	char *copy = xstrdup(hops), *save = NULL, text[512];
	struct wr w = {0};
	size_t mark;

	for (char *hop = strtok_r(copy, " ", &save); hop; hop = strtok_r(NULL, " ", &save))
		list.hop[list.n++].addr = rig_addr(hop);
	free(copy);
	mark = msg_begin_routes(&w, &list);
	wr_prefix(&w, &p);
	msg_end_routes(&w, mark, 1);
	sodium_bin2base64(text, sizeof(text), w.data, w.len, sodium_base64_VARIANT_ORIGINAL);
	wr_free(&w);
	return json_string(text);
}

/* p1 with this `permit` and more; owned. */
static char *disbelief(const char *permit, const char *more)
{
	return xasprintf("{'wireguard': {'interface': [{'name': 'wg0', 'peer': [{'name': 'p1', "
			 "'tunnel-address': ['10.9.0.1'], 'permit': ['%s']%s}]}]}}",
			 permit, more);
}

static const char *member(const json_t *row, const char *side, const char *name)
{
	return conf_str(json_object_get(row, side), name, "-");
}

static const struct row {
	const char *what, *conf, *prefix, *hops; /* HOPS NULL: no list changes */
	const char *gone;
	const char *planned;
} rows[] = {
	{"nothing", BASE, "10.1.0.0/16", NULL, "[]", ""},
	{"the same list", BASE, "10.1.0.0/16", "10.9.0.1 10.9.1.2", "[]", ""},
	{"another peer of the interface", BASE, "10.1.0.0/16", "10.9.0.3 10.9.1.2", "[]",
	 "entry 10.1.0.0/16 wg0 p1>wg0 p3; "},
	{"another interface", BASE, "10.1.0.0/16", "10.9.1.2", "[]",
	 "route 10.1.0.0/16 wg0 p1>wg1 p2; entry 10.1.0.0/16 wg0 p1>- -; "},
	{"no second one", BASE, "10.1.0.0/16", "10.9.0.1", "[]", "entry 10.1.0.0/16 wg1 p2>- -; "},
	{"none", BASE, "10.1.0.0/16", "", "[]",
	 "route 10.1.0.0/16 wg0 p1>- -; entry 10.1.0.0/16 wg0 p1>- -; "
	 "entry 10.1.0.0/16 wg1 p2>- -; "},
	{"a new prefix", BASE, "10.1.128.0/17", "10.9.0.3", "[]",
	 "route 10.1.128.0/17 - ->wg0 p3; entry 10.1.128.0/17 - ->wg0 p3; "},
	{"a peer goes", NO_P3, "10.1.0.0/16", NULL, "[{'interface': 'wg0', 'peer': 'p3'}]",
	 "route 10.2.0.0/16 wg0 p3>- -; entry 10.2.0.0/16 wg0 p3>- -; "
	 "route 10.9.0.3/32 wg0 ->- -; "},
	{"a peer comes", P4, "10.1.0.0/16", NULL, "[]", "route 10.9.1.4/32 - ->wg1 -; "},
	{"a static route",
	 CONF(P3, "",
	      "'static': [{'prefix': '10.7.0.0/16', 'next-hop': "
	      "'10.9.1.2'}]"),
	 "10.1.0.0/16", NULL, "[]", "route 10.7.0.0/16 - ->wg1 p2; entry 10.7.0.0/16 - ->wg1 p2; "},
};

static void test_row(void **state)
{
	const struct row *r = *state;
	json_t *args = json_pack("{s:o, s:o, s:[]}", "candidate", quoted(r->conf), "gone",
				 quoted(r->gone), "routes");
	json_t *said = json_array(), *head, *row;
	char text[2048] = "";
	size_t i, len = 0;

	if (r->hops)
		json_array_append_new(json_object_get(args, "routes"), list_of(r->prefix, r->hops));
	head = zplan_tables(args, said);
	assert_true(json_is_object(json_object_get(head, "tables")));
	json_array_foreach (said, i, row)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s %s %s %s>%s %s; ",
					conf_str(row, "kind", ""), conf_str(row, "prefix", ""),
					member(row, "from", "interface"),
					member(row, "from", "peer"), member(row, "to", "interface"),
					member(row, "to", "peer"));
	assert_string_equal(text, r->planned);
	RIG_TOLD(""); /* neither the kernel nor wgd heard of it */
	json_decref(head);
	json_decref(said);
	json_decref(args);
}

/* A peer found at 10.200.0.1, outside of all networks that a `permit` names until it names that. */
static void test_disbelieved(void **state)
{
	static const struct {
		const char *permit, *more, *said;
	} cases[] = {
		{"10.0.0.0/16", "", ""},
		{"10.0.0.0/8", "", "wg0 p1 10.200.0.1"},
		{"10.0.0.0/8", ", 'endpoint-inside-permit': true", ""},
		{"10.0.0.0/8", ", 'endpoint': ['10.200.0.1:5']", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (int many = 0; many < 2; many++) {
			char *conf = disbelief(cases[i].permit, cases[i].more);
			json_t *args =
				json_pack("{s:o, s:[], s:o}", "candidate", quoted(conf), "gone",
					  "routes", many ? json_null() : json_array());
			json_t *said = json_array(), *head, *row;
			char text[200] = "", *now = disbelief("10.0.0.0/16", "");

			rig_configure(now);
			rig_peer(1, RIG_WG0, "10.9.0.1", "10.200.0.1:5", TUNNEL_UP);
			rig_pass(1000);
			head = zplan_tables(args, said);
			row = json_array_get(json_object_get(head, "disbelieved"), 0);
			if (row)
				snprintf(text, sizeof(text), "%s %s %s",
					 conf_str(row, "interface", ""), conf_str(row, "peer", ""),
					 conf_str(row, "endpoint", ""));
			assert_string_equal(text, cases[i].said);
			json_decref(head);
			json_decref(said);
			json_decref(args);
			free(now);
			free(conf);
		}
}

/* Too much for bgpd to say. */
static void test_too_many(void **state)
{
	json_t *args = json_pack("{s:o, s:[], s:n}", "candidate", quoted(BASE), "gone", "routes");
	json_t *said = json_array(), *head = zplan_tables(args, said);

	assert_true(json_is_null(json_object_get(head, "tables")));
	assert_int_equal(json_array_size(said), 0);
	json_decref(head);
	json_decref(said);
	json_decref(args);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(rows) + 2] = {
		cmocka_unit_test_setup_teardown(test_too_many, setup, rig_end),
		cmocka_unit_test_setup_teardown(test_disbelieved, setup, rig_end)};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		tests[i + 2] = (struct CMUnitTest){rows[i].what, test_row, setup, rig_end,
						   (void *)&rows[i]};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
