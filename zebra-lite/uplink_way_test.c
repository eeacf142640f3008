/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an uplink's table holds, and its state, for each circumstance of the underlay interface; and
 * what its mark has to do with pins.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "fib.h"
#include "ifaddr.h"
#include "kernel.h"
#include "log.h"
#include "loop_fake.h"
#include "pin.h"
#include "rib.h"
#include "rib_kernel.h"
#include "rig.h"
#include "rule.h"
#include "side.h"
#include "tunnel.h"
#include "uplink.h"
#include "zconfig.h"

/* --- links: the linker puts these in the place of kernel_read.c's --- */

static bool pointopoint, absent;

uint32_t __wrap_kernel_link_by_name(const char *name);
bool __wrap_kernel_link_up(uint32_t ifindex);
bool __wrap_kernel_link_pointopoint(uint32_t ifindex);

uint32_t __wrap_kernel_link_by_name(const char *name)
{
	return absent ? 0 : str_eq(name, "u0") ? RIG_U0 : str_eq(name, "u") ? RIG_U1 : 0;
}

bool __wrap_kernel_link_up(uint32_t ifindex)
{
	return !rig_link_down[ifindex];
}

bool __wrap_kernel_link_pointopoint(uint32_t ifindex)
{
	return pointopoint;
}

/* --- */

static void address(bool present, uint32_t ifindex, const char *local, const char *subnet,
		    uint32_t flags, uint8_t scope)
{
	struct kaddr a = {.ifindex = ifindex,
			  .local = rig_addr(local),
			  .subnet = rig_prefix(subnet),
			  .flags = flags,
			  .scope = scope};

	ifaddr_told(&a, present);
}

static int setup(void **state)
{
	pointopoint = absent = false;
	rig_begin();
	rig_kernel(false, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U0, "198.51.100.254");
	uplinks_read_end();
	rig_told();
	return 0;
}

#define CONFIG(more, rest)                                                                      \
	"{'wireguard': {'interface': [{'name': 'wg0', 'fwmark': 77, 'uplink': {'interface': "   \
	"'u0', 'table': 177, 'rule-priority': 3000" more "}}]}, 'rib': {" rest "}}"

static const char *states(void)
{
	static char text[512];

	text[0] = '\0';
	for (const struct uplink *u = uplink_first(); u; u = uplink_next(u))
		for (unsigned i = 0; i < 2; i++) {
			const struct uplink_family *f = &u->family[i];

			snprintf(text + strlen(text), sizeof(text) - strlen(text),
				 "%s %s%s%s%s%s\n", u->conf.wg, uplink_state_name(f->state),
				 f->source.family ? " from " : "",
				 f->source.family ? ADDR_STR(&f->source) : "",
				 f->gateway.family ? " by " : "",
				 f->gateway.family ? ADDR_STR(&f->gateway) : "");
		}
	return text;
}

/* What was written, and how it stands. */
static const char *way(void)
{
	rig_settle();
	rig_say("%s", states());
	return rig_told();
}
#define WAY(text) RIG_EQ(way(), text)

static void test_states(void **state)
{
	rig_configure(CONFIG("", ""));
	WAY("add 0.0.0.0/0 table 177 metric 2147483647 unreachable\n"
		 "add ::/0 table 177 metric 2147483647 unreachable\n"
		 "rule add IPv4 priority 3000 table 177\n"
		 "rule add IPv6 priority 3000 table 177\n"
		 "wg0 no-address\n"
		 "wg0 no-address\n");
	address(true, RIG_U0, "192.0.2.2", "192.0.2.0/24", 0, RT_SCOPE_UNIVERSE);
	WAY("add 192.0.2.0/24 table 177 dev u0\n"
		 "change 192.0.2.0/24 table 177 dev u0\n"
		 "change ::/0 table 177 metric 2147483647 unreachable\n"
		 "change 0.0.0.0/0 table 177 metric 2147483647 unreachable\n"
		 "wg0 no-gateway from 192.0.2.2\n"
		 "wg0 no-address\n");
	rig_kernel(true, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U1, "192.0.2.99"); /* another link */
	WAY("redist +kernel 0.0.0.0/0 metric 100\n"
		 "wg0 no-gateway from 192.0.2.2\n"
		 "wg0 no-address\n");
	rig_kernel(true, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U0, "192.0.2.1");
	WAY("add 0.0.0.0/0 table 177 via 192.0.2.1 dev u0\n"
		 "wg0 up from 192.0.2.2 by 192.0.2.1\n"
		 "wg0 no-address\n");
	rig_kernel(true, "0.0.0.0/0", RTPROT_DHCP, 50, RIG_U0, "192.0.2.7"); /* preferred */
	WAY("redist +kernel 0.0.0.0/0 metric 50\n"
		 "change 0.0.0.0/0 table 177 via 192.0.2.7 dev u0\n"
		 "wg0 up from 192.0.2.2 by 192.0.2.7\n"
		 "wg0 no-address\n");
	rig_kernel(false, "0.0.0.0/0", RTPROT_DHCP, 50, RIG_U0, "192.0.2.7");
	WAY("redist +kernel 0.0.0.0/0 metric 100\n"
		 "change 0.0.0.0/0 table 177 via 192.0.2.1 dev u0\n"
		 "wg0 up from 192.0.2.2 by 192.0.2.1\n"
		 "wg0 no-address\n");
	address(true, RIG_U0, "2001:db8::2", "2001:db8::/64", 0, RT_SCOPE_UNIVERSE);
	address(true, RIG_U0, "fe80::2", "fe80::/64", 0, RT_SCOPE_LINK);
	address(true, RIG_U0, "192.0.2.3", "192.0.2.0/24", IFA_F_SECONDARY, RT_SCOPE_UNIVERSE);
	address(true, RIG_U0, "10.0.0.3", "10.0.0.0/30", 0, RT_SCOPE_UNIVERSE);
	WAY("add 10.0.0.0/30 table 177 dev u0\n"
		 "add 2001:db8::/64 table 177 dev u0\n"
		 "change 2001:db8::/64 table 177 dev u0\n"
		 "change 10.0.0.0/30 table 177 dev u0\n"
		 "change 0.0.0.0/0 table 177 via 192.0.2.1 dev u0\n"
		 "change 192.0.2.0/24 table 177 dev u0\n"
		 "change ::/0 table 177 metric 2147483647 unreachable\n"
		 "change 0.0.0.0/0 table 177 metric 2147483647 unreachable\n"
		 "wg0 up from 192.0.2.2 by 192.0.2.1\n"
		 "wg0 no-gateway from 2001:db8::2\n");
	rig_kernel(true, "::/0", RTPROT_RA, 1024, RIG_U0, "fe80::1");
	WAY("redist +kernel ::/0 metric 1024\n"
		 "add ::/0 table 177 via fe80::1 dev u0\n"
		 "wg0 up from 192.0.2.2 by 192.0.2.1\n"
		 "wg0 up from 2001:db8::2 by fe80::1\n");
	rig_link_down[RIG_U0] = true;
	uplink_links_changed();
	WAY("del 0.0.0.0/0 table 177 via 192.0.2.1 dev u0\n"
		 "del 10.0.0.0/30 table 177 dev u0\n"
		 "del 192.0.2.0/24 table 177 dev u0\n"
		 "del ::/0 table 177 via fe80::1 dev u0\n"
		 "del 2001:db8::/64 table 177 dev u0\n"
		 "wg0 link-down\n"
		 "wg0 link-down\n");
	absent = true;
	uplink_links_changed();
	WAY("wg0 no-interface\n"
		 "wg0 no-interface\n");
	absent = rig_link_down[RIG_U0] = false;
	uplink_links_changed();
	WAY("add 192.0.2.0/24 table 177 dev u0\n"
		 "add 10.0.0.0/30 table 177 dev u0\n"
		 "add 0.0.0.0/0 table 177 via 192.0.2.1 dev u0\n"
		 "add 2001:db8::/64 table 177 dev u0\n"
		 "add ::/0 table 177 via fe80::1 dev u0\n"
		 "wg0 up from 192.0.2.2 by 192.0.2.1\n"
		 "wg0 up from 2001:db8::2 by fe80::1\n");
	address(false, RIG_U0, "192.0.2.2", "192.0.2.0/24", 0, RT_SCOPE_UNIVERSE);
	WAY("change 192.0.2.0/24 table 177 dev u0\n"
		 "change 10.0.0.0/30 table 177 dev u0\n"
		 "change 0.0.0.0/0 table 177 via 192.0.2.1 dev u0\n"
		 "change ::/0 table 177 via fe80::1 dev u0\n"
		 "change 2001:db8::/64 table 177 dev u0\n"
		 "change 0.0.0.0/0 table 177 via 192.0.2.1 dev u0\n"
		 "change 10.0.0.0/30 table 177 dev u0\n"
		 "change 192.0.2.0/24 table 177 dev u0\n"
		 "change ::/0 table 177 metric 2147483647 unreachable\n"
		 "change 0.0.0.0/0 table 177 metric 2147483647 unreachable\n"
		 "wg0 up from 10.0.0.3 by 192.0.2.1\n"
		 "wg0 up from 2001:db8::2 by fe80::1\n");
	rig_configure(CONFIG("", "'kernel': false"));
	WAY("del 0.0.0.0/0 table 177 metric 2147483647 unreachable\n"
		 "del 0.0.0.0/0 table 177 via 192.0.2.1 dev u0\n"
		 "del 10.0.0.0/30 table 177 dev u0\n"
		 "del 192.0.2.0/24 table 177 dev u0\n"
		 "del ::/0 table 177 metric 2147483647 unreachable\n"
		 "del ::/0 table 177 via fe80::1 dev u0\n"
		 "del 2001:db8::/64 table 177 dev u0\n"
		 "rule del IPv4 priority 3000 table 177\n"
		 "rule del IPv6 priority 3000 table 177\n"
		 "wg0 off\n"
		 "wg0 off\n");
	rig_configure("{'rib': {}}");
	WAY("add ::/0 table 177 metric 2147483647 unreachable\n"
		 "add 0.0.0.0/0 table 177 metric 2147483647 unreachable\n"
		 "rule add IPv4 priority 3000 table 177\n"
		 "rule add IPv6 priority 3000 table 177\n"
		 "rule del IPv4 priority 3000 table 177\n"
		 "rule del IPv6 priority 3000 table 177\n"
		 "del 0.0.0.0/0 table 177 metric 2147483647 unreachable\n"
		 "del ::/0 table 177 metric 2147483647 unreachable\n");
}

/* As configured: the gateway, the source, a link with one far end. */
static void test_configured(void **state)
{
	rig_configure(CONFIG(", 'gateway': ['192.0.2.33'], 'source': ['192.0.2.5']", ""));
	address(true, RIG_U0, "192.0.2.2", "192.0.2.0/24", 0, RT_SCOPE_UNIVERSE);
	WAY("add 0.0.0.0/0 table 177 metric 2147483647 unreachable\n"
		 "add ::/0 table 177 metric 2147483647 unreachable\n"
		 "rule add IPv4 priority 3000 table 177\n"
		 "rule add IPv6 priority 3000 table 177\n"
		 "change ::/0 table 177 metric 2147483647 unreachable\n"
		 "change 0.0.0.0/0 table 177 metric 2147483647 unreachable\n"
		 "wg0 no-address\n"
		 "wg0 no-address\n");
	address(true, RIG_U1, "192.0.2.5", "192.0.2.5/32", 0, RT_SCOPE_UNIVERSE); /* anywhere */
	WAY("add 192.0.2.0/24 table 177 dev u0\n"
		 "add 0.0.0.0/0 table 177 via 192.0.2.33 dev u0\n"
		 "wg0 up from 192.0.2.5 by 192.0.2.33\n"
		 "wg0 no-address\n");
	rig_configure(CONFIG("", ""));
	WAY("change 192.0.2.0/24 table 177 dev u0\n"
		 "del 0.0.0.0/0 table 177 via 192.0.2.33 dev u0\n"
		 "wg0 no-gateway from 192.0.2.2\n"
		 "wg0 no-address\n");
	pointopoint = true;
	uplink_links_changed();
	WAY("add 0.0.0.0/0 table 177 dev u0\n"
		 "wg0 up from 192.0.2.2\n"
		 "wg0 no-address\n");
	rig_configure(CONFIG(", 'gateway': ['192.0.2.34']", "'metric': 5"));
	WAY("del 0.0.0.0/0 table 177 dev u0\n"
		 "del 192.0.2.0/24 table 177 dev u0\n"
		 "del 0.0.0.0/0 table 177 metric 2147483647 unreachable\n"
		 "del ::/0 table 177 metric 2147483647 unreachable\n"
		 "add 0.0.0.0/0 table 177 metric 2147483647 unreachable\n"
		 "add 192.0.2.0/24 table 177 metric 5 dev u0\n"
		 "add 0.0.0.0/0 table 177 metric 5 via 192.0.2.34 dev u0\n"
		 "add ::/0 table 177 metric 2147483647 unreachable\n"
		 "wg0 up from 192.0.2.2 by 192.0.2.34\n"
		 "wg0 no-address\n");
}

/* What is no source: tentative, deprecated, of the link. */
static void test_sources(void **state)
{
	rig_configure(CONFIG(", 'gateway': ['192.0.2.33', '2001:db8::1']", ""));
	rig_told();
	address(true, RIG_U0, "2001:db8::2", "2001:db8::/64", IFA_F_TENTATIVE, RT_SCOPE_UNIVERSE);
	address(true, RIG_U0, "2001:db8::3", "2001:db8::/64", IFA_F_DEPRECATED, RT_SCOPE_UNIVERSE);
	address(true, RIG_U0, "2001:db8::4", "2001:db8::/64", IFA_F_DADFAILED, RT_SCOPE_UNIVERSE);
	address(true, RIG_U0, "192.0.2.2", "192.0.2.0/24", 0, RT_SCOPE_LINK);
	WAY("change ::/0 table 177 metric 2147483647 unreachable\n"
		 "change 0.0.0.0/0 table 177 metric 2147483647 unreachable\n"
		 "wg0 no-address\n"
		 "wg0 no-address\n");
	address(true, RIG_U0, "2001:db8::2", "2001:db8::/64", 0, RT_SCOPE_UNIVERSE);
	address(true, RIG_U0, "192.0.2.2", "192.0.2.0/24", 0, RT_SCOPE_UNIVERSE);
	WAY("add 192.0.2.0/24 table 177 dev u0\n"
		 "add 0.0.0.0/0 table 177 via 192.0.2.33 dev u0\n"
		 "add 2001:db8::/64 table 177 dev u0\n"
		 "add ::/0 table 177 via 2001:db8::1 dev u0\n"
		 "change ::/0 table 177 via 2001:db8::1 dev u0\n"
		 "change 2001:db8::/64 table 177 dev u0\n"
		 "change 0.0.0.0/0 table 177 via 192.0.2.33 dev u0\n"
		 "change 192.0.2.0/24 table 177 dev u0\n"
		 "change ::/0 table 177 metric 2147483647 unreachable\n"
		 "change 0.0.0.0/0 table 177 metric 2147483647 unreachable\n"
		 "wg0 up from 192.0.2.2 by 192.0.2.33\n"
		 "wg0 up from 2001:db8::2 by 2001:db8::1\n");
}

/* More subnets than there is room for do not take that of the default route, which has them. */
static void test_many_subnets(void **state)
{
	rig_configure(CONFIG(", 'gateway': ['10.0.0.1']", ""));
	for (unsigned i = 0; i < 20; i++) {
		char local[32], subnet[32];

		snprintf(local, sizeof(local), "10.0.%u.2", i);
		snprintf(subnet, sizeof(subnet), "10.0.%u.0/24", i);
		address(true, RIG_U0, local, subnet, 0, RT_SCOPE_UNIVERSE);
	}
	WAY("add 0.0.0.0/0 table 177 metric 2147483647 unreachable\n"
		 "add ::/0 table 177 metric 2147483647 unreachable\n"
		 "rule add IPv4 priority 3000 table 177\n"
		 "rule add IPv6 priority 3000 table 177\n"
		 "add 10.0.0.0/24 table 177 dev u0\n"
		 "add 10.0.1.0/24 table 177 dev u0\n"
		 "add 10.0.2.0/24 table 177 dev u0\n"
		 "add 10.0.3.0/24 table 177 dev u0\n"
		 "add 10.0.4.0/24 table 177 dev u0\n"
		 "add 10.0.5.0/24 table 177 dev u0\n"
		 "add 10.0.6.0/24 table 177 dev u0\n"
		 "add 10.0.7.0/24 table 177 dev u0\n"
		 "add 10.0.8.0/24 table 177 dev u0\n"
		 "add 10.0.9.0/24 table 177 dev u0\n"
		 "add 10.0.10.0/24 table 177 dev u0\n"
		 "add 10.0.11.0/24 table 177 dev u0\n"
		 "add 10.0.12.0/24 table 177 dev u0\n"
		 "add 10.0.13.0/24 table 177 dev u0\n"
		 "add 0.0.0.0/0 table 177 via 10.0.0.1 dev u0\n"
		 "change 0.0.0.0/0 table 177 via 10.0.0.1 dev u0\n"
		 "change 10.0.13.0/24 table 177 dev u0\n"
		 "change 10.0.12.0/24 table 177 dev u0\n"
		 "change 10.0.11.0/24 table 177 dev u0\n"
		 "change 10.0.10.0/24 table 177 dev u0\n"
		 "change 10.0.9.0/24 table 177 dev u0\n"
		 "change 10.0.8.0/24 table 177 dev u0\n"
		 "change 10.0.7.0/24 table 177 dev u0\n"
		 "change 10.0.6.0/24 table 177 dev u0\n"
		 "change 10.0.5.0/24 table 177 dev u0\n"
		 "change 10.0.4.0/24 table 177 dev u0\n"
		 "change 10.0.3.0/24 table 177 dev u0\n"
		 "change 10.0.2.0/24 table 177 dev u0\n"
		 "change 10.0.1.0/24 table 177 dev u0\n"
		 "change 10.0.0.0/24 table 177 dev u0\n"
		 "change ::/0 table 177 metric 2147483647 unreachable\n"
		 "change 0.0.0.0/0 table 177 metric 2147483647 unreachable\n"
		 "wg0 up from 10.0.0.2 by 10.0.0.1\n"
		 "wg0 no-address\n");
}

/* The kernel refuses the route, and drops some with an address. */
static void test_refused(void **state)
{
	rig_configure(CONFIG(", 'gateway': ['192.0.2.33']", ""));
	rig_told();
	rig_route_error = -ENETUNREACH;
	address(true, RIG_U0, "192.0.2.2", "192.0.2.0/24", 0, RT_SCOPE_UNIVERSE);
	WAY("add 192.0.2.0/24 table 177 dev u0\n"
		 "add 0.0.0.0/0 table 177 via 192.0.2.33 dev u0\n"
		 "change ::/0 table 177 metric 2147483647 unreachable\n"
		 "add ::/0 table 177 metric 2147483647 unreachable\n"
		 "change 0.0.0.0/0 table 177 metric 2147483647 unreachable\n"
		 "add 0.0.0.0/0 table 177 metric 2147483647 unreachable\n"
		 "wg0 refused from 192.0.2.2 by 192.0.2.33\n"
		 "wg0 no-address\n");
	rig_route_error = 0;
	rig_pass(2000);
	uplink_links_changed();
	WAY("add 0.0.0.0/0 table 177 via 192.0.2.33 dev u0\n"
		 "add 192.0.2.0/24 table 177 dev u0\n"
		 "add ::/0 table 177 metric 2147483647 unreachable\n"
		 "add 0.0.0.0/0 table 177 metric 2147483647 unreachable\n"
		 "wg0 up from 192.0.2.2 by 192.0.2.33\n"
		 "wg0 no-address\n");
	address(true, RIG_U0, "192.0.2.9", "192.0.2.0/24", IFA_F_SECONDARY, RT_SCOPE_UNIVERSE);
	WAY("change 0.0.0.0/0 table 177 via 192.0.2.33 dev u0\n"
		 "change 192.0.2.0/24 table 177 dev u0\n"
		 "change ::/0 table 177 metric 2147483647 unreachable\n"
		 "change 0.0.0.0/0 table 177 metric 2147483647 unreachable\n"
		 "wg0 up from 192.0.2.2 by 192.0.2.33\n"
		 "wg0 no-address\n");
	address(false, RIG_U0, "192.0.2.9", "192.0.2.0/24", IFA_F_SECONDARY, RT_SCOPE_UNIVERSE);
	WAY("change 0.0.0.0/0 table 177 via 192.0.2.33 dev u0\n"
		 "change 192.0.2.0/24 table 177 dev u0\n"
		 "change ::/0 table 177 metric 2147483647 unreachable\n"
		 "change 0.0.0.0/0 table 177 metric 2147483647 unreachable\n"
		 "wg0 up from 192.0.2.2 by 192.0.2.33\n"
		 "wg0 no-address\n");
	address(true, RIG_U1, "192.0.3.9", "192.0.3.0/24", 0, RT_SCOPE_UNIVERSE); /* another's */
	WAY("wg0 up from 192.0.2.2 by 192.0.2.33\n"
		 "wg0 no-address\n");
}

static void tell_wg0(uint32_t mark)
{
	struct msg_tunnel_if m = {.ifindex = RIG_WG0, .up = true, .fwmark = mark, .name = "wg0"};

	tunnel_if_told(&m);
}

/* As long as rule and mark are there the endpoint needs no pin. */
static void test_bypass(void **state)
{
	rig_kernel(true, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U0, "192.0.2.1");
	rig_peer(1, RIG_WG0, "10.9.0.1", "203.0.113.1:51820", TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	rig_bgp("203.0.0.0/16", "10.9.1.2");
	rig_told();
	rig_configure("{" RIG_PERMIT ", 'rib': {}}");
	rig_told();
	zconfig.uplinks = xcalloc(1, sizeof(*zconfig.uplinks));
	zconfig.n_uplinks = 1;
	zconfig.uplinks[0] = (struct uplink_conf){
		.wg = "wg0", .ifname = "u0", .fwmark = 77, .table = 177, .priority = 3000};
	uplinks_apply(zconfig.uplinks, 1);
	WAY("add 0.0.0.0/0 table 177 metric 2147483647 unreachable\n"
		 "add ::/0 table 177 metric 2147483647 unreachable\n"
		 "rule add IPv4 priority 3000 table 177\n"
		 "rule add IPv6 priority 3000 table 177\n"
		 "wg0 no-address\n"
		 "wg0 no-address\n");
	tell_wg0(76);
	WAY("wg0 no-address\n"
		 "wg0 no-address\n");
	tell_wg0(77);
	WAY("del 203.0.113.1/32 via 192.0.2.1 dev u0\n"
		 "wg0 no-address\n"
		 "wg0 no-address\n");
	uplinks_apply(NULL, 0); /* until PRUNE the rule stays, the pin is there before it goes */
	WAY("add 203.0.113.1/32 via 192.0.2.1 dev u0\n"
		 "wg0 no-address\n"
		 "wg0 no-address\n");
	uplinks_apply(zconfig.uplinks, 1);
	WAY("del 203.0.113.1/32 via 192.0.2.1 dev u0\n"
		 "wg0 no-address\n"
		 "wg0 no-address\n");
	tunnel_if_gone(RIG_WG0); /* and before the interface is made anew, too */
	rig_told();
	uplinks_apply(NULL, 0);
	WAY("add 203.0.113.1/32 via 192.0.2.1 dev u0\n"
		 "wg0 no-address\n"
		 "wg0 no-address\n");
	uplinks_prune();
	WAY("rule del IPv4 priority 3000 table 177\n"
		 "rule del IPv6 priority 3000 table 177\n"
		 "del 0.0.0.0/0 table 177 metric 2147483647 unreachable\n"
		 "del ::/0 table 177 metric 2147483647 unreachable\n");
}

static void lose_rule(uint8_t family)
{
	struct krule k = {.family = family,
			  .protocol = 222,
			  .action = FR_ACT_TO_TBL,
			  .priority = 3000,
			  .table = 177,
			  .fwmark = 77,
			  .fwmask = UINT32_MAX};

	rig_rule_error = -EPERM;
	rule_told(&k, false);
	uplink_links_changed();
}

/* Without the rule of one family the endpoint needs its pin again. */
static void test_bypass_by_both(void **state)
{
	rig_kernel(true, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U0, "192.0.2.1");
	rig_peer(1, RIG_WG0, "10.9.0.1", "203.0.113.1:51820", TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	rig_bgp("203.0.0.0/16", "10.9.1.2");
	rig_configure(CONFIG("", ""));
	tell_wg0(77);
	rig_told();
	for (unsigned i = 0; i < 2; i++) {
		lose_rule(i ? AF_INET6 : AF_INET);
		RIG_TOLD(i ? "rule add IPv6 priority 3000 table 177\n"
			     "add 203.0.113.1/32 via 192.0.2.1 dev u0\n"
			   : "rule add IPv4 priority 3000 table 177\n"
			     "add 203.0.113.1/32 via 192.0.2.1 dev u0\n");
		rig_rule_error = 0;
		rig_pass(2000);
		uplink_links_changed();
		RIG_TOLD(i ? "rule add IPv6 priority 3000 table 177\n"
			     "del 203.0.113.1/32 via 192.0.2.1 dev u0\n"
			   : "rule add IPv4 priority 3000 table 177\n"
			     "del 203.0.113.1/32 via 192.0.2.1 dev u0\n");
	}
}

/* Two of them, one changed. */
static void test_changed(void **state)
{
	struct uplink_conf c[2] = {
		{.wg = "wg0", .ifname = "u0", .fwmark = 77, .table = 177, .priority = 3000},
		{.wg = "wg1", .ifname = "u", .fwmark = 78, .table = 178, .priority = 3001}};

	address(true, RIG_U0, "192.0.2.2", "192.0.2.0/24", 0, RT_SCOPE_UNIVERSE);
	address(true, RIG_U1, "192.0.3.2", "192.0.3.0/24", 0, RT_SCOPE_UNIVERSE);
	c[0].gateway[0] = rig_addr("192.0.2.1");
	c[1].gateway[0] = rig_addr("192.0.3.1");
	uplinks_apply(c, 2);
	WAY("add 0.0.0.0/0 table 177 metric 2147483647 unreachable\n"
		 "add 192.0.2.0/24 table 177 dev u0\n"
		 "add 0.0.0.0/0 table 177 via 192.0.2.1 dev u0\n"
		 "add ::/0 table 177 metric 2147483647 unreachable\n"
		 "rule add IPv4 priority 3000 table 177\n"
		 "rule add IPv6 priority 3000 table 177\n"
		 "add 0.0.0.0/0 table 178 metric 2147483647 unreachable\n"
		 "add 192.0.3.0/24 table 178 dev u\n"
		 "add 0.0.0.0/0 table 178 via 192.0.3.1 dev u\n"
		 "add ::/0 table 178 metric 2147483647 unreachable\n"
		 "rule add IPv4 priority 3001 table 178\n"
		 "rule add IPv6 priority 3001 table 178\n"
		 "wg1 up from 192.0.3.2 by 192.0.3.1\n"
		 "wg1 no-address\n"
		 "wg0 up from 192.0.2.2 by 192.0.2.1\n"
		 "wg0 no-address\n");
	uplinks_apply(c, 2);
	WAY("wg1 up from 192.0.3.2 by 192.0.3.1\n"
		 "wg1 no-address\n"
		 "wg0 up from 192.0.2.2 by 192.0.2.1\n"
		 "wg0 no-address\n");
	c[1].table = 179;
	c[1].fwmark = 79;
	uplinks_apply(c, 2);
	WAY("add 0.0.0.0/0 table 179 metric 2147483647 unreachable\n"
		 "add 192.0.3.0/24 table 179 dev u\n"
		 "add 0.0.0.0/0 table 179 via 192.0.3.1 dev u\n"
		 "del 0.0.0.0/0 table 178 via 192.0.3.1 dev u\n"
		 "del 192.0.3.0/24 table 178 dev u\n"
		 "del 0.0.0.0/0 table 178 metric 2147483647 unreachable\n"
		 "add ::/0 table 179 metric 2147483647 unreachable\n"
		 "del ::/0 table 178 metric 2147483647 unreachable\n"
		 "rule add IPv4 priority 3001 table 179\n"
		 "rule add IPv6 priority 3001 table 179\n"
		 "rule del IPv4 priority 3001 table 178\n"
		 "rule del IPv6 priority 3001 table 178\n"
		 "wg1 up from 192.0.3.2 by 192.0.3.1\n"
		 "wg1 no-address\n"
		 "wg0 up from 192.0.2.2 by 192.0.2.1\n"
		 "wg0 no-address\n");
	uplinks_apply(c, 1);
	WAY("wg1 up from 192.0.3.2 by 192.0.3.1\n"
		 "wg1 no-address\n"
		 "wg0 up from 192.0.2.2 by 192.0.2.1\n"
		 "wg0 no-address\n");
	uplinks_prune();
	WAY("rule del IPv4 priority 3001 table 179\n"
		 "rule del IPv6 priority 3001 table 179\n"
		 "del 0.0.0.0/0 table 179 via 192.0.3.1 dev u\n"
		 "del 192.0.3.0/24 table 179 dev u\n"
		 "del 0.0.0.0/0 table 179 metric 2147483647 unreachable\n"
		 "del ::/0 table 179 metric 2147483647 unreachable\n"
		 "wg0 up from 192.0.2.2 by 192.0.2.1\n"
		 "wg0 no-address\n");
	uplinks_take_out();
	WAY("del 0.0.0.0/0 table 177 via 192.0.2.1 dev u0\n"
		 "del 192.0.2.0/24 table 177 dev u0\n"
		 "del 0.0.0.0/0 table 177 metric 2147483647 unreachable\n"
		 "del ::/0 table 177 metric 2147483647 unreachable\n"
		 "wg0 off from 192.0.2.2 by 192.0.2.1\n"
		 "wg0 off\n");
	assert_int_equal(uplink_first()->family[0].n, 0); /* nothing is wanted */
	assert_int_equal(uplink_first()->family[1].n, 0);
}

/* Whose default route names the gateway: one of somebody else's through the link, with a gateway,
 * that leads somewhere; of several the one with the least metric. */
static void test_learned(void **state)
{
	struct kroute r = {.prefix = rig_prefix("0.0.0.0/0"),
			   .table = 254,
			   .metric = 3,
			   .oif = RIG_U0,
			   .gateway = rig_addr("192.0.2.3"),
			   .protocol = RTPROT_STATIC,
			   .type = RTN_UNREACHABLE};

	rig_configure(CONFIG("", ""));
	address(true, RIG_U0, "192.0.2.2", "192.0.2.0/24", 0, RT_SCOPE_UNIVERSE);
	rig_told();
	rib_kernel_route(&r, true);
	WAY("redist +kernel 0.0.0.0/0 metric 3\n"
		 "wg0 no-gateway from 192.0.2.2\n"
		 "wg0 no-address\n");
	rig_kernel(true, "0.0.0.0/0", RTPROT_KERNEL, 2, RIG_U0, NULL);
	rig_kernel(true, "0.0.0.0/0", RTPROT_STATIC, 1, RIG_U0, NULL);
	WAY("redist +connected 0.0.0.0/0 metric 2\n"
		 "redist +kernel 0.0.0.0/0 metric 1\n"
		 "wg0 no-gateway from 192.0.2.2\n"
		 "wg0 no-address\n");
	rig_kernel(true, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U0, "192.0.2.1");
	WAY("add 0.0.0.0/0 table 177 via 192.0.2.1 dev u0\n"
		 "wg0 up from 192.0.2.2 by 192.0.2.1\n"
		 "wg0 no-address\n");
	rig_kernel(true, "0.0.0.0/0", RTPROT_DHCP, 101, RIG_U0, "192.0.2.4");
	WAY("wg0 up from 192.0.2.2 by 192.0.2.1\n"
		 "wg0 no-address\n");
	rig_kernel(true, "0.0.0.0/0", RTPROT_DHCP, 99, RIG_U0, "192.0.2.5");
	WAY("change 0.0.0.0/0 table 177 via 192.0.2.5 dev u0\n"
		 "wg0 up from 192.0.2.2 by 192.0.2.5\n"
		 "wg0 no-address\n");
	rig_kernel(true, "0.0.0.0/1", RTPROT_DHCP, 1, RIG_U0, "192.0.2.6");
	WAY("redist +kernel 0.0.0.0/1 metric 1\n"
		 "wg0 up from 192.0.2.2 by 192.0.2.5\n"
		 "wg0 no-address\n");
}

int main(void)
{
#define T(f) RIG_CHECK(f, setup)
	const struct CMUnitTest tests[] = {
		T(test_states),	 T(test_configured), T(test_sources), T(test_many_subnets),
		T(test_refused), T(test_bypass),     T(test_changed),
		T(test_bypass_by_both),
		T(test_learned),
	};

	log_init("uplink_way_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
