/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What wgd tells of its tunnels, and what follows for routes, entries and bgpd; and what the
 * configuration says of who may be behind which link.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "fib.h"
#include "log.h"
#include "nexthop.h"
#include "rib.h"
#include "rib_kernel.h"
#include "rig.h"
#include "tunnel.h"
#include "util.h"
#include "zceiling.h"
#include "zconfig.h"

static int setup(void **state)
{
	rig_begin();
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	rig_watch("10.9.0.1");
	rig_watch("10.9.1.2");
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_told();
	return 0;
}

static void say_if(uint32_t ifindex, const char *name, bool up)
{
	struct msg_tunnel_if m = {.ifindex = ifindex, .up = up};

	str_copy(m.name, name, sizeof(m.name));
	tunnel_if_told(&m);
}

/* A number that is used again is another interface: the old one's peers end with it. */
static void test_number_again(void **state)
{
	say_if(RIG_WG0, "wg7", true);
	RIG_TOLD("del 10.1.0.0/16 dev wg0\n"
		 "del 10.9.0.1/32 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n"
		 "nexthop 10.9.0.1 down nexthop-unreachable dev - peer - cost 0\n");
	assert_null(tunnel_peer_by_id(1));
	assert_string_equal(tunnel_if_by_index(RIG_WG0)->name, "wg7");
	rig_peer(5, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	RIG_TOLD("nexthop 10.9.0.1 up none connected tunnel dev wg7 peer p5 cost 50\n"
		 "set 10.1.0.0/16 p5\n"
		 "add 10.9.0.1/32 dev wg0\n"
		 "add 10.1.0.0/16 dev wg0\n");
	rig_peer(6, 99, "10.9.9.6", NULL, TUNNEL_UP); /* on one that nobody told */
	RIG_TOLD("");
	assert_null(tunnel_peer_by_id(6));
	tunnel_if_gone(99);
	RIG_TOLD("");
}

/* Whoever a new wgd does not tell is gone, with what was theirs. */
static void test_not_told_again(void **state)
{
	fib_wgd_away();
	tunnel_begin();
	assert_null(tunnel_peer_by_id(1)); /* numbers are the new one's */
	rig_if(RIG_WG0, true);
	rig_peer(11, RIG_WG0, "10.9.0.11", NULL, TUNNEL_UP);
	tunnel_synced();
	fib_wgd_synced();
	RIG_TOLD("sync\n"
		 "add 10.9.0.11/32 dev wg0\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "del 10.9.0.1/32 dev wg0\n"
		 "del 10.9.1.2/32 dev wg1\n"
		 "nexthop 10.9.0.1 down nexthop-unreachable dev - peer - cost 0\n"
		 "nexthop 10.9.1.2 down nexthop-unreachable dev - peer - cost 0\n");
	assert_null(tunnel_if_by_index(RIG_WG1));
	assert_non_null(tunnel_peer_by_id(11));
}

/* Under another number with the same name it is known again, and has its entries. */
static void test_other_number(void **state)
{
	struct msg_tunnel_peer m = {.id = 21, .ifindex = RIG_WG0, .state = TUNNEL_UP, .name = "p1"};

	fib_wgd_away();
	tunnel_begin();
	rig_if(RIG_WG0, true);
	rig_if(RIG_WG1, true);
	m.n_addrs = 1;
	m.addrs = xcalloc(1, sizeof(*m.addrs));
	m.addrs[0] = rig_addr("10.9.0.1");
	tunnel_peer_told(&m);
	msg_free_tunnel_peer(&m);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	tunnel_synced();
	fib_wgd_synced();
	RIG_TOLD("nexthop 10.9.0.1 up none connected tunnel dev wg0 peer p1 cost 0\n"
		 "set 10.1.0.0/16 p21\n"
		 "sync\n");
	rig_bgp("10.1.0.0/16", "10.9.1.2");
	RIG_TOLD("set 10.1.0.0/16 p2\n"
		 "change 10.1.0.0/16 dev wg1\n");
	rig_pass(4000);
	RIG_TOLD("unset 10.1.0.0/16 p21\n");
}

/* The peers of an interface move to its plane and back, with host routes and next hops. */
static void test_plane(void **state)
{
	struct addr there = rig_addr("10.9.0.1");

	there.plane = 1;
	rig_configure("{" RIG_PERMIT
		      ", 'rib': {}, 'plane': [{'name': 'blue', 'number': 1, 'table': "
		      "101, 'interface': ['wg0']}]}");
	RIG_TOLD("rule add IPv4 priority 10000 table 101\n"
		 "rule add IPv6 priority 10000 table 101\n"
		 "rule add IPv4 priority 10000 table 101\n"
		 "rule add IPv6 priority 10000 table 101\n"
		 "add 10.9.0.1/32 table 101 dev wg0\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "del 10.9.0.1/32 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n"
		 "nexthop 10.9.0.1 down other-plane dev - peer - cost 0\n");
	assert_non_null(tunnel_by_addr(&there));
	assert_null(tunnel_by_addr(&(struct addr){0}));
	rig_configure("{" RIG_PERMIT ", 'rib': {}}");
	RIG_TOLD("rule del IPv4 priority 10000 table 101\n"
		 "rule del IPv6 priority 10000 table 101\n"
		 "rule del IPv4 priority 10000 table 101\n"
		 "rule del IPv6 priority 10000 table 101\n"
		 "nexthop 10.9.0.1 up none connected tunnel dev wg0 peer p1 cost 10\n"
		 "set 10.1.0.0/16 p1\n"
		 "add 10.9.0.1/32 dev wg0\n"
		 "add 10.1.0.0/16 dev wg0\n"
		 "del 10.9.0.1/32 table 101 dev wg0\n");
	assert_null(tunnel_by_addr(&there));
}

static void fixed(uint32_t id, const char *list)
{
	struct msg_tunnel_peer m = {.id = id, .ifindex = RIG_WG2, .state = TUNNEL_UP};
	char *copy = xstrdup(list), *save = NULL;

	m.fixed = xcalloc(4, sizeof(*m.fixed));
	for (char *t = strtok_r(copy, " ", &save); t; t = strtok_r(NULL, " ", &save))
		m.fixed[m.n_fixed++] = rig_prefix(t);
	str_copy(m.name, rig_peer_name(id), sizeof(m.name));
	tunnel_peer_told(&m);
	msg_free_tunnel_peer(&m);
	free(copy);
}

static const char *owner(const char *address)
{
	struct addr a = rig_addr(address);
	const struct tunnel_peer *p = tunnel_fixed_owner(tunnel_if_by_index(RIG_WG2), &a);

	return p ? p->name : "none";
}

/* Who has an address on an interface by its configuration: the tunnel address, then the longest. */
static void test_fixed(void **state)
{
	rig_peer(3, RIG_WG2, "10.9.2.3", NULL, TUNNEL_UP);
	fixed(4, "10.9.2.0/24 10.20.0.0/16 fd00::/64");
	fixed(5, "10.20.1.0/24 10.9.0.0/16");
	fixed(6, "10.20.0.0/16");
	assert_string_equal(owner("10.9.2.3"), "p3");
	assert_string_equal(owner("10.9.2.4"), "p4");
	assert_string_equal(owner("10.9.3.4"), "p5");
	assert_string_equal(owner("10.20.1.1"), "p5");
	assert_string_equal(owner("10.20.2.1"), "p6"); /* told last */
	assert_string_equal(owner("fd00::1"), "p4");
	assert_string_equal(owner("10.9.0.1"), "p5");
	assert_string_equal(owner("10.30.0.1"), "none");
	/* Who covers by what is configured gets what goes away. */
	rig_kernel(true, "10.20.0.0/16", RTPROT_STATIC, 1, RIG_WG2, NULL);
	rig_bgp("10.20.1.0/25", "10.9.2.3");
	RIG_TOLD("redist +kernel 10.20.0.0/16 metric 1\n"
		 "set 10.20.1.0/25 p3\n"
		 "add 10.9.2.3/32 dev wg2\n"
		 "add 10.20.1.0/25 dev wg2\n");
	rig_bgp("10.20.1.0/25", "");
	RIG_TOLD("set 10.20.1.0/25 p5\n"
		 "del 10.20.1.0/25 dev wg2\n"
		 "unset 10.20.1.0/25 p5\n");
	fixed(5, "");
	assert_string_equal(owner("10.20.1.1"), "p6");
	tunnel_peer_gone(6);
	tunnel_peer_gone(6);
	assert_string_equal(owner("10.20.1.1"), "p4");
}

static void expect_strangers(const char *want)
{
	static const char *const all[] = {"198.51.100.7", "198.51.100.9", "192.0.2.7",
					  "192.0.2.9",	  "203.0.113.9",  "2001:db8::9"};
	char text[128] = "";

	rig_settle();
	for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
		struct addr a = rig_addr(all[i]);
		const struct nexthop *nh = nexthop_find(&a);

		strcat(text, i ? " " : "");
		strcat(text, nh->kind == HOP_NONE ? "none" : nh->stranger ? "no" : "yes");
	}
	assert_string_equal(text, want);
}

/* Packets may leave by a link towards a neighbour, and towards who is on a neighbour's subnet; by
 * gateways only when these are. */
static void test_strangers(void **state)
{
	static const char *const all[] = {"198.51.100.7", "198.51.100.9", "192.0.2.7",
					  "192.0.2.9",	  "203.0.113.9",  "2001:db8::9"};

	rig_kernel(true, "192.0.2.0/24", RTPROT_STATIC, 0, RIG_U0, "198.51.100.9");
	rig_kernel(true, "203.0.113.0/24", RTPROT_KERNEL, 0, RIG_U1, NULL);
	rig_kernel(true, "2001:db8::/64", RTPROT_KERNEL, 0, RIG_U1, NULL);
	for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
		rig_watch(all[i]);
	expect_strangers("yes yes yes yes yes yes"); /* nothing is configured yet */
	rig_configure("{'bgp': {}}");
	expect_strangers("no no no no no no");
	rig_configure("{'bgp': {'neighbor': [{'address': '198.51.100.7'}]}}");
	expect_strangers("yes yes yes yes no no");
	rig_configure("{'bgp': {'neighbor': [{'address': '192.0.2.7'}]}}");
	expect_strangers("no no yes no no no");
	rig_configure("{'bgp': {'neighbor': [{'address': '192.0.2.7'}, {'address': "
		      "'2001:db8::1%u'}, {'address': 'nonsense'}, {'interface': 'u0'}]}}");
	expect_strangers("no no yes no no yes");
	rig_configure("{'bgp': {'neighbor-group': [{'name': 'a'}, {'name': 'b', 'listen-range': "
		      "['203.0.113.128/25', 'nonsense', '192.0.2.8/31']}]}}");
	expect_strangers("no no no yes yes no");
	rig_configure("{'bgp': {}}");
	expect_strangers("no no no no no no");
}

static struct addr on(const char *text, const char *ifname)
{
	struct addr a = rig_addr(text);

	return addr_on_link(&a, ifname);
}

static void by_bgp(const char *prefix, const struct addr *hop)
{
	struct prefix p = rig_prefix(prefix);
	struct msg_routes m = {.n_prefixes = 1, .prefixes = &p};

	m.hops.n = hop ? 1 : 0;
	if (hop)
		m.hops.hop[0].addr = *hop;
	rib_bgp_routes(&m, 1);
}

/* The same link-local address is another host on each interface: a route and an entry of its own
 * for each, and next hops that lead by their own link alone. */
static void test_link_local(void **state)
{
	struct addr a0 = on("fe80::1", "wg0"), a1 = on("fe80::1", "wg1"), u = on("fe80::9", "u"),
		    wg2 = on("fe80::1", "wg2");

	rig_peer(1, RIG_WG0, "10.9.0.1 fe80::1", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2 fe80::1", NULL, TUNNEL_UP);
	RIG_TOLD("add fe80::1%wg0/128 dev wg0\n"
		 "add fe80::1%wg1/128 dev wg1\n");
	nexthop_watch(&a0);
	nexthop_watch(&a1);
	nexthop_watch(&wg2);
	RIG_TOLD("nexthop fe80::1%wg0 up none connected tunnel dev wg0 peer p1 cost 10\n"
		 "nexthop fe80::1%wg1 up none connected tunnel dev wg1 peer p2 cost 20\n"
		 "nexthop fe80::1%wg2 down no-peer dev - peer - cost 0\n");
	by_bgp("fd01::/48", &a0);
	by_bgp("fd02::/48", &a1);
	by_bgp("fd03::/48", &u);
	RIG_TOLD("set fd01::/48 p1\n"
		 "set fd02::/48 p2\n"
		 "add fd01::/48 dev wg0\n"
		 "add fd02::/48 dev wg1\n");
	rig_peer(1, RIG_WG0, "10.9.0.1 fe80::1", NULL, TUNNEL_DOWN);
	RIG_TOLD("del 10.1.0.0/16 dev wg0\n"
		 "del fd01::/48 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n"
		 "unset fd01::/48 p1\n"
		 "nexthop 10.9.0.1 down handshake-stale connected tunnel dev wg0 peer p1 cost 10\n"
		 "nexthop fe80::1%wg0 down handshake-stale connected tunnel dev wg0 peer p1 cost "
		 "10\n");
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP); /* that address of it goes */
	RIG_TOLD("del fd02::/48 dev wg1\n"
		 "del fe80::1%wg1/128 dev wg1\n"
		 "unset fd02::/48 p2\n"
		 "nexthop fe80::1%wg1 down no-peer dev - peer - cost 0\n");
}

/* Two tunnels to one router, by one address: each is the other's backup. */
static void test_two_tunnels(void **state)
{
	rig_peer(3, RIG_WG1, "10.9.0.1", NULL, TUNNEL_UP);
	RIG_TOLD("");
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_DOWN);
	RIG_TOLD("nexthop 10.9.0.1 up none connected tunnel dev wg1 peer p3 cost 30\n"
		 "set 10.1.0.0/16 p3\n"
		 "change 10.9.0.1/32 dev wg1\n"
		 "change 10.1.0.0/16 dev wg1\n");
	rig_pass(4000);
	RIG_TOLD("unset 10.1.0.0/16 p1\n");
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	RIG_TOLD("nexthop 10.9.0.1 up none connected tunnel dev wg0 peer p1 cost 10\n"
		 "set 10.1.0.0/16 p1\n"
		 "change 10.9.0.1/32 dev wg0\n"
		 "change 10.1.0.0/16 dev wg0\n");
	rig_if(RIG_WG0, false);
	RIG_TOLD("nexthop 10.9.0.1 up none connected tunnel dev wg1 peer p3 cost 30\n"
		 "change 10.9.0.1/32 dev wg1\n"
		 "change 10.1.0.0/16 dev wg1\n");
	rig_peer(3, RIG_WG1, "10.9.0.1", NULL, TUNNEL_DOWN);
	RIG_TOLD("change 10.9.0.1/32 dev wg0\n"
		 "del 10.1.0.0/16 dev wg1\n"
		 "unset 10.1.0.0/16 p1\n"
		 "unset 10.1.0.0/16 p3\n"
		 "nexthop 10.9.0.1 down interface-down connected tunnel dev wg0 peer p1 cost 10\n");
	rig_if(RIG_WG0, true); /* with nothing new about its peer */
	RIG_TOLD("nexthop 10.9.0.1 up none connected tunnel dev wg0 peer p1 cost 10\n"
		 "set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 dev wg0\n");
	tunnel_peer_gone(1);
	RIG_TOLD(
		"change 10.9.0.1/32 dev wg1\n"
		"del 10.1.0.0/16 dev wg0\n"
		"unset 10.1.0.0/16 p1\n"
		"nexthop 10.9.0.1 down handshake-stale connected tunnel dev wg1 peer p3 cost 30\n");
	rig_peer(3, RIG_WG1, "10.9.0.1", NULL, TUNNEL_UP);
	RIG_TOLD("nexthop 10.9.0.1 up none connected tunnel dev wg1 peer p3 cost 30\n"
		 "set 10.1.0.0/16 p3\n"
		 "add 10.1.0.0/16 dev wg1\n");
	tunnel_peer_gone(3);
	RIG_TOLD("del 10.1.0.0/16 dev wg1\n"
		 "del 10.9.0.1/32 dev wg1\n"
		 "unset 10.1.0.0/16 p3\n"
		 "nexthop 10.9.0.1 down nexthop-unreachable dev - peer - cost 0\n");
}

/* A next hop that says by which of them leads by that one, or nowhere. */
static void test_one_of_two_tunnels(void **state)
{
	struct addr wg1 = rig_addr("10.9.0.1%wg1"), wg2 = rig_addr("10.9.0.1%wg2");

	rig_watch("10.9.0.1%wg1");
	rig_watch("10.9.0.1%wg2");
	RIG_TOLD("nexthop 10.9.0.1%wg1 down nexthop-unreachable dev - peer - cost 0\n"
		 "nexthop 10.9.0.1%wg2 down nexthop-unreachable dev - peer - cost 0\n");
	by_bgp("10.2.0.0/16", &wg1);
	by_bgp("10.3.0.0/16", &wg2);
	RIG_TOLD("");
	rig_peer(3, RIG_WG1, "10.9.0.1", NULL, TUNNEL_UP);
	RIG_TOLD("nexthop 10.9.0.1%wg1 up none connected tunnel dev wg1 peer p3 cost 30\n"
		 "set 10.2.0.0/16 p3\n"
		 "add 10.2.0.0/16 dev wg1\n");
	rig_peer(3, RIG_WG1, "10.9.0.1", NULL, TUNNEL_DOWN); /* wg0's is no way */
	RIG_TOLD("del 10.2.0.0/16 dev wg1\n"
		 "unset 10.2.0.0/16 p3\n"
		 "nexthop 10.9.0.1%wg1 down handshake-stale connected tunnel dev wg1 peer p3 cost "
		 "30\n");
	tunnel_peer_gone(3);
	RIG_TOLD("nexthop 10.9.0.1%wg1 down nexthop-unreachable dev - peer - cost 0\n");
}

/* Numbers that fall into one place of the table. */
static void test_numbers(void **state)
{
	say_if(7, "wg7", true);
	say_if(7 + 4096, "wg8", true);
	say_if(7 + 8192, "wg9", true);
	assert_string_equal(tunnel_if_by_index(7)->name, "wg7");
	tunnel_if_gone(7 + 4096);
	assert_null(tunnel_if_by_index(7 + 4096));
	assert_string_equal(tunnel_if_by_index(7)->name, "wg7");
	assert_string_equal(tunnel_if_by_index(7 + 8192)->name, "wg9");
	tunnel_if_gone(7 + 8192);
	assert_null(tunnel_if_by_index(7 + 8192));
}

int main(void)
{
#define T(f) RIG_CHECK(f, setup)
	const struct CMUnitTest tests[] = {
		T(test_number_again), T(test_not_told_again), T(test_other_number),
		T(test_plane),	      T(test_fixed),	      T(test_strangers),
		T(test_link_local),   T(test_two_tunnels),    T(test_one_of_two_tunnels),
		T(test_numbers),
	};

	log_init("tunnel_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
