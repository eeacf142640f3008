/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel tells of its routes, ours and others', by notifications and by readings: what
 * follows in the RIB, in the kernel and for bgpd. And the entries of a prefix over its life.
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
#include "keepin.h"
#include "log.h"
#include "loop_fake.h"
#include "nexthop.h"
#include "retry.h"
#include "rib.h"
#include "rib_kernel.h"
#include "rig.h"
#include "tunnel.h"
#include "zconfig.h"

static int setup(void **state)
{
	rig_begin();
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	rig_peer(3, RIG_WG0, "10.9.0.3", NULL, TUNNEL_UP);
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_told();
	return 0;
}

static void tell(struct kroute r, bool present)
{
	rib_kernel_route(&r, present);
}

/* What stands in the kernel as the RIB wants it. */
static void read_usual(void)
{
	rig_kernel(true, "198.51.100.0/24", RTPROT_KERNEL, 0, RIG_U0, NULL);
	rig_kernel(true, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U0, "198.51.100.254");
	tell(rig_ours("10.9.0.1/32", RIG_WG0), true);
	tell(rig_ours("10.9.1.2/32", RIG_WG1), true);
	tell(rig_ours("10.9.0.3/32", RIG_WG0), true);
}

static void done(void)
{
	rig_say("read\n");
}

/* Ours that somebody deletes, turns, or takes the place of come back, and are counted. */
static uint32_t n_kept;

static void count_kept(uint32_t kept)
{
	n_kept = kept;
}

static void test_drift(void **state)
{
	struct kroute r = rig_ours("10.1.0.0/16", RIG_WG0);
	uint64_t drift = fib_counters.drift;

	tell(r, false);
	RIG_TOLD("add 10.1.0.0/16 dev wg0\n");
	assert_int_equal(fib_counters.drift, drift + 1);
	tell(rig_ours("10.1.0.0/16", RIG_WG1), false); /* not the one that we have */
	RIG_TOLD("");
	tell(rig_ours("10.1.0.0/16", RIG_WG1), true);
	RIG_TOLD("change 10.1.0.0/16 dev wg0\n");
	assert_int_equal(fib_counters.drift, drift + 2);
	r.gateway = rig_addr("192.0.2.1");
	tell(r, true);
	RIG_TOLD("change 10.1.0.0/16 dev wg0\n");
	r = rig_ours("10.1.0.0/16", 0);
	r.type = RTN_BLACKHOLE;
	tell(r, true);
	RIG_TOLD("change 10.1.0.0/16 dev wg0\n");
	assert_int_equal(fib_counters.drift, drift + 4);
	assert_int_equal(fib_counters.drift_ms, now_ms());
	r = rig_ours("10.1.0.0/16", RIG_U1);
	r.protocol = RTPROT_STATIC;
	r.replaced = true;
	tell(r, true);
	RIG_TOLD("redist +kernel 10.1.0.0/16 metric 179\n"
		 "refused 10.1.0.0/16 by all lost-to-protocol\n"
		 "unset 10.1.0.0/16 p1\n");
	assert_int_equal(fib_counters.drift, drift + 5);
	/* With its link: nobody's drift. */
	rig_link_fallen = true;
	tell(r, false);
	rig_told();
	rig_link_fallen = false;
	assert_int_equal(fib_counters.drift, drift + 5);
}

static void test_fallen(void **state)
{
	uint64_t drift = fib_counters.drift, flushed = fib_counters.flushed;

	rig_link_fallen = true;
	tell(rig_ours("10.1.0.0/16", RIG_WG0), false);
	RIG_TOLD("add 10.1.0.0/16 dev wg0\n");
	assert_int_equal(fib_counters.drift, drift);
	assert_int_equal(fib_counters.flushed, flushed + 1);
}

/* An address alone in its network has no route in the kernel's main table, and is connected. */
static void test_host_address(void **state)
{
	struct kaddr a = {.ifindex = RIG_U1, .local = rig_addr("192.0.2.7")}, b = a;

	a.subnet = rig_prefix("192.0.2.7/32");
	b.subnet = rig_prefix("192.0.2.0/24"); /* its route is told of as such */
	rig_watch("192.0.2.7");
	rig_told();
	rib_kernel_addr(&b, true);
	RIG_TOLD("");
	rib_kernel_addr(&a, true);
	RIG_TOLD("redist +connected 192.0.2.7/32 metric 0\n"); /* and no next hop is there */
	rib_kernel_addr(&a, true);
	RIG_TOLD("");
	rig_bgp("192.0.2.7/32", "10.9.0.1");
	RIG_TOLD("refused 192.0.2.7/32 by all lost-to-protocol\n");
	rig_bgp("192.0.2.7/32", "");
	rig_told();
	rib_kernel_addr(&a, false);
	RIG_TOLD("redist -connected 192.0.2.7/32 metric 0\n"
		 "cleared 192.0.2.7/32 by all lost-to-protocol\n");
	rib_kernel_addr(&a, true);
	b.local = rig_addr("fd00::7");
	b.subnet = rig_prefix("fd00::7/128");
	rib_kernel_addr(&b, true);
	RIG_TOLD("redist +connected 192.0.2.7/32 metric 0\n");
	rib_kernel_begin(); /* which does not find it */
	read_usual();
	tell(rig_ours("10.1.0.0/16", RIG_WG0), true);
	rib_kernel_end(done);
	RIG_TOLD("redist -connected 192.0.2.7/32 metric 0\n"
		 "read\n");
}

/* A route to it that takes the place of another one takes none of the address's. */
static void test_host_address_stays(void **state)
{
	struct kaddr a = {.ifindex = RIG_U1, .local = rig_addr("192.0.2.7")};
	struct kroute r = {.prefix = rig_prefix("192.0.2.7/32"),
			   .table = 254,
			   .oif = RIG_U0,
			   .protocol = RTPROT_STATIC,
			   .type = RTN_UNICAST,
			   .replaced = true};

	a.subnet = r.prefix;
	rib_kernel_addr(&a, true);
	rig_told();
	tell(r, true);
	RIG_TOLD("redist +kernel 192.0.2.7/32 metric 0\n"); /* beside it */
	r.replaced = false;
	tell(r, false);
	RIG_TOLD("redist -kernel 192.0.2.7/32 metric 0\n");
	rib_kernel_addr(&a, false);
	RIG_TOLD("redist -connected 192.0.2.7/32 metric 0\n");
}

/* A reading: what it does not see is gone, what it sees and nobody wants goes. */
static void test_reading(void **state)
{
	rig_kernel(true, "10.2.0.0/16", RTPROT_STATIC, 5, RIG_U1, "198.51.100.9");
	rig_kernel(true, "10.2.0.0/16", RTPROT_STATIC, 6, RIG_U0, NULL);
	rig_kernel(true, "10.3.0.0/16", RTPROT_KERNEL, 0, RIG_U1, NULL);
	RIG_TOLD("redist +kernel 10.2.0.0/16 metric 5\n"
		 "redist +connected 10.3.0.0/16 metric 0\n");
	rib_kernel_begin();
	read_usual();
	tell(rig_ours("10.1.0.0/16", RIG_WG0), true);
	rig_kernel(true, "10.2.0.0/16", RTPROT_STATIC, 6, RIG_U0, NULL);
	RIG_TOLD("");
	rib_kernel_end(done);
	RIG_TOLD("redist +kernel 10.2.0.0/16 metric 6\n"
		 "redist -connected 10.3.0.0/16 metric 0\n"
		 "read\n");
	rib_kernel_begin();
	read_usual();
	tell(rig_ours("10.5.0.0/16", RIG_WG0), true);
	rib_kernel_end(NULL);
	RIG_TOLD("del 10.5.0.0/16 dev wg0\n"
		 "redist -kernel 10.2.0.0/16 metric 0\n"
		 "add 10.1.0.0/16 dev wg0\n");
	/* One that we wrote since it began is newer than what it says. */
	rib_kernel_begin();
	rig_bgp("10.1.0.0/16", "10.9.1.2");
	RIG_TOLD("set 10.1.0.0/16 p2\n"
		 "change 10.1.0.0/16 dev wg1\n");
	tell(rig_ours("10.1.0.0/16", RIG_WG0), true);
	read_usual();
	rib_kernel_end(done);
	RIG_TOLD("read\n");
}

/* Of an earlier life: kept until somebody wants it or the sweep; with another metric: taken out. */
static void test_adopted(void **state)
{
	struct kroute stray = rig_ours("10.6.0.0/16", RIG_WG0);

	rig_bgp("10.1.0.0/16", "");
	rig_settle();
	fib_reset();
	stray.metric = 999;
	rib_kernel_begin();
	read_usual();
	tell(rig_ours("10.5.0.0/16", RIG_WG0), true);
	tell(rig_ours("10.7.0.0/16", RIG_WG1), true);
	tell(stray, true);
	rib_kernel_end(NULL);
	fib_kernel_ready();
	fib_wgd_synced();
	rig_told();
	rib_redist_all(count_kept);
	assert_int_equal(n_kept, 2);
	rig_told();
	rig_bgp("10.7.0.0/16", "10.9.1.2");
	RIG_TOLD("set 10.7.0.0/16 p2\n");
	rig_bgp("10.5.0.0/16",
		""); /* it was told of it, and has nothing for it: not at the sweep */
	RIG_TOLD("del 10.5.0.0/16 dev wg0\n");
	fib_swept();
	rib_kernel_take_strays();
	RIG_TOLD("resync: routes of ours with another metric\n"
		 "sync\n");
	rib_kernel_begin();
	tell(stray, true);
	rib_kernel_end(NULL);
	RIG_TOLD("del 10.6.0.0/16 metric 999 dev wg0\n"
		 "redist -connected 198.51.100.0/24 metric 0\n"
		 "redist -kernel 0.0.0.0/0 metric 0\n"
		 "add 10.9.0.1/32 dev wg0\n"
		 "add 10.9.1.2/32 dev wg1\n"
		 "add 10.9.0.3/32 dev wg0\n"
		 "add 10.7.0.0/16 dev wg1\n");
}

static void say_kept(const struct route_hops *hops, const struct prefix *p)
{
	for (unsigned i = 0; i < hops->n; i++)
		rig_say("kept %s by %s\n", PREFIX_STR(p), ADDR_STR(&hops->hop[i].addr));
}

/* The link-local gateway of an adopted route is the one on its link: bgpd's neighbour there. */
static void test_adopted_on_link(void **state)
{
	struct kroute r = rig_ours("fd00:5::/48", RIG_U0);

	r.gateway = rig_addr("fe80::1");
	fib_reset();
	out.kept = say_kept;
	rib_kernel_begin();
	read_usual();
	tell(r, true);
	rib_kernel_end(NULL);
	rig_told();
	rib_redist_all(NULL);
	assert_non_null(strstr(rig_told(), "kept fd00:5::/48 by fe80::1%u0\n"));
}

/* By each way of a multipath route: bgpd waits for all of its neighbours. */
static void test_adopted_ways(void **state)
{
	struct kroute r = rig_ours("fd00:5::/48", RIG_U0);

	r.gateway = rig_addr("fe80::1");
	r.n_ways = 2;
	r.way[0] = (struct way){RIG_U0, 1, r.gateway};
	r.way[1] = (struct way){RIG_U1, 1, rig_addr("fe80::2")};
	fib_reset();
	out.kept = say_kept;
	rib_kernel_begin();
	read_usual();
	tell(r, true);
	rib_kernel_end(NULL);
	rig_told();
	rib_redist_all(NULL);
	assert_non_null(strstr(rig_told(), "kept fd00:5::/48 by fe80::1%u0\n"
					   "kept fd00:5::/48 by fe80::2%u\n"));
}

/* Two tunnels to one router: the one that is not the better one is said with its link. */
static void test_adopted_by_the_other_tunnel(void **state)
{
	struct msg_tunnel_if any = {.up = true, .any = true};

	for (uint32_t i = RIG_WG2; i <= RIG_WG3; i++) {
		any.ifindex = i;
		str_copy(any.name, rig_link_name(i), sizeof(any.name));
		tunnel_if_told(&any);
		rig_peer(i, i, "10.9.2.9", NULL, TUNNEL_UP);
	}
	fib_reset();
	out.kept = say_kept;
	rib_kernel_begin();
	read_usual();
	tell(rig_ours("10.5.0.0/16", RIG_WG2), true);
	tell(rig_ours("10.6.0.0/16", RIG_WG3), true);
	rib_kernel_end(NULL);
	rig_told();
	rib_redist_all(NULL);
	assert_non_null(strstr(rig_told(), "kept 10.5.0.0/16 by 10.9.2.9\n"
					   "kept 10.6.0.0/16 by 10.9.2.9%wg3\n"));
}

/* A place that was taken when a route was to be added, and that is empty when the tables are read:
 * the route comes when it may be tried again. */
static void test_place_is_empty(void **state)
{
	rig_told();
	rig_route_error = -EEXIST;
	rig_bgp("10.8.0.0/16", "10.9.0.1");
	rig_told();
	rig_route_error = 0;
	rib_kernel_begin();
	read_usual();
	tell(rig_ours("10.1.0.0/16", RIG_WG0), true);
	rib_kernel_end(NULL);
	RIG_TOLD("cleared 10.8.0.0/16 by all foreign-route\n");
	rig_pass(RETRY_FIRST_MS + 100);
	RIG_TOLD("set 10.8.0.0/16 p1\n"
		 "add 10.8.0.0/16 dev wg0\n");
}

/* What there is to redistribute, and what is of no interest. */
static void test_redistributed(void **state)
{
	static const char *const no[] = {"127.0.0.0/8",	   "127.5.0.0/16", "224.0.0.0/4",
					 "239.1.0.0/16",   "fe80::/64",	   "ff00::/8",
					 "ff02::1/128",	   "::1/128",	   "169.254.0.0/16",
					 "169.254.7.0/24", "240.0.0.0/4"};
	static const char *const yes[] = {"126.0.0.0/8", "128.0.0.0/8", "223.255.255.0/24",
					  "fd00::/8",	 "::2/128",	"::/1",
					  "fe00::/9"};
	static const uint8_t protocols[] = {RTPROT_KERNEL, RTPROT_STATIC, RTPROT_BOOT, RTPROT_BGP};

	for (unsigned i = 0; i < ARRAY_SIZE(no); i++)
		rig_kernel(true, no[i], RTPROT_STATIC, 1, RIG_U1, NULL);
	RIG_TOLD("");
	for (unsigned i = 0; i < ARRAY_SIZE(yes); i++)
		rig_kernel(true, yes[i], RTPROT_STATIC, i, RIG_U1, NULL);
	RIG_TOLD("redist +kernel 126.0.0.0/8 metric 0\n"
		 "redist +kernel 128.0.0.0/8 metric 1\n"
		 "redist +kernel 223.255.255.0/24 metric 2\n"
		 "redist +kernel fd00::/8 metric 3\n"
		 "redist +kernel ::2/128 metric 4\n"
		 "redist +kernel ::/1 metric 5\n"
		 "redist +kernel fe00::/9 metric 6\n");
	for (unsigned i = 0; i < ARRAY_SIZE(protocols); i++) {
		char p[32];

		snprintf(p, sizeof(p), "20.%u.0.0/16", i);
		rig_kernel(true, p, protocols[i], i, RIG_U1, NULL);
		snprintf(p, sizeof(p), "21.%u.0.0/16", i);
		rig_kernel(true, p, protocols[i], i, RIG_U1, "198.51.100.9");
	}
	RIG_TOLD("redist +connected 20.0.0.0/16 metric 0\n"
		 "redist +kernel 21.0.0.0/16 metric 0\n"
		 "redist +kernel 20.1.0.0/16 metric 1\n"
		 "redist +kernel 21.1.0.0/16 metric 1\n"
		 "redist +kernel 20.2.0.0/16 metric 2\n"
		 "redist +kernel 21.2.0.0/16 metric 2\n"
		 "redist +kernel 20.3.0.0/16 metric 3\n"
		 "redist +kernel 21.3.0.0/16 metric 3\n");
	rib_redist_all(count_kept);
	RIG_TOLD("redist +connected 198.51.100.0/24 metric 0\n"
		 "redist +kernel 0.0.0.0/0 metric 100\n"
		 "redist +kernel 126.0.0.0/8 metric 0\n"
		 "redist +kernel 128.0.0.0/8 metric 1\n"
		 "redist +kernel 223.255.255.0/24 metric 2\n"
		 "redist +connected 20.0.0.0/16 metric 0\n"
		 "redist +kernel 21.0.0.0/16 metric 0\n"
		 "redist +kernel 20.1.0.0/16 metric 1\n"
		 "redist +kernel 21.1.0.0/16 metric 1\n"
		 "redist +kernel 20.2.0.0/16 metric 2\n"
		 "redist +kernel 21.2.0.0/16 metric 2\n"
		 "redist +kernel 20.3.0.0/16 metric 3\n"
		 "redist +kernel 21.3.0.0/16 metric 3\n"
		 "redist +kernel fd00::/8 metric 3\n"
		 "redist +kernel ::2/128 metric 4\n"
		 "redist +kernel ::/1 metric 5\n"
		 "redist +kernel fe00::/9 metric 6\n");
	/* By a link that is down there is nothing. */
	rig_link_down[RIG_U1] = true;
	rib_kernel_link_changed(RIG_U1);
	rib_kernel_link_changed(RIG_U0);
	RIG_TOLD("redist -kernel 126.0.0.0/8 metric 0\n"
		 "redist -kernel 128.0.0.0/8 metric 0\n"
		 "redist -kernel 223.255.255.0/24 metric 0\n"
		 "redist -connected 20.0.0.0/16 metric 0\n"
		 "redist -kernel 21.0.0.0/16 metric 0\n"
		 "redist -kernel 20.1.0.0/16 metric 0\n"
		 "redist -kernel 21.1.0.0/16 metric 0\n"
		 "redist -kernel 20.2.0.0/16 metric 0\n"
		 "redist -kernel 21.2.0.0/16 metric 0\n"
		 "redist -kernel 20.3.0.0/16 metric 0\n"
		 "redist -kernel 21.3.0.0/16 metric 0\n"
		 "redist -kernel fd00::/8 metric 0\n"
		 "redist -kernel ::2/128 metric 0\n"
		 "redist -kernel ::/1 metric 0\n"
		 "redist -kernel fe00::/9 metric 0\n");
	rig_link_down[RIG_U1] = false;
	rib_kernel_link_changed(RIG_U0);
	RIG_TOLD("");
}

/* The networks of a plane's interfaces, which the kernel has in its main table, are in the plane's,
 * too. */
static void test_plane(void **state)
{
	rig_configure("{" RIG_PERMIT
		      ", 'rib': {}, 'plane': [{'name': 'blue', 'number': 1, 'table': "
		      "101, 'interface': ['u']}]}");
	rig_told();
	rig_kernel(true, "10.20.0.0/24", RTPROT_KERNEL, 0, RIG_U1, NULL);
	RIG_TOLD("redist +connected 10.20.0.0/24 metric 0\n"
		 "add 10.20.0.0/24 table 101 dev u\n");
	rib_kernel_addr(&(struct kaddr){.ifindex = RIG_U1,
					.local = rig_addr("10.23.0.1"),
					.subnet = rig_prefix("10.23.0.1/32")},
			true);
	RIG_TOLD("redist +connected 10.23.0.1/32 metric 0\n"); /* no route of the plane's table */
	rig_kernel(true, "10.21.0.0/24", RTPROT_KERNEL, 0, RIG_U0, NULL);
	rig_kernel(true, "10.22.0.0/24", RTPROT_STATIC, 0, RIG_U1, NULL);
	RIG_TOLD("redist +connected 10.21.0.0/24 metric 0\n"
		 "redist +kernel 10.22.0.0/24 metric 0\n");
	rig_kernel(false, "10.20.0.0/24", RTPROT_KERNEL, 0, RIG_U1, NULL);
	RIG_TOLD("redist -connected 10.20.0.0/24 metric 0\n"
		 "del 10.20.0.0/24 table 101 dev u\n");
}

/* --- entries --- */

/* On another interface the old entry stays for 3 s; where its path is in the list, and down,
 * too. */
static void test_linger(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.1.2");
	RIG_TOLD("set 10.1.0.0/16 p2\n"
		 "change 10.1.0.0/16 dev wg1\n");
	rig_pass(2980);
	RIG_TOLD("");
	assert_int_equal(fib_counters.lingering, 1);
	rig_pass(30);
	RIG_TOLD("unset 10.1.0.0/16 p1\n");
	assert_int_equal(fib_counters.lingering, 0);
	rig_bgp("10.1.0.0/16", "10.9.1.2 10.9.0.1");
	RIG_TOLD("object 1 new dev wg1\n"
		 "set 10.1.0.0/16 p1\n"
		 "change 10.1.0.0/16 object 1\n");
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_DOWN);
	rig_pass(10000);
	RIG_TOLD("");
	rig_bgp("10.1.0.0/16", "10.9.1.2 10.9.0.1 10.9.0.3");
	RIG_TOLD("set 10.1.0.0/16 p3\n");
	rig_bgp("10.1.0.0/16", "10.9.1.2");
	rig_pass(1000);
	rig_bgp("10.2.0.0/16", "10.9.0.3");
	rig_settle();
	rig_bgp("10.2.0.0/16", "10.9.1.2");
	RIG_TOLD("change 10.1.0.0/16 dev wg1\n"
		 "object 1 del\n"
		 "set 10.2.0.0/16 p3\n"
		 "add 10.2.0.0/16 dev wg0\n"
		 "set 10.2.0.0/16 p2\n"
		 "change 10.2.0.0/16 dev wg1\n");
	rig_pass(2010);
	RIG_TOLD("unset 10.1.0.0/16 p3\n");
	assert_int_equal(fib_counters.lingering, 1);
	rig_pass(1000);
	RIG_TOLD("unset 10.2.0.0/16 p3\n");
	/* Wanted again meanwhile. */
	rig_bgp("10.2.0.0/16", "10.9.0.3");
	rig_pass(1000);
	rig_told();
	rig_bgp("10.2.0.0/16", "10.9.1.2");
	RIG_TOLD("change 10.2.0.0/16 dev wg1\n");
	rig_bgp("10.2.0.0/16", "");
	RIG_TOLD("del 10.2.0.0/16 dev wg1\n"
		 "unset 10.2.0.0/16 p3\n"
		 "unset 10.2.0.0/16 p2\n");
	rig_pass(4000);
	RIG_TOLD("");
}

/* One that lingers, is wanted again, and is withdrawn again stays for the whole time again. */
static void test_linger_again(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.1.2");
	rig_pass(2000);
	rig_bgp("10.1.0.0/16", "10.9.1.2 10.9.0.1");
	rig_settle();
	rig_bgp("10.1.0.0/16", "10.9.1.2");
	RIG_TOLD("set 10.1.0.0/16 p2\n"
		 "change 10.1.0.0/16 dev wg1\n"
		 "object 1 new dev wg1\n"
		 "change 10.1.0.0/16 object 1\n"
		 "change 10.1.0.0/16 dev wg1\n"
		 "object 1 del\n");
	rig_pass(2980);
	RIG_TOLD("");
	rig_pass(30);
	RIG_TOLD("unset 10.1.0.0/16 p1\n");
}

/* More often than is counted they stay until the last one that was is due. What was started for a
 * prefix that is forgotten meanwhile does not count, nor what is due while they are wanted. */
static void test_linger_clocks(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.1.2 10.9.0.1");
	rig_told();
	for (unsigned i = 0; i < 200; i++) {
		if (i == 100)
			rig_pass(1000);
		rig_bgp("10.1.0.0/16", i % 2 ? "10.9.1.2" : "10.9.1.2 10.9.0.1");
		rig_told();
	}
	assert_int_equal(fib_counters.lingering, 63);
	rig_pass(1980);
	RIG_TOLD("");
	rig_pass(1030);
	RIG_TOLD("unset 10.1.0.0/16 p1\n");
	assert_int_equal(fib_counters.lingering, 0);
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_settle();
	rig_bgp("10.1.0.0/16", "");
	rig_settle();
	rig_bgp("10.1.0.0/16", "10.9.1.2");
	rig_pass(3010);
	rig_told();
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "change 10.1.0.0/16 dev wg0\n");
	rig_pass(2980);
	RIG_TOLD("");
	rig_pass(30);
	RIG_TOLD("unset 10.1.0.0/16 p2\n");
	/* Nobody looks at the prefix between the two. */
	rig_bgp("10.1.0.0/16", "10.9.1.2");
	rig_settle();
	rig_bgp("10.1.0.0/16", "10.9.1.2 10.9.0.1");
	rig_settle();
	fib_wgd_away();
	rig_pass(3010);
	rig_bgp("10.1.0.0/16", "10.9.1.2");
	fib_wgd_synced();
	rig_told();
	rig_pass(2980);
	RIG_TOLD("");
	rig_pass(30);
	RIG_TOLD("unset 10.1.0.0/16 p1\n");
}

/* Those that go do so behind their route; what covers them gets them first. */
static void test_covered(void **state)
{
	rig_bgp("10.1.2.0/24", "10.9.0.3");
	rig_bgp("10.1.2.0/26", "10.9.0.1");
	rig_told();
	rig_bgp("10.1.2.0/24", "");
	RIG_TOLD("set 10.1.2.0/24 p1\n"
		 "del 10.1.2.0/24 dev wg0\n"
		 "unset 10.1.2.0/24 p1\n");
	rig_bgp("10.1.0.0/16", "10.9.1.2");
	RIG_TOLD("set 10.1.0.0/16 p2\n"
		 "change 10.1.0.0/16 dev wg1\n");
	rig_bgp("10.1.2.0/26", "");
	RIG_TOLD("del 10.1.2.0/26 dev wg0\n"
		 "unset 10.1.2.0/26 p1\n");
	rig_bgp("10.1.3.0/24", "10.9.0.3 10.9.1.2");
	RIG_TOLD("object 1 new dev wg0\n"
		 "set 10.1.3.0/24 p3\n"
		 "set 10.1.3.0/24 p2\n"
		 "add 10.1.3.0/24 object 1\n");
	rig_bgp("10.1.3.0/24", "");
	RIG_TOLD("del 10.1.3.0/24 object 1\n"
		 "unset 10.1.3.0/24 p2\n"
		 "unset 10.1.3.0/24 p3\n"
		 "object 1 del\n");
	/* Not under what is no tunnel's. */
	rig_kernel(true, "10.1.4.0/23", RTPROT_STATIC, 1, RIG_U1, NULL);
	rig_bgp("10.1.4.0/24", "10.9.0.3");
	rig_told();
	rig_bgp("10.1.4.0/24", "");
	RIG_TOLD("del 10.1.4.0/24 dev wg0\n"
		 "unset 10.1.4.0/24 p3\n");
}

/* wgd refuses: the next hop in line, a verdict, and cleared when it may be tried again. */
static void test_entry_refused(void **state)
{
	struct msg_allowed_refused m = {.peer_id = 1, .reason = REASON_STATIC_ENTRY};

	rig_refused = "10.2.0.0/16";
	rig_bgp("10.2.0.0/16", "10.9.0.1 198.51.100.7");
	RIG_TOLD("set 10.2.0.0/16 p1\n"
		 "refused 10.2.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
		 "add 10.2.0.0/16 via 198.51.100.7 dev u0\n");
	rig_refused = NULL;
	m.prefix = rig_prefix("10.2.0.0/16");
	m.reason = REASON_NONE;
	fib_allowed_refused(&m);
	RIG_TOLD("cleared 10.2.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
		 "set 10.2.0.0/16 p1\n"
		 "change 10.2.0.0/16 dev wg0\n");
	m.reason = REASON_WG_ERROR;
	fib_allowed_refused(&m);
	RIG_TOLD("refused 10.2.0.0/16 by 10.9.0.1 wireguard-error\n"
		 "change 10.2.0.0/16 via 198.51.100.7 dev u0\n");
	m.peer_id = 77; /* nobody */
	fib_allowed_refused(&m);
	m.prefix = rig_prefix("10.99.0.0/16");
	m.peer_id = 1;
	fib_allowed_refused(&m);
	RIG_TOLD("");
	/* A move within the interface that is refused stays where it is. */
	rig_refused = "10.1.0.0/16";
	rig_bgp("10.1.0.0/16", "10.9.0.3");
	RIG_TOLD("set 10.1.0.0/16 p3\n"
		 "refused 10.1.0.0/16 by 10.9.0.3 foreign-allowed-ip\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n");
	rig_refused = NULL;
	assert_int_equal(fib_counters.refused, 3);
}

/* wgd is away in the middle, and the next one hears what stands. */
static void test_wgd_away(void **state)
{
	rig_silent = true;
	rig_bgp("10.2.0.0/16", "10.9.0.1");
	rig_bgp("10.1.0.0/16", "10.9.0.3");
	RIG_TOLD("set 10.2.0.0/16 p1\n"
		 "set 10.1.0.0/16 p3\n");
	fib_wgd_away();
	RIG_TOLD("");
	assert_false(fib_idle());
	tunnel_begin();
	for (uint32_t i = RIG_WG0; i <= RIG_WG3; i++)
		rig_if(i, true);
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	rig_peer(3, RIG_WG0, "10.9.0.3", NULL, TUNNEL_UP);
	tunnel_synced();
	RIG_TOLD("");
	fib_wgd_synced();
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "sync\n");
	rig_silent = false;
	RIG_TOLD("set 10.2.0.0/16 p1\n"
		 "set 10.1.0.0/16 p3\n"
		 "add 10.2.0.0/16 dev wg0\n");
	assert_true(fib_idle());
}

/* What is not there any more is removed; else it is tried again. */
static void test_removals(void **state)
{
	static const struct {
		int err;
		bool gone;
	} rows[] = {{0, true},	     {-ESRCH, true},  {-ENOENT, true},
		    {-ENODEV, true}, {-EPERM, false}, {-ENOMEM, false}};
	struct prefix p = rig_prefix("10.2.0.0/16");

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		rig_bgp("10.2.0.0/16", "198.51.100.7");
		rig_settle();
		rig_delete_error = rows[i].err;
		rig_bgp("10.2.0.0/16", "");
		rig_settle();
		assert_int_equal(rib_find(&p) == NULL, rows[i].gone);
		rig_delete_error = 0;
		rig_pass(3000);
		assert_null(rib_find(&p));
	}
}

static void test_teardown(void **state)
{
	rig_bgp("10.2.0.0/16", "198.51.100.7");
	rig_told();
	fib_teardown();
	RIG_TOLD("del 10.9.0.1/32 dev wg0\n"
		 "del 10.9.1.2/32 dev wg1\n"
		 "del 10.9.0.3/32 dev wg0\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "del 10.2.0.0/16 via 198.51.100.7 dev u0\n");
	rig_bgp("10.3.0.0/16", "198.51.100.7");
	RIG_TOLD("");
}

static void static_to(const char *prefix, const char *hop, uint32_t oif, uint8_t type,
		      uint8_t distance, uint32_t metric)
{
	struct prefix p = rig_prefix(prefix);
	struct addr a = {0};

	if (hop)
		a = rig_addr(hop);
	rib_static_add(&p, &a, oif, type, distance, metric);
}

/* Of the candidates for a prefix the one with the least distance, then protocol, then metric. */
static void test_choice(void **state)
{
	static_to("10.2.0.0/16", "198.51.100.7", RIG_U0, RTN_UNICAST, 5, 7);
	RIG_TOLD("redist +static 10.2.0.0/16 metric 7\n"
		 "add 10.2.0.0/16 via 198.51.100.7 dev u0\n");
	static_to("10.2.0.0/16", NULL, RIG_U1, RTN_UNICAST, 5, 6);
	RIG_TOLD("redist +static 10.2.0.0/16 metric 6\n"
		 "change 10.2.0.0/16 dev u\n");
	static_to("10.2.0.0/16", "10.9.0.3", 0, RTN_UNICAST, 4, 8);
	RIG_TOLD("redist +static 10.2.0.0/16 metric 8\n"
		 "set 10.2.0.0/16 p3\n"
		 "change 10.2.0.0/16 dev wg0\n");
	static_to("10.2.0.0/16", "10.9.0.3", RIG_U1, RTN_BLACKHOLE, 3, 8);
	RIG_TOLD("change 10.2.0.0/16 blackhole\n"
		 "unset 10.2.0.0/16 p3\n");
	static_to("10.2.0.0/16", NULL, 0, RTN_UNREACHABLE, 2, 8);
	RIG_TOLD("change 10.2.0.0/16 unreachable\n");
	static_to("10.2.0.0/16", NULL, RIG_U1, RTN_UNICAST, 5, 1); /* not the best of them */
	RIG_TOLD("");
	rig_bgp("10.2.0.0/16", "e10.9.0.1");
	RIG_TOLD("refused 10.2.0.0/16 by all lost-to-protocol\n");
	rig_kernel(true, "10.2.0.0/16", RTPROT_STATIC, 9, RIG_U1, "198.51.100.9");
	RIG_TOLD("redist +kernel 10.2.0.0/16 metric 9\n"
		 "del 10.2.0.0/16 unreachable\n");
	/* By the same distance: what the kernel made itself, and ours of tunnels behind it. */
	rig_kernel(true, "10.9.0.1/32", RTPROT_STATIC, 9, RIG_U1, NULL);
	RIG_TOLD("redist +kernel 10.9.0.1/32 metric 9\n"
		 "del 10.9.0.1/32 dev wg0\n");
	rig_kernel(false, "10.9.0.1/32", RTPROT_STATIC, 9, RIG_U1, NULL);
	RIG_TOLD("redist -kernel 10.9.0.1/32 metric 0\n"
		 "add 10.9.0.1/32 dev wg0\n");
	rig_configure("{" RIG_PERMIT ", 'rib': {'distance': {'kernel': 5, 'connected': 5}}}");
	rig_told();
	rig_kernel(true, "10.3.0.0/16", RTPROT_STATIC, 9, RIG_U1, NULL);
	static_to("10.3.0.0/16", NULL, RIG_U0, RTN_UNICAST, 5, 0);
	static_to("10.4.0.0/16", NULL, RIG_U0, RTN_UNICAST, 5, 0);
	rig_kernel(true, "10.4.0.0/16", RTPROT_STATIC, 9, RIG_U1, NULL);
	RIG_TOLD("redist +kernel 10.3.0.0/16 metric 9\n"
		 "redist +static 10.3.0.0/16 metric 0\n"
		 "redist +static 10.4.0.0/16 metric 0\n"
		 "redist +kernel 10.4.0.0/16 metric 9\n");
	rig_link_down[RIG_U1] = true;
	rib_kernel_link_changed(RIG_U1);
	RIG_TOLD("redist -kernel 10.2.0.0/16 metric 0\n"
		 "redist -kernel 10.3.0.0/16 metric 0\n"
		 "redist -kernel 10.4.0.0/16 metric 0\n"
		 "add 10.3.0.0/16 dev u0\n"
		 "add 10.4.0.0/16 dev u0\n");
}

/* One of somebody else takes the place of another one with the same metric. */
static void test_replaced(void **state)
{
	struct kroute r = rig_ours("10.2.0.0/16", RIG_U1);
	struct prefix p = rig_prefix("10.2.0.0/16");
	const struct rib_cand *c;
	unsigned n = 0;

	rig_kernel(true, "10.2.0.0/16", RTPROT_STATIC, 5, RIG_U0, NULL);
	rig_kernel(true, "10.2.0.0/16", RTPROT_STATIC, 6, RIG_U0, NULL);
	rig_told();
	r.protocol = RTPROT_STATIC;
	r.metric = 5;
	tell(r, true); /* next to it: an IPv6 one */
	for (c = rib_others(rib_find(&p)); c; c = c->next)
		n++;
	assert_int_equal(n, 3);
	r.oif = RIG_WG0;
	r.replaced = true;
	tell(r, true);
	for (n = 0, c = rib_others(rib_find(&p)); c; c = c->next)
		n += c->metric == 5 ? c->oif * 100 : 1;
	assert_int_equal(n, RIG_WG0 * 100 + 1);
	RIG_TOLD("");
	tell(r, true); /* the same again */
	RIG_TOLD("");
	rig_kernel(false, "10.2.0.0/16", RTPROT_STATIC, 6, RIG_U0, NULL);
	rig_kernel(false, "10.2.0.0/16", RTPROT_STATIC, 6, RIG_U0, NULL); /* unknown by now */
	rig_kernel(false, "10.77.0.0/16", RTPROT_STATIC, 6, RIG_U0, NULL);
	RIG_TOLD("");
	r.replaced = false;
	tell(r, false);
	RIG_TOLD("redist -kernel 10.2.0.0/16 metric 0\n");
	assert_null(rib_find(&p));
	r = rig_ours("10.78.0.0/16", RIG_U0);
	tell(r, false);
	assert_null(rib_find(&r.prefix));
}

static void tell_by(struct kroute *r, uint32_t oif)
{
	r->oif = oif;
	tell(*r, true);
}

#define USED(text, ifindex) \
	assert_int_equal(rib_foreign(rib_find((struct prefix[]){rig_prefix(text)}))->oif, ifindex)

/* Of several of others with one metric the kernel uses the first: one that comes is in front unless
 * it is said to be behind, those of IPv6 are behind, and a listing has them in order. */
static void test_equal_metrics(void **state)
{
	struct kroute r = rig_ours("10.2.0.0/16", 0), six = rig_ours("fd00:2::/48", 0);

	r.protocol = six.protocol = RTPROT_STATIC;
	r.metric = six.metric = 5;
	tell_by(&r, RIG_U0);
	tell_by(&r, RIG_U1);
	USED("10.2.0.0/16", RIG_U1);
	r.appended = true;
	tell_by(&r, RIG_WG2);
	USED("10.2.0.0/16", RIG_U1);
	r.appended = false;
	rib_kernel_begin();
	read_usual();
	tell(rig_ours("10.1.0.0/16", RIG_WG0), true);
	r.listed = true;
	tell_by(&r, RIG_WG2); /* one was deleted and added again, and nobody heard of it */
	tell_by(&r, RIG_U0);
	tell_by(&r, RIG_U1);
	USED("10.2.0.0/16", RIG_WG2);
	rib_kernel_end(NULL);
	rig_settle();
	tell(r, false);
	USED("10.2.0.0/16", RIG_WG2);
	r.oif = RIG_WG2;
	tell(r, false);
	USED("10.2.0.0/16", RIG_U0);
	tell_by(&six, RIG_U0);
	tell_by(&six, RIG_U1);
	USED("fd00:2::/48", RIG_U0);
	six.oif = RIG_U0;
	tell(six, false);
	USED("fd00:2::/48", RIG_U1);
}

/* A reading by interfaces says nothing of the order among routes by others. */
static void test_equal_metrics_by_interface(void **state)
{
	const uint32_t u = RIG_U1;
	struct kroute r = rig_ours("10.2.0.0/16", 0), six = rig_ours("::/0", 0);

	r.protocol = six.protocol = RTPROT_RA;
	r.metric = six.metric = 5;
	tell_by(&r, RIG_U0);
	tell_by(&six, RIG_U0);
	tell_by(&six, RIG_U1);
	USED("::/0", RIG_U0);
	rib_kernel_begin_by(&u, 1);
	r.listed = six.listed = true;
	tell_by(&six, RIG_U1);
	tell_by(&r, RIG_U1); /* it came, and nobody heard of it */
	rib_kernel_end(NULL);
	rig_settle();
	USED("::/0", RIG_U0);
	USED("10.2.0.0/16", RIG_U0);
}

/* A reading of the routes by one interface misses none by another one. */
static void test_reading_by_interface(void **state)
{
	const uint32_t wg1 = RIG_WG1, both[] = {RIG_WG0, RIG_U1};

	rig_keep_in = true;
	rig_bgp("10.2.0.0/16", "10.9.1.2");
	rig_kernel(true, "10.5.0.0/16", RTPROT_STATIC, 5, RIG_U1, NULL);
	rig_told();
	rib_kernel_begin_by(&wg1, 1);
	tell(rig_ours("10.9.1.2/32", RIG_WG1), true);
	rib_kernel_end(NULL);
	RIG_TOLD("add 10.2.0.0/16 dev wg1\n");
	rib_kernel_begin_by(both, 2);
	tell(rig_ours("10.9.0.1/32", RIG_WG0), true);
	tell(rig_ours("10.9.0.3/32", RIG_WG0), true);
	rib_kernel_end(NULL);
	RIG_TOLD("redist -kernel 10.5.0.0/16 metric 0\n"
		 "add 10.1.0.0/16 dev wg0\n");
}

/* Ours that leads nowhere is the same by whatever link the kernel names. */
static void test_blackhole(void **state)
{
	struct kroute r = rig_ours("10.2.0.0/16", 1);

	static_to("10.2.0.0/16", NULL, 0, RTN_BLACKHOLE, 1, 0);
	RIG_TOLD("redist +static 10.2.0.0/16 metric 0\n"
		 "add 10.2.0.0/16 blackhole\n");
	r.type = RTN_BLACKHOLE;
	tell(r, true);
	RIG_TOLD("");
	r.type = RTN_UNREACHABLE;
	tell(r, true);
	RIG_TOLD("change 10.2.0.0/16 blackhole\n");
	r.type = RTN_BLACKHOLE;
	tell(r, false);
	RIG_TOLD("add 10.2.0.0/16 blackhole\n");
}

/* An unreachable route of keepin.h's from before the protocol number changed. */
static void test_kept_in_by_another(void **state)
{
	struct kroute r = rig_ours("10.2.0.0/16", 0);

	r.metric = KEEPIN_METRIC;
	r.type = RTN_UNREACHABLE;
	r.protocol = 99;
	tell(r, true);
	RIG_TOLD("");
	assert_null(rib_find(&r.prefix));
	rig_bgp("10.2.0.0/16", "10.9.0.1");
	RIG_TOLD("set 10.2.0.0/16 p1\n"
		 "add 10.2.0.0/16 dev wg0\n");
	tell(r, false);
	RIG_TOLD("");
}

/* Of thousands all are swept, in turns: bgpd's old ones, the kernel's, and ours that nobody wants.
 */
static void test_sweeps(void **state)
{
	static char text[32];
	unsigned n = 0;
	uint32_t at = 0;

	for (unsigned i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "20.%u.%u.0/24", i / 256, i % 256);
		if (i % 2)
			rig_bgp(text, "198.51.100.7");
		else
			rig_kernel(true, text, RTPROT_STATIC, 5, RIG_U1, NULL);
		if (i % 500 == 0)
			rig_told();
	}
	rig_told();
	assert_int_equal(rib_count(), 5006);
	rib_kernel_begin();
	read_usual();
	tell(rig_ours("10.1.0.0/16", RIG_WG0), true);
	rib_kernel_end(NULL);
	rig_told();
	while (rib_walk(&at))
		n++;
	assert_int_equal(n, 2506); /* what bgpd wants is back */
	rib_bgp_begin();
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rib_bgp_synced();
	rig_settle();
	rig_told();
	assert_int_equal(rib_count(), 6);
}

/* What was found and nobody wants goes, too, however many turns the sweep takes, and whether or not
 * that bgpd is still there at its end. */
static void sweep_found(bool another)
{
	static char text[32];
	size_t before = rib_count();

	fib_reset();
	rib_bgp_begin();
	rib_kernel_begin();
	read_usual();
	tell(rig_ours("10.1.0.0/16", RIG_WG0), true);
	for (unsigned i = 0; i < 9000; i++) {
		snprintf(text, sizeof(text), "20.%u.%u.0/24", i / 256, i % 256);
		tell(rig_ours(text, RIG_WG0), true);
	}
	rib_kernel_end(NULL);
	fib_kernel_ready();
	fib_wgd_synced();
	rig_told();
	assert_int_equal(rib_count(), before + 9000);
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rib_bgp_synced();
	loop_fake_turn(); /* some of it */
	if (another)
		rib_bgp_begin();
	rig_told();
	assert_int_equal(rib_count(), before);
}

static void test_sweeps_found(void **state)
{
	sweep_found(false);
	rig_end(state);
	setup(state);
	sweep_found(true);
}

/* What is the machine's own, the link's or nobody's is not announced. */
static void test_announced(void **state)
{
	static const struct {
		const char *prefix;
		bool announced;
	} rows[] = {
		{"126.127.0.0/16", true},  {"127.0.0.0/8", false},  {"127.1.0.0/16", false},
		{"128.0.0.0/8", true},	   {"10.127.0.0/16", true}, {"223.255.255.0/24", true},
		{"224.0.0.0/4", false},	   {"239.1.0.0/16", false}, {"240.0.0.0/4", false},
		{"169.254.7.0/24", false}, {"::1/128", false},	    {"::2/128", true},
		{"::/127", true},	   {"ff00::/8", false},	    {"ff02::/16", false},
		{"fe00::/8", true},	   {"fe80::/64", false},    {"2001:db8::1/128", true},
		{"100::1/128", true},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct prefix p = rig_prefix(rows[i].prefix);
		const char *told;

		rib_static_add(&p, NULL, RIG_U1, RTN_UNICAST, 1, 0);
		told = rig_told();
		if (!strstr(told, "redist +static") == rows[i].announced)
			fail_msg("%s: %s", rows[i].prefix, told);
	}
	rib_static_clear();
}

static unsigned n_filled; /* prefixes of somebody else's */

static void fill(unsigned from, unsigned to)
{
	static char text[32];

	for (unsigned i = from; i < to; i++) {
		snprintf(text, sizeof(text), "30.%u.%u.%u/32", i >> 16, i >> 8 & 255, i & 255);
		rig_kernel(true, text, RTPROT_STATIC, 5, RIG_U1, NULL);
		if (i % 500 == 0)
			rig_told();
	}
	n_filled = to;
	rig_told();
}

static bool is_read;

static void on_read(void)
{
	is_read = true;
}

/* A turn of a sweep has 4096 prefixes: others have their turns between. */
static void test_pace(void **state)
{
	static const struct {
		unsigned n, turns, turns_to_last; /* prefixes */
	} rows[] = {{4096, 2, 1}, {4097, 2, 2}, {8191, 2, 2}, {8192, 3, 2}, {8193, 3, 3}};
	struct prefix last = rig_prefix("31.0.0.0/8");
	unsigned turns;

	n_filled = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		fill(n_filled, n_filled + rows[i].n - (unsigned)rib_count());
		assert_int_equal(rib_count(), rows[i].n);
		rib_kernel_begin();
		read_usual();
		tell(rig_ours("10.1.0.0/16", RIG_WG0), true);
		fill(0, n_filled);
		is_read = false;
		rib_kernel_end(on_read);
		for (turns = 0; !is_read; turns++)
			loop_fake_turn();
		assert_int_equal(turns, rows[i].turns);
	}
	rig_end(state);
	setup(state);
	n_filled = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		fill(n_filled, n_filled + rows[i].n - 1 - (unsigned)rib_count());
		rig_bgp("31.0.0.0/8", "198.51.100.7");
		rig_told();
		assert_int_equal(rib_count(), rows[i].n);
		rib_bgp_begin();
		rig_bgp("10.1.0.0/16", "10.9.0.1");
		rig_told();
		rib_bgp_synced();
		for (turns = 0; rib_find(&last) && rib_find(&last)->hops; turns++)
			loop_fake_turn();
		assert_int_equal(turns, rows[i].turns_to_last);
		rig_told();
		assert_null(rib_find(&last));
	}
}

/* A bgpd that comes in the middle of the sweep for another one has its own. */
static void test_sweep_stopped(void **state)
{
	n_filled = 0;
	fill(0, 5000);
	rig_bgp("31.0.0.0/8", "198.51.100.7");
	RIG_TOLD("add 31.0.0.0/8 via 198.51.100.7 dev u0\n");
	rib_bgp_synced();
	loop_fake_turn(); /* some of it */
	rib_bgp_begin();
	RIG_TOLD("");
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rib_bgp_synced();
	RIG_TOLD("del 31.0.0.0/8 via 198.51.100.7 dev u0\n");
}

/* Who has answered nothing loses its routes when its time is over, and not before. */
static void test_sweep_timeout(void **state)
{
	rig_configure("{" RIG_PERMIT ", 'rib': {'sweep-timeout': 7}}");
	rig_told();
	rib_bgp_begin();
	rig_pass(6900);
	RIG_TOLD("");
	rib_bgp_begin(); /* another one, with its own time */
	rig_pass(6900);
	RIG_TOLD("");
	rig_pass(200);
	RIG_TOLD("del 10.1.0.0/16 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n");
	rig_pass(20000);
	RIG_TOLD("");
}

int main(void)
{
#define T(f) RIG_CHECK(f, setup)
	const struct CMUnitTest tests[] = {
		T(test_drift),
		T(test_fallen),
		T(test_reading),
		T(test_adopted),
		T(test_plane),
		T(test_redistributed),
		T(test_linger),
		T(test_covered),
		T(test_linger_again),
		T(test_linger_clocks),
		T(test_wgd_away),
		T(test_entry_refused),
		T(test_removals),
		T(test_teardown),
		T(test_choice),
		T(test_replaced),
		T(test_blackhole),
		T(test_sweeps),
		T(test_sweep_timeout),
		T(test_pace),
		T(test_announced),
		T(test_sweep_stopped),
		T(test_host_address),
		T(test_host_address_stays),
		T(test_kept_in_by_another),
		T(test_equal_metrics),
		T(test_adopted_by_the_other_tunnel),
		T(test_reading_by_interface),
		T(test_equal_metrics_by_interface),
		T(test_adopted_on_link),
		T(test_adopted_ways),
		T(test_place_is_empty),
		T(test_sweeps_found),
	};

	log_init("rib_kernel_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
