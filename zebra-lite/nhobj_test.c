/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nexthop objects and groups of them: which a prefix names, which writes a change of a tunnel is,
 * and what becomes of those that an earlier life left, somebody deletes, or the kernel refuses.
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
#include "loop_fake.h"
#include "nhobj.h"
#include "rib.h"
#include "rib_kernel.h"
#include "rig.h"
#include "tunnel.h"
#include "zconfig.h"

static void peers(void)
{
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	rig_peer(3, RIG_WG2, "10.9.2.3", NULL, TUNNEL_UP);
	rig_peer(4, RIG_WG0, "10.9.0.4", NULL, TUNNEL_UP);
}

static int setup(void **state)
{
	rig_begin();
	peers();
	rig_told();
	return 0;
}

static void state_of(uint32_t id, enum tunnel_state s)
{
	static const struct {
		uint32_t ifindex;
		const char *addr;
	} all[] = {{RIG_WG0, "10.9.0.1"}, {RIG_WG1, "10.9.1.2"}, {RIG_WG2, "10.9.2.3"},
		   {RIG_WG0, "10.9.0.4"}};

	rig_peer(id, all[id - 1].ifindex, all[id - 1].addr, NULL, s);
}

/* All objects, oldest first: "1 wg0 refs 2; ". */
static const char *objects(void)
{
	static char text[2048];

	text[0] = '\0';
	for (uint32_t id = NHOBJ_FIRST; id < NHOBJ_FIRST + 64; id++) {
		const struct nhobj *o = nhobj_by_id(id);
		uint32_t oifs[ROUTE_HOPS_MAX];
		unsigned n = o ? nhobj_oifs(o, oifs) : 0;

		if (!o)
			continue;
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%u:",
			 id - NHOBJ_FIRST + 1);
		for (unsigned i = 0; i < n; i++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), " %s",
				 rig_link_name(oifs[i]));
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " refs %u\n", o->refs);
	}
	return text;
}

#define OBJECTS(text) RIG_EQ(objects(), text)

static void test_pair(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	RIG_TOLD("object 1 new dev wg0\n"
		 "set 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p2\n"
		 "add 10.1.0.0/16 object 1\n");
	rig_bgp("10.2.0.0/16", "10.9.0.1 10.9.1.2");
	rig_bgp("10.3.0.0/16", "10.9.0.1 10.9.2.3");
	rig_bgp("2001:db8::/32", "10.9.0.1 10.9.1.2");
	RIG_TOLD("object 2 new dev wg0\n"
		 "object 3 new dev wg0 IPv6\n"
		 "set 2001:db8::/32 p1\n"
		 "set 2001:db8::/32 p2\n"
		 "set 10.2.0.0/16 p1\n"
		 "set 10.2.0.0/16 p2\n"
		 "set 10.3.0.0/16 p1\n"
		 "set 10.3.0.0/16 p3\n"
		 "add 2001:db8::/32 object 3\n"
		 "add 10.2.0.0/16 object 1\n"
		 "add 10.3.0.0/16 object 2\n");
	OBJECTS("1: wg0 refs 1\n"
		 "2: wg0 refs 1\n"
		 "3: wg0 refs 1\n");
	/* One that dies: one write for all its prefixes. */
	state_of(1, TUNNEL_DOWN);
	RIG_TOLD("object 3 dev wg1 IPv6\n"
		 "object 2 dev wg2\n"
		 "object 1 dev wg1\n");
	OBJECTS("1: wg1 refs 1\n"
		 "2: wg2 refs 1\n"
		 "3: wg1 refs 1\n");
	/* It is back: home after 100 ms. */
	state_of(1, TUNNEL_UP);
	RIG_TOLD("");
	rig_pass(90);
	RIG_TOLD("");
	rig_pass(10);
	RIG_TOLD("object 3 dev wg0 IPv6\n"
		 "object 2 dev wg0\n"
		 "object 1 dev wg0\n");
	OBJECTS("1: wg0 refs 1\n"
		 "2: wg0 refs 1\n"
		 "3: wg0 refs 1\n");
	assert_int_equal(nhobj_counters.moves, 6);
	assert_int_equal(nhobj_counters.objects, 3);
	/* Nobody names it any more. */
	rig_bgp("10.3.0.0/16", "10.9.0.1");
	RIG_TOLD("change 10.3.0.0/16 dev wg0\n"
		 "object 2 del\n");
	rig_bgp("2001:db8::/32", "");
	RIG_TOLD("del 2001:db8::/32 object 3\n"
		 "unset 2001:db8::/32 p1\n"
		 "unset 2001:db8::/32 p2\n"
		 "object 3 del\n");
	OBJECTS("1: wg0 refs 1\n");
}

/* One that nobody names goes within a second, also while there is always more in the queue. */
static void test_unused(void **state)
{
	unsigned ms = 0;

	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	rig_told();
	fib_batch_max = 1;
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.2.3");
	for (; ms < 3000 && nhobj_by_id(NHOBJ_FIRST); ms += 10) {
		rig_bgp("10.2.0.0/16", ms % 20 ? "10.9.0.1" : "10.9.0.4");
		rig_bgp("10.3.0.0/16", ms % 20 ? "10.9.0.1" : "10.9.0.4");
		rig_turn();
		assert_true(fib_counters.queued > 0);
		loop_fake_pass(10 * 1000);
	}
	assert_in_range(ms, 500, 1500);
	fib_batch_max = 4096;
}

/* What a group's route is to catch waits until the group leads to where it is to: that is behind the
 * batch in which its prefixes get their entries there. */
static void test_group_behind(void **state)
{
	state_of(2, TUNNEL_DOWN);
	rig_bgp("10.1.0.0/16", "10.9.0.1*1 10.9.1.2*1");
	rig_bgp("10.1.7.0/24", "198.51.100.7");
	rig_told();
	state_of(2, TUNNEL_UP);
	state_of(1, TUNNEL_DOWN);
	rig_bgp("10.1.7.0/24", "");
	RIG_TOLD("set 10.1.0.0/16 p2\n"
		 "object 3 new dev wg1\n"
		 "group 1 = 3*1\n"
		 "del 10.1.7.0/24 via 198.51.100.7 dev u0\n"
		 "object 2 del\n");
}

/* The group leads by one more interface when the entry there of what it catches by now has gone. */
static void test_group_behind_entries(void **state)
{
	state_of(2, TUNNEL_DOWN);
	rig_peer(5, RIG_WG1, "10.9.1.5", NULL, TUNNEL_UP);
	rig_bgp("10.1.0.0/16", "10.9.0.1*1 10.9.1.2*1");
	rig_bgp("10.1.7.0/24", "10.9.1.5");
	rig_told();
	state_of(2, TUNNEL_UP);
	rig_bgp("10.1.7.0/24", "");
	RIG_TOLD("set 10.1.0.0/16 p2\n"
		 "del 10.1.7.0/24 dev wg1\n"
		 "unset 10.1.7.0/24 p5\n"
		 "object 3 new dev wg1\n"
		 "group 1 = 2*1 3*1\n");
}

/* What is no pair: of one interface, a link, alone, refused. */
static void test_no_pair(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_bgp("10.2.0.0/16", "10.9.0.1 10.9.0.4");
	rig_bgp("10.3.0.0/16", "10.9.0.1 198.51.100.7 10.9.1.2");
	rig_bgp("10.4.0.0/16", "198.51.100.7 10.9.1.2");
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "set 10.2.0.0/16 p1\n"
		 "set 10.3.0.0/16 p1\n"
		 "set 10.3.0.0/16 p2\n"
		 "set 10.4.0.0/16 p2\n"
		 "add 10.1.0.0/16 dev wg0\n"
		 "add 10.2.0.0/16 dev wg0\n"
		 "add 10.3.0.0/16 dev wg0\n"
		 "add 10.4.0.0/16 via 198.51.100.7 dev u0\n");
	/* The next one by level and order is what counts. */
	rig_bgp("10.5.0.0/16", "10.9.0.1 10.9.0.4- 10.9.1.2");
	rig_bgp("10.6.0.0/16", "10.9.0.1 10.9.0.4 10.9.1.2");
	RIG_TOLD("object 1 new dev wg0\n"
		 "set 10.5.0.0/16 p1\n"
		 "set 10.5.0.0/16 p2\n"
		 "set 10.6.0.0/16 p1\n"
		 "set 10.6.0.0/16 p2\n"
		 "add 10.5.0.0/16 object 1\n"
		 "add 10.6.0.0/16 dev wg0\n");
	state_of(2, TUNNEL_DOWN);
	RIG_TOLD("");
	rig_bgp("10.7.0.0/16", "10.9.0.1 10.9.1.2");
	RIG_TOLD("set 10.7.0.0/16 p1\n"
		 "add 10.7.0.0/16 object 1\n");
	rig_bgp("10.9.0.0/16", "10.9.0.1 203.0.113.9 10.9.1.2"); /* the second leads nowhere */
	RIG_TOLD("set 10.9.0.0/16 p1\n"
		 "add 10.9.0.0/16 object 1\n");
	rig_refused = "10.8.0.0/16";
	state_of(2, TUNNEL_UP);
	rig_told();
	rig_bgp("10.8.0.0/16", "10.9.0.1 10.9.1.2");
	RIG_TOLD("set 10.8.0.0/16 p1\n"
		 "set 10.8.0.0/16 p2\n"
		 "refused 10.8.0.0/16 by 10.9.1.2 foreign-allowed-ip\n"
		 "refused 10.8.0.0/16 by 10.9.0.1 foreign-allowed-ip\n");
}

/* Where a prefix does not want the other one each goes its own way. */
static void test_disagreement(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	RIG_TOLD("object 1 new dev wg0\n"
		 "set 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p2\n"
		 "add 10.1.0.0/16 object 1\n");
	rig_refused = "10.2.0.0/16";
	rig_bgp("10.2.0.0/16", "10.9.0.1 10.9.1.2");
	rig_told();
	rig_refused = NULL;
	rig_bgp("10.3.0.0/16", "10.9.0.1 10.9.1.2 10.9.2.3");
	RIG_TOLD("set 10.3.0.0/16 p1\n"
		 "set 10.3.0.0/16 p2\n"
		 "set 10.3.0.0/16 p3\n"
		 "add 10.3.0.0/16 object 1\n");
	OBJECTS("1: wg0 refs 2\n");
	rig_bgp("10.3.0.0/16", "10.9.0.1 10.9.2.3 10.9.1.2");
	RIG_TOLD("object 2 new dev wg0\n"
		 "change 10.3.0.0/16 object 2\n");
	OBJECTS("1: wg0 refs 1\n"
		 "2: wg0 refs 1\n");
	state_of(1, TUNNEL_DOWN);
	RIG_TOLD("object 2 dev wg2\n"
		 "object 1 dev wg1\n");
	OBJECTS("1: wg1 refs 1\n"
		 "2: wg2 refs 1\n");
}

/* Who else has the hop, by whatever list, has no say; who names the object has, looked at or
 * not. */
static void test_say(void **state)
{
	rig_peer(5, RIG_WG1, "10.9.1.5", NULL, TUNNEL_UP);
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	rig_bgp("10.2.0.0/16", "10.9.1.5 10.9.1.2");
	RIG_TOLD("object 1 new dev wg0\n"
		 "set 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p2\n"
		 "set 10.2.0.0/16 p5\n"
		 "add 10.9.1.5/32 dev wg1\n"
		 "add 10.1.0.0/16 object 1\n"
		 "add 10.2.0.0/16 dev wg1\n");
	state_of(1, TUNNEL_DOWN);
	RIG_TOLD("object 1 dev wg1\n");
	state_of(1, TUNNEL_UP);
	rig_pass(200);
	RIG_TOLD("object 1 dev wg0\n");
	rig_bgp("10.3.0.0/16", "10.9.0.1 10.9.1.2");
	RIG_TOLD("set 10.3.0.0/16 p1\n"
		 "set 10.3.0.0/16 p2\n"
		 "add 10.3.0.0/16 object 1\n");
	rig_bgp("10.3.0.0/16", "10.9.0.1 10.9.1.5 10.9.1.2");
	state_of(1, TUNNEL_DOWN);
	RIG_TOLD("object 2 new dev wg1\n"
		 "set 10.3.0.0/16 p5\n"
		 "change 10.1.0.0/16 object 2\n"
		 "change 10.3.0.0/16 dev wg1\n"
		 "object 1 del\n");
	OBJECTS("2: wg1 refs 1\n");
}

/* Both change at a time. */
static void test_both(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	rig_settle();
	state_of(1, TUNNEL_DOWN);
	rig_told();
	state_of(2, TUNNEL_DOWN);
	state_of(1, TUNNEL_UP);
	RIG_TOLD("object 1 dev wg0\n");
	rig_pass(200);
	RIG_TOLD("");
	OBJECTS("1: wg0 refs 1\n");
	assert_false(nhobj_busy());
	/* The interface of wgd's is down, the link is not yet. */
	state_of(2, TUNNEL_UP);
	rig_pass(200);
	rig_told();
	rig_if(RIG_WG0, false);
	RIG_TOLD("object 2 new dev wg1\n"
		 "change 10.1.0.0/16 object 2\n"
		 "object 1 del\n");
	OBJECTS("2: wg1 refs 1\n");
}

/* The first one is only worse now, and the other one is not. */
static void test_degraded(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	rig_told();
	state_of(1, TUNNEL_DEGRADED);
	RIG_TOLD("object 1 dev wg1\n");
	state_of(2, TUNNEL_DEGRADED);
	RIG_TOLD("");
	rig_pass(200);
	RIG_TOLD("object 1 dev wg0\n");
	state_of(1, TUNNEL_UP);
	state_of(2, TUNNEL_UP);
	rig_pass(200);
	RIG_TOLD("");
	rig_bgp("10.2.0.0/16", "10.9.0.1 10.9.1.2-");
	rig_told();
	OBJECTS("1: wg0 refs 1\n");
	state_of(1, TUNNEL_DEGRADED);
	RIG_TOLD("object 2 new dev wg1\n"
		 "change 10.1.0.0/16 object 2\n");
	OBJECTS("1: wg0 refs 1\n"
		 "2: wg1 refs 1\n");
}

/* bgpd ranks anew before the object is home, or comes to want another one. */
static void test_home(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	rig_bgp("10.2.0.0/16", "10.9.0.1 10.9.1.2");
	state_of(1, TUNNEL_DOWN);
	rig_settle();
	rig_bgp("10.1.0.0/16", "10.9.1.2 10.9.0.1");
	rig_told();
	state_of(1, TUNNEL_UP);
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "set 10.2.0.0/16 p1\n");
	rig_pass(100);
	RIG_TOLD("object 1 dev wg0\n"
		 "object 2 new dev wg1\n"
		 "change 10.1.0.0/16 object 2\n");
	OBJECTS("1: wg0 refs 1\n"
		 "2: wg1 refs 1\n");
	/* Asked again and again it waits for the last word, but not for ever. */
	state_of(1, TUNNEL_DOWN);
	rig_settle();
	state_of(1, TUNNEL_UP);
	rig_told();
	for (unsigned i = 0; i < 60; i++) {
		rig_bgp("10.2.0.0/16", i % 2 ? "10.9.0.1 10.9.1.2" : "10.9.0.1 10.9.1.2 10.9.2.3");
		rig_pass(50);
		rig_say("%u\n", i);
	}
	RIG_TOLD("set 10.2.0.0/16 p3\n"
		 "0\n"
		 "1\n"
		 "2\n"
		 "3\n"
		 "4\n"
		 "5\n"
		 "6\n"
		 "7\n"
		 "8\n"
		 "9\n"
		 "10\n"
		 "11\n"
		 "12\n"
		 "13\n"
		 "14\n"
		 "15\n"
		 "16\n"
		 "17\n"
		 "18\n"
		 "19\n"
		 "20\n"
		 "21\n"
		 "22\n"
		 "23\n"
		 "24\n"
		 "25\n"
		 "26\n"
		 "27\n"
		 "28\n"
		 "29\n"
		 "30\n"
		 "31\n"
		 "32\n"
		 "33\n"
		 "34\n"
		 "35\n"
		 "36\n"
		 "37\n"
		 "38\n"
		 "39\n"
		 "40\n"
		 "object 1 dev wg0\n"
		 "41\n"
		 "42\n"
		 "43\n"
		 "44\n"
		 "45\n"
		 "46\n"
		 "47\n"
		 "48\n"
		 "49\n"
		 "50\n"
		 "51\n"
		 "52\n"
		 "53\n"
		 "54\n"
		 "55\n"
		 "56\n"
		 "57\n"
		 "58\n"
		 "59\n");
	OBJECTS("1: wg0 refs 1\n"
		 "2: wg1 refs 1\n");
}

/* The home hop is gone for good meanwhile. */
static void test_homeless(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	rig_settle();
	state_of(1, TUNNEL_DOWN);
	rig_settle();
	state_of(1, TUNNEL_UP);
	rig_told();
	rig_bgp("10.1.0.0/16", "10.9.1.2 10.9.2.3");
	RIG_TOLD("object 2 new dev wg1\n"
		 "set 10.1.0.0/16 p3\n"
		 "change 10.1.0.0/16 object 2\n"
		 "object 1 del\n");
	rig_pass(200);
	RIG_TOLD("");
	OBJECTS("2: wg1 refs 1\n");
}

/* Somebody deletes one, or turns it; the link goes down, and the kernel drops it by itself. */
static void test_lost(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	rig_told();
	nhobj_lost(NHOBJ_FIRST + 9);
	nhobj_lost(7);
	RIG_TOLD("");
	nhobj_lost(NHOBJ_FIRST);
	RIG_TOLD("resync: a nexthop object was deleted\n"
		 "object 2 new dev wg0\n"
		 "change 10.1.0.0/16 object 2\n"
		 "object 1 del\n");
	assert_int_equal(nhobj_counters.lost, 1);
	OBJECTS("2: wg0 refs 1\n");
	nhobj_found(NHOBJ_FIRST + 1, RIG_WG2, AF_INET);
	RIG_TOLD("object 2 dev wg0\n");
	nhobj_found(NHOBJ_FIRST + 1, RIG_WG0, AF_INET);
	RIG_TOLD("");
	rig_link_down[RIG_WG0] = true;
	nhobj_link_down(RIG_WG0);
	OBJECTS("");
	rig_if(RIG_WG0, false);
	RIG_TOLD("object 3 new dev wg1\n"
		 "change 10.1.0.0/16 object 3\n"
		 "object 2 del\n");
	OBJECTS("3: wg1 refs 1\n");
	rig_link_down[RIG_WG0] = false;
	rig_if(RIG_WG0, true);
	rig_pass(200);
	RIG_TOLD("object 3 dev wg0\n");
	OBJECTS("3: wg0 refs 1\n");
	/* A reading that does not see one. */
	rib_kernel_begin();
	nhobj_read();
	RIG_TOLD("object 4 new dev wg0\n"
		 "change 10.1.0.0/16 object 4\n"
		 "object 3 del\n");
}

/* Those of an earlier life are found by their numbers; the first prefix that fits has one. */
static void test_found(void **state)
{
	struct kroute r = {.prefix = rig_prefix("10.1.0.0/16"),
			   .table = 254,
			   .metric = 179,
			   .protocol = 222,
			   .type = RTN_UNICAST,
			   .nhid = NHOBJ_FIRST + 4};

	nhobj_found(NHOBJ_FIRST - 1, RIG_WG0, AF_INET);
	nhobj_found(NHOBJ_LAST + 1, RIG_WG0, AF_INET);
	assert_null(nhobj_by_id(NHOBJ_FIRST - 1));
	assert_null(nhobj_by_id(NHOBJ_LAST + 1));
	nhobj_found(NHOBJ_LAST, RIG_WG1, AF_INET);
	assert_non_null(nhobj_by_id(NHOBJ_LAST));
	nhobj_found(NHOBJ_FIRST + 4, RIG_WG1, AF_INET);
	nhobj_found(NHOBJ_FIRST + 4, RIG_WG0, AF_INET); /* it moved meanwhile */
	OBJECTS("5: wg0 refs 0\n");
	fib_reset();
	rib_kernel_route(&r, true);
	r.prefix = rig_prefix("10.2.0.0/16");
	rib_kernel_route(&r, true);
	OBJECTS("5: wg0 refs 1\n");
	fib_kernel_ready();
	fib_wgd_synced();
	rig_told();
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	rig_bgp("10.2.0.0/16", "10.9.1.2 10.9.0.1");
	RIG_TOLD("object 1 new dev wg1\n"
		 "set 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p2\n"
		 "set 10.2.0.0/16 p1\n"
		 "set 10.2.0.0/16 p2\n"
		 "change 10.2.0.0/16 object 1\n");
	OBJECTS("1: wg1 refs 1\n"
		 "5: wg0 refs 1\n");
	fib_swept();
	RIG_TOLD("sync\n"
		 "object 65535 del\n");
}

/* The kernel has the number, has no memory, or knows no objects. */
static void test_create_refused(void **state)
{
	rig_object_error = -EEXIST;
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	RIG_TOLD("object 1 new dev wg0\n"
		 "object 2 new dev wg0\n"
		 "object 3 new dev wg0\n"
		 "object 4 new dev wg0\n"
		 "object 5 new dev wg0\n"
		 "object 6 new dev wg0\n"
		 "object 7 new dev wg0\n"
		 "object 8 new dev wg0\n"
		 "set 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p2\n"
		 "add 10.1.0.0/16 dev wg0\n");
	rig_bgp("10.2.0.0/16", "10.9.0.1 10.9.1.2");
	RIG_TOLD("set 10.2.0.0/16 p1\n"
		 "set 10.2.0.0/16 p2\n"
		 "add 10.2.0.0/16 dev wg0\n");
	rig_pass(1000);
	RIG_TOLD("object 9 new dev wg0\n");
	rig_bgp("10.3.0.0/16", "10.9.0.1 10.9.1.2");
	RIG_TOLD("set 10.3.0.0/16 p1\n"
		 "set 10.3.0.0/16 p2\n"
		 "add 10.3.0.0/16 dev wg0\n");
	rig_object_error = 0;
	rig_pass(1900);
	RIG_TOLD("");
	rig_pass(100); /* who has missed it gets it */
	RIG_TOLD("object 10 new dev wg0\n"
		 "change 10.1.0.0/16 object 10\n"
		 "change 10.2.0.0/16 object 10\n"
		 "change 10.3.0.0/16 object 10\n");
	rig_bgp("10.4.0.0/16", "10.9.0.1 10.9.1.2");
	RIG_TOLD("set 10.4.0.0/16 p1\n"
		 "set 10.4.0.0/16 p2\n"
		 "add 10.4.0.0/16 object 10\n");
	rig_object_error = -EOPNOTSUPP;
	rig_bgp("2001:db8::/32", "10.9.0.1 10.9.1.2");
	RIG_TOLD("object 11 new dev wg0 IPv6\n"
		 "set 2001:db8::/32 p1\n"
		 "set 2001:db8::/32 p2\n"
		 "add 2001:db8::/32 dev wg0\n");
	rig_object_error = 0;
	rig_pass(60000);
	rig_told();
	rig_bgp("2001:db8::/32", "10.9.1.2 10.9.0.1");
	RIG_TOLD("change 2001:db8::/32 dev wg1\n");
	rig_bgp("10.5.0.0/16", "10.9.1.2 10.9.0.1"); /* the other family still has them */
	RIG_TOLD("object 12 new dev wg1\n"
		 "set 10.5.0.0/16 p1\n"
		 "set 10.5.0.0/16 p2\n"
		 "add 10.5.0.0/16 object 12\n");
}

/* Who may have missed an object is looked at when one can be made; static routes have none. */
static void test_missed_only(void **state)
{
	struct zstatic statics[] = {{.prefix = rig_prefix("10.3.0.0/16")},
				    {.prefix = rig_prefix("10.4.0.0/16")}};
	struct prefix p = rig_prefix("10.1.0.0/16");

	rig_object_error = -EACCES;
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2 10.9.2.3");
	zconfig.statics = statics;
	zconfig.n_statics = ARRAY_SIZE(statics);
	for (unsigned i = 0; i < ARRAY_SIZE(statics); i++) {
		statics[i].next_hop = rig_addr("10.9.0.1");
		rib_static_add(&statics[i].prefix, &statics[i].next_hop, 0, RTN_UNICAST, 1, 0);
	}
	rig_settle();
	loop_fake_pass(1000 * 1000);
	nhobj_settle();
	zconfig.statics = NULL;
	zconfig.n_statics = 0;
	assert_true(rib_find(&p)->flags & NODE_QUEUED);
	for (unsigned i = 0; i < ARRAY_SIZE(statics); i++)
		assert_false(rib_find(&statics[i].prefix)->flags & NODE_QUEUED);
}

static void test_errors(void **state)
{
	static const int passing[] = {-EEXIST, -ENETDOWN, -ENODEV, -EACCES, -ENOMEM, -ENOBUFS, -EIO};

	for (unsigned i = 0; i < ARRAY_SIZE(passing); i++) {
		rig_object_error = passing[i];
		rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
		rig_settle();
		rig_object_error = 0;
		rig_bgp("10.1.0.0/16", "");
		rig_pass(60000);
		rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
		rig_settle();
		assert_int_equal(nhobj_counters.objects, 1);
		rig_bgp("10.1.0.0/16", "");
		rig_settle();
		assert_int_equal(nhobj_counters.objects, 0);
	}
}

/* A route by an object that is refused for good: some of them, then no more objects. */
static void test_useless(void **state)
{
	rig_route_error = -EINVAL;
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	RIG_TOLD("object 1 new dev wg0\n"
		 "set 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p2\n"
		 "add 10.1.0.0/16 object 1\n"
		 "resync: a nexthop object was deleted\n"
		 "object 2 new dev wg0\n"
		 "add 10.1.0.0/16 object 2\n"
		 "resync: a nexthop object was deleted\n"
		 "object 3 new dev wg0\n"
		 "add 10.1.0.0/16 object 3\n"
		 "resync: a nexthop object was deleted\n"
		 "object 4 new dev wg0\n"
		 "add 10.1.0.0/16 object 4\n"
		 "resync: a nexthop object was deleted\n"
		 "object 5 new dev wg0\n"
		 "add 10.1.0.0/16 object 5\n"
		 "resync: a nexthop object was deleted\n"
		 "object 6 new dev wg0\n"
		 "add 10.1.0.0/16 object 6\n"
		 "resync: a nexthop object was deleted\n"
		 "object 7 new dev wg0\n"
		 "add 10.1.0.0/16 object 7\n"
		 "resync: a nexthop object was deleted\n"
		 "object 8 new dev wg0\n"
		 "add 10.1.0.0/16 object 8\n"
		 "resync: a nexthop object was deleted\n"
		 "object 9 new dev wg0\n"
		 "add 10.1.0.0/16 object 9\n"
		 "resync: a nexthop object was deleted\n"
		 "add 10.1.0.0/16 dev wg0\n"
		 "refused 10.1.0.0/16 by 10.9.0.1 kernel-error\n"
		 "add 10.1.0.0/16 dev wg1\n"
		 "refused 10.1.0.0/16 by 10.9.1.2 kernel-error\n"
		 "unset 10.1.0.0/16 p1\n"
		 "unset 10.1.0.0/16 p2\n"
		 "object 9 del\n"
		 "object 8 del\n"
		 "object 7 del\n"
		 "object 6 del\n"
		 "object 5 del\n"
		 "object 4 del\n"
		 "object 3 del\n"
		 "object 2 del\n"
		 "object 1 del\n");
	rig_route_error = 0;
	rig_pass(60000);
	RIG_TOLD("cleared 10.1.0.0/16 by 10.9.1.2 kernel-error\n"
		 "cleared 10.1.0.0/16 by 10.9.0.1 kernel-error\n"
		 "set 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p2\n"
		 "add 10.1.0.0/16 dev wg0\n");
	rig_bgp("10.2.0.0/16", "10.9.0.1 10.9.1.2");
	rig_bgp("2001:db8::/32", "10.9.0.1 10.9.1.2");
	RIG_TOLD("object 10 new dev wg0 IPv6\n"
		 "set 2001:db8::/32 p1\n"
		 "set 2001:db8::/32 p2\n"
		 "set 10.2.0.0/16 p1\n"
		 "set 10.2.0.0/16 p2\n"
		 "add 2001:db8::/32 object 10\n"
		 "add 10.2.0.0/16 dev wg0\n");
}

/* Now and then one is refused, in all more often than that: others are taken, so there are more. */
static void test_refused_in_between(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	rig_told();
	for (unsigned i = 0; i < 20; i++) {
		rig_route_error = -EINVAL;
		rig_bgp("10.2.0.0/16", "10.9.0.1 10.9.1.2");
		rig_turn();
		rig_route_error = 0;
		rig_told();
		assert_non_null(rib_installed(rib_find((struct prefix[]){rig_prefix("10.2.0.0/16")}))->nh);
		rig_bgp("10.2.0.0/16", "");
		rig_told();
	}
}

/* A move that the kernel refuses: the prefixes go one by one. */
static void test_move_refused(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	rig_told();
	rig_object_error = -ENOENT;
	state_of(1, TUNNEL_DOWN);
	rig_settle();
	RIG_TOLD("object 1 dev wg1\n"
		 "object 2 new dev wg1\n"
		 "change 10.1.0.0/16 dev wg1\n"
		 "object 1 del\n");
	rig_object_error = 0;
	state_of(1, TUNNEL_UP);
	rig_pass(2000); /* one was taken before: another one will be */
	RIG_TOLD("change 10.1.0.0/16 dev wg0\n"
		 "object 3 new dev wg0\n"
		 "change 10.1.0.0/16 object 3\n");
	OBJECTS("3: wg0 refs 1\n");
}

static void test_move_put_off(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	rig_told();
	rig_object_error = -ENOMEM;
	state_of(1, TUNNEL_DOWN);
	RIG_TOLD("object 1 dev wg1\n"
		 "object 2 new dev wg1\n"
		 "change 10.1.0.0/16 dev wg1\n"
		 "object 1 del\n");
	rig_object_error = 0;
	state_of(1, TUNNEL_UP);
	rig_pass(2000);
	RIG_TOLD("change 10.1.0.0/16 dev wg0\n"
		 "object 3 new dev wg0\n"
		 "change 10.1.0.0/16 object 3\n");
	OBJECTS("3: wg0 refs 1\n");
}

/* The interface went while its object was made: the kernel says what it says of what it does not
 * know, and that is not for good. */
static void test_link_fell(void **state)
{
	rig_object_error = -EINVAL;
	rig_link_fallen = true;
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	RIG_TOLD("object 1 new dev wg0\n"
		 "set 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p2\n"
		 "add 10.1.0.0/16 dev wg0\n");
	rig_object_error = 0;
	nhobj_kick(); /* a link came up, an address came */
	fib_look();
	RIG_TOLD("object 2 new dev wg0\n"
		 "change 10.1.0.0/16 object 2\n");
}

static void test_numbers(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	rig_bgp("10.2.0.0/16", "10.9.0.1*1 10.9.1.2*2");
	rig_told();
	OBJECTS("1: wg0 refs 1\n"
		 "2: wg0 wg1 refs 1\n"
		 "3: wg0 refs 0\n"
		 "4: wg1 refs 0\n");
	rig_configure("{" RIG_PERMIT ", 'rib': {'protocol-number': 99}}");
	RIG_TOLD("del 10.9.0.1/32 dev wg0\n"
		 "del 10.9.1.2/32 dev wg1\n"
		 "del 10.9.2.3/32 dev wg2\n"
		 "del 10.9.0.4/32 dev wg0\n"
		 "del 10.1.0.0/16 object 1\n"
		 "del 10.2.0.0/16 object 2\n"
		 "object 4 dev wg1\n"
		 "protocol 99\n"
		 "object 3 dev wg0\n"
		 "protocol 99\n"
		 "object 1 dev wg0\n"
		 "protocol 99\n"
		 "group 2 = 3*1 4*2 protocol 99\n"
		 "add 10.9.0.1/32 protocol 99 dev wg0\n"
		 "add 10.9.1.2/32 protocol 99 dev wg1\n"
		 "add 10.9.2.3/32 protocol 99 dev wg2\n"
		 "add 10.9.0.4/32 protocol 99 dev wg0\n"
		 "add 10.1.0.0/16 protocol 99 object 1\n"
		 "add 10.2.0.0/16 protocol 99 object 2\n");
	fib_teardown();
	RIG_TOLD("del 10.9.0.1/32 protocol 99 dev wg0\n"
		 "del 10.9.1.2/32 protocol 99 dev wg1\n"
		 "del 10.9.2.3/32 protocol 99 dev wg2\n"
		 "del 10.9.0.4/32 protocol 99 dev wg0\n"
		 "del 10.1.0.0/16 protocol 99 object 1\n"
		 "del 10.2.0.0/16 protocol 99 object 2\n"
		 "object 4 del\n"
		 "object 3 del\n"
		 "object 2 del\n"
		 "object 1 del\n");
	OBJECTS("");
	rig_configure("{'rib': {}}");
}

/* On interfaces that take everything there are no entries: it moves where the hop is the peer's
 * own address, and not where that rests on routes. */
static void any(uint32_t ifindex)
{
	struct msg_tunnel_if m = {.ifindex = ifindex, .up = true, .any = true};

	str_copy(m.name, rig_link_name(ifindex), sizeof(m.name));
	tunnel_if_told(&m);
}

static void test_any(void **state)
{
	any(RIG_WG1);
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	RIG_TOLD("object 1 new dev wg0\n"
		 "set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 object 1\n");
	rig_bgp("10.2.0.0/16", "10.9.1.2");
	rig_bgp("10.3.0.0/16", "10.9.0.1 10.2.0.7");
	RIG_TOLD("set 10.3.0.0/16 p1\n"
		 "add 10.2.0.0/16 dev wg1\n"
		 "add 10.3.0.0/16 dev wg0\n"
		 "object 2 new dev wg0\n"
		 "change 10.3.0.0/16 object 2\n");
	OBJECTS("1: wg0 refs 1\n"
		 "2: wg0 refs 1\n");
	state_of(1, TUNNEL_DOWN);
	RIG_TOLD("object 1 dev wg1\n"
		 "object 3 new dev wg1\n"
		 "change 10.3.0.0/16 object 3\n"
		 "object 2 del\n");
}

/* --- groups --- */

/* Two tunnels lead to one router, and the other one is the better now: the object goes there, not
 * to the second-best router. */
static void test_active_elsewhere(void **state)
{
	any(RIG_WG1);
	any(RIG_WG2);
	any(RIG_WG3);
	rig_peer(2, RIG_WG1, "10.9.7.7", NULL, TUNNEL_UP);
	rig_peer(3, RIG_WG2, "10.9.7.7", NULL, TUNNEL_UP);
	rig_peer(4, RIG_WG3, "10.9.3.4", NULL, TUNNEL_UP);
	rig_bgp("10.1.0.0/16", "10.9.7.7 10.9.3.4");
	rig_told();
	OBJECTS("1: wg1 refs 1\n");
	rig_peer(2, RIG_WG1, "10.9.7.7", NULL, TUNNEL_DEGRADED);
	RIG_TOLD("object 1 dev wg2\n"
		 "change 10.9.7.7/32 dev wg2\n");
	OBJECTS("1: wg2 refs 1\n");
	rig_peer(2, RIG_WG1, "10.9.7.7", NULL, TUNNEL_DOWN);
	rig_peer(3, RIG_WG2, "10.9.7.7", NULL, TUNNEL_DOWN);
	RIG_TOLD("object 1 dev wg3\n"
		 "change 10.9.7.7/32 dev wg1\n");
}

static void test_group(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.0.1*1 10.9.1.2*2 10.9.2.3*3");
	RIG_TOLD("object 2 new dev wg0\n"
		 "object 3 new dev wg1\n"
		 "object 4 new dev wg2\n"
		 "group 1 new = 2*1 3*2 4*3\n"
		 "set 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p2\n"
		 "set 10.1.0.0/16 p3\n"
		 "add 10.1.0.0/16 object 1\n");
	rig_bgp("10.2.0.0/16", "10.9.0.1*1 10.9.1.2*2 10.9.2.3*3");
	rig_bgp("10.3.0.0/16", "10.9.0.1*1 10.9.1.2*2 10.9.2.3");
	rig_bgp("2001:db8::/32", "10.9.0.1*1 10.9.1.2*2");
	RIG_TOLD("group 5 new = 2*1 3*2\n"
		 "object 7 new dev wg0 IPv6\n"
		 "object 8 new dev wg1 IPv6\n"
		 "group 6 new = 7*1 8*2\n"
		 "set 2001:db8::/32 p1\n"
		 "set 2001:db8::/32 p2\n"
		 "set 10.2.0.0/16 p1\n"
		 "set 10.2.0.0/16 p2\n"
		 "set 10.2.0.0/16 p3\n"
		 "set 10.3.0.0/16 p1\n"
		 "set 10.3.0.0/16 p2\n"
		 "set 10.3.0.0/16 p3\n"
		 "add 2001:db8::/32 object 6\n"
		 "add 10.2.0.0/16 object 1\n"
		 "add 10.3.0.0/16 object 5\n");
	OBJECTS("1: wg0 wg1 wg2 refs 1\n"
		 "2: wg0 refs 0\n"
		 "3: wg1 refs 0\n"
		 "4: wg2 refs 0\n"
		 "5: wg0 wg1 refs 1\n"
		 "6: wg0 wg1 refs 1\n"
		 "7: wg0 refs 0\n"
		 "8: wg1 refs 0\n");
	state_of(2, TUNNEL_DOWN);
	RIG_TOLD("group 6 = 7*1\n"
		 "group 5 = 2*1\n"
		 "group 1 = 2*1 4*3\n"
		 "object 8 del\n"
		 "object 3 del\n");
	OBJECTS("1: wg0 wg2 refs 1\n"
		 "2: wg0 refs 0\n"
		 "4: wg2 refs 0\n"
		 "5: wg0 refs 1\n"
		 "6: wg0 refs 1\n"
		 "7: wg0 refs 0\n");
	state_of(2, TUNNEL_UP);
	RIG_TOLD("object 9 new dev wg1 IPv6\n"
		 "group 6 = 7*1 9*2\n"
		 "object 10 new dev wg1\n"
		 "group 5 = 2*1 10*2\n"
		 "group 1 = 2*1 10*2 4*3\n");
	OBJECTS("1: wg0 wg1 wg2 refs 1\n"
		 "2: wg0 refs 0\n"
		 "4: wg2 refs 0\n"
		 "5: wg0 wg1 refs 1\n"
		 "6: wg0 wg1 refs 1\n"
		 "7: wg0 refs 0\n"
		 "9: wg1 refs 0\n"
		 "10: wg1 refs 0\n");
	state_of(1, TUNNEL_DEGRADED);
	RIG_TOLD("group 6 = 9*2\n"
		 "group 5 = 10*2\n"
		 "group 1 = 10*2 4*3\n"
		 "object 7 del\n"
		 "object 2 del\n");
	state_of(1, TUNNEL_UP);
	RIG_TOLD("object 11 new dev wg0 IPv6\n"
		 "group 6 = 11*1 9*2\n"
		 "object 12 new dev wg0\n"
		 "group 5 = 12*1 10*2\n"
		 "group 1 = 12*1 10*2 4*3\n");
	/* All down: the backup, one by one. */
	state_of(1, TUNNEL_DOWN);
	state_of(2, TUNNEL_DOWN);
	RIG_TOLD("group 6 = 9*2\n"
		 "group 5 = 10*2\n"
		 "group 1 = 10*2 4*3\n"
		 "group 1 = 4*3\n"
		 "object 13 new dev wg2\n"
		 "change 10.3.0.0/16 object 13\n"
		 "del 2001:db8::/32 object 6\n"
		 "unset 2001:db8::/32 p1\n"
		 "unset 2001:db8::/32 p2\n"
		 "object 6 del\n"
		 "object 5 del\n"
		 "object 12 del\n"
		 "object 11 del\n"
		 "object 10 del\n"
		 "object 9 del\n");
	state_of(3, TUNNEL_DOWN);
	RIG_TOLD("del 10.3.0.0/16 object 13\n"
		 "del 10.2.0.0/16 object 1\n"
		 "del 10.1.0.0/16 object 1\n"
		 "unset 10.1.0.0/16 p1\n"
		 "unset 10.1.0.0/16 p2\n"
		 "unset 10.1.0.0/16 p3\n"
		 "unset 10.2.0.0/16 p1\n"
		 "unset 10.2.0.0/16 p2\n"
		 "unset 10.2.0.0/16 p3\n"
		 "unset 10.3.0.0/16 p1\n"
		 "unset 10.3.0.0/16 p2\n"
		 "unset 10.3.0.0/16 p3\n"
		 "object 1 del\n"
		 "object 13 del\n"
		 "object 4 del\n");
	state_of(2, TUNNEL_UP);
	RIG_TOLD("object 15 new dev wg1\n"
		 "group 14 new = 15*2\n"
		 "group 16 new = 15*2\n"
		 "object 18 new dev wg1 IPv6\n"
		 "group 17 new = 18*2\n"
		 "set 2001:db8::/32 p2\n"
		 "set 10.1.0.0/16 p2\n"
		 "set 10.2.0.0/16 p2\n"
		 "set 10.3.0.0/16 p2\n"
		 "add 2001:db8::/32 object 17\n"
		 "add 10.1.0.0/16 object 14\n"
		 "add 10.2.0.0/16 object 14\n"
		 "add 10.3.0.0/16 object 16\n");
	rig_bgp("10.1.0.0/16", "");
	rig_bgp("10.2.0.0/16", "");
	rig_bgp("10.3.0.0/16", "");
	rig_bgp("2001:db8::/32", "");
	RIG_TOLD("del 10.3.0.0/16 object 16\n"
		 "del 10.2.0.0/16 object 14\n"
		 "del 10.1.0.0/16 object 14\n"
		 "del 2001:db8::/32 object 17\n"
		 "unset 10.1.0.0/16 p2\n"
		 "unset 10.2.0.0/16 p2\n"
		 "unset 10.3.0.0/16 p2\n"
		 "unset 2001:db8::/32 p2\n"
		 "object 17 del\n"
		 "object 16 del\n"
		 "object 14 del\n"
		 "object 18 del\n"
		 "object 15 del\n");
	OBJECTS("");
}

/* Who is in a group: tunnels with a share, each by an interface of its own, as good as the first
 * one. */
static void test_members(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.0.1*1 10.9.0.4*1 10.9.1.2*1");
	RIG_TOLD("object 2 new dev wg0\n"
		 "object 3 new dev wg1\n"
		 "group 1 new = 2*1 3*1\n"
		 "set 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p2\n"
		 "add 10.1.0.0/16 object 1\n");
	rig_bgp("10.2.0.0/16", "10.9.0.1*1 10.9.0.4*1");
	rig_bgp("10.3.0.0/16", "10.9.0.1*1 198.51.100.7*1");
	rig_bgp("10.4.0.0/16", "10.9.0.1*1 10.9.1.2*1-");
	rig_bgp("10.5.0.0/16", "10.9.0.1 10.9.1.2*1 10.9.2.3*1");
	rig_bgp("10.6.0.0/16", "10.9.0.1*1- 10.9.1.2*1-");
	rig_bgp("10.7.0.0/16", "10.9.1.2*1 10.9.0.1*1");
	rig_bgp("10.8.0.0/16", "10.9.0.1*2 10.9.1.2*1");
	rig_bgp("10.10.0.0/16", "10.9.0.1*1 10.9.1.2 10.9.2.3*1");
	RIG_TOLD("object 4 new dev wg0\n"
		 "group 5 new = 2*1 3*1\n"
		 "group 6 new = 3*1 2*1\n"
		 "group 7 new = 2*2 3*1\n"
		 "object 9 new dev wg2\n"
		 "group 8 new = 2*1 9*1\n"
		 "set 10.2.0.0/16 p1\n"
		 "set 10.3.0.0/16 p1\n"
		 "set 10.4.0.0/16 p1\n"
		 "set 10.4.0.0/16 p2\n"
		 "set 10.5.0.0/16 p1\n"
		 "set 10.5.0.0/16 p2\n"
		 "set 10.5.0.0/16 p3\n"
		 "set 10.6.0.0/16 p1\n"
		 "set 10.6.0.0/16 p2\n"
		 "set 10.7.0.0/16 p1\n"
		 "set 10.7.0.0/16 p2\n"
		 "set 10.8.0.0/16 p1\n"
		 "set 10.8.0.0/16 p2\n"
		 "set 10.10.0.0/16 p1\n"
		 "set 10.10.0.0/16 p2\n"
		 "set 10.10.0.0/16 p3\n"
		 "add 10.2.0.0/16 dev wg0\n"
		 "add 10.3.0.0/16 dev wg0\n"
		 "add 10.4.0.0/16 object 4\n"
		 "add 10.5.0.0/16 object 4\n"
		 "add 10.6.0.0/16 object 5\n"
		 "add 10.7.0.0/16 object 6\n"
		 "add 10.8.0.0/16 object 7\n"
		 "add 10.10.0.0/16 object 8\n");
	OBJECTS("1: wg0 wg1 refs 1\n"
		 "2: wg0 refs 0\n"
		 "3: wg1 refs 0\n"
		 "4: wg0 refs 2\n"
		 "5: wg0 wg1 refs 1\n"
		 "6: wg1 wg0 refs 1\n"
		 "7: wg0 wg1 refs 1\n"
		 "8: wg0 wg2 refs 1\n"
		 "9: wg2 refs 0\n");
	rig_refused = "10.9.0.0/16";
	rig_bgp("10.9.0.0/16", "10.9.0.1*1 10.9.1.2*1 10.9.2.3*1");
	RIG_TOLD("group 10 new = 2*1 3*1 9*1\n"
		 "set 10.9.0.0/16 p1\n"
		 "set 10.9.0.0/16 p2\n"
		 "set 10.9.0.0/16 p3\n"
		 "refused 10.9.0.0/16 by 10.9.2.3 foreign-allowed-ip\n"
		 "refused 10.9.0.0/16 by 10.9.1.2 foreign-allowed-ip\n"
		 "refused 10.9.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
		 "object 10 del\n");
}

/* A hop comes into a group only when all that name it have their entry there. */
static void test_join(void **state)
{
	state_of(2, TUNNEL_DOWN);
	rig_bgp("10.1.0.0/16", "10.9.0.1*1 10.9.1.2*2");
	RIG_TOLD("object 2 new dev wg0\n"
		 "group 1 new = 2*1\n"
		 "set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 object 1\n");
	rig_silent = true;
	rig_refused = "10.1.0.0/16";
	state_of(2, TUNNEL_UP);
	RIG_TOLD("set 10.1.0.0/16 p2\n");
	OBJECTS("1: wg0 refs 2\n"
		 "2: wg0 refs 0\n");
	rig_silent = false;
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.1.2 foreign-allowed-ip\n"
		 "change 10.1.0.0/16 dev wg0\n"
		 "object 3 new dev wg1\n"
		 "group 1 = 2*1 3*2\n"
		 "object 1 del\n"
		 "object 3 del\n"
		 "object 2 del\n");
	OBJECTS("");
	rig_refused = NULL;
	rig_bgp("10.1.0.0/16", "");
	rig_settle();
	rig_bgp("10.1.0.0/16", "10.9.0.1*1 10.9.1.2*2");
	RIG_TOLD("del 10.1.0.0/16 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n"
		 "refused 10.1.0.0/16 by 10.9.1.2 foreign-allowed-ip\n"
		 "set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 dev wg0\n");
}

static void test_join_later(void **state)
{
	state_of(2, TUNNEL_DOWN);
	rig_bgp("10.1.0.0/16", "10.9.0.1*1 10.9.1.2*2");
	rig_told();
	state_of(2, TUNNEL_UP);
	RIG_TOLD("set 10.1.0.0/16 p2\n"
		 "object 3 new dev wg1\n"
		 "group 1 = 2*1 3*2\n");
	OBJECTS("1: wg0 wg1 refs 1\n"
		 "2: wg0 refs 0\n"
		 "3: wg1 refs 0\n");
	assert_int_equal(nhobj_counters.moves, 1);
	assert_false(nhobj_busy());
}

static void test_resilient(void **state)
{
	rig_configure("{" RIG_PERMIT ", 'rib': {}, 'bgp': {'multipath': {'resilient': true}}}");
	rig_bgp("10.1.0.0/16", "10.9.0.1*1 10.9.1.2*2");
	RIG_TOLD("object 2 new dev wg0\n"
		 "object 3 new dev wg1\n"
		 "group 1 new resilient = 2*1 3*2\n"
		 "set 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p2\n"
		 "add 10.1.0.0/16 object 1\n");
	rig_configure("{" RIG_PERMIT ", 'rib': {}, 'bgp': {'multipath': {}}}");
	RIG_TOLD("group 4 new = 2*1 3*2\n"
		 "change 10.1.0.0/16 object 4\n"
		 "object 1 del\n");
	OBJECTS("2: wg0 refs 0\n"
		 "3: wg1 refs 0\n"
		 "4: wg0 wg1 refs 1\n");
	rig_configure("{" RIG_PERMIT ", 'rib': {}, 'bgp': {'multipath': {'resilient': true}}}");
	rig_group_error = -EINVAL;
	RIG_TOLD("group 5 new resilient = 2*1 3*2\n"
		 "group 5 new = 2*1 3*2\n"
		 "object 6 new dev wg0\n"
		 "change 10.1.0.0/16 object 6\n"
		 "object 4 del\n"
		 "object 3 del\n"
		 "object 2 del\n");
	rig_group_error = 0;
	rig_pass(1000);
	RIG_TOLD("object 8 new dev wg0\n"
		 "object 9 new dev wg1\n"
		 "group 7 new resilient = 8*1 9*2\n"
		 "change 10.1.0.0/16 object 7\n"
		 "object 6 del\n");
}

static int (*next_group)(uint32_t id, const struct nhleg *legs, unsigned n, bool resilient,
			 uint8_t protocol, bool create);

static int plain_groups_only(uint32_t id, const struct nhleg *legs, unsigned n, bool resilient,
			     uint8_t protocol, bool create)
{
	int err = next_group(id, legs, n, resilient, protocol, create);

	return resilient ? -EINVAL : err;
}

/* A kernel without resilient groups is asked for one once. */
static void test_never_resilient(void **state)
{
	next_group = out.nexthop_group;
	out.nexthop_group = plain_groups_only;
	rig_configure("{" RIG_PERMIT ", 'rib': {}, 'bgp': {'multipath': {'resilient': true}}}");
	rig_bgp("10.1.0.0/16", "10.9.0.1*1 10.9.1.2*2");
	RIG_TOLD("object 2 new dev wg0\n"
		 "object 3 new dev wg1\n"
		 "group 1 new resilient = 2*1 3*2\n"
		 "group 1 new = 2*1 3*2\n"
		 "set 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p2\n"
		 "add 10.1.0.0/16 object 1\n");
	rig_bgp("10.2.0.0/16", "10.9.0.1*1 10.9.2.3*1");
	RIG_TOLD("object 5 new dev wg2\n"
		 "group 4 new = 2*1 5*1\n"
		 "set 10.2.0.0/16 p1\n"
		 "set 10.2.0.0/16 p3\n"
		 "add 10.2.0.0/16 object 4\n");
	rig_bgp("10.3.0.0/16", "10.9.0.1*1 10.9.1.2*2");
	RIG_TOLD("set 10.3.0.0/16 p1\n"
		 "set 10.3.0.0/16 p2\n"
		 "add 10.3.0.0/16 object 1\n");
}

/* Without an object to lead to there is no group, which is no fault of groups. */
static void test_group_without_leaves(void **state)
{
	rig_object_error = -ENOMEM;
	rig_bgp("10.1.0.0/16", "10.9.0.1*1 10.9.1.2*2");
	RIG_TOLD("object 2 new dev wg0\n"
		 "set 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p2\n"
		 "add 10.1.0.0/16 dev wg0\n");
	rig_object_error = 0;
	rig_pass(1000);
	RIG_TOLD("object 4 new dev wg0\n"
		 "object 5 new dev wg1\n"
		 "group 3 new = 4*1 5*2\n"
		 "change 10.1.0.0/16 object 3\n");
	rig_bgp("10.2.0.0/16", "10.9.0.1*1 10.9.1.2*2");
	RIG_TOLD("set 10.2.0.0/16 p1\n"
		 "set 10.2.0.0/16 p2\n"
		 "add 10.2.0.0/16 object 3\n");
}

static int somebody_has_the_first(uint32_t id, const struct nhleg *legs, unsigned n, bool resilient,
				  uint8_t protocol, bool create)
{
	int err = next_group(id, legs, n, resilient, protocol, create);

	return create && id == NHOBJ_FIRST ? -EEXIST : err;
}

/* A number that somebody else has is passed over, and his object stays. */
static void test_group_number_taken(void **state)
{
	next_group = out.nexthop_group;
	out.nexthop_group = somebody_has_the_first;
	rig_bgp("10.1.0.0/16", "10.9.0.1*1 10.9.1.2*2");
	RIG_TOLD("object 2 new dev wg0\n"
		 "object 3 new dev wg1\n"
		 "group 1 new = 2*1 3*2\n"
		 "group 4 new = 2*1 3*2\n"
		 "set 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p2\n"
		 "add 10.1.0.0/16 object 4\n");
	rig_bgp("10.1.0.0/16", "");
	RIG_TOLD("del 10.1.0.0/16 object 4\n"
		 "unset 10.1.0.0/16 p1\n"
		 "unset 10.1.0.0/16 p2\n"
		 "object 4 del\n"
		 "object 3 del\n"
		 "object 2 del\n");
}

static void test_group_refused(void **state)
{
	rig_group_error = -ENOMEM;
	rig_bgp("10.1.0.0/16", "10.9.0.1*1 10.9.1.2*2");
	RIG_TOLD("object 2 new dev wg0\n"
		 "object 3 new dev wg1\n"
		 "group 1 new = 2*1 3*2\n"
		 "object 4 new dev wg0\n"
		 "set 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p2\n"
		 "add 10.1.0.0/16 object 4\n"
		 "object 3 del\n"
		 "object 2 del\n");
	rig_bgp("10.2.0.0/16", "10.9.0.1*1 10.9.1.2*2");
	RIG_TOLD("set 10.2.0.0/16 p1\n"
		 "set 10.2.0.0/16 p2\n"
		 "add 10.2.0.0/16 object 4\n");
	rig_group_error = 0;
	rig_pass(1000);
	RIG_TOLD("object 6 new dev wg0\n"
		 "object 7 new dev wg1\n"
		 "group 5 new = 6*1 7*2\n"
		 "change 10.1.0.0/16 object 5\n"
		 "change 10.2.0.0/16 object 5\n"
		 "object 4 del\n");
	rig_bgp("10.3.0.0/16", "10.9.0.1*1 10.9.1.2*2");
	RIG_TOLD("set 10.3.0.0/16 p1\n"
		 "set 10.3.0.0/16 p2\n"
		 "add 10.3.0.0/16 object 5\n");
	/* A change. */
	rig_group_error = -ENOENT;
	state_of(2, TUNNEL_DOWN);
	RIG_TOLD("group 5 = 6*1\n"
		 "resync: a nexthop group could not be changed\n"
		 "group 8 new = 6*1\n"
		 "object 9 new dev wg0\n"
		 "change 10.1.0.0/16 object 9\n"
		 "change 10.2.0.0/16 object 9\n"
		 "change 10.3.0.0/16 object 9\n"
		 "object 5 del\n"
		 "object 7 del\n"
		 "object 6 del\n");
	rig_group_error = 0;
	rig_pass(1000);
	RIG_TOLD("object 11 new dev wg0\n"
		 "group 10 new = 11*1\n"
		 "change 10.1.0.0/16 object 10\n"
		 "change 10.2.0.0/16 object 10\n"
		 "change 10.3.0.0/16 object 10\n"
		 "object 9 del\n");
}

/* The first one is refused for good: the kernel knows no groups. */
static void test_no_groups(void **state)
{
	rig_group_error = -EOPNOTSUPP;
	rig_bgp("10.1.0.0/16", "10.9.0.1*1 10.9.1.2*2");
	RIG_TOLD("object 2 new dev wg0\n"
		 "object 3 new dev wg1\n"
		 "group 1 new = 2*1 3*2\n"
		 "object 4 new dev wg0\n"
		 "set 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p2\n"
		 "add 10.1.0.0/16 object 4\n"
		 "object 3 del\n"
		 "object 2 del\n");
	rig_group_error = 0;
	rig_pass(60000);
	rig_told();
	rig_bgp("10.5.0.0/16", "10.9.0.1*1 10.9.1.2*2");
	RIG_TOLD("set 10.5.0.0/16 p1\n"
		 "set 10.5.0.0/16 p2\n"
		 "add 10.5.0.0/16 object 4\n");
	OBJECTS("4: wg0 refs 1\n");
}

/* A member that was flushed, say, and of which nobody was told yet: the group comes later. */
static void test_group_refused_once(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.0.1*1 10.9.1.2*2");
	rig_told();
	rig_group_error = -EINVAL;
	rig_bgp("10.2.0.0/16", "10.9.0.1*1 10.9.2.3*1");
	rig_told();
	rig_group_error = 0;
	rig_pass(1000);
	RIG_TOLD("object 8 new dev wg2\n"
		 "group 7 new = 2*1 8*1\n"
		 "change 10.2.0.0/16 object 7\n"
		 "object 6 del\n");
}

/* Routes by objects whose interface has just gone say nothing of objects. */
static void test_refused_by_links(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	rig_told();
	rig_link_fallen = true;
	for (uint32_t i = 0; i < 10; i++) {
		assert_non_null(nhobj_by_id(NHOBJ_FIRST + i));
		nhobj_refused(nhobj_by_id(NHOBJ_FIRST + i));
		rig_settle();
	}
	OBJECTS("11: wg0 refs 1\n");
}

/* A leaf is lost, and the whole group; somebody changes it; the link goes down. */
static void test_group_lost(void **state)
{
	const struct nhleg as_it_is[] = {{NHOBJ_FIRST + 1, 1}, {NHOBJ_FIRST + 2, 2}};
	const struct nhleg other[] = {{NHOBJ_FIRST + 1, 1}, {NHOBJ_FIRST + 2, 3}};

	rig_bgp("10.1.0.0/16", "10.9.0.1*1 10.9.1.2*2");
	rig_told();
	OBJECTS("1: wg0 wg1 refs 1\n"
		 "2: wg0 refs 0\n"
		 "3: wg1 refs 0\n");
	nhgroup_found(NHOBJ_FIRST, as_it_is, 2, false);
	RIG_TOLD("");
	nhgroup_found(NHOBJ_FIRST, as_it_is, 1, false);
	RIG_TOLD("group 1 = 2*1 3*2\n");
	nhgroup_found(NHOBJ_FIRST, other, 2, false);
	RIG_TOLD("group 1 = 2*1 3*2\n");
	/* All are seen by a reading. */
	rib_kernel_begin();
	nhobj_found(NHOBJ_FIRST + 1, RIG_WG0, AF_INET);
	nhobj_found(NHOBJ_FIRST + 2, RIG_WG1, AF_INET);
	nhgroup_found(NHOBJ_FIRST, as_it_is, 2, false);
	nhobj_read();
	RIG_TOLD("");
	nhobj_found(NHOBJ_FIRST + 1, RIG_WG3, AF_INET);
	RIG_TOLD("object 2 dev wg0\n");
	nhobj_lost(NHOBJ_FIRST + 1);
	RIG_TOLD("resync: a nexthop object was deleted\n"
		 "object 4 new dev wg0\n"
		 "group 1 = 4*1 3*2\n"
		 "object 2 del\n");
	OBJECTS("1: wg0 wg1 refs 1\n"
		 "3: wg1 refs 0\n"
		 "4: wg0 refs 0\n");
	nhobj_lost(NHOBJ_FIRST);
	RIG_TOLD("resync: a nexthop object was deleted\n"
		 "group 5 new = 4*1 3*2\n"
		 "change 10.1.0.0/16 object 5\n"
		 "object 1 del\n");
	OBJECTS("3: wg1 refs 0\n"
		 "4: wg0 refs 0\n"
		 "5: wg0 wg1 refs 1\n");
	rig_link_down[RIG_WG1] = true;
	nhobj_link_down(RIG_WG1);
	OBJECTS("4: wg0 refs 0\n"
		 "5: wg0 refs 1\n");
	rig_if(RIG_WG1, false);
	RIG_TOLD("object 3 del\n");
	OBJECTS("4: wg0 refs 0\n"
		 "5: wg0 refs 1\n");
	rig_link_down[RIG_WG0] = true;
	nhobj_link_down(RIG_WG0);
	rig_if(RIG_WG0, false);
	RIG_TOLD("del 10.1.0.0/16 object 5\n"
		 "unset 10.1.0.0/16 p1\n"
		 "unset 10.1.0.0/16 p2\n"
		 "object 5 del\n"
		 "object 4 del\n");
	OBJECTS("");
}

static void found_route(const char *prefix, uint32_t nhid)
{
	struct kroute r = {.prefix = rig_prefix(prefix),
			   .table = 254,
			   .metric = 179,
			   .protocol = 222,
			   .type = RTN_UNICAST,
			   .nhid = nhid};

	rib_kernel_route(&r, true);
}

/* Of an earlier life: with the same interfaces and shares it goes on. */
static void test_group_found(void **state)
{
	const struct nhleg legs[] = {{NHOBJ_FIRST + 10, 1}, {NHOBJ_FIRST + 11, 2}};
	const struct nhleg others[] = {{NHOBJ_FIRST + 10, 1}, {NHOBJ_FIRST + 11, 5}};

	fib_reset();
	nhgroup_found(7, legs, 2, false);
	nhgroup_found(NHOBJ_FIRST + 20, legs, 0, false);
	nhobj_found(NHOBJ_FIRST + 10, RIG_WG0, AF_INET);
	nhobj_found(NHOBJ_FIRST + 11, RIG_WG1, AF_INET);
	nhgroup_found(NHOBJ_FIRST + 12, legs, 2, false);
	nhgroup_found(NHOBJ_FIRST + 13, others, 2, false);
	nhgroup_found(NHOBJ_FIRST + 14, legs, 2, true);
	nhgroup_found(NHOBJ_FIRST + 15, legs, 1, false);
	OBJECTS("11: wg0 refs 0\n"
		 "12: wg1 refs 0\n"
		 "13: wg0 wg1 refs 0\n"
		 "14: wg0 wg1 refs 0\n"
		 "15: wg0 wg1 refs 0\n"
		 "16: wg0 refs 0\n");
	found_route("10.1.0.0/16", NHOBJ_FIRST + 12);
	found_route("10.2.0.0/16", NHOBJ_FIRST + 13);
	found_route("10.3.0.0/16", NHOBJ_FIRST + 14);
	found_route("10.4.0.0/16", NHOBJ_FIRST + 15);
	fib_kernel_ready();
	fib_wgd_synced();
	rig_told();
	state_of(3, TUNNEL_DOWN);
	rig_bgp("10.1.0.0/16", "10.9.0.1*1 10.9.1.2*2");
	rig_bgp("10.2.0.0/16", "10.9.0.1*1 10.9.1.2*2");
	rig_bgp("10.3.0.0/16", "10.9.0.1*1 10.9.1.2*2");
	rig_bgp("10.4.0.0/16", "10.9.0.1*1 10.9.1.2*2");
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p2\n"
		 "set 10.2.0.0/16 p1\n"
		 "set 10.2.0.0/16 p2\n"
		 "set 10.3.0.0/16 p1\n"
		 "set 10.3.0.0/16 p2\n"
		 "set 10.4.0.0/16 p1\n"
		 "set 10.4.0.0/16 p2\n"
		 "change 10.2.0.0/16 object 13\n"
		 "change 10.3.0.0/16 object 13\n"
		 "group 16 = 11*1 12*2\n");
	OBJECTS("11: wg0 refs 0\n"
		 "12: wg1 refs 0\n"
		 "13: wg0 wg1 refs 1\n"
		 "14: wg0 wg1 refs 0\n"
		 "15: wg0 wg1 refs 0\n"
		 "16: wg0 wg1 refs 1\n");
	fib_swept();
	RIG_TOLD("sync\n"
		 "object 15 del\n"
		 "object 14 del\n");
	OBJECTS("11: wg0 refs 0\n"
		 "12: wg1 refs 0\n"
		 "13: wg0 wg1 refs 1\n"
		 "16: wg0 wg1 refs 1\n");
}

static void told_by(const char *prefix, uint32_t oif)
{
	struct kroute r = {.prefix = rig_prefix(prefix),
			   .table = 254,
			   .metric = 179,
			   .oif = oif,
			   .protocol = 222,
			   .type = RTN_UNICAST};

	rib_kernel_route(&r, true);
}

/* A reading by an interface does not miss routes by objects that came there since it began; whether
 * they are there the next one says. */
static void test_moved_while_read(void **state)
{
	const uint32_t wg0 = RIG_WG0;

	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	rig_bgp("10.2.0.0/16", "10.9.0.1*1 10.9.1.2*1");
	rig_settle();
	state_of(1, TUNNEL_DOWN);
	rig_settle();
	OBJECTS("1: wg1 refs 1\n"
		 "2: wg1 refs 1\n"
		 "4: wg1 refs 0\n");
	rig_told();
	rib_kernel_begin_by(&wg0, 1);
	told_by("10.9.0.1/32", RIG_WG0);
	told_by("10.9.0.4/32", RIG_WG0);
	state_of(1, TUNNEL_UP);
	rig_pass(100);
	RIG_TOLD("object 5 new dev wg0\n"
		 "group 2 = 5*1 4*1\n"
		 "object 1 dev wg0\n");
	rib_kernel_end(NULL);
	RIG_TOLD("resync: nexthop objects moved\n");
	rib_kernel_begin();
	rig_kernel(true, "198.51.100.0/24", RTPROT_KERNEL, 0, RIG_U0, NULL);
	rig_kernel(true, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U0, "198.51.100.254");
	told_by("10.9.0.1/32", RIG_WG0);
	told_by("10.9.0.4/32", RIG_WG0);
	told_by("10.9.1.2/32", RIG_WG1);
	told_by("10.9.2.3/32", RIG_WG2);
	found_route("10.1.0.0/16", NHOBJ_FIRST);
	rib_kernel_end(NULL);
	RIG_TOLD("add 10.2.0.0/16 object 2\n");
	/* One that did not move since is missed. */
	rib_kernel_begin_by(&wg0, 1);
	told_by("10.9.0.1/32", RIG_WG0);
	told_by("10.9.0.4/32", RIG_WG0);
	rib_kernel_end(NULL);
	RIG_TOLD("add 10.1.0.0/16 object 1\n"
		 "add 10.2.0.0/16 object 2\n");
}

int main(void)
{
#define T(f) RIG_CHECK(f, setup)
	const struct CMUnitTest tests[] = {
		T(test_pair),
		T(test_group_behind_entries),
		T(test_group_behind),  T(test_unused),	       T(test_no_pair),	      T(test_disagreement),
		T(test_say),	       T(test_both),	      T(test_move_put_off),
		T(test_join_later),    T(test_link_fell),
		T(test_degraded),      T(test_home),	      T(test_homeless),
		T(test_lost),	       T(test_found),	      T(test_create_refused),
		T(test_errors), T(test_useless),	       T(test_move_refused),  T(test_numbers),
		T(test_refused_in_between),
		T(test_active_elsewhere),
		T(test_any),	       T(test_group),	      T(test_members),
		T(test_join),	       T(test_resilient),     T(test_never_resilient),
		T(test_group_refused),  T(test_group_number_taken), T(test_group_without_leaves),
		T(test_group_lost),    T(test_group_found),    T(test_missed_only),
		T(test_no_groups),     T(test_group_refused_once), T(test_refused_by_links),
		T(test_moved_while_read),
	};

	log_init("nhobj_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
