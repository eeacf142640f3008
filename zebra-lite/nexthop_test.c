/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What leads to an address, and what bgpd is told of it: each way of resolving, each change of a
 * tunnel, a link or a route, and nothing beyond them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "configured.h"
#include "fib.h"
#include "log.h"
#include "loop_fake.h"
#include "nexthop.h"
#include "out.h"
#include "rib.h"
#include "rig.h"
#include "tunnel.h"
#include "zconfig.h"

static int setup(void **state)
{
	rig_begin();
	return 0;
}

static struct nexthop *find(const char *address)
{
	struct addr a = rig_addr(address);

	return nexthop_find(&a);
}

static void unwatch(const char *address)
{
	struct addr a = rig_addr(address);

	nexthop_unwatch(&a);
}

/* "p1 up", "via 198.51.100.9 dev u depth 1", "nothing: reason". */
static const char *way(const char *address)
{
	static char text[256];
	const struct nexthop *nh = find(address);

	if (!nh)
		return "unknown";
	if (nh->kind == HOP_NONE)
		snprintf(text, sizeof(text), "nothing: %s", reason_name(nh->reason));
	else
		snprintf(text, sizeof(text), "%s%s%s%s dev %s %s depth %u by /%u%s%s",
			 nh->kind == HOP_TUNNEL ? "tunnel " : "link",
			 nh->kind == HOP_TUNNEL ? nh->peer->name : "",
			 nh->gateway.family ? " via " : "",
			 nh->gateway.family ? ADDR_STR(&nh->gateway) : "", rig_link_name(nh->oif),
			 reach_name(nh->reach), nh->depth, nh->via_len,
			 nh->connected ? " connected" : "", nh->stranger ? " stranger" : "");
	return text;
}

/* Each change of a tunnel is told once, with all that it says; what stays the same is not. */
static void test_tunnel_told(void **state)
{
	rig_watch("10.9.0.1");
	rig_watch("fd00::1");
	RIG_TOLD("nexthop 10.9.0.1 down nexthop-unreachable dev - peer - cost 0\n"
		 "nexthop fd00::1 down nexthop-unreachable dev - peer - cost 0\n");
	rig_peer(1, RIG_WG0, "10.9.0.1 fd00::1", NULL, TUNNEL_NEVER);
	RIG_TOLD("nexthop 10.9.0.1 up none connected tunnel dev wg0 peer p1 cost 10\n"
		 "nexthop fd00::1 up none connected tunnel dev wg0 peer p1 cost 10\n"
		 "add fd00::1/128 dev wg0\n"
		 "add 10.9.0.1/32 dev wg0\n");
	rig_peer(1, RIG_WG0, "10.9.0.1 fd00::1", NULL, TUNNEL_UP);
	RIG_TOLD("");
	rig_peer(1, RIG_WG0, "10.9.0.1 fd00::1", NULL, TUNNEL_UP);
	RIG_TOLD("");
	rig_peer(1, RIG_WG0, "10.9.0.1 fd00::1", NULL, TUNNEL_DEGRADED);
	RIG_TOLD("nexthop 10.9.0.1 degraded lossy connected tunnel dev wg0 peer p1 cost "
		 "10\n"
		 "nexthop fd00::1 degraded lossy connected tunnel dev wg0 peer p1 cost "
		 "10\n");
	rig_peer(1, RIG_WG0, "10.9.0.1 fd00::1", NULL, TUNNEL_DOWN);
	RIG_TOLD("nexthop 10.9.0.1 down handshake-stale connected tunnel dev wg0 peer p1 "
		 "cost 10\n"
		 "nexthop fd00::1 down handshake-stale connected tunnel dev wg0 peer p1 "
		 "cost 10\n");
	rig_if(RIG_WG0, false);
	RIG_TOLD("nexthop 10.9.0.1 down interface-down connected tunnel dev wg0 peer p1 "
		 "cost 10\n"
		 "nexthop fd00::1 down interface-down connected tunnel dev wg0 peer p1 "
		 "cost 10\n");
	rig_peer(1, RIG_WG0, "10.9.0.1 fd00::1", NULL, TUNNEL_UP);
	RIG_TOLD("");
	rig_if(RIG_WG0, true);
	RIG_TOLD("nexthop 10.9.0.1 up none connected tunnel dev wg0 peer p1 cost 10\n"
		 "nexthop fd00::1 up none connected tunnel dev wg0 peer p1 cost 10\n");
	unwatch("10.9.0.1");
	unwatch("10.9.0.77");
	assert_null(find("10.9.0.1"));
	rig_peer(1, RIG_WG0, "10.9.0.1 fd00::1", NULL, TUNNEL_DEGRADED);
	RIG_TOLD("nexthop fd00::1 degraded lossy connected tunnel dev wg0 peer p1 cost "
		 "10\n");
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_DEGRADED);
	RIG_TOLD("nexthop fd00::1 down nexthop-unreachable dev - peer - cost 0\n"
		 "del fd00::1/128 dev wg0\n");
	tunnel_peer_gone(1);
	RIG_TOLD("del 10.9.0.1/32 dev wg0\n");
	tunnel_if_gone(RIG_WG0);
	RIG_TOLD("");
}

static void say_peer(uint32_t id, enum tunnel_state s, enum reason reason, bool weak, uint32_t cost)
{
	struct msg_tunnel_peer m = {.id = id,
				    .ifindex = RIG_WG0,
				    .state = s,
				    .reason = reason,
				    .weak = weak,
				    .cost = cost,
				    .n_addrs = 1};

	m.addrs = xcalloc(1, sizeof(*m.addrs));
	m.addrs[0] = rig_addr("10.9.0.1");
	str_copy(m.name, rig_peer_name(id), sizeof(m.name));
	tunnel_peer_told(&m);
	msg_free_tunnel_peer(&m);
}

/* Cost, reason and weakness by themselves are news; DOWN is told however short it was. */
static void test_details_told(void **state)
{
	say_peer(1, TUNNEL_UP, REASON_NONE, false, 7);
	rig_told();
	rig_watch("10.9.0.1");
	RIG_TOLD("nexthop 10.9.0.1 up none connected tunnel dev wg0 peer p1 cost 7\n");
	say_peer(1, TUNNEL_UP, REASON_NONE, false, 8);
	RIG_TOLD("nexthop 10.9.0.1 up none connected tunnel dev wg0 peer p1 cost 8\n");
	say_peer(1, TUNNEL_UP, REASON_HANDSHAKE_FRESH, false, 8);
	RIG_TOLD("");
	say_peer(1, TUNNEL_DEGRADED, REASON_LOSSY, false, 8);
	RIG_TOLD("nexthop 10.9.0.1 degraded lossy connected tunnel dev wg0 peer p1 cost "
		 "8\n");
	say_peer(1, TUNNEL_DEGRADED, REASON_HANDSHAKE_OLD, false, 8);
	RIG_TOLD("nexthop 10.9.0.1 degraded handshake-old connected tunnel dev wg0 peer "
		 "p1 cost 8\n");
	say_peer(1, TUNNEL_DOWN, REASON_HANDSHAKE_STALE, true, 8);
	RIG_TOLD("nexthop 10.9.0.1 down handshake-stale weak connected tunnel dev wg0 "
		 "peer p1 cost 8\n");
	say_peer(1, TUNNEL_DOWN, REASON_HANDSHAKE_STALE, false, 8);
	RIG_TOLD("nexthop 10.9.0.1 down handshake-stale connected tunnel dev wg0 peer p1 "
		 "cost 8\n");
	say_peer(1, TUNNEL_DOWN, REASON_NONE, false, 8);
	RIG_TOLD("nexthop 10.9.0.1 down tunnel-down connected tunnel dev wg0 peer p1 cost "
		 "8\n");
	say_peer(1, TUNNEL_UP, REASON_NONE, false, 8);
	RIG_TOLD("nexthop 10.9.0.1 up none connected tunnel dev wg0 peer p1 cost 8\n");
}

/* Two peers have an address: on one interface the later one has it, of two interfaces the one with
 * the lower cost; then who is left. */
static void test_same_address(void **state)
{
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_watch("10.9.0.1");
	RIG_TOLD("nexthop 10.9.0.1 up none connected tunnel dev wg0 peer p1 cost 10\n"
		 "add 10.9.0.1/32 dev wg0\n");
	rig_peer(2, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	RIG_TOLD("nexthop 10.9.0.1 up none connected tunnel dev wg0 peer p2 cost 20\n");
	tunnel_peer_gone(1);
	RIG_TOLD("");
	rig_peer(3, RIG_WG1, "10.9.0.1 10.9.1.3", NULL, TUNNEL_UP); /* costs more */
	RIG_TOLD("add 10.9.1.3/32 dev wg1\n");
	rig_peer(1, RIG_WG2, "10.9.0.1 10.9.1.3", NULL, TUNNEL_UP); /* costs less */
	RIG_TOLD("nexthop 10.9.0.1 up none connected tunnel dev wg2 peer p1 cost 10\n"
		 "change 10.9.0.1/32 dev wg2\n"
		 "change 10.9.1.3/32 dev wg2\n");
	rig_peer(1, RIG_WG2, "10.9.2.1", NULL, TUNNEL_UP);
	RIG_TOLD("nexthop 10.9.0.1 up none connected tunnel dev wg0 peer p2 cost 20\n"
		 "add 10.9.2.1/32 dev wg2\n"
		 "change 10.9.0.1/32 dev wg0\n"
		 "change 10.9.1.3/32 dev wg1\n");
	rig_peer(3, RIG_WG1, "10.9.1.3", NULL, TUNNEL_UP);
	RIG_TOLD("");
	tunnel_peer_gone(2);
	RIG_TOLD("nexthop 10.9.0.1 down nexthop-unreachable dev - peer - cost 0\n"
		 "del 10.9.0.1/32 dev wg0\n");
}

/* Before the kernel was read and wgd has told its tunnels bgpd hears nothing; a new one all. */
static void test_gates(void **state)
{
	rig_end(NULL);
	rig_begin();
	nexthop_reset();
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_told();
	rig_watch("10.9.0.1");
	RIG_TOLD("");
	nexthop_kernel_ready();
	RIG_TOLD("");
	nexthop_tunnels_ready();
	RIG_TOLD("nexthop 10.9.0.1 up none connected tunnel dev wg0 peer p1 cost 10\n");
	nexthop_tunnels_ready();
	RIG_TOLD("");
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.0.2");
	rig_watch("203.0.113.1");
	rig_told();
	nexthop_forget_watches();
	assert_null(find("203.0.113.1"));
	assert_non_null(find("10.9.0.1"));
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_DEGRADED);
	RIG_TOLD("");
	rig_watch("10.9.0.1");
	RIG_TOLD("nexthop 10.9.0.1 degraded lossy connected tunnel dev wg0 peer p1 cost "
		 "10\n");
}

/* A session ends by DOWN: it is told even where the tunnel is up again before anything was. */
static void test_short_down(void **state)
{
	rig_watch("10.9.0.1");
	say_peer(1, TUNNEL_UP, REASON_NONE, false, 5);
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_told();
	fib_counters.urgent++; /* something is repaired meanwhile */
	say_peer(1, TUNNEL_DOWN, REASON_HANDSHAKE_STALE, true, 5);
	nexthop_run();
	say_peer(1, TUNNEL_DOWN, REASON_HANDSHAKE_STALE, false, 5);
	nexthop_run();
	say_peer(1, TUNNEL_DEGRADED, REASON_LOSSY, false, 5);
	nexthop_run();
	say_peer(1, TUNNEL_UP, REASON_NONE, false, 5);
	nexthop_run();
	fib_counters.urgent--;
	RIG_TOLD("nexthop 10.9.0.1 down handshake-stale weak connected tunnel dev wg0 "
		 "peer p1 cost 5\n"
		 "nexthop 10.9.0.1 down handshake-stale connected tunnel dev wg0 peer p1 "
		 "cost 5\n"
		 "nexthop 10.9.0.1 up none connected tunnel dev wg0 peer p1 cost 5\n");
}

/* bgpd waits for local repair, 30 ms at most. */
static void test_repair_first(void **state)
{
	rig_watch("10.9.0.1");
	rig_told();
	fib_counters.urgent++;
	say_peer(1, TUNNEL_UP, REASON_NONE, false, 5);
	rig_settle();
	assert_true(find("10.9.0.1")->to_tell);
	loop_fake_pass(29 * 1000);
	rig_settle();
	assert_true(find("10.9.0.1")->to_tell);
	assert_false(nexthop_settled(find("10.9.0.1")));
	loop_fake_pass(1000);
	rig_settle();
	assert_false(find("10.9.0.1")->to_tell);
	fib_counters.urgent--;
	assert_false(nexthop_settled(find("10.9.0.1")));
	loop_fake_pass(9969 * 1000);
	assert_false(nexthop_settled(find("10.9.0.1")));
	loop_fake_pass(1000);
	assert_true(nexthop_settled(find("10.9.0.1")));
}

/* By which of the routes that cover it. */
static void test_ways(void **state)
{
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_kernel(true, "192.0.2.0/24", RTPROT_STATIC, 50, RIG_U1, "198.51.100.9");
	rig_kernel(true, "192.0.2.128/25", RTPROT_KERNEL, 0, RIG_U1, NULL);
	rig_kernel(true, "10.9.0.0/24", RTPROT_KERNEL, 0, RIG_WG0, NULL);
	for (unsigned i = 0; i < 5; i++) {
		static const char *const all[] = {"10.9.0.1", "10.9.0.9", "192.0.2.7", "192.0.2.200",
						  "203.0.113.1"};

		rig_watch(all[i]);
		rig_say("%s: %s\n", all[i], way(all[i]));
	}
	RIG_TOLD("redist +kernel 192.0.2.0/24 metric 50\n"
		 "redist +connected 192.0.2.128/25 metric 0\n"
		 "redist +connected 10.9.0.0/24 metric 0\n"
		 "nexthop 10.9.0.1 up none connected tunnel dev wg0 peer p1 cost 10\n"
		 "10.9.0.1: tunnel p1 dev wg0 up depth 0 by /32 connected\n"
		 "nexthop 10.9.0.9 down no-peer dev - peer - cost 0\n"
		 "10.9.0.9: nothing: no-peer\n"
		 "nexthop 192.0.2.7 up none dev u peer - cost 0\n"
		 "192.0.2.7: link via 198.51.100.9 dev u up depth 0 by /24\n"
		 "nexthop 192.0.2.200 up none connected dev u peer - cost 0\n"
		 "192.0.2.200: link dev u up depth 0 by /25 connected\n"
		 "nexthop 203.0.113.1 down nexthop-unreachable dev - peer - cost 0\n"
		 "203.0.113.1: nothing: nexthop-unreachable\n"
		 "add 10.9.0.1/32 dev wg0\n");
	/* A link goes down: by the route behind, and back. */
	rig_link_down[RIG_U1] = true;
	nexthop_link_changed(RIG_U1);
	RIG_TOLD("nexthop 192.0.2.7 down nexthop-unreachable dev - peer - cost 0\n"
		 "nexthop 192.0.2.200 down nexthop-unreachable dev - peer - cost 0\n");
	rig_link_down[RIG_U1] = false;
	nexthop_link_changed(RIG_U1);
	RIG_TOLD("nexthop 192.0.2.7 up none dev u peer - cost 0\n"
		 "nexthop 192.0.2.200 up none connected dev u peer - cost 0\n");
	rig_kernel(false, "192.0.2.128/25", RTPROT_KERNEL, 0, RIG_U1, NULL);
	RIG_TOLD("redist -connected 192.0.2.128/25 metric 0\n"
		 "nexthop 192.0.2.200 up none dev u peer - cost 0\n");
	rig_say("%s\n", way("192.0.2.200"));
	rig_kernel(true, "192.0.2.200/32", RTPROT_STATIC, 50, RIG_U0, NULL);
	RIG_TOLD("link via 198.51.100.9 dev u up depth 0 by /24\n"
		 "redist +kernel 192.0.2.200/32 metric 50\n"
		 "nexthop 192.0.2.200 up none connected dev u0 peer - cost 0\n");
	rig_say("%s\n", way("192.0.2.200"));
	/* Not by the default route, but where that is configured; by a connected one nobody asks. */
	rig_configure("{'rib': {'resolve-via-default': true}}");
	RIG_TOLD("link dev u0 up depth 0 by /32 connected\n"
		 "nexthop 10.9.0.9 down not-a-tunnel dev u0 peer - cost 0\n"
		 "nexthop 192.0.2.7 down not-a-tunnel dev u peer - cost 0\n"
		 "nexthop 192.0.2.200 down not-a-tunnel connected dev u0 peer - cost 0\n"
		 "nexthop 203.0.113.1 down not-a-tunnel dev u0 peer - cost 0\n");
	rig_say("%s\n", way("203.0.113.1"));
	rig_configure("{'rib': {}}");
	RIG_TOLD("link via 198.51.100.254 dev u0 up depth 0 by /0 stranger\n"
		 "nexthop 10.9.0.9 down no-peer dev - peer - cost 0\n"
		 "nexthop 203.0.113.1 down nexthop-unreachable dev - peer - cost 0\n");
	rig_say("%s\n", way("203.0.113.1"));
	RIG_TOLD("nothing: nexthop-unreachable\n");
}

/* Through learned routes, three of them at most, and never round in a circle. */
static void test_depth(void **state)
{
	static const char *const all[] = {"10.1.0.1", "10.2.0.1", "10.3.0.1", "10.4.0.1", "10.5.0.1"};

	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_bgp("10.2.0.0/16", "10.1.0.1");
	rig_bgp("10.3.0.0/16", "10.2.0.1");
	rig_bgp("10.4.0.0/16", "10.3.0.1");
	rig_bgp("10.5.0.0/16", "10.4.0.1");
	rig_bgp("0.0.0.0/0", "10.9.0.1");
	for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
		rig_watch(all[i]);
	RIG_TOLD("refused 0.0.0.0/0 by all lost-to-protocol\n"
		 "nexthop 10.1.0.1 down nexthop-unreachable dev - peer - cost 0\n"
		 "nexthop 10.2.0.1 down nexthop-unreachable dev - peer - cost 0\n"
		 "nexthop 10.3.0.1 down nexthop-unreachable dev - peer - cost 0\n"
		 "nexthop 10.4.0.1 down nexthop-unreachable dev - peer - cost 0\n"
		 "nexthop 10.5.0.1 down nexthop-unreachable dev - peer - cost 0\n"
		 "set 10.1.0.0/16 p1\n"
		 "add 10.9.0.1/32 dev wg0\n"
		 "add 10.1.0.0/16 dev wg0\n"
		 "nexthop 10.1.0.1 up none tunnel dev wg0 peer p1 cost 10\n"
		 "set 10.2.0.0/16 p1\n"
		 "add 10.2.0.0/16 dev wg0\n"
		 "nexthop 10.2.0.1 up none tunnel dev wg0 peer p1 cost 10\n"
		 "set 10.3.0.0/16 p1\n"
		 "add 10.3.0.0/16 dev wg0\n"
		 "nexthop 10.3.0.1 up none tunnel dev wg0 peer p1 cost 10\n"
		 "set 10.4.0.0/16 p1\n"
		 "add 10.4.0.0/16 dev wg0\n");
	for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
		rig_say("%s: %s\n", all[i], way(all[i]));
	RIG_TOLD("10.1.0.1: tunnel p1 dev wg0 up depth 1 by /16\n"
		 "10.2.0.1: tunnel p1 dev wg0 up depth 2 by /16\n"
		 "10.3.0.1: tunnel p1 dev wg0 up depth 3 by /16\n"
		 "10.4.0.1: nothing: nexthop-unreachable\n"
		 "10.5.0.1: nothing: nexthop-unreachable\n");
	rig_bgp("10.1.0.0/16", "10.2.0.1 10.9.0.1");
	RIG_TOLD("");
	for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
		rig_say("%s: %s\n", all[i], way(all[i]));
	RIG_TOLD("10.1.0.1: tunnel p1 dev wg0 up depth 1 by /16\n"
		 "10.2.0.1: tunnel p1 dev wg0 up depth 2 by /16\n"
		 "10.3.0.1: tunnel p1 dev wg0 up depth 3 by /16\n"
		 "10.4.0.1: nothing: nexthop-unreachable\n"
		 "10.5.0.1: nothing: nexthop-unreachable\n");
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_DEGRADED);
	RIG_TOLD("del 10.4.0.0/16 dev wg0\n"
		 "del 10.3.0.0/16 dev wg0\n"
		 "unset 10.3.0.0/16 p1\n"
		 "unset 10.4.0.0/16 p1\n"
		 "nexthop 10.1.0.1 degraded lossy tunnel dev wg0 peer p1 cost 10\n"
		 "nexthop 10.2.0.1 down nexthop-unreachable dev - peer - cost 0\n"
		 "nexthop 10.3.0.1 down nexthop-unreachable dev - peer - cost 0\n");
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	RIG_TOLD("nexthop 10.1.0.1 up none tunnel dev wg0 peer p1 cost 10\n");
	rig_bgp("10.1.0.0/16", "198.51.100.7");
	rig_settle();
	rig_told();
	for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
		rig_say("%s: %s\n", all[i], way(all[i]));
	RIG_TOLD("10.1.0.1: link via 198.51.100.7 dev u0 up depth 1 by /16\n"
		 "10.2.0.1: link via 198.51.100.7 dev u0 up depth 2 by /16\n"
		 "10.3.0.1: link via 198.51.100.7 dev u0 up depth 3 by /16\n"
		 "10.4.0.1: nothing: nexthop-unreachable\n"
		 "10.5.0.1: nothing: nexthop-unreachable\n");
}

/* Static routes with a next hop of their own, a blackhole, and an interface. */
static void test_by_static(void **state)
{
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_kernel(true, "192.0.2.0/24", RTPROT_STATIC, 50, RIG_U1, "198.51.100.9");
	rig_configure("{" RIG_PERMIT ", 'rib': {'static': ["
		      "{'prefix': '10.1.0.0/16', 'next-hop': '10.9.0.1'},"
		      "{'prefix': '10.2.0.0/16', 'next-hop': '192.0.2.9'},"
		      "{'prefix': '10.3.0.0/16', 'next-hop': '198.51.100.77'},"
		      "{'prefix': '10.0.0.0/8', 'next-hop': '198.51.100.78'},"
		      "{'prefix': '10.4.0.0/16', 'blackhole': true}]}}");
	rig_told();
	for (unsigned i = 1; i <= 5; i++) {
		char a[16];

		snprintf(a, sizeof(a), "10.%u.0.7", i);
		rig_watch(a);
		rig_say("%s: %s\n", a, way(a));
	}
	RIG_TOLD("nexthop 10.1.0.7 up none tunnel dev wg0 peer p1 cost 10\n"
		 "10.1.0.7: tunnel p1 dev wg0 up depth 1 by /16\n"
		 "nexthop 10.2.0.7 down not-a-tunnel dev u peer - cost 0\n"
		 "10.2.0.7: link via 198.51.100.9 dev u up depth 1 by /16 stranger\n"
		 "nexthop 10.3.0.7 down not-a-tunnel dev u0 peer - cost 0\n"
		 "10.3.0.7: link via 198.51.100.77 dev u0 up depth 1 by /16 stranger\n"
		 "nexthop 10.4.0.7 down not-a-tunnel dev u0 peer - cost 0\n"
		 "10.4.0.7: link via 198.51.100.78 dev u0 up depth 1 by /8 stranger\n"
		 "nexthop 10.5.0.7 down not-a-tunnel dev u0 peer - cost 0\n"
		 "10.5.0.7: link via 198.51.100.78 dev u0 up depth 1 by /8 stranger\n");
}

/* On an interface that takes everything, by an entry that is fixed, and by one that wgd refuses. */
static void test_owners(void **state)
{
	struct msg_tunnel_if any = {.ifindex = RIG_WG1, .up = true, .any = true, .name = "wg1"};
	struct msg_tunnel_peer m = {.id = 2, .ifindex = RIG_WG0, .state = TUNNEL_UP, .name = "p2"};

	m.n_fixed = 2;
	m.fixed = xcalloc(2, sizeof(*m.fixed));
	m.fixed[0] = rig_prefix("192.0.2.0/26");
	m.fixed[1] = rig_prefix("192.0.2.64/26");
	tunnel_peer_told(&m);
	m.id = 3;
	str_copy(m.name, "p3", sizeof(m.name));
	m.n_fixed = 1;
	m.fixed = xcalloc(1, sizeof(*m.fixed));
	m.fixed[0] = rig_prefix("192.0.2.0/24");
	tunnel_peer_told(&m);
	rig_peer(4, RIG_WG1, "10.9.1.4", NULL, TUNNEL_UP);
	rig_kernel(true, "192.0.2.0/24", RTPROT_STATIC, 0, RIG_WG0, NULL);
	rig_kernel(true, "192.0.3.0/24", RTPROT_STATIC, 0, RIG_WG1, NULL);
	rig_told();
	rig_watch("192.0.2.7");
	rig_watch("192.0.2.70");
	rig_watch("192.0.2.200");
	rig_watch("192.0.3.7");
	RIG_TOLD("nexthop 192.0.2.7 up none tunnel dev wg0 peer p2 cost 0\n"
		 "nexthop 192.0.2.70 up none tunnel dev wg0 peer p2 cost 0\n"
		 "nexthop 192.0.2.200 up none tunnel dev wg0 peer p3 cost 0\n"
		 "nexthop 192.0.3.7 down no-peer dev - peer - cost 0\n");
	tunnel_if_told(&any);
	RIG_TOLD("nexthop 192.0.3.7 up none tunnel dev wg1 peer p4 cost 40\n");
	any.any = false;
	tunnel_if_told(&any);
	RIG_TOLD("nexthop 192.0.3.7 down no-peer dev - peer - cost 0\n");
	tunnel_if_gone(RIG_WG0);
	RIG_TOLD("nexthop 192.0.2.7 up none connected dev wg0 peer - cost 0\n"
		 "nexthop 192.0.2.70 up none connected dev wg0 peer - cost 0\n"
		 "nexthop 192.0.2.200 up none connected dev wg0 peer - cost 0\n");
	/* A configured one that wgd does not tell is neither a tunnel nor a link. */
	rig_configure("{'wireguard': {'interface': [{'name': 'wg0', 'peer': [{'name': 'p9', "
		      "'tunnel-address': ['198.51.100.99']}]}]}, 'rib': {}}");
	rig_watch("198.51.100.99");
	RIG_TOLD("nexthop 198.51.100.99 down interface-refused dev - peer - cost 0\n"
		 "nexthop 192.0.2.7 down interface-refused dev - peer - cost 0\n"
		 "nexthop 192.0.2.70 down interface-refused dev - peer - cost 0\n"
		 "nexthop 192.0.2.200 down interface-refused dev - peer - cost 0\n");
	assert_true(configured_refused_if(RIG_WG0));
	assert_false(configured_refused_if(RIG_WG1));
	assert_false(configured_refused_if(RIG_U0));
}

/* Which of the hops may be used, and how good each is. */
static void test_levels(void **state)
{
	static const struct {
		uint8_t kind, reach;
		bool weak, keep;
		unsigned level, demoted;
		bool usable;
	} rows[] = {
		{HOP_NONE, REACH_UP, false, false, HOP_OUT, HOP_OUT, false},
		{HOP_NONE, REACH_DOWN, true, true, HOP_OUT, HOP_OUT, false},
		{HOP_TUNNEL, REACH_UP, false, false, DEMOTED_NOT, DEMOTED, true},
		{HOP_TUNNEL, REACH_UP, true, true, DEMOTED_NOT, DEMOTED, true},
		{HOP_GATEWAY, REACH_UP, false, false, DEMOTED_NOT, DEMOTED, true},
		{HOP_TUNNEL, REACH_DEGRADED, false, false, DEMOTED, DEMOTED, true},
		{HOP_TUNNEL, REACH_DOWN, false, false, HOP_OUT, HOP_OUT, false},
		{HOP_TUNNEL, REACH_DOWN, true, false, HOP_OUT, HOP_OUT, false},
		{HOP_TUNNEL, REACH_DOWN, false, true, HOP_OUT, HOP_OUT, false},
		{HOP_TUNNEL, REACH_DOWN, true, true, DEMOTED_LAST, DEMOTED_LAST, false},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct nexthop nh = {
			.kind = rows[i].kind, .reach = rows[i].reach, .weak = rows[i].weak};
		struct hop_ref r = {.nh = &nh, .demotion = DEMOTED};

		zconfig.last_path_keep = rows[i].keep;
		assert_int_equal(nexthop_level(&nh), rows[i].level);
		assert_int_equal(hop_level(&r), rows[i].demoted);
		assert_int_equal(nexthop_usable(&nh), rows[i].usable);
	}
	zconfig.last_path_keep = false;
}

/* Equal lists are one, and each difference makes another. */
static void test_lists(void **state)
{
	static const struct route_hop other[] = {
		{.source = ROUTE_EBGP},
		{.source = ROUTE_IBGP, .demotion = DEMOTED},
		{.source = ROUTE_IBGP, .weight = 3},
		{.source = ROUTE_IBGP}};
	struct route_hops hops = {.n = 2};
	struct hopset *all[8], *same;
	unsigned n = 0;

	hops.hop[0] = hops.hop[1] = (struct route_hop){.source = ROUTE_IBGP};
	hops.hop[0].addr = rig_addr("10.9.0.1");
	hops.hop[1].addr = rig_addr("10.9.0.2");
	all[n++] = hopset_get(&hops);
	same = hopset_get(&hops);
	assert_ptr_equal(same, all[0]);
	assert_int_equal(same->refs, 2);
	for (unsigned i = 0; i < ARRAY_SIZE(other); i++) {
		struct route_hops changed = hops;

		changed.hop[1] = other[i];
		changed.hop[1].addr = rig_addr(i == 3 ? "10.9.0.3" : "10.9.0.2");
		all[n++] = hopset_get(&changed);
	}
	hops.n = 1;
	all[n++] = hopset_get(&hops);
	for (unsigned i = 0; i < n; i++) {
		assert_ptr_equal(hopset_at(all[i]->id), all[i]);
		for (unsigned k = 0; k < i; k++)
			assert_ptr_not_equal(all[i], all[k]);
	}
	assert_true(hopset_has(all[0], find("10.9.0.2")));
	assert_false(hopset_has(all[4], find("10.9.0.2")));
	assert_int_equal(all[1]->ref[1].source, ROUTE_EBGP);
	assert_int_equal(all[2]->ref[1].demotion, DEMOTED);
	assert_int_equal(all[3]->ref[1].weight, 3);
	hopset_unref(same);
	assert_int_equal(all[0]->refs, 1);
	for (unsigned i = 0; i < n; i++)
		hopset_unref(all[i]);
	assert_null(nexthop_first());
}

/* As many hops as a list may have. */
static void test_full_list(void **state)
{
	struct route_hops hops = {.n = ROUTE_HOPS_MAX};
	struct hopset *s;

	for (unsigned i = 0; i < hops.n; i++) {
		hops.hop[i].addr = rig_addr("10.9.0.1");
		hops.hop[i].addr.b[3] = (uint8_t)i;
	}
	s = hopset_get(&hops);
	for (unsigned i = 0; i < hops.n; i++)
		assert_true(addr_eq(&s->ref[i].nh->addr, &hops.hop[i].addr));
	assert_ptr_equal(hopset_get(&hops), s);
	hopset_unref(s);
	hopset_unref(s);
}

/* What a change of one hop makes be looked at: the prefixes with it, those that it helps first. */
static void test_repair(void **state)
{
	uint64_t repairs = fib_counters.repairs;

	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	rig_bgp("10.1.0.0/16", "10.9.0.1 198.51.100.7");
	rig_bgp("10.2.0.0/16", "10.9.1.2");
	rig_watch("10.9.1.2");
	rig_told();
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_DOWN);
	nexthop_run();
	assert_int_equal(fib_counters.urgent, 1);
	assert_int_equal(fib_counters.queued, 1);
	assert_int_equal(fib_counters.repairs, repairs + 1);
	RIG_TOLD("change 10.1.0.0/16 via 198.51.100.7 dev u0\n");
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	nexthop_run();
	assert_int_equal(fib_counters.urgent, 0);
	assert_int_equal(fib_counters.queued, 1);
	assert_int_equal(fib_counters.repairs, repairs + 1);
	RIG_TOLD("change 10.1.0.0/16 dev wg0\n");
	nexthop_users_dirty(find("10.9.1.2"));
	assert_int_equal(fib_counters.queued, 1);
	RIG_TOLD("");
}

/* Two learned routes that rest on each other's next hops never come to rest: one stays where it is
 * after 16 ways in 10 s, as long as that leads somewhere. */
static unsigned ways_of_many(void)
{
	unsigned ways = 0;

	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_watch("10.1.0.7");
	rig_told();
	for (unsigned i = 0; i < 40; i++) {
		rig_bgp("10.1.0.0/16", i % 2 ? "10.9.0.1" : "10.9.1.2");
		rig_settle();
		ways += find("10.1.0.7")->oif == (i % 2 ? RIG_WG0 : RIG_WG1);
	}
	rig_told();
	return ways;
}

static void test_held(void **state)
{
	unsigned ways = ways_of_many();

	rig_say("%u %s%s\n", ways, way("10.1.0.7"), find("10.1.0.7")->held ? " held" : "");
	rig_pass(9980);
	rig_say("%s%s\n", way("10.1.0.7"), find("10.1.0.7")->held ? " held" : "");
	rig_pass(40);
	rig_say("%s%s\n", way("10.1.0.7"), find("10.1.0.7")->held ? " held" : "");
	rig_bgp("10.1.0.0/16", "10.9.1.2");
	rig_settle();
	rig_say("%s%s\n", way("10.1.0.7"), find("10.1.0.7")->held ? " held" : "");
	RIG_TOLD("27 tunnel p2 dev wg1 up depth 1 by /16 held\n"
		 "unset 10.1.0.0/16 p2\n"
		 "tunnel p2 dev wg1 up depth 1 by /16 held\n"
		 "nexthop 10.1.0.7 up none tunnel dev wg0 peer p1 cost 10\n"
		 "tunnel p1 dev wg0 up depth 1 by /16\n"
		 "set 10.1.0.0/16 p2\n"
		 "change 10.1.0.0/16 dev wg1\n"
		 "nexthop 10.1.0.7 up none tunnel dev wg1 peer p2 cost 20\n"
		 "tunnel p2 dev wg1 up depth 1 by /16\n");
}

static void flap(unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		rig_bgp("10.1.0.0/16", i % 2 ? "10.9.0.1" : "");
		rig_settle();
	}
}

/* What it led to is dead: it goes elsewhere at once. */
static void test_not_held(void **state)
{
	ways_of_many();
	rig_say("%s%s\n", way("10.1.0.7"), find("10.1.0.7")->held ? " held" : "");
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_DOWN);
	RIG_TOLD("tunnel p2 dev wg1 up depth 1 by /16 held\n"
		 "nexthop 10.1.0.7 up none tunnel dev wg0 peer p1 cost 10\n");
	rig_say("%s%s\n", way("10.1.0.7"), find("10.1.0.7")->held ? " held" : "");
	RIG_TOLD("tunnel p1 dev wg0 up depth 1 by /16\n");
}

/* Where it led nowhere it stays so, too. */
static void test_held_nowhere(void **state)
{
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_watch("10.1.0.7");
	flap(40);
	rig_told();
	rig_say("%s%s\n", way("10.1.0.7"), find("10.1.0.7")->held ? " held" : "");
	rig_pass(10020);
	rig_say("%s%s\n", way("10.1.0.7"), find("10.1.0.7")->held ? " held" : "");
	RIG_TOLD("nothing: nexthop-unreachable held\n"
		 "nexthop 10.1.0.7 up none tunnel dev wg0 peer p1 cost 10\n"
		 "tunnel p1 dev wg0 up depth 1 by /16\n");
}

/* By a link it stays only as long as that is up. */
static void test_held_by_link(void **state)
{
	rig_kernel(true, "192.0.2.0/24", RTPROT_STATIC, 0, RIG_U1, NULL);
	for (unsigned i = 0; i < 41; i++) {
		rig_bgp("10.1.0.0/16", i % 2 ? "192.0.2.9" : "198.51.100.7");
		if (!i)
			rig_watch("10.1.0.7");
		rig_settle();
	}
	rig_told();
	rig_say("%s%s\n", way("10.1.0.7"), find("10.1.0.7")->held ? " held" : "");
	rig_link_down[RIG_U1] = true;
	nexthop_link_changed(RIG_U1);
	RIG_TOLD("link via 192.0.2.9 dev u up depth 1 by /16 held\n"
		 "nexthop 10.1.0.7 up none dev u0 peer - cost 0\n");
	rig_say("%s%s\n", way("10.1.0.7"), find("10.1.0.7")->held ? " held" : "");
	RIG_TOLD("link via 198.51.100.7 dev u0 up depth 1 by /16\n");
}

/* Not where there are few ways in 10 s. */
static void test_calm(void **state)
{
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_watch("10.1.0.7");
	flap(15);
	rig_pass(10000);
	flap(15);
	rig_told();
	rig_say("%s%s\n", way("10.1.0.7"), find("10.1.0.7")->held ? " held" : "");
	RIG_TOLD("nothing: nexthop-unreachable\n");
}

/* A prefix that was there before everything else is looked at as others are. */
static void test_first_prefix(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.0.1 198.51.100.7");
	RIG_TOLD("add 10.1.0.0/16 via 198.51.100.7 dev u0\n");
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "add 10.9.0.1/32 dev wg0\n"
		 "change 10.1.0.0/16 dev wg0\n");
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_DOWN);
	RIG_TOLD("change 10.1.0.0/16 via 198.51.100.7 dev u0\n");
}

/* Of a list the first hop on the best level leads, whatever the states and demotions; there is none
 * where all are out. */
static void test_active(void **state)
{
	static const enum tunnel_state states[] = {TUNNEL_UP, TUNNEL_DEGRADED, TUNNEL_DOWN};
	struct prefix p = rig_prefix("10.1.0.0/16");

	for (unsigned i = 0; i < 27 * 8; i++) {
		unsigned best = HOP_OUT, first = 0, of[] = {i % 3, i / 3 % 3, i / 9 % 3};
		struct hop_ref *hop;
		char hops[64];

		for (unsigned k = 0; k < 3; k++) {
			char addr[] = "10.9.0.1";
			unsigned level = of[k] == 2 ? HOP_OUT : of[k] || i / 27 >> k & 1;

			addr[strlen(addr) - 1] += (char)k;
			rig_peer(k + 1, RIG_WG0 + k, addr, NULL, states[of[k]]);
			if (level < best) {
				best = level;
				first = k + 1;
			}
		}
		snprintf(hops, sizeof(hops), "10.9.0.1%s 10.9.0.2%s 10.9.0.3%s",
			 i / 27 & 1 ? "-" : "", i / 27 & 2 ? "-" : "", i / 27 & 4 ? "-" : "");
		rig_bgp("10.1.0.0/16", hops);
		rig_told();
		hop = rib_active_hop(rib_find(&p), rib_hops(rib_find(&p)));
		if ((hop ? hop->nh->peer->id : 0) != first)
			fail_msg("states %u %u %u, %s", of[0], of[1], of[2], hops);
	}
}

static bool behind;

static bool is_behind(void)
{
	return behind;
}

/* As long as bgpd does not read, news wait for it, the last ones of each; not a DOWN that is over,
 * which ends sessions. */
static void test_behind(void **state)
{
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	rig_watch("10.9.0.1");
	rig_watch("10.9.1.2");
	rig_told();
	out.bgpd_full = is_behind;
	behind = true;
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_DEGRADED);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_DOWN);
	RIG_TOLD("");
	nexthop_tell();
	RIG_TOLD("");
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	RIG_TOLD("nexthop 10.9.1.2 down handshake-stale connected tunnel dev wg1 peer p2 cost 20\n");
	behind = false;
	nexthop_tell();
	RIG_TOLD("nexthop 10.9.0.1 up none connected tunnel dev wg0 peer p1 cost 10\n"
		 "nexthop 10.9.1.2 up none connected tunnel dev wg1 peer p2 cost 20\n");
}

int main(void)
{
#define T(f) RIG_CHECK(f, setup)
	const struct CMUnitTest tests[] = {
		T(test_tunnel_told),
		T(test_details_told),
		T(test_same_address),
		T(test_gates),
		T(test_short_down),
		T(test_repair_first),
		T(test_ways),
		T(test_depth),
		T(test_by_static),
		T(test_owners),
		T(test_levels),
		T(test_active),
		T(test_first_prefix),
		T(test_lists),
		T(test_repair),
		T(test_held),
		T(test_not_held),
		T(test_held_nowhere),
		T(test_held_by_link),
		T(test_calm),
		T(test_full_list),
		T(test_behind),
	};

	log_init("nexthop_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
