/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration to values, whole, and what each change of a value does to what is installed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "fib.h"
#include "kernel.h"
#include "log.h"
#include "loop_fake.h"
#include "planes.h"
#include "quoted.h"
#include "rib.h"
#include "rig.h"
#include "rule.h"
#include "side.h"
#include "tunnel.h"
#include "zapply.h"
#include "zconfig.h"

static void say_prefix(const char *name, const struct prefix *p)
{
	if (p->len)
		rig_say(" %s %s", name, PREFIX_STR(p));
}

static void say_addr(const char *name, const struct addr *a)
{
	if (a->family)
		rig_say(" %s %s", name, ADDR_STR(a));
}

static void say_static(const struct zstatic *s)
{
	rig_say("static %s plane %u", PREFIX_STR(&s->prefix), s->prefix.plane);
	say_addr("by", &s->next_hop);
	if (s->next_hop.family)
		rig_say(" of plane %u", s->next_hop.plane);
	if (s->interface[0])
		rig_say(" dev %s", s->interface);
	rig_say("%s%s distance %u metric %u\n", s->blackhole ? " blackhole" : "",
		s->isolate ? " isolate" : "", s->distance, s->metric);
}

static void say_rule(const struct krule *r)
{
	rig_say("rule IPv%d %u action %u table %u", r->family == AF_INET ? 4 : 6, r->priority,
		r->action, r->table);
	say_prefix("from", &r->source);
	say_prefix("to", &r->dst);
	if (r->fwmask)
		rig_say(" mark %x/%x", r->fwmark, r->fwmask);
	if (r->tos)
		rig_say(" tos %u", r->tos);
	rig_say("%s%s%s%s\n", r->iif[0] ? " iif " : "", r->iif, r->oif[0] ? " oif " : "", r->oif);
}

static void say_uplink(const struct uplink_conf *u)
{
	rig_say("uplink %s by %s mark %u table %u priority %u", u->wg, u->ifname, u->fwmark,
		u->table, u->priority);
	for (unsigned i = 0; i < 2; i++) {
		say_addr("gateway", &u->gateway[i]);
		say_addr("source", &u->source[i]);
	}
	rig_say("\n");
}

static void say(const struct zconfig *c)
{
	rig_say("%s%s%s%s%s nftables %d table %u metric %u protocol %u sweep %u\n",
		c->kernel ? "kernel " : "", c->pin ? "pin " : "", c->last_path_keep ? "keep " : "",
		c->resilient ? "resilient " : "", c->via_default ? "via-default " : "",
		c->nftables, c->table, c->metric, c->protocol, c->sweep_s);
	rig_say("distance %u %u %u %u %u\n", c->d_connected, c->d_kernel, c->d_static, c->d_ebgp,
		c->d_ibgp);
	for (unsigned i = 0; i < PLANES_MAX; i++)
		if (c->plane_table[i])
			rig_say("plane %u table %u\n", i, c->plane_table[i]);
	for (size_t i = 0; i < c->n_statics; i++)
		say_static(&c->statics[i]);
	for (size_t i = 0; i < c->n_rules; i++)
		say_rule(&c->rules[i]);
	for (size_t i = 0; i < c->n_uplinks; i++)
		say_uplink(&c->uplinks[i]);
}

static const char *values(const char *config)
{
	json_t *j = quoted(config);
	char error[256] = "";
	struct zconfig c;

	rig_told();
	if (zconfig_read(j, &c, error, sizeof(error)) < 0) {
		rig_say("%s\n", error);
	} else {
		say(&c);
		zconfig_free(&c);
		assert_int_equal(c.n_statics + c.n_rules + c.n_uplinks, 0);
	}
	json_decref(j);
	return rig_told();
}

static void test_defaults(void **state)
{
	zconfig.statics = NULL;
	say(&zconfig);
	RIG_TOLD("kernel pin  nftables 0 table 254 metric 179 protocol 222 sweep 300\n"
		 "distance 0 0 1 20 200\n"
		 "plane 0 table 254\n");
	RIG_EQ(values("{}"),
	       "kernel pin  nftables 0 table 254 metric 179 protocol 222 sweep 300\n"
	       "distance 0 0 1 20 200\n"
	       "plane 0 table 254\n");
}

static void test_values(void **state)
{
	RIG_EQ(values("{'rib': {'kernel': false, 'pin-endpoints': false, 'nftables-sets': 'all', "
		      "'resolve-via-default': true, 'table': 77, 'metric': 12, 'protocol-number': 13, "
		      "'sweep-timeout': 14, 'distance': {'connected': 3, 'kernel': 4, 'static': 5, "
		      "'ebgp': 6, 'ibgp': 7}, 'static': [{'prefix': '10.0.0.0/8', 'blackhole': true}]}, "
		      "'bgp': {'last-path': 'keep', 'multipath': {'resilient': true}}}"),
	       "keep resilient via-default  nftables 2 table 77 metric 12 protocol 13 "
	       "sweep 14\n"
	       "distance 3 4 5 6 7\n"
	       "plane 0 table 77\n"
	       "static 10.0.0.0/8 plane 0 blackhole distance 5 metric 0\n");
	RIG_EQ(values("{'rib': {'nftables-sets': 'addresses'}, 'bgp': {'last-path': 'withdraw'}}"),
	       "kernel pin  nftables 1 table 254 metric 179 protocol 222 sweep 300\n"
	       "distance 0 0 1 20 200\n"
	       "plane 0 table 254\n");
	RIG_EQ(values("{'rib': {'nftables-sets': 'off'}}"),
	       "kernel pin  nftables 0 table 254 metric 179 protocol 222 sweep 300\n"
	       "distance 0 0 1 20 200\n"
	       "plane 0 table 254\n");
}

static void test_statics(void **state)
{
	RIG_EQ(values("{'rib': {'static': [{'prefix': '10.0.0.0/8', 'next-hop': '10.9.0.1'}, "
		      "{'prefix': '10.1.0.0/16', 'interface': 'u0', 'metric': 7, 'distance': 9},"
		      "{'prefix': '2001:db8::/32', 'interface': 'u0', 'next-hop': 'fe80::1'},"
		      "{'prefix': '10.2.0.0/16', 'blackhole': true}]}}"),
	       "kernel pin  nftables 0 table 254 metric 179 protocol 222 sweep 300\n"
	       "distance 0 0 1 20 200\n"
	       "plane 0 table 254\n"
	       "static 10.0.0.0/8 plane 0 by 10.9.0.1 of plane 0 distance 1 metric 0\n"
	       "static 10.1.0.0/16 plane 0 dev u0 distance 9 metric 7\n"
	       "static 2001:db8::/32 plane 0 by fe80::1 of plane 0 dev u0 distance 1 "
	       "metric 0\n"
	       "static 10.2.0.0/16 plane 0 blackhole distance 1 metric 0\n");
	RIG_EQ(values("{'rib': {'static': [{'prefix': '10.2.0.0/16', 'blackhole': true}, "
		      "{'prefix': 'x'}]}}"),
	       "static x: not a prefix\n");
	RIG_EQ(values("{'rib': {'static': [{'prefix': '10.0.0.0/8'}]}}"),
	       "static 10.0.0.0/8: needs one of next-hop, interface, blackhole\n");
	RIG_EQ(values("{'rib': {'static': [{'prefix': '10.0.0.0/8', 'blackhole': true, "
		      "'next-hop': '10.9.0.1'}]}}"),
	       "static 10.0.0.0/8: blackhole and a next hop or interface\n");
	RIG_EQ(values("{'rib': {'static': [{'prefix': '10.0.0.0/8', 'blackhole': true, "
		      "'interface': 'a'}]}}"),
	       "static 10.0.0.0/8: blackhole and a next hop or interface\n");
	RIG_EQ(values("{'rib': {'static': [{'prefix': '10.0.0.0/8', 'interface': "
		      "'abcdefghijklmnop'}]}}"),
	       "static 10.0.0.0/8: interface name too long\n");
}

static void test_rules(void **state)
{
	RIG_EQ(values("{'rib': {'rule': [{'priority': 5, 'table': 77}, {'priority': 6, 'table': 78, "
		      "'source': '10.0.0.0/8', 'destination': '10.1.0.0/16', 'fwmark': 255, "
		      "'fwmask': 15, 'tos': 8, 'interface': 'u0'}, {'priority': 7, 'table': 79, "
		      "'destination': '2001:db8::/32', 'fwmark': 3}, {'priority': 8, 'table': 80, "
		      "'fwmask': 7}]}}"),
	       "kernel pin  nftables 0 table 254 metric 179 protocol 222 sweep 300\n"
	       "distance 0 0 1 20 200\n"
	       "plane 0 table 254\n"
	       "rule IPv4 5 action 1 table 77\n"
	       "rule IPv6 5 action 1 table 77\n"
	       "rule IPv4 6 action 1 table 78 from 10.0.0.0/8 to 10.1.0.0/16 mark f/f "
	       "tos 8 iif u0\n"
	       "rule IPv6 7 action 1 table 79 to 2001:db8::/32 mark 3/ffffffff\n"
	       "rule IPv4 8 action 1 table 80\n"
	       "rule IPv6 8 action 1 table 80\n");
	RIG_EQ(values("{'rib': {'rule': [{'priority': 5, 'source': '10.0.0.0/8', 'destination': "
		      "'2001:db8::/32'}]}}"),
	       "rib rule 5: source and destination of two families\n");
	RIG_EQ(values("{'rib': {'rule': [{'priority': 5, 'source': 'x'}]}}"),
	       "rib rule 5: not a prefix\n");
	RIG_EQ(values("{'rib': {'rule': [{'priority': 5, 'destination': 'x'}]}}"),
	       "rib rule 5: not a prefix\n");
	RIG_EQ(values("{'rib': {'rule': [{'priority': 5, 'interface': 'abcdefghijklmnop'}]}}"),
	       "rib rule 5: interface name too long\n");
}

#define UPLINKS(list) "{'wireguard': {'interface': [" list "]}}"

static void test_uplinks(void **state)
{
	RIG_EQ(values(UPLINKS("{'name': 'wg9', 'fwmark': 4}, {'name': 'wg0', 'fwmark': 5, 'uplink': "
			      "{'interface': 'u0', 'table': 6, 'rule-priority': 7}}, {'name': 'wg1', "
			      "'fwmark': 8, 'uplink': {'interface': 'u', 'table': 9, 'rule-priority': "
			      "10, 'gateway': ['192.0.2.1', '2001:db8::1'], 'source': "
			      "['2001:db8::2', '192.0.2.2']}}")),
	       "kernel pin  nftables 0 table 254 metric 179 protocol 222 sweep 300\n"
	       "distance 0 0 1 20 200\n"
	       "plane 0 table 254\n"
	       "uplink wg0 by u0 mark 5 table 6 priority 7\n"
	       "uplink wg1 by u mark 8 table 9 priority 10 gateway 192.0.2.1 source "
	       "192.0.2.2 gateway 2001:db8::1 source 2001:db8::2\n");
	RIG_EQ(values(UPLINKS("{'name': 'wg0', 'uplink': {'interface': 'u0', 'gateway': "
			      "['192.0.2.1', '192.0.2.2']}}")),
	       "interface wg0: its uplink cannot be used\n");
	RIG_EQ(values(UPLINKS("{'name': 'wg0', 'uplink': {'interface': 'u0', 'source': ['x']}}")),
	       "interface wg0: its uplink cannot be used\n");
	RIG_EQ(values(UPLINKS("{'name': 'wg0', 'uplink': {'interface': 'u0', 'source': [5]}}")),
	       "interface wg0: its uplink cannot be used\n");
	RIG_EQ(values(UPLINKS("{'name': 'abcdefghijklmnop', 'uplink': {'interface': 'u0'}}")),
	       "interface abcdefghijklmnop: its uplink cannot be used\n");
	RIG_EQ(values(UPLINKS("{'name': 'wg0', 'uplink': {'interface': 'abcdefghijklmnop'}}")),
	       "interface wg0: its uplink cannot be used\n");
}

static void test_planes(void **state)
{
	RIG_EQ(values("{'plane': [{'name': 'a', 'number': 1, 'table': 101, 'interface': ['u0', 'u'], "
		      "'isolate': true, 'rule': {'priority': 500, 'source': ['10.0.0.0/8', "
		      "'2001:db8::/32'], 'input-interface': ['e1'], 'fwmark': [7, 8], 'dscp': [46]}, "
		      "'static': [{'prefix': '10.1.0.0/16', 'next-hop': '10.9.0.1'}, {'prefix': "
		      "'10.2.0.0/16', 'blackhole': true, 'distance': 3}]}, {'name': 'none', 'table': "
		      "99}, {'name': 'b', 'number': 3, 'table': 103}, {'name': 'far', 'number': 32, "
		      "'table': 104}], 'wireguard': {'interface': [{'name': 'wg0', 'plane': 'b'}, "
		      "{'name': 'wg1'}]}, 'rib': {'distance': {'static': 8}, 'static': [{'prefix': "
		      "'10.3.0.0/16', 'blackhole': true}], 'rule': [{'priority': 5, 'table': 77}]}}"),
	       "kernel pin  nftables 0 table 254 metric 179 protocol 222 sweep 300\n"
	       "distance 0 0 8 20 200\n"
	       "plane 0 table 254\n"
	       "plane 1 table 101\n"
	       "plane 3 table 103\n"
	       "static 10.3.0.0/16 plane 0 blackhole distance 8 metric 0\n"
	       "static 0.0.0.0/0 plane 1 isolate distance 255 metric 0\n"
	       "static ::/0 plane 1 isolate distance 255 metric 0\n"
	       "static 10.1.0.0/16 plane 1 by 10.9.0.1 of plane 1 distance 8 metric 0\n"
	       "static 10.2.0.0/16 plane 1 blackhole distance 3 metric 0\n"
	       "rule IPv4 5 action 1 table 77\n"
	       "rule IPv6 5 action 1 table 77\n"
	       "rule IPv4 500 action 1 table 101 iif u0\n"
	       "rule IPv6 500 action 1 table 101 iif u0\n"
	       "rule IPv4 500 action 1 table 101 oif u0\n"
	       "rule IPv6 500 action 1 table 101 oif u0\n"
	       "rule IPv4 500 action 1 table 101 iif u\n"
	       "rule IPv6 500 action 1 table 101 iif u\n"
	       "rule IPv4 500 action 1 table 101 oif u\n"
	       "rule IPv6 500 action 1 table 101 oif u\n"
	       "rule IPv4 500 action 1 table 101 from 10.0.0.0/8\n"
	       "rule IPv6 500 action 1 table 101 from 2001:db8::/32\n"
	       "rule IPv4 500 action 1 table 101 iif e1\n"
	       "rule IPv6 500 action 1 table 101 iif e1\n"
	       "rule IPv4 500 action 1 table 101 mark 7/ffffffff\n"
	       "rule IPv6 500 action 1 table 101 mark 7/ffffffff\n"
	       "rule IPv4 500 action 1 table 101 mark 8/ffffffff\n"
	       "rule IPv6 500 action 1 table 101 mark 8/ffffffff\n"
	       "rule IPv4 500 action 1 table 101 tos 184\n"
	       "rule IPv6 500 action 1 table 101 tos 184\n"
	       "rule IPv4 10000 action 1 table 103 iif wg0\n"
	       "rule IPv6 10000 action 1 table 103 iif wg0\n"
	       "rule IPv4 10000 action 1 table 103 oif wg0\n"
	       "rule IPv6 10000 action 1 table 103 oif wg0\n");
	RIG_EQ(values("{'plane': [{'name': 'a', 'number': 1, 'table': 101, 'static': [{'prefix': "
		      "'x'}]}]}"),
	       "static x: not a prefix\n");
}

/* --- what a change does --- */

static int setup(void **state)
{
	rig_begin();
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_configure("{" RIG_PERMIT ", 'rib': {}}");
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_told();
	return 0;
}

static void configure(const char *rest)
{
	char *text = xasprintf("{" RIG_PERMIT ", %s}", rest);

	rig_configure(text);
	free(text);
}

static void test_change_numbers(void **state)
{
	configure("'rib': {'metric': 5}");
	RIG_TOLD("del 10.9.0.1/32 dev wg0\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "add 10.9.0.1/32 metric 5 dev wg0\n"
		 "add 10.1.0.0/16 metric 5 dev wg0\n");
	configure("'rib': {'metric': 5, 'protocol-number': 6}");
	RIG_TOLD("del 10.9.0.1/32 metric 5 dev wg0\n"
		 "del 10.1.0.0/16 metric 5 dev wg0\n"
		 "add 10.9.0.1/32 metric 5 protocol 6 dev wg0\n"
		 "add 10.1.0.0/16 metric 5 protocol 6 dev wg0\n");
	configure("'rib': {'metric': 5, 'protocol-number': 6, 'table': 7}");
	RIG_TOLD("del 10.9.0.1/32 metric 5 protocol 6 dev wg0\n"
		 "del 10.1.0.0/16 metric 5 protocol 6 dev wg0\n"
		 "add 10.9.0.1/32 table 7 metric 5 protocol 6 dev wg0\n"
		 "add 10.1.0.0/16 table 7 metric 5 protocol 6 dev wg0\n");
	configure("'rib': {}");
	RIG_TOLD("del 10.9.0.1/32 table 7 metric 5 protocol 6 dev wg0\n"
		 "del 10.1.0.0/16 table 7 metric 5 protocol 6 dev wg0\n"
		 "add 10.9.0.1/32 dev wg0\n"
		 "add 10.1.0.0/16 dev wg0\n");
	configure("'rib': {}");
	RIG_TOLD("");
}

static void test_change_kernel(void **state)
{
	configure("'rib': {'rule': [{'priority': 5, 'table': 77}]}");
	RIG_TOLD("rule add IPv4 priority 5 table 77\n"
		 "rule add IPv6 priority 5 table 77\n");
	configure("'rib': {'kernel': false, 'rule': [{'priority': 5, 'table': 77}]}");
	RIG_TOLD("rule del IPv4 priority 5 table 77\n"
		 "rule del IPv6 priority 5 table 77\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "del 10.9.0.1/32 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n");
	configure("'rib': {'rule': [{'priority': 5, 'table': 77}]}");
	RIG_TOLD("rule add IPv4 priority 5 table 77\n"
		 "rule add IPv6 priority 5 table 77\n"
		 "set 10.1.0.0/16 p1\n"
		 "add 10.9.0.1/32 dev wg0\n"
		 "add 10.1.0.0/16 dev wg0\n");
	configure("'rib': {'protocol-number': 99, 'rule': [{'priority': 5, 'table': 77}]}");
	RIG_TOLD("rule del IPv4 priority 5 table 77\n"
		 "rule add IPv4 priority 5 table 77\n"
		 "rule del IPv6 priority 5 table 77\n"
		 "rule add IPv6 priority 5 table 77\n"
		 "del 10.9.0.1/32 dev wg0\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "add 10.9.0.1/32 protocol 99 dev wg0\n"
		 "add 10.1.0.0/16 protocol 99 dev wg0\n");
	configure("'rib': {'rule': [{'priority': 6, 'table': 77}]}");
	RIG_TOLD("rule del IPv4 priority 5 table 77\n"
		 "rule add IPv4 priority 5 table 77\n"
		 "rule del IPv6 priority 5 table 77\n"
		 "rule add IPv6 priority 5 table 77\n"
		 "rule add IPv4 priority 6 table 77\n"
		 "rule add IPv6 priority 6 table 77\n"
		 "rule del IPv4 priority 5 table 77\n"
		 "rule del IPv6 priority 5 table 77\n"
		 "del 10.9.0.1/32 protocol 99 dev wg0\n"
		 "del 10.1.0.0/16 protocol 99 dev wg0\n"
		 "add 10.9.0.1/32 dev wg0\n"
		 "add 10.1.0.0/16 dev wg0\n");
	configure("'rib': {}");
	RIG_TOLD("rule del IPv4 priority 6 table 77\n"
		 "rule del IPv6 priority 6 table 77\n");
}

static void test_change_statics(void **state)
{
	configure("'rib': {'static': [{'prefix': '10.2.0.0/16', 'blackhole': true}, {'prefix': "
		  "'10.3.0.0/16', 'next-hop': '10.9.0.1'}, {'prefix': '10.4.0.0/16', 'interface': "
		  "'later'}]}");
	RIG_TOLD("redist +static 10.2.0.0/16 metric 0\n"
		 "redist +static 10.3.0.0/16 metric 0\n"
		 "set 10.3.0.0/16 p1\n"
		 "add 10.2.0.0/16 blackhole\n"
		 "add 10.3.0.0/16 dev wg0\n");
	configure("'rib': {'static': [{'prefix': '10.2.0.0/16', 'blackhole': true}, {'prefix': "
		  "'10.3.0.0/16', 'next-hop': '198.51.100.7'}]}");
	RIG_TOLD("redist -static 10.2.0.0/16 metric 0\n"
		 "redist -static 10.3.0.0/16 metric 0\n"
		 "redist +static 10.2.0.0/16 metric 0\n"
		 "redist +static 10.3.0.0/16 metric 0\n"
		 "change 10.3.0.0/16 via 198.51.100.7 dev u0\n");
	configure("'rib': {'static': [{'prefix': '10.2.0.0/16', 'blackhole': true}, {'prefix': "
		  "'10.3.0.0/16', 'next-hop': '198.51.100.7'}]}");
	RIG_TOLD("");
	zapply_links_changed(); /* none of them names one */
	RIG_TOLD("");
	configure("'rib': {}");
	RIG_TOLD("redist -static 10.2.0.0/16 metric 0\n"
		 "redist -static 10.3.0.0/16 metric 0\n"
		 "del 10.3.0.0/16 via 198.51.100.7 dev u0\n"
		 "del 10.2.0.0/16 blackhole\n"
		 "unset 10.3.0.0/16 p1\n");
}

/* Routes beside the RIB's table go with it, too. */
static void test_change_side(void **state)
{
	struct kroute k = {.prefix = rig_prefix("10.5.0.0/16"),
			   .table = 700,
			   .metric = 8,
			   .oif = RIG_U0,
			   .protocol = 222,
			   .type = RTN_UNICAST};

	side_want(&k);
	RIG_TOLD("add 10.5.0.0/16 table 700 metric 8 dev u0\n");
	configure("'rib': {'kernel': false}");
	RIG_TOLD("del 10.5.0.0/16 table 700 metric 8 dev u0\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "del 10.9.0.1/32 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n");
	configure("'rib': {}");
	RIG_TOLD("add 10.5.0.0/16 table 700 metric 8 dev u0\n"
		 "set 10.1.0.0/16 p1\n"
		 "add 10.9.0.1/32 dev wg0\n"
		 "add 10.1.0.0/16 dev wg0\n");
}

/* A static route by a next hop for what bgpd has, too: bgpd's list loses, once. */
static void test_static_wins(void **state)
{
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	rig_told();
	configure("'rib': {'static': [{'prefix': '10.1.0.0/16', 'next-hop': '10.9.1.2'}]}");
	RIG_TOLD("redist +static 10.1.0.0/16 metric 0\n"
		 "refused 10.1.0.0/16 by all lost-to-protocol\n"
		 "set 10.1.0.0/16 p2\n"
		 "change 10.1.0.0/16 dev wg1\n");
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_DOWN);
	RIG_TOLD("redist -static 10.1.0.0/16 metric 0\n"
		 "cleared 10.1.0.0/16 by all lost-to-protocol\n"
		 "change 10.1.0.0/16 dev wg0\n");
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	RIG_TOLD("redist +static 10.1.0.0/16 metric 0\n"
		 "refused 10.1.0.0/16 by all lost-to-protocol\n"
		 "change 10.1.0.0/16 dev wg1\n");
	configure("'rib': {'static': [{'prefix': '10.1.0.0/16', 'next-hop': '10.9.0.1'}]}");
	RIG_TOLD("redist -static 10.1.0.0/16 metric 0\n"
		 "cleared 10.1.0.0/16 by all lost-to-protocol\n"
		 "redist +static 10.1.0.0/16 metric 0\n"
		 "refused 10.1.0.0/16 by all lost-to-protocol\n"
		 "change 10.1.0.0/16 dev wg0\n");
	configure("'rib': {}");
	RIG_TOLD("redist -static 10.1.0.0/16 metric 0\n"
		 "cleared 10.1.0.0/16 by all lost-to-protocol\n");
}

/* A plane goes, and its table with it; another one has its number. */
static void test_change_planes(void **state)
{
	configure("'rib': {}, 'plane': [{'name': 'a', 'number': 1, 'table': 101, 'static': [{'prefix': "
		  "'10.7.0.0/16', 'blackhole': true}]}, {'name': 'b', 'number': 31, 'table': 102, "
		  "'static': [{'prefix': '10.8.0.0/16', 'blackhole': true}]}]");
	RIG_TOLD("redist +static 10.7.0.0/16 metric 0\n"
		 "redist +static 10.8.0.0/16 metric 0\n"
		 "add 10.7.0.0/16 table 101 blackhole\n"
		 "add 10.8.0.0/16 table 102 blackhole\n");
	configure("'rib': {}, 'plane': [{'name': 'a', 'number': 1, 'table': 101, 'static': [{'prefix': "
		  "'10.7.0.0/16', 'blackhole': true}]}]");
	RIG_TOLD("redist -static 10.7.0.0/16 metric 0\n"
		 "redist -static 10.8.0.0/16 metric 0\n"
		 "redist +static 10.7.0.0/16 metric 0\n"
		 "del 10.8.0.0/16 table 102 blackhole\n");
	configure("'rib': {}, 'plane': [{'name': 'a', 'number': 1, 'table': 103, 'static': [{'prefix': "
		  "'10.7.0.0/16', 'blackhole': true}]}]");
	RIG_TOLD("del 10.7.0.0/16 table 101 blackhole\n"
		 "add 10.7.0.0/16 table 103 blackhole\n");
	configure("'rib': {}");
	RIG_TOLD("redist -static 10.7.0.0/16 metric 0\n"
		 "del 10.7.0.0/16 table 103 blackhole\n");
}

static void test_change_pins(void **state)
{
	rig_peer(2, RIG_WG1, "10.9.1.2", "203.0.113.7:51820", TUNNEL_UP);
	rig_told();
	rig_bgp("203.0.0.0/16", "10.9.0.1");
	RIG_TOLD("add 203.0.113.7/32 via 198.51.100.254 dev u0\n"
		 "set 203.0.0.0/16 p1\n"
		 "add 203.0.0.0/16 dev wg0\n");
	configure("'rib': {'pin-endpoints': false}");
	RIG_TOLD("refused 203.0.0.0/16 by all covers-endpoint\n"
		 "del 203.0.0.0/16 dev wg0\n"
		 "del 203.0.113.7/32 via 198.51.100.254 dev u0\n"
		 "unset 203.0.0.0/16 p1\n");
	configure("'rib': {}");
	RIG_TOLD("cleared 203.0.0.0/16 by all covers-endpoint\n"
		 "add 203.0.113.7/32 via 198.51.100.254 dev u0\n"
		 "set 203.0.0.0/16 p1\n"
		 "add 203.0.0.0/16 dev wg0\n");
}

/* In every plane and family. */
static void test_change_default(void **state)
{
	rig_kernel(true, "::/0", RTPROT_DHCP, 9, RIG_U1, "fe80::1");
	configure("'rib': {}, 'bgp': {'neighbor': [{'address': '203.0.113.9'}, {'address': "
		  "'2001:db8::9'}]}");
	rig_watch("203.0.113.9");
	rig_watch("2001:db8::9");
	RIG_TOLD("redist +kernel ::/0 metric 9\n"
		 "nexthop 203.0.113.9 down nexthop-unreachable dev - peer - cost 0\n"
		 "nexthop 2001:db8::9 down nexthop-unreachable dev - peer - cost 0\n");
	configure("'rib': {'resolve-via-default': true}, 'bgp': {'neighbor': [{'address': "
		  "'203.0.113.9'}, {'address': '2001:db8::9'}]}");
	RIG_TOLD("nexthop 203.0.113.9 up none dev u0 peer - cost 0\n"
		 "nexthop 2001:db8::9 up none dev u peer - cost 0\n");
}

/* What is chosen is looked at again: by distance, by a weak hop, by a default route. */
static void test_change_choice(void **state)
{
	struct msg_tunnel_peer weak = {.id = 1,
				       .ifindex = RIG_WG0,
				       .state = TUNNEL_DOWN,
				       .weak = true,
				       .n_addrs = 1,
				       .name = "p1"};

	configure("'rib': {'static': [{'prefix': '10.1.0.0/16', 'blackhole': true, "
		  "'distance': 100}]}");
	RIG_TOLD("redist +static 10.1.0.0/16 metric 0\n"
		 "refused 10.1.0.0/16 by all lost-to-protocol\n"
		 "change 10.1.0.0/16 blackhole\n"
		 "unset 10.1.0.0/16 p1\n");
	configure("'rib': {'distance': {'ibgp': 99}, 'static': [{'prefix': '10.1.0.0/16', "
		  "'blackhole': true, 'distance': 100}]}");
	RIG_TOLD("cleared 10.1.0.0/16 by all lost-to-protocol\n"
		 "set 10.1.0.0/16 p1\n"
		 "change 10.1.0.0/16 dev wg0\n");
	configure("'rib': {}");
	rig_kernel(true, "10.1.0.0/16", RTPROT_STATIC, 3, RIG_U1, NULL);
	RIG_TOLD("redist -static 10.1.0.0/16 metric 0\n"
		 "redist +kernel 10.1.0.0/16 metric 3\n"
		 "refused 10.1.0.0/16 by all lost-to-protocol\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n");
	configure("'rib': {'distance': {'kernel': 201}}");
	RIG_TOLD("cleared 10.1.0.0/16 by all lost-to-protocol\n"
		 "set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 dev wg0\n");
	configure("'rib': {'distance': {'kernel': 200}}");
	RIG_TOLD("refused 10.1.0.0/16 by all lost-to-protocol\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n");
	rig_kernel(false, "10.1.0.0/16", RTPROT_STATIC, 3, RIG_U1, NULL);
	rig_kernel(true, "10.1.0.0/16", RTPROT_KERNEL, 3, RIG_U1, NULL);
	rig_told();
	configure("'rib': {'distance': {'connected': 201}}");
	RIG_TOLD("cleared 10.1.0.0/16 by all lost-to-protocol\n"
		 "set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 dev wg0\n");
	rig_kernel(false, "10.1.0.0/16", RTPROT_KERNEL, 3, RIG_U1, NULL);
	configure("'rib': {}");
	rig_told();
	weak.addrs = xcalloc(1, sizeof(*weak.addrs));
	weak.addrs[0] = rig_addr("10.9.0.1");
	tunnel_peer_told(&weak);
	msg_free_tunnel_peer(&weak);
	RIG_TOLD("del 10.1.0.0/16 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n");
	configure("'rib': {}, 'bgp': {'last-path': 'keep'}");
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 dev wg0\n");
	configure("'rib': {}");
	RIG_TOLD("del 10.1.0.0/16 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n");
}

/* By an interface that is not there no static route stands, whatever the name. */
static void test_absent_interface(void **state)
{
	rig_configure("{'rib': {'static': [{'prefix': '10.7.0.0/16', 'interface': 'u'}, {'prefix': "
		      "'10.8.0.0/16', 'interface': 'absent0'}, {'prefix': '10.8.0.0/16', 'interface': "
		      "'v', 'next-hop': '198.51.100.7'}, {'prefix': '10.9.0.0/16', 'next-hop': "
		      "'198.51.100.7'}]}}");
	RIG_TOLD("redist +static 10.9.0.0/16 metric 0\n"
		 "add 10.9.0.0/16 via 198.51.100.7 dev u0\n"
		 "refused 10.1.0.0/16 by 10.9.0.1 no-permit\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n");
	zapply_links_changed();
	RIG_TOLD("redist -static 10.9.0.0/16 metric 0\n"
		 "redist +static 10.9.0.0/16 metric 0\n");
	rig_configure("{'rib': {'static': [{'prefix': '10.7.0.0/16', 'interface': 'u'}]}}");
	RIG_TOLD("redist -static 10.9.0.0/16 metric 0\n"
		 "del 10.9.0.0/16 via 198.51.100.7 dev u0\n");
	zapply_links_changed();
	RIG_TOLD("");
}

int main(void)
{
#define R(f) cmocka_unit_test(f)
#define T(f) RIG_CHECK(f, setup)
	const struct CMUnitTest tests[] = {
		R(test_defaults),	R(test_values),		R(test_statics),
		R(test_rules),		R(test_uplinks),	R(test_planes),
		T(test_change_numbers), T(test_change_kernel),	T(test_change_statics),
		T(test_change_choice), T(test_change_side),	T(test_change_planes),
		T(test_change_pins),	T(test_static_wins),	T(test_change_default),
		T(test_absent_interface),
	};

	log_init("zconfig_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
