/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plan against reality: what bgpd says that a configuration would do to sessions and to ranked
 * next hops, and what it does when it is applied; and that a plan itself changes nothing.
 *
 *     172.16.1.0/24   from 10.9.0.11 alone
 *     172.16.2.0/24   from both, 10.9.0.11 is best
 *     172.16.3.0/24   from 10.9.0.12 alone
 *     172.16.9.0/24   from 10.9.0.12, refused by its policy
 *     10.77.0.0/16    a network of ours where it is configured
 *
 * The clock stands.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "peer.h"
#include "rig.h"
#include "rig_clock.h"
#include "util.h"

#define A 11
#define B 12

/* Options of `bgp`, of A, of B; the prefixes that the policy of B refuses. */
struct conf {
	const char *bgp, *a, *b, *refused;
};
static const struct conf base = {"", "'import': ['all'], 'export': ['all']",
				 "'import': ['p'], 'export': ['all']", "'172.16.9.0/24'"};

static char *text_of(const struct conf *c)
{
	char *a = c->a ? xasprintf("{'address': '10.9.0.11', 'remote-as': 65001, 'passive': true, "
				   "%s},",
				   c->a)
		       : xstrdup("");
	char *out = xasprintf(
		"{'wireguard': {'interface': [{'name': 'wg0', 'address': ['10.9.0.1/24'], 'peer': "
		"[{'name': 'site-a', 'tunnel-address': ['10.9.0.11'], 'permit': "
		"['172.16.0.0/16']}, {'name': 'site-b', 'tunnel-address': ['10.9.0.12'], "
		"'permit': ['172.16.0.0/16']}]}]}, 'policy': [{'name': 'p', 'default': 'accept', "
		"'term': [{'name': '1', 'match': {'prefix': [%s]}, 'then': 'reject'}]}], 'bgp': "
		"{'as': 65000, 'router-id': '10.0.0.5', %s 'neighbor': [%s {'address': "
		"'10.9.0.12', 'remote-as': 65002, 'passive': true, %s}]}}",
		c->refused, c->bgp, a, c->b);

	free(a);
	return out;
}

static const char *const prefixes[] = {"172.16.1.0/24", "172.16.2.0/24", "172.16.3.0/24",
				       "172.16.9.0/24"};

static struct far *far_b;

static int setup(void **state)
{
	char *text = text_of(&base);
	struct far *a, *b;

	rig_start(text);
	free(text);
	a = far_up(A, &(struct far_open){.as = 65001});
	far_b = b = far_up(B, &(struct far_open){.as = 65002});
	far_announce(a, &(struct news){.prefix = "172.16.1.0/24 172.16.2.0/24",
				       .nexthop = "10.9.0.11",
				       .path = {65001}});
	far_announce(b, &(struct news){.prefix = "172.16.3.0/24 172.16.9.0/24",
				       .nexthop = "10.9.0.12",
				       .path = {65002}});
	far_announce(b, &(struct news){.prefix = "172.16.2.0/24",
				       .nexthop = "10.9.0.12",
				       .path = {65002, 65009}});
	rig_settle();
	assert_string_equal(rig_hops("172.16.2.0/24"), "10.9.0.11 10.9.0.12");
	return 0;
}

static int teardown(void **state)
{
	rig_stop();
	rig_clock_reset();
	return 0;
}

/* Of the first next hop; "" none. */
static void first_hop(const char *prefix, char out[64])
{
	const char *hops = rig_hops(prefix);

	if (str_eq(hops, "never said"))
		hops = "";
	snprintf(out, 64, "%.*s", (int)strcspn(hops, " "), hops);
}

static const json_t *row_of(const json_t *plan, const char *kind, const char *key,
			    const char *value)
{
	const json_t *row;
	size_t i;

	json_array_foreach (json_object_get(plan, "changes"), i, row)
		if (str_eq(rig_str(row, "kind"), kind) && str_eq(rig_str(row, key), value))
			return row;
	return NULL;
}

static bool is_up(unsigned last)
{
	char text[32];
	struct addr a;
	const struct peer *p;

	snprintf(text, sizeof(text), "10.9.0.%u", last);
	assert_int_equal(addr_parse(text, &a), 0);
	p = peer_find(&a);
	return p && p->state == PEER_ESTABLISHED;
}

static const char *change_between(const char *before, const char *after)
{
	return str_eq(before, after) ? "none" : !*before ? "gained" : !*after ? "lost" : "moved";
}

static const char *change_in(const json_t *plan, const char *prefix)
{
	const json_t *row = row_of(plan, "prefix", "prefix", prefix);
	const char *change = row ? rig_str(row, "change") : "none";

	return str_eq(change, "changed") ? "none" : change;
}

static json_t *ask(const char *candidate, const char *more)
{
	char *request = xasprintf("{'command': 'plan-bgp', 'candidate': %s %s}", candidate, more);
	json_t *plan = rig_show(request);

	free(request);
	assert_null(json_object_get(plan, "error"));
	return plan;
}

static const struct row {
	const char *what;
	struct conf conf;
	unsigned ends; /* sessions */
	unsigned open; /* prefixes */
} rows[] = {
	{"nothing", {0}, 0, 0},
	{"a description", {.b = "'import': ['p'], 'export': ['all'], 'description': 'x'"}, 0, 0},
	{"another import of A", {.a = "'import': ['none'], 'export': ['all']"}, 0, 0},
	{"B refuses more", {.refused = "'172.16.9.0/24', '172.16.3.0/24'"}, 0, 0},
	{"B refuses less", {.refused = "'172.16.10.0/24'"}, 0, 0},
	{"a hold time of A", {.a = "'import': ['all'], 'export': ['all'], 'hold-time': 33"}, 1, 2},
	{"A is disabled", {.a = "'import': ['all'], 'export': ['all'], 'disabled': true"}, 1, 0},
	{"A goes", {.a = ""}, 1, 0},
	{"fewer prefixes of A",
	 {.a = "'import': ['all'], 'export': ['all'], 'max-prefix': 1"},
	 1,
	 2},
	{"restart times of all", {.bgp = "'graceful-restart': {'restart-time': 77},"}, 2, 3},
	{"keepalive of A", {.a = "'import': ['all'], 'export': ['all'], 'keepalive': 7"}, 0, 0},
	{"what A is sent", {.a = "'import': ['all'], 'export': ['none']"}, 0, 0},
};

static struct conf filled(const struct conf *c)
{
	return (struct conf){.bgp = c->bgp ? c->bgp : base.bgp,
			     .a = !c->a	  ? base.a
				  : *c->a ? c->a
					  : NULL,
			     .b = c->b ? c->b : base.b,
			     .refused = c->refused ? c->refused : base.refused};
}

static void test_against_reality(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char before[ARRAY_SIZE(prefixes)][64], after[64];
		struct conf conf = filled(&rows[i].conf);
		char *text = text_of(&conf);
		bool up_a, up_b;
		json_t *plan;

		setup(NULL);
		for (size_t k = 0; k < ARRAY_SIZE(prefixes); k++)
			first_hop(prefixes[k], before[k]);
		plan = ask(text, "");
		rig_settle();
		for (size_t k = 0; k < ARRAY_SIZE(prefixes); k++) {
			first_hop(prefixes[k], after);
			assert_string_equal(after, before[k]); /* nothing changed yet */
		}
		assert_true(is_up(A) && is_up(B));
		rig_config(text);
		up_a = is_up(A);
		up_b = is_up(B);
		rig_settle();
		for (size_t k = 0; k < ARRAY_SIZE(prefixes); k++) {
			first_hop(prefixes[k], after);
			if (!str_eq(change_in(plan, prefixes[k]), change_between(before[k], after)))
				fail_msg("%s: %s: planned %s, was \"%s\", is \"%s\"", rows[i].what,
					 prefixes[k], change_in(plan, prefixes[k]), before[k],
					 after);
		}
		if (rig_int(plan, "sessions-end") != !up_a + !up_b ||
		    rig_int(plan, "sessions-end") != rows[i].ends)
			fail_msg("%s: %d sessions end, planned %d", rows[i].what, !up_a + !up_b,
				 (int)rig_int(plan, "sessions-end"));
		if (rig_int(plan, "open") != rows[i].open)
			fail_msg("%s: %d are open", rows[i].what, (int)rig_int(plan, "open"));
		json_decref(plan);
		free(text);
		teardown(NULL);
	}
}

/* What is said of one, to the letter. */
static void test_rows(void **state)
{
	struct conf conf = filled(
		&(struct conf){.a = "'import': ['all'], 'export': ['all'], 'hold-time': 33"});
	char *text = text_of(&conf);
	json_t *plan = ask(text, "");
	const json_t *row = row_of(plan, "session", "neighbor", "10.9.0.11");

	assert_non_null(row);
	assert_string_equal(rig_str(row, "change"), "reset");
	assert_string_equal(rig_text(row, "statements"), "[\"hold-time\"]");
	assert_true(rig_bool(row, "open") && rig_bool(row, "disruptive"));
	assert_int_equal(rig_int(row, "received"), 2);
	row = row_of(plan, "prefix", "prefix", "172.16.2.0/24");
	assert_non_null(row);
	assert_string_equal(rig_str(row, "change"), "moved");
	assert_true(rig_bool(row, "open"));
	assert_string_equal(rig_str(json_object_get(row, "from"), "next-hop"), "10.9.0.11");
	assert_string_equal(rig_str(json_object_get(row, "to"), "next-hop"), "10.9.0.12");
	assert_int_equal(rig_int(plan, "moved"), 1);
	assert_int_equal(rig_int(plan, "lost"), 1);
	json_decref(plan);
	free(text);
}

/* A network of ours comes. */
static void test_own_network(void **state)
{
	struct conf conf = filled(&(struct conf){.bgp = "'network': ['10.77.0.0/16'],"});
	char *text = text_of(&conf);
	const json_t *row;
	json_t *plan;

	rig_redist("10.77.0.0/16", REDIST_CONNECTED, true);
	plan = ask(text, "");
	row = row_of(plan, "prefix", "prefix", "10.77.0.0/16");
	assert_non_null(row);
	assert_string_equal(rig_str(row, "change"), "gained");
	assert_false(rig_bool(row, "disruptive"));
	assert_true(json_is_null(json_object_get(row, "from")));
	json_decref(plan);
	free(text);
}

/* How often the table has changed, up to the plan and since. */
static void test_epoch(void **state)
{
	char *text = text_of(&base);
	json_t *plan = ask(text, "");
	json_int_t then = rig_int(plan, "table-epoch");

	assert_true(then > 0);
	assert_int_equal(rig_int(rig_ask("{'command': 'plan-epoch'}"), "table-epoch"), then);
	far_announce(
		far_b,
		&(struct news){.prefix = "172.16.4.0/24", .nexthop = "10.9.0.12", .path = {65002}});
	rig_settle();
	assert_int_equal(rig_int(rig_ask("{'command': 'plan-epoch'}"), "table-epoch"), then + 1);
	json_decref(plan);
	free(text);
}

/* A tunnel peer goes, though nothing in `bgp` changed. */
static void test_gone_peer(void **state)
{
	char *text = text_of(&base);
	const json_t *row;
	json_t *plan;

	rig_tunnel("10.9.0.11", "wg0", "site-a", REACH_UP, REASON_NONE);
	rig_settle();
	plan = ask(text, ", 'gone': [{'interface': 'wg0', 'peer': 'site-a'}], 'watch': "
			 "['172.16.1.9']");
	row = row_of(plan, "prefix", "prefix", "172.16.1.0/24");
	assert_non_null(row);
	assert_string_equal(rig_str(row, "change"), "lost");
	assert_true(rig_bool(row, "watched"));
	assert_string_equal(rig_str(json_object_get(row, "from"), "peer"), "site-a");
	row = row_of(plan, "session", "neighbor", "10.9.0.11");
	assert_non_null(row);
	assert_string_equal(rig_str(row, "interface"), "wg0");
	assert_false(rig_bool(row, "open"));
	row = row_of(plan, "prefixes", "interface", "wg0");
	assert_non_null(row);
	assert_int_equal(rig_int(row, "lost"), 1);
	assert_int_equal(rig_int(row, "moved"), 1);
	json_decref(plan);
	free(text);
}

/* With another key it may come back, when the far end has that. */
static void test_replaced_peer(void **state)
{
	char *text = text_of(&base);
	json_t *plan;

	rig_tunnel("10.9.0.11", "wg0", "site-a", REACH_UP, REASON_NONE);
	rig_settle();
	plan = ask(text, ", 'gone': [{'interface': 'wg0', 'peer': 'site-a', 'replaced': true}]");
	assert_true(rig_bool(row_of(plan, "session", "neighbor", "10.9.0.11"), "open"));
	assert_int_equal(rig_int(plan, "open"), 2);
	json_decref(plan);
	free(text);
}

/* Where both paths are alike the cost of the tunnels decides. */
static void test_costs(void **state)
{
	char *text = text_of(&base);
	const json_t *row;
	json_t *plan;

	far_announce(
		far_b,
		&(struct news){.prefix = "172.16.2.0/24", .nexthop = "10.9.0.12", .path = {65002}});
	rig_tunnel("10.9.0.11", "wg0", "site-a", REACH_UP, REASON_NONE);
	rig_settle();
	plan = ask(text, ", 'costs': [{'interface': 'wg0', 'peer': 'site-a', 'by': 50}]");
	row = row_of(plan, "prefix", "prefix", "172.16.2.0/24");
	assert_non_null(row);
	assert_string_equal(rig_str(row, "change"), "moved");
	assert_int_equal(rig_int(plan, "lost"), 0);
	json_decref(plan);
	free(text);
}

static void cost_of_a(uint32_t cost)
{
	rig_nexthop_is(&(struct msg_nexthop){.addr = {.family = AF_INET, .b = {10, 9, 0, A}},
					     .reach = REACH_UP,
					     .connected = true,
					     .tunnel = true,
					     .cost = cost,
					     .ifname = "wg0",
					     .peer = "site-a"});
}

/* A session that has just come up waits for no more than its time: what moves to it by itself is
 * there before the change, and what the change moves to it moves. */
static void test_fresh_session(void **state)
{
	static const struct {
		uint32_t cost;
		const char *change;
	} rows_of_costs[] = {{10, "moved"}, {30, "none"}};
	char *text = text_of(&base);

	rig_tunnel("10.9.0.12", "wg0", "site-b", REACH_UP, REASON_NONE);
	far_close(far_b);
	rig_settle();
	rig_pass(10000);
	far_b = far_up(B, &(struct far_open){.as = 65002});
	for (size_t i = 0; i < ARRAY_SIZE(rows_of_costs); i++) {
		json_t *plan;

		cost_of_a(rows_of_costs[i].cost);
		far_announce(far_b, &(struct news){.prefix = "172.16.2.0/24",
						   .nexthop = "10.9.0.12",
						   .path = {65002}});
		rig_settle();
		plan = ask(text, ", 'costs': [{'interface': 'wg0', 'peer': 'site-a', 'by': 50}]");
		assert_string_equal(change_in(plan, "172.16.2.0/24"), rows_of_costs[i].change);
		json_decref(plan);
		assert_string_equal(rig_hops("172.16.2.0/24"), "10.9.0.11 10.9.0.12");
	}
	rig_pass(1000);
	rig_settle();
	assert_string_equal(rig_hops("172.16.2.0/24"), "10.9.0.12 10.9.0.11");
	free(text);
}

/* New and removed neighbours. */
static void test_made(void **state)
{
	struct conf conf = filled(&(struct conf){
		.b = "'import': ['p'], 'export': ['all']}, {'address': '10.9.0.13', 'remote-as': "
		     "65003, 'import': ['all']"});
	char *text = text_of(&conf);
	json_t *plan = ask(text, "");
	const json_t *row = row_of(plan, "session", "neighbor", "10.9.0.13");

	assert_non_null(row);
	assert_string_equal(rig_str(row, "change"), "made");
	assert_true(rig_bool(row, "open"));
	assert_false(rig_bool(row, "disruptive"));
	json_decref(plan);
	free(text);
}

/* A tunnel leads to a neighbour that is not up: what it says then decides. */
static void test_awaited(void **state)
{
	char *text = text_of(&base);
	const json_t *row;
	json_t *plan;

	far_close(far_b);
	rig_settle();
	plan = ask(text, ", 'come': ['10.9.0.11', '10.9.0.12', '10.9.0.13']");
	row = row_of(plan, "session", "neighbor", "10.9.0.12");
	assert_non_null(row);
	assert_string_equal(rig_str(row, "change"), "awaited");
	assert_true(rig_bool(row, "open"));
	assert_false(rig_bool(row, "disruptive"));
	assert_null(row_of(plan, "session", "neighbor", "10.9.0.11"));
	json_decref(plan);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_reality),
		cmocka_unit_test_setup_teardown(test_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own_network, setup, teardown),
		cmocka_unit_test_setup_teardown(test_epoch, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gone_peer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replaced_peer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_costs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fresh_session, setup, teardown),
		cmocka_unit_test_setup_teardown(test_made, setup, teardown),
		cmocka_unit_test_setup_teardown(test_awaited, setup, teardown),
	};

	return rig_run(tests, ARRAY_SIZE(tests));
}
