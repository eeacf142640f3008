/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#ifndef IFF_LOWER_UP
#define IFF_LOWER_UP 0x10000
#endif

struct attrs {
	const struct nlattr **tb;
	unsigned max;
};

static int collect_attr(const struct nlattr *attr, void *data)
{
	struct attrs *a = data;

	if (mnl_attr_get_type(attr) <= a->max)
		a->tb[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

static uint32_t get_u32(const struct nlattr *a)
{
	return a && mnl_attr_get_payload_len(a) == 4 ? mnl_attr_get_u32(a) : 0;
}

static bool get_addr(const struct nlattr *a, uint8_t family, struct addr *to)
{
	if (mnl_attr_get_payload_len(a) != family_bytes(family))
		return false;
	*to = addr_make(family, mnl_attr_get_payload(a));
	return true;
}

static int one_way(const struct rtnexthop *leg, uint8_t family, struct way *w)
{
	const struct nlattr *a;
	int left = leg->rtnh_len - sizeof(*leg);

	*w = (struct way){.oif = leg->rtnh_ifindex};
	w->weight = leg->rtnh_hops < UINT8_MAX ? leg->rtnh_hops + 1 : UINT8_MAX;
	for (a = (const struct nlattr *)(leg + 1); mnl_attr_ok(a, left);
	     left -= MNL_ALIGN(a->nla_len), a = mnl_attr_next(a)) {
		if (mnl_attr_get_type(a) == RTA_GATEWAY && !get_addr(a, family, &w->gateway))
			return -EBADMSG;
		if (left < (int)MNL_ALIGN(a->nla_len))
			break;
	}
	return 0;
}

static int compare_ways(const void *a, const void *b)
{
	const struct way *x = a, *y = b;

	if (x->oif != y->oif)
		return x->oif < y->oif ? -1 : 1;
	return memcmp(&x->gateway, &y->gateway, sizeof(x->gateway));
}

/* What has one way only is no multipath route. The kernel's order says nothing. */
static int read_ways(const struct nlattr *mp, uint8_t family, struct kroute *r)
{
	const uint8_t *at = mnl_attr_get_payload(mp);
	size_t len = mnl_attr_get_payload_len(mp);

	do {
		const struct rtnexthop *leg = (const void *)at;
		size_t step;

		if (len < sizeof(*leg) || leg->rtnh_len < sizeof(*leg) || leg->rtnh_len > len)
			return -EBADMSG;
		if (one_way(leg, family, &r->way[r->n_ways++]) < 0)
			return -EBADMSG;
		step = MNL_ALIGN(leg->rtnh_len);
		at += step;
		len = len > step ? len - step : 0;
	} while (len && r->n_ways < ROUTE_WAYS_MAX);
	qsort(r->way, r->n_ways, sizeof(r->way[0]), compare_ways);
	r->oif = r->way[0].oif;
	r->gateway = r->way[0].gateway;
	if (r->n_ways < 2)
		r->n_ways = 0;
	return 0;
}

static int route_attrs(const struct nlattr **tb, const struct rtmsg *rtm, struct kroute *r)
{
	uint8_t zero[16] = {0};
	const void *dst = zero;

	if (rtm->rtm_dst_len > family_bits(rtm->rtm_family))
		return -EBADMSG;
	if (tb[RTA_DST]) {
		if (mnl_attr_get_payload_len(tb[RTA_DST]) != family_bytes(rtm->rtm_family))
			return -EBADMSG;
		dst = mnl_attr_get_payload(tb[RTA_DST]);
	}
	r->prefix = prefix_make(rtm->rtm_family, dst, rtm->rtm_dst_len);
	r->table = tb[RTA_TABLE] ? get_u32(tb[RTA_TABLE]) : rtm->rtm_table;
	r->metric = get_u32(tb[RTA_PRIORITY]);
	r->oif = get_u32(tb[RTA_OIF]);
	r->nhid = get_u32(tb[RTA_NH_ID]);
	if (tb[RTA_GATEWAY] && !get_addr(tb[RTA_GATEWAY], rtm->rtm_family, &r->gateway))
		return -EBADMSG;
	if (tb[RTA_PREFSRC] && !get_addr(tb[RTA_PREFSRC], rtm->rtm_family, &r->source))
		return -EBADMSG;
	if (tb[RTA_MULTIPATH] && !r->oif)
		return read_ways(tb[RTA_MULTIPATH], rtm->rtm_family, r);
	return 0;
}

int kernel_decode_route(const struct nlmsghdr *nlh, struct kroute *r)
{
	const struct nlattr *tb[RTA_MAX + 1] = {NULL};
	struct attrs a = {tb, RTA_MAX};
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);

	*r = (struct kroute){0};
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*rtm))
		return -EBADMSG;
	if (rtm->rtm_family != AF_INET && rtm->rtm_family != AF_INET6)
		return -ENOENT;
	if (rtm->rtm_flags & RTM_F_CLONED)
		return -ENOENT;
	if (rtm->rtm_type != RTN_UNICAST && rtm->rtm_type != RTN_BLACKHOLE &&
	    rtm->rtm_type != RTN_UNREACHABLE && rtm->rtm_type != RTN_PROHIBIT)
		return -ENOENT;
	if (mnl_attr_parse(nlh, sizeof(*rtm), collect_attr, &a) < 0)
		return -EBADMSG;
	r->type = rtm->rtm_type;
	r->protocol = rtm->rtm_protocol;
	r->replaced = nlh->nlmsg_flags & NLM_F_REPLACE;
	r->appended = nlh->nlmsg_flags & NLM_F_APPEND;
	r->listed = nlh->nlmsg_flags & NLM_F_MULTI;
	return route_attrs(tb, rtm, r);
}

int kernel_decode_link(const struct nlmsghdr *nlh, struct klink *k)
{
	const struct nlattr *tb[IFLA_MASTER + 1] = {NULL};
	struct attrs a = {tb, IFLA_MASTER};
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	size_t len;

	*k = (struct klink){0};
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifi))
		return -EBADMSG;
	if (ifi->ifi_family != AF_UNSPEC || ifi->ifi_index <= 0)
		return -ENOENT;
	if (mnl_attr_parse(nlh, sizeof(*ifi), collect_attr, &a) < 0 || !tb[IFLA_IFNAME])
		return -EBADMSG;
	len = mnl_attr_get_payload_len(tb[IFLA_IFNAME]);
	if (!len || len > sizeof(k->name))
		return -EBADMSG;
	memcpy(k->name, mnl_attr_get_payload(tb[IFLA_IFNAME]), len);
	k->name[sizeof(k->name) - 1] = '\0';
	k->ifindex = ifi->ifi_index;
	k->mtu = get_u32(tb[IFLA_MTU]);
	k->master = get_u32(tb[IFLA_MASTER]);
	k->up = (ifi->ifi_flags & IFF_UP) && (ifi->ifi_flags & IFF_LOWER_UP);
	k->pointopoint = ifi->ifi_flags & IFF_POINTOPOINT;
	return 0;
}

int kernel_decode_addr(const struct nlmsghdr *nlh, struct kaddr *a)
{
	const struct nlattr *tb[IFA_FLAGS + 1] = {NULL}, *local;
	struct attrs attrs = {tb, IFA_FLAGS};
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct addr far;

	*a = (struct kaddr){0};
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifa))
		return -EBADMSG;
	if (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6)
		return -ENOENT;
	if (mnl_attr_parse(nlh, sizeof(*ifa), collect_attr, &attrs) < 0)
		return -EBADMSG;
	local = tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS];
	if (!local || !get_addr(local, ifa->ifa_family, &a->local) ||
	    !get_addr(tb[IFA_ADDRESS] ? tb[IFA_ADDRESS] : local, ifa->ifa_family, &far) ||
	    ifa->ifa_prefixlen > family_bits(ifa->ifa_family))
		return -EBADMSG;
	a->subnet = prefix_make(ifa->ifa_family, far.b, ifa->ifa_prefixlen);
	a->ifindex = ifa->ifa_index;
	a->flags = tb[IFA_FLAGS] ? get_u32(tb[IFA_FLAGS]) : ifa->ifa_flags;
	a->scope = ifa->ifa_scope;
	return 0;
}

/* Those beyond our number of legs are no group of ours. */
static void read_legs(const struct nlattr *attr, struct knexthop *k)
{
	const struct nexthop_grp *g = mnl_attr_get_payload(attr);

	for (size_t left = mnl_attr_get_payload_len(attr);
	     left >= sizeof(*g) && k->n < ROUTE_HOPS_MAX; left -= sizeof(*g), g++)
		k->legs[k->n++] =
			(struct nhleg){g->id, g->weight < UINT8_MAX ? g->weight + 1 : UINT8_MAX};
}

int kernel_decode_nexthop(const struct nlmsghdr *nlh, struct knexthop *k)
{
	const struct nlattr *tb[NHA_OIF + 1] = {NULL};
	struct attrs a = {tb, NHA_OIF};
	const struct nhmsg *nhm = mnl_nlmsg_get_payload(nlh);

	*k = (struct knexthop){0};
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*nhm))
		return -EBADMSG;
	if (mnl_attr_parse(nlh, sizeof(*nhm), collect_attr, &a) < 0 || !get_u32(tb[NHA_ID]))
		return -EBADMSG;
	k->id = get_u32(tb[NHA_ID]);
	k->oif = get_u32(tb[NHA_OIF]);
	k->family = nhm->nh_family;
	k->protocol = nhm->nh_protocol;
	if (tb[NHA_GROUP])
		read_legs(tb[NHA_GROUP], k);
	k->resilient = tb[NHA_GROUP_TYPE] &&
		       mnl_attr_get_payload_len(tb[NHA_GROUP_TYPE]) >= sizeof(uint16_t) &&
		       mnl_attr_get_u16(tb[NHA_GROUP_TYPE]) == NEXTHOP_GRP_TYPE_RES;
	return 0;
}

/* Conditions that we never set: a rule that has one is none of ours, whatever its number says. */
static bool rule_is_strange(const struct fib_rule_hdr *frh, const struct nlattr **tb, bool unknown)
{
	static const uint8_t alien[] = {FRA_GOTO,      FRA_FLOW,	FRA_TUN_ID,
					FRA_UID_RANGE, FRA_SPORT_RANGE, FRA_SUPPRESS_IFGROUP};
	const struct nlattr *l3mdev = tb[FRA_L3MDEV], *suppress = tb[FRA_SUPPRESS_PREFIXLEN];

	for (unsigned i = 0; i < ARRAY_SIZE(alien); i++)
		if (tb[alien[i]])
			return true;
	if (l3mdev && mnl_attr_get_payload_len(l3mdev) && mnl_attr_get_u8(l3mdev))
		return true;
	if (suppress && get_u32(suppress) && get_u32(suppress) != UINT32_MAX)
		return true;
	return unknown || (frh->flags & FIB_RULE_INVERT);
}

/* A protocol alone, or one that says types of ICMP together with ports, as kernel_write.c does, or
 * it is none of ours. */
static bool rule_ip_protocol(const struct nlattr **tb, struct krule *r)
{
	const struct nlattr *proto = tb[FRA_IP_PROTO], *ports = tb[FRA_DPORT_RANGE];
	struct fib_rule_port_range types;

	if (!proto && !ports)
		return true;
	if (!proto || mnl_attr_get_payload_len(proto) != 1)
		return false;
	if (!ports) {
		r->ip_protocol = mnl_attr_get_u8(proto);
		return r->ip_protocol != 0;
	}
	if (mnl_attr_get_payload_len(ports) != sizeof(types) ||
	    mnl_attr_get_u8(proto) != (r->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return false;
	memcpy(&types, mnl_attr_get_payload(ports), sizeof(types));
	r->icmp_first = types.start;
	r->icmp_last = types.end;
	return r->icmp_first && r->icmp_first <= r->icmp_last;
}

static bool rule_prefix(const struct nlattr *a, uint8_t family, uint8_t len, struct prefix *to)
{
	if (len > family_bits(family) || (len && !a) ||
	    (a && mnl_attr_get_payload_len(a) != family_bytes(family)))
		return false;
	if (len)
		*to = prefix_make(family, mnl_attr_get_payload(a), len);
	return true;
}

static bool rule_if(const struct nlattr *a, char *to, size_t size)
{
	size_t len = a ? mnl_attr_get_payload_len(a) : 0;

	if (!a)
		return true;
	if (!len || len > size)
		return false;
	memcpy(to, mnl_attr_get_payload(a), len);
	to[size - 1] = '\0';
	return true;
}

/* Since 6.13; whatever the headers know, what is behind it is not ours. */
#define FRA_DSCP_LATER 25

struct rule_attrs {
	const struct nlattr *tb[FRA_DSCP_LATER];
	const struct nlattr *dscp;
	bool unknown; /* an attribute that came after our time */
};

static int collect_rule(const struct nlattr *attr, void *data)
{
	struct rule_attrs *a = data;
	uint16_t type = mnl_attr_get_type(attr);

	if (type < FRA_DSCP_LATER)
		a->tb[type] = attr;
	else if (type == FRA_DSCP_LATER)
		a->dscp = attr;
	else
		a->unknown = true;
	return MNL_CB_OK;
}

int kernel_decode_rule(const struct nlmsghdr *nlh, struct krule *r)
{
	const struct fib_rule_hdr *frh = mnl_nlmsg_get_payload(nlh);
	struct rule_attrs a = {0};
	const struct nlattr *protocol, **tb = a.tb;

	*r = (struct krule){0};
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*frh))
		return -EBADMSG;
	if (frh->family != AF_INET && frh->family != AF_INET6)
		return -ENOENT;
	if (mnl_attr_parse(nlh, sizeof(*frh), collect_rule, &a) < 0)
		return -EBADMSG;
	r->family = frh->family;
	r->action = frh->action;
	r->tos = frh->tos;
	r->table = tb[FRA_TABLE] ? get_u32(tb[FRA_TABLE]) : frh->table;
	r->priority = get_u32(tb[FRA_PRIORITY]);
	r->fwmark = get_u32(tb[FRA_FWMARK]);
	r->fwmask = get_u32(tb[FRA_FWMASK]);
	r->no_default = tb[FRA_SUPPRESS_PREFIXLEN] && !get_u32(tb[FRA_SUPPRESS_PREFIXLEN]);
	protocol = tb[FRA_PROTOCOL];
	if (protocol && mnl_attr_get_payload_len(protocol) == 1)
		r->protocol = mnl_attr_get_u8(protocol);
	if (!rule_prefix(tb[FRA_SRC], r->family, frh->src_len, &r->source) ||
	    !rule_prefix(tb[FRA_DST], r->family, frh->dst_len, &r->dst) ||
	    !rule_if(tb[FRA_IIFNAME], r->iif, sizeof(r->iif)) ||
	    !rule_if(tb[FRA_OIFNAME], r->oif, sizeof(r->oif)))
		return -EBADMSG;
	if (a.dscp && mnl_attr_get_payload_len(a.dscp) == 1)
		r->tos = mnl_attr_get_u8(a.dscp) << 2;
	return !rule_ip_protocol(tb, r) || rule_is_strange(frh, tb, a.unknown) ? -ENOENT : 0;
}
