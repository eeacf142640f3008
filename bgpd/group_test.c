/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who shares an update group and who does not; what one group tells whom of equal sets that came
 * from different neighbours, at the same moment; what is received and what a policy makes of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adjout.h"
#include "log.h"
#include "rig.h"
#include "session_calls.h"
#include "testing.h"
#include "util.h"

#define A 21
#define B 22
#define C 23
#define D 24
#define HOP "10.9.0.99"

static int teardown(void **state)
{
	rig_stop();
	return 0;
}

static void configure(const char *rest, const char *a, const char *b)
{
	char *config = xasprintf(
		"{'plane': [{'name': 'blue', 'number': 3, 'table': 100}], 'policy': [{'name': 'p', "
		"'default': 'accept', 'term': [{'name': '1', 'match': {'prefix': ['10.0.0.0/8']}, "
		"'set': {'community-add': ['65000:1']}}]}, {'name': 'q', 'default': 'accept', "
		"'term': "
		"[{'name': '1', 'match': {'med': 1}, 'set': {'med': 2}}]}], 'bgp': {'as': 65000, "
		"'router-id': '10.0.0.5', 'graceful-restart': {'enabled': false}%s, 'neighbor': ["
		"{'address': '10.9.0.21', 'remote-as': 65000, 'passive': true%s}, "
		"{'address': '10.9.0.22', 'remote-as': 65000, 'passive': true%s}, "
		"{'address': '10.9.0.23', 'remote-as': 65000, 'passive': true}, "
		"{'address': '10.9.0.24', 'remote-as': 65024, 'passive': true, 'import': ['all'], "
		"'export': ['all']}]}}",
		rest, a, b);

	rig_config(config);
	free(config);
}

static void start(const char *a, const char *b)
{
	log_set_level(LOG_LEVEL_ERROR);
	configure("", a, b);
	rig_zebra_again();
	rig_redist_sync(0);
	rig_settle();
}

/* What of a neighbour decides its group: with each alone it is in another one. */
static void test_groups(void **state)
{
	static const struct {
		const char *option;
		struct far_open open;
		bool same;
	} rows[] = {
		{"", {.as = 65000}, true},
		{", 'description': 'x', 'hold-time': 7, 'allowas-in': 2, 'import': ['all']",
		 {.as = 65000},
		 true},
		{", 'next-hop-self': true", {.as = 65000}, false},
		{", 'route-reflector-client': true", {.as = 65000}, false},
		{", 'aigp': true", {.as = 65000}, false},
		{", 'export': ['all']", {.as = 65000}, false},
		{", 'ipv6-unicast': false", {.as = 65000}, false},
		{", 'ipv4-unicast': false", {.as = 65000}, false},
		{", 'plane': 'blue'", {.as = 65000}, false},
		{"", {.as = 65000, .only4 = true}, false},
		{"", {.as = 65000, .two_octet = true}, false},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct far *a, *b, *c;

		start("", rows[i].option);
		a = far_up(A, &(struct far_open){.as = 65000});
		b = far_up(B, &rows[i].open);
		c = far_up(C, &(struct far_open){.as = 65000});
		assert_true(adjout_group_id(far_peer(a)) > 0);
		assert_int_equal(adjout_group_id(far_peer(a)), adjout_group_id(far_peer(c)));
		if ((adjout_group_id(far_peer(a)) == adjout_group_id(far_peer(b))) != rows[i].same)
			fail_msg("row %u: %s", i, rows[i].option);
		rig_stop();
	}
}

/* A way that is to be emptied makes a group of its own, and so do settings of all. */
static void test_regrouped(void **state)
{
	struct far *a, *b;
	uint32_t before;

	start("", "");
	a = far_up(A, &(struct far_open){.as = 65000});
	b = far_up(B, &(struct far_open){.as = 65000});
	rig_tunnel("10.9.0.21", "wg0", "a", REACH_UP, REASON_NONE);
	rig_tunnel("10.9.0.22", "wg0", "b", REACH_UP, REASON_NONE);
	before = adjout_group_id(far_peer(a));
	assert_int_equal(adjout_group_id(far_peer(b)), before);
	rig_tunnel("10.9.0.22", "wg0", "b", REACH_DEGRADED, REASON_LOSSY);
	assert_int_equal(adjout_group_id(far_peer(b)), before);
	rig_tunnel("10.9.0.22", "wg0", "b", REACH_DEGRADED, REASON_DRAINING);
	assert_int_equal(adjout_group_id(far_peer(a)), before);
	assert_int_not_equal(adjout_group_id(far_peer(b)), before);
	rig_tunnel("10.9.0.22", "wg0", "b", REACH_UP, REASON_NONE);
	assert_int_equal(adjout_group_id(far_peer(b)), before);
	configure(", 'cluster-id': '1.1.1.1'", "", "");
	assert_int_not_equal(adjout_group_id(far_peer(a)), before);
	assert_int_equal(adjout_group_id(far_peer(b)), adjout_group_id(far_peer(a)));
	before = adjout_group_id(far_peer(a));
	configure(", 'cluster-id': '1.1.1.1', 'default-local-pref': 7", "", "");
	assert_int_not_equal(adjout_group_id(far_peer(a)), before);
	before = adjout_group_id(far_peer(a));
	configure(", 'cluster-id': '1.1.1.1', 'default-local-pref': 7", ", 'export': ['p']",
		  ", 'export': ['q']");
	assert_int_not_equal(adjout_group_id(far_peer(a)), adjout_group_id(far_peer(b)));
	configure(", 'cluster-id': '1.1.1.1', 'default-local-pref': 7", ", 'export': ['p']",
		  ", 'export': ['p']");
	assert_int_equal(adjout_group_id(far_peer(a)), adjout_group_id(far_peer(b)));
	assert_false(a->ended || b->ended);
}

static const char *told(const struct far *f, const char *prefix, const char *member)
{
	const json_t *r = json_object_get(f->rib, prefix);

	return r ? rig_text(r, member) : "-";
}

/* Equal sets of two neighbours, decided at once: each path has its own originator, and comes back
 * to nobody. */
static void test_equal_sets(void **state)
{
	struct far *a, *b, *c, *d;
	struct news news = {.nexthop = HOP, .path = {7}, .local_pref = 100};

	start(", 'route-reflector-client': true", ", 'route-reflector-client': true");
	a = far_up(A, &(struct far_open){.as = 65000});
	b = far_up(B, &(struct far_open){.as = 65000});
	c = far_up(C, &(struct far_open){.as = 65000});
	d = far_up(D, &(struct far_open){.as = 65024});
	rig_settle();
	news.prefix = "10.1.1.0/24 192.168.1.0/24";
	far_announce(a, &news);
	news.prefix = "10.1.2.0/24 192.168.2.0/24";
	far_announce(b, &news);
	news.prefix = "10.1.3.0/24";
	far_announce(c, &news);
	rig_nexthop(HOP, REACH_UP, REASON_NONE); /* all of them now */
	assert_string_equal(told(b, "10.1.1.0/24", "originator-id"), "\"10.0.0.21\"");
	assert_string_equal(told(a, "10.1.2.0/24", "originator-id"), "\"10.0.0.22\"");
	assert_string_equal(told(a, "10.1.3.0/24", "originator-id"), "\"10.0.0.23\"");
	assert_string_equal(told(c, "10.1.1.0/24", "originator-id"), "\"10.0.0.21\"");
	assert_string_equal(told(c, "192.168.2.0/24", "originator-id"), "\"10.0.0.22\"");
	assert_string_equal(told(a, "10.1.1.0/24", "originator-id"), "-");
	assert_string_equal(told(c, "10.1.3.0/24", "originator-id"), "-");
	for (unsigned i = 1; i <= 3; i++) {
		char prefix[32];

		snprintf(prefix, sizeof(prefix), "10.1.%u.0/24", i);
		assert_string_equal(told(d, prefix, "originator-id"), "null");
		assert_string_equal(told(d, prefix, "as-path"), "\"65000 7\"");
	}
	assert_int_equal(json_object_size(a->rib), 3);
	assert_int_equal(json_object_size(b->rib), 3);
	assert_int_equal(json_object_size(c->rib), 4);
	assert_int_equal(json_object_size(d->rib), 5);
	far_close(a);
	rig_settle();
	assert_int_equal(json_object_size(b->rib), 1);
	assert_int_equal(json_object_size(c->rib), 2);
	assert_int_equal(json_object_size(d->rib), 3);
}

/* What a neighbour is told follows the state of the next hop that we stand for, also when somebody
 * asked between two changes what it is told. */
static void test_asked_between(void **state)
{
	static const struct {
		enum reach reach;
		enum reason why;
		uint32_t cost;
		const char *pref, *metric;
	} states[] = {
		{REACH_UP, REASON_NONE, 5, "100", "261"},
		{REACH_DEGRADED, REASON_LOSSY, 5, "0", "261"},
		{REACH_UP, REASON_NONE, 5, "100", "261"},
		{REACH_UP, REASON_NONE, 0, "100", "256"},
		{REACH_DEGRADED, REASON_DRAINING, 5, "0", "261"},
		{REACH_DEGRADED, REASON_LOSSY, 0, "0", "256"},
		{REACH_UP, REASON_NONE, 7, "100", "263"},
	};
	static const uint8_t metric[] = {0x80, 26, 11, 1, 0, 11, 0, 0, 0, 0, 0, 0, 1, 0};
	struct msg_nexthop m = {.addr = {.family = AF_INET, .b = {10, 9, 0, 99}},
				.ifname = "eth0",
				.connected = true};
	struct far *a, *b;

	start(", 'next-hop-self': true, 'aigp': true",
	      ", 'route-reflector-client': true, 'aigp': true");
	a = far_up(A, &(struct far_open){.as = 65000});
	b = far_up(B, &(struct far_open){.as = 65000});
	rig_settle();
	far_announce(b, &(struct news){.prefix = "10.1.1.0/24",
				       .nexthop = HOP,
				       .path = {7},
				       .local_pref = 100,
				       .extra = metric,
				       .extra_len = sizeof(metric)});
	for (unsigned i = 0; i < 4 * ARRAY_SIZE(states); i++) {
		unsigned row = i % ARRAY_SIZE(states);
		const json_t *asked;

		m.reach = states[row].reach;
		m.reason = states[row].why;
		m.cost = states[row].cost;
		rig_nexthop_is(&m);
		if (!str_eq(told(a, "10.1.1.0/24", "local-preference"), states[row].pref) ||
		    !str_eq(told(a, "10.1.1.0/24", "aigp"), states[row].metric))
			fail_msg("step %u: %s, metric %s", i,
				 told(a, "10.1.1.0/24", "local-preference"),
				 told(a, "10.1.1.0/24", "aigp"));
		if (i / ARRAY_SIZE(states) % 2)
			continue;
		asked = rig_ask("{'command': 'bgp-routes', 'neighbor': '10.9.0.21', "
				"'direction': 'advertised'}");
		assert_int_equal(json_array_size(json_object_get(asked, "routes")), 1);
	}
}

/* A policy that looks at prefixes tells equal sets apart. */
static void test_by_prefix(void **state)
{
	struct far *a, *b;

	start(", 'export': ['p']", "");
	a = far_up(A, &(struct far_open){.as = 65000});
	b = far_up(D, &(struct far_open){.as = 65024});
	far_announce(b, &(struct news){.prefix = "10.1.1.0/24 192.168.1.0/24 10.1.2.0/24",
				       .nexthop = HOP,
				       .path = {65024}});
	rig_nexthop(HOP, REACH_UP, REASON_NONE);
	assert_string_equal(told(a, "10.1.1.0/24", "communities"), "[\"65000:1\"]");
	assert_string_equal(told(a, "10.1.2.0/24", "communities"), "[\"65000:1\"]");
	assert_string_equal(told(a, "192.168.1.0/24", "communities"), "[]");
}

/* What a policy is told of where a route comes from. */
static void test_protocols(void **state)
{
	static const struct {
		const char *protocol, *told; /* with MED 9 */
	} rows[] = {{"bgp", "10.1.0.0/16"},
		    {"network", "10.2.0.0/16"},
		    {"connected", "10.3.0.0/16"},
		    {"static", "10.4.0.0/16"},
		    {"kernel", "10.5.0.0/16"}};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		char *config = xasprintf(
			"{'policy': [{'name': 'p', 'default': 'accept', 'term': [{'name': '1', "
			"'match': {'protocol': ['%s']}, 'set': {'med': 9}}]}], 'bgp': {'as': "
			"65000, "
			"'router-id': '10.0.0.5', 'graceful-restart': {'enabled': false}, "
			"'network': "
			"['10.2.0.0/16'], 'redistribute': [{'protocol': 'connected'}, {'protocol': "
			"'static'}, {'protocol': 'kernel'}], 'neighbor': [{'address': '10.9.0.21', "
			"'remote-as': 65000, 'passive': true, 'export': ['p']}, {'address': "
			"'10.9.0.24', 'remote-as': 65024, 'passive': true, 'import': ['all']}]}}",
			rows[i].protocol);
		const json_t *route;
		const char *prefix;
		struct far *a, *d;

		log_set_level(LOG_LEVEL_ERROR);
		rig_start(config);
		free(config);
		a = far_up(A, &(struct far_open){.as = 65000});
		d = far_up(D, &(struct far_open){.as = 65024});
		far_announce(d, &(struct news){
					.prefix = "10.1.0.0/16", .nexthop = HOP, .path = {65024}});
		rig_nexthop(HOP, REACH_UP, REASON_NONE);
		rig_redist("10.2.0.0/16", REDIST_KERNEL, true);
		rig_redist("10.3.0.0/16", REDIST_CONNECTED, true);
		rig_redist("10.4.0.0/16", REDIST_STATIC, true);
		rig_redist("10.5.0.0/16", REDIST_KERNEL, true);
		assert_int_equal(json_object_size(a->rib), 5);
		json_object_foreach (a->rib, prefix, route)
			assert_string_equal(rig_text(route, "med"),
					    str_eq(prefix, rows[i].told) ? "9" : "null");
		rig_stop();
	}
}

/* Whoever comes from a tunnel address of a plane is in that plane, by a listen range, too, and
 * stays in it over a change of the configuration. */
static void test_planes(void **state)
{
	static const char config[] =
		"{'plane': [{'name': 'blue', 'number': 3, 'table': 100, 'interface': ['wgb']}], "
		"'wireguard': {'interface': [{'name': 'wgb', 'peer': [{'name': 'x', "
		"'tunnel-address': ['10.9.0.21', '10.9.0.150']}]}]}, 'bgp': {'as': 65000, "
		"'router-id': '10.0.0.5', 'graceful-restart': {'enabled': false}, %s"
		"'neighbor-group': [{'name': 'g', 'listen-range': ['10.9.0.128/25'], 'remote-as': "
		"65000}], 'neighbor': [{'address': '10.9.0.21', 'remote-as': 65000, 'passive': "
		"true}]}}";
	char *first = xasprintf(config, ""), *second = xasprintf(config, "'last-path': 'keep', ");
	static const unsigned lasts[] = {21, 150, 151};
	static const uint8_t planes[] = {3, 3, 0};
	struct far *f[3];

	log_set_level(LOG_LEVEL_ERROR);
	rig_start(first);
	for (unsigned i = 0; i < 3; i++) {
		f[i] = far_up(lasts[i], &(struct far_open){.as = 65000});
		assert_false(f[i]->ended);
		if (far_peer(f[i])->conf.plane != planes[i])
			fail_msg("10.9.0.%u: plane %u", lasts[i], far_peer(f[i])->conf.plane);
	}
	rig_config(second);
	rig_settle();
	for (unsigned i = 0; i < 3; i++) {
		assert_false(f[i]->ended);
		assert_int_equal(far_peer(f[i])->conf.plane, planes[i]);
	}
	free(first);
	free(second);
}

/* More paths of a prefix than anybody expects: the best of them is the best. */
static void test_many_paths(void **state)
{
	const unsigned n = 90;
	struct far *f[90];

	log_set_level(LOG_LEVEL_ERROR);
	rig_start("{'bgp': {'as': 65000, 'router-id': '10.0.0.5', 'graceful-restart': {'enabled': "
		  "false}, 'neighbor-group': [{'name': 'g', 'listen-range': ['10.9.0.128/25'], "
		  "'remote-as': 65000}]}}");
	for (unsigned i = 0; i < n; i++) {
		char hop[32];

		f[i] = far_up(130 + i, &(struct far_open){.as = 65000});
		snprintf(hop, sizeof(hop), "10.9.0.%u", 10 + i);
		far_announce(f[i], &(struct news){.prefix = "10.1.1.0/24",
						  .nexthop = hop,
						  .path = {7},
						  .local_pref = 1 + i * 37 % n});
		rig_nexthop(hop, REACH_UP, REASON_NONE);
	}
	for (unsigned want = n; want > n - 20; want--) {
		unsigned best = 0;
		char hop[32];

		for (unsigned i = 0; i < n; i++)
			best = 1 + i * 37 % n == want ? i : best;
		snprintf(hop, sizeof(hop), "10.9.0.%u", 10 + best);
		assert_true(strncmp(rig_hops("10.1.1.0/24"), hop, strlen(hop)) == 0);
		assert_string_equal(rig_reason("10.1.1.0/24", 130 + best), "none");
		far_withdraw(f[best], "10.1.1.0/24");
	}
}

/* ---- what was received stays */

#define PREFIXES 40
static struct {
	bool there;
	unsigned med;
} model[2][PREFIXES];

static void check_received(unsigned from, unsigned policy, const char *direction)
{
	char *request = xasprintf("{'command': 'bgp-routes', 'neighbor': '10.9.0.%u', "
				  "'direction': '%s'}",
				  A + from, direction);
	json_t *all = rig_show(*direction ? request : "{'command': 'bgp-routes'}"), *row;
	char address[32];
	unsigned n = 0;
	size_t k, j;

	free(request);
	snprintf(address, sizeof(address), "10.9.0.%u", A + from);
	json_array_foreach (json_object_get(all, "routes"), k, row) {
		json_t *path;
		unsigned i = 0;

		sscanf(rig_str(row, "prefix"), "10.1.%u", &i);
		json_array_foreach (json_object_get(row, "paths"), j, path) {
			unsigned med = model[from][i].med;
			bool edited = !str_eq(direction, "received");

			if (!str_eq(rig_str(path, "from"), address))
				continue;
			n++;
			assert_true(model[from][i].there);
			assert_string_equal(rig_text(path, "communities"),
					    edited && policy == 1 ? "[\"65000:1\"]" : "[]");
			if (rig_int(path, "med") != (edited && policy == 2 && med == 1 ? 2 : med))
				fail_msg("%s: med %s, policy %u", rig_str(row, "prefix"),
					 rig_text(path, "med"), policy);
		}
	}
	for (unsigned i = 0; i < PREFIXES; i++)
		n -= model[from][i].there;
	assert_int_equal(n, 0);
	json_decref(all);
}

/* Neighbours announce, withdraw, come and go, import policies change: what was received and what is
 * made of it are both there. */
static void test_received(void **state)
{
	static const char *const policies[] = {"", ", 'import': ['p']", ", 'import': ['q']"};
	unsigned policy[2] = {0};
	struct far *f[2];

	srand(test_seed());
	memset(model, 0, sizeof(model));
	start("", "");
	for (unsigned k = 0; k < 2; k++)
		f[k] = far_up(A + k, &(struct far_open){.as = 65000});
	for (int step = 0; step < 300; step++) {
		unsigned k = rand() % 2, i = rand() % PREFIXES, what = rand() % 20;
		char prefix[32];

		snprintf(prefix, sizeof(prefix), "10.1.%u.0/24", i);
		if (what == 0) {
			policy[k] = rand() % 3;
			configure("", policies[policy[0]], policies[policy[1]]);
			rig_settle();
		} else if (what == 1) {
			struct peer *p = far_peer(f[k]);

			far_close(f[k]);
			rig_settle();
			session_calls_forget(p->session); /* so often is no matter here */
			memset(model[k], 0, sizeof(model[k]));
			f[k] = far_up(A + k, &(struct far_open){.as = 65000});
		} else if (what < 8) {
			far_withdraw(f[k], prefix);
			model[k][i].there = false;
		} else {
			model[k][i].there = true;
			model[k][i].med = 1 + rand() % 3;
			far_announce(f[k], &(struct news){.prefix = prefix,
							  .nexthop = HOP,
							  .path = {7},
							  .med = model[k][i].med,
							  .local_pref = 100});
		}
		if (step % 5)
			continue;
		for (unsigned n = 0; n < 2; n++) {
			check_received(n, policy[n], "received");
			if (step % 25 == 0)
				check_received(n, policy[n], "accepted");
			check_received(n, policy[n], "");
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_groups, teardown),
		cmocka_unit_test_teardown(test_regrouped, teardown),
		cmocka_unit_test_teardown(test_equal_sets, teardown),
		cmocka_unit_test_teardown(test_asked_between, teardown),
		cmocka_unit_test_teardown(test_by_prefix, teardown),
		cmocka_unit_test_teardown(test_received, teardown),
		cmocka_unit_test_teardown(test_many_paths, teardown),
		cmocka_unit_test_teardown(test_protocols, teardown),
		cmocka_unit_test_teardown(test_planes, teardown),
	};

	return rig_run(tests, ARRAY_SIZE(tests));
}
