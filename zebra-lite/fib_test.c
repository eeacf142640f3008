/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is written to the kernel and to wgd, and in which order: entries that stand when we meet
 * wgd, batches behind each other, the limits of queue, batch and entries, and what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fib.h"
#include "fib_retry.h"
#include "log.h"
#include "loop_fake.h"
#include "nexthop.h"
#include "rib.h"
#include "rib_kernel.h"
#include "rig.h"
#include "tunnel.h"
#include "zconfig.h"

static void tell_peers(void)
{
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	rig_peer(3, RIG_WG0, "10.9.0.3", NULL, TUNNEL_UP);
	rig_peer(4, RIG_WG2, "10.9.2.4", NULL, TUNNEL_UP);
}

static int setup(void **state)
{
	rig_begin();
	tell_peers();
	rig_told();
	return 0;
}

/* --- entries that stand --- */

static void held(uint32_t peer, const char *prefix)
{
	struct allowed_change c = {ALLOWED_SET, peer, rig_prefix(prefix)};
	struct msg_allowed m = {.n = 1, .changes = &c};

	fib_held(&m);
}

/* wgd ends, and another one comes; its entries are to be told, then next_wgd_synced(). */
static void next_wgd(void)
{
	fib_wgd_away();
	tunnel_begin();
	for (uint32_t i = RIG_WG0; i <= RIG_WG3; i++)
		rig_if(i, true);
	tell_peers();
}

static void next_wgd_synced(void)
{
	tunnel_synced();
	fib_wgd_synced();
}

/* What is to stay is set again in front of everything; what no packet finds goes at once; the rest
 * as others do. */
static void test_held(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_bgp("10.4.0.0/16", "10.9.1.2");
	rig_told();
	next_wgd();
	held(1, "10.1.0.0/16"); /* as it is */
	held(3, "10.1.0.0/16"); /* and another peer's instead */
	held(2, "10.1.0.0/16"); /* where the route does not lead */
	held(4, "10.1.0.0/16");
	held(1, "10.2.0.0/16"); /* without a route */
	held(1, "10.4.7.0/24"); /* under a route that leaves elsewhere */
	held(2, "10.4.8.0/24"); /* under one that leaves there */
	held(77, "10.3.0.0/16"); /* of a peer that nobody knows */
	next_wgd_synced();
	RIG_TOLD("set 10.1.0.0/16 p3\n"
		 "set 10.1.0.0/16 p2\n"
		 "set 10.1.0.0/16 p4\n"
		 "set 10.4.0.0/16 p2\n"
		 "unset 10.2.0.0/16 p1\n"
		 "unset 10.4.7.0/24 p1\n"
		 "set 10.4.8.0/24 p2\n"
		 "sync\n"
		 "set 10.1.0.0/16 p1\n"
		 "unset 10.4.8.0/24 p2\n");
	rig_pass(4000);
	RIG_TOLD("unset 10.1.0.0/16 p2\n"
		 "unset 10.1.0.0/16 p4\n");
}

/* An interface whose peer gets everything has no entries to speak of. */
static void test_held_of_any(void **state)
{
	struct msg_tunnel_if m = {.ifindex = RIG_WG2, .up = true, .any = true, .name = "wg2"};
	struct prefix held_only = rig_prefix("10.5.0.0/16");

	tunnel_if_told(&m);
	rig_bgp("10.1.0.0/16", "10.9.2.4");
	RIG_TOLD("add 10.1.0.0/16 dev wg2\n");
	fib_wgd_away();
	tunnel_begin();
	tunnel_if_told(&m);
	rig_if(RIG_WG0, true);
	rig_if(RIG_WG1, true);
	tell_peers();
	held(4, "10.5.0.0/16");
	held(4, "10.1.0.0/16");
	next_wgd_synced();
	RIG_TOLD("sync\n");
	assert_null(rib_find(&held_only));
	m.any = false;
	tunnel_if_told(&m);
	RIG_TOLD("set 10.1.0.0/16 p4\n");
}

/* Before the first sweep what has no owner yet stays, as somebody may want it still. */
static void test_held_at_start(void **state)
{
	rig_end(state);
	rib_kernel_begin();
	rib_kernel_end(NULL);
	rib_bgp_begin();
	tunnel_begin();
	for (uint32_t i = RIG_WG0; i <= RIG_WG3; i++)
		rig_if(i, true);
	tell_peers();
	held(1, "10.1.0.0/16");
	held(1, "10.2.0.0/16");
	held(2, "0.0.0.0/0");
	next_wgd_synced();
	RIG_TOLD("");
	fib_kernel_ready();
	RIG_TOLD("unset 10.1.0.0/16 p1\n"
		 "unset 10.2.0.0/16 p1\n"
		 "unset 0.0.0.0/0 p2\n"
		 "add 10.9.0.1/32 dev wg0\n"
		 "add 10.9.1.2/32 dev wg1\n"
		 "add 10.9.0.3/32 dev wg0\n"
		 "add 10.9.2.4/32 dev wg2\n");
	rig_bgp("0.0.0.0/0", "10.9.0.3");
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "set 0.0.0.0/0 p3\n"
		 "add 10.1.0.0/16 dev wg0\n"
		 "add 0.0.0.0/0 dev wg0\n");
	rib_bgp_synced();
	RIG_TOLD("sync\n");
	rig_pass(4000);
	RIG_TOLD("");
}

/* Nothing to do but the sync: it follows the sweep. */
static void test_sync(void **state)
{
	rig_end(state);
	rib_kernel_begin();
	rib_kernel_end(NULL);
	rib_bgp_begin();
	tunnel_begin();
	next_wgd_synced();
	RIG_TOLD("");
	fib_kernel_ready();
	RIG_TOLD("");
	assert_false(fib_idle());
	rig_silent = true;
	rib_bgp_synced();
	RIG_TOLD("sync\n");
	assert_false(fib_idle());
	rig_silent = false;
	rig_settle();
	assert_true(fib_idle());
	assert_true(fib_begun());
	fib_wgd_away();
	assert_true(fib_begun());
	assert_false(fib_idle());
}

/* --- batches --- */

/* What only grows follows while the entries before it are under way; whatever takes a route away,
 * moves an object or is in flight already waits. */
static void test_growth(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_bgp("10.2.0.0/16", "10.9.1.2");
	rig_told();
	rig_silent = true;
	rig_bgp("10.3.0.0/16", "10.9.0.1");
	RIG_TOLD("set 10.3.0.0/16 p1\n");
	rig_bgp("10.4.0.0/16", "10.9.0.3");
	rig_bgp("10.1.0.0/16", "10.9.0.3");
	RIG_TOLD("set 10.4.0.0/16 p3\n"
		 "set 10.1.0.0/16 p3\n");
	rig_bgp("10.5.0.0/16", "10.9.0.3"); /* two are under way */
	RIG_TOLD("");
	rig_silent = false;
	RIG_TOLD("add 10.3.0.0/16 dev wg0\n"
		 "add 10.4.0.0/16 dev wg0\n"
		 "set 10.5.0.0/16 p3\n"
		 "add 10.5.0.0/16 dev wg0\n");
	rig_silent = true;
	rig_bgp("10.6.0.0/16", "10.9.0.1");
	RIG_TOLD("set 10.6.0.0/16 p1\n");
	rig_bgp("10.2.0.0/16", ""); /* a removal, and with it what came next to it */
	rig_bgp("10.7.0.0/16", "10.9.0.1");
	RIG_TOLD("");
	rig_silent = false;
	RIG_TOLD("add 10.6.0.0/16 dev wg0\n"
		 "set 10.7.0.0/16 p1\n"
		 "add 10.7.0.0/16 dev wg0\n"
		 "del 10.2.0.0/16 dev wg1\n"
		 "unset 10.2.0.0/16 p2\n");
	rig_silent = true;
	rig_bgp("10.6.0.0/16", "10.9.0.3");
	RIG_TOLD("set 10.6.0.0/16 p3\n");
	rig_bgp("10.6.0.0/16", "10.9.1.2"); /* the same again */
	RIG_TOLD("");
	rig_silent = false;
	RIG_TOLD("set 10.6.0.0/16 p2\n"
		 "change 10.6.0.0/16 dev wg1\n");
	rig_silent = true;
	rig_bgp("10.6.0.0/16", "10.9.1.2 10.9.0.1"); /* an object */
	RIG_TOLD("object 1 new dev wg1\n"
		 "set 10.6.0.0/16 p1\n");
	rig_bgp("10.8.0.0/16", "10.9.0.1");
	RIG_TOLD("");
	rig_silent = false;
	RIG_TOLD("change 10.6.0.0/16 object 1\n"
		 "set 10.8.0.0/16 p1\n"
		 "add 10.8.0.0/16 dev wg0\n");
}

/* The same where objects have to do with it, or other planes: one after the other. */
static void test_no_growth(void **state)
{
	rig_silent = true;
	rig_bgp("10.3.0.0/16", "10.9.0.1");
	RIG_TOLD("set 10.3.0.0/16 p1\n");
	rig_bgp("10.4.0.0/16", "10.9.0.3 10.9.1.2");
	RIG_TOLD("object 1 new dev wg0\n");
	rig_silent = false;
	RIG_TOLD("add 10.3.0.0/16 dev wg0\n"
		 "set 10.4.0.0/16 p3\n"
		 "set 10.4.0.0/16 p2\n"
		 "add 10.4.0.0/16 object 1\n");
	rig_configure("{" RIG_PERMIT ", 'rib': {}, 'plane': [{'name': 'blue', 'number': 1, 'table': "
		      "101, 'interface': ['wg3']}]}");
	rig_peer(5, RIG_WG3, "10.9.3.5", NULL, TUNNEL_UP);
	RIG_TOLD("rule add IPv4 priority 10000 table 101\n"
		 "rule add IPv6 priority 10000 table 101\n"
		 "rule add IPv4 priority 10000 table 101\n"
		 "rule add IPv6 priority 10000 table 101\n"
		 "object 1 dev wg0\n"
		 "add 10.9.3.5/32 table 101 dev wg3\n");
	rig_silent = true;
	rig_bgp("10.5.0.0/16", "10.9.0.1");
	RIG_TOLD("set 10.5.0.0/16 p1\n");
	rig_bgp("10.6.0.0/16", "10.9.0.3");
	RIG_TOLD("");
	rig_silent = false;
	RIG_TOLD("add 10.5.0.0/16 dev wg0\n"
		 "set 10.6.0.0/16 p3\n"
		 "add 10.6.0.0/16 dev wg0\n");
}

static bool full;

static bool is_full(void)
{
	return full;
}

/* While wgd's channel is full nothing is written; it goes on when there is room. */
static void test_full(void **state)
{
	out.wgd_full = is_full;
	full = true;
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	RIG_TOLD("");
	assert_int_equal(fib_counters.queued, 1);
	fib_look();
	RIG_TOLD("");
	full = false;
	fib_look();
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 dev wg0\n");
	/* So does a replay. */
	full = true;
	next_wgd();
	next_wgd_synced();
	RIG_TOLD("");
	full = false;
	fib_look();
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "sync\n");
	assert_true(fib_idle());
}

static unsigned sizes[16], n_sizes;
static void (*next_allowed)(const struct msg_allowed *m);

static void on_allowed(const struct msg_allowed *m)
{
	assert_true(n_sizes < ARRAY_SIZE(sizes));
	sizes[n_sizes++] = m->n;
	next_allowed(m);
}

static void burst(unsigned from, unsigned n)
{
	char text[32];

	for (unsigned i = from; i < from + n; i++) {
		snprintf(text, sizeof(text), "10.%u.%u.0/24", 16 + i / 256, i % 256);
		rig_bgp(text, "10.9.0.1");
	}
	n_sizes = 0;
	rig_settle();
}

static void expect_sizes(const unsigned *want, unsigned n)
{
	if (n_sizes == n && memcmp(sizes, want, n * sizeof(*want)) == 0)
		return;
	for (unsigned i = 0; i < n_sizes; i++)
		print_error("%u ", sizes[i]);
	fail_msg("sizes of messages");
}

/* The first ones of a burst wait for few, the others go in ever larger batches. */
static void test_sizes(void **state)
{
	static const unsigned whole[] = {4096, 1904}, grown[] = {256, 1024, 4096, 624},
			      few[] = {3};

	next_allowed = out.allowed;
	out.allowed = on_allowed;
	rig_settle();
	burst(0, 6000);
	expect_sizes(whole, ARRAY_SIZE(whole));
	burst(6000, 6000);
	expect_sizes(grown, ARRAY_SIZE(grown));
	burst(12000, 3);
	expect_sizes(few, ARRAY_SIZE(few));
}

/* --- the queue --- */

static void on_busy(bool busy)
{
	rig_say(busy ? "busy\n" : "not busy\n");
}

/* bgpd is to wait where too much is queued, until most of it is done. */
static void test_busy(void **state)
{
	static struct prefix p[65537];
	struct msg_routes m = {.prefixes = p};

	fib_open(on_busy);
	fib_wgd_away();
	for (unsigned i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = rig_prefix("20.0.0.0/32");
		p[i].b[1] = (uint8_t)(i >> 16);
		p[i].b[2] = (uint8_t)(i >> 8);
		p[i].b[3] = (uint8_t)i;
	}
	m.hops = (struct route_hops){.n = 1, .hop = {{.addr = rig_addr("198.51.100.7")}}};
	m.n_prefixes = 65536;
	rib_bgp_routes(&m, 0);
	assert_string_equal(rig_told(), "");
	m.n_prefixes = 1;
	m.prefixes = p + 65536;
	rib_bgp_routes(&m, 0);
	RIG_TOLD("busy\n");
	assert_int_equal(fib_counters.queued, 65537);
	for (unsigned i = 16383; i < 65536; i++)
		fib_dequeue(rib_find(&p[i]));
	RIG_TOLD("");
	fib_dequeue(rib_find(&p[65536]));
	RIG_TOLD("not busy\n");
	fib_dequeue(rib_find(&p[0]));
	RIG_TOLD("");
	assert_int_equal(fib_counters.queued, 16382);
}

/* Urgent ones overtake the others, and one is queued once. */
static void test_urgent(void **state)
{
	struct prefix a = rig_prefix("10.1.0.0/16"), b = rig_prefix("10.2.0.0/16");

	rig_bgp("10.1.0.0/16", "198.51.100.7");
	rig_bgp("10.2.0.0/16", "198.51.100.7");
	rig_bgp("10.3.0.0/16", "198.51.100.7");
	rig_told();
	fib_batch_max = 1;
	rig_bgp("10.1.0.0/16", "198.51.100.8");
	rig_bgp("10.2.0.0/16", "198.51.100.8");
	rig_bgp("10.3.0.0/16", "198.51.100.8");
	assert_false(fib_repairing());
	fib_dirty(rib_find(&b), true);
	assert_true(fib_repairing());
	fib_dirty(rib_find(&b), true);
	fib_dirty(rib_find(&b), false);
	fib_dirty(rib_find(&a), false);
	assert_int_equal(fib_counters.queued, 3);
	assert_int_equal(fib_counters.urgent, 1);
	RIG_TOLD("change 10.2.0.0/16 via 198.51.100.8 dev u0\n"
		 "change 10.1.0.0/16 via 198.51.100.8 dev u0\n"
		 "change 10.3.0.0/16 via 198.51.100.8 dev u0\n");
	assert_false(fib_repairing());
	assert_int_equal(fib_counters.queued, 0);
	fib_batch_max = 4096;
}

/* As long as wgd has not answered what is moved is not moved yet, whatever else is with it. */
static void test_repairing(void **state)
{
	out.nexthop_set = NULL;
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.2.4");
	rig_bgp("10.3.0.0/16", "10.9.0.1 10.9.1.2");
	rig_told();
	assert_false(fib_repairing());
	rig_silent = true;
	rig_bgp("10.2.0.0/16", "10.9.1.2");
	rig_told();
	assert_false(fib_repairing());
	rig_silent = false;
	rig_told();
	rig_silent = true;
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_DOWN);
	nexthop_run();
	rig_bgp("10.4.0.0/16", "10.9.1.2");
	rig_told();
	assert_int_equal(fib_counters.urgent, 0);
	assert_true(fib_repairing());
	rig_silent = false;
	rig_told();
	assert_false(fib_repairing());
}

/* --- entries without room --- */

enum { MANY_FIRST = 20, MANY = 18 };

static void many_if(uint32_t ifindex)
{
	struct msg_tunnel_if m = {.ifindex = ifindex, .up = true};
	char addr[16];

	snprintf(m.name, sizeof(m.name), "wg%u", ifindex);
	tunnel_if_told(&m);
	snprintf(addr, sizeof(addr), "10.9.%u.1", ifindex);
	rig_peer(ifindex, ifindex, addr, NULL, TUNNEL_UP);
}

static void by_eight(unsigned from)
{
	char hops[8 * 16] = "";

	for (unsigned i = from; i < from + 8; i++)
		sprintf(hops + strlen(hops), "10.9.%u.1 ", MANY_FIRST + i);
	rig_bgp("10.1.0.0/16", hops);
}

/* A prefix has entries on FIB_OWNERS_MAX interfaces: the ones that it is to have, then those that
 * linger as long as there is room. */
static void test_room(void **state)
{
	for (uint32_t i = MANY_FIRST; i < MANY_FIRST + MANY; i++)
		many_if(i);
	rig_told();
	out.nexthop_set = NULL;
	by_eight(0);
	RIG_TOLD("set 10.1.0.0/16 p20\n"
		 "set 10.1.0.0/16 p21\n"
		 "set 10.1.0.0/16 p22\n"
		 "set 10.1.0.0/16 p23\n"
		 "set 10.1.0.0/16 p24\n"
		 "set 10.1.0.0/16 p25\n"
		 "set 10.1.0.0/16 p26\n"
		 "set 10.1.0.0/16 p27\n"
		 "add 10.1.0.0/16 dev \n");
	by_eight(8);
	RIG_TOLD("set 10.1.0.0/16 p28\n"
		 "set 10.1.0.0/16 p29\n"
		 "set 10.1.0.0/16 p30\n"
		 "set 10.1.0.0/16 p31\n"
		 "set 10.1.0.0/16 p32\n"
		 "set 10.1.0.0/16 p33\n"
		 "set 10.1.0.0/16 p34\n"
		 "set 10.1.0.0/16 p35\n"
		 "change 10.1.0.0/16 dev \n");
	rig_bgp("10.1.0.0/16", "10.9.36.1 10.9.37.1");
	RIG_TOLD("set 10.1.0.0/16 p36\n"
		 "set 10.1.0.0/16 p37\n"
		 "change 10.1.0.0/16 dev \n"
		 "unset 10.1.0.0/16 p34\n"
		 "unset 10.1.0.0/16 p35\n");
	rig_pass(4000);
	RIG_TOLD("unset 10.1.0.0/16 p20\n"
		 "unset 10.1.0.0/16 p21\n"
		 "unset 10.1.0.0/16 p22\n"
		 "unset 10.1.0.0/16 p23\n"
		 "unset 10.1.0.0/16 p24\n"
		 "unset 10.1.0.0/16 p25\n"
		 "unset 10.1.0.0/16 p26\n"
		 "unset 10.1.0.0/16 p27\n"
		 "unset 10.1.0.0/16 p28\n"
		 "unset 10.1.0.0/16 p29\n"
		 "unset 10.1.0.0/16 p30\n"
		 "unset 10.1.0.0/16 p31\n"
		 "unset 10.1.0.0/16 p32\n"
		 "unset 10.1.0.0/16 p33\n");
}

/* --- refusals --- */

/* A route of somebody else with the metric of ours: a reading is asked for, and at once tried again
 * when that one is gone or has another metric. */
static void test_in_the_way(void **state)
{
	rig_route_error = -EEXIST;
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 dev wg0\n"
		 "refused 10.1.0.0/16 by all foreign-route\n"
		 "resync: a route of somebody else is in the way\n"
		 "unset 10.1.0.0/16 p1\n");
	rig_pass(500);
	RIG_TOLD("");
	rig_route_error = 0;
	rig_kernel(true, "10.1.0.0/16", RTPROT_STATIC, 179, RIG_U1, NULL);
	rig_kernel(true, "10.1.0.0/16", RTPROT_STATIC, 180, RIG_U1, NULL);
	RIG_TOLD("redist +kernel 10.1.0.0/16 metric 179\n");
	rig_kernel(false, "10.1.0.0/16", RTPROT_STATIC, 180, RIG_U1, NULL);
	RIG_TOLD("");
	rig_kernel(false, "10.1.0.0/16", RTPROT_STATIC, 179, RIG_U1, NULL);
	RIG_TOLD("cleared 10.1.0.0/16 by all foreign-route\n"
		 "redist -kernel 10.1.0.0/16 metric 0\n"
		 "set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 dev wg0\n");
}

/* What the kernel refuses is tried again when its time has come, or when something came up that it
 * may have waited for, and not when it is another route by then. */
static void test_refused(void **state)
{
	struct prefix p = rig_prefix("10.1.0.0/16");

	rig_route_error = -ENOMEM;
	rig_bgp("10.1.0.0/16", "198.51.100.7 198.51.100.8");
	RIG_TOLD("add 10.1.0.0/16 via 198.51.100.7 dev u0\n"
		 "refused 10.1.0.0/16 by 198.51.100.7 kernel-error\n"
		 "add 10.1.0.0/16 via 198.51.100.8 dev u0\n"
		 "refused 10.1.0.0/16 by 198.51.100.8 kernel-error\n");
	assert_int_equal(fib_retry_of(rib_find(&p))->error, -ENOMEM);
	fib_retry_kick();
	RIG_TOLD("cleared 10.1.0.0/16 by 198.51.100.8 kernel-error\n"
		 "cleared 10.1.0.0/16 by 198.51.100.7 kernel-error\n"
		 "add 10.1.0.0/16 via 198.51.100.7 dev u0\n"
		 "refused 10.1.0.0/16 by 198.51.100.7 kernel-error\n"
		 "add 10.1.0.0/16 via 198.51.100.8 dev u0\n"
		 "refused 10.1.0.0/16 by 198.51.100.8 kernel-error\n");
	rig_pass(3000);
	RIG_TOLD("");
	rig_route_error = 0;
	rig_bgp("10.1.0.0/16", "198.51.100.9"); /* another one */
	RIG_TOLD("add 10.1.0.0/16 via 198.51.100.9 dev u0\n");
	rig_pass(60000);
	RIG_TOLD("cleared 10.1.0.0/16 by 198.51.100.8 kernel-error\n"
		 "cleared 10.1.0.0/16 by 198.51.100.7 kernel-error\n");
	rig_delete_error = -EPERM;
	rig_bgp("10.1.0.0/16", "");
	RIG_TOLD("del 10.1.0.0/16 via 198.51.100.9 dev u0\n"
		 "refused 10.1.0.0/16 by all kernel-error\n");
	rig_pass(10000);
	RIG_TOLD("cleared 10.1.0.0/16 by all kernel-error\n"
		 "del 10.1.0.0/16 via 198.51.100.9 dev u0\n"
		 "refused 10.1.0.0/16 by all kernel-error\n");
	rig_delete_error = 0;
	rig_pass(RETRY_MAX_MS);
	RIG_TOLD("cleared 10.1.0.0/16 by all kernel-error\n"
		 "del 10.1.0.0/16 via 198.51.100.9 dev u0\n");
	rig_pass(3 * RETRY_MAX_MS);
	assert_null(rib_find(&p));
}

/* What goes with it, refused by wgd: the entry, not the route; and again by its own word. */
static void test_refused_next_to_it(void **state)
{
	struct msg_allowed_refused m = {.peer_id = 2, .reason = REASON_NONE};

	rig_refused = "10.1.0.0/16";
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2 198.51.100.7");
	rig_bgp("10.2.0.0/16", "10.9.0.1 10.9.1.2");
	RIG_TOLD("object 1 new dev wg0\n"
		 "set 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p2\n"
		 "set 10.2.0.0/16 p1\n"
		 "set 10.2.0.0/16 p2\n"
		 "refused 10.1.0.0/16 by 10.9.1.2 foreign-allowed-ip\n"
		 "refused 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
		 "add 10.2.0.0/16 object 1\n"
		 "add 10.1.0.0/16 via 198.51.100.7 dev u0\n");
	rig_refused = NULL;
	m.prefix = rig_prefix("10.1.0.0/16");
	fib_allowed_refused(&m);
	RIG_TOLD("cleared 10.1.0.0/16 by 10.9.1.2 foreign-allowed-ip\n"
		 "set 10.1.0.0/16 p2\n"
		 "change 10.1.0.0/16 dev wg1\n");
	m.peer_id = 1;
	fib_allowed_refused(&m);
	RIG_TOLD("cleared 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
		 "set 10.1.0.0/16 p1\n"
		 "change 10.1.0.0/16 object 1\n");
}

/* Two entries are handed over, and then the kernel keeps the route: they stay where they are by
 * then, and are known to. */
static void test_given_and_kept(void **state)
{
	rig_peer(5, RIG_WG1, "10.9.1.5", NULL, TUNNEL_UP);
	rig_bgp("10.0.0.0/8", "10.9.0.3*1 10.9.1.5*1");
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	rig_told();
	rig_delete_error = -EPERM;
	rig_bgp("10.1.0.0/16", "");
	RIG_TOLD("set 10.1.0.0/16 p3\n"
		 "set 10.1.0.0/16 p5\n"
		 "del 10.1.0.0/16 object 4\n"
		 "refused 10.1.0.0/16 by all kernel-error\n");
	rig_delete_error = 0;
	rig_pass(RETRY_MAX_MS);
	RIG_TOLD("cleared 10.1.0.0/16 by all kernel-error\n"
		 "del 10.1.0.0/16 object 4\n"
		 "unset 10.1.0.0/16 p3\n"
		 "unset 10.1.0.0/16 p5\n"
		 "object 4 del\n");
}

/* The same with entries that wgd does not move. */
static void test_given_to_nobody(void **state)
{
	rig_peer(5, RIG_WG1, "10.9.1.5", NULL, TUNNEL_UP);
	rig_bgp("10.0.0.0/8", "10.9.0.3*1 10.9.1.5*1");
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	rig_told();
	rig_delete_error = -EPERM;
	rig_refused = "10.1.0.0/16";
	rig_bgp("10.1.0.0/16", "");
	RIG_TOLD("set 10.1.0.0/16 p3\n"
		 "set 10.1.0.0/16 p5\n"
		 "unset 10.1.0.0/16 p2\n"
		 "unset 10.1.0.0/16 p1\n"
		 "del 10.1.0.0/16 object 4\n"
		 "refused 10.1.0.0/16 by all kernel-error\n"
		 "set 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p2\n");
}

/* Somebody else's route covers it: who gets the packets is the peer that has that address. */
static void test_covered_by_others(void **state)
{
	rig_peer(5, RIG_WG0, "10.8.0.0", NULL, TUNNEL_UP);
	rig_peer(6, RIG_WG0, "11.8.0.0", NULL, TUNNEL_UP);
	rig_peer(7, RIG_WG0, "12.8.0.0", NULL, TUNNEL_UP);
	rig_kernel(true, "10.0.0.0/8", RTPROT_STATIC, 5, RIG_WG0, NULL);
	rig_kernel(true, "11.0.0.0/8", RTPROT_STATIC, 5, RIG_U0, NULL);
	rig_kernel(true, "12.0.0.0/8", RTPROT_STATIC, 5, RIG_WG0, NULL);
	rig_bgp("10.8.0.0/16", "10.9.0.1");
	rig_bgp("11.8.0.0/16", "10.9.0.1");
	rig_bgp("12.8.0.0/16", "10.9.0.1");
	rig_bgp("10.7.0.0/16", "10.9.0.1"); /* nobody's address */
	rig_told();
	rig_bgp("10.8.0.0/16", "");
	rig_bgp("11.8.0.0/16", "");
	rig_bgp("12.8.0.0/16", "");
	rig_bgp("10.7.0.0/16", "");
	RIG_TOLD("set 10.8.0.0/16 p5\n"
		 "set 12.8.0.0/16 p7\n"
		 "del 10.7.0.0/16 dev wg0\n"
		 "del 12.8.0.0/16 dev wg0\n"
		 "del 11.8.0.0/16 dev wg0\n"
		 "del 10.8.0.0/16 dev wg0\n"
		 "unset 10.8.0.0/16 p5\n"
		 "unset 11.8.0.0/16 p1\n"
		 "unset 12.8.0.0/16 p7\n"
		 "unset 10.7.0.0/16 p1\n");
}

/* A route on a link that is down covers nothing, nor does one that the kernel refused. */
static void test_covered_by_none(void **state)
{
	struct prefix p = rig_prefix("11.0.0.0/8");

	rig_peer(5, RIG_WG0, "10.8.0.0", NULL, TUNNEL_UP);
	rig_peer(6, RIG_WG0, "11.8.0.0", NULL, TUNNEL_UP);
	rig_bgp("10.8.0.0/16", "10.9.0.1");
	rig_bgp("11.8.0.0/16", "10.9.0.1");
	rig_kernel(true, "10.0.0.0/8", RTPROT_STATIC, 5, RIG_WG0, NULL);
	rig_told();
	rig_route_error = -EPERM;
	rib_static_add(&p, NULL, RIG_WG0, RTN_UNICAST, 1, 0);
	RIG_TOLD("redist +static 11.0.0.0/8 metric 0\n"
		 "add 11.0.0.0/8 dev wg0\n"
		 "refused 11.0.0.0/8 by all kernel-error\n");
	rig_route_error = 0;
	rig_link_down[RIG_WG0] = true;
	rig_bgp("10.8.0.0/16", "");
	RIG_TOLD("del 10.8.0.0/16 dev wg0\n"
		 "unset 10.8.0.0/16 p1\n");
	rig_link_down[RIG_WG0] = false;
	rig_bgp("11.8.0.0/16", "");
	RIG_TOLD("del 11.8.0.0/16 dev wg0\n"
		 "unset 11.8.0.0/16 p1\n");
}

/* The entries of both planes that have a prefix are the interface's: its plane's go first. */
static void test_planes(void **state)
{
	struct prefix p = rig_prefix("10.1.0.0/16");
	struct addr hop = rig_addr("10.9.3.5");
	struct msg_allowed_refused m = {.peer_id = 5, .reason = REASON_WG_ERROR, .prefix = p};
	struct msg_routes r = {.n_prefixes = 1, .prefixes = &p};

	rig_configure("{'wireguard': {'interface': [{'name': 'wg3', 'peer': [" RIG_PERMIT_OF("p5") ", "
		      RIG_PERMIT_OF("p6") "]}]}, 'rib': {}, 'plane': [{'name': 'blue', 'number': 1, "
		      "'table': 101, 'interface': ['wg3']}]}");
	rig_peer(5, RIG_WG3, "10.9.3.5", NULL, TUNNEL_UP);
	rig_peer(6, RIG_WG3, "10.9.3.6", NULL, TUNNEL_UP);
	rig_told();
	hop.plane = 1;
	r.hops = (struct route_hops){.n = 1, .hop = {{.addr = hop}}};
	rib_bgp_routes(&r, 0); /* leaked into the main one */
	RIG_TOLD("set 10.1.0.0/16 p5\n"
		 "add 10.1.0.0/16 dev wg3\n");
	p.plane = 1;
	rib_bgp_routes(&r, 0);
	RIG_TOLD("set 10.1.0.0/16 p5\n"
		 "add 10.1.0.0/16 table 101 dev wg3\n");
	r.hops.hop[0].addr = rig_addr("10.9.3.6");
	r.hops.hop[0].addr.plane = 1;
	rib_bgp_routes(&r, 0); /* the plane's own gives the entry */
	RIG_TOLD("set 10.1.0.0/16 p6\n");
	p.plane = 0;
	rib_bgp_routes(&r, 0);
	RIG_TOLD("");
	p.plane = 1;
	r.hops.n = 0;
	rib_bgp_routes(&r, 0); /* the other one has it still */
	RIG_TOLD("del 10.1.0.0/16 table 101 dev wg3\n");
	rig_pass(4000);
	RIG_TOLD("");
	m.peer_id = 6;
	fib_allowed_refused(&m);
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.3.6 wireguard-error\n"
		 "del 10.1.0.0/16 dev wg3\n");
	m.reason = REASON_NONE;
	fib_allowed_refused(&m);
	RIG_TOLD("cleared 10.1.0.0/16 by 10.9.3.6 wireguard-error\n"
		 "set 10.1.0.0/16 p6\n"
		 "add 10.1.0.0/16 dev wg3\n");
	/* A new wgd hears it once, whoever has it. */
	next_wgd();
	rig_peer(5, RIG_WG3, "10.9.3.5", NULL, TUNNEL_UP);
	rig_peer(6, RIG_WG3, "10.9.3.6", NULL, TUNNEL_UP);
	held(5, "10.1.0.0/16");
	held(5, "10.2.0.0/16");
	next_wgd_synced();
	RIG_TOLD("set 10.1.0.0/16 p6\n"
		 "unset 10.2.0.0/16 p5\n"
		 "sync\n");
	rig_pass(4000);
	RIG_TOLD("");
}

/* The same for what a plane got from the main one. */
static void test_leaked_from_main(void **state)
{
	struct prefix p = rig_prefix("10.1.0.0/16");
	struct addr hop = rig_addr("10.9.0.1");
	struct msg_routes r = {.n_prefixes = 1, .prefixes = &p};

	rig_configure("{" RIG_PERMIT ", 'rib': {}, 'plane': [{'name': 'blue', 'number': 1, 'table': "
		      "101}, {'name': 'red', 'number': 2, 'table': 102}]}");
	rig_told();
	r.hops = (struct route_hops){.n = 1, .hop = {{.addr = hop}}};
	p.plane = 2;
	rib_bgp_routes(&r, 0);
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 table 102 dev wg0\n");
	p.plane = 1;
	rib_bgp_routes(&r, 0);
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 table 101 dev wg0\n");
	rig_bgp("10.1.0.0/16", "10.9.0.3"); /* the interface's plane decides */
	RIG_TOLD("set 10.1.0.0/16 p3\n"
		 "add 10.1.0.0/16 dev wg0\n");
	r.hops.n = 0;
	p.plane = 1;
	rib_bgp_routes(&r, 0);
	RIG_TOLD("del 10.1.0.0/16 table 101 dev wg0\n"
		 "set 10.1.0.0/16 p3\n");
	rig_bgp("10.1.0.0/16", "10.9.1.2");
	RIG_TOLD("set 10.1.0.0/16 p2\n"
		 "change 10.1.0.0/16 dev wg1\n");
	rig_pass(4000);
	RIG_TOLD("set 10.1.0.0/16 p1\n");
	rig_bgp("10.1.0.0/16", "");
	RIG_TOLD("del 10.1.0.0/16 dev wg1\n"
		 "unset 10.1.0.0/16 p2\n");
	next_wgd();
	held(3, "10.1.0.0/16");
	next_wgd_synced();
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "sync\n");
	p.plane = 2;
	rib_bgp_routes(&r, 0);
	RIG_TOLD("del 10.1.0.0/16 table 102 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n");
}

/* What wgd refuses of a replay: the entry is lost, and the route with it. */
static void test_replay_refused(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.0.1 198.51.100.7");
	rig_bgp("10.2.0.0/16", "10.9.1.2");
	rig_told();
	next_wgd();
	rig_refused = "10.1.0.0/16";
	next_wgd_synced();
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "set 10.2.0.0/16 p2\n"
		 "sync\n"
		 "refused 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
		 "change 10.1.0.0/16 via 198.51.100.7 dev u0\n");
	rig_refused = NULL;
	assert_true(fib_idle());
	rig_pass(4000);
	RIG_TOLD("");
}

/* Only what wgd said is cleared by its word, of that peer alone. */
static void test_cleared(void **state)
{
	struct msg_allowed_refused m = {.peer_id = 1, .reason = REASON_WG_ERROR};

	m.prefix = rig_prefix("10.1.0.0/16");
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.0.3");
	rig_told();
	rig_kernel(true, "10.1.0.0/16", RTPROT_STATIC, 5, RIG_U1, NULL);
	fib_allowed_refused(&m);
	m.peer_id = 3;
	fib_allowed_refused(&m);
	RIG_TOLD("redist +kernel 10.1.0.0/16 metric 5\n"
		 "refused 10.1.0.0/16 by all lost-to-protocol\n"
		 "refused 10.1.0.0/16 by 10.9.0.1 wireguard-error\n"
		 "refused 10.1.0.0/16 by 10.9.0.3 wireguard-error\n"
		 "del 10.1.0.0/16 dev wg0\n");
	m.reason = REASON_NONE;
	fib_allowed_refused(&m);
	RIG_TOLD("cleared 10.1.0.0/16 by 10.9.0.3 wireguard-error\n");
	m.peer_id = 1;
	fib_allowed_refused(&m);
	fib_allowed_refused(&m);
	RIG_TOLD("cleared 10.1.0.0/16 by 10.9.0.1 wireguard-error\n");
	rig_kernel(false, "10.1.0.0/16", RTPROT_STATIC, 5, RIG_U1, NULL);
	RIG_TOLD("redist -kernel 10.1.0.0/16 metric 0\n"
		 "cleared 10.1.0.0/16 by all lost-to-protocol\n"
		 "set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 dev wg0\n");
}

/* What wgd refused is the peer's, not the address's: it ends with the peer. */
static void test_refused_peer_gone(void **state)
{
	rig_refused = "10.1.0.0/16";
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "refused 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n");
	rig_refused = NULL;
	tunnel_peer_gone(1);
	rig_peer(5, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	RIG_TOLD("cleared 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
		 "set 10.1.0.0/16 p5\n"
		 "add 10.1.0.0/16 dev wg0\n");
}

/* By a next hop behind another route: wgd's word of the peer clears it, and another way does. */
static void test_refused_recursively(void **state)
{
	struct msg_allowed_refused m = {.peer_id = 1, .prefix = rig_prefix("10.1.0.0/16")};

	rig_bgp("10.50.0.0/16", "10.9.0.1");
	rig_told();
	rig_refused = "10.1.0.0/16";
	rig_bgp("10.1.0.0/16", "10.50.0.1");
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "refused 10.1.0.0/16 by 10.50.0.1 foreign-allowed-ip\n");
	fib_allowed_refused(&m);
	RIG_TOLD("cleared 10.1.0.0/16 by 10.50.0.1 foreign-allowed-ip\n"
		 "set 10.1.0.0/16 p1\n"
		 "refused 10.1.0.0/16 by 10.50.0.1 foreign-allowed-ip\n");
	rig_refused = NULL;
	rig_bgp("10.50.0.0/16", "10.9.1.2");
	RIG_TOLD("set 10.50.0.0/16 p2\n"
		 "change 10.50.0.0/16 dev wg1\n"
		 "cleared 10.1.0.0/16 by 10.50.0.1 foreign-allowed-ip\n"
		 "set 10.1.0.0/16 p2\n"
		 "add 10.1.0.0/16 dev wg1\n");
}

/* A hop's gateway of another family gives no route; one by a static route's gateway does. */
static void test_gateways(void **state)
{
	rig_kernel(true, "192.0.2.0/24", RTPROT_STATIC, 5, RIG_U1, "198.51.100.9");
	rig_kernel(true, "2001:db8::/64", RTPROT_KERNEL, 0, RIG_U1, NULL);
	rig_told();
	rig_bgp("10.1.0.0/16", "192.0.2.7");
	rig_bgp("10.2.0.0/16", "2001:db8::7 198.51.100.7");
	rig_bgp("2001:db8:1::/48", "2001:db8::7");
	rig_bgp("2001:db8:2::/48", "10.9.0.1"); /* a tunnel has both families */
	RIG_TOLD("set 2001:db8:2::/48 p1\n"
		 "add 2001:db8:1::/48 via 2001:db8::7 dev u\n"
		 "add 2001:db8:2::/48 dev wg0\n"
		 "add 10.1.0.0/16 via 198.51.100.9 dev u\n"
		 "add 10.2.0.0/16 via 198.51.100.7 dev u0\n");
	rig_bgp("10.1.0.0/16", "192.0.2.7- 198.51.100.7");
	RIG_TOLD("change 10.1.0.0/16 via 198.51.100.7 dev u0\n");
}

/* While a pin is refused what it is for waits, and everything else goes on. */
static void test_waits_for_pin(void **state)
{
	rig_route_error = -ENOBUFS;
	rig_peer(5, RIG_WG2, "10.9.2.5", "203.0.113.1:51820", TUNNEL_UP);
	rig_bgp("203.0.113.0/24", "10.9.0.1");
	RIG_TOLD("add 10.9.2.5/32 dev wg2\n"
		 "add 203.0.113.1/32 via 198.51.100.254 dev u0\n"
		 "refused 10.9.2.5/32 by all kernel-error\n"
		 "refused 203.0.113.1/32 by all kernel-error\n"
		 "refused 203.0.113.0/24 by all covers-endpoint\n");
	rig_route_error = 0;
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 dev wg0\n");
	rig_pass(1100);
	RIG_TOLD("cleared 10.9.2.5/32 by all kernel-error\n"
		 "cleared 203.0.113.1/32 by all kernel-error\n"
		 "cleared 203.0.113.0/24 by all covers-endpoint\n"
		 "add 10.9.2.5/32 dev wg2\n"
		 "add 203.0.113.1/32 via 198.51.100.254 dev u0\n"
		 "set 203.0.113.0/24 p1\n"
		 "add 203.0.113.0/24 dev wg0\n");
	rig_bgp("203.0.113.0/24", "10.9.0.1 10.9.1.2");
	RIG_TOLD("object 1 new dev wg0\n"
		 "set 203.0.113.0/24 p2\n"
		 "change 203.0.113.0/24 object 1\n");
	tunnel_peer_gone(5);
	RIG_TOLD("del 203.0.113.1/32 via 198.51.100.254 dev u0\n"
		 "del 10.9.2.5/32 dev wg2\n");
}

/* Events bring many forward, again and again: each is looked at when its time comes. */
static void test_many_refused(void **state)
{
	enum { CROWD = 200 };
	char prefix[32];
	unsigned long before;

	rig_route_error = -ENOMEM;
	for (unsigned i = 0; i < CROWD; i++) {
		snprintf(prefix, sizeof(prefix), "10.1.%u.0/24", i);
		rig_bgp(prefix, "198.51.100.7");
	}
	rig_told();
	fib_retry_kick();
	rig_told();
	fib_retry_kick();
	before = loop_fake_looks;
	for (unsigned i = 0; i < 10; i++)
		fib_retry_kick();
	assert_true(loop_fake_looks - before < 10 * CROWD);
	rig_route_error = 0;
	rig_pass(200);
	assert_int_equal(fib_retry_lasting(), 0);
	assert_non_null(strstr(rig_told(), "add 10.1.199.0/24 via 198.51.100.7 dev u0\n"));
}

int main(void)
{
#define T(f) RIG_CHECK(f, setup)
	const struct CMUnitTest tests[] = {
		T(test_held),	   T(test_held_of_any), T(test_held_at_start),
		T(test_sync),	   T(test_growth),	T(test_no_growth),
		T(test_full),	   T(test_sizes),	T(test_busy),
		T(test_urgent),	   T(test_repairing),	T(test_room),	T(test_in_the_way),
		T(test_refused),   T(test_planes),	T(test_refused_next_to_it),
		T(test_given_and_kept), T(test_given_to_nobody), T(test_covered_by_others),
		T(test_covered_by_none),
		T(test_leaked_from_main),
		T(test_refused_peer_gone), T(test_refused_recursively),
		T(test_replay_refused), T(test_cleared), T(test_gateways), T(test_waits_for_pin),
		T(test_many_refused),
	};

	log_init("fib_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
