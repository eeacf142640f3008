/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables so large that the walk needs several turns, and something new happens in the middle of
 * one: a session ends, a next hop changes, a policy, the neighbour itself. In the end all of it
 * has been seen by every path, and what nobody needs is gone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adjout.h"
#include "log.h"
#include "loop.h"
#include "rib.h"
#include "rib_queue.h"
#include "rib_session.h"
#include "rib_table.h"
#include "rig.h"
#include "util.h"

#define A 21
#define B 22
#define NETS 5000  /* the walk looks at 4096 a turn */
#define MANY 17000 /* `show` sorts 8192 at a time */

#define CONFIG(a, b)                                                                           \
	"{'policy': [{'name': 'odd', 'default': 'reject', 'term': [{'name': '1', 'match': "    \
	"{'prefix': ['10.0.0.0/9']}, 'then': 'accept'}]}], 'bgp': {'as': 65000, 'router-id': " \
	"'10.0.0.5', 'graceful-restart': {'enabled': false}, 'neighbor': [" a b "]}}"
#define ONE(last, more) \
	"{'address': '10.9.0." last "', 'remote-as': 65000, 'passive': true" more "}"

static struct far *a, *b;
static unsigned pref_of_a = 200; /* b's is 100 */

/* The I-th: half of them in 10.0.0.0/9. */
static struct prefix prefix_of(unsigned i)
{
	uint8_t bytes[16] = {10, (uint8_t)((i % 2 ? 128 : 0) + i / 200), (uint8_t)(i % 200), 0};

	return prefix_make(AF_INET, bytes, 24);
}

static void say_some(struct far *f, bool announce, const char *hop, unsigned n)
{
	for (unsigned from = 0; from < n; from += 250) {
		char *text = xstrdup("");

		for (unsigned i = from; i < from + 250; i++) {
			struct prefix p = prefix_of(i);
			char *before = text;

			text = xasprintf("%s%s%s", before, *before ? " " : "", PREFIX_STR(&p));
			free(before);
		}
		if (announce)
			far_announce(f, &(struct news){.prefix = text,
						       .nexthop = hop,
						       .path = {7},
						       .local_pref = f == a ? pref_of_a : 100});
		else
			far_withdraw(f, text);
		free(text);
	}
}

static void say_all(struct far *f, bool announce, const char *hop)
{
	say_some(f, announce, hop, NETS);
}

static int setup(void **state)
{
	log_set_level(LOG_LEVEL_ERROR);
	rig_start(CONFIG(ONE("21", ""), ", " ONE("22", "")));
	a = far_up(A, &(struct far_open){.as = 65000});
	b = far_up(B, &(struct far_open){.as = 65000});
	say_all(a, true, "10.9.0.99");
	say_all(b, true, "10.9.0.98");
	rig_nexthop("10.9.0.99", REACH_UP, REASON_NONE);
	rig_nexthop("10.9.0.98", REACH_UP, REASON_NONE);
	return 0;
}

static int teardown(void **state)
{
	rig_stop();
	assert_int_equal(attr_count(), 0);
	return 0;
}

/* All networks, or those of one half, have these next hops. */
static void check_hops(const char *even, const char *odd)
{
	for (unsigned i = 0; i < NETS; i += 37) {
		struct prefix p = prefix_of(i);
		const char *want = i % 2 ? odd : even;

		if (!str_eq(rig_hops(PREFIX_STR(&p)), want))
			fail_msg("%s: %s, expected %s", PREFIX_STR(&p), rig_hops(PREFIX_STR(&p)),
				 want);
	}
}

static void check_counts(unsigned paths, unsigned nets)
{
	assert_int_equal(rib_paths.used, paths);
	assert_int_equal(rib_tables[0][BGP_IPV4].nets.used, nets);
	assert_int_equal(rib_queue_length(), 0);
}

static void step(void)
{
	event_base_loop(loop_base(), EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static void close_only(struct far *f)
{
	close(f->fd);
	f->fd = -1;
	f->ended = true;
}

/* Its session ends; returns in the middle of the walk. */
static void end(struct far *f)
{
	uint32_t before = rib_paths.used;

	close_only(f);
	while (rib_paths.used == before)
		step();
	assert_true(rib_paths.used > before - NETS);
}

static void test_sessions(void **state)
{
	check_counts(2 * NETS, NETS);
	check_hops("10.9.0.99 10.9.0.98", "10.9.0.99 10.9.0.98");
	end(a);
	close_only(b);
	rig_settle();
	RIG_AWAIT(rib_settled());
	check_counts(0, 0);
	check_hops("", "");
	assert_int_equal(rib_session_counts(far_peer(a)).received[0], 0);
}

static void test_nexthops(void **state)
{
	end(a);
	rig_nexthop("10.9.0.98", REACH_DOWN, REASON_NEXTHOP_UNREACHABLE);
	RIG_AWAIT(rib_settled());
	rig_settle();
	check_counts(NETS, NETS);
	check_hops("", "");
	rig_nexthop("10.9.0.98", REACH_UP, REASON_NONE);
	RIG_AWAIT(rib_settled());
	rig_settle();
	check_hops("10.9.0.98", "10.9.0.98");
}

static void test_policies(void **state)
{
	end(a);
	rig_config(CONFIG(ONE("21", ""), ", " ONE("22", ", 'import': ['odd']")));
	RIG_AWAIT(rib_settled());
	rig_settle();
	check_hops("10.9.0.98", "");
	assert_int_equal(rib_session_counts(far_peer(b)).accepted[0], NETS / 2);
	assert_int_equal(rib_session_counts(far_peer(b)).received[0], NETS);
	rig_config(CONFIG(ONE("21", ""), ", " ONE("22", ", 'import': ['none']")));
	step();
	rig_config(CONFIG(ONE("21", ""), ", " ONE("22", "")));
	RIG_AWAIT(rib_settled());
	rig_settle();
	check_hops("10.9.0.98", "10.9.0.98");
	assert_int_equal(rib_session_counts(far_peer(b)).accepted[0], NETS);
}

/* What a session that ended had said counts no more, though the walk has not come that far: only
 * the last network is its. */
static void test_not_yet_met(void **state)
{
	static const char last[] = "10.250.0.0/24";
	struct rib_table *t = &rib_tables[0][BGP_IPV4];
	struct prefix p;
	uint32_t net;
	struct path *path;

	say_all(a, false, NULL);
	far_announce(
		a, &(struct news){
			   .prefix = last, .nexthop = "10.9.0.99", .path = {7}, .local_pref = 200});
	rig_nexthop("10.9.0.99", REACH_UP, REASON_NONE);
	assert_string_equal(rig_hops(last), "10.9.0.99");
	assert_int_equal(prefix_parse(last, &p), 0);
	net = net_find(t, &p);
	path = path_at(net_at(t, net)->paths);
	assert_true(path->flags & PATH_ELIGIBLE);
	close_only(a);
	while (far_peer(a)->rib->up)
		step();
	net_mark(t, net, far_peer(b)->rib->id); /* another neighbour's news would */
	while (rib_queue_length())
		step();
	assert_int_equal(rib_paths.used, NETS + 1);
	assert_false(path->flags & PATH_ELIGIBLE);
	assert_int_equal(path->reason, REASON_SESSION_DOWN);
	RIG_AWAIT(rib_settled());
	rig_settle();
	check_counts(NETS, NETS);
	assert_string_equal(rig_hops(last), "");
}

#define SHARED(most)                                                                       \
	"{'wireguard': {'interface': [{'name': 'wg0', 'peer': [{'name': 'a', 'permit': "   \
	"['0.0.0.0/0']}]}, {'name': 'wg1', 'peer': [{'name': 'b', 'permit': "              \
	"['0.0.0.0/0']}]}]}, 'bgp': {'as': 65000, 'router-id': '10.0.0.5', 'multipath': {" \
	"'ibgp': " most "}, 'graceful-restart': {'enabled': false}, 'neighbor': [" ONE(    \
		"21", "") ", " ONE("22", "") "]}}"

/* A setting that all decisions look at marks no network at once: the walk does. */
static void test_settings(void **state)
{
	pref_of_a = 100;
	rig_config(SHARED("1"));
	say_all(a, true, "10.9.0.99");
	rig_tunnel("10.9.0.99", "wg0", "a", REACH_UP, REASON_NONE);
	rig_tunnel("10.9.0.98", "wg1", "b", REACH_UP, REASON_NONE);
	RIG_AWAIT(rib_settled());
	rig_settle();
	rig_config(SHARED("2"));
	check_counts(2 * NETS, NETS);
	assert_false(rib_settled());
	RIG_AWAIT(rib_settled());
	rig_settle();
	for (unsigned i = 0; i < NETS; i += 37) {
		struct prefix p = prefix_of(i);

		assert_true(rig_bool(rig_path(PREFIX_STR(&p), B), "multipath"));
	}
}

/* A neighbour is deleted, and another one comes by its number while its paths are cleaned up. */
static void test_deleted(void **state)
{
	struct far *c;

	rig_config(CONFIG(ONE("22", ""), ""));
	step();
	rig_config(CONFIG(ONE("22", ""), ", " ONE("23", "")));
	c = far_up(23, &(struct far_open){.as = 65000});
	far_announce(c, &(struct news){.prefix = "10.0.0.0/24",
				       .nexthop = "10.9.0.97",
				       .path = {7},
				       .local_pref = 300});
	rig_nexthop("10.9.0.97", REACH_UP, REASON_NONE);
	RIG_AWAIT(rib_settled());
	rig_settle();
	check_counts(NETS + 1, NETS);
	assert_string_equal(rig_hops("10.0.0.0/24"), "10.9.0.97 10.9.0.98");
	assert_string_equal(rig_hops("10.0.1.0/24"), "never said");
	assert_string_equal(rig_hops("10.128.1.0/24"), "10.9.0.98");
	assert_int_equal(rib_session_counts(far_peer(c)).received[0], 1);
	assert_int_equal(rib_session_counts(far_peer(b)).received[0], NETS);
}

/* zebra-lite begins anew in the middle: it hears all of it, and then that it was all. */
static void test_zebra(void **state)
{
	end(a);
	rig_zebra_again();
	step();
	assert_int_equal(rig_routes_syncs(), 0);
	RIG_AWAIT(rib_settled());
	rig_redist_sync(0);
	RIG_AWAIT(rig_routes_syncs() == 1);
	check_hops("10.9.0.98", "10.9.0.98");
	check_counts(NETS, NETS);
}

static void test_withdrawn(void **state)
{
	say_all(a, false, NULL);
	check_hops("10.9.0.98", "10.9.0.98");
	check_counts(NETS, NETS);
	say_all(b, false, NULL);
	check_counts(0, 0);
	check_hops("", "");
	say_all(b, true, "10.9.0.98");
	rig_nexthop("10.9.0.98", REACH_UP, REASON_NONE);
	check_counts(NETS, NETS);
	check_hops("10.9.0.98", "10.9.0.98");
}

/* Each row once, in order, however long the table is and however slowly it is read. */
static void test_show(void **state)
{
	struct prefix before = prefix_make(AF_INET, (uint8_t[16]){0}, 0), p;
	json_t *all, *row;
	size_t i;

	rig_start(CONFIG(ONE("21", ""), ""));
	a = far_up(A, &(struct far_open){.as = 65000});
	say_some(a, true, "10.9.0.99", MANY);
	all = rig_show("{'command': 'bgp-routes', 'family': 'ipv4', 'brief': true}");
	assert_int_equal(json_array_size(json_object_get(all, "routes")), MANY);
	json_array_foreach (json_object_get(all, "routes"), i, row) {
		assert_int_equal(prefix_parse(rig_str(row, "prefix"), &p), 0);
		assert_true(memcmp(before.b, p.b, 4) < 0);
		before = p;
	}
	json_decref(all);
}

/* Who is to get nothing of a large table hears soon that this was all; who is to get it all does,
 * and then hears that. */
static void test_joins(void **state)
{
	struct far *other, *client;

	rig_start(CONFIG(ONE("21", ""),
			 ", " ONE("22", "") ", " ONE("23", ", 'route-reflector-client': "
							   "true")));
	a = far_up(A, &(struct far_open){.as = 65000});
	say_some(a, true, "10.9.0.99", NETS);
	rig_nexthop("10.9.0.99", REACH_UP, REASON_NONE);
	RIG_AWAIT(rib_settled());
	other = far_up(B, &(struct far_open){.as = 65000});
	RIG_AWAIT(other->eors == 2);
	assert_int_equal(json_object_size(other->rib), 0);
	client = far_up(23, &(struct far_open){.as = 65000});
	RIG_AWAIT(client->eors == 2);
	assert_int_equal(json_object_size(client->rib), NETS);
	assert_int_equal(adjout_prefixes(far_peer(client), BGP_IPV4), NETS);
	assert_int_equal(adjout_prefixes(far_peer(other), BGP_IPV4), 0);
	say_some(a, false, NULL, 1000);
	RIG_AWAIT(json_object_size(client->rib) == NETS - 1000);
	close_only(a);
	RIG_AWAIT(json_object_size(client->rib) == 0);
	assert_int_equal(json_object_size(other->rib), 0);
}

#define NEIGHBORS 500

/* The same of neighbours. */
static void test_show_neighbors(void **state)
{
	char *list = xstrdup(""), *config;
	json_t *all, *row;
	size_t i;

	for (unsigned k = 0; k < NEIGHBORS; k++) {
		char *was = list;

		list = xasprintf(
			"%s%s{'address': 'fe80::1%%%%%u', 'remote-as': 65000, 'passive': true}",
			was, *was ? ", " : "", k);
		free(was);
	}
	config = xasprintf(CONFIG("%s", ""), list);
	for (char *c = config; (c = strstr(c, "%%"));)
		memmove(c, c + 1, strlen(c));
	rig_start(config);
	for (int details = 0; details < 2; details++) {
		all = rig_show(details ? "{'command': 'bgp-neighbors'}"
				       : "{'command': 'bgp-summary'}");
		assert_int_equal(json_array_size(json_object_get(all, "neighbors")), NEIGHBORS);
		json_array_foreach (json_object_get(all, "neighbors"), i, row) {
			char address[32];

			snprintf(address, sizeof(address), "fe80::1%%%zu", i);
			assert_string_equal(rig_str(row, "address"), address);
		}
		json_decref(all);
	}
	all = rig_show("{'command': 'bgp-neighbors', 'neighbor': 'fe80::1%77'}");
	assert_int_equal(json_array_size(json_object_get(all, "neighbors")), 1);
	assert_string_equal(
		rig_str(json_array_get(json_object_get(all, "neighbors"), 0), "address"),
		"fe80::1%77");
	json_decref(all);
	all = rig_show("{'command': 'bgp-routes', 'neighbor': 'fe80::1%77'}");
	assert_null(json_object_get(all, "error"));
	json_decref(all);
	assert_string_equal(
		rig_str(rig_ask("{'command': 'bgp-routes', 'neighbor': 'fe80::1%500'}"), "error"),
		"no such neighbor");
	free(list);
	free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_sessions),
		T(test_nexthops),
		T(test_policies),
		T(test_not_yet_met),
		T(test_settings),
		T(test_deleted),
		T(test_zebra),
		T(test_withdrawn),
		cmocka_unit_test_teardown(test_joins, teardown),
		cmocka_unit_test_teardown(test_show, teardown),
		cmocka_unit_test_teardown(test_show_neighbors, teardown),
	};

	return rig_run(tests, ARRAY_SIZE(tests));
}
