/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is kept in: which unreachable routes there are, and in which order they come and go.
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
#include "keepin_run.h"
#include "log.h"
#include "pin.h"
#include "rig.h"
#include "rib.h"
#include "rib_kernel.h"
#include "rule.h"
#include "tunnel.h"
#include "zconfig.h"

#define PEER(name, permit) "{'name': '" name "', 'permit': [" permit "]"
#define IFS(one, two)                                                                \
	"'wireguard': {'interface': [{'name': 'wg0', 'peer': [" one "}]}, {'name': " \
	"'wg1', 'peer': [" two "}]}]}"
#define CONFIG(rib, one, two) "{'rib': {" rib "}, " IFS(one, two) "}"
/* Wherever it is told to be. */
#define WRITTEN ", 'endpoint': ['203.0.113.9:1', '203.0.113.10:1', '198.51.100.9:1']"
#define TEN "'10.0.0.0/8', 'fd00::/16'"

static void peers(void)
{
	rig_peer(1, RIG_WG0, "10.9.0.1 fd99::1", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.1 fd99:1::1", NULL, TUNNEL_UP);
	rig_told();
	rig_keep_in = true;
}

static int setup(void **state)
{
	rig_begin();
	rig_configure(CONFIG("", PEER("p1", TEN), PEER("p2", TEN)));
	peers();
	return 0;
}

/* The unreachable route is there before the real one, and stays when that is withdrawn. */
static void test_learned(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 kept in\n"
		 "add 10.1.0.0/16 dev wg0\n");
	rig_bgp("10.1.0.0/16", "");
	RIG_TOLD("del 10.1.0.0/16 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n");
	rig_bgp("fd00:1::/48", "fd99::1");
	RIG_TOLD("set fd00:1::/48 p1\n"
		 "add fd00:1::/48 kept in\n"
		 "add fd00:1::/48 dev wg0\n");
	rig_bgp("10.1.0.0/16", "10.9.1.1");
	RIG_TOLD("set 10.1.0.0/16 p2\n"
		 "add 10.1.0.0/16 dev wg1\n");
}

/* Neither a default route nor what leaves by no tunnel. */
static void test_not_learned(void **state)
{
	rig_configure(CONFIG("", PEER("p1", "'0.0.0.0/0'"), PEER("p2", TEN)));
	rig_bgp("0.0.0.0/0", "10.9.0.1");
	rig_kernel(true, "172.16.0.0/12", RTPROT_BOOT, 10, RIG_U0, "198.51.100.9");
	rig_bgp("172.30.0.0/16", "198.51.100.9");
	rig_told();
	assert_int_equal(keepin_count(), 0);
}

static const char *state_of(const char *prefix)
{
	static const char *const names[] = {"pending",	 "wanted",   "over", "covered",
					    "connected", "endpoint", "off"};
	struct prefix p = rig_prefix(prefix);
	const struct keepin *e;

	rig_settle();
	e = keepin_find(&p);
	return e ? names[e->state] : "none";
}

/* A shorter route into a tunnel still carries, and what it no longer carries is refused. */
static void test_covered(void **state)
{
	rig_bgp("10.0.0.0/8", "10.9.1.1");
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "set 10.0.0.0/8 p2\n"
		 "add 10.0.0.0/8 kept in\n"
		 "add 10.1.0.0/16 dev wg0\n"
		 "add 10.0.0.0/8 dev wg1\n");
	assert_string_equal(state_of("10.1.0.0/16"), "covered");
	rig_bgp("10.1.0.0/16", "");
	rig_told();
	assert_string_equal(state_of("10.1.0.0/16"), "covered");
	rig_bgp("10.0.0.0/8", "");
	rig_told();
	assert_string_equal(state_of("10.1.0.0/16"), "wanted");
	rig_bgp("10.0.0.0/8", "10.9.1.1");
	rig_told();
	assert_string_equal(state_of("10.1.0.0/16"), "covered");
	rig_kernel(true, "10.0.0.0/12", RTPROT_BOOT, 10, RIG_U0, "198.51.100.9");
	assert_string_equal(state_of("10.1.0.0/16"), "wanted");
}

/* The route of a link that went down is gone, and a reload takes its permit away before somebody
 * has looked: what the one that refuses covers is refused before that goes. */
static void test_inside_first(void **state)
{
	rig_configure(CONFIG("", PEER("p1", "'10.1.0.0/16'"), PEER("p2", "'10.0.0.0/8'")));
	rig_bgp("10.0.0.0/8", "10.9.1.1");
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_told();
	rig_bgp("10.1.0.0/16", "");
	rig_told();
	assert_string_equal(state_of("10.1.0.0/16"), "covered");
	rig_link_down[RIG_WG1] = true;
	rig_configure(CONFIG("", PEER("p1", "'10.1.0.0/16'"), PEER("p2", "'20.0.0.0/8'")));
	assert_non_null(strstr(rig_told(), "add 10.1.0.0/16 kept in\n"
					   "del 10.0.0.0/8 kept in\n"));
}

/* A default route is not kept in: beside it a prefix is, as long as it has a route of its own. Its
 * own comes back before a default route is taken away. */
static void test_behind_default(void **state)
{
	rig_configure(CONFIG("", PEER("p1", TEN), PEER("p2", "'0.0.0.0/0'")));
	rig_kernel(false, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U0, "198.51.100.254");
	rig_bgp("0.0.0.0/0", "10.9.1.1");
	rig_told();
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 kept in\n"
		 "add 10.1.0.0/16 dev wg0\n");
	rig_bgp("10.1.0.0/16", "");
	RIG_TOLD("del 10.1.0.0/16 kept in\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n");
	rig_bgp("0.0.0.0/0", "");
	RIG_TOLD("add 10.1.0.0/16 kept in\n"
		 "del 0.0.0.0/0 dev wg1\n"
		 "unset 0.0.0.0/0 p2\n");
}

/* By distance it loses to the learned one; in the kernel it has the better metric. */
static void test_foreign_in_front(void **state)
{
	rig_configure(CONFIG("'distance': {'kernel': 250}", PEER("p1", TEN), PEER("p2", TEN)));
	rig_bgp("10.0.0.0/8", "10.9.1.1");
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_told();
	rig_kernel(true, "10.0.0.0/8", RTPROT_BOOT, 500, RIG_U0, "198.51.100.9");
	assert_string_equal(state_of("10.1.0.0/16"), "covered");
	rig_kernel(true, "10.0.0.0/8", RTPROT_BOOT, 10, RIG_U0, "198.51.100.9");
	assert_string_equal(state_of("10.1.0.0/16"), "wanted");
	rig_kernel(false, "10.0.0.0/8", RTPROT_BOOT, 10, RIG_U0, "198.51.100.9");
	assert_string_equal(state_of("10.1.0.0/16"), "covered");
}

/* A route with several ways covers only where all of them lead into tunnels. */
static void test_foreign_multipath(void **state)
{
	struct kroute r = {.prefix = rig_prefix("10.0.0.0/8"),
			   .table = 254,
			   .metric = 10,
			   .oif = RIG_WG1,
			   .protocol = RTPROT_BOOT,
			   .type = RTN_UNICAST,
			   .n_ways = 2,
			   .way = {{RIG_WG1, 1, {0}}, {RIG_WG0, 1, {0}}}};

	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_told();
	rib_kernel_route(&r, true);
	assert_string_equal(state_of("10.1.0.0/16"), "covered");
	rib_kernel_route(&r, false);
	r.way[1] = (struct way){RIG_U0, 1, rig_addr("198.51.100.9")};
	rib_kernel_route(&r, true);
	assert_string_equal(state_of("10.1.0.0/16"), "wanted");
}

/* A route that the kernel has let go of, and the books not yet, covers nothing. */
static void test_books_first(void **state)
{
	struct prefix p = rig_prefix("10.0.0.0/8");
	const struct keepin *e;
	struct rib_node *n;

	rib_static_add(&p, &(struct addr){0}, RIG_WG1, RTN_UNICAST, 1, 0);
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_told();
	rig_bgp("10.1.0.0/16", "");
	rig_told();
	assert_string_equal(state_of("10.1.0.0/16"), "covered");
	e = keepin_first();
	n = rib_find(&p);
	rib_cand_free(n, rib_cand_find(n, RIB_STATIC));
	rib_others_changed(n);
	for (int i = 0; i < 10 && e->write == ROUTE_NONE; i++)
		rig_turn();
	assert_int_equal(e->write, ROUTE_ADD);
	keepin_look_all();
	RIG_TOLD("redist -static 10.0.0.0/8 metric 0\n"
		 "add 10.1.0.0/16 kept in\n"
		 "del 10.0.0.0/8 dev wg1\n");
}

/* One that is on its way out is put back before the route goes. */
static void test_going(void **state)
{
	struct prefix p = rig_prefix("10.1.0.0/16");
	struct keepin *e;
	struct rib_node *n;

	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_told();
	rig_bgp("10.1.0.0/16", "");
	rib_static_add(&p, &(struct addr){0}, RIG_WG1, RTN_UNICAST, 1, 0);
	rig_told();
	e = keepin_find(&p);
	rig_slow = true;
	zconfig.kernel = false;
	keepin_queue(e);
	rig_turn();
	assert_int_equal(e->write, ROUTE_DEL);
	zconfig.kernel = true;
	n = rib_find(&p);
	rib_cand_free(n, rib_cand_find(n, RIB_STATIC));
	rib_others_changed(n);
	rig_turn();
	rig_slow = false;
	RIG_TOLD("del 10.1.0.0/16 kept in\n"
		 "redist -static 10.1.0.0/16 metric 0\n"
		 "add 10.1.0.0/16 kept in\n"
		 "del 10.1.0.0/16 dev wg1\n");
}

static void test_connected(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_told();
	rig_kernel(true, "10.0.0.0/8", RTPROT_KERNEL, 0, RIG_U0, NULL);
	assert_string_equal(state_of("10.1.0.0/16"), "connected");
	RIG_TOLD("redist +connected 10.0.0.0/8 metric 0\n"
		 "del 10.1.0.0/16 kept in\n");
}

/* An endpoint inside is not caught. */
static void test_endpoint(void **state)
{
	rig_configure(CONFIG("", PEER("p1", "'198.51.0.0/16', '203.0.113.0/24'"),
			     PEER("p2", TEN) WRITTEN));
	rig_bgp("203.0.113.0/24", "10.9.0.1");
	rig_told();
	rig_peer(2, RIG_WG1, "10.9.1.1", "203.0.113.9:1", TUNNEL_UP);
	RIG_TOLD("add 203.0.113.9/32 via 198.51.100.254 dev u0\n"
		 "del fd99:1::1/128 dev wg1\n");
	assert_string_equal(state_of("203.0.113.0/24"), "wanted");
	rig_peer(2, RIG_WG1, "10.9.1.1", "198.51.100.9:1", TUNNEL_UP);
	RIG_TOLD("del 203.0.113.9/32 via 198.51.100.254 dev u0\n");
	assert_string_equal(state_of("203.0.113.0/24"), "wanted");
	rig_bgp("198.51.0.0/16", "10.9.0.1"); /* the network of u0 is longer */
	assert_string_equal(state_of("198.51.0.0/16"), "wanted");
}

/* An endpoint inside has its host route before, and keeps it; none without pins. */
static void test_endpoint_inside(void **state)
{
	rig_peer(2, RIG_WG1, "10.9.1.1", "203.0.113.9:1", TUNNEL_UP);
	rig_told();
	rig_configure(CONFIG("'keep-in': 'permit'", PEER("p1", "'203.0.113.0/24'"),
			     PEER("p2", "") WRITTEN));
	RIG_TOLD("add 203.0.113.9/32 via 198.51.100.254 dev u0\n"
		 "add 203.0.113.0/24 kept in\n");
	/* It roams: what is kept in stays so. */
	rig_peer(2, RIG_WG1, "10.9.1.1", "203.0.113.10:1", TUNNEL_UP);
	RIG_TOLD("add 203.0.113.10/32 via 198.51.100.254 dev u0\n"
		 "del 203.0.113.9/32 via 198.51.100.254 dev u0\n");
	/* The underlay goes and comes back. */
	rig_kernel(false, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U0, "198.51.100.254");
	RIG_TOLD("redist -kernel 0.0.0.0/0 metric 0\n"
		 "del 203.0.113.10/32 via 198.51.100.254 dev u0\n");
	rig_kernel(true, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U0, "198.51.100.254");
	RIG_TOLD("redist +kernel 0.0.0.0/0 metric 100\n"
		 "add 203.0.113.10/32 via 198.51.100.254 dev u0\n");
	rig_configure(CONFIG("'keep-in': 'permit', 'pin-endpoints': false",
			     PEER("p1", "'203.0.113.0/24'"), PEER("p2", "") WRITTEN));
	RIG_TOLD("del 203.0.113.0/24 kept in\n"
		 "del 203.0.113.10/32 via 198.51.100.254 dev u0\n");
	assert_string_equal(state_of("203.0.113.0/24"), "endpoint");
	rig_configure(CONFIG("'keep-in': 'permit'", PEER("p1", "'203.0.113.0/24'"),
			     PEER("p2", "") WRITTEN));
	RIG_TOLD("add 203.0.113.10/32 via 198.51.100.254 dev u0\n"
		 "add 203.0.113.0/24 kept in\n");
	rig_configure(
		CONFIG("'keep-in': 'off'", PEER("p1", "'203.0.113.0/24'"), PEER("p2", "") WRITTEN));
	RIG_TOLD("del 203.0.113.0/24 kept in\n"
		 "del 203.0.113.10/32 via 198.51.100.254 dev u0\n");
}

/* One that was found inside takes nothing out: neither by a host route nor as a hole. */
static void test_endpoint_found(void **state)
{
#define INSIDE ", 'endpoint-inside-permit': true"
	rig_peer(2, RIG_WG1, "10.9.1.1", "203.0.113.9:1", TUNNEL_UP);
	rig_told();
	rig_configure(
		CONFIG("'keep-in': 'permit'", PEER("p1", "'203.0.113.0/24'"), PEER("p2", "")));
	RIG_TOLD("add 203.0.113.0/24 kept in\n");
	assert_true(pin_first()->refused);
	rig_bgp("203.0.113.0/24", "10.9.0.1");
	RIG_TOLD("set 203.0.113.0/24 p1\n"
		 "add 203.0.113.0/24 dev wg0\n");
	rig_configure(CONFIG("'keep-in': 'permit'", PEER("p1", "'203.0.113.0/24'"),
			     PEER("p2", "") INSIDE));
	RIG_TOLD("add 203.0.113.9/32 via 198.51.100.254 dev u0\n");
	assert_false(pin_first()->refused);
	rig_configure(
		CONFIG("'keep-in': 'permit'", PEER("p1", "'203.0.113.0/24'"), PEER("p2", "")));
	RIG_TOLD("del 203.0.113.9/32 via 198.51.100.254 dev u0\n");
	rig_bgp("203.0.113.0/24", "");
	RIG_TOLD("del 203.0.113.0/24 dev wg0\n"
		 "unset 203.0.113.0/24 p1\n");
}

/* Its end: a narrower `permit`, its time, somebody's word. */
static void test_ends(void **state)
{
	struct prefix p = rig_prefix("10.2.0.0/16");

	rig_configure(CONFIG("'keep-in-time': 100", PEER("p1", TEN), PEER("p2", TEN)));
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_bgp("10.2.0.0/16", "10.9.0.1");
	rig_told();
	rig_pass(300000);
	RIG_TOLD("");
	rig_bgp("10.1.0.0/16", "");
	rig_told();
	rig_pass(99000);
	RIG_TOLD("");
	rig_pass(7000);
	RIG_TOLD("del 10.1.0.0/16 kept in\n");
	assert_int_equal(keepin_clear(&p), 0); /* it has a route */
	rig_bgp("10.2.0.0/16", "");
	rig_told();
	assert_int_equal(keepin_clear(&p), 1);
	RIG_TOLD("del 10.2.0.0/16 kept in\n");
	rig_bgp("10.3.0.0/16", "10.9.0.1");
	rig_bgp("10.3.0.0/16", "");
	rig_bgp("10.4.0.0/16", "10.9.0.1");
	rig_told();
	rig_bgp("10.4.0.0/16", "");
	rig_told();
	rig_configure(CONFIG("", PEER("p1", "'10.64.0.0/10'"), PEER("p2", "'10.64.0.0/10'")));
	RIG_TOLD("del 10.4.0.0/16 kept in\n");
	assert_int_equal(keepin_count(), 0);
}

static void test_modes(void **state)
{
	rig_configure(CONFIG("'keep-in': 'permit'", PEER("p1", "'10.1.0.0/16', '0.0.0.0/0'"),
			     PEER("p2", "'10.2.0.0/16'") ", 'keep-in': 'learned'"));
	RIG_TOLD("add 0.0.0.0/0 table 22200 kept in\n"
		 "rule add IPv4 priority 32763 table 254 no default\n"
		 "rule add IPv4 priority 32765 table 22200\n"
		 "add 10.1.0.0/16 kept in\n");
	rig_configure(CONFIG("'keep-in': 'off'", PEER("p1", "'10.1.0.0/16'"),
			     PEER("p2", "'10.2.0.0/16'") ", 'keep-in': 'permit'"));
	RIG_TOLD("rule del IPv4 priority 32765 table 22200\n"
		 "rule del IPv4 priority 32763 table 254 no default\n"
		 "del 0.0.0.0/0 table 22200 kept in\n"
		 "add 10.2.0.0/16 kept in\n"
		 "del 10.1.0.0/16 kept in\n");
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 dev wg0\n");
	rig_configure(CONFIG("", PEER("p1", "'10.1.0.0/16'"), PEER("p2", "'10.2.0.0/16'")));
	RIG_TOLD("del 10.2.0.0/16 kept in\n"
		 "add 10.1.0.0/16 kept in\n");
	rig_configure(CONFIG("'kernel': false", PEER("p1", "'10.1.0.0/16'"),
			     PEER("p2", "'10.2.0.0/16'")));
	RIG_TOLD("del 10.1.0.0/16 kept in\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "del 10.9.1.1/32 dev wg1\n"
		 "del 10.9.0.1/32 dev wg0\n"
		 "del fd99:1::1/128 dev wg1\n"
		 "del fd99::1/128 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n");
}

/* Instead of very many the entries of `permit`. */
static void test_too_many(void **state)
{
	keepin_max = 2;
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_bgp("10.2.0.0/16", "10.9.0.1");
	rig_told();
	rig_bgp("10.3.0.0/16", "10.9.0.1");
	RIG_TOLD("set 10.3.0.0/16 p1\n"
		 "add 10.3.0.0/16 dev wg0\n"
		 "add 10.0.0.0/8 kept in\n"
		 "add fd00::/16 kept in\n"
		 "del 10.1.0.0/16 kept in\n"
		 "del 10.2.0.0/16 kept in\n");
	assert_true(keepin_too_many(0));
	keepin_max = 10000;
	keepin_clear_all();
	rig_settle();
	assert_false(keepin_too_many(0));
	assert_string_equal(state_of("10.3.0.0/16"), "wanted");
	assert_string_equal(state_of("10.0.0.0/8"), "none");
}

/* What nobody but a default route's peer may announce stays kept in, whoever brings too many. */
static void test_too_many_by_default(void **state)
{
	rig_configure(CONFIG("", PEER("p1", "'0.0.0.0/0'"), PEER("p2", "'10.2.0.0/16'")));
	keepin_max = 2;
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_bgp("10.2.1.0/24", "10.9.1.1");
	rig_told();
	rig_bgp("10.3.0.0/16", "10.9.0.1");
	RIG_TOLD("set 10.3.0.0/16 p1\n"
		 "add 10.3.0.0/16 dev wg0\n"
		 "add 10.2.0.0/16 kept in\n"
		 "del 10.2.1.0/24 kept in\n");
	assert_true(keepin_too_many(0));
	assert_string_equal(state_of("10.1.0.0/16"), "wanted");
	assert_string_equal(state_of("10.3.0.0/16"), "none");
	rig_bgp("10.1.0.0/16", "");
	rig_told();
	assert_string_equal(state_of("10.1.0.0/16"), "wanted");
	keepin_max = 10000;
}

/* What the kernel refuses is tried again, later. */
static void test_refused(void **state)
{
	rig_configure(CONFIG("'keep-in': 'permit'", PEER("p1", "'10.1.0.0/16'"), PEER("p2", "")));
	rig_route_error = -ENOMEM;
	rig_settle();
	RIG_TOLD("add 10.1.0.0/16 kept in\n");
	rig_route_error = 0;
	rig_pass(500);
	RIG_TOLD("");
	rig_pass(2000);
	RIG_TOLD("add 10.1.0.0/16 kept in\n");
}

/* A refusal ends where nothing is to be written any more. */
static void test_refused_no_more(void **state)
{
	const struct keepin *e;

	rig_configure(CONFIG("'keep-in': 'permit'", PEER("p1", "'10.1.0.0/16'"), PEER("p2", "")));
	rig_route_error = -ENOMEM;
	rig_told();
	rig_route_error = 0;
	e = keepin_first();
	assert_int_equal(e->retry.error, -ENOMEM);
	rig_kernel(true, "10.0.0.0/8", RTPROT_KERNEL, 0, RIG_U0, NULL);
	assert_string_equal(state_of("10.1.0.0/16"), "connected");
	assert_int_equal(e->retry.error, 0);
	rig_kernel(false, "10.0.0.0/8", RTPROT_KERNEL, 0, RIG_U0, NULL);
	RIG_TOLD("redist +connected 10.0.0.0/8 metric 0\n"
		 "redist -connected 10.0.0.0/8 metric 0\n"
		 "add 10.1.0.0/16 kept in\n");
}

static uint64_t version_now(void)
{
	rig_settle();
	return keepin_version();
}

/* Whatever a row of it says has changed. */
static void test_version(void **state)
{
	uint64_t before;

	rig_configure(CONFIG("'keep-in': 'permit'", PEER("p1", "'10.1.0.0/16'"), PEER("p2", "")));
	rig_route_error = -ENOMEM;
	before = version_now();
	rig_pass(5000); /* refused again */
	assert_int_equal(version_now(), before);
	rig_route_error = 0;
	rig_pass(10000);
	assert_true(version_now() > before);
	before = version_now();
	rig_kernel(true, "10.0.0.0/8", RTPROT_KERNEL, 0, RIG_U0, NULL);
	assert_true(version_now() > before);
	before = version_now();
	rig_pass(60000);
	assert_int_equal(version_now(), before);
	rig_kernel(false, "10.0.0.0/8", RTPROT_KERNEL, 0, RIG_U0, NULL);
	assert_true(version_now() > before);
}

static void found(const char *prefix, bool present)
{
	struct kroute r = {.prefix = rig_prefix(prefix),
			   .table = 254,
			   .metric = KEEPIN_METRIC,
			   .protocol = 222,
			   .type = RTN_UNREACHABLE,
			   .oif = prefix[0] == 'f'};

	rib_kernel_route(&r, present);
}

static void underlay(void)
{
	rig_kernel(true, "198.51.100.0/24", RTPROT_KERNEL, 0, RIG_U0, NULL);
	rig_kernel(true, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U0, "198.51.100.254");
}

/* Somebody takes it away. */
static void test_drift(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_told();
	found("10.1.0.0/16", false);
	RIG_TOLD("add 10.1.0.0/16 kept in\n");
	rib_kernel_begin();
	underlay();
	rig_kernel(true, "10.1.0.0/16", 222, 179, RIG_WG0, NULL);
	rig_kernel(true, "10.9.0.1/32", 222, 179, RIG_WG0, NULL);
	rig_kernel(true, "10.9.1.1/32", 222, 179, RIG_WG1, NULL);
	rig_kernel(true, "fd99::1/128", 222, 179, RIG_WG0, NULL);
	rig_kernel(true, "fd99:1::1/128", 222, 179, RIG_WG1, NULL);
	rib_kernel_end(NULL);
	RIG_TOLD("add 10.1.0.0/16 kept in\n");
	found("10.7.0.0/16", true); /* nobody's */
	RIG_TOLD("del 10.7.0.0/16 kept in\n");
}

/* What was kept in before a restart is, as long as it is permitted; it is no route of others. */
static void test_found(void **state)
{
	rig_end(state);
	rig_begin();
	fib_reset();
	rig_configure(CONFIG("", PEER("p1", TEN), PEER("p2", TEN)));
	rig_keep_in = true;
	rib_kernel_begin();
	underlay();
	found("10.1.0.0/16", true);
	found("11.1.0.0/16", true);
	found("fd00:1::/48", true);
	rib_kernel_end(NULL);
	fib_kernel_ready();
	RIG_TOLD("del 11.1.0.0/16 kept in\n");
	assert_int_equal(keepin_count(), 2);
	assert_null(rib_find((struct prefix[]){rig_prefix("10.1.0.0/16")}));
	fib_teardown();
	RIG_TOLD("del 10.1.0.0/16 kept in\n"
		 "del fd00:1::/48 kept in\n");
}

/* What an earlier zebra-lite kept in, and left out of the kernel because a shorter route carries:
 * it is refused when that route goes, even with its permit. */
static void test_remembered(void **state)
{
	struct prefix p = rig_prefix("10.1.0.0/16"), other = rig_prefix("11.1.0.0/16");

	rig_bgp("10.0.0.0/8", "10.9.1.1");
	rig_told();
	assert_true(keepin_remember(&p));
	assert_false(keepin_remember(&other));
	assert_string_equal(state_of("10.1.0.0/16"), "covered");
	rig_configure(CONFIG("", PEER("p1", "'10.1.0.0/16'"), PEER("p2", "'20.0.0.0/8'")));
	assert_non_null(strstr(rig_told(), "add 10.1.0.0/16 kept in\n"
					   "del 10.0.0.0/8 dev wg1\n"));
	rig_pass(1000);
	assert_string_equal(state_of("10.1.0.0/16"), "wanted");
}

/* Before wgd has told of its tunnels nobody knows what covers a prefix, nor what it would catch. */
static void test_wgd_last(void **state)
{
	rig_end(state);
	rig_begin();
	fib_reset();
	tunnel_reset();
	rig_configure(CONFIG("'keep-in': 'permit'",
			     PEER("p1", "'10.0.0.0/8', '10.1.0.0/16', '203.0.113.0/24'"),
			     PEER("p2", "'20.0.0.0/8'") ", 'keep-in': 'learned'" WRITTEN));
	rig_keep_in = true;
	rib_kernel_begin();
	underlay();
	rig_kernel(true, "10.0.0.0/8", 222, 179, RIG_WG0, NULL);
	rig_kernel(true, "20.1.0.0/16", 222, 179, RIG_WG1, NULL);
	found("10.0.0.0/8", true);
	rib_kernel_end(NULL);
	fib_kernel_ready();
	RIG_TOLD("");
	tunnel_begin();
	rig_if(RIG_WG0, true);
	rig_if(RIG_WG1, true);
	rig_peer(1, RIG_WG0, "10.9.0.1", "203.0.113.9:1", TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.1", NULL, TUNNEL_UP);
	tunnel_synced();
	fib_wgd_synced();
	RIG_TOLD("add 20.1.0.0/16 kept in\n"
		 "add 10.9.0.1/32 dev wg0\n"
		 "add 10.9.1.1/32 dev wg1\n"
		 "add 203.0.113.9/32 via 198.51.100.254 dev u0\n"
		 "add 203.0.113.0/24 kept in\n");
	assert_string_equal(state_of("10.0.0.0/8"), "wanted");
	assert_string_equal(state_of("10.1.0.0/16"), "covered");
	assert_string_equal(state_of("203.0.113.0/24"), "wanted");
	assert_string_equal(state_of("20.1.0.0/16"), "wanted");
}

/* Where nothing of an earlier life is in the kernel nobody waits for wgd, but where the prefix may
 * be a tunnel's or have an endpoint in it. */
static void test_fresh(void **state)
{
	rig_end(state);
	rig_begin();
	fib_reset();
	tunnel_reset();
	rig_configure(CONFIG(
		"'keep-in': 'permit'",
		PEER("p1", "'10.0.0.0/8', '10.1.0.0/16', '203.0.113.0/24'") ", 'endpoint': "
									    "['name.example:1', "
									    "'203.0.113.9:1']",
		PEER("p2", "'20.0.0.0/8', '198.51.100.128/25'")));
	rig_keep_in = true;
	rib_kernel_begin();
	underlay();
	rig_kernel(true, "20.0.0.0/7", RTPROT_BOOT, 10, RIG_WG1, NULL);
	found("10.1.0.0/16", true);
	found("198.51.100.128/25", true);
	rib_kernel_end(NULL);
	assert_null(strstr(rig_told(), "kept in"));
	fib_kernel_ready();
	RIG_TOLD("add 10.0.0.0/8 kept in\n");
	tunnel_begin();
	rig_if(RIG_WG0, true);
	rig_peer(1, RIG_WG0, "10.9.0.1", "203.0.113.9:1", TUNNEL_UP);
	tunnel_synced();
	fib_wgd_synced();
	RIG_TOLD("add 20.0.0.0/8 kept in\n"
		 "del 198.51.100.128/25 kept in\n"
		 "add 10.9.0.1/32 dev wg0\n"
		 "add 203.0.113.9/32 via 198.51.100.254 dev u0\n"
		 "add 203.0.113.0/24 kept in\n");
	assert_string_equal(state_of("10.1.0.0/16"), "wanted");
	assert_string_equal(state_of("203.0.113.0/24"), "wanted");
}

static void spare(const char *first, const char *second)
{
	struct addr list[2];
	size_t n = 0;

	if (first)
		list[n++] = rig_addr(first);
	if (second)
		list[n++] = rig_addr(second);
	pin_spare(list, n);
	rig_settle();
}

static void assert_told(const char *line)
{
	const char *told = rig_told();

	if (!strstr(told, line))
		fail_msg("%s", told);
}

/* Hosts that are spared go by the underlay as long as only what is kept in would take their
 * packets, and by a tunnel's route as all do. */
static void test_spared(void **state)
{
	rig_configure(CONFIG("'keep-in': 'permit'", PEER("p1", "'10.0.0.0/8'"), PEER("p2", "")));
	RIG_TOLD("add 10.0.0.0/8 kept in\n");
	spare("10.7.0.5", "203.0.113.5"); /* the second one is not kept in */
	RIG_TOLD("add 10.7.0.5/32 via 198.51.100.254 dev u0\n");
	assert_string_equal(state_of("10.0.0.0/8"), "wanted");
	rig_bgp("10.7.0.0/16", "10.9.0.1"); /* learned: no endpoint is captured */
	RIG_TOLD("set 10.7.0.0/16 p1\n"
		 "add 10.7.0.0/16 kept in\n"
		 "add 10.7.0.0/16 dev wg0\n"
		 "del 10.7.0.5/32 via 198.51.100.254 dev u0\n");
	rig_peer(1, RIG_WG0, "10.9.0.1 fd99::1", NULL, TUNNEL_DOWN);
	assert_told("add 10.7.0.5/32 via 198.51.100.254 dev u0\n");
	rig_kernel(true, "10.7.0.0/24", RTPROT_DHCP, 100, RIG_U0, "198.51.100.9");
	assert_told("del 10.7.0.5/32 via 198.51.100.254 dev u0\n");
	rig_kernel(false, "10.7.0.0/24", RTPROT_DHCP, 100, RIG_U0, "198.51.100.9");
	assert_told("add 10.7.0.5/32 via 198.51.100.254 dev u0\n");
	spare("203.0.113.5", NULL);
	RIG_TOLD("del 10.7.0.5/32 via 198.51.100.254 dev u0\n");
	spare("10.8.0.5", NULL);
	RIG_TOLD("add 10.8.0.5/32 via 198.51.100.254 dev u0\n");
	rig_peer(2, RIG_WG1, "10.9.1.1 fd99:1::1", "10.8.0.5:51820", TUNNEL_UP); /* both */
	spare(NULL, NULL);
	rig_peer(2, RIG_WG1, "10.9.1.1 fd99:1::1", NULL, TUNNEL_UP);
	rig_told();
	assert_null(pin_first());
}

/* The kernel's other numbers. */
static void test_renumbered(void **state)
{
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_told();
	rig_configure(CONFIG("'metric': 7", PEER("p1", TEN), PEER("p2", TEN)));
	assert_null(strstr(rig_told(), "kept in"));
	rig_configure(CONFIG("'protocol-number': 5", PEER("p1", TEN), PEER("p2", TEN)));
	assert_non_null(strstr(rig_told(), "del 10.1.0.0/16 kept in\n"
					   "add 10.1.0.0/16 kept in\n"));
}

#define CHECK(check) cmocka_unit_test_setup_teardown(check, setup, rig_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(test_learned),
		CHECK(test_not_learned),
		CHECK(test_covered),
		CHECK(test_inside_first),
		CHECK(test_behind_default),
		CHECK(test_foreign_in_front),
		CHECK(test_foreign_multipath),
		CHECK(test_books_first),
		CHECK(test_going),
		CHECK(test_connected),
		CHECK(test_endpoint),
		CHECK(test_endpoint_inside),
		CHECK(test_endpoint_found),
		CHECK(test_ends),
		CHECK(test_modes),
		CHECK(test_too_many),
		CHECK(test_too_many_by_default),
		CHECK(test_refused),
		CHECK(test_refused_no_more),
		CHECK(test_version),
		CHECK(test_drift),
		CHECK(test_found),
		CHECK(test_remembered),
		CHECK(test_wgd_last),
		CHECK(test_fresh),
		CHECK(test_spared),
		CHECK(test_renumbered),
	};

	log_init("keepin_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
