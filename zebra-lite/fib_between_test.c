/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A batch between its plan and the books: facts change while wgd has not answered, while the kernel
 * has not written, or between two messages to wgd.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "fib.h"
#include "log.h"
#include "nexthop.h"
#include "rib.h"
#include "slow.h"
#include "tunnel.h"

/* --- facts that change --- */

#define P "10.1.0.0/16"

static void nothing(void)
{
}

static void tunnel_down(void)
{
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_DOWN);
}

static void tunnel_gone(void)
{
	tunnel_peer_gone(1);
}

/* At the same address there is another one. */
static void tunnel_anew(void)
{
	tunnel_peer_gone(1);
	rig_peer(11, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
}

static void link_gone(void)
{
	rig_link_down[RIG_WG0] = true;
	tunnel_if_gone(RIG_WG0);
}

static void withdrawn(void)
{
	rig_bgp(P, "");
}

static void better(void)
{
	rig_bgp(P, "10.9.2.4 10.9.0.1");
}

static void back(void)
{
	rig_bgp(P, "10.9.1.2");
}

static void by_a_link(void)
{
	rig_bgp(P, "198.51.100.7");
}

static void lost(void)
{
	slow_entry(P, 1, REASON_WG_ERROR);
}

static void foreign(void)
{
	rig_kernel(true, P, RTPROT_STATIC, 5, RIG_U1, NULL);
}

static void foreign_in_the_way(void)
{
	rig_kernel(true, P, RTPROT_STATIC, 179, RIG_U1, NULL);
}

#define FIRST "10.7.0.0/16" /* in the batch before it, if there is one */
static bool second;

static void next_bgpd(void)
{
	rib_bgp_begin();
	if (second)
		rig_bgp(FIRST, "10.9.2.4");
	rib_bgp_synced();
}

static void ceiling_narrowed(void)
{
	rig_configure("{'wireguard': {'interface': [{'name': 'wg0', 'peer': [{'name': 'p1', "
		      "'permit': ['10.2.0.0/16']}]}]}, 'rib': {}}");
}

static void no_wgd(void)
{
	fib_wgd_away();
}

/* --- each of them at each time --- */

struct row {
	const char *name;
	void (*change)(void);
	const char *refused;	      /* in the answer */
	const char *at_once, *behind; /* told before it, and then */
};

/* The prefix goes from p2 to p1, in the first batch, or in the second one that follows what only
 * grows. */
static void run_row(const struct row *r)
{
	const char *where = second ? "second" : "first", *told;

	rig_bgp(P, "10.9.1.2");
	slow_hold();
	if (second)
		rig_bgp(FIRST, "10.9.2.4");
	rig_settle();
	rig_bgp(P, "10.9.0.1");
	rig_told();
	r->change();
	slow_check(where, r->name, rig_told(), r->at_once);
	slow_wgd = false;
	slow_answer(1, second ? "" : r->refused);
	if (second)
		slow_answer(2, r->refused);
	rig_pass(4000);
	told = rig_told();
	if (second && r->change != no_wgd)
		told += strcspn(told, "\n") + 1; /* of the other prefix */
	slow_check(where, r->name, told, r->behind);
}

static const struct row asked[] = {
	{"nothing", nothing, "", "",
	 "change 10.1.0.0/16 dev wg0\n"
	 "unset 10.1.0.0/16 p2\n"},
	{"refused", nothing, P " p1", "",
	 "refused 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
	 "del 10.1.0.0/16 dev wg1\n"
	 "unset 10.1.0.0/16 p2\n"},
	{"tunnel down", tunnel_down, "", "",
	 "change 10.1.0.0/16 dev wg0\n"
	 "del 10.1.0.0/16 dev wg0\n"
	 "unset 10.1.0.0/16 p1\n"
	 "unset 10.1.0.0/16 p2\n"},
	{"tunnel down, refused", tunnel_down, P " p1", "",
	 "refused 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
	 "del 10.1.0.0/16 dev wg1\n"
	 "unset 10.1.0.0/16 p2\n"},
	{"tunnel gone", tunnel_gone, "", "",
	 "unset 10.1.0.0/16 p1\n"
	 "del 10.1.0.0/16 dev wg1\n"
	 "del 10.9.0.1/32 dev wg0\n"
	 "unset 10.1.0.0/16 p2\n"},
	{"tunnel gone, refused", tunnel_gone, P " p1", "",
	 "unset 10.1.0.0/16 p1\n"
	 "del 10.1.0.0/16 dev wg1\n"
	 "del 10.9.0.1/32 dev wg0\n"
	 "unset 10.1.0.0/16 p2\n"},
	{"tunnel anew", tunnel_anew, "", "",
	 "unset 10.1.0.0/16 p1\n"
	 "set 10.1.0.0/16 p11\n"
	 "change 10.1.0.0/16 dev wg0\n"
	 "unset 10.1.0.0/16 p2\n"},
	{"tunnel anew, refused", tunnel_anew, P " p1", "",
	 "unset 10.1.0.0/16 p1\n"
	 "set 10.1.0.0/16 p11\n"
	 "change 10.1.0.0/16 dev wg0\n"
	 "unset 10.1.0.0/16 p2\n"},
	{"link gone", link_gone, P " p1", "",
	 "unset 10.1.0.0/16 p1\n"
	 "del 10.1.0.0/16 dev wg1\n"
	 "del 10.9.0.1/32 dev wg0\n"
	 "del 10.9.0.3/32 dev wg0\n"
	 "unset 10.1.0.0/16 p2\n"},
	{"withdrawn", withdrawn, "", "",
	 "change 10.1.0.0/16 dev wg0\n"
	 "del 10.1.0.0/16 dev wg0\n"
	 "unset 10.1.0.0/16 p1\n"
	 "unset 10.1.0.0/16 p2\n"},
	{"withdrawn, refused", withdrawn, P " p1", "",
	 "del 10.1.0.0/16 dev wg1\n"
	 "unset 10.1.0.0/16 p2\n"},
	{"better path", better, "", "",
	 "change 10.1.0.0/16 dev wg0\n"
	 "set 10.1.0.0/16 p4\n"
	 "change 10.1.0.0/16 dev wg2\n"
	 "unset 10.1.0.0/16 p2\n"},
	{"better path, refused", better, P " p1", "",
	 "refused 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
	 "set 10.1.0.0/16 p4\n"
	 "change 10.1.0.0/16 dev wg2\n"
	 "unset 10.1.0.0/16 p2\n"},
	{"back", back, "", "",
	 "change 10.1.0.0/16 dev wg0\n"
	 "change 10.1.0.0/16 dev wg1\n"
	 "unset 10.1.0.0/16 p1\n"},
	{"back, refused", back, P " p1", "", ""},
	{"by a link", by_a_link, "", "",
	 "change 10.1.0.0/16 dev wg0\n"
	 "change 10.1.0.0/16 via 198.51.100.7 dev u0\n"
	 "unset 10.1.0.0/16 p1\n"
	 "unset 10.1.0.0/16 p2\n"},
	{"lost", lost, "", "refused 10.1.0.0/16 by 10.9.0.1 wireguard-error\n",
	 "del 10.1.0.0/16 dev wg1\n"
	 "unset 10.1.0.0/16 p2\n"},
	{"foreign route", foreign, "",
	 "redist +kernel 10.1.0.0/16 metric 5\n"
	 "refused 10.1.0.0/16 by all lost-to-protocol\n",
	 "change 10.1.0.0/16 dev wg0\n"
	 "del 10.1.0.0/16 dev wg0\n"
	 "unset 10.1.0.0/16 p1\n"
	 "unset 10.1.0.0/16 p2\n"},
	{"foreign route in the way", foreign_in_the_way, "",
	 "redist +kernel 10.1.0.0/16 metric 179\n"
	 "refused 10.1.0.0/16 by all lost-to-protocol\n",
	 "change 10.1.0.0/16 dev wg0\n"
	 "del 10.1.0.0/16 dev wg0\n"
	 "unset 10.1.0.0/16 p1\n"
	 "unset 10.1.0.0/16 p2\n"},
	{"next bgpd", next_bgpd, "", "",
	 "change 10.1.0.0/16 dev wg0\n"
	 "del 10.1.0.0/16 dev wg0\n"
	 "unset 10.1.0.0/16 p1\n"
	 "unset 10.1.0.0/16 p2\n"},
	{"next bgpd, refused", next_bgpd, P " p1", "",
	 "del 10.1.0.0/16 dev wg1\n"
	 "unset 10.1.0.0/16 p2\n"},
	{"ceiling narrowed", ceiling_narrowed, "", "",
	 "change 10.1.0.0/16 dev wg0\n"
	 "refused 10.1.0.0/16 by 10.9.0.1 outside-permit\n"
	 "del 10.1.0.0/16 dev wg0\n"
	 "unset 10.1.0.0/16 p1\n"
	 "unset 10.1.0.0/16 p2\n"},
	{"no wgd", no_wgd, "", "", ""},
};

static void run_asked(size_t i)
{
	second = i % 2;
	run_row(&asked[i / 2]);
}

static void test_asked(void **state)
{
	slow_rows(2 * ARRAY_SIZE(asked), run_asked, state);
}

/* While the kernel has a batch that is on its way into it, the next one is put together: no entries
 * have to do with the first. */
static void gateway_down(void)
{
	rig_link_down[RIG_U0] = true;
	nexthop_link_changed(RIG_U0);
}

static void by_another_link(void)
{
	rig_bgp(P, "198.51.100.9");
}

static void by_a_tunnel(void)
{
	rig_bgp(P, "10.9.0.1");
}

static void refused_by_the_kernel(void)
{
	slow_kernel = false;
	fib_settle();
}

static const struct {
	const char *name;
	void (*change)(void);
	int err; /* of the kernel */
	const char *at_once, *written;
} writing[] = {
	{"nothing", nothing, 0, "", ""},
	{"refused", nothing, -ENOBUFS, "",
	 "refused 10.1.0.0/16 by 198.51.100.8 kernel-error\n"
	 "del 10.1.0.0/16 via 198.51.100.7 dev u0\n"
	 "cleared 10.1.0.0/16 by 198.51.100.8 kernel-error\n"
	 "add 10.1.0.0/16 via 198.51.100.8 dev u0\n"},
	{"withdrawn", withdrawn, 0, "", "del 10.1.0.0/16 via 198.51.100.8 dev u0\n"},
	{"withdrawn, refused", withdrawn, -ENOBUFS, "",
	 "refused 10.1.0.0/16 by 198.51.100.8 kernel-error\n"
	 "del 10.1.0.0/16 via 198.51.100.7 dev u0\n"
	 "cleared 10.1.0.0/16 by 198.51.100.8 kernel-error\n"},
	{"by another link", by_another_link, 0, "", "change 10.1.0.0/16 via 198.51.100.9 dev u0\n"},
	{"by another link, refused", by_another_link, -ENOBUFS, "",
	 "refused 10.1.0.0/16 by 198.51.100.8 kernel-error\n"
	 "change 10.1.0.0/16 via 198.51.100.9 dev u0\n"
	 "cleared 10.1.0.0/16 by 198.51.100.8 kernel-error\n"},
	{"by a tunnel", by_a_tunnel, 0, "",
	 "set 10.1.0.0/16 p1\n"
	 "change 10.1.0.0/16 dev wg0\n"},
	{"gateway down", gateway_down, 0, "", "del 10.1.0.0/16 via 198.51.100.8 dev u0\n"},
	{"foreign route", foreign, 0,
	 "redist +kernel 10.1.0.0/16 metric 5\n"
	 "refused 10.1.0.0/16 by all lost-to-protocol\n"
	 "del 10.1.0.0/16 via 198.51.100.8 dev u0\n",
	 ""},
	{"foreign route in the way", foreign_in_the_way, -EEXIST,
	 "refused 10.1.0.0/16 by all foreign-route\n"
	 "resync: a route of somebody else is in the way\n"
	 "redist +kernel 10.1.0.0/16 metric 179\n"
	 "del 10.1.0.0/16 via 198.51.100.7 dev u0\n",
	 ""},
	{"lost", lost, 0, "", ""},
	{"next bgpd", next_bgpd, 0, "", "del 10.1.0.0/16 via 198.51.100.8 dev u0\n"},
	{"no wgd", no_wgd, 0, "", ""},
	{"asked for the books", refused_by_the_kernel, -ENOBUFS,
	 "refused 10.1.0.0/16 by 198.51.100.8 kernel-error\n"
	 "del 10.1.0.0/16 via 198.51.100.7 dev u0\n",
	 "cleared 10.1.0.0/16 by 198.51.100.8 kernel-error\n"
	 "add 10.1.0.0/16 via 198.51.100.8 dev u0\n"},
};

static void run_writing(size_t i)
{
	rig_bgp(P, "198.51.100.7");
	rig_told();
	slow_kernel = true;
	rig_route_error = writing[i].err;
	rig_bgp(P, "198.51.100.8");
	rig_told();
	rig_route_error = 0;
	writing[i].change();
	slow_check("at once", writing[i].name, rig_told(), writing[i].at_once);
	slow_kernel = false;
	fib_look();
	rig_pass(4000);
	slow_check("written", writing[i].name, rig_told(), writing[i].written);
}

static void test_writing(void **state)
{
	slow_rows(ARRAY_SIZE(writing), run_writing, state);
}

/* --- between two messages: what was to be handed over was refused, and is to go first --- */

static void cover_withdrawn(void)
{
	rig_bgp("10.0.0.0/8", "");
}

static void cover_moves(void)
{
	rig_bgp("10.0.0.0/8", "10.9.1.2");
}

static void heir_gone(void)
{
	tunnel_peer_gone(3);
}

static void here_again(void)
{
	rig_bgp(P, "10.9.0.1");
}

static void elsewhere(void)
{
	rig_bgp(P, "10.9.1.2");
}

static void heir_lost(void)
{
	slow_entry("10.0.0.0/8", 3, REASON_WG_ERROR);
}

static const struct {
	const char *name;
	void (*change)(void);
	const char *at_once, *behind;
} between[] = {
	{"nothing", nothing, "", "del 10.1.0.0/16 dev wg0\n"},
	{"covering route withdrawn", cover_withdrawn, "",
	 "del 10.1.0.0/16 dev wg0\n"
	 "del 10.0.0.0/8 dev wg0\n"
	 "unset 10.0.0.0/8 p3\n"},
	{"covering route moves", cover_moves, "",
	 "del 10.1.0.0/16 dev wg0\n"
	 "set 10.0.0.0/8 p2\n"
	 "change 10.0.0.0/8 dev wg1\n"
	 "unset 10.0.0.0/8 p3\n"},
	{"who was to have it is gone", heir_gone, "",
	 "del 10.1.0.0/16 dev wg0\n"
	 "del 10.0.0.0/8 dev wg0\n"
	 "del 10.9.0.3/32 dev wg0\n"
	 "unset 10.0.0.0/8 p3\n"},
	{"the owner is gone", tunnel_gone, "",
	 "del 10.1.0.0/16 dev wg0\n"
	 "del 10.9.0.1/32 dev wg0\n"},
	{"here again", here_again, "",
	 "del 10.1.0.0/16 dev wg0\n"
	 "set 10.1.0.0/16 p1\n"
	 "add 10.1.0.0/16 dev wg0\n"},
	{"elsewhere", elsewhere, "",
	 "del 10.1.0.0/16 dev wg0\n"
	 "set 10.1.0.0/16 p2\n"
	 "add 10.1.0.0/16 dev wg1\n"},
	{"the covering entry is lost", heir_lost,
	 "refused 10.0.0.0/8 by 10.9.0.3 wireguard-error\n",
	 "del 10.1.0.0/16 dev wg0\n"
	 "del 10.0.0.0/8 dev wg0\n"},
	{"foreign route", foreign, "redist +kernel 10.1.0.0/16 metric 5\n",
	 "del 10.1.0.0/16 dev wg0\n"},
	{"no wgd", no_wgd, "", ""},
};

static void run_between(size_t i)
{
	rig_bgp("10.0.0.0/8", "10.9.0.3");
	rig_bgp(P, "10.9.0.1");
	slow_hold();
	rig_bgp(P, "");
	RIG_TOLD("set " P " p3\n"
		 "message 1\n");
	slow_answer(1, P " p3");
	RIG_TOLD("unset " P " p1\n"
		 "message 2\n");
	between[i].change();
	slow_check("at once", between[i].name, rig_told(), between[i].at_once);
	slow_wgd = false;
	slow_answer(2, "");
	rig_pass(4000);
	slow_check("behind", between[i].name, rig_told(), between[i].behind);
}

static void test_between(void **state)
{
	slow_rows(ARRAY_SIZE(between), run_between, state);
}

/* Handed over to one that goes before it answers: whoever has the entry by then, nobody is left
 * with it. */
static void test_heir_gone(void **state)
{
	rig_bgp("10.0.0.0/8", "10.9.0.3");
	rig_bgp(P, "10.9.0.1");
	slow_hold();
	rig_bgp(P, "");
	rig_told();
	tunnel_peer_gone(3);
	slow_answer(1, P " p3");
	RIG_TOLD("del 10.1.0.0/16 dev wg0\n"
		 "unset 10.1.0.0/16 p3\n"
		 "unset 10.1.0.0/16 p1\n"
		 "message 2\n"
		 "del 10.0.0.0/8 dev wg0\n"
		 "del 10.9.0.3/32 dev wg0\n"
		 "unset 10.0.0.0/8 p3\n"
		 "message 3\n");
}

/* The same where the route stays for now, as another one was lost meanwhile: the entry goes back.
 */
static void test_heir_gone_for_nothing(void **state)
{
	rig_bgp("10.0.0.0/8", "10.9.0.3");
	rig_bgp(P, "10.9.0.1");
	rig_bgp("192.168.0.0/16", "10.9.1.2");
	slow_hold();
	rig_bgp(P, "");
	rig_told();
	tunnel_peer_gone(3);
	rig_kernel(false, "192.168.0.0/16", 222, 179, RIG_WG1, NULL);
	RIG_TOLD("");
	slow_answer(1, P " p3");
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "message 2\n"
		 "add 192.168.0.0/16 dev wg1\n"
		 "del 10.0.0.0/8 dev wg0\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "del 10.9.0.3/32 dev wg0\n"
		 "unset 10.0.0.0/8 p3\n"
		 "unset 10.1.0.0/16 p1\n"
		 "message 3\n");
	slow_answer(2, "");
	RIG_TOLD("");
}

/* What was handed over is lost by wgd's own word, or by the answer to another message: it goes, and
 * the route waits for that. */
static void test_heir_refused_by_others(void **state)
{
	rig_bgp("10.0.0.0/8", "10.9.0.3");
	rig_bgp(P, "10.9.0.1");
	slow_hold();
	rig_bgp(P, "");
	RIG_TOLD("set " P " p3\n"
		 "message 1\n");
	slow_entry(P, 3, REASON_WG_ERROR);
	RIG_TOLD("unset " P " p1\n"
		 "message 2\n");
	slow_answer(1, "");
	RIG_TOLD("");
	slow_answer(2, "");
	RIG_TOLD("del " P " dev wg0\n");
}

/* --- what leads by an interface from where wgd has not removed an entry yet --- */

#define COVER "10.0.0.0/8"

static void first_down(void)
{
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_DOWN);
}

static void second_up(void)
{
	rig_peer(3, RIG_WG0, "10.9.0.3", NULL, TUNNEL_UP);
}

static void covered_by_both(void)
{
	rig_bgp(COVER, "10.9.1.2 10.9.0.3");
}

static void covered_by_one(void)
{
	rig_bgp(COVER, "10.9.0.3");
	rig_bgp("10.0.0.0/9", "198.51.100.7");
}

static void half_withdrawn(void)
{
	rig_bgp("10.0.0.0/9", "");
}

static void covered_by_group(void)
{
	slow_objects();
	rig_bgp(COVER, "10.9.1.2*1 10.9.0.3*1");
	rig_told();
	rig_peer(3, RIG_WG0, "10.9.0.3", NULL, TUNNEL_DOWN);
	rig_told();
}

static void elsewhere_too(void)
{
	rig_bgp("20.0.0.0/8", "10.9.1.2 10.9.2.4");
}

static const struct {
	const char *name;
	void (*before)(void), (*change)(void);
	const char *at_once, *behind;
} unsetting[] = {
	{"route moves", covered_by_both, first_down, "", "change 10.0.0.0/8 dev wg0\n"},
	{"route between goes", covered_by_one, half_withdrawn, "",
	 "del 10.0.0.0/9 via 198.51.100.7 dev u0\n"},
	{"group leads on", covered_by_group, second_up, "",
	 "object 4 new dev wg0\n"
	 "group 1 = 2*1 4*1\n"},
	{"by another interface", elsewhere_too, first_down, "change 20.0.0.0/8 dev wg2\n", ""},
	{"no wgd", covered_by_both, no_wgd, "", ""},
};

static void run_unsetting(size_t i)
{
	unsetting[i].before();
	rig_bgp(P, "10.9.0.1");
	slow_hold();
	rig_bgp(P, "");
	slow_check("withdrawn", unsetting[i].name, rig_told(),
		   "del 10.1.0.0/16 dev wg0\n"
		   "unset 10.1.0.0/16 p1\n"
		   "message 1\n");
	unsetting[i].change();
	slow_check("at once", unsetting[i].name, rig_told(), unsetting[i].at_once);
	slow_wgd = false;
	slow_answer(1, "");
	slow_check("behind", unsetting[i].name, rig_told(), unsetting[i].behind);
}

static void test_unsetting(void **state)
{
	slow_rows(ARRAY_SIZE(unsetting), run_unsetting, state);
}

/* Its interface's program hangs, say: what goes there waits for so long, and no longer. */
static void waits_in_vain(void (*before)(void), void (*change)(void), unsigned ms, const char *then)
{
	before();
	rig_bgp(P, "10.9.0.1");
	slow_hold();
	rig_bgp(P, "");
	rig_told();
	change();
	rig_pass(ms - ms / 5);
	RIG_TOLD("");
	rig_pass(ms / 5 + 20);
	RIG_TOLD(then);
}

static void test_no_answer(void **state)
{
	waits_in_vain(covered_by_one, half_withdrawn, 1000,
		      "del 10.0.0.0/9 via 198.51.100.7 dev u0\n");
	slow_answer(1, "");
	RIG_TOLD("");
}

/* A repair waits for hardly anything, and nothing is waited for again that was in vain. */
static void test_no_answer_to_repair(void **state)
{
	rig_bgp("10.0.0.0/9", "198.51.100.7");
	waits_in_vain(covered_by_both, first_down, 50, "change 10.0.0.0/8 dev wg0\n");
	half_withdrawn();
	RIG_TOLD("del 10.0.0.0/9 via 198.51.100.7 dev u0\n");
	slow_answer(1, "");
	RIG_TOLD("");
}

int main(void)
{
#define T(f) RIG_CHECK(f, slow_setup)
	const struct CMUnitTest tests[] = {
		T(test_asked),
		T(test_writing),
		T(test_between),
		T(test_heir_gone),
		T(test_heir_gone_for_nothing),
		T(test_heir_refused_by_others),
		T(test_unsetting),
		T(test_no_answer),
		T(test_no_answer_to_repair),
	};

	log_init("fib_between_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
