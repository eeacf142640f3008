/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include "kernel.h"
#include "util.h"

static _Alignas(struct nlmsghdr) uint8_t buf[1024];

static struct nlmsghdr *begin(uint16_t type)
{
	struct nlmsghdr *nlh;

	memset(buf, 0, sizeof(buf));
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = type;
	return nlh;
}

static struct nlmsghdr *route(uint8_t len)
{
	struct nlmsghdr *nlh = begin(RTM_NEWROUTE);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	rtm->rtm_family = AF_INET;
	rtm->rtm_dst_len = len;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = 222;
	rtm->rtm_type = RTN_UNICAST;
	return nlh;
}

static void test_route(void **state)
{
	struct nlmsghdr *nlh = route(24);
	struct kroute r;

	mnl_attr_put_u32(nlh, RTA_DST, htonl(0x0a010200));
	mnl_attr_put_u32(nlh, RTA_PRIORITY, 179);
	mnl_attr_put_u32(nlh, RTA_OIF, 7);
	mnl_attr_put_u32(nlh, RTA_GATEWAY, htonl(0xc0000201));
	mnl_attr_put_u32(nlh, RTA_TABLE, 1000);
	mnl_attr_put_u32(nlh, RTA_PREFSRC, htonl(0xc0000202));
	assert_int_equal(kernel_decode_route(nlh, &r), 0);
	assert_string_equal(PREFIX_STR(&r.prefix), "10.1.2.0/24");
	assert_string_equal(ADDR_STR(&r.gateway), "192.0.2.1");
	assert_int_equal(r.table, 1000);
	assert_string_equal(ADDR_STR(&r.source), "192.0.2.2");
	assert_int_equal(r.metric, 179);
	assert_int_equal(r.oif, 7);
	assert_int_equal(r.protocol, 222);
}

static void test_default_route(void **state)
{
	struct nlmsghdr *nlh = route(0);
	struct kroute r;

	mnl_attr_put_u32(nlh, RTA_OIF, 7);
	assert_int_equal(kernel_decode_route(nlh, &r), 0);
	assert_string_equal(PREFIX_STR(&r.prefix), "0.0.0.0/0");
	assert_int_equal(r.table, RT_TABLE_MAIN);
}

static void test_multipath(void **state)
{
	struct nlmsghdr *nlh = route(16);
	struct {
		struct rtnexthop leg;
		struct nlattr gateway;
		uint8_t bytes[4];
	} legs[2], many[ROUTE_WAYS_MAX + 1], swap;
	struct kroute r;

	memset(legs, 0, sizeof(legs));
	for (unsigned i = 0; i < 2; i++) {
		legs[i].leg.rtnh_len = sizeof(legs[i]);
		legs[i].leg.rtnh_ifindex = 3 + i;
		legs[i].leg.rtnh_hops = 7 * i;
		legs[i].gateway.nla_type = RTA_GATEWAY;
		legs[i].gateway.nla_len = 8;
		memcpy(legs[i].bytes, "\xc0\x00\x02\x09", 4);
	}
	mnl_attr_put(nlh, RTA_MULTIPATH, sizeof(legs), legs);
	assert_int_equal(kernel_decode_route(nlh, &r), 0);
	assert_int_equal(r.oif, 3);
	assert_string_equal(ADDR_STR(&r.gateway), "192.0.2.9");
	assert_int_equal(r.n_ways, 2);
	assert_int_equal(r.way[1].oif, 4);
	assert_int_equal(r.way[1].weight, 8);
	assert_string_equal(ADDR_STR(&r.way[1].gateway), "192.0.2.9");
	swap = legs[0];
	legs[0] = legs[1];
	legs[1] = swap;
	nlh = route(16); /* the same in another order */
	mnl_attr_put(nlh, RTA_MULTIPATH, sizeof(legs), legs);
	assert_int_equal(kernel_decode_route(nlh, &r), 0);
	assert_int_equal(r.oif, 3);
	assert_int_equal(r.n_ways, 2);
	assert_int_equal(r.way[1].weight, 8);
	nlh = route(16); /* one only */
	mnl_attr_put(nlh, RTA_MULTIPATH, sizeof(legs[0]), legs);
	assert_int_equal(kernel_decode_route(nlh, &r), 0);
	assert_int_equal(r.oif, 4);
	assert_int_equal(r.n_ways, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = legs[0];
	nlh = route(16);
	mnl_attr_put(nlh, RTA_MULTIPATH, sizeof(many), many);
	assert_int_equal(kernel_decode_route(nlh, &r), 0);
	assert_int_equal(r.n_ways, ROUTE_WAYS_MAX);
	legs[0].leg.rtnh_len = 200; /* longer than what is there */
	nlh = route(16);
	mnl_attr_put(nlh, RTA_MULTIPATH, sizeof(legs), legs);
	assert_int_equal(kernel_decode_route(nlh, &r), -EBADMSG);
}

static void test_bad_routes(void **state)
{
	struct nlmsghdr *nlh = route(33);
	struct kroute r;

	assert_int_equal(kernel_decode_route(nlh, &r), -EBADMSG);
	nlh = route(24);
	mnl_attr_put_u16(nlh, RTA_DST, 1);
	assert_int_equal(kernel_decode_route(nlh, &r), -EBADMSG);
	nlh = route(24);
	mnl_attr_put_u16(nlh, RTA_GATEWAY, 1);
	assert_int_equal(kernel_decode_route(nlh, &r), -EBADMSG);
	nlh = begin(RTM_NEWROUTE);
	assert_int_equal(kernel_decode_route(nlh, &r), -EBADMSG);
	nlh = route(24);
	((struct rtmsg *)mnl_nlmsg_get_payload(nlh))->rtm_type = RTN_LOCAL;
	assert_int_equal(kernel_decode_route(nlh, &r), -ENOENT);
	nlh = route(24);
	((struct rtmsg *)mnl_nlmsg_get_payload(nlh))->rtm_flags = RTM_F_CLONED;
	assert_int_equal(kernel_decode_route(nlh, &r), -ENOENT);
}

static void test_link(void **state)
{
	struct nlmsghdr *nlh = begin(RTM_NEWLINK);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	struct klink k;

	assert_int_equal(kernel_decode_link(nlh, &k), -ENOENT); /* no number */
	ifi->ifi_index = 9;
	assert_int_equal(kernel_decode_link(nlh, &k), -EBADMSG); /* no name */
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "wg0");
	assert_int_equal(kernel_decode_link(nlh, &k), 0);
	assert_false(k.up);
	ifi->ifi_flags = IFF_UP;
	assert_int_equal(kernel_decode_link(nlh, &k), 0);
	assert_false(k.up); /* no carrier */
	ifi->ifi_flags = IFF_UP | 0x10000;
	assert_int_equal(kernel_decode_link(nlh, &k), 0);
	assert_true(k.up);
	assert_string_equal(k.name, "wg0");
	assert_int_equal(k.ifindex, 9);
}

static void test_nexthop(void **state)
{
	struct nlmsghdr *nlh = begin(RTM_NEWNEXTHOP);
	struct nhmsg *nhm;
	struct knexthop k;

	assert_int_equal(kernel_decode_nexthop(nlh, &k), -EBADMSG);
	nhm = mnl_nlmsg_put_extra_header(nlh, sizeof(*nhm));
	nhm->nh_family = AF_INET6;
	nhm->nh_protocol = 222;
	assert_int_equal(kernel_decode_nexthop(nlh, &k), -EBADMSG); /* no number */
	mnl_attr_put_u32(nlh, NHA_ID, 0x77670001);
	mnl_attr_put_u32(nlh, NHA_OIF, 7);
	assert_int_equal(kernel_decode_nexthop(nlh, &k), 0);
	assert_int_equal(k.id, 0x77670001);
	assert_int_equal(k.oif, 7);
	assert_int_equal(k.family, AF_INET6);
	assert_int_equal(k.protocol, 222);
}

static void test_route_by_object(void **state)
{
	struct nlmsghdr *nlh = route(24);
	struct kroute r;

	mnl_attr_put_u32(nlh, RTA_DST, htonl(0x0a010200));
	mnl_attr_put_u32(nlh, RTA_NH_ID, 0x77670001);
	assert_int_equal(kernel_decode_route(nlh, &r), 0);
	assert_int_equal(r.nhid, 0x77670001);
	assert_int_equal(r.oif, 0); /* not told with compat_mode 0 */
}

static void test_addr(void **state)
{
	struct nlmsghdr *nlh = begin(RTM_NEWADDR);
	struct ifaddrmsg *ifa;
	struct kaddr a;

	assert_int_equal(kernel_decode_addr(nlh, &a), -EBADMSG);
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = AF_INET;
	ifa->ifa_prefixlen = 32;
	ifa->ifa_index = 7;
	assert_int_equal(kernel_decode_addr(nlh, &a), -EBADMSG); /* no address */
	mnl_attr_put_u32(nlh, IFA_ADDRESS, htonl(0xc0000201));	 /* the far end */
	mnl_attr_put_u32(nlh, IFA_LOCAL, htonl(0xc0000202));
	mnl_attr_put_u32(nlh, IFA_FLAGS, IFA_F_TENTATIVE);
	assert_int_equal(kernel_decode_addr(nlh, &a), 0);
	assert_string_equal(ADDR_STR(&a.local), "192.0.2.2");
	assert_string_equal(PREFIX_STR(&a.subnet), "192.0.2.1/32");
	assert_int_equal(a.ifindex, 7);
	assert_int_equal(a.flags, IFA_F_TENTATIVE);
	ifa->ifa_prefixlen = 33;
	assert_int_equal(kernel_decode_addr(nlh, &a), -EBADMSG);
	ifa->ifa_family = AF_INET6;
	assert_int_equal(kernel_decode_addr(nlh, &a), -EBADMSG);
}

static void test_group(void **state)
{
	const struct nexthop_grp legs[2] = {{.id = 7, .weight = 0}, {.id = 8, .weight = 254}};
	struct nlmsghdr *nlh = begin(RTM_NEWNEXTHOP);
	struct nhmsg *nhm = mnl_nlmsg_put_extra_header(nlh, sizeof(*nhm));
	struct knexthop k;

	nhm->nh_protocol = 222;
	mnl_attr_put_u32(nlh, NHA_ID, 0x77670003);
	mnl_attr_put(nlh, NHA_GROUP, sizeof(legs), legs);
	assert_int_equal(kernel_decode_nexthop(nlh, &k), 0);
	assert_int_equal(k.n, 2);
	assert_false(k.resilient);
	assert_true(k.legs[0].id == 7 && k.legs[0].weight == 1);
	assert_true(k.legs[1].id == 8 && k.legs[1].weight == 255);
	mnl_attr_put_u16(nlh, NHA_GROUP_TYPE, NEXTHOP_GRP_TYPE_RES);
	assert_int_equal(kernel_decode_nexthop(nlh, &k), 0);
	assert_true(k.n == 2 && k.resilient);
}

static struct nlmsghdr *rule(uint8_t src_len)
{
	struct nlmsghdr *nlh = begin(RTM_NEWRULE);
	struct fib_rule_hdr *frh = mnl_nlmsg_put_extra_header(nlh, sizeof(*frh));

	frh->family = AF_INET;
	frh->src_len = src_len;
	frh->tos = 0x10;
	frh->table = 7;
	frh->action = FR_ACT_TO_TBL;
	mnl_attr_put_u32(nlh, FRA_SUPPRESS_PREFIXLEN, UINT32_MAX); /* as the kernel sends it */
	mnl_attr_put_u8(nlh, FRA_PROTOCOL, 222);
	return nlh;
}

static void test_rule(void **state)
{
	struct nlmsghdr *nlh = rule(24);
	struct krule r;

	mnl_attr_put_u32(nlh, FRA_SRC, htonl(0x0a010200));
	mnl_attr_put_u32(nlh, FRA_PRIORITY, 100);
	mnl_attr_put_u32(nlh, FRA_FWMARK, 0x101);
	mnl_attr_put_u32(nlh, FRA_FWMASK, UINT32_MAX);
	mnl_attr_put_u32(nlh, FRA_TABLE, 5000);
	mnl_attr_put_strz(nlh, FRA_IIFNAME, "eth1");
	mnl_attr_put_strz(nlh, FRA_OIFNAME, "wg1");
	assert_int_equal(kernel_decode_rule(nlh, &r), 0);
	assert_string_equal(PREFIX_STR(&r.source), "10.1.2.0/24");
	assert_int_equal(r.dst.len, 0);
	assert_int_equal(r.priority, 100);
	assert_int_equal(r.fwmark, 0x101);
	assert_int_equal(r.fwmask, UINT32_MAX);
	assert_int_equal(r.table, 5000);
	assert_int_equal(r.tos, 0x10);
	assert_int_equal(r.protocol, 222);
	assert_string_equal(r.iif, "eth1");
	assert_string_equal(r.oif, "wg1");
	mnl_attr_put_u8(nlh, 25, 46); /* DSCP, since Linux 6.13 */
	assert_int_equal(kernel_decode_rule(nlh, &r), 0);
	assert_int_equal(r.tos, 46 << 2);
}

/* Types and codes of ICMP; other protocols and ports are somebody else's. */
static void test_icmp_rules(void **state)
{
	static const struct {
		uint8_t protocol;
		uint16_t start, end;
		int err;
	} rows[] = {
		{IPPROTO_ICMP, 3 << 8, (5 << 8) + 255, 0},
		{IPPROTO_ICMP, 12 << 8, (12 << 8) + 255, 0},
		{IPPROTO_ICMPV6, 1 << 8, (4 << 8) + 255, -ENOENT},
		{IPPROTO_TCP, 3 << 8, (5 << 8) + 255, -ENOENT},
		{IPPROTO_ICMP, (3 << 8) + 4, (5 << 8) + 254, 0},
		{IPPROTO_ICMP, 11 << 8, 11 << 8, 0},
		{IPPROTO_ICMP, 11 << 8, (11 << 8) - 1, -ENOENT},
		{IPPROTO_ICMP, 0, 255, -ENOENT},
	};
	struct krule r;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct nlmsghdr *nlh = rule(0);
		struct fib_rule_port_range types = {.start = rows[i].start, .end = rows[i].end};

		mnl_attr_put_u8(nlh, FRA_IP_PROTO, rows[i].protocol);
		mnl_attr_put(nlh, FRA_DPORT_RANGE, sizeof(types), &types);
		assert_int_equal(kernel_decode_rule(nlh, &r), rows[i].err);
		if (rows[i].err)
			continue;
		assert_int_equal(r.icmp_first, rows[i].start);
		assert_int_equal(r.icmp_last, rows[i].end);
	}
	assert_int_equal(kernel_decode_rule(rule(0), &r), 0);
	assert_int_equal(r.icmp_first, 0);
}

static void test_protocol_rules(void **state)
{
	struct nlmsghdr *nlh = rule(0);
	struct krule r;

	mnl_attr_put_u8(nlh, FRA_IP_PROTO, IPPROTO_TCP);
	assert_int_equal(kernel_decode_rule(nlh, &r), 0);
	assert_int_equal(r.ip_protocol, IPPROTO_TCP);
	nlh = rule(0);
	mnl_attr_put_u8(nlh, FRA_IP_PROTO, 0);
	assert_int_equal(kernel_decode_rule(nlh, &r), -ENOENT);
	assert_int_equal(kernel_decode_rule(rule(0), &r), 0);
	assert_int_equal(r.ip_protocol, 0);
}

static void test_strange_rules(void **state)
{
	static const uint16_t alien[] = {FRA_GOTO, FRA_IP_PROTO, FRA_UID_RANGE, 200};
	struct krule r;

	for (unsigned i = 0; i < ARRAY_SIZE(alien); i++) {
		struct nlmsghdr *nlh = rule(0);

		mnl_attr_put_u32(nlh, alien[i], 1);
		assert_int_equal(kernel_decode_rule(nlh, &r), -ENOENT);
	}
	((struct fib_rule_hdr *)mnl_nlmsg_get_payload(rule(0)))->flags = FIB_RULE_INVERT;
	assert_int_equal(kernel_decode_rule((struct nlmsghdr *)buf, &r), -ENOENT);
	assert_int_equal(kernel_decode_rule(rule(24), &r), -EBADMSG); /* no source */
	assert_int_equal(kernel_decode_rule(rule(33), &r), -EBADMSG);
	assert_int_equal(kernel_decode_rule(begin(RTM_NEWRULE), &r), -EBADMSG);
}

/* What is decoded does not depend on what was in the place before. */
#define DIRTY(x) memset(&(x), 0xa5, sizeof(x))

static void test_route_types(void **state)
{
	static const struct {
		uint8_t type;
		int err;
	} rows[] = {{RTN_UNICAST, 0},	  {RTN_BLACKHOLE, 0},	    {RTN_UNREACHABLE, 0},
		    {RTN_PROHIBIT, 0},	  {RTN_LOCAL, -ENOENT},	    {RTN_BROADCAST, -ENOENT},
		    {RTN_THROW, -ENOENT}, {RTN_MULTICAST, -ENOENT}, {RTN_ANYCAST, -ENOENT},
		    {RTN_UNSPEC, -ENOENT}};
	struct kroute r;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct nlmsghdr *nlh = route(0);

		((struct rtmsg *)mnl_nlmsg_get_payload(nlh))->rtm_type = rows[i].type;
		DIRTY(r);
		assert_int_equal(kernel_decode_route(nlh, &r), rows[i].err);
		if (rows[i].err)
			continue;
		assert_int_equal(r.type, rows[i].type);
		assert_true(!r.oif && !r.metric && !r.nhid && !r.gateway.family &&
			    !r.source.family && !r.replaced && !r.appended && !r.listed &&
			    r.protocol == 222);
	}
}

static void test_route6(void **state)
{
	static const uint8_t dst[16] = {0x20, 1, 0xd, 0xb8}, by[16] = {0xfe, 0x80, [15] = 1};
	struct nlmsghdr *nlh = route(128);
	struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct kroute r;

	rtm->rtm_family = AF_INET6;
	nlh->nlmsg_flags = NLM_F_REPLACE | NLM_F_APPEND | NLM_F_MULTI;
	mnl_attr_put(nlh, RTA_DST, 16, dst);
	mnl_attr_put(nlh, RTA_GATEWAY, 16, by);
	mnl_attr_put(nlh, RTA_PREFSRC, 16, dst);
	DIRTY(r);
	assert_int_equal(kernel_decode_route(nlh, &r), 0);
	assert_string_equal(PREFIX_STR(&r.prefix), "2001:db8::/128");
	assert_string_equal(ADDR_STR(&r.gateway), "fe80::1");
	assert_string_equal(ADDR_STR(&r.source), "2001:db8::");
	assert_true(r.replaced && r.appended && r.listed);
	rtm->rtm_dst_len = 129;
	assert_int_equal(kernel_decode_route(nlh, &r), -EBADMSG);
	rtm->rtm_dst_len = 32;
	rtm->rtm_family = AF_INET; /* addresses of 16 bytes are none of it */
	assert_int_equal(kernel_decode_route(nlh, &r), -EBADMSG);
	rtm->rtm_family = AF_PACKET;
	assert_int_equal(kernel_decode_route(nlh, &r), -ENOENT);
	nlh = route(32);
	assert_int_equal(kernel_decode_route(nlh, &r), 0);
	mnl_attr_put_u16(nlh, RTA_PREFSRC, 1);
	assert_int_equal(kernel_decode_route(nlh, &r), -EBADMSG);
	nlh = route(32);
	mnl_attr_put_u16(nlh, RTA_OIF, 7); /* numbers of another size are none */
	mnl_attr_put_u16(nlh, RTA_TABLE, 7);
	assert_int_equal(kernel_decode_route(nlh, &r), 0);
	assert_int_equal(r.oif, 0);
	assert_int_equal(r.table, 0);
}

static void test_legs(void **state)
{
	struct {
		struct rtnexthop leg;
		struct nlattr flow;
		uint8_t flow_bytes[4];
		struct nlattr gateway;
		uint8_t bytes[4];
	} leg;
	struct nlmsghdr *nlh;
	struct kroute r;

	memset(&leg, 0, sizeof(leg));
	leg.leg.rtnh_len = sizeof(leg);
	leg.leg.rtnh_ifindex = 3;
	leg.flow = (struct nlattr){8, RTA_FLOW};
	leg.gateway = (struct nlattr){8, RTA_GATEWAY};
	memcpy(leg.bytes, "\xc0\x00\x02\x09", 4);
	nlh = route(16);
	mnl_attr_put(nlh, RTA_MULTIPATH, sizeof(leg), &leg);
	DIRTY(r);
	assert_int_equal(kernel_decode_route(nlh, &r), 0);
	assert_int_equal(r.oif, 3);
	assert_string_equal(ADDR_STR(&r.gateway), "192.0.2.9");
	leg.leg.rtnh_len = sizeof(leg.leg); /* nothing in it */
	nlh = route(16);
	mnl_attr_put(nlh, RTA_MULTIPATH, sizeof(leg.leg), &leg);
	assert_int_equal(kernel_decode_route(nlh, &r), 0);
	assert_int_equal(r.oif, 3);
	assert_int_equal(r.gateway.family, 0);
	nlh = route(16); /* the route's own interface counts */
	mnl_attr_put_u32(nlh, RTA_OIF, 9);
	mnl_attr_put(nlh, RTA_MULTIPATH, sizeof(leg.leg), &leg);
	assert_int_equal(kernel_decode_route(nlh, &r), 0);
	assert_int_equal(r.oif, 9);
	leg.leg.rtnh_len = sizeof(leg.leg) - 1;
	nlh = route(16);
	mnl_attr_put(nlh, RTA_MULTIPATH, sizeof(leg), &leg);
	assert_int_equal(kernel_decode_route(nlh, &r), -EBADMSG);
	nlh = route(16);
	mnl_attr_put(nlh, RTA_MULTIPATH, sizeof(leg.leg) - 4, &leg);
	assert_int_equal(kernel_decode_route(nlh, &r), -EBADMSG);
	leg.leg.rtnh_len = sizeof(leg);
	leg.gateway.nla_len = 7; /* no address */
	nlh = route(16);
	mnl_attr_put(nlh, RTA_MULTIPATH, sizeof(leg), &leg);
	assert_int_equal(kernel_decode_route(nlh, &r), -EBADMSG);
}

static void test_link_names(void **state)
{
	static const struct {
		const char *name;
		size_t len;
		int err;
	} rows[] = {{"", 0, -EBADMSG},
		    {"a", 2, 0},
		    {"abcdefghijklmno", 16, 0},
		    {"abcdefghijklmnop", 17, -EBADMSG}};
	struct klink k;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct nlmsghdr *nlh = begin(RTM_NEWLINK);
		struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));

		ifi->ifi_index = 1;
		ifi->ifi_flags = i % 2 ? IFF_POINTOPOINT | 0x10000 : IFF_UP;
		mnl_attr_put(nlh, IFLA_IFNAME, rows[i].len, rows[i].name);
		DIRTY(k);
		assert_int_equal(kernel_decode_link(nlh, &k), rows[i].err);
		if (rows[i].err)
			continue;
		assert_string_equal(k.name, rows[i].name);
		assert_int_equal(k.pointopoint, i % 2);
		assert_false(k.up);
		ifi->ifi_family = AF_INET6;
		assert_int_equal(kernel_decode_link(nlh, &k), -ENOENT);
	}
	assert_int_equal(kernel_decode_link(begin(RTM_NEWLINK), &k), -EBADMSG);
}

static void test_addr6(void **state)
{
	static const uint8_t own[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};
	struct nlmsghdr *nlh = begin(RTM_NEWADDR);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	struct kaddr a;

	ifa->ifa_family = AF_INET6;
	ifa->ifa_prefixlen = 64;
	ifa->ifa_index = 7;
	ifa->ifa_flags = IFA_F_PERMANENT;
	ifa->ifa_scope = RT_SCOPE_SITE;
	mnl_attr_put(nlh, IFA_ADDRESS, 16, own); /* there is no other one */
	DIRTY(a);
	assert_int_equal(kernel_decode_addr(nlh, &a), 0);
	assert_string_equal(ADDR_STR(&a.local), "2001:db8::1");
	assert_string_equal(PREFIX_STR(&a.subnet), "2001:db8::/64");
	assert_int_equal(a.flags, IFA_F_PERMANENT);
	assert_int_equal(a.scope, RT_SCOPE_SITE);
	ifa->ifa_prefixlen = 128;
	assert_int_equal(kernel_decode_addr(nlh, &a), 0);
	ifa->ifa_prefixlen = 129;
	assert_int_equal(kernel_decode_addr(nlh, &a), -EBADMSG);
	ifa->ifa_family = AF_PACKET;
	assert_int_equal(kernel_decode_addr(nlh, &a), -ENOENT);
	nlh = begin(RTM_NEWADDR);
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = AF_INET;
	mnl_attr_put_u32(nlh, IFA_LOCAL, htonl(0xc0000202)); /* alone */
	assert_int_equal(kernel_decode_addr(nlh, &a), 0);
	assert_string_equal(ADDR_STR(&a.local), "192.0.2.2");
	mnl_attr_put_u16(nlh, IFA_ADDRESS, 1);
	assert_int_equal(kernel_decode_addr(nlh, &a), -EBADMSG);
}

static void test_many_legs(void **state)
{
	struct nexthop_grp legs[ROUTE_HOPS_MAX + 1];
	struct nlmsghdr *nlh = begin(RTM_NEWNEXTHOP);
	struct knexthop k;

	memset(legs, 0, sizeof(legs));
	for (unsigned i = 0; i < ARRAY_SIZE(legs); i++)
		legs[i] = (struct nexthop_grp){.id = i + 1, .weight = (uint8_t)(255 - i)};
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct nhmsg));
	mnl_attr_put_u32(nlh, NHA_ID, 5);
	mnl_attr_put(nlh, NHA_GROUP, sizeof(legs), legs);
	mnl_attr_put_u16(nlh, NHA_GROUP_TYPE, NEXTHOP_GRP_TYPE_MPATH);
	DIRTY(k);
	assert_int_equal(kernel_decode_nexthop(nlh, &k), 0);
	assert_int_equal(k.n, ROUTE_HOPS_MAX);
	for (unsigned i = 0; i < k.n; i++) {
		assert_int_equal(k.legs[i].id, i + 1);
		assert_int_equal(k.legs[i].weight, i ? 256 - i : 255);
	}
	assert_false(k.resilient);
	assert_true(!k.oif && !k.family && !k.protocol);
	nlh = begin(RTM_NEWNEXTHOP);
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct nhmsg));
	mnl_attr_put_u32(nlh, NHA_ID, 5);
	mnl_attr_put(nlh, NHA_GROUP, sizeof(legs[0]) + 4, legs);
	mnl_attr_put_u8(nlh, NHA_GROUP_TYPE, NEXTHOP_GRP_TYPE_RES);
	assert_int_equal(kernel_decode_nexthop(nlh, &k), 0);
	assert_int_equal(k.n, 1);
	assert_false(k.resilient);
}

/* One condition at a time that we never set, and those that say nothing. */
static void test_rule_conditions(void **state)
{
	static const struct {
		uint16_t type;
		uint32_t value;
		size_t len;
		int err;
	} rows[] = {
		{FRA_GOTO, 0, 4, -ENOENT},
		{FRA_FLOW, 0, 4, -ENOENT},
		{FRA_TUN_ID, 0, 4, -ENOENT},
		{FRA_UID_RANGE, 0, 4, -ENOENT},
		{FRA_IP_PROTO, 0, 1, -ENOENT},
		{FRA_SPORT_RANGE, 0, 4, -ENOENT},
		{FRA_DPORT_RANGE, 0, 4, -ENOENT},
		{FRA_SUPPRESS_IFGROUP, 0, 4, -ENOENT},
		{FRA_L3MDEV, 1, 1, -ENOENT},
		{FRA_L3MDEV, 0, 1, 0},
		{FRA_L3MDEV, 0, 0, 0},
		{FRA_SUPPRESS_PREFIXLEN, 1, 4, -ENOENT},
		{FRA_SUPPRESS_PREFIXLEN, UINT32_MAX, 4, 0},
		{FRA_SUPPRESS_PREFIXLEN, 0, 4, 0},
		{26, 0, 4, -ENOENT},
		{200, 0, 4, -ENOENT},
		{25, 4, 1, 0},
	};
	struct krule r;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct nlmsghdr *nlh = begin(RTM_NEWRULE);
		struct fib_rule_hdr *frh = mnl_nlmsg_put_extra_header(nlh, sizeof(*frh));

		frh->family = AF_INET6;
		frh->action = FR_ACT_TO_TBL;
		frh->table = 9;
		mnl_attr_put(nlh, rows[i].type, rows[i].len, &rows[i].value);
		DIRTY(r);
		if (kernel_decode_rule(nlh, &r) != rows[i].err)
			fail_msg("row %u", i);
		assert_int_equal(r.table, 9);
		assert_int_equal(r.action, FR_ACT_TO_TBL);
		assert_int_equal(r.tos, rows[i].type == 25 ? 16 : 0);
		assert_int_equal(r.no_default,
				 rows[i].type == FRA_SUPPRESS_PREFIXLEN && !rows[i].value);
		assert_true(!r.protocol && !r.priority && !r.fwmark && !r.fwmask && !r.source.len &&
			    !r.dst.len && !r.iif[0] && !r.oif[0]);
	}
}

static void test_rule_ends(void **state)
{
	static const uint8_t net[16] = {0x20, 1, 0xd, 0xb8};
	struct nlmsghdr *nlh = begin(RTM_NEWRULE);
	struct fib_rule_hdr *frh = mnl_nlmsg_put_extra_header(nlh, sizeof(*frh));
	struct krule r;

	frh->family = AF_INET6;
	frh->dst_len = 32;
	mnl_attr_put(nlh, FRA_DST, 16, net);
	mnl_attr_put_strz(nlh, FRA_IIFNAME, "abcdefghijklmno");
	DIRTY(r);
	assert_int_equal(kernel_decode_rule(nlh, &r), 0);
	assert_string_equal(PREFIX_STR(&r.dst), "2001:db8::/32");
	assert_string_equal(r.iif, "abcdefghijklmno");
	frh->dst_len = 128;
	assert_int_equal(kernel_decode_rule(nlh, &r), 0);
	frh->dst_len = 129;
	assert_int_equal(kernel_decode_rule(nlh, &r), -EBADMSG);
	frh->dst_len = 32;
	frh->src_len = 1;
	assert_int_equal(kernel_decode_rule(nlh, &r), -EBADMSG);
	frh->src_len = 0;
	mnl_attr_put_strz(nlh, FRA_OIFNAME, "abcdefghijklmnop");
	assert_int_equal(kernel_decode_rule(nlh, &r), -EBADMSG);
	mnl_attr_put(nlh, FRA_OIFNAME, 0, "");
	assert_int_equal(kernel_decode_rule(nlh, &r), -EBADMSG);
	frh->family = AF_PACKET;
	assert_int_equal(kernel_decode_rule(nlh, &r), -ENOENT);
	nlh = begin(RTM_NEWRULE);
	frh = mnl_nlmsg_put_extra_header(nlh, sizeof(*frh));
	frh->family = AF_INET;
	mnl_attr_put(nlh, FRA_SRC, 16, net); /* of the other family */
	assert_int_equal(kernel_decode_rule(nlh, &r), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_route),
		cmocka_unit_test(test_route_types),
		cmocka_unit_test(test_route6),
		cmocka_unit_test(test_legs),
		cmocka_unit_test(test_link_names),
		cmocka_unit_test(test_addr6),
		cmocka_unit_test(test_many_legs),
		cmocka_unit_test(test_rule_conditions),
		cmocka_unit_test(test_rule_ends),
		cmocka_unit_test(test_default_route),
		cmocka_unit_test(test_multipath),
		cmocka_unit_test(test_bad_routes),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_nexthop),
		cmocka_unit_test(test_route_by_object),
		cmocka_unit_test(test_addr),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_rule),
		cmocka_unit_test(test_icmp_rules),
		cmocka_unit_test(test_protocol_rules),
		cmocka_unit_test(test_strange_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
