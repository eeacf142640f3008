/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Endpoints of tunnels: which routes would capture them, which host routes keep them outside, and
 * what follows when the underlay, an endpoint or a tunnel changes.
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
#include "nexthop.h"
#include "pin.h"
#include "rib.h"
#include "rib_kernel.h"
#include "rig.h"
#include "tunnel.h"
#include "zconfig.h"

uint32_t __wrap_kernel_link_by_name(const char *name);

uint32_t __wrap_kernel_link_by_name(const char *name)
{
	return str_eq(name, "u") ? RIG_U1 : 0;
}

static int setup(void **state)
{
	rig_begin();
	rig_peer(1, RIG_WG0, "10.9.0.1", "203.0.113.1:51820", TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", "192.0.2.2:51820", TUNNEL_UP);
	rig_told();
	return 0;
}

/* Each pin: "203.0.113.1 via 198.51.100.254 dev u0 by /0 wanted placed peers 1". */
static const char *pins(void)
{
	static char text[2048];
#define put(...) snprintf(text + strlen(text), sizeof(text) - strlen(text), __VA_ARGS__)

	text[0] = '\0';
	for (const struct pin *p = pin_first(); p; p = pin_next(p)) {
		put("%s", ADDR_STR(&p->addr));
		for (unsigned i = 0; i < p->n_ways; i++)
			put("%s%s dev %s", p->way[i].gateway.family ? " via " : "",
			    p->way[i].gateway.family ? ADDR_STR(&p->way[i].gateway) : "",
			    rig_link_name(p->way[i].oif));
		put("%s by /%u%s%s peers %u\n", p->n_ways ? "" : " dev -", p->via_len,
		    p->wanted ? " wanted" : "", p->placed ? " placed" : "", p->peers);
	}
	return text;
}

#define PINS(text) RIG_EQ(pins(), text)

/* The pin is in the kernel before what would capture the endpoint, and goes behind it. */
static void test_order(void **state)
{
	PINS("192.0.2.2 via 198.51.100.254 dev u0 by /0 peers 1\n"
		 "203.0.113.1 via 198.51.100.254 dev u0 by /0 peers 1\n");
	rig_bgp("203.0.0.0/16", "10.9.1.2");
	RIG_TOLD("add 203.0.113.1/32 via 198.51.100.254 dev u0\n"
		 "set 203.0.0.0/16 p2\n"
		 "add 203.0.0.0/16 dev wg1\n");
	PINS("192.0.2.2 via 198.51.100.254 dev u0 by /0 peers 1\n"
		 "203.0.113.1 via 198.51.100.254 dev u0 by /0 wanted placed peers 1\n");
	rig_bgp("203.0.0.0/16", "");
	RIG_TOLD("del 203.0.0.0/16 dev wg1\n"
		 "del 203.0.113.1/32 via 198.51.100.254 dev u0\n"
		 "unset 203.0.0.0/16 p2\n");
	PINS("192.0.2.2 via 198.51.100.254 dev u0 by /0 peers 1\n"
		 "203.0.113.1 via 198.51.100.254 dev u0 by /0 peers 1\n");
	rig_bgp("0.0.0.0/0", "10.9.1.2"); /* loses, and yet would like to */
	RIG_TOLD("refused 0.0.0.0/0 by all lost-to-protocol\n"
		 "add 192.0.2.2/32 via 198.51.100.254 dev u0\n"
		 "add 203.0.113.1/32 via 198.51.100.254 dev u0\n");
	rig_bgp("203.0.113.1/32", "10.9.1.2");
	RIG_TOLD("refused 203.0.113.1/32 by all lost-to-protocol\n");
	rig_bgp("203.0.114.0/24", "10.9.1.2"); /* beside it */
	RIG_TOLD("set 203.0.114.0/24 p2\n"
		 "add 203.0.114.0/24 dev wg1\n");
	PINS("192.0.2.2 via 198.51.100.254 dev u0 by /0 wanted placed peers 1\n"
		 "203.0.113.1 via 198.51.100.254 dev u0 by /0 wanted placed peers 1\n");
}

/* A route of the underlay that is longer keeps it outside by itself. */
static void test_underlay(void **state)
{
	rig_kernel(true, "203.0.113.0/24", RTPROT_STATIC, 5, RIG_U1, "198.51.100.9");
	RIG_TOLD("redist +kernel 203.0.113.0/24 metric 5\n");
	PINS("192.0.2.2 via 198.51.100.254 dev u0 by /0 peers 1\n"
		 "203.0.113.1 via 198.51.100.9 dev u by /24 peers 1\n");
	rig_bgp("203.0.0.0/16", "10.9.1.2");
	RIG_TOLD("set 203.0.0.0/16 p2\n"
		 "add 203.0.0.0/16 dev wg1\n");
	PINS("192.0.2.2 via 198.51.100.254 dev u0 by /0 peers 1\n"
		 "203.0.113.1 via 198.51.100.9 dev u by /24 peers 1\n");
	rig_bgp("203.0.113.0/25", "10.9.1.2");
	RIG_TOLD("add 203.0.113.1/32 via 198.51.100.9 dev u\n"
		 "set 203.0.113.0/25 p2\n"
		 "add 203.0.113.0/25 dev wg1\n");
	PINS("192.0.2.2 via 198.51.100.254 dev u0 by /0 peers 1\n"
		 "203.0.113.1 via 198.51.100.9 dev u by /24 wanted placed peers 1\n");
	/* Another way of it: by the one with the lower metric. */
	rig_kernel(true, "203.0.113.0/24", RTPROT_STATIC, 4, RIG_U0, NULL);
	RIG_TOLD("redist +kernel 203.0.113.0/24 metric 4\n"
		 "change 203.0.113.1/32 dev u0\n");
	PINS("192.0.2.2 via 198.51.100.254 dev u0 by /0 peers 1\n"
		 "203.0.113.1 dev u0 by /24 wanted placed peers 1\n");
	rig_kernel(true, "203.0.113.0/24", RTPROT_STATIC, 6, RIG_WG3, NULL);
	RIG_TOLD("");
	rig_kernel(false, "203.0.113.0/24", RTPROT_STATIC, 4, RIG_U0, NULL);
	RIG_TOLD("redist +kernel 203.0.113.0/24 metric 5\n"
		 "change 203.0.113.1/32 via 198.51.100.9 dev u\n");
	PINS("192.0.2.2 via 198.51.100.254 dev u0 by /0 peers 1\n"
		 "203.0.113.1 via 198.51.100.9 dev u by /24 wanted placed peers 1\n");
	rig_kernel(false, "203.0.113.0/24", RTPROT_STATIC, 5, RIG_U1, "198.51.100.9");
	RIG_TOLD("redist +kernel 203.0.113.0/24 metric 6\n"
		 "change 203.0.113.1/32 via 198.51.100.254 dev u0\n");
	PINS("192.0.2.2 via 198.51.100.254 dev u0 by /0 peers 1\n"
		 "203.0.113.1 via 198.51.100.254 dev u0 by /0 wanted placed peers 1\n");
	rig_kernel(false, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U0, "198.51.100.254");
	RIG_TOLD("redist -kernel 0.0.0.0/0 metric 0\n"
		 "refused 203.0.113.0/25 by all covers-endpoint\n"
		 "refused 203.0.0.0/16 by all covers-endpoint\n"
		 "del 203.0.0.0/16 dev wg1\n"
		 "del 203.0.113.0/25 dev wg1\n"
		 "del 203.0.113.1/32 via 198.51.100.254 dev u0\n"
		 "unset 203.0.113.0/25 p2\n"
		 "unset 203.0.0.0/16 p2\n");
	PINS("192.0.2.2 dev - by /0 peers 1\n"
		 "203.0.113.1 dev - by /0 wanted peers 1\n");
	rig_kernel(true, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U0, "198.51.100.253");
	RIG_TOLD("redist +kernel 0.0.0.0/0 metric 100\n"
		 "cleared 203.0.113.0/25 by all covers-endpoint\n"
		 "cleared 203.0.0.0/16 by all covers-endpoint\n"
		 "add 203.0.113.1/32 via 198.51.100.253 dev u0\n"
		 "set 203.0.113.0/25 p2\n"
		 "set 203.0.0.0/16 p2\n"
		 "add 203.0.113.0/25 dev wg1\n"
		 "add 203.0.0.0/16 dev wg1\n");
	PINS("192.0.2.2 via 198.51.100.253 dev u0 by /0 peers 1\n"
		 "203.0.113.1 via 198.51.100.253 dev u0 by /0 wanted placed peers 1\n");
	rig_link_down[RIG_U0] = true;
	rib_others_changed(rib_find(&(struct prefix){.family = AF_INET}));
	RIG_TOLD("redist -kernel 0.0.0.0/0 metric 0\n"
		 "refused 203.0.113.0/25 by all covers-endpoint\n"
		 "refused 203.0.0.0/16 by all covers-endpoint\n"
		 "del 203.0.0.0/16 dev wg1\n"
		 "del 203.0.113.0/25 dev wg1\n"
		 "del 203.0.113.1/32 via 198.51.100.253 dev u0\n"
		 "unset 203.0.113.0/25 p2\n"
		 "unset 203.0.0.0/16 p2\n");
	PINS("192.0.2.2 dev - by /0 peers 1\n"
		 "203.0.113.1 dev - by /0 wanted peers 1\n");
}

/* What is no underlay: tunnels, blackholes, our own host routes. By learned and static ones. */
static void test_by_routes(void **state)
{
	rig_bgp("203.0.112.0/20", "198.51.100.7");
	RIG_TOLD("add 203.0.112.0/20 via 198.51.100.7 dev u0\n");
	PINS("192.0.2.2 via 198.51.100.254 dev u0 by /0 peers 1\n"
		 "203.0.113.1 via 198.51.100.7 dev u0 by /20 peers 1\n");
	rig_bgp("203.0.113.0/24", "10.9.1.2");
	RIG_TOLD("add 203.0.113.1/32 via 198.51.100.7 dev u0\n"
		 "set 203.0.113.0/24 p2\n"
		 "add 203.0.113.0/24 dev wg1\n");
	PINS("192.0.2.2 via 198.51.100.254 dev u0 by /0 peers 1\n"
		 "203.0.113.1 via 198.51.100.7 dev u0 by /20 wanted placed peers 1\n");
	rig_configure("{" RIG_PERMIT ", 'bgp': {'neighbor': [{'address': '198.51.100.7'}]}, 'rib': "
		      "{'static': [{'prefix': '192.0.2.0/24', 'next-hop': '198.51.100.8'}, {'prefix': "
		      "'192.0.2.0/25', 'blackhole': true}]}}");
	RIG_TOLD("redist +static 192.0.2.0/24 metric 0\n"
		 "redist +static 192.0.2.0/25 metric 0\n"
		 "add 192.0.2.0/25 blackhole\n"
		 "add 192.0.2.0/24 via 198.51.100.8 dev u0\n");
	PINS("192.0.2.2 via 198.51.100.8 dev u0 by /24 peers 1\n"
		 "203.0.113.1 via 198.51.100.7 dev u0 by /20 wanted placed peers 1\n");
	rig_bgp("192.0.2.0/26", "10.9.0.1");
	RIG_TOLD("add 192.0.2.2/32 via 198.51.100.8 dev u0\n"
		 "set 192.0.2.0/26 p1\n"
		 "add 192.0.2.0/26 dev wg0\n");
	PINS("192.0.2.2 via 198.51.100.8 dev u0 by /24 wanted placed peers 1\n"
		 "203.0.113.1 via 198.51.100.7 dev u0 by /20 wanted placed peers 1\n");
	/* What is routed into a tunnel so is private: the endpoint has to be written. */
	rig_configure(
		"{'wireguard': {'interface': [{'name': 'wg9', 'peer': [{'name': 'x', 'endpoint': "
		"['192.0.2.2:1']}]}, " RIG_PERMIT_ON("wg0") ", " RIG_PERMIT_ON("wg1") "]}, 'bgp': "
		"{'neighbor': [{'address': '198.51.100.7'}]}, 'rib': {'static': [{'prefix': "
		"'192.0.2.0/26', 'next-hop': '10.9.0.1'}]}}");
	RIG_TOLD("redist -static 192.0.2.0/24 metric 0\n"
		 "redist -static 192.0.2.0/25 metric 0\n"
		 "redist +static 192.0.2.0/26 metric 0\n"
		 "refused 192.0.2.0/26 by all lost-to-protocol\n"
		 "change 192.0.2.2/32 via 198.51.100.254 dev u0\n"
		 "del 192.0.2.0/24 via 198.51.100.8 dev u0\n"
		 "del 192.0.2.0/25 blackhole\n");
	PINS("192.0.2.2 via 198.51.100.254 dev u0 by /0 wanted placed peers 1\n"
		 "203.0.113.1 via 198.51.100.7 dev u0 by /20 wanted placed peers 1\n");
	rig_bgp("192.0.2.0/26", "");
	RIG_TOLD("");
	PINS("192.0.2.2 via 198.51.100.254 dev u0 by /0 wanted placed peers 1\n"
		 "203.0.113.1 via 198.51.100.7 dev u0 by /20 wanted placed peers 1\n");
}

/* Endpoints roam, are shared, and go. */
static void test_endpoints(void **state)
{
	rig_bgp("203.0.0.0/16", "10.9.1.2");
	rig_told();
	rig_peer(3, RIG_WG2, "10.9.2.3", "203.0.113.1:51821", TUNNEL_UP);
	rig_told();
	PINS("192.0.2.2 via 198.51.100.254 dev u0 by /0 peers 1\n"
		 "203.0.113.1 via 198.51.100.254 dev u0 by /0 wanted placed peers 2\n");
	rig_peer(1, RIG_WG0, "10.9.0.1", "203.0.113.9:51820", TUNNEL_UP);
	RIG_TOLD("add 203.0.113.9/32 via 198.51.100.254 dev u0\n");
	PINS("192.0.2.2 via 198.51.100.254 dev u0 by /0 peers 1\n"
		 "203.0.113.1 via 198.51.100.254 dev u0 by /0 wanted placed peers 1\n"
		 "203.0.113.9 via 198.51.100.254 dev u0 by /0 wanted placed peers 1\n");
	rig_peer(3, RIG_WG2, "10.9.2.3", "203.0.113.1:9", TUNNEL_UP); /* only the port */
	RIG_TOLD("");
	rig_peer(3, RIG_WG2, "10.9.2.3", NULL, TUNNEL_UP);
	RIG_TOLD("del 203.0.113.1/32 via 198.51.100.254 dev u0\n");
	PINS("192.0.2.2 via 198.51.100.254 dev u0 by /0 peers 1\n"
		 "203.0.113.9 via 198.51.100.254 dev u0 by /0 wanted placed peers 1\n");
	tunnel_peer_gone(1);
	RIG_TOLD("del 203.0.113.9/32 via 198.51.100.254 dev u0\n"
		 "del 10.9.0.1/32 dev wg0\n");
	PINS("192.0.2.2 via 198.51.100.254 dev u0 by /0 peers 1\n");
	rig_peer(3, RIG_WG2, "10.9.2.3", "[fe80::1]:51820", TUNNEL_UP); /* on the link */
	RIG_TOLD("");
	PINS("192.0.2.2 via 198.51.100.254 dev u0 by /0 peers 1\n");
	rig_peer(3, RIG_WG2, "10.9.2.3", "[2001:db8::1]:51820", TUNNEL_UP);
	rig_bgp("2001:db8::/32", "10.9.1.2");
	RIG_TOLD("refused 2001:db8::/32 by all covers-endpoint\n");
	PINS("192.0.2.2 via 198.51.100.254 dev u0 by /0 peers 1\n"
		 "2001:db8::1 dev - by /0 wanted peers 1\n");
	rig_kernel(true, "::/0", RTPROT_RA, 1024, RIG_U0, "fe80::1");
	RIG_TOLD("redist +kernel ::/0 metric 1024\n"
		 "cleared 2001:db8::/32 by all covers-endpoint\n"
		 "add 2001:db8::1/128 via fe80::1 dev u0\n"
		 "set 2001:db8::/32 p2\n"
		 "add 2001:db8::/32 dev wg1\n");
	PINS("192.0.2.2 via 198.51.100.254 dev u0 by /0 peers 1\n"
		 "2001:db8::1 via fe80::1 dev u0 by /0 wanted placed peers 1\n");
}

#define PIN_2 "192.0.2.2 via 198.51.100.254 dev u0 by /0 peers 1\n"

/* A configured peer whose interface is made anew sends before anybody hears of it: its endpoint is
 * pinned all the time. */
static void test_interface_anew(void **state)
{
	rig_configure("{" RIG_PERMIT "}");
	rig_bgp("203.0.0.0/16", "10.9.1.2");
	rig_told();
	tunnel_if_gone(RIG_WG0);
	RIG_TOLD("del 10.9.0.1/32 dev wg0\n");
	PINS(PIN_2 "203.0.113.1 via 198.51.100.254 dev u0 by /0 wanted placed peers 1\n");
	rig_kernel(true, "0.0.0.0/0", RTPROT_DHCP, 90, RIG_U0, "198.51.100.253");
	rig_kernel(false, "0.0.0.0/0", RTPROT_DHCP, 90, RIG_U0, "198.51.100.253");
	rig_told();
	rig_if(RIG_WG0, true);
	rig_peer(1, RIG_WG0, "10.9.0.1", "203.0.113.1:51820", TUNNEL_NEVER);
	RIG_TOLD("add 10.9.0.1/32 dev wg0\n");
	PINS(PIN_2 "203.0.113.1 via 198.51.100.254 dev u0 by /0 wanted placed peers 1\n");
	/* It is somewhere else by then, or nowhere. */
	tunnel_if_gone(RIG_WG0);
	rig_told();
	rig_if(RIG_WG0, true);
	rig_peer(1, RIG_WG0, "10.9.0.1", "203.0.113.9:51820", TUNNEL_NEVER);
	rig_told();
	PINS(PIN_2 "203.0.113.9 via 198.51.100.254 dev u0 by /0 wanted placed peers 1\n");
	tunnel_if_gone(RIG_WG0);
	rig_if(RIG_WG0, true);
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_NEVER);
	rig_told();
	PINS(PIN_2);
	/* A new wgd cannot use the interface. */
	rig_peer(1, RIG_WG0, "10.9.0.1", "203.0.113.1:51820", TUNNEL_UP);
	fib_wgd_away();
	tunnel_begin();
	rig_if(RIG_WG1, true);
	rig_peer(2, RIG_WG1, "10.9.1.2", "192.0.2.2:51820", TUNNEL_UP);
	tunnel_synced();
	fib_wgd_synced();
	rig_told();
	PINS(PIN_2 "203.0.113.1 via 198.51.100.254 dev u0 by /0 wanted placed peers 1\n");
	rig_configure("{'wireguard': {'interface': [" RIG_PERMIT_ON("wg1") "]}}");
	RIG_TOLD("del 203.0.113.1/32 via 198.51.100.254 dev u0\n");
	PINS(PIN_2);
}

/* The kernel refuses the pin: what it is for waits for it, and comes with it. */
static void test_refused(void **state)
{
	rig_route_error = -ENOMEM;
	rig_bgp("203.0.0.0/16", "10.9.1.2");
	RIG_TOLD("add 203.0.113.1/32 via 198.51.100.254 dev u0\n"
		 "refused 203.0.113.1/32 by all kernel-error\n"
		 "refused 203.0.0.0/16 by all covers-endpoint\n");
	rig_route_error = 0;
	rig_pass(1100);
	RIG_TOLD("cleared 203.0.113.1/32 by all kernel-error\n"
		 "cleared 203.0.0.0/16 by all covers-endpoint\n"
		 "add 203.0.113.1/32 via 198.51.100.254 dev u0\n"
		 "set 203.0.0.0/16 p2\n"
		 "add 203.0.0.0/16 dev wg1\n");
	PINS("192.0.2.2 via 198.51.100.254 dev u0 by /0 peers 1\n"
		 "203.0.113.1 via 198.51.100.254 dev u0 by /0 wanted placed peers 1\n");
}

/* Through what a next hop's own route names; not by a link that is down, by the least metric. */
static void test_by_gateways(void **state)
{
	rig_kernel(true, "172.16.0.0/24", RTPROT_STATIC, 5, RIG_U1, "198.51.100.9");
	rig_configure("{" RIG_PERMIT ", 'bgp': {'neighbor': [{'address': '172.16.0.7'}]}, 'rib': "
		      "{'static': [{'prefix': '192.0.2.0/24', 'next-hop': '172.16.0.7'}]}}");
	rig_bgp("203.0.113.0/24", "172.16.0.7");
	RIG_TOLD("redist +kernel 172.16.0.0/24 metric 5\n"
		 "redist +static 192.0.2.0/24 metric 0\n"
		 "add 192.0.2.0/24 via 198.51.100.9 dev u\n"
		 "add 203.0.113.0/24 via 198.51.100.9 dev u\n");
	PINS("192.0.2.2 via 198.51.100.9 dev u by /24 peers 1\n"
		 "203.0.113.1 via 198.51.100.9 dev u by /24 peers 1\n");
	rig_bgp("203.0.113.0/28", "10.9.1.2");
	rig_bgp("192.0.2.0/28", "10.9.0.1");
	RIG_TOLD("add 203.0.113.1/32 via 198.51.100.9 dev u\n"
		 "add 192.0.2.2/32 via 198.51.100.9 dev u\n"
		 "set 203.0.113.0/28 p2\n"
		 "set 192.0.2.0/28 p1\n"
		 "add 203.0.113.0/28 dev wg1\n"
		 "add 192.0.2.0/28 dev wg0\n");
	PINS("192.0.2.2 via 198.51.100.9 dev u by /24 wanted placed peers 1\n"
		 "203.0.113.1 via 198.51.100.9 dev u by /24 wanted placed peers 1\n");
	rig_kernel(true, "203.0.113.0/25", RTPROT_STATIC, 9, RIG_U1, "198.51.100.5");
	rig_kernel(true, "203.0.113.0/25", RTPROT_STATIC, 8, RIG_U0, "198.51.100.6");
	rig_kernel(true, "203.0.113.0/25", RTPROT_STATIC, 7, RIG_WG2, NULL);
	RIG_TOLD("redist +kernel 203.0.113.0/25 metric 9\n"
		 "redist +kernel 203.0.113.0/25 metric 8\n"
		 "redist +kernel 203.0.113.0/25 metric 7\n"
		 "change 203.0.113.1/32 via 198.51.100.6 dev u0\n");
	PINS("192.0.2.2 via 198.51.100.9 dev u by /24 wanted placed peers 1\n"
		 "203.0.113.1 via 198.51.100.6 dev u0 by /25 wanted placed peers 1\n");
	rig_link_down[RIG_U0] = true;
	rib_kernel_link_changed(RIG_U0);
	nexthop_link_changed(RIG_U0);
	RIG_TOLD("redist -connected 198.51.100.0/24 metric 0\n"
		 "redist -kernel 0.0.0.0/0 metric 0\n"
		 "change 203.0.113.1/32 via 198.51.100.5 dev u\n");
	PINS("192.0.2.2 via 198.51.100.9 dev u by /24 wanted placed peers 1\n"
		 "203.0.113.1 via 198.51.100.5 dev u by /25 wanted placed peers 1\n");
	rig_link_down[RIG_U0] = false;
	rib_kernel_link_changed(RIG_U0);
	nexthop_link_changed(RIG_U0);
	RIG_TOLD("redist +connected 198.51.100.0/24 metric 0\n"
		 "redist +kernel 0.0.0.0/0 metric 100\n"
		 "change 203.0.113.1/32 via 198.51.100.6 dev u0\n");
	PINS("192.0.2.2 via 198.51.100.9 dev u by /24 wanted placed peers 1\n"
		 "203.0.113.1 via 198.51.100.6 dev u0 by /25 wanted placed peers 1\n");
}

/* The underlay is learned from a neighbour at its link-local address, as the kernel has it. */
static void test_by_link_local(void **state)
{
	rig_peer(3, RIG_WG2, "10.9.2.3", "[2001:db8::1]:51820", TUNNEL_UP);
	rig_told();
	rig_bgp("2001:db8::/32", "fe80::7%u");
	rig_bgp("2001:db8::/48", "10.9.1.2");
	RIG_TOLD("add 2001:db8::1/128 via fe80::7 dev u\n"
		 "add 2001:db8::/32 via fe80::7 dev u\n"
		 "set 2001:db8::/48 p2\n"
		 "add 2001:db8::/48 dev wg1\n");
}

#define BOTH "via 198.51.100.254 dev u0 via 203.0.114.9 dev u"

/* The pin goes by all ways of the underlay's route that can be used; one that is left is enough. */
static void test_multipath(void **state)
{
	rig_kernel(false, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U0, "198.51.100.254");
	rig_multipath(true, "0.0.0.0/0", RTPROT_STATIC, 9, "198.51.100.254", "203.0.114.9");
	rig_told();
	PINS("192.0.2.2 " BOTH " by /0 peers 1\n"
	     "203.0.113.1 " BOTH " by /0 peers 1\n");
	rig_bgp("203.0.112.0/23", "10.9.1.2");
	RIG_TOLD("add 203.0.113.1/32 " BOTH "\n"
		 "set 203.0.112.0/23 p2\n"
		 "add 203.0.112.0/23 dev wg1\n");
	rig_link_down[RIG_U0] = true;
	rib_kernel_link_changed(RIG_U0);
	RIG_TOLD("redist -connected 198.51.100.0/24 metric 0\n"
		 "change 203.0.113.1/32 via 203.0.114.9 dev u\n");
	rig_link_down[RIG_U1] = true;
	rib_kernel_link_changed(RIG_U1);
	RIG_TOLD("redist -kernel 0.0.0.0/0 metric 0\n"
		 "refused 203.0.112.0/23 by all covers-endpoint\n"
		 "del 203.0.112.0/23 dev wg1\n"
		 "del 203.0.113.1/32 via 203.0.114.9 dev u\n"
		 "unset 203.0.112.0/23 p2\n");
	PINS("192.0.2.2 dev - by /0 peers 1\n"
	     "203.0.113.1 dev - by /0 wanted peers 1\n");
	rig_link_down[RIG_U0] = rig_link_down[RIG_U1] = false;
	rib_kernel_link_changed(RIG_U0);
	rib_kernel_link_changed(RIG_U1);
	RIG_TOLD("redist +connected 198.51.100.0/24 metric 0\n"
		 "redist +kernel 0.0.0.0/0 metric 9\n"
		 "cleared 203.0.112.0/23 by all covers-endpoint\n"
		 "add 203.0.113.1/32 " BOTH "\n"
		 "set 203.0.112.0/23 p2\n"
		 "add 203.0.112.0/23 dev wg1\n");
	/* Of IPv6 the whole is told when a way comes, and the way alone when it goes. */
	rig_peer(3, RIG_WG2, "10.9.2.3", "[2001:db8::1]:51820", TUNNEL_UP);
	rig_told();
	rig_kernel(true, "::/0", RTPROT_RA, 1024, RIG_U0, "fe80::1");
	rig_multipath(true, "::/0", RTPROT_RA, 1024, "fe80::1", "fe80::2");
	rig_bgp("2001:db8::/32", "10.9.1.2");
	RIG_TOLD("redist +kernel ::/0 metric 1024\n"
		 "add 2001:db8::1/128 via fe80::1 dev u0 via fe80::2 dev u\n"
		 "set 2001:db8::/32 p2\n"
		 "add 2001:db8::/32 dev wg1\n");
	rig_kernel(false, "::/0", RTPROT_RA, 1024, RIG_U1, "fe80::2");
	RIG_TOLD("resync: a way of a multipath route went\n");
}

/* A tunnel is down while all links are up: one way after the other is tried, and the one that works
 * is kept until the underlay changes. */
static void test_dark_way(void **state)
{
	rig_kernel(false, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U0, "198.51.100.254");
	rig_multipath(true, "0.0.0.0/0", RTPROT_STATIC, 9, "198.51.100.254", "203.0.114.9");
	rig_told();
	rig_peer(1, RIG_WG0, "10.9.0.1", "203.0.113.1:51820", TUNNEL_DOWN);
	rig_pass(100);
	RIG_TOLD("add 203.0.113.1/32 via 198.51.100.254 dev u0\n");
	rig_pass(5000);
	RIG_TOLD("");
	rig_pass(1500);
	RIG_TOLD("change 203.0.113.1/32 via 203.0.114.9 dev u\n");
	rig_pass(6500);
	RIG_TOLD("change 203.0.113.1/32 via 198.51.100.254 dev u0\n");
	rig_pass(10000);
	RIG_TOLD(""); /* the second round takes longer */
	rig_pass(2500);
	RIG_TOLD("change 203.0.113.1/32 via 203.0.114.9 dev u\n");
	rig_peer(1, RIG_WG0, "10.9.0.1", "203.0.113.1:51820", TUNNEL_UP);
	rig_pass(100000);
	RIG_TOLD("");
	rig_bgp("203.0.112.0/23", "10.9.1.2");
	RIG_TOLD("set 203.0.112.0/23 p2\n"
		 "add 203.0.112.0/23 dev wg1\n");
	rig_link_down[RIG_U1] = true;
	rib_kernel_link_changed(RIG_U1);
	RIG_TOLD("change 203.0.113.1/32 via 198.51.100.254 dev u0\n");
	rig_link_down[RIG_U1] = false;
	rib_kernel_link_changed(RIG_U1);
	RIG_TOLD("change 203.0.113.1/32 " BOTH "\n");
}

/* It was down before the underlay had several ways, and wgd has no more to say about it. */
static void test_down_before(void **state)
{
	rig_peer(1, RIG_WG0, "10.9.0.1", "203.0.113.1:51820", TUNNEL_DOWN);
	rig_pass(20000);
	rig_kernel(false, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U0, "198.51.100.254");
	rig_told();
	rig_multipath(true, "0.0.0.0/0", RTPROT_STATIC, 9, "198.51.100.254", "203.0.114.9");
	rig_pass(100);
	RIG_TOLD("redist +kernel 0.0.0.0/0 metric 9\n"
		 "add 203.0.113.1/32 via 198.51.100.254 dev u0\n");
	rig_pass(6500);
	RIG_TOLD("change 203.0.113.1/32 via 203.0.114.9 dev u\n");
}

/* What is dead behind an endpoint that others reach by the same way is not the way's fault. */
static void test_dead_beside_others(void **state)
{
	static const enum tunnel_state alive[] = {TUNNEL_UP, TUNNEL_IDLE, TUNNEL_DEGRADED};

	rig_kernel(false, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U0, "198.51.100.254");
	rig_multipath(true, "0.0.0.0/0", RTPROT_STATIC, 9, "198.51.100.254", "203.0.114.9");
	rig_peer(3, RIG_WG2, "10.9.2.3", "203.0.113.1:51821", TUNNEL_UP);
	rig_told();
	rig_peer(3, RIG_WG2, "10.9.2.3", "203.0.113.1:51821", TUNNEL_DOWN);
	for (unsigned i = 0; i < ARRAY_SIZE(alive); i++) {
		rig_peer(1, RIG_WG0, "10.9.0.1", "203.0.113.1:51820", alive[i]);
		rig_pass(20000);
		RIG_TOLD("");
	}
	rig_peer(1, RIG_WG0, "10.9.0.1", "203.0.113.1:51820", TUNNEL_DOWN);
	rig_pass(100);
	RIG_TOLD("add 203.0.113.1/32 via 198.51.100.254 dev u0\n");
	rig_pass(6500);
	RIG_TOLD("change 203.0.113.1/32 via 203.0.114.9 dev u\n");
	rig_peer(1, RIG_WG0, "10.9.0.1", "203.0.113.1:51820", TUNNEL_UP);
	rig_pass(100000);
	RIG_TOLD("");
	/* The one that lives has another endpoint now: the dead one is alone. */
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_pass(1000);
	RIG_TOLD("change 203.0.113.1/32 via 198.51.100.254 dev u0\n");
	rig_peer(1, RIG_WG0, "10.9.0.1", "203.0.113.1:51820", TUNNEL_UP);
	rig_pass(20000);
	RIG_TOLD("");
	/* Nobody has heard of this one yet: it says nothing. */
	rig_peer(1, RIG_WG0, "10.9.0.1", "203.0.113.1:51820", TUNNEL_NEVER);
	rig_pass(1000);
	RIG_TOLD("change 203.0.113.1/32 via 203.0.114.9 dev u\n");
}

/* The far end of tunnel 1 answers again, and has yet to go on with it. */
static void answers(void)
{
	struct msg_tunnel_peer m = {.id = 1,
				    .ifindex = RIG_WG0,
				    .state = TUNNEL_DOWN,
				    .reason = REASON_UP_HOLD,
				    .n_addrs = 1,
				    .addrs = xcalloc(1, sizeof(*m.addrs))};

	m.addrs[0] = rig_addr("10.9.0.1");
	assert_int_equal(endpoint_parse("203.0.113.1:51820", &m.endpoint), 0);
	str_copy(m.name, rig_peer_name(1), sizeof(m.name));
	tunnel_peer_told(&m);
	msg_free_tunnel_peer(&m);
}

/* A way by which answers come is kept, however long the tunnel is held down. */
static void test_held_down(void **state)
{
	rig_kernel(false, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U0, "198.51.100.254");
	rig_multipath(true, "0.0.0.0/0", RTPROT_STATIC, 9, "198.51.100.254", "203.0.114.9");
	rig_told();
	rig_peer(1, RIG_WG0, "10.9.0.1", "203.0.113.1:51820", TUNNEL_DOWN);
	rig_pass(100);
	RIG_TOLD("add 203.0.113.1/32 via 198.51.100.254 dev u0\n");
	answers();
	rig_pass(60000);
	RIG_TOLD("");
	rig_peer(1, RIG_WG0, "10.9.0.1", "203.0.113.1:51820", TUNNEL_DOWN); /* and ceased to */
	rig_pass(1000);
	RIG_TOLD("change 203.0.113.1/32 via 203.0.114.9 dev u\n");
	/* Others with the endpoint may have to wait for what is dead on their own. */
	rig_peer(3, RIG_WG2, "10.9.2.3", "203.0.113.1:51821", TUNNEL_DOWN);
	answers();
	rig_told();
	rig_pass(60000);
	RIG_TOLD("");
}

/* --- whether to believe where an endpoint is --- */

struct belief {
	const char *peer, *others, *endpoint, *learned; /* of p1, of p2, of p1, by p2 */
	const char *pin; /* "installed", "refused", "-": needs none */
};

static const char *how_pinned(const char *endpoint)
{
	struct endpoint at;
	struct prefix host;
	struct pin *pin = pin_first();
	const struct rib_node *n;

	assert_int_equal(endpoint_parse(endpoint, &at), 0);
	while (pin && !addr_eq(&pin->addr, &at.addr))
		pin = pin_next(pin);
	assert_non_null(pin);
	host = prefix_of_addr(&at.addr);
	n = rib_find(&host);
	if (n && rib_installed(n) && rib_installed(n)->type)
		return pin->refused ? "both" : "installed";
	return pin->refused ? "refused" : "-";
}

/* What is learned is not kept out by one that was found, and its pin is as it is said. */
static void believe(const struct belief *b)
{
	char *config = xasprintf(
		"{'rib': {'distance': {'kernel': 250}, 'plane': []}, 'plane': [{'name': 'blue', "
		"'number': 1, 'table': 101}], 'wireguard': {'interface': [{'name': 'wg0', 'peer': "
		"[{'name': 'p1', %s}]}, {'name': 'wg1', 'address': ['10.9.1.1/24', "
		"'fd99:1::1/64'], 'peer': [{'name': 'p2', 'tunnel-address': ['10.9.1.2'], %s}]}, "
		"{'name': 'wg2', 'plane': 'blue', 'peer': [{'name': 'p3', 'permit': "
		"['172.16.0.0/12']}]}]}}",
		b->peer, b->others);
	struct prefix learned = rig_prefix(b->learned);

	rig_configure(config);
	free(config);
	rig_kernel(true, "192.168.8.0/24", RTPROT_KERNEL, 0, RIG_U1, NULL);
	rig_kernel(true, "::/0", RTPROT_STATIC, 1024, RIG_U0, "fe80::1");
	rig_peer(1, RIG_WG0, "10.9.0.1", b->endpoint, TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	rig_bgp(b->learned, "10.9.1.2");
	rig_told();
	if (!str_eq(how_pinned(b->endpoint), b->pin) || !rib_find(&learned) ||
	    !rib_installed(rib_find(&learned)))
		fail_msg("%s, %s, %s, %s: %s instead of %s", b->peer, b->others, b->endpoint,
			 b->learned, how_pinned(b->endpoint), b->pin);
}

static void test_belief(void **state)
{
#define NUMBER(n) "'endpoint': ['hub.example:1', '" n ":1']"
#define NAME "'endpoint': ['hub.example:1']"
#define ROAMS "'persistent-keepalive': 25"
#define VOUCHED "'endpoint-inside-permit': true"
#define MAY(p) "'permit': [" p "]"
#define LAN MAY("'192.168.0.0/16', 'fd00::/16'")
#define ALL "'0.0.0.0/0', '::/0'"
	static const struct belief rows[] = {
		/* inside a permit */
		{NUMBER("192.168.2.9"), LAN, "192.168.2.9:1", "192.168.2.0/24", "installed"},
		{NUMBER("192.168.2.9"), LAN, "192.168.2.10:1", "192.168.2.0/24", "refused"},
		{NUMBER("[fd00:2::9]"), LAN, "[fd00:2::9]:1", "fd00:2::/32", "installed"},
		{NAME, LAN, "[fd00:2::9]:1", "fd00:2::/32", "refused"},
		{NAME, LAN, "192.168.2.10:1", "192.168.2.0/24", "refused"},
		{ROAMS, LAN, "192.168.2.10:1", "192.168.2.0/24", "refused"},
		{NAME ", " VOUCHED, LAN, "192.168.2.10:1", "192.168.2.0/24", "installed"},
		{ROAMS ", " VOUCHED, LAN, "192.168.2.10:1", "192.168.2.0/24", "installed"},
		/* its own permit, a public one, nothing learned of it, AllowedIPs, keep-in off */
		{NAME ", " LAN, MAY(ALL), "192.168.2.10:1", "192.168.2.0/24", "refused"},
		{NAME, MAY("'203.0.113.0/24'"), "203.0.113.7:1", "203.0.113.0/24", "refused"},
		{NAME, MAY(ALL ", '192.168.0.0/16'"), "192.168.2.10:1", "0.0.0.0/0", "refused"},
		{NAME, MAY(ALL) ", 'allowed-ips': ['203.0.113.0/24']", "203.0.113.7:1", "0.0.0.0/0",
		 "refused"},
		{NAME, LAN ", 'keep-in': 'off'", "192.168.2.10:1", "192.168.2.0/24", "refused"},
		/* outside */
		{NAME, LAN, "203.0.113.7:1", "192.168.2.0/24", "-"},
		{NAME, MAY(ALL ", '192.168.0.0/16'"), "203.0.113.7:1", "0.0.0.0/0", "installed"},
		/* a default route and its halves do not say whose packets these are */
		{NAME, MAY(ALL), "203.0.113.7:1", "0.0.0.0/0", "installed"},
		{NAME, MAY(ALL), "192.168.2.10:1", "0.0.0.0/0", "installed"},
		{NAME, MAY(ALL), "192.168.2.10:1", "128.0.0.0/1", "installed"},
		{ROAMS, MAY("'0.0.0.0/1', '128.0.0.0/1'"), "10.7.7.7:1", "0.0.0.0/1", "installed"},
		{NAME, MAY(ALL), "[2001:db8::7]:1", "::/0", "installed"},
		/* nor does what a neighbor says: it could end tunnels that are at work */
		{NAME, MAY(ALL), "192.168.2.10:1", "192.168.2.0/24", "installed"},
		{ROAMS, MAY(ALL), "10.1.1.1:1", "10.0.0.0/8", "installed"},
		{NAME, MAY(ALL), "203.0.113.7:1", "203.0.113.0/24", "installed"},
		{NAME, MAY(ALL), "[fd00:2::9]:1", "fd00:2::/32", "installed"},
		/* the network of a tunnel */
		{ROAMS, MAY(ALL), "10.9.1.77:1", "0.0.0.0/0", "refused"},
		/* a longer route of the underlay decides before */
		{NAME, LAN, "192.168.8.10:1", "192.168.0.0/16", "-"},
		{NAME, LAN, "192.168.8.10:1", "192.168.8.0/25", "installed"},
		{NAME, MAY("'192.168.8.0/24'"), "192.168.8.10:1", "192.168.8.0/25", "refused"},
		/* the permit of another plane says nothing of this one */
		{NAME, MAY(ALL), "172.16.2.10:1", "0.0.0.0/0", "installed"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		rig_end(state);
		rig_begin();
		believe(&rows[i]);
	}
}

/* Of several with one endpoint who is vouched for has it; when that one goes so does the host
 * route.
 */
static void test_belief_changes(void **state)
{
#define TWO_PEERS(one, two)                                                       \
	"{'wireguard': {'interface': [{'name': 'wg0', 'peer': [{'name': 'p1'" one \
	"}]}, {'name': 'wg1', 'peer': [{'name': 'p2', 'permit': ['192.168.0.0/16']" two "}]}]}}"
	rig_configure(TWO_PEERS("", ""));
	rig_peer(1, RIG_WG0, "10.9.0.1", "192.168.2.10:1", TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", "192.168.2.10:2", TUNNEL_UP);
	rig_bgp("192.168.2.0/24", "10.9.1.2");
	RIG_TOLD("set 192.168.2.0/24 p2\n"
		 "add 192.168.2.0/24 dev wg1\n");
	rig_configure(TWO_PEERS(", " VOUCHED, ""));
	RIG_TOLD("add 192.168.2.10/32 via 198.51.100.254 dev u0\n");
	rig_configure(TWO_PEERS(", " VOUCHED, ", " VOUCHED));
	rig_configure(TWO_PEERS("", ", " VOUCHED));
	RIG_TOLD("");
	rig_peer(2, RIG_WG1, "10.9.1.2", "203.0.113.2:2", TUNNEL_UP);
	RIG_TOLD("del 192.168.2.10/32 via 198.51.100.254 dev u0\n");
	rig_peer(2, RIG_WG1, "10.9.1.2", "192.168.2.10:2", TUNNEL_UP);
	RIG_TOLD("add 192.168.2.10/32 via 198.51.100.254 dev u0\n");
	rig_configure(TWO_PEERS(", 'endpoint': ['192.168.2.10:3']", ""));
	RIG_TOLD("");
	/* Without an underlay one that is written keeps the route out, one that was found does not.
	 */
	rig_kernel(false, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U0, "198.51.100.254");
	RIG_TOLD("redist -kernel 0.0.0.0/0 metric 0\n"
		 "refused 192.168.2.0/24 by all covers-endpoint\n"
		 "del 192.168.2.0/24 dev wg1\n"
		 "del 192.168.2.10/32 via 198.51.100.254 dev u0\n"
		 "unset 192.168.2.0/24 p2\n");
	rig_configure(TWO_PEERS("", ""));
	RIG_TOLD("cleared 192.168.2.0/24 by all covers-endpoint\n"
		 "set 192.168.2.0/24 p2\n"
		 "add 192.168.2.0/24 dev wg1\n");
}

int main(void)
{
#define T(f) RIG_CHECK(f, setup)
	const struct CMUnitTest tests[] = {
		T(test_order),	   T(test_underlay), T(test_by_routes),
		T(test_endpoints), T(test_refused),  T(test_by_gateways),
		T(test_multipath), T(test_dark_way), T(test_dead_beside_others),
		T(test_held_down), T(test_by_link_local), T(test_down_before),
		T(test_interface_anew), T(test_belief), T(test_belief_changes),
	};

	log_init("pin_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
