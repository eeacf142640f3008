/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The default route, kept in: which rules and routes there are, in which order they come and go,
 * and what becomes of endpoints and of hosts that are spared.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "fib.h"
#include "keepin_default.h"
#include "keepin_run.h"
#include "log.h"
#include "pin.h"
#include "rib.h"
#include "rig.h"
#include "rule.h"
#include "side.h"
#include "tunnel.h"
#include "zconfig.h"

#define CONFIG(rib, permit)                                                                 \
	"{'rib': {" rib "'distance': {'kernel': 250}}, 'wireguard': {'interface': ["        \
	"{'name': 'wg0', 'fwmark': 77, 'peer': [{'name': 'p1', 'permit': [" permit "]}]}, " \
	"{'name': 'wg1', 'peer': [{'name': 'p2', 'permit': [" permit "]}]}]}}"
#define ON "'keep-in': 'permit', "
#define ALL "'0.0.0.0/0'"

#define COMES                                                 \
	"rule add IPv4 priority 32763 table 254 no default\n" \
	"rule add IPv4 priority 32764 table 254\n"    \
	"rule add IPv4 priority 32765 table 22200\n"
#define GOES                                               \
	"rule del IPv4 priority 32765 table 22200\n"       \
	"rule del IPv4 priority 32764 table 254\n" \
	"rule del IPv4 priority 32763 table 254 no default\n"

static int setup(void **state)
{
	rig_begin();
	rig_configure(CONFIG("", ALL));
	rig_peer(1, RIG_WG0, "10.9.0.1", "203.0.113.1:51820", TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	rig_told();
	return 0;
}

static void on(void)
{
	rig_configure(CONFIG(ON, ALL));
	rig_told();
}

/* The rules wait for the host routes of endpoints, and go before them. */
static void test_on_and_off(void **state)
{
	rig_configure(CONFIG(ON, ALL));
	assert_false(keepin_default_installed(AF_INET));
	RIG_TOLD("add 0.0.0.0/0 table 22200 kept in\n"
		 "add 203.0.113.1/32 via 198.51.100.254 dev u0\n" COMES);
	assert_true(keepin_default_installed(AF_INET));
	assert_true(keepin_default_refuses(AF_INET));
	assert_false(keepin_default_permitted(AF_INET6));
	rig_configure(CONFIG(ON, ALL));
	RIG_TOLD("");
	rig_configure(CONFIG("'keep-in': 'learned', ", ALL));
	RIG_TOLD(GOES "del 0.0.0.0/0 table 22200 kept in\n"
		      "del 203.0.113.1/32 via 198.51.100.254 dev u0\n");
	assert_false(keepin_default_permitted(AF_INET));
}

static void test_both_families(void **state)
{
	rig_configure(CONFIG(ON, "'::/0'"));
	RIG_TOLD("add ::/0 table 22200 kept in\n"
		 "rule add IPv6 priority 32763 table 254 no default\n"
		 "rule add IPv6 priority 32764 table 254\n"
		 "rule add IPv6 priority 32765 table 22200\n");
	assert_true(keepin_default_on(AF_INET6));
	assert_false(keepin_default_on(AF_INET));
}

/* The tunnel's default route stands in the table, too, and goes before its entry does. */
static void test_mirror(void **state)
{
	on();
	rig_bgp("0.0.0.0/0", "10.9.0.1");
	RIG_TOLD("set 0.0.0.0/0 p1\n"
		 "add 0.0.0.0/0 dev wg0\n"
		 "add 0.0.0.0/0 table 22200 dev wg0\n");
	assert_true(keepin_default_leads(AF_INET));
	assert_false(keepin_default_refuses(AF_INET));
	rig_bgp("0.0.0.0/0", "");
	RIG_TOLD("del 0.0.0.0/0 dev wg0\n"
		 "del 0.0.0.0/0 table 22200 dev wg0\n"
		 "unset 0.0.0.0/0 p1\n");
	assert_true(keepin_default_refuses(AF_INET));
	/* By whom somebody else's leads is asked, too. */
	rig_kernel(true, "0.0.0.0/0", RTPROT_BOOT, 10, RIG_WG1, NULL);
	RIG_TOLD("redist +kernel 0.0.0.0/0 metric 10\n"
		 "add 0.0.0.0/0 table 22200 dev wg1\n");
	rig_kernel(false, "0.0.0.0/0", RTPROT_BOOT, 10, RIG_WG1, NULL);
	RIG_TOLD("redist +kernel 0.0.0.0/0 metric 100\n"
		 "del 0.0.0.0/0 table 22200 dev wg1\n");
}

/* With a pair of tunnels it names the object, which moves for both. */
static void test_object(void **state)
{
	on();
	rig_bgp("0.0.0.0/0", "10.9.0.1 10.9.1.2");
	RIG_TOLD("object 1 new dev wg0\n"
		 "set 0.0.0.0/0 p1\n"
		 "set 0.0.0.0/0 p2\n"
		 "add 0.0.0.0/0 object 1\n"
		 "add 0.0.0.0/0 table 22200 object 1\n");
	rig_peer(1, RIG_WG0, "10.9.0.1", "203.0.113.1:51820", TUNNEL_DOWN);
	RIG_TOLD("object 1 dev wg1\n");
	assert_true(keepin_default_leads(AF_INET));
}

/* A default route that leads into no tunnel is none of ours here. */
static void test_in_the_clear(void **state)
{
	on();
	rig_configure("{'rib': {'distance': {'kernel': 250}, " ON
		      "'static': [{'prefix': '0.0.0.0/0', "
		      "'next-hop': '198.51.100.9'}]}, 'wireguard': {'interface': [{'name': 'wg0', "
		      "'fwmark': 77, 'peer': [{'name': 'p1', 'permit': [" ALL "]}]}]}}");
	RIG_TOLD("redist +static 0.0.0.0/0 metric 0\n"
		 "add 0.0.0.0/0 via 198.51.100.9 dev u0\n"
		 "change 203.0.113.1/32 via 198.51.100.9 dev u0\n");
	assert_true(keepin_default_refuses(AF_INET));
}

/* The link goes, and with it the route; nothing has to be written for the packets to be refused. */
static void test_link_down(void **state)
{
	on();
	rig_bgp("0.0.0.0/0", "10.9.0.1");
	rig_told();
	rig_link_down[RIG_WG0] = true;
	keepin_default_look_all();
	RIG_TOLD("del 0.0.0.0/0 table 22200 dev wg0\n");
	rig_link_down[RIG_WG0] = false;
	keepin_default_look_all();
	RIG_TOLD("add 0.0.0.0/0 table 22200 dev wg0\n");
}

/* An endpoint has its host route whatever the tunnels do, unless something longer leads there. */
static void test_endpoints(void **state)
{
	on();
	rig_peer(2, RIG_WG1, "10.9.1.2", "192.0.2.2:51820", TUNNEL_UP);
	RIG_TOLD("add 192.0.2.2/32 via 198.51.100.254 dev u0\n");
	rig_kernel(true, "192.0.2.0/24", RTPROT_STATIC, 5, RIG_U1, "198.51.100.9");
	RIG_TOLD("redist +kernel 192.0.2.0/24 metric 5\n"
		 "del 192.0.2.2/32 via 198.51.100.254 dev u0\n");
	rig_kernel(false, "192.0.2.0/24", RTPROT_STATIC, 5, RIG_U1, "198.51.100.9");
	RIG_TOLD("redist -kernel 192.0.2.0/24 metric 0\n"
		 "add 192.0.2.2/32 via 198.51.100.254 dev u0\n");
	/* The underlay's default route goes, and comes by another gateway. */
	rig_kernel(false, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U0, "198.51.100.254");
	RIG_TOLD("redist -kernel 0.0.0.0/0 metric 0\n"
		 "del 203.0.113.1/32 via 198.51.100.254 dev u0\n"
		 "del 192.0.2.2/32 via 198.51.100.254 dev u0\n");
	rig_kernel(true, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U0, "198.51.100.253");
	RIG_TOLD("redist +kernel 0.0.0.0/0 metric 100\n"
		 "add 192.0.2.2/32 via 198.51.100.253 dev u0\n"
		 "add 203.0.113.1/32 via 198.51.100.253 dev u0\n");
}

/* Without host routes there is no way for encrypted packets. */
static void test_pins_off(void **state)
{
	rig_configure(CONFIG(ON "'pin-endpoints': false, ", ALL));
	RIG_TOLD("");
	assert_true(keepin_default_permitted(AF_INET));
	assert_false(keepin_default_on(AF_INET));
}

static void refuse_routes(enum tunnel_state state)
{
	rig_peer(1, RIG_WG0, "10.9.0.1", "203.0.113.1:51820", state);
	rig_route_error = -EINVAL;
	rig_configure(CONFIG(ON, ALL));
	rig_pass(500);
	assert_true(keepin_default_waits()); /* it may be taken at the next try */
}

/* A host route that the kernel refuses does not hold up the rest for ever. */
static void test_pin_refused(void **state)
{
	refuse_routes(TUNNEL_DOWN);
	rig_pass(5000);
	assert_false(keepin_default_waits());
}

/* Unless the rules would cut off a tunnel that is at work. */
static void test_pin_refused_up(void **state)
{
	refuse_routes(TUNNEL_UP);
	rig_pass(40000);
	assert_true(keepin_default_waits());
	rig_route_error = 0;
	rig_pass(31000);
	assert_false(keepin_default_waits());
	assert_true(keepin_default_installed(AF_INET));
}

static void test_pin_refused_spared(void **state)
{
	struct addr a = rig_addr("192.0.2.53");

	pin_spare(&a, 1);
	refuse_routes(TUNNEL_DOWN);
	rig_pass(40000);
	assert_true(keepin_default_waits());
}

/* Without the others the rule into the table would cut the whole host off. */
static void test_rule_refused(void **state)
{
	rig_rule_error = -ENOBUFS;
	rig_rule_refused = 32763;
	rig_configure(CONFIG(ON, ALL));
	RIG_TOLD("add 0.0.0.0/0 table 22200 kept in\n"
		 "add 203.0.113.1/32 via 198.51.100.254 dev u0\n"
		 "rule add IPv4 priority 32763 table 254 no default\n"
		 "rule add IPv4 priority 32764 table 254\n");
	assert_false(keepin_default_installed(AF_INET));
	rig_rule_error = 0;
	rig_pass(1100);
	RIG_TOLD("rule add IPv4 priority 32763 table 254 no default\n"
		 "rule add IPv4 priority 32765 table 22200\n");
	assert_true(keepin_default_installed(AF_INET));
}

/* Somebody takes a rule, and it cannot come back. */
static void test_rule_taken(void **state)
{
	struct krule k = {.family = AF_INET,
			  .protocol = 222,
			  .action = FR_ACT_TO_TBL,
			  .priority = 32764,
			  .table = 254,
			  .fwmark = 77,
			  .fwmask = UINT32_MAX};

	on();
	rig_rule_error = -EPERM;
	rig_rule_refused = 32764;
	rule_told(&k, false);
	RIG_TOLD("rule add IPv4 priority 32764 table 254\n"
		 "rule del IPv4 priority 32765 table 22200\n");
	rig_configure(CONFIG("'keep-in': 'learned', ", ALL));
	rig_told();
	rig_rule_error = 0;
	on();
	assert_true(keepin_default_installed(AF_INET));
}

/* Nor does the last one stay alone while all goes. */
static void test_last_stays(void **state)
{
	on();
	rig_rule_error = -ENOBUFS;
	rig_rule_refused = 32765;
	keep_teardown(&rules);
	RIG_TOLD("rule del IPv4 priority 32765 table 22200\n"
		 "rule del IPv4 priority 32765 table 22200\n");
}

static void test_spared(void **state)
{
	struct addr a = rig_addr("192.0.2.53");

	on();
	pin_spare(&a, 1);
	RIG_TOLD("add 192.0.2.53/32 via 198.51.100.254 dev u0\n");
	rig_bgp("0.0.0.0/0", "10.9.0.1");
	RIG_TOLD("set 0.0.0.0/0 p1\n"
		 "add 0.0.0.0/0 dev wg0\n"
		 "add 0.0.0.0/0 table 22200 dev wg0\n"
		 "del 192.0.2.53/32 via 198.51.100.254 dev u0\n");
	rig_bgp("0.0.0.0/0", "");
	RIG_TOLD("del 0.0.0.0/0 dev wg0\n"
		 "del 0.0.0.0/0 table 22200 dev wg0\n"
		 "unset 0.0.0.0/0 p1\n"
		 "add 192.0.2.53/32 via 198.51.100.254 dev u0\n");
}

/* What was there goes when what comes instead is there. */
static void test_other_numbers(void **state)
{
	on();
	rig_bgp("0.0.0.0/0", "10.9.0.1");
	rig_told();
	rig_configure(CONFIG(ON "'keep-in-table': 333, 'keep-in-priority': 9, ", ALL));
	RIG_TOLD("add 0.0.0.0/0 table 333 kept in\n"
		 "add 0.0.0.0/0 table 333 dev wg0\n"
		 "rule add IPv4 priority 9 table 254 no default\n"
		 "rule add IPv4 priority 10 table 254\n"
		 "rule add IPv4 priority 11 table 333\n" GOES "del 0.0.0.0/0 table 22200 dev wg0\n"
		 "del 0.0.0.0/0 table 22200 kept in\n");
}

static void test_kernel_off(void **state)
{
	on();
	rig_configure(CONFIG(ON "'kernel': false, ", ALL));
	RIG_TOLD("del 0.0.0.0/0 table 22200 kept in\n"
		 "rule del IPv4 priority 32765 table 22200\n"
		 "rule del IPv4 priority 32764 table 254\n"
		 "rule del IPv4 priority 32763 table 254 no default\n"
		 "del 203.0.113.1/32 via 198.51.100.254 dev u0\n"
		 "del 10.9.1.2/32 dev wg1\n"
		 "del 10.9.0.1/32 dev wg0\n");
	assert_false(keepin_default_installed(AF_INET));
}

static struct kroute in_table(uint32_t oif)
{
	return (struct kroute){.prefix = {.family = AF_INET},
			       .table = 22200,
			       .metric = oif ? zconfig.metric : KEEPIN_METRIC,
			       .oif = oif,
			       .protocol = 222,
			       .type = oif ? RTN_UNICAST : RTN_UNREACHABLE};
}

/* Rules of an earlier life are in force at once; nothing of them is swept. */
static void test_found(void **state)
{
	struct krule rules_found[] = {
		{.family = AF_INET,
		 .protocol = 222,
		 .action = FR_ACT_TO_TBL,
		 .priority = 32763,
		 .table = 254,
		 .no_default = true},
		{.family = AF_INET,
		 .protocol = 222,
		 .action = FR_ACT_TO_TBL,
		 .priority = 32765,
		 .table = 22200},
	};
	struct kroute none = in_table(0), way = in_table(RIG_WG0);

	rig_bgp("0.0.0.0/0", "10.9.0.1");
	rig_told();
	rules.ready = side_routes.ready = false; /* as at a start */
	keep_read_begin(&rules);
	keep_read_begin(&side_routes);
	zconfig.pin = true;
	rig_configure(CONFIG(ON, ALL));
	keepin_default_look(&none.prefix);
	for (unsigned i = 0; i < ARRAY_SIZE(rules_found); i++)
		rule_told(&rules_found[i], true);
	side_told(&none, true);
	side_told(&way, true);
	keepin_default_read_end();
	assert_false(keepin_default_waits());
	keep_read_end(&side_routes);
	keep_read_end(&rules);
	RIG_TOLD("rule add IPv4 priority 32764 table 254\n");
	assert_true(keepin_default_installed(AF_INET));
}

/* Somebody took a route away: it comes back. */
static void test_taken(void **state)
{
	struct kroute none = in_table(0);

	on();
	side_told(&none, false);
	RIG_TOLD("add 0.0.0.0/0 table 22200 kept in\n");
}

/* Another plane's default route is kept in by its own table. */
static void test_plane(void **state)
{
	rig_configure(
		"{'rib': {'keep-in': 'permit'}, 'plane': [{'name': 'lab', 'number': 1, 'table': "
		"101}], "
		"'wireguard': {'interface': [{'name': 'wg1', 'plane': 'lab', 'peer': [{'name': "
		"'p2', 'permit': [" ALL "]}]}]}}");
	rig_keep_in = true;
	keepin_look_all();
	rig_told();
	assert_int_equal(keepin_count(), 1);
	assert_true(keepin_first()->installed);
	assert_int_equal(keepin_first()->node.p.plane, 1);
	assert_false(keepin_default_permitted(AF_INET));
}

#define CHECK(name) RIG_CHECK(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(test_on_and_off),	  CHECK(test_both_families), CHECK(test_mirror),
		CHECK(test_object),	  CHECK(test_in_the_clear),  CHECK(test_link_down),
		CHECK(test_endpoints),	  CHECK(test_pins_off),	     CHECK(test_pin_refused),
		CHECK(test_spared),	  CHECK(test_other_numbers), CHECK(test_kernel_off),
		CHECK(test_found),	  CHECK(test_taken),	     CHECK(test_plane),
		CHECK(test_rule_refused), CHECK(test_rule_taken),    CHECK(test_last_stays),
		CHECK(test_pin_refused_up), CHECK(test_pin_refused_spared),
	};

	log_init("keepin_default_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
