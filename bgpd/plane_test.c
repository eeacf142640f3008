/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Paths of several planes and `leak`; several next hops at a time and those that stay backups;
 * attributes that nobody here knows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adjout.h"
#include "loop.h"
#include "rib_peer.h"
#include "rig.h"
#include "util.h"

#define A 21 /* in plane blue */
#define B 22 /* in the main one */
#define C 23
#define PREFIX "192.168.7.0/24"
#define OTHER "192.168.8.0/24"

#define TUNNELS                                                                                 \
	"'wireguard': {'interface': [{'name': 'wg0', 'address': ['10.99.0.1/24'], 'peer': ["    \
	"{'name': 'a', 'tunnel-address': ['10.99.0.2'], 'permit': ['0.0.0.0/0']}, {'name': "    \
	"'b', 'tunnel-address': ['10.99.0.3'], 'permit': ['0.0.0.0/0']}]}, {'name': 'wg1', "    \
	"'address': ['10.98.0.1/24'], 'peer': [{'name': 'c', 'tunnel-address': ['10.98.0.2'], " \
	"'permit': ['0.0.0.0/0']}]}]}"

static int teardown(void **state)
{
	rig_stop();
	return 0;
}

static void multipath_is(const char *options)
{
	char *config = xasprintf("{" TUNNELS ", 'bgp': {'as': 65000, 'router-id': '10.0.0.5', "
				 "'multipath': {%s}, 'neighbor': [{'address': '10.9.0.21', "
				 "'remote-as': 65000, 'passive': true}, {'address': '10.9.0.22', "
				 "'remote-as': 65000, 'passive': true}, {'address': '10.9.0.23', "
				 "'remote-as': 65000, 'passive': true}]}}",
				 options);

	rig_config(config);
	free(config);
	rig_settle();
}

static void weights_are(const char *hops, unsigned w0, unsigned w1, unsigned w2)
{
	const struct msg_routes *m = rig_route(PREFIX);

	assert_string_equal(rig_hops(PREFIX), hops);
	assert_int_equal(m->hops.hop[0].weight, w0);
	assert_int_equal(m->hops.hop[1].weight, w1);
	assert_int_equal(m->hops.hop[2].weight, w2);
}

static void test_multipath(void **state)
{
	static const char *const hops[] = {"10.99.0.2", "10.99.0.3", "10.98.0.2"};
	struct far *f[3];

	rig_start("{}");
	multipath_is("'ibgp': 1");
	rig_redist_sync(0);
	for (unsigned i = 0; i < 3; i++)
		rig_nexthop(i == 0   ? "10.9.0.21"
			    : i == 1 ? "10.9.0.22"
				     : "10.9.0.23",
			    REACH_UP, REASON_NONE);
	for (unsigned i = 0; i < 3; i++) {
		f[i] = far_up(A + i, &(struct far_open){.as = 65000});
		far_announce(f[i], &(struct news){.prefix = PREFIX,
						  .nexthop = hops[i],
						  .path = {7},
						  .local_pref = 100});
		rig_tunnel(hops[i], i < 2 ? "wg0" : "wg1",
			   i == 0   ? "a"
			   : i == 1 ? "b"
				    : "c",
			   REACH_UP, REASON_NONE);
	}
	weights_are("10.99.0.2 10.99.0.3 10.98.0.2", 0, 0, 0);
	assert_string_equal(rig_reason(PREFIX, B), "higher-router-id");
	/* Of two on one interface the better one is used, the other one stays a backup. */
	multipath_is("'ibgp': 3");
	weights_are("10.99.0.2 10.98.0.2 10.99.0.3", 1, 1, 0);
	assert_string_equal(rig_reason(PREFIX, A), "none");
	assert_string_equal(rig_reason(PREFIX, B), "same-interface");
	assert_string_equal(rig_reason(PREFIX, C), "multipath");
	assert_true(rig_bool(rig_path(PREFIX, C), "multipath"));
	assert_false(rig_bool(rig_path(PREFIX, B), "multipath"));
	/* One that is not as good has no share. */
	far_announce(f[2], &(struct news){.prefix = PREFIX,
					  .nexthop = hops[2],
					  .path = {7, 7},
					  .local_pref = 100});
	weights_are("10.99.0.2 10.99.0.3 10.98.0.2", 0, 0, 0);
	assert_string_equal(rig_reason(PREFIX, C), "longer-as-path");
}

static const char *plane_of(const char *prefix, unsigned last, const char *plane)
{
	static char out[64];
	char *request = xasprintf("{'command': 'bgp-routes', 'prefix': '%s', 'plane': '%s'}",
				  prefix, plane);
	char *from = xasprintf("10.9.0.%u", last);
	json_t *all = rig_show(request), *row, *path;
	size_t i, j;

	strcpy(out, "no path");
	json_array_foreach (json_object_get(all, "routes"), i, row) {
		assert_string_equal(rig_str(row, "plane"), plane);
		json_array_foreach (json_object_get(row, "paths"), j, path)
			if (str_eq(rig_text(path, "from") + 1, from) ||
			    strstr(rig_text(path, "from"), from))
				str_copy(out, rig_str(path, "reason"), sizeof(out));
	}
	free(request);
	free(from);
	json_decref(all);
	return out;
}

#define LEAKING(leak)                                                                             \
	"{'plane': [{'name': 'blue', 'number': 3, 'table': 100, 'interface': ['blue0']}], "       \
	"'policy': [{'name': 'some', 'default': 'reject', 'term': [{'name': '1', 'match': "       \
	"{'prefix': ['" PREFIX "']}, 'then': 'accept'}]}], 'bgp': {'as': 65000, 'router-id': "    \
	"'10.0.0.5', 'graceful-restart': {'enabled': false}, 'leak': [" leak                      \
	"], 'neighbor': [{'address': '10.9.0.21', 'remote-as': "                                  \
	"65000, 'passive': true, 'plane': 'blue'}, {'address': '10.9.0.22', 'remote-as': 65000, " \
	"'passive': true, 'next-hop-self': true, 'route-reflector-client': true}]}}"

static void test_leak(void **state)
{
	struct far *a, *b;

	rig_start(LEAKING("{'name': '1', 'from': 'blue', 'to': 'main', 'policy': ['some']}"));
	a = far_up(A, &(struct far_open){.as = 65000});
	b = far_up(B, &(struct far_open){.as = 65000});
	far_announce(a, &(struct news){.prefix = PREFIX " " OTHER,
				       .nexthop = "10.9.0.99",
				       .path = {7},
				       .local_pref = 100});
	far_announce(b, &(struct news){.prefix = PREFIX,
				       .nexthop = "10.9.0.98",
				       .path = {7, 8},
				       .local_pref = 100});
	/* At home both; in the main plane what the policy lets through; nothing the other way. */
	assert_string_equal(plane_of(PREFIX, A, "blue"), "nexthop-unknown");
	assert_string_equal(plane_of(OTHER, A, "blue"), "nexthop-unknown");
	assert_string_equal(plane_of(PREFIX, A, "main"), "nexthop-unknown");
	assert_string_equal(plane_of(OTHER, A, "main"), "leak-policy");
	assert_string_equal(plane_of(PREFIX, B, "main"), "nexthop-unknown");
	assert_string_equal(plane_of(PREFIX, B, "blue"), "no path");
	assert_int_equal(far_peer(a)->conf.plane, 3);
	/* Other policy, other direction, none. */
	rig_config(LEAKING("{'name': '1', 'from': 'blue', 'to': 'main', 'policy': ['all']}"));
	rig_settle();
	assert_string_equal(plane_of(OTHER, A, "main"), "nexthop-unknown");
	rig_config(LEAKING("{'name': '1', 'from': 'main', 'to': 'blue', 'policy': ['all']}"));
	rig_settle();
	assert_string_equal(plane_of(OTHER, A, "main"), "no path");
	assert_string_equal(plane_of(PREFIX, A, "blue"), "nexthop-unknown");
	assert_string_equal(plane_of(PREFIX, B, "blue"), "nexthop-unknown");
	rig_config(LEAKING(""));
	rig_settle();
	assert_string_equal(plane_of(PREFIX, B, "blue"), "no path");
	assert_string_equal(plane_of(PREFIX, B, "main"), "nexthop-unknown");
	/* What is withdrawn at home is withdrawn everywhere. */
	rig_config(LEAKING("{'name': '1', 'from': 'blue', 'to': 'main', 'policy': ['all']}"));
	rig_settle();
	far_withdraw(a, PREFIX);
	assert_in_range(far_peer(a)->rib->turnover.sum, 0, 1); /* one change, at home */
	assert_string_equal(plane_of(PREFIX, A, "main"), "no path");
	assert_string_equal(plane_of(PREFIX, A, "blue"), "no path");
	assert_string_equal(plane_of(OTHER, A, "main"), "nexthop-unknown");
}

static void blue_hop(enum reach reach, enum reason why)
{
	rig_nexthop_is(
		&(struct msg_nexthop){.addr = {.family = AF_INET, .plane = 3, .b = {10, 9, 0, 99}},
				      .reach = reach,
				      .reason = why,
				      .connected = true,
				      .cost = 10,
				      .ifname = "blue0"});
}

/* Neighbours in other planes hear nothing of a path, nor when its next hop has another state. */
static void test_renewed(void **state)
{
	struct far *a, *b;

	rig_start(LEAKING(""));
	a = far_up(A, &(struct far_open){.as = 65000});
	b = far_up(B, &(struct far_open){.as = 65000});
	far_announce(a, &(struct news){.prefix = PREFIX,
				       .nexthop = "10.9.0.99",
				       .path = {7},
				       .local_pref = 100});
	blue_hop(REACH_UP, REASON_NONE);
	assert_string_equal(plane_of(PREFIX, A, "blue"), "none");
	assert_null(json_object_get(b->rib, PREFIX));
	blue_hop(REACH_DEGRADED, REASON_DRAINING);
	far_hear(b);
	assert_null(json_object_get(b->rib, PREFIX));
	assert_int_equal(adjout_prefixes(far_peer(b), BGP_IPV4), 0);
	blue_hop(REACH_UP, REASON_NONE);
	far_hear(b);
	assert_null(json_object_get(b->rib, PREFIX));
}

/* RFC 4271 section 5: what is transitive goes on, and says that somebody did not know it. */
static void test_unknown_attributes(void **state)
{
	static const uint8_t transitive[] = {0xc0, 0x63, 4, 1, 2, 3, 4},
			     partial[] = {0xe0, 0x63, 4, 1, 2, 3, 4},
			     other[] = {0x80, 0x64, 4, 1, 2, 3, 4};
	struct far *a, *b;

	rig_start("{'bgp': {'as': 65000, 'router-id': '10.0.0.5', 'neighbor': [{'address': "
		  "'10.9.0.21', 'remote-as': 65021, 'passive': true, 'import': ['all'], 'export': "
		  "['all']}, {'address': '10.9.0.22', 'remote-as': 65022, 'passive': true, "
		  "'import': ['all'], 'export': ['all']}]}}");
	a = far_up(A, &(struct far_open){.as = 65021});
	b = far_up(B, &(struct far_open){.as = 65022});
	rig_settle();
	far_announce(a, &(struct news){.prefix = PREFIX,
				       .nexthop = "10.9.0.99",
				       .path = {65021},
				       .extra = transitive,
				       .extra_len = sizeof(transitive)});
	far_announce(a, &(struct news){.prefix = OTHER,
				       .nexthop = "10.9.0.99",
				       .path = {65021},
				       .extra = other,
				       .extra_len = sizeof(other)});
	rig_nexthop("10.9.0.99", REACH_UP, REASON_NONE);
	assert_non_null(json_object_get(b->rib, PREFIX));
	assert_non_null(json_object_get(b->rib, OTHER));
	assert_non_null(memmem(b->all.data, b->all.len, partial, sizeof(partial)));
	assert_null(memmem(b->all.data, b->all.len, other + 1, sizeof(other) - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_multipath, teardown),
		cmocka_unit_test_teardown(test_leak, teardown),
		cmocka_unit_test_teardown(test_renewed, teardown),
		cmocka_unit_test_teardown(test_unknown_attributes, teardown),
	};

	return rig_run(tests, ARRAY_SIZE(tests));
}
