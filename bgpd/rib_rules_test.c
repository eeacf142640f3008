/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What settings make of paths: the last path that is kept, AIGP and the cost of the way, graceful
 * shutdown, next hops by policy, the shares of several next hops.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "rig.h"
#include "util.h"

#define A 21
#define B 22
#define C 23
#define EXT 24
#define NET "10.1.1.0/24"
#define HOP "10.9.0.99"
#define HOP2 "10.9.0.98"

static void configure(const char *rest, const char *a, const char *b)
{
	char *config = xasprintf(
		"{'wireguard': {'interface': [{'name': 'wg0', 'address': ['10.99.0.1/24'], 'peer': "
		"["
		"{'name': 'a', 'tunnel-address': ['10.99.0.2'], 'permit': ['0.0.0.0/0']}]}, "
		"{'name': "
		"'wg1', 'address': ['10.98.0.1/24'], 'peer': [{'name': 'b', 'tunnel-address': "
		"['10.98.0.2'], 'permit': ['0.0.0.0/0']}]}]}, 'policy': [{'name': 'self', "
		"'default': "
		"'accept', 'term': [{'name': '1', 'set': {'next-hop': 'self'}}]}, {'name': "
		"'other', "
		"'default': 'accept', 'term': [{'name': '1', 'set': {'next-hop': '10.9.0.97'}}]}, "
		"{'name': 'six', "
		"'default': 'accept', 'term': [{'name': '1', 'set': {'next-hop': 'fd99::7'}}]}, "
		"{'name': 'drain', 'default': 'accept', 'term': [{'name': '1', 'set': "
		"{'community-add': ['graceful-shutdown']}}]}, {'name': 'cost', 'default': "
		"'accept', "
		"'term': [{'name': '1', 'set': {'med': 'tunnel-cost'}}]}], 'bgp': {'as': 65000, "
		"'router-id': '10.0.0.5', 'graceful-restart': {'enabled': false}%s, 'neighbor': ["
		"{'address': '10.9.0.21', 'remote-as': 65000, 'passive': true%s}, "
		"{'address': '10.9.0.22', 'remote-as': 65000, 'passive': true%s}, "
		"{'address': '10.9.0.23', 'remote-as': 65000, 'passive': true, "
		"'route-reflector-client': true}, "
		"{'address': '10.9.0.24', 'remote-as': 65024, 'passive': true, 'import': ['all'], "
		"'export': ['all'], 'aigp': true}]}}",
		rest, a, b);

	rig_config(config);
	rig_settle();
	free(config);
}

static void start(const char *rest, const char *a, const char *b)
{
	log_set_level(LOG_LEVEL_ERROR);
	configure(rest, a, b);
	rig_zebra_again();
	rig_redist_sync(0);
	rig_settle();
}

static int teardown(void **state)
{
	rig_stop();
	return 0;
}

static struct far *inside(unsigned last)
{
	return far_up(last, &(struct far_open){.as = 65000});
}

static void hop_is(const char *address, const char *ifname, const char *peer, enum reach reach,
		   enum reason why, bool weak, uint32_t cost)
{
	struct msg_nexthop m = {
		.reach = reach, .reason = why, .weak = weak, .cost = cost, .tunnel = ifname};

	assert_int_equal(addr_parse(address, &m.addr), 0);
	str_copy(m.ifname, ifname ? ifname : "eth0", sizeof(m.ifname));
	str_copy(m.peer, peer ? peer : "", sizeof(m.peer));
	rig_nexthop_is(&m);
	rig_settle();
}

static void announce(struct far *f, const char *hop, uint32_t local_pref)
{
	far_announce(f,
		     &(struct news){
			     .prefix = NET, .nexthop = hop, .path = {7}, .local_pref = local_pref});
}

static const char *told(const struct far *f, const char *member)
{
	const json_t *r = json_object_get(f->rib, NET);

	return r ? rig_text(r, member) : "-";
}

/* A path whose tunnel is down by a guess stays while there is no other one, where that is wanted.
 */
static void test_last_path(void **state)
{
	static const struct {
		bool keep;
		const char *ifname;
		enum reach reach;
		bool weak;
		const char *reason, *hops;
	} rows[] = {
		{true, "wg0", REACH_DOWN, true, "last-path", HOP},
		{false, "wg0", REACH_DOWN, true, "tunnel-down", ""},
		{true, "wg0", REACH_DOWN, true, "last-path", HOP},
		{true, "wg0", REACH_DOWN, false, "tunnel-down", ""},
		{true, NULL, REACH_DOWN, true, "nexthop-unreachable", ""},
		{true, "wg0", REACH_UP, true, "none", HOP},
		{true, "wg0", REACH_DEGRADED, true, "none", HOP},
		{false, "wg0", REACH_UP, true, "none", HOP},
		{false, "wg0", REACH_DOWN, true, "tunnel-down", ""},
		{true, "wg0", REACH_DOWN, true, "last-path", HOP},
	};
	struct far *a, *b, *c;

	start(", 'last-path': 'keep'", "",
	      ", 'next-hop-self': true, 'route-reflector-client': true");
	a = inside(A);
	b = inside(B);
	c = inside(C);
	announce(a, HOP, 100);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		configure(rows[i].keep ? ", 'last-path': 'keep'" : "", "",
			  ", 'next-hop-self': true, 'route-reflector-client': true");
		hop_is(HOP, rows[i].ifname, "a", rows[i].reach, REASON_HANDSHAKE_STALE,
		       rows[i].weak, 10);
		if (!str_eq(rig_reason(NET, A), rows[i].reason) ||
		    !str_eq(rig_hops(NET), rows[i].hops))
			fail_msg("row %u: %s, \"%s\"", i, rig_reason(NET, A), rig_hops(NET));
	}
	/* Our way is the others' where we are the next hop. */
	assert_string_equal(told(b, "local-preference"), "0");
	assert_string_equal(told(b, "communities"), "[\"llgr-stale\"]");
	assert_string_equal(told(c, "local-preference"), "100");
	assert_string_equal(told(c, "communities"), "[]");
	hop_is(HOP, "wg0", "a", REACH_DEGRADED, REASON_LOSSY, false, 10);
	assert_string_equal(told(b, "local-preference"), "0");
	assert_string_equal(told(b, "communities"), "[]");
	hop_is(HOP, "wg0", "a", REACH_UP, REASON_NONE, false, 10);
	assert_string_equal(told(b, "local-preference"), "100");
	hop_is(HOP, "wg0", "a", REACH_DOWN, REASON_HANDSHAKE_STALE, true, 10);
	/* Another one, whatever it is worth. */
	announce(c, HOP2, 1);
	rig_nexthop(HOP2, REACH_UP, REASON_NONE);
	assert_string_equal(rig_reason(NET, A), "last-path");
	assert_string_equal(rig_reason(NET, C), "none");
	assert_string_equal(rig_hops(NET), HOP2 " " HOP);
}

static const char *aigp_of(uint64_t v, uint8_t out[14])
{
	static const uint8_t head[6] = {0x80, 26, 11, 1, 0, 11};

	memcpy(out, head, 6);
	for (int i = 0; i < 8; i++)
		out[6 + i] = (uint8_t)(v >> (56 - 8 * i));
	return (const char *)out;
}

/* RFC 7311: taken from and told to those alone that are to have it; with the cost of the way where
 * we are the next hop. */
static void test_aigp(void **state)
{
	static const struct {
		uint64_t said;
		uint32_t cost;
		const char *by_us, *through;
	} rows[] = {
		{100, 20, "120", "100"},
		{100, 0, "100", "100"},
		{0, 4294967295u, "4294967295", "0"},
		{UINT64_MAX - 20, 20, "-1", "-21"}, /* what JSON makes of such */
		{UINT64_MAX - 21, 20, "-2", "-22"},
		{UINT64_MAX, 20, "-1", "-1"},
	};
	struct far *a, *b, *c, *ext;
	uint8_t bytes[14];

	start("", ", 'aigp': true", ", 'aigp': true, 'route-reflector-client': true");
	a = inside(A);
	b = inside(B);
	c = inside(C);
	ext = far_up(EXT, &(struct far_open){.as = 65024});
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		aigp_of(rows[i].said, bytes);
		far_announce(a, &(struct news){.prefix = NET,
					       .nexthop = HOP,
					       .path = {7},
					       .local_pref = 100,
					       .extra = bytes,
					       .extra_len = sizeof(bytes)});
		hop_is(HOP, "wg0", "a", REACH_UP, REASON_NONE, false, rows[i].cost);
		if (!str_eq(told(ext, "aigp"), rows[i].by_us) ||
		    !str_eq(told(b, "aigp"), rows[i].through))
			fail_msg("row %u: %s, %s", i, told(ext, "aigp"), told(b, "aigp"));
		assert_string_equal(told(c, "aigp"), "null");
	}
	/* Of one that is not to have it nothing is taken. */
	aigp_of(5, bytes);
	far_announce(c, &(struct news){.prefix = "10.1.2.0/24",
				       .nexthop = HOP,
				       .path = {7},
				       .local_pref = 100,
				       .extra = bytes,
				       .extra_len = sizeof(bytes)});
	assert_string_equal(rig_text(rig_path("10.1.2.0/24", C), "aigp"), "null");
	assert_string_equal(rig_text(rig_path(NET, A), "aigp"), "-1");
}

/* The cost of the way as MED, sent again when it changes. */
static void test_cost(void **state)
{
	struct far *a, *b, *c;

	start("", ", 'route-reflector-client': true", ", 'export': ['cost']");
	a = inside(A);
	b = inside(B);
	c = inside(C);
	announce(a, HOP, 100);
	hop_is(HOP, "wg0", "a", REACH_UP, REASON_NONE, false, 20);
	assert_string_equal(told(b, "med"), "20");
	assert_string_equal(told(c, "med"), "null");
	hop_is(HOP, "wg0", "a", REACH_UP, REASON_NONE, false, 21);
	assert_string_equal(told(b, "med"), "21");
	hop_is(HOP, "wg0", "a", REACH_DEGRADED, REASON_LOSSY, false, 0);
	assert_string_equal(told(b, "med"), "0");
	assert_string_equal(told(c, "local-preference"), "100");
}

/* Who is told our way to the next hop, or its cost, hears of a change of that, and of the path that
 * is used, and of no other. */
static void test_told_once(void **state)
{
	static const struct {
		const char *hop;
		enum reach reach;
		uint32_t cost;
		unsigned by_state, by_cost; /* UPDATEs */
	} rows[] = {
		{HOP, REACH_UP, 21, 0, 1},	  {HOP2, REACH_UP, 21, 0, 0},
		{HOP2, REACH_DEGRADED, 21, 0, 0}, {HOP2, REACH_DEGRADED, 22, 0, 0},
		{HOP2, REACH_UP, 22, 0, 0},	  {HOP, REACH_UP, 20, 0, 1},
		{HOP2, REACH_DEGRADED, 22, 0, 0}, {HOP, REACH_DEGRADED, 20, 1, 0},
		{HOP, REACH_DEGRADED, 19, 0, 1},  {HOP, REACH_UP, 19, 1, 0},
		{HOP, REACH_DEGRADED, 18, 1, 1},
	};
	struct far *a, *b, *ext;
	uint8_t bytes[14];

	start("", ", 'aigp': true", ", 'next-hop-self': true, 'route-reflector-client': true");
	a = inside(A);
	b = inside(B);
	ext = far_up(EXT, &(struct far_open){.as = 65024});
	aigp_of(5, bytes);
	far_announce(a, &(struct news){.prefix = NET,
				       .nexthop = HOP,
				       .path = {7},
				       .local_pref = 200,
				       .extra = bytes,
				       .extra_len = sizeof(bytes)});
	announce(inside(C), HOP2, 100);
	hop_is(HOP, "wg0", "a", REACH_UP, REASON_NONE, false, 20);
	hop_is(HOP2, "wg1", "b", REACH_UP, REASON_NONE, false, 20);
	assert_string_equal(rig_hops(NET), HOP " " HOP2);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned state_before = b->updates, cost_before = ext->updates;

		hop_is(rows[i].hop, str_eq(rows[i].hop, HOP) ? "wg0" : "wg1",
		       str_eq(rows[i].hop, HOP) ? "a" : "b", rows[i].reach,
		       rows[i].reach == REACH_UP ? REASON_NONE : REASON_LOSSY, false, rows[i].cost);
		if (b->updates - state_before != rows[i].by_state ||
		    ext->updates - cost_before != rows[i].by_cost)
			fail_msg("row %u: %u %u", i, b->updates - state_before,
				 ext->updates - cost_before);
		assert_string_equal(rig_reason(NET, A), "none");
	}
}

/* RFC 8326: the paths of a neighbour that is about to go are the last choice. */
static void test_graceful_shutdown(void **state)
{
	static const struct {
		bool honor, said, by_policy, demoted;
	} rows[] = {
		{true, false, false, false}, {true, true, false, true},
		{true, false, true, true},   {true, true, true, true},
		{false, true, false, false}, {false, false, true, false},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const json_t *path;
		struct far *a;

		start(rows[i].honor ? "" : ", 'honor-graceful-shutdown': false",
		      rows[i].by_policy ? ", 'import': ['drain']" : "", "");
		a = inside(A);
		far_announce(a, &(struct news){.prefix = NET,
					       .nexthop = HOP,
					       .path = {7},
					       .local_pref = 100,
					       .communities = {rows[i].said ? 0xffff0000 : 0}});
		rig_nexthop(HOP, REACH_UP, REASON_NONE);
		path = rig_path(NET, A);
		assert_string_equal(rig_text(path, "local-preference"),
				    rows[i].demoted ? "0" : "100");
		assert_string_equal(rig_text(path, "demotion"),
				    rows[i].demoted ? "\"demoted\"" : "\"none\"");
		/* Another word of the configuration has it judged again. */
		configure(rows[i].honor ? ", 'honor-graceful-shutdown': false" : "",
			  rows[i].by_policy ? ", 'import': ['drain']" : "", "");
		path = rig_path(NET, A);
		assert_string_equal(rig_text(path, "local-preference"),
				    !rows[i].honor && (rows[i].said || rows[i].by_policy) ? "0"
											  : "100");
		rig_stop();
	}
}

/* A next hop by import policy: an address, or the neighbour itself. */
static void test_import_nexthop(void **state)
{
	static const struct {
		const char *policy, *nexthop;
	} rows[] = {{"", HOP},
		    {", 'import': ['self']", "10.9.0.21"},
		    {", 'import': ['other']", "10.9.0.97"},
		    {", 'import': ['other', 'self']", "10.9.0.21"}};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct far *a;

		start("", rows[i].policy, "");
		a = inside(A);
		announce(a, HOP, 100);
		assert_string_equal(rig_str(rig_path(NET, A), "next-hop"), rows[i].nexthop);
		assert_true(rig_watched(rows[i].nexthop));
		assert_int_equal(rig_watched(HOP), i == 0);
		rig_stop();
	}
}

/* An IPv6 one of an IPv4 route: by a tunnel, not by a gateway. */
static void test_other_family(void **state)
{
	start("", ", 'import': ['six']", "");
	announce(inside(A), HOP, 100);
	hop_is("fd99::7", NULL, NULL, REACH_UP, REASON_NONE, false, 10);
	assert_string_equal(rig_reason(NET, A), "next-hop-family");
	hop_is("fd99::7", "wg0", "a", REACH_UP, REASON_NONE, false, 10);
	assert_string_equal(rig_reason(NET, A), "none");
	assert_string_equal(rig_hops(NET), "fd99::7");
}

static void bandwidth(struct far *f, const char *hop, const char *value)
{
	uint8_t bytes[11] = {0xc0, 16, 8, 0x40, 4, 0xfd, 0xe8};

	if (*value)
		memcpy(bytes + 7, value, 4);
	far_announce(f, &(struct news){.prefix = NET,
				       .nexthop = hop,
				       .path = {7},
				       .local_pref = 100,
				       .extra = value[0] ? bytes : NULL,
				       .extra_len = value[0] ? sizeof(bytes) : 0});
}

/* Shares: one of 16 parts of the largest, rounded, one at least; all the same where one is not
 * known. */
static void test_shares(void **state)
{
	static const struct {
		const char *weights, *bw_a, *bw_b; /* IEEE floats; "" none */
		uint32_t cost_a, cost_b;
		unsigned a, b;
	} rows[] = {
		{"none", "", "", 10, 10, 1, 1},
		{"none", "\x44\x7a\0\0", "\x42\xc8\0\0", 10, 10, 1, 1}, /* 1000, 100 */
		{"cost", "", "", 10, 10, 16, 16},
		{"cost", "", "", 10, 32, 16, 5},
		{"cost", "", "", 0, 3, 16, 4},
		{"cost", "", "", 0, 1000, 16, 1},
		{"cost", "", "", 32, 10, 16, 5}, /* the better one stands in front */
		{"link-bandwidth", "\x44\x7a\0\0", "\x42\xc8\0\0", 10, 10, 16, 2},
		{"link-bandwidth", "\x44\x7a\0\0", "\x43\xfa\0\0", 10, 10, 16, 8}, /* 500 */
		{"link-bandwidth", "\x44\x7a\0\0", "", 10, 10, 1, 1},
		{"link-bandwidth", "\x44\x7a\0\0", "\x80\0\0\0", 10, 10, 1, 1}, /* -0 */
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		char *rest =
			xasprintf(", 'multipath': {'ibgp': 2, 'weights': '%s'}", rows[i].weights);
		const struct msg_routes *m;
		struct far *a, *b;

		start(rest, "", "");
		free(rest);
		a = inside(A);
		b = inside(B);
		bandwidth(a, HOP, rows[i].bw_a);
		bandwidth(b, HOP2, rows[i].bw_b);
		hop_is(HOP, "wg0", "a", REACH_UP, REASON_NONE, false, rows[i].cost_a);
		hop_is(HOP2, "wg1", "b", REACH_UP, REASON_NONE, false, rows[i].cost_b);
		m = rig_route(NET);
		assert_int_equal(m->hops.n, 2);
		if (m->hops.hop[0].weight != rows[i].a || m->hops.hop[1].weight != rows[i].b)
			fail_msg("row %u: %u %u", i, m->hops.hop[0].weight, m->hops.hop[1].weight);
		/* Not through a tunnel: no share. */
		hop_is(HOP2, NULL, NULL, REACH_UP, REASON_NONE, false, rows[i].cost_b);
		m = rig_route(NET);
		for (unsigned k = 0; m && k < m->hops.n; k++)
			assert_int_equal(m->hops.hop[k].weight, 0);
		rig_stop();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_teardown(f, teardown)
		T(test_last_path),
		T(test_aigp),
		T(test_cost),
		T(test_told_once),
		T(test_graceful_shutdown),
		T(test_import_nexthop),
		T(test_other_family),
		T(test_shares),
	};

	return rig_run(tests, ARRAY_SIZE(tests));
}
