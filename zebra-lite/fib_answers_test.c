/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What wgd answers to the batches under way: in which order they go on, what becomes of what it
 * refuses, and of refusals that come late, twice, or belong to no batch.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "fib.h"
#include "fib_retry.h"
#include "log.h"
#include "nhobj.h"
#include "rib.h"
#include "rib_kernel.h"
#include "slow.h"
#include "tunnel.h"

#define P "10.1.0.0/16"

static void tunnel_down(void)
{
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_DOWN);
}

/* --- order --- */

/* What takes a route away waits for what grows, and for its answer; with it whatever is queued. */
static void test_removal_behind_growth(void **state)
{
	rig_bgp("10.2.0.0/16", "10.9.1.2");
	slow_hold();
	rig_bgp(P, "10.9.0.1");
	RIG_TOLD("set " P " p1\n"
		 "message 1\n");
	rig_bgp("10.3.0.0/16", "10.9.0.3");
	RIG_TOLD("set 10.3.0.0/16 p3\n"
		 "message 2\n");
	rig_bgp("10.2.0.0/16", "");
	rig_bgp("10.4.0.0/16", "10.9.0.1");
	RIG_TOLD("");
	slow_answer(1, P " p1");
	RIG_TOLD("refused " P " by 10.9.0.1 foreign-allowed-ip\n");
	slow_answer(2, "");
	RIG_TOLD("add 10.3.0.0/16 dev wg0\n"
		 "set 10.4.0.0/16 p1\n"
		 "message 3\n");
}

/* Of two batches each has its own answer, and the refusals in it. */
static void test_two_answers(void **state)
{
	slow_hold();
	rig_bgp(P, "10.9.0.1 10.9.1.2");
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p2\n"
		 "message 1\n");
	rig_bgp("10.2.0.0/16", "10.9.0.1 10.9.1.2");
	RIG_TOLD("set 10.2.0.0/16 p1\n"
		 "set 10.2.0.0/16 p2\n"
		 "message 2\n");
	slow_answer(1, "10.2.0.0/16 p1");
	RIG_TOLD("refused 10.2.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
		 "add 10.1.0.0/16 dev wg0\n");
	slow_answer(2, P " p1");
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
		 "add 10.2.0.0/16 dev wg1\n"
		 "change 10.1.0.0/16 dev wg1\n");
}

/* A longer prefix that is blocked holds what covers it, whichever batch that is in. */
static void test_cover(void **state)
{
	rig_bgp("10.1.7.0/24", "10.9.1.2");
	rig_bgp(P, "10.9.1.2");
	slow_hold();
	rig_bgp("10.1.7.0/24", "10.9.0.1");
	rig_settle();
	rig_bgp(P, "10.9.0.3");
	RIG_TOLD("set 10.1.7.0/24 p1\n"
		 "message 1\n"
		 "set 10.1.0.0/16 p3\n"
		 "message 2\n");
	slow_answer(1, "10.1.7.0/24 p1");
	RIG_TOLD("refused 10.1.7.0/24 by 10.9.0.1 foreign-allowed-ip\n");
	slow_answer(2, "");
	RIG_TOLD("change 10.1.0.0/16 dev wg0\n"
		 "del 10.1.7.0/24 dev wg1\n"
		 "unset 10.1.7.0/24 p2\n"
		 "message 3\n");
}

/* The same in one batch, and the covering one goes. */
static void test_cover_goes(void **state)
{
	rig_bgp("10.1.7.0/24", "10.9.1.2");
	rig_bgp(P, "10.9.0.3");
	rig_bgp("10.0.0.0/8", "10.9.0.1");
	slow_hold();
	rig_bgp("10.1.7.0/24", "10.9.0.1");
	rig_bgp(P, "");
	RIG_TOLD("set 10.1.7.0/24 p1\n"
		 "set 10.1.0.0/16 p1\n"
		 "message 1\n");
	slow_answer(1, "10.1.7.0/24 p1");
	RIG_TOLD("refused 10.1.7.0/24 by 10.9.0.1 foreign-allowed-ip\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "del 10.1.7.0/24 dev wg1\n"
		 "unset 10.1.7.0/24 p2\n"
		 "unset 10.1.0.0/16 p1\n"
		 "message 2\n");
	slow_answer(2, "");
	RIG_TOLD("");
}

/* An entry without a route, which a life before this one left, catches packets of what covers it:
 * where that is to move and does not, it stays until that has. */
static void test_cover_of_an_entry(void **state)
{
	rig_bgp(P, "10.9.0.3");
	slow_hold();
	rig_bgp(P, "10.9.1.2 10.9.2.4");
	slow_next_wgd("10.1.7.0/24", 1);
	RIG_TOLD("set 10.1.0.0/16 p3\n"
		 "set 10.1.7.0/24 p1\n"
		 "message 1\n"
		 "sync\n");
	slow_answer(1, "");
	RIG_TOLD("set 10.1.0.0/16 p2\n"
		 "set 10.1.0.0/16 p4\n"
		 "message 2\n");
	slow_answer(2, P " p2");
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.1.2 foreign-allowed-ip\n"
		 "change 10.1.0.0/16 dev wg2\n"
		 "unset 10.1.7.0/24 p1\n"
		 "message 3\n");
}

/* An entry that moves within its interface: the route stays, whatever wgd says. */
static void test_moved(void **state)
{
	rig_bgp(P, "10.9.0.1 10.9.1.2");
	slow_hold();
	rig_bgp(P, "10.9.0.3 10.9.1.2");
	RIG_TOLD("set " P " p3\n"
		 "message 1\n");
	slow_answer(1, P " p3");
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.0.3 foreign-allowed-ip\n"
		 "change 10.1.0.0/16 dev wg1\n");
	slow_wgd = false;
	rig_pass(4000);
	RIG_TOLD("unset 10.1.0.0/16 p1\n");
}

/* To one that goes before it answers, and may have got the entry: it goes back. */
static void test_moved_to_one_gone(void **state)
{
	rig_bgp(P, "10.9.0.1");
	slow_hold();
	rig_bgp(P, "10.9.0.3 10.9.0.1");
	RIG_TOLD("set 10.1.0.0/16 p3\n"
		 "message 1\n");
	tunnel_peer_gone(3);
	RIG_TOLD("");
	slow_answer(1, "");
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "message 2\n"
		 "del 10.9.0.3/32 dev wg0\n");
}

/* Taken out of the configuration and put back before wgd let it go, a peer has the entries that it
 * had: what is not its any more has been taken from it. */
static void test_goes_and_comes(void **state)
{
	rig_bgp(P, "10.9.0.1");
	rig_bgp("10.2.0.0/16", "10.9.0.1 10.9.1.2");
	rig_told();
	tunnel_peer_gone(1);
	RIG_TOLD("change 10.2.0.0/16 dev wg1\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "del 10.9.0.1/32 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n"
		 "unset 10.2.0.0/16 p1\n");
	rig_bgp(P, "");
	slow_peers();
	RIG_TOLD("set 10.2.0.0/16 p1\n"
		 "add 10.9.0.1/32 dev wg0\n"
		 "change 10.2.0.0/16 dev wg0\n");
	/* The numbers of a wgd that is no more are nobody's. */
	tunnel_peer_gone(1);
	fib_wgd_away();
	tunnel_begin();
	for (uint32_t i = RIG_WG0; i <= RIG_WG3; i++)
		rig_if(i, true);
	rig_peer(1, RIG_WG0, "10.9.0.3", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	tunnel_synced();
	fib_wgd_synced();
	RIG_TOLD("set 10.2.0.0/16 p2\n"
		 "sync\n"
		 "change 10.2.0.0/16 dev wg1\n"
		 "del 10.9.2.4/32 dev wg2\n"
		 "del 10.9.0.1/32 dev wg0\n");
}

/* --- refusals --- */

/* Of entries on three interfaces one is refused: the others are as they were to be. */
static const struct {
	const char *refused, *told;
} several[] = {
	{P " p1", "refused 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
		  "add 10.2.0.0/16 dev wg0\n"
		  "add 10.1.0.0/16 dev wg1\n"},
	{P " p2", "refused 10.1.0.0/16 by 10.9.1.2 foreign-allowed-ip\n"
		  "add 10.1.0.0/16 dev wg0\n"
		  "add 10.2.0.0/16 dev wg0\n"},
	{P " p4", "refused 10.1.0.0/16 by 10.9.2.4 foreign-allowed-ip\n"
		  "add 10.1.0.0/16 dev wg0\n"
		  "add 10.2.0.0/16 dev wg0\n"},
	{P " p1 " P " p2", "refused 10.1.0.0/16 by 10.9.1.2 foreign-allowed-ip\n"
			   "refused 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
			   "add 10.2.0.0/16 dev wg0\n"
			   "add 10.1.0.0/16 dev wg2\n"},
	{P " p2 " P " p4", "refused 10.1.0.0/16 by 10.9.2.4 foreign-allowed-ip\n"
			   "refused 10.1.0.0/16 by 10.9.1.2 foreign-allowed-ip\n"
			   "add 10.1.0.0/16 dev wg0\n"
			   "add 10.2.0.0/16 dev wg0\n"},
	{P " p1 " P " p2 " P " p4", "refused 10.1.0.0/16 by 10.9.2.4 foreign-allowed-ip\n"
				    "refused 10.1.0.0/16 by 10.9.1.2 foreign-allowed-ip\n"
				    "refused 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
				    "add 10.2.0.0/16 dev wg0\n"},
	{"10.2.0.0/16 p1", "refused 10.2.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
			   "add 10.1.0.0/16 dev wg0\n"
			   "add 10.2.0.0/16 dev wg1\n"},
	{P " p3", "add 10.1.0.0/16 dev wg0\n"
		  "add 10.2.0.0/16 dev wg0\n"}, /* nobody asked for it */
	{P " p77", "add 10.1.0.0/16 dev wg0\n"
		   "add 10.2.0.0/16 dev wg0\n"},
};

static void run_several(size_t i)
{
	slow_hold();
	rig_bgp(P, "10.9.0.1 10.9.1.2 10.9.2.4");
	rig_bgp("10.2.0.0/16", "10.9.0.1 10.9.1.2");
	rig_told();
	slow_wgd = false;
	slow_answer(1, several[i].refused);
	rig_pass(4000);
	slow_check("refused", several[i].refused, rig_told(), several[i].told);
}

static void test_one_of_several(void **state)
{
	slow_rows(ARRAY_SIZE(several), run_several, state);
}

/* The next hop that leads to the peer by a learned route is free again with the peer. */
static void test_free_behind_a_route(void **state)
{
	rig_bgp("10.50.0.0/24", "10.9.0.1");
	rig_told();
	slow_hold();
	rig_bgp(P, "10.50.0.1");
	RIG_TOLD("set " P " p1\n"
		 "message 1\n");
	slow_answer(1, P " p1");
	RIG_TOLD("refused 10.1.0.0/16 by 10.50.0.1 foreign-allowed-ip\n");
	slow_wgd = false;
	slow_entry(P, 1, REASON_NONE);
	RIG_TOLD("cleared 10.1.0.0/16 by 10.50.0.1 foreign-allowed-ip\n"
		 "set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 dev wg0\n");
}

/* --- planes --- */

static void two_planes(void)
{
	rig_configure("{'wireguard': {'interface': [{'name': 'wg3', 'peer': [" RIG_PERMIT_OF(
		"p5") ", " RIG_PERMIT_OF("p6") "]}, " RIG_PERMIT_ON("wg0") "]}, 'rib': {}, "
									   "'plane': "
									   "[{'name': 'blue', "
									   "'number': 1, 'table': "
									   "101, 'interface': "
									   "['wg3']}]}");
	rig_peer(5, RIG_WG3, "10.9.3.5", NULL, TUNNEL_UP);
	rig_peer(6, RIG_WG3, "10.9.3.6", NULL, TUNNEL_UP);
	rig_told();
}

/* The prefix in that plane by the next hops of the plane blue. */
static void in_plane(uint8_t plane, const char *hop, const char *next)
{
	struct prefix p = rig_prefix(P);
	struct msg_routes r = {.n_prefixes = 1, .prefixes = &p};

	p.plane = plane;
	if (hop)
		r.hops.hop[r.hops.n++].addr = rig_addr(hop);
	if (next)
		r.hops.hop[r.hops.n++].addr = rig_addr(next);
	for (unsigned i = 0; i < r.hops.n; i++)
		r.hops.hop[i].addr.plane = 1;
	rib_bgp_routes(&r, 0);
}

/* What is refused for a prefix is refused in each plane that has it, be it in the batch or not. */
static void test_planes(void **state)
{
	two_planes();
	slow_hold();
	in_plane(0, "10.9.3.5", NULL);
	RIG_TOLD("set " P " p5\n"
		 "message 1\n");
	in_plane(1, "10.9.3.5", "10.9.3.6");
	RIG_TOLD("");
	slow_answer(1, P " p5");
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.3.5 foreign-allowed-ip\n"
		 "refused 10.1.0.0/16 by 10.9.3.5 foreign-allowed-ip\n"
		 "set 10.1.0.0/16 p6\n"
		 "message 2\n");
	slow_answer(2, "");
	RIG_TOLD("add 10.1.0.0/16 table 101 dev wg3\n");
	slow_wgd = false;
	slow_entry(P, 5, REASON_NONE);
	RIG_TOLD("cleared 10.1.0.0/16 by 10.9.3.5 foreign-allowed-ip\n"
		 "cleared 10.1.0.0/16 by 10.9.3.5 foreign-allowed-ip\n"
		 "set 10.1.0.0/16 p5\n"
		 "add 10.1.0.0/16 dev wg3\n");
}

/* Who had it already in the other plane has it no more. */
static void test_lost_in_other_plane(void **state)
{
	two_planes();
	in_plane(0, "10.9.3.5", "10.9.3.6");
	slow_hold();
	in_plane(1, "10.9.3.5", NULL);
	RIG_TOLD("set " P " p5\n"
		 "message 1\n");
	slow_answer(1, P " p5");
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.3.5 foreign-allowed-ip\n"
		 "refused 10.1.0.0/16 by 10.9.3.5 foreign-allowed-ip\n"
		 "set 10.1.0.0/16 p6\n"
		 "message 2\n");
	slow_answer(2, "");
	RIG_TOLD("");
}

/* What another plane gets back was asked by no batch. */
static void test_given_back_refused(void **state)
{
	two_planes();
	in_plane(0, "10.9.3.5", NULL);
	in_plane(1, "10.9.3.6", NULL);
	slow_hold();
	in_plane(1, NULL, NULL);
	RIG_TOLD("del 10.1.0.0/16 table 101 dev wg3\n"
		 "set 10.1.0.0/16 p5\n"
		 "message 1\n");
	slow_answer(1, P " p5");
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.3.5 foreign-allowed-ip\n"
		 "del 10.1.0.0/16 dev wg3\n");
}

/* --- answers that nobody waits for --- */

/* The entry was to be handed over, then taken away, then the kernel kept the route: it goes back,
 * and wgd does not take it any more. */
static void test_back_refused(void **state)
{
	rig_bgp("10.0.0.0/8", "10.9.0.3");
	rig_bgp(P, "10.9.0.1");
	slow_hold();
	rig_delete_error = -EPERM;
	rig_bgp(P, "");
	rig_told();
	slow_answer(1, P " p3");
	RIG_TOLD("unset 10.1.0.0/16 p1\n"
		 "message 2\n");
	slow_answer(2, "");
	RIG_TOLD("del 10.1.0.0/16 dev wg0\n"
		 "refused 10.1.0.0/16 by all kernel-error\n"
		 "set 10.1.0.0/16 p1\n"
		 "message 3\n");
	rig_delete_error = 0;
	slow_answer(3, P " p1");
	RIG_TOLD("");
	assert_null(fib_owner_on(rib_installed(rib_find(&(struct prefix[]){rig_prefix(P)}[0])),
				 RIG_WG0));
	rig_pass(RETRY_MAX_MS);
	RIG_TOLD("cleared 10.1.0.0/16 by all kernel-error\n"
		 "del 10.1.0.0/16 dev wg0\n");
}

/* The route is to go where an entry is that lingers; before that is written the entry is lost. */
static void test_lost_under_way(void **state)
{
	rig_bgp(P, "10.9.0.1 10.9.1.2");
	rig_bgp(P, "10.9.1.2");
	rig_told();
	slow_hold();
	rig_bgp(P, "10.9.0.1 10.9.1.2");
	rig_bgp("10.2.0.0/16", "10.9.2.4");
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "set 10.2.0.0/16 p4\n"
		 "message 1\n");
	slow_entry(P, 1, REASON_FOREIGN_ALLOWED_IP);
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n");
	slow_answer(1, "");
	RIG_TOLD("add 10.2.0.0/16 dev wg2\n");
}

/* Late ones, repeated ones, and those of messages that never were. */
static void test_late(void **state)
{
	struct msg_allowed_refused no = {1, rig_prefix(P), REASON_WG_ERROR};
	struct msg_allowed_ack ack = {.batch = 7777, .n = 1, .refused = &no};

	slow_hold();
	rig_bgp(P, "10.9.0.1 10.9.1.2");
	rig_told();
	slow_answer(1, "");
	RIG_TOLD("add 10.1.0.0/16 dev wg0\n");
	slow_answer(1, "");
	RIG_TOLD("");
	slow_answer(1, P " p1");
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
		 "change 10.1.0.0/16 dev wg1\n");
	slow_answer(1, P " p1");
	RIG_TOLD("");
	slow_entry(P, 1, REASON_NONE);
	rig_told();
	slow_answer(slow_messages(), "");
	rig_told();
	fib_acked(&ack);
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.0.1 wireguard-error\n"
		 "change 10.1.0.0/16 dev wg1\n");
	slow_entry(P, 1, REASON_NONE);
	rig_told();
	slow_answer(slow_messages(), "");
	rig_told();
	ack.batch = 0;
	fib_acked(&ack);
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.0.1 wireguard-error\n"
		 "change 10.1.0.0/16 dev wg1\n");
}

/* The answer to a message that nobody waits for lets nothing on that waits for another one. */
static void test_not_its_answer(void **state)
{
	rig_bgp("10.2.0.0/16", "10.9.0.1");
	slow_hold();
	rig_bgp("10.2.0.0/16", "");
	RIG_TOLD("del 10.2.0.0/16 dev wg0\n"
		 "unset 10.2.0.0/16 p1\n"
		 "message 1\n");
	rig_bgp(P, "10.9.0.1");
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "message 2\n");
	slow_answer(1, "");
	RIG_TOLD("");
	slow_answer(0, "");
	RIG_TOLD("");
	slow_answer(2, "");
	RIG_TOLD("add 10.1.0.0/16 dev wg0\n");
}

/* Refusals in the answer to a replay are facts, whichever of its messages they are of. */
static void test_replayed(void **state)
{
	rig_bgp(P, "10.9.0.1 10.9.1.2");
	rig_bgp("10.2.0.0/16", "10.9.0.1");
	slow_hold();
	slow_next_wgd(NULL, 0);
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p2\n"
		 "set 10.2.0.0/16 p1\n"
		 "message 1\n"
		 "sync\n");
	slow_answer(1, "10.2.0.0/16 p1 " P " p2");
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.1.2 foreign-allowed-ip\n"
		 "refused 10.2.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
		 "del 10.2.0.0/16 dev wg0\n");
}

/* An interface is made anew: its peers keep their numbers, and the entries that they get there. */
static void test_interface_anew(void **state)
{
	rig_bgp(P, "10.9.0.1");
	slow_hold();
	tunnel_if_gone(RIG_WG0);
	rig_peer(1, RIG_WG3, "10.9.0.1", NULL, TUNNEL_UP);
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "message 1\n");
	slow_answer(1, "");
	RIG_TOLD("change 10.9.0.1/32 dev wg3\n"
		 "change 10.1.0.0/16 dev wg3\n"
		 "del 10.9.0.3/32 dev wg0\n");
}

/* Of a static route, too, what wgd refused is not asked again and again, and bgpd is told that it
 * is not used. */
static void test_static_refused(void **state)
{
	rig_configure("{" RIG_PERMIT ", 'rib': {'static': [{'prefix': '" P "', "
		      "'next-hop': '10.9.0.1'}]}}");
	RIG_TOLD("redist +static 10.1.0.0/16 metric 0\n"
		 "set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 dev wg0\n");
	slow_entry(P, 1, REASON_STATIC_ENTRY);
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.0.1 static-entry\n"
		 "redist -static 10.1.0.0/16 metric 0\n"
		 "del 10.1.0.0/16 dev wg0\n");
	slow_entry(P, 1, REASON_NONE);
	RIG_TOLD("cleared 10.1.0.0/16 by 10.9.0.1 static-entry\n"
		 "redist +static 10.1.0.0/16 metric 0\n"
		 "set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 dev wg0\n");
}

/* What a wgd refused is asked of the next one again: it knows of no refusal that it could end. */
static void test_refused_by_the_one_before(void **state)
{
	slow_hold();
	rig_bgp(P, "10.9.0.1");
	rig_told();
	slow_answer(1, P " p1");
	rig_told();
	slow_next_wgd(NULL, 0);
	RIG_TOLD("cleared 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
		 "sync\n"
		 "set 10.1.0.0/16 p1\n"
		 "message 2\n");
	slow_answer(2, P " p1");
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n");
}

/* --- pins --- */

/* The pin goes while what it is for is asked: that is written, and goes again. */
static void test_pin_lost(void **state)
{
	rig_peer(4, RIG_WG2, "10.9.2.4", "203.0.113.1:51820", TUNNEL_UP);
	rig_told();
	slow_hold();
	rig_bgp("203.0.113.0/24", "10.9.0.1");
	RIG_TOLD("add 203.0.113.1/32 via 198.51.100.254 dev u0\n"
		 "set 203.0.113.0/24 p1\n"
		 "message 1\n");
	rig_kernel(false, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U0, "198.51.100.254");
	RIG_TOLD("redist -kernel 0.0.0.0/0 metric 0\n");
	slow_answer(1, "");
	RIG_TOLD("add 203.0.113.0/24 dev wg0\n"
		 "refused 203.0.113.0/24 by all covers-endpoint\n"
		 "del 203.0.113.0/24 dev wg0\n"
		 "del 203.0.113.1/32 via 198.51.100.254 dev u0\n"
		 "unset 203.0.113.0/24 p1\n"
		 "message 2\n");
}

/* --- nexthop objects: 10.1.0.0/16 has one that 10.2.0.0/16 is to share --- */

static void share(void)
{
	slow_objects();
	rig_bgp(P, "10.9.0.1 10.9.1.2");
	slow_hold();
	rig_bgp("10.2.0.0/16", "10.9.0.1 10.9.1.2");
	RIG_TOLD("set 10.2.0.0/16 p1\n"
		 "set 10.2.0.0/16 p2\n"
		 "message 1\n");
}

/* It is deleted while the entries of a route by it are asked: that is written by another one. */
static void test_object_lost(void **state)
{
	share();
	nhobj_lost(NHOBJ_FIRST);
	RIG_TOLD("resync: a nexthop object was deleted\n");
	slow_wgd = false;
	slow_answer(1, "");
	RIG_TOLD("object 2 new dev wg0\n"
		 "add 10.2.0.0/16 object 2\n"
		 "change 10.1.0.0/16 object 2\n"
		 "object 1 del\n");
}

/* It moves meanwhile, and the route follows it; or its entry there is refused. */
static void test_object_moves(void **state)
{
	share();
	tunnel_down();
	RIG_TOLD("object 1 dev wg1\n");
	slow_answer(1, "");
	RIG_TOLD("add 10.2.0.0/16 object 1\n");
}

static void test_object_moves_refused(void **state)
{
	share();
	tunnel_down();
	RIG_TOLD("object 1 dev wg1\n");
	slow_wgd = false;
	slow_answer(1, "10.2.0.0/16 p2");
	RIG_TOLD("refused 10.2.0.0/16 by 10.9.1.2 foreign-allowed-ip\n"
		 "unset 10.2.0.0/16 p1\n");
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_pass(4000);
	RIG_TOLD("set 10.2.0.0/16 p1\n"
		 "add 10.2.0.0/16 dev wg0\n"
		 "object 1 dev wg0\n");
}

/* It does not move to where the entry of one of its routes was lost. */
static void test_object_without_entry(void **state)
{
	share();
	slow_wgd = false;
	slow_answer(1, "");
	RIG_TOLD("add 10.2.0.0/16 object 1\n");
	slow_entry("10.2.0.0/16", 2, REASON_FOREIGN_ALLOWED_IP);
	RIG_TOLD("refused 10.2.0.0/16 by 10.9.1.2 foreign-allowed-ip\n"
		 "change 10.2.0.0/16 dev wg0\n");
	tunnel_down();
	RIG_TOLD("object 1 dev wg1\n"
		 "del 10.2.0.0/16 dev wg0\n"
		 "unset 10.2.0.0/16 p1\n");
}

/* The kernel refuses a route by it, and then whatever names one. */
static void test_object_refused(void **state)
{
	share();
	slow_wgd = false;
	rig_route_error = -EINVAL;
	slow_answer(1, "");
	rig_route_error = 0;
	RIG_TOLD("add 10.2.0.0/16 object 1\n"
		 "resync: a nexthop object was deleted\n"
		 "object 2 new dev wg0\n"
		 "add 10.2.0.0/16 object 2\n"
		 "change 10.1.0.0/16 object 2\n"
		 "object 1 del\n");
	rig_pass(4000);
	RIG_TOLD("");
}

int main(void)
{
#define T(f) RIG_CHECK(f, slow_setup)
	const struct CMUnitTest tests[] = {
		T(test_removal_behind_growth),
		T(test_two_answers),
		T(test_cover),
		T(test_cover_goes),
		T(test_cover_of_an_entry),
		T(test_moved),
		T(test_moved_to_one_gone),
		T(test_goes_and_comes),
		T(test_one_of_several),
		T(test_free_behind_a_route),
		T(test_planes),
		T(test_lost_in_other_plane),
		T(test_given_back_refused),
		T(test_back_refused),
		T(test_lost_under_way),
		T(test_late),
		T(test_not_its_answer),
		T(test_replayed),
		T(test_interface_anew),
		T(test_static_refused),
		T(test_refused_by_the_one_before),
		T(test_pin_lost),
		T(test_object_lost),
		T(test_object_moves),
		T(test_object_moves_refused),
		T(test_object_without_entry),
		T(test_object_refused),
	};

	log_init("fib_answers_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
