/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What neighbours are told: who is told of whose paths and how they look to each kind of neighbour
 * (RFC 4271 section 5, RFC 4456); which of two paths is best and why the other one is not; networks
 * of our own; which next hops zebra-lite gets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adjout_group.h"
#include "loop.h"
#include "peer.h"
#include "rig.h"
#include "util.h"

#define EXT1 21
#define EXT2 22
#define CLIENT1 23
#define CLIENT2 24
#define INTERNAL 25
#define SELF 26 /* internal, next-hop-self */
#define FIRST EXT1
#define LAST SELF
#define FARS (LAST - FIRST + 1)

#define CONFIG(redistribute)                                                                     \
	"{'policy': [{'name': 'tens', 'default': 'reject', 'term': [{'name': '1', 'match': "     \
	"{'prefix': ['10.0.0.0/8']}, 'set': {'med': 9}, 'then': 'accept'}]}],"                   \
	" 'wireguard': {'interface': [{'name': 'wg0', 'address': ['10.99.0.1/24'], 'peer': ["    \
	"  {'name': 'a', 'tunnel-address': ['10.99.0.2'], 'permit': ['0.0.0.0/0']}]}]},"         \
	" 'bgp': {'as': 65000, 'router-id': '10.0.0.5', 'cluster-id': '10.0.0.9',"               \
	" 'network': ['172.16.1.0/24', '2001:db8:1::/48'],"                                      \
	" 'redistribute': [" redistribute "], 'neighbor': ["                                     \
	"  {'address': '10.9.0.21', 'remote-as': 65021, 'passive': true, 'import': ['all'], "    \
	"'export': ['all']},"                                                                    \
	"  {'address': '10.9.0.22', 'remote-as': 65022, 'passive': true, 'import': ['all'], "    \
	"'export': ['all']},"                                                                    \
	"  {'address': '10.9.0.23', 'remote-as': 65000, 'passive': true, "                       \
	"'route-reflector-client': true},"                                                       \
	"  {'address': '10.9.0.24', 'remote-as': 65000, 'passive': true, "                       \
	"'route-reflector-client': true},"                                                       \
	"  {'address': '10.9.0.25', 'remote-as': 65000, 'passive': true},"                       \
	"  {'address': '10.9.0.26', 'remote-as': 65000, 'passive': true, 'next-hop-self': true}" \
	"]}}"

static const char config[] = CONFIG("{'protocol': 'static', 'policy': 'tens', 'metric': 5}, "
				    "{'protocol': 'kernel', 'metric': 7}");

static struct far *far[FARS];
#define FAR(last) (far[(last)-FIRST])

static const uint32_t as_of[FARS] = {65021, 65022, 65000, 65000, 65000, 65000};

static int setup(void **state)
{
	rig_start(config);
	for (unsigned i = 0; i < FARS; i++)
		far[i] = far_up(FIRST + i, &(struct far_open){.as = as_of[i]});
	rig_settle();
	return 0;
}

static int teardown(void **state)
{
	rig_stop();
	return 0;
}

/* "next-hop as-path local-preference med originator clusters", or "-". */
static const char *seen(unsigned last, const char *prefix)
{
	static char out[512];
	const json_t *r = json_object_get(FAR(last)->rib, prefix);

	if (!r)
		return "-";
	snprintf(out, sizeof(out), "%s [%s] lp %s med %s from %s by %s", rig_str(r, "next-hop"),
		 rig_str(r, "as-path"), rig_text(r, "local-preference"), rig_text(r, "med"),
		 rig_text(r, "originator-id"), rig_text(r, "cluster-list"));
	return out;
}

#define PREFIX "192.168.7.0/24"
#define PREFIX6 "2001:db8:7::/48"
#define HOP "10.9.0.99"
#define HOP6 "fd09::99"

static const struct row {
	const char *what;
	unsigned from;
	struct news news;
	const char *told[FARS]; /* by order of address; NULL: like the one before */
} rows[] = {
	{"from outside",
	 EXT1,
	 {.prefix = PREFIX, .nexthop = HOP, .path = {65021, 65077}, .med = 30},
	 {"10.9.0.1 [65000 65021 65077] lp null med null from null by []", /* and it drops that */
	  "10.9.0.1 [65000 65021 65077] lp null med null from null by []",
	  HOP " [65021 65077] lp 100 med 30 from null by []", NULL, NULL,
	  "10.9.0.1 [65021 65077] lp 100 med 30 from null by []"}},
	{"from outside, IPv6",
	 EXT2,
	 {.prefix = PREFIX6, .nexthop = HOP6, .path = {65022}},
	 {"fd09::1 [65000 65022] lp null med null from null by []",
	  "fd09::1 [65000 65022] lp null med null from null by []",
	  HOP6 " [65022] lp 100 med null from null by []", NULL, NULL,
	  "fd09::1 [65022] lp 100 med null from null by []"}},
	{"from a client",
	 CLIENT1,
	 {.prefix = PREFIX, .nexthop = HOP, .path = {65077}, .local_pref = 200, .med = 4},
	 {"10.9.0.1 [65000 65077] lp null med null from null by []", NULL, "-",
	  HOP " [65077] lp 200 med 4 from \"10.0.0.23\" by [\"10.0.0.9\"]",
	  HOP " [65077] lp 200 med 4 from \"10.0.0.23\" by [\"10.0.0.9\"]",
	  "10.9.0.1 [65077] lp 200 med 4 from \"10.0.0.23\" by [\"10.0.0.9\"]"}},
	{"from inside",
	 INTERNAL,
	 {.prefix = PREFIX, .nexthop = HOP, .path = {65077}, .local_pref = 200},
	 {"10.9.0.1 [65000 65077] lp null med null from null by []", NULL,
	  HOP " [65077] lp 200 med null from \"10.0.0.25\" by [\"10.0.0.9\"]", NULL, "-", "-"}},
	{"reflected before",
	 CLIENT2,
	 {.prefix = PREFIX,
	  .nexthop = HOP,
	  .path = {65077},
	  .local_pref = 1,
	  .originator = 0x0a090909,
	  .cluster = {0x01020304}},
	 {"10.9.0.1 [65000 65077] lp null med null from null by []", NULL,
	  HOP " [65077] lp 1 med null from \"10.9.9.9\" by [\"10.0.0.9\",\"1.2.3.4\"]", "-",
	  HOP " [65077] lp 1 med null from \"10.9.9.9\" by [\"10.0.0.9\",\"1.2.3.4\"]",
	  "10.9.0.1 [65077] lp 1 med null from \"10.9.9.9\" by [\"10.0.0.9\",\"1.2.3.4\"]"}},
	{"no-export",
	 EXT1,
	 {.prefix = PREFIX, .nexthop = HOP, .path = {65021}, .communities = {0xffffff01}},
	 {"-", "-", HOP " [65021] lp 100 med null from null by []", NULL, NULL,
	  "10.9.0.1 [65021] lp 100 med null from null by []"}},
	{"no-export-subconfed",
	 EXT1,
	 {.prefix = PREFIX, .nexthop = HOP, .path = {65021}, .communities = {0xffffff03}},
	 {"-", "-", HOP " [65021] lp 100 med null from null by []", NULL, NULL,
	  "10.9.0.1 [65021] lp 100 med null from null by []"}},
	{"no-advertise",
	 EXT1,
	 {.prefix = PREFIX, .nexthop = HOP, .path = {65021}, .communities = {0xffffff02}},
	 {"-", NULL, NULL, NULL, NULL, NULL}},
};

static void expect_told(const struct row *r)
{
	const char *want = "";

	for (unsigned i = 0; i < FARS; i++) {
		want = r->told[i] ? r->told[i] : want;
		/* Whether the one it comes from is told, too, is another question. */
		if (FIRST + i == r->from)
			continue;
		if (!str_eq(seen(FIRST + i, r->news.prefix), want))
			fail_msg("%s, to %u: %s", r->what, FIRST + i,
				 seen(FIRST + i, r->news.prefix));
	}
}

static void test_told(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];

		far_announce(FAR(r->from), &r->news);
		for (unsigned j = 0; j < FARS; j++)
			assert_string_equal(seen(FIRST + j, r->news.prefix), "-");
		rig_nexthop(r->news.nexthop, REACH_UP, REASON_NONE);
		expect_told(r);
		assert_string_equal(seen(r->from, r->news.prefix), "-");
		rig_nexthop(r->news.nexthop, REACH_DOWN, REASON_NEXTHOP_UNREACHABLE);
		for (unsigned j = 0; j < FARS; j++)
			assert_string_equal(seen(FIRST + j, r->news.prefix), "-");
		far_withdraw(FAR(r->from), r->news.prefix);
	}
}

/* RFC 4271 section 5.1.3: the neighbour that a path leads to is not told of it, whoever it came
 * from, and whether we are the next hop that it would hear of or not. */
static void test_next_hop(void **state)
{
	static const struct {
		unsigned from;
		const char *nexthop;
		unsigned leads_to; /* 0: to none of them */
	} hops[] = {
		{EXT1, HOP, 0},
		{EXT1, "10.9.0.24", CLIENT2},
		{EXT1, "10.9.0.22", EXT2},
		{EXT1, "10.9.0.21", 0},
		{EXT1, "10.9.0.26", SELF},
		{CLIENT1, "10.9.0.24", CLIENT2},
		{CLIENT1, "10.9.0.21", EXT1},
		{CLIENT1, HOP, 0},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(hops); i++) {
		struct news n = {.prefix = PREFIX, .nexthop = hops[i].nexthop, .path = {65021}};

		n.local_pref = hops[i].from == CLIENT1 ? 100 : 0;
		far_announce(FAR(hops[i].from), &n);
		rig_nexthop(hops[i].nexthop, REACH_UP, REASON_NONE);
		rig_settle();
		for (unsigned to = FIRST; to <= LAST; to++) {
			bool told = !str_eq(seen(to, PREFIX), "-");

			if (told != (to != hops[i].from && to != hops[i].leads_to))
				fail_msg("row %u, to %u: %s", i, to, seen(to, PREFIX));
		}
		if (i + 1 < ARRAY_SIZE(hops) && hops[i + 1].from != hops[i].from)
			far_withdraw(FAR(hops[i].from), PREFIX);
	}
}

/* The neighbour at CLIENT2's address has a group of its own. */
static bool is_parted(void)
{
	struct addr a = {0};

	assert_int_equal(addr_parse("10.9.0.24", &a), 0);
	return peer_find(&a)->out->group->key.hop.family;
}

/* As a second reflector says again what the client itself says: only the best path counts. */
static void test_parted(void **state)
{
	struct news other = {.prefix = PREFIX,
			     .nexthop = "10.9.0.24",
			     .path = {65021, 65077},
			     .local_pref = 100},
		    own = {.prefix = PREFIX,
			   .nexthop = "10.9.0.24",
			   .path = {65077},
			   .local_pref = 100};

	rig_nexthop("10.9.0.24", REACH_UP, REASON_NONE);
	far_announce(FAR(CLIENT2), &own);
	rig_settle();
	far_announce(FAR(CLIENT1), &other);
	own.prefix = "192.168.8.0/24"; /* the next one that is best */
	far_announce(FAR(CLIENT2), &own);
	rig_settle();
	assert_false(is_parted());
	far_withdraw(FAR(CLIENT2), PREFIX);
	rig_settle();
	assert_true(is_parted());
	assert_string_equal(seen(CLIENT2, PREFIX), "-");
}

/* Each rung: B is best, A is not, for this reason. */
#define A_NEWS .prefix = PREFIX, .nexthop = HOP
#define B_NEWS .prefix = PREFIX, .nexthop = "10.9.0.98"
static const struct rung {
	enum reason reason;
	unsigned from_a, from_b;
	struct news a, b;
} rungs[] = {
	{REASON_LOWER_LOCAL_PREF,
	 CLIENT1,
	 CLIENT2,
	 {A_NEWS, .path = {1}, .local_pref = 100},
	 {B_NEWS, .path = {1, 2, 3}, .local_pref = 101}},
	{REASON_LOWER_LOCAL_PREF,
	 EXT1,
	 CLIENT2,
	 {A_NEWS, .path = {65021}},
	 {B_NEWS, .path = {1, 2, 3}, .local_pref = 101}},
	{REASON_LONGER_AS_PATH,
	 EXT1,
	 CLIENT2,
	 {A_NEWS, .path = {65021, 7}},
	 {B_NEWS, .path = {1}, .local_pref = 100}},
	{REASON_WORSE_ORIGIN,
	 EXT1,
	 CLIENT2,
	 {A_NEWS, .path = {65021}, .origin = 1},
	 {B_NEWS, .path = {1}, .local_pref = 100}},
	{REASON_HIGHER_MED,
	 CLIENT1,
	 CLIENT2,
	 {A_NEWS, .path = {1}, .local_pref = 100, .med = 5},
	 {B_NEWS, .path = {1}, .local_pref = 100, .med = 4}},
	{REASON_HIGHER_MED,
	 CLIENT1,
	 CLIENT2,
	 {A_NEWS, .path = {1}, .local_pref = 100, .med = 1},
	 {B_NEWS, .path = {1}, .local_pref = 100}},
	{REASON_IBGP_PATH,
	 CLIENT1,
	 EXT1,
	 {A_NEWS, .path = {1}, .local_pref = 100},
	 {B_NEWS, .path = {65021}}},
	{REASON_HIGHER_ROUTER_ID,
	 CLIENT2,
	 CLIENT1,
	 {A_NEWS, .path = {1}, .local_pref = 100},
	 {B_NEWS, .path = {1}, .local_pref = 100}},
	{REASON_HIGHER_ROUTER_ID,
	 CLIENT1,
	 CLIENT2,
	 {A_NEWS, .path = {1}, .local_pref = 100, .originator = 0x0a0b0000},
	 {B_NEWS, .path = {1}, .local_pref = 100}},
	{REASON_LONGER_CLUSTER_LIST,
	 CLIENT1,
	 CLIENT2,
	 {A_NEWS, .path = {1}, .local_pref = 100, .originator = 0x0a000101, .cluster = {1, 2}},
	 {B_NEWS, .path = {1}, .local_pref = 100, .originator = 0x0a000101, .cluster = {1}}},
	{REASON_HIGHER_PEER_ADDRESS,
	 CLIENT2,
	 CLIENT1,
	 {A_NEWS, .path = {1}, .local_pref = 100, .originator = 0x0a000101, .cluster = {1}},
	 {B_NEWS, .path = {1}, .local_pref = 100, .originator = 0x0a000101, .cluster = {2}}},
	{REASON_LAST_RESORT,
	 CLIENT1,
	 CLIENT2,
	 {A_NEWS, .path = {1}, .local_pref = 100, .communities = {0xffff0006}},
	 {B_NEWS, .path = {1}, .local_pref = 1}},
};

static void check_rung(const struct rung *r, unsigned index)
{
	const char *both = xasprintf("%s %s", r->b.nexthop, r->a.nexthop);

	if (!str_eq(rig_reason(PREFIX, r->from_a), reason_name(r->reason)))
		fail_msg("row %u: %s", index, rig_reason(PREFIX, r->from_a));
	assert_false(rig_bool(rig_path(PREFIX, r->from_a), "best"));
	assert_true(rig_bool(rig_path(PREFIX, r->from_a), "eligible"));
	assert_string_equal(rig_str(rig_path(PREFIX, r->from_a), "reason-text"),
			    reason_text(r->reason));
	assert_string_equal(rig_reason(PREFIX, r->from_b), "none");
	assert_true(rig_bool(rig_path(PREFIX, r->from_b), "best"));
	assert_string_equal(rig_hops(PREFIX), both);
	free((void *)both);
}

static void test_rungs(void **state)
{
	rig_settle();
	for (unsigned i = 0; i < ARRAY_SIZE(rungs); i++)
		for (int order = 0; order < 2; order++) {
			const struct rung *r = &rungs[i];

			far_announce(FAR(order ? r->from_b : r->from_a), order ? &r->b : &r->a);
			far_announce(FAR(order ? r->from_a : r->from_b), order ? &r->a : &r->b);
			rig_nexthop(HOP, REACH_UP, REASON_NONE);
			rig_nexthop("10.9.0.98", REACH_UP, REASON_NONE);
			check_rung(r, i);
			far_withdraw(FAR(r->from_b), PREFIX);
			assert_string_equal(rig_hops(PREFIX), HOP);
			far_withdraw(FAR(r->from_a), PREFIX);
			assert_string_equal(rig_hops(PREFIX), "");
		}
}

/* The state of the next hop: cost, degraded, drained, down; a path that waits stands behind. */
static void test_nexthop_states(void **state)
{
	struct msg_nexthop m = {.addr = {.family = AF_INET, .b = {10, 9, 0, 99}},
				.reach = REACH_UP,
				.tunnel = true,
				.ifname = "wg0",
				.peer = "a",
				.cost = 20};
	static const struct {
		enum reach reach;
		enum reason why;
		uint32_t cost;
		const char *a, *hops;
	} states[] = {
		{REACH_UP, REASON_NONE, 20, "higher-nexthop-cost", "10.9.0.98 10.9.0.99"},
		{REACH_UP, REASON_NONE, 5, "none", "10.9.0.99 10.9.0.98"},
		{REACH_DEGRADED, REASON_LOSSY, 5, "tunnel-degraded", "10.9.0.98 10.9.0.99"},
		{REACH_UP, REASON_NONE, 5, "none", "10.9.0.99 10.9.0.98"},
		{REACH_DEGRADED, REASON_DRAINING, 5, "draining", "10.9.0.98 10.9.0.99"},
		{REACH_DOWN, REASON_HANDSHAKE_STALE, 5, "tunnel-down", "10.9.0.98 10.9.0.99"},
		{REACH_DOWN, REASON_OTHER_PLANE, 5, "other-plane", "10.9.0.98"},
		{REACH_DOWN, REASON_NOT_A_TUNNEL, 5, "not-a-tunnel", "10.9.0.98"},
		{REACH_UNKNOWN, REASON_NONE, 5, "not-a-tunnel", "10.9.0.98"}, /* the last word */
	};

	far_announce(FAR(CLIENT1), &(struct news){A_NEWS, .path = {1}, .local_pref = 100});
	far_announce(FAR(CLIENT2), &(struct news){B_NEWS, .path = {1}, .local_pref = 100});
	assert_true(rig_watched("10.9.0.98"));
	rig_nexthop("10.9.0.98", REACH_UP, REASON_NONE); /* cost 10 */
	for (unsigned i = 0; i < ARRAY_SIZE(states); i++) {
		const json_t *p;

		m.reach = states[i].reach;
		m.reason = states[i].why;
		m.cost = states[i].cost;
		rig_nexthop_is(&m);
		if (!str_eq(rig_reason(PREFIX, CLIENT1), states[i].a))
			fail_msg("row %u: %s", i, rig_reason(PREFIX, CLIENT1));
		assert_string_equal(rig_hops(PREFIX), states[i].hops);
		p = rig_path(PREFIX, CLIENT1);
		if (m.reach != REACH_UNKNOWN) {
			assert_int_equal(rig_int(p, "next-hop-cost"), m.cost);
			assert_string_equal(rig_str(p, "next-hop-state"), reach_name(m.reach));
		}
	}
	far_withdraw(FAR(CLIENT2), PREFIX);
	assert_string_equal(rig_hops(PREFIX), "");
	far_withdraw(FAR(CLIENT1), PREFIX);
	assert_false(rig_watched("10.9.0.98"));
}

static const char *local(const char *prefix)
{
	const json_t *p = rig_path(prefix, 0);

	return !p				      ? "-"
	       : str_eq(rig_str(p, "reason"), "none") ? rig_str(p, "source")
						      : rig_str(p, "reason");
}

static void test_networks(void **state)
{
	/* A network waits for a route of ours. */
	assert_string_equal(local("172.16.1.0/24"), "import-check");
	assert_string_equal(seen(EXT1, "172.16.1.0/24"), "-");
	rig_redist("172.16.1.0/24", REDIST_CONNECTED, true);
	assert_string_equal(local("172.16.1.0/24"), "network");
	assert_string_equal(seen(EXT1, "172.16.1.0/24"),
			    "10.9.0.1 [65000] lp null med null from null by []");
	assert_string_equal(seen(INTERNAL, "172.16.1.0/24"),
			    "10.9.0.1 [] lp 100 med null from null by []");
	assert_string_equal(rig_str(json_object_get(FAR(EXT1)->rib, "172.16.1.0/24"), "origin"),
			    "igp");
	rig_redist("172.16.1.0/24", REDIST_KERNEL, true);
	rig_redist("172.16.1.0/24", REDIST_CONNECTED, false);
	assert_string_equal(local("172.16.1.0/24"), "network"); /* the other one is enough */
	rig_redist("172.16.1.0/24", REDIST_KERNEL, false);
	assert_string_equal(local("172.16.1.0/24"), "import-check");
	assert_string_equal(seen(EXT1, "172.16.1.0/24"), "-");
	rig_redist("2001:db8:1::/48", REDIST_CONNECTED, true);
	assert_string_equal(seen(EXT1, "2001:db8:1::/48"),
			    "fd09::1 [65000] lp null med null from null by []");
	assert_string_equal(rig_hops("2001:db8:1::/48"), "never said"); /* it is there already */
	/* Redistribution: by source, by policy, with a metric. */
	rig_redist("10.7.0.0/16", REDIST_CONNECTED, true);
	assert_string_equal(local("10.7.0.0/16"), "-");
	rig_redist("10.7.0.0/16", REDIST_STATIC, true);
	assert_string_equal(local("10.7.0.0/16"), "static");
	assert_string_equal(seen(EXT1, "10.7.0.0/16"),
			    "10.9.0.1 [65000] lp null med 9 from null by []");
	assert_string_equal(rig_str(json_object_get(FAR(EXT1)->rib, "10.7.0.0/16"), "origin"),
			    "incomplete");
	rig_redist("11.7.0.0/16", REDIST_STATIC, true);
	assert_string_equal(local("11.7.0.0/16"), "-");
	rig_redist("11.7.0.0/16", REDIST_KERNEL, true);
	assert_string_equal(local("11.7.0.0/16"), "kernel"); /* the policy refused the other one */
	assert_string_equal(seen(CLIENT1, "11.7.0.0/16"),
			    "10.9.0.1 [] lp 100 med 7 from null by []");
	rig_redist("11.7.0.0/16", REDIST_KERNEL, false);
	assert_string_equal(local("11.7.0.0/16"), "-");
	assert_string_equal(seen(CLIENT1, "11.7.0.0/16"), "-");
	rig_redist("12.7.0.0/16", REDIST_KERNEL, false); /* never was */
	/* A path of ours beats what others say. */
	far_announce(FAR(EXT2),
		     &(struct news){.prefix = "10.7.0.0/16", .nexthop = HOP, .path = {65022}});
	rig_nexthop(HOP, REACH_UP, REASON_NONE);
	assert_string_equal(rig_reason("10.7.0.0/16", EXT2), "not-local");
	assert_string_equal(rig_hops("10.7.0.0/16"), "never said");
	rig_redist("10.7.0.0/16", REDIST_STATIC, false);
	assert_string_equal(rig_hops("10.7.0.0/16"), HOP);
}

/* A zebra-lite that comes back says its routes again; what it no longer says is gone. */
static void test_zebra_again(void **state)
{
	rig_redist("172.16.1.0/24", REDIST_CONNECTED, true);
	rig_redist("2001:db8:1::/48", REDIST_CONNECTED, true);
	far_announce(FAR(CLIENT1), &(struct news){A_NEWS, .path = {1}, .local_pref = 100});
	rig_nexthop(HOP, REACH_UP, REASON_NONE);
	rig_zebra_again();
	rig_settle();
	assert_true(rig_watched(HOP) && rig_watched("10.9.0.21"));
	assert_string_equal(rig_hops(PREFIX), HOP); /* by its last word */
	assert_string_equal(local("172.16.1.0/24"), "network");
	rig_redist("172.16.1.0/24", REDIST_CONNECTED, true);
	rig_redist_sync(0);
	assert_string_equal(local("172.16.1.0/24"), "network");
	assert_string_equal(local("2001:db8:1::/48"), "import-check");
	assert_int_equal(rig_routes_syncs(), 1);
}

/* A changed configuration: networks and redistribution come and go. */
static void test_reload(void **state)
{
	rig_redist("172.16.1.0/24", REDIST_CONNECTED, true);
	rig_redist("11.7.0.0/16", REDIST_KERNEL, true);
	rig_config("{'bgp': {'as': 65000, 'router-id': '10.0.0.5', 'cluster-id': '10.0.0.9',"
		   " 'network': ['11.7.0.0/16'], 'redistribute': [{'protocol': 'connected'}],"
		   " 'neighbor': [{'address': '10.9.0.21', 'remote-as': 65021, 'passive': true,"
		   " 'import': ['all'], 'export': ['all']}]}}");
	rig_settle();
	assert_string_equal(local("172.16.1.0/24"), "connected");
	assert_string_equal(local("11.7.0.0/16"), "network");
	assert_string_equal(seen(EXT1, "172.16.1.0/24"),
			    "10.9.0.1 [65000] lp null med null from null by []");
	assert_true(FAR(EXT2)->ended && FAR(SELF)->ended);
	assert_int_equal(FAR(EXT2)->error.code, 6); /* RFC 4486: peer de-configured */
	assert_int_equal(FAR(EXT2)->error.subcode, 3);
	assert_false(FAR(EXT1)->ended);
}

/* The MED of a static route is its metric, where redistribution has none; the metrics of other
 * people's routes are theirs. */
static void test_metric_of_static(void **state)
{
	rig_redist_metric("11.7.0.0/16", REDIST_STATIC, 33);
	rig_redist_metric("11.8.0.0/16", REDIST_KERNEL, 33);
	rig_config(CONFIG("{'protocol': 'static'}, {'protocol': 'kernel'}"));
	rig_settle();
	assert_string_equal(seen(CLIENT1, "11.7.0.0/16"),
			    "10.9.0.1 [] lp 100 med 33 from null by []");
	assert_string_equal(seen(CLIENT1, "11.8.0.0/16"),
			    "10.9.0.1 [] lp 100 med null from null by []");
	rig_redist_metric("11.7.0.0/16", REDIST_STATIC, 34);
	assert_string_equal(seen(CLIENT1, "11.7.0.0/16"),
			    "10.9.0.1 [] lp 100 med 34 from null by []");
	rig_redist_metric("11.7.0.0/16", REDIST_STATIC, 0);
	assert_string_equal(seen(CLIENT1, "11.7.0.0/16"),
			    "10.9.0.1 [] lp 100 med null from null by []");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_told, setup, teardown),
		cmocka_unit_test_setup_teardown(test_next_hop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_parted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rungs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nexthop_states, setup, teardown),
		cmocka_unit_test_setup_teardown(test_networks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_metric_of_static, setup, teardown),
		cmocka_unit_test_setup_teardown(test_zebra_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reload, setup, teardown),
	};

	return rig_run(tests, ARRAY_SIZE(tests));
}
