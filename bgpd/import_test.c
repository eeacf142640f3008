/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is taken from a neighbour and what is not: each check of a received path with a path that it
 * refuses, and one beside it that passes; malformed UPDATEs; the limit of prefixes; the end of a
 * session with and without graceful restart; zebra-lite's refusals.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"
#include "loop.h"
#include "peer_way.h"
#include "rib.h"
#include "rig.h"
#include "util.h"

#define EBGP 11
#define BARE 12 /* external, without policies */
#define IBGP 13
#define AGAIN 14 /* allowas-in 2, and a policy that lets lans alone pass */

#define OWN 0x0a000005	   /* our router identifier */
#define CLUSTER 0x0a000009 /* our cluster identifier */

static const char config[] =
	"{'policy': [{'name': 'lans', 'default': 'reject', 'term': [{'name': '1', 'match': "
	"{'prefix': ['192.168.0.0/16{16,24}']}, 'then': 'accept'}]}],"
	" 'wireguard': {'interface': [{'name': 'wg0', 'address': ['10.99.0.1/24'], 'peer': ["
	"  {'name': 'a', 'tunnel-address': ['10.99.0.2'], 'permit': ['172.16.0.0/16'], "
	"'allowed-ips': ['172.17.0.0/24']},"
	"  {'name': 'b', 'tunnel-address': ['10.99.0.3'], 'allowed-ips': ['172.16.9.0/24']}]}]},"
	" 'bgp': {'as': 65000, 'router-id': '10.0.0.5', 'cluster-id': '10.0.0.9',"
	" 'graceful-restart': {'enabled': true}, 'neighbor': ["
	"  {'address': '10.9.0.11', 'remote-as': 65001, 'passive': true, 'import': ['all'], "
	"'export': ['all'], 'max-prefix': 3},"
	"  {'address': '10.9.0.12', 'remote-as': 65002, 'passive': true},"
	"  {'address': '10.9.0.13', 'remote-as': 65000, 'passive': true},"
	"  {'address': '10.9.0.14', 'remote-as': 65004, 'passive': true, 'import': ['lans'], "
	"'export': ['none'], 'allowas-in': 2}]}}";

static const struct far_open opens[] = {[EBGP] = {.as = 65001},
					[BARE] = {.as = 65002},
					[IBGP] = {.as = 65000},
					[AGAIN] = {.as = 65004}};

static int setup(void **state)
{
	rig_start(config);
	return 0;
}

static int teardown(void **state)
{
	rig_stop();
	return 0;
}

#define NETWORK "192.168.7.0/24"
#define HOP "10.9.0.99"

/* EXPECTED: of a path that passes all checks "nexthop-unknown", as zebra-lite says nothing. */
#define PASSES "nexthop-unknown"
static const struct row {
	const char *what;
	unsigned from;
	struct news news;
	const char *expected;
} rows[] = {
	{"plain", EBGP, {.prefix = NETWORK, .nexthop = HOP, .path = {65001}}, PASSES},
	{"our AS", EBGP, {.prefix = NETWORK, .nexthop = HOP, .path = {65001, 65000}}, "as-loop"},
	{"our AS at the end",
	 EBGP,
	 {.prefix = NETWORK, .nexthop = HOP, .path = {65001, 65007, 65000}},
	 "as-loop"},
	{"our AS from within",
	 IBGP,
	 {.prefix = NETWORK, .nexthop = HOP, .path = {65007, 65000}, .local_pref = 100},
	 "as-loop"},
	{"our AS twice is allowed",
	 AGAIN,
	 {.prefix = NETWORK, .nexthop = HOP, .path = {65004, 65000, 65000}},
	 PASSES},
	{"three times is not",
	 AGAIN,
	 {.prefix = NETWORK, .nexthop = HOP, .path = {65004, 65000, 65000, 65000}},
	 "as-loop"},
	{"our identifier",
	 IBGP,
	 {.prefix = NETWORK, .nexthop = HOP, .path = {65007}, .local_pref = 100, .originator = OWN},
	 "originator-loop"},
	{"the next identifier",
	 IBGP,
	 {.prefix = NETWORK,
	  .nexthop = HOP,
	  .path = {65007},
	  .local_pref = 100,
	  .originator = OWN + 1},
	 PASSES},
	{"our cluster",
	 IBGP,
	 {.prefix = NETWORK,
	  .nexthop = HOP,
	  .path = {65007},
	  .local_pref = 100,
	  .cluster = {1, CLUSTER}},
	 "cluster-loop"},
	{"our identifier is no cluster",
	 IBGP,
	 {.prefix = NETWORK,
	  .nexthop = HOP,
	  .path = {65007},
	  .local_pref = 100,
	  .cluster = {1, OWN}},
	 PASSES},
	{"no policies",
	 BARE,
	 {.prefix = NETWORK, .nexthop = HOP, .path = {65002}},
	 "no-import-policy"},
	{"internal, no policies",
	 IBGP,
	 {.prefix = NETWORK, .nexthop = HOP, .path = {65007}, .local_pref = 100},
	 PASSES},
	{"the policy's last length",
	 AGAIN,
	 {.prefix = "192.168.7.0/24", .nexthop = HOP, .path = {65004}},
	 PASSES},
	{"beyond it",
	 AGAIN,
	 {.prefix = "192.168.7.0/25", .nexthop = HOP, .path = {65004}},
	 "import-policy"},
	{"the policy's first length",
	 AGAIN,
	 {.prefix = "192.168.0.0/16", .nexthop = HOP, .path = {65004}},
	 PASSES},
	{"before it",
	 AGAIN,
	 {.prefix = "192.168.0.0/15", .nexthop = HOP, .path = {65004}},
	 "import-policy"},
	{"our end of the connection",
	 EBGP,
	 {.prefix = NETWORK, .nexthop = "10.9.0.1", .path = {65001}},
	 "own-nexthop"},
	{"an address of an interface",
	 EBGP,
	 {.prefix = NETWORK, .nexthop = "10.99.0.1", .path = {65001}},
	 "own-nexthop"},
	{"loopback", EBGP, {.prefix = "127.0.0.0/8", .nexthop = HOP, .path = {65001}}, "martian"},
	{"inside loopback",
	 EBGP,
	 {.prefix = "127.1.0.0/16", .nexthop = HOP, .path = {65001}},
	 "martian"},
	{"beside loopback",
	 EBGP,
	 {.prefix = "126.0.0.0/8", .nexthop = HOP, .path = {65001}},
	 PASSES},
	{"behind loopback",
	 EBGP,
	 {.prefix = "128.0.0.0/8", .nexthop = HOP, .path = {65001}},
	 PASSES},
	{"this network", EBGP, {.prefix = "0.0.0.0/8", .nexthop = HOP, .path = {65001}}, "martian"},
	{"default", EBGP, {.prefix = "0.0.0.0/0", .nexthop = HOP, .path = {65001}}, PASSES},
	{"half of everything",
	 EBGP,
	 {.prefix = "0.0.0.0/1", .nexthop = HOP, .path = {65001}},
	 PASSES},
	{"multicast", EBGP, {.prefix = "224.0.0.0/4", .nexthop = HOP, .path = {65001}}, "martian"},
	{"the last unicast",
	 EBGP,
	 {.prefix = "223.0.0.0/8", .nexthop = HOP, .path = {65001}},
	 PASSES},
	{"reserved", EBGP, {.prefix = "240.0.0.0/8", .nexthop = HOP, .path = {65001}}, "martian"},
	{"multicast, IPv6",
	 EBGP,
	 {.prefix = "ff02::/16", .nexthop = "2001:db8::99", .path = {65001}},
	 "martian"},
	{"all multicast, IPv6",
	 EBGP,
	 {.prefix = "ff00::/8", .nexthop = "2001:db8::99", .path = {65001}},
	 "martian"},
	{"above multicast, IPv6",
	 EBGP,
	 {.prefix = "fe00::/7", .nexthop = "2001:db8::99", .path = {65001}},
	 PASSES},
	{"link-local",
	 EBGP,
	 {.prefix = "fe80::/10", .nexthop = "2001:db8::99", .path = {65001}},
	 "martian"},
	{"the end of link-local",
	 EBGP,
	 {.prefix = "febf::/16", .nexthop = "2001:db8::99", .path = {65001}},
	 "martian"},
	{"above link-local",
	 EBGP,
	 {.prefix = "fec0::/10", .nexthop = "2001:db8::99", .path = {65001}},
	 PASSES},
	{"around link-local",
	 EBGP,
	 {.prefix = "fe80::/9", .nexthop = "2001:db8::99", .path = {65001}},
	 PASSES},
	{"unspecified",
	 EBGP,
	 {.prefix = "::/128", .nexthop = "2001:db8::99", .path = {65001}},
	 "martian"},
	{"loopback, IPv6",
	 EBGP,
	 {.prefix = "::1/128", .nexthop = "2001:db8::99", .path = {65001}},
	 "martian"},
	{"both, IPv6",
	 EBGP,
	 {.prefix = "::/127", .nexthop = "2001:db8::99", .path = {65001}},
	 "martian"},
	{"around both, IPv6",
	 EBGP,
	 {.prefix = "::/126", .nexthop = "2001:db8::99", .path = {65001}},
	 PASSES},
	{"another host, IPv6",
	 EBGP,
	 {.prefix = "::2/128", .nexthop = "2001:db8::99", .path = {65001}},
	 PASSES},
	{"a tunnel's address",
	 EBGP,
	 {.prefix = "10.99.0.2/32", .nexthop = HOP, .path = {65001}},
	 "own-address"},
	{"an address of ours",
	 EBGP,
	 {.prefix = "10.99.0.1/32", .nexthop = HOP, .path = {65001}},
	 "own-address"},
	{"permitted",
	 EBGP,
	 {.prefix = "172.16.1.0/24", .nexthop = "10.99.0.2", .path = {65001}},
	 PASSES},
	{"all that is permitted",
	 EBGP,
	 {.prefix = "172.16.0.0/16", .nexthop = "10.99.0.2", .path = {65001}},
	 PASSES},
	{"another peer's entry",
	 EBGP,
	 {.prefix = "172.16.9.0/24", .nexthop = "10.99.0.2", .path = {65001}},
	 "static-entry"},
	{"inside another peer's entry",
	 EBGP,
	 {.prefix = "172.16.9.7/32", .nexthop = "10.99.0.2", .path = {65001}},
	 "static-entry"},
	{"not permitted",
	 EBGP,
	 {.prefix = NETWORK, .nexthop = "10.99.0.2", .path = {65001}},
	 "outside-permit"},
	{"more than is permitted",
	 EBGP,
	 {.prefix = "172.16.0.0/15", .nexthop = "10.99.0.2", .path = {65001}},
	 "outside-permit"},
	{"no permit",
	 EBGP,
	 {.prefix = NETWORK, .nexthop = "10.99.0.3", .path = {65001}},
	 "no-permit"},
};

static void up(const char *nexthop)
{
	if (strncmp(nexthop, "10.99.0.", 8) == 0)
		rig_tunnel(nexthop, "wg0", str_eq(nexthop, "10.99.0.2") ? "a" : "b", REACH_UP,
			   REASON_NONE);
	else
		rig_nexthop(nexthop, REACH_UP, REASON_NONE);
}

static void test_checks(void **state)
{
	struct far *far[32] = {0};

	far[EBGP] = far_up(EBGP, &opens[EBGP]);
	far[BARE] = far_up(BARE, &opens[BARE]);
	far[IBGP] = far_up(IBGP, &opens[IBGP]);
	far[AGAIN] = far_up(AGAIN, &opens[AGAIN]);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		bool passes;

		passes = str_eq(r->expected, PASSES);
		far_announce(far[r->from], &r->news);
		if (!str_eq(rig_reason(r->news.prefix, r->from), r->expected))
			fail_msg("%s: %s", r->what, rig_reason(r->news.prefix, r->from));
		/* What is refused is no candidate: it does not even wait for its next hop. */
		up(r->news.nexthop);
		if (passes != str_eq(rig_hops(r->news.prefix), r->news.nexthop))
			fail_msg("%s: next hops %s", r->what, rig_hops(r->news.prefix));
		assert_int_equal(rig_bool(rig_path(r->news.prefix, r->from), "best"), passes);
		far_withdraw(far[r->from], r->news.prefix);
		assert_null(rig_path(r->news.prefix, r->from));
		if (passes)
			assert_string_equal(rig_hops(r->news.prefix), "");
	}
}

/* RFC 7606: what cannot be trusted is as good as withdrawn, and the session lives. */
static void test_malformed(void **state)
{
	static const struct {
		const char *what;
		uint8_t bytes[8];
		size_t len;
	} bad[] = {
		{"ORIGINATOR_ID of 3 bytes", {0x80, 9, 3, 1, 2, 3}, 6},
		{"CLUSTER_LIST of 5 bytes", {0x80, 10, 5, 1, 2, 3, 4, 5}, 8},
		{"COMMUNITIES of 2 bytes", {0xc0, 8, 2, 1, 2}, 5},
	};
	struct far *f = far_up(IBGP, &opens[IBGP]);

	rig_nexthop(HOP, REACH_UP, REASON_NONE);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		struct news news = {
			.prefix = NETWORK, .nexthop = HOP, .path = {65007}, .local_pref = 100};

		far_announce(f, &news);
		rig_nexthop(HOP, REACH_UP, REASON_NONE);
		assert_string_equal(rig_hops(NETWORK), HOP);
		news.extra = bad[i].bytes;
		news.extra_len = bad[i].len;
		far_announce(f, &news);
		if (rig_path(NETWORK, IBGP))
			fail_msg("%s: still there", bad[i].what);
		assert_string_equal(rig_hops(NETWORK), "");
		assert_int_equal(far_peer(f)->state, PEER_ESTABLISHED);
	}
}

static void test_max_prefix(void **state)
{
	struct far *f = far_up(EBGP, &opens[EBGP]);

	/* Of each family that many; the same one again is no more. */
	far_announce(f, &(struct news){.prefix = "10.1.0.0/16 10.2.0.0/16 10.3.0.0/16",
				       .nexthop = HOP,
				       .path = {65001}});
	far_announce(
		f, &(struct news){.prefix = "10.3.0.0/16", .nexthop = HOP, .path = {65001, 65009}});
	far_announce(f, &(struct news){.prefix = "2001:db8:1::/48 2001:db8:2::/48 2001:db8:3::/48",
				       .nexthop = "2001:db8::99",
				       .path = {65001}});
	assert_false(f->ended);
	assert_int_equal(far_peer(f)->state, PEER_ESTABLISHED);
	far_withdraw(f, "10.1.0.0/16");
	far_announce(f, &(struct news){.prefix = "10.4.0.0/16", .nexthop = HOP, .path = {65001}});
	assert_false(f->ended);
	far_announce(f, &(struct news){.prefix = "10.5.0.0/16", .nexthop = HOP, .path = {65001}});
	RIG_AWAIT(f->ended);
	assert_int_equal(f->error.code, 6);
	assert_int_equal(f->error.subcode, 1);
	assert_null(rig_path("10.2.0.0/16", EBGP));
	assert_int_not_equal(far_peer(f)->state, PEER_ESTABLISHED);
	far_close(f);
	/* Six more by the other family, of which it is the fourth. */
	rig_stop();
	rig_start(config);
	f = far_up(EBGP, &opens[EBGP]);
	far_announce(f, &(struct news){.prefix = "2001:db8:1::/48 2001:db8:2::/48 2001:db8:3::/48 "
						 "2001:db8:4::/48",
				       .nexthop = "2001:db8::99",
				       .path = {65001}});
	RIG_AWAIT(f->ended);
	assert_int_equal(f->error.subcode, 1);
}

static const char *stale(const char *prefix, unsigned last)
{
	const json_t *p = rig_path(prefix, last);

	return !p ? "gone" : rig_bool(p, "stale") ? "stale" : "fresh";
}

static void test_end_of_session(void **state)
{
	struct far_open plain = {.as = 65000}, graceful = {.as = 65000, .gr = true};
	const struct news one = {.prefix = NETWORK,
				 .nexthop = HOP,
				 .path = {65007},
				 .local_pref = 100},
			  two = {.prefix = "192.168.8.0/24",
				 .nexthop = HOP,
				 .path = {65007},
				 .local_pref = 100};
	struct far *f = far_up(IBGP, &plain);

	/* Without graceful restart nothing is kept. */
	far_announce(f, &one);
	rig_nexthop(HOP, REACH_UP, REASON_NONE);
	assert_string_equal(rig_hops(NETWORK), HOP);
	far_close(f);
	rig_settle();
	assert_string_equal(stale(NETWORK, IBGP), "gone");
	assert_string_equal(rig_hops(NETWORK), "");

	/* With it: kept, replaced one by one, and the rest goes with End-of-RIB. */
	f = far_up(IBGP, &graceful);
	far_announce(f, &one);
	far_announce(f, &two);
	rig_nexthop(HOP, REACH_UP, REASON_NONE);
	far_end_of_rib(f, false);
	far_close(f);
	rig_settle();
	assert_string_equal(stale(NETWORK, IBGP), "stale");
	assert_string_equal(rig_hops(NETWORK), HOP);
	graceful.restarting = true;
	f = far_up(IBGP, &graceful);
	rig_settle();
	far_announce(f, &one);
	assert_string_equal(stale(NETWORK, IBGP), "fresh");
	assert_string_equal(stale(two.prefix, IBGP), "stale");
	far_end_of_rib(f, true);
	assert_string_equal(stale(two.prefix, IBGP), "stale");
	far_end_of_rib(f, false);
	assert_string_equal(stale(NETWORK, IBGP), "fresh");
	assert_string_equal(stale(two.prefix, IBGP), "gone");
	assert_string_equal(rig_hops(two.prefix), "");
	assert_string_equal(rig_hops(NETWORK), HOP);

	/* It comes back and has kept nothing. */
	far_close(f);
	rig_settle();
	assert_string_equal(stale(NETWORK, IBGP), "stale");
	f = far_up(IBGP, &plain);
	rig_settle();
	assert_string_equal(stale(NETWORK, IBGP), "gone");

	/* It goes for good: with a NOTIFICATION nothing is kept (RFC 4724 section 4). */
	far_close(f);
	rig_settle();
	f = far_up(IBGP, &graceful);
	far_announce(f, &one);
	far_say(f,
		&(struct wr){.data = (uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
						"\xff\xff\xff\xff\xff\0\x15\3\6\2",
			     .len = 21},
		1);
	RIG_AWAIT(far_peer(f)->state != PEER_ESTABLISHED);
	rig_settle();
	assert_string_equal(stale(NETWORK, IBGP), "gone");
}

/* The log says of each path that goes why: one row a reason. */
static void say_withdraw(struct far *f)
{
	far_withdraw(f, NETWORK);
}

static void say_malformed(struct far *f)
{
	far_announce(f, &(struct news){.prefix = NETWORK,
				       .nexthop = HOP,
				       .path = {65007},
				       .local_pref = 100,
				       .extra = (const uint8_t[]){0xc0, 8, 2, 1, 2},
				       .extra_len = 5});
}

static void hang_up(struct far *f)
{
	close(f->fd);
	f->fd = -1;
	f->ended = true;
	rig_settle();
}

static void restart_without_it(struct far *f)
{
	far_close(f);
	rig_settle();
	f = far_up(IBGP, &(struct far_open){.as = 65000, .gr = true, .restarting = true});
	far_end_of_rib(f, false);
}

static void remove_neighbor(struct far *f)
{
	rig_config("{'bgp': {'as': 65000, 'router-id': '10.0.0.5'}}");
	rig_settle();
}

static void test_withdrawals(void **state)
{
	static const struct {
		enum reason reason;
		bool gr;
		void (*end)(struct far *f);
	} ends[] = {
		{REASON_WITHDRAWN, false, say_withdraw},
		{REASON_MALFORMED, false, say_malformed},
		{REASON_SESSION_DOWN, false, hang_up},
		{REASON_STALE_EXPIRED, true, restart_without_it},
		{REASON_CONFIG, false, remove_neighbor},
	};
	FILE *log = tmpfile();
	int saved = dup(2);
	char text[16384];

	log_set_level(LOG_LEVEL_DEBUG);
	for (unsigned i = 0; i < ARRAY_SIZE(ends); i++) {
		struct far *f = far_up(IBGP, &(struct far_open){.as = 65000, .gr = ends[i].gr});
		char *want = xasprintf("withdraw neighbor=10.9.0.13 prefix=" NETWORK " reason=%s\n",
				       reason_name(ends[i].reason));
		size_t n;

		far_announce(f, &(struct news){.prefix = NETWORK,
					       .nexthop = HOP,
					       .path = {65007},
					       .local_pref = 100});
		assert_int_equal(ftruncate(fileno(log), 0), 0);
		dup2(fileno(log), 2);
		lseek(2, 0, SEEK_SET);
		ends[i].end(f);
		dup2(saved, 2);
		n = (size_t)pread(fileno(log), text, sizeof(text) - 1, 0);
		text[n < sizeof(text) ? n : 0] = '\0';
		if (!strstr(text, want))
			fail_msg("no \"%s\" in: %s", want, text);
		free(want);
		rig_stop();
		rig_start(config);
	}
	fclose(log);
	close(saved);
}

/* Where the tunnel that leads to a neighbour is gone, nobody may connect to who answers there. */
static void test_tunnel_away(void **state)
{
	static const enum reason away[] = {REASON_INTERFACE_DOWN, REASON_INTERFACE_GONE,
					   REASON_PEER_GONE, REASON_NO_PEER, REASON_ADMIN_DOWN};
	struct addr a = {.family = AF_INET, .b = {10, 99, 0, 2}};

	rig_config("{'wireguard': {'interface': [{'name': 'wg0', 'address': ['10.99.0.1/24'], "
		   "'peer': [{'name': 'a', 'tunnel-address': ['10.99.0.2']}]}]}, 'bgp': {'as': "
		   "65000, 'router-id': '10.0.0.5', 'neighbor': [{'address': '10.99.0.2', "
		   "'remote-as': 65000, 'passive': true}, {'address': '10.9.0.13', 'remote-as': "
		   "65000, 'passive': true}]}}");
	rig_settle();
	assert_true(peer_way_tunnel_away(peer_find(&a))); /* nothing was said of it */
	for (enum reason r = REASON_NONE; r < REASON_COUNT; r++) {
		bool is_away = false;

		for (unsigned i = 0; i < ARRAY_SIZE(away); i++)
			is_away = is_away || away[i] == r;
		rig_tunnel("10.99.0.2", "wg0", "a", r ? REACH_DOWN : REACH_UP, r);
		if (peer_way_tunnel_away(peer_find(&a)) != is_away)
			fail_msg("%s: %d", reason_name(r), !is_away);
		assert_int_equal(peer_way_tunnel_gone(peer_find(&a)),
				 r == REASON_PEER_GONE || r == REASON_NO_PEER ||
					 r == REASON_ADMIN_DOWN);
	}
	rig_nexthop("10.99.0.2", REACH_UP, REASON_NONE); /* by a link that is no tunnel */
	assert_true(peer_way_tunnel_away(peer_find(&a)));
	a = (struct addr){.family = AF_INET, .b = {10, 9, 0, 13}};
	assert_false(peer_way_tunnel_away(peer_find(&a))); /* is no tunnel's address */
	rig_nexthop("10.9.0.13", REACH_DOWN, REASON_NEXTHOP_UNREACHABLE); /* a default route? */
	assert_false(peer_way_tunnel_away(peer_find(&a)));
	assert_false(peer_way_tunnel_gone(peer_find(&a)));
	rig_nexthop("10.9.0.13", REACH_DOWN, REASON_NO_PEER); /* its peer is not configured now */
	assert_true(peer_way_tunnel_away(peer_find(&a)));
	assert_true(peer_way_tunnel_gone(peer_find(&a)));
}

/* The peer is removed or disabled: its neighbour hears that the session is over as long as wgd
 * keeps the peer for it, and does not come back meanwhile. */
static void test_tunnel_configured_no_more(void **state)
{
#define TUNNEL(disabled)                                                                     \
	"{'wireguard': {'interface': [{'name': 'wg0', 'address': ['10.99.0.1/24'], 'peer': " \
	"[{'name': 'a', 'tunnel-address': ['10.9.0.14'], 'disabled': " disabled              \
	"}]}]}, 'bgp': {'as': 65000, 'router-id': '10.0.0.5', 'neighbor': [{'address': "     \
	"'10.9.0.14', 'remote-as': 65000, 'passive': true}]}}"
	struct addr a = {.family = AF_INET, .b = {10, 9, 0, 14}};
	struct far *f;

	rig_config(TUNNEL("false"));
	rig_tunnel("10.9.0.14", "wg0", "a", REACH_UP, REASON_NONE);
	f = far_up(14, &opens[IBGP]);
	assert_int_equal(peer_find(&a)->state, PEER_ESTABLISHED);
	rig_config(TUNNEL("true"));
	rig_settle();
	assert_non_null(strstr(peer_find(&a)->last_error, "configured no more"));
	assert_true(peer_way_tunnel_gone(peer_find(&a)));
	assert_int_not_equal(peer_find(&a)->state, PEER_ESTABLISHED);
	far_close(f);
	rig_config(TUNNEL("false"));
	rig_settle();
	assert_false(peer_way_tunnel_gone(peer_find(&a)));
}

#define TO_B(name, n)                                                                        \
	"{'name': '" name "', 'peer': [{'name': 'b" n "', 'tunnel-address': ['10.99.0.2'], " \
	"'permit': ['172.16." n ".0/24']}]}"
#define ROUTER_B(interfaces)                                                          \
	"{'wireguard': {'interface': [" interfaces                                    \
	"]}, 'bgp': {'as': 65000, 'router-id': '10.0.0.5', 'neighbor': [{'address': " \
	"'10.9.0.13', 'remote-as': 65000, 'passive': true}]}}"

/* Two tunnels to one router: of a session over link-local addresses the next hop is the router by
 * that link, as long as there is another one, and may get what is permitted there. */
static void test_two_tunnels_to_one_router(void **state)
{
	struct far *f;

	rig_config(ROUTER_B(TO_B("wg1", "1") ", " TO_B("wg2", "2")));
	f = far_up(IBGP, &opens[IBGP]);
	far_peer(f)->local_ll = (struct addr){.family = AF_INET6, .b = {0xfe, 0x80, [15] = 1}};
	str_copy(far_peer(f)->ifname, "wg2", sizeof(far_peer(f)->ifname));
	far_announce(f, &(struct news){.prefix = "172.16.1.0/24 172.16.2.0/24",
				       .nexthop = "10.99.0.2",
				       .path = {65007},
				       .local_pref = 100});
	rig_tunnel("10.99.0.2%wg2", "wg2", "b2", REACH_UP, REASON_NONE);
	assert_string_equal(rig_hops("172.16.2.0/24"), "10.99.0.2%wg2");
	assert_string_equal(rig_reason("172.16.1.0/24", IBGP), "outside-permit");
	rig_config(ROUTER_B(TO_B("wg2", "2")));
	rig_settle();
	rig_tunnel("10.99.0.2", "wg2", "b2", REACH_UP, REASON_NONE);
	assert_string_equal(rig_hops("172.16.2.0/24"), "10.99.0.2");
}

#define BEHIND "172.16.1.7" /* inside what a may announce */
#define INSIDE "172.16.2.0/24"

/* The reasons of both paths, and what zebra-lite has. */
static void behind(const char *prefix, const char *internal, const char *external, const char *hops)
{
	char *found = xasprintf("%s", rig_reason(prefix, IBGP)); /* good until the next one */

	if (!str_eq(found, internal) || !str_eq(rig_reason(prefix, EBGP), external) ||
	    !str_eq(rig_hops(prefix), hops))
		fail_msg("%s: %s, %s, next hops %s", prefix, found, rig_reason(prefix, EBGP),
			 rig_hops(prefix));
	free(found);
}

/* What a next hop resolves to has the last word, each time that it changes; so another path wins,
 * and no list has what may not be. */
static void test_hops_behind(void **state)
{
	static const char *const both = NETWORK " " INSIDE;
	struct far *internal = far_up(IBGP, &opens[IBGP]), *external = far_up(EBGP, &opens[EBGP]);
	char *wider = xasprintf("%s", config), *permit;

	far_announce(internal, &(struct news){.prefix = both,
					      .nexthop = BEHIND,
					      .path = {65007},
					      .local_pref = 200});
	far_announce(external, &(struct news){.prefix = both, .nexthop = HOP, .path = {65001}});
	rig_nexthop(HOP, REACH_UP, REASON_NONE);
	rig_tunnel(BEHIND, "wg0", "a", REACH_UP, REASON_NONE);
	behind(NETWORK, "outside-permit", "none", HOP);
	behind(INSIDE, "none", "not-a-tunnel", BEHIND);
	/* Neither does it wait for its tunnel in any list. */
	rig_tunnel(BEHIND, "wg0", "a", REACH_DOWN, REASON_HANDSHAKE_STALE);
	behind(NETWORK, "outside-permit", "none", HOP);
	behind(INSIDE, "tunnel-down", "not-a-tunnel", "");
	rig_tunnel(BEHIND, "wg0", "b", REACH_UP, REASON_NONE);
	behind(NETWORK, "no-permit", "none", HOP);
	behind(INSIDE, "no-permit", "not-a-tunnel", "");
	rig_nexthop(BEHIND, REACH_UP, REASON_NONE);
	behind(NETWORK, "none", "lower-local-preference", BEHIND " " HOP);
	behind(INSIDE, "not-a-tunnel", "not-a-tunnel", "");
	rig_nexthop(BEHIND, REACH_DOWN, REASON_NOT_A_TUNNEL); /* no neighbour's way */
	behind(NETWORK, "not-a-tunnel", "none", HOP);
	/* The configuration lets it through. */
	rig_tunnel(BEHIND, "wg0", "a", REACH_UP, REASON_NONE);
	behind(NETWORK, "outside-permit", "none", HOP);
	permit = strstr(wider, "172.16.0.0/16");
	memcpy(permit, "128.0.0.0/1'  ", strlen("172.16.0.0/16'"));
	rig_config(wider);
	rig_settle();
	behind(NETWORK, "none", "not-a-tunnel", BEHIND);
	rig_config(config);
	rig_settle();
	behind(NETWORK, "outside-permit", "none", HOP);
	free(wider);
}

/* zebra-lite tells of a new peer before bgpd has its configuration. */
static void test_hop_before_configuration(void **state)
{
	struct far *f = far_up(IBGP, &opens[IBGP]);
	char *later = xasprintf("%s", config);

	far_announce(f, &(struct news){.prefix = INSIDE,
				       .nexthop = "10.99.0.4",
				       .path = {65007},
				       .local_pref = 200});
	rig_tunnel("10.99.0.4", "wg0", "c", REACH_UP, REASON_NONE);
	assert_string_equal(rig_reason(INSIDE, IBGP), "no-permit");
	memcpy(strstr(later, "10.99.0.2"), "10.99.0.4", strlen("10.99.0.4"));
	rig_config(later);
	rig_settle();
	assert_string_equal(rig_reason(INSIDE, IBGP), "none");
	free(later);
}

static void test_verdicts(void **state)
{
	static const enum reason reasons[] = {
		REASON_FOREIGN_ROUTE, REASON_FOREIGN_ALLOWED_IP, REASON_LOST_TO_PROTOCOL,
		REASON_KERNEL_ERROR,  REASON_WG_ERROR,		 REASON_COVERS_ENDPOINT,
		REASON_STATIC_ENTRY,  REASON_OWN_ADDRESS,	 REASON_OUTSIDE_PERMIT};
	struct far *f = far_up(IBGP, &opens[IBGP]);

	far_announce(
		f, &(struct news){
			   .prefix = NETWORK, .nexthop = HOP, .path = {65007}, .local_pref = 100});
	far_announce(f, &(struct news){.prefix = "192.168.8.0/24",
				       .nexthop = HOP,
				       .path = {65007},
				       .local_pref = 100});
	rig_nexthop(HOP, REACH_UP, REASON_NONE);
	for (unsigned i = 0; i < ARRAY_SIZE(reasons); i++) {
		const char *hop = i % 2 ? HOP : NULL;

		/* For another next hop it does not count, nor for another network. */
		rig_verdict(NETWORK, "10.9.0.98", reasons[i]);
		assert_true(rig_bool(rig_path(NETWORK, IBGP), "best"));
		rig_verdict(NETWORK, hop, reasons[i]);
		assert_string_equal(rig_reason(NETWORK, IBGP), reason_name(reasons[i]));
		assert_false(rig_bool(rig_path(NETWORK, IBGP), "best"));
		assert_string_equal(rig_reason("192.168.8.0/24", IBGP), "none");
		rig_verdict(NETWORK, hop, REASON_NONE);
		assert_string_equal(rig_reason(NETWORK, IBGP), "none");
		assert_string_equal(rig_hops(NETWORK), HOP);
	}
	/* The last one replaces; a new zebra-lite starts with none; a network that goes forgets. */
	rig_verdict(NETWORK, NULL, REASON_FOREIGN_ROUTE);
	rig_verdict(NETWORK, NULL, REASON_KERNEL_ERROR);
	assert_string_equal(rig_reason(NETWORK, IBGP), "kernel-error");
	rig_zebra_again();
	rig_settle();
	assert_string_equal(rig_reason(NETWORK, IBGP), "none");
	rig_verdict(NETWORK, NULL, REASON_FOREIGN_ROUTE);
	far_withdraw(f, NETWORK);
	far_announce(
		f, &(struct news){
			   .prefix = NETWORK, .nexthop = HOP, .path = {65007}, .local_pref = 100});
	rig_nexthop(HOP, REACH_UP, REASON_NONE);
	assert_string_equal(rig_reason(NETWORK, IBGP), "none");
	/* One for a network that nobody announces is nothing. */
	rig_verdict("192.168.9.0/24", NULL, REASON_FOREIGN_ROUTE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_checks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_malformed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_max_prefix, setup, teardown),
		cmocka_unit_test_setup_teardown(test_end_of_session, setup, teardown),
		cmocka_unit_test_setup_teardown(test_withdrawals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tunnel_away, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tunnel_configured_no_more, setup, teardown),
		cmocka_unit_test_setup_teardown(test_two_tunnels_to_one_router, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hops_behind, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hop_before_configuration, setup, teardown),
		cmocka_unit_test_setup_teardown(test_verdicts, setup, teardown),
	};

	return rig_run(tests, ARRAY_SIZE(tests));
}
