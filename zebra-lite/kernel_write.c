/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "nl_batch.h"
#include "zconfig.h"

#define RESILIENT_BUCKETS 512
#define RESILIENT_IDLE_S 10

static struct nl_batch *batch; /* of requests that wait for their answer */
static int answer;	       /* also their cookie */

static void on_error(void *arg, void *cookie, int err)
{
	if (cookie == &answer)
		answer = err;
}

int kernel_write_start(void)
{
	batch = nl_batch_new(NETLINK_ROUTE, on_error, NULL);
	return batch ? kernel_thread_start() : -errno;
}

void kernel_write_stop(void)
{
	kernel_thread_stop();
	nl_batch_free(batch);
	batch = NULL;
}

uint32_t kernel_write_portid(void)
{
	return nl_batch_portid(batch);
}

static void put_addr(struct nlmsghdr *nlh, uint16_t type, const struct addr *a)
{
	mnl_attr_put(nlh, type, family_bytes(a->family), a->b);
}

static void put_ways(struct nlmsghdr *nlh, const struct kroute *r)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, RTA_MULTIPATH);

	for (unsigned i = 0; i < r->n_ways; i++) {
		const struct way *w = &r->way[i];
		struct rtnexthop *leg = mnl_nlmsg_get_payload_tail(nlh);

		*leg = (struct rtnexthop){.rtnh_ifindex = (int)w->oif, .rtnh_hops = w->weight - 1};
		nlh->nlmsg_len += sizeof(*leg);
		if (w->gateway.family)
			put_addr(nlh, RTA_GATEWAY, &w->gateway);
		leg->rtnh_len = (uint8_t *)mnl_nlmsg_get_payload_tail(nlh) - (uint8_t *)leg;
	}
	mnl_attr_nest_end(nlh, nest);
}

/* The kernel looks for a gateway only from a scope that is wider than the link's. */
static bool has_gateway(const struct kroute *r)
{
	bool any = r->gateway.family;

	for (unsigned i = 0; i < r->n_ways && !any; i++)
		any = r->way[i].gateway.family;
	return any;
}

static void put_route(struct nl_batch *b, enum route_op op, const struct kroute *r, void *cookie)
{
	/* Of a link-local host the routes of other links stand beside it, and stay. */
	static const uint16_t flags[][2] = {
		[ROUTE_ADD] = {NLM_F_CREATE | NLM_F_EXCL, NLM_F_CREATE},
		[ROUTE_CHANGE] = {NLM_F_CREATE | NLM_F_REPLACE, NLM_F_CREATE},
		[ROUTE_DEL] = {0, 0},
	};
	struct addr on = addr_of_prefix(&r->prefix), dst = addr_off_link(&on);
	bool of_link = addr_has_link(&on);
	struct nlmsghdr *nlh = nl_batch_begin(b, op == ROUTE_DEL ? RTM_DELROUTE : RTM_NEWROUTE,
					      flags[op][of_link], cookie);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	rtm->rtm_family = r->prefix.family;
	rtm->rtm_dst_len = r->prefix.len;
	rtm->rtm_table = r->table < 256 ? r->table : RT_TABLE_UNSPEC;
	rtm->rtm_protocol = r->protocol;
	rtm->rtm_type = r->type;
	rtm->rtm_scope = r->type == RTN_UNICAST && !has_gateway(r) && r->prefix.family == AF_INET
				 ? RT_SCOPE_LINK
				 : RT_SCOPE_UNIVERSE;
	if (op == ROUTE_DEL && r->prefix.family == AF_INET)
		rtm->rtm_scope = RT_SCOPE_NOWHERE; /* whatever it is */
	put_addr(nlh, RTA_DST, &dst);
	mnl_attr_put_u32(nlh, RTA_TABLE, r->table);
	mnl_attr_put_u32(nlh, RTA_PRIORITY, r->metric);
	if (op == ROUTE_DEL && of_link && r->oif)
		mnl_attr_put_u32(nlh, RTA_OIF, r->oif);
	if (op != ROUTE_DEL && r->nhid) {
		mnl_attr_put_u32(nlh, RTA_NH_ID, r->nhid);
	} else if (op != ROUTE_DEL && r->n_ways) {
		put_ways(nlh, r);
	} else if (op != ROUTE_DEL) {
		if (r->oif)
			mnl_attr_put_u32(nlh, RTA_OIF, r->oif);
		if (r->gateway.family)
			put_addr(nlh, RTA_GATEWAY, &r->gateway);
		if (r->source.family)
			put_addr(nlh, RTA_PREFSRC, &r->source);
	}
	nl_batch_end(b, nlh);
}

void kernel_write_route(enum route_op op, const struct kroute *r, void *cookie)
{
	put_route(kernel_thread_batch(), op, r, cookie);
}

static void put_nexthop(uint16_t type, uint16_t flags, uint32_t id, uint32_t oif, uint8_t family,
			uint8_t protocol, void *cookie)
{
	struct nlmsghdr *nlh = nl_batch_begin(batch, type, flags, cookie);
	struct nhmsg *nhm = mnl_nlmsg_put_extra_header(nlh, sizeof(*nhm));

	nhm->nh_family = family;
	nhm->nh_protocol = protocol;
	mnl_attr_put_u32(nlh, NHA_ID, id);
	if (oif)
		mnl_attr_put_u32(nlh, NHA_OIF, oif);
	nl_batch_end(batch, nlh);
}

static int flush_for_answer(void)
{
	int err = nl_batch_flush(batch);

	if (err < 0)
		out.resync("errors of changes were lost");
	return answer ? answer : err;
}

int kernel_write_route_now(enum route_op op, const struct kroute *r)
{
	answer = 0;
	put_route(batch, op, r, &answer);
	return flush_for_answer();
}

int kernel_write_nexthop(uint32_t id, uint32_t oif, uint8_t family, uint8_t protocol, bool create)
{
	answer = 0;
	put_nexthop(RTM_NEWNEXTHOP, create ? NLM_F_CREATE | NLM_F_EXCL : NLM_F_REPLACE, id, oif,
		    family, protocol, &answer);
	return flush_for_answer();
}

/* Flows share buckets; one that was idle for so long may move to a hop that has too few. */
static void put_resilient(struct nlmsghdr *nlh)
{
	struct nlattr *nest;

	mnl_attr_put_u16(nlh, NHA_GROUP_TYPE, NEXTHOP_GRP_TYPE_RES);
	nest = mnl_attr_nest_start(nlh, NHA_RES_GROUP);
	mnl_attr_put_u16(nlh, NHA_RES_GROUP_BUCKETS, RESILIENT_BUCKETS);
	mnl_attr_put_u32(nlh, NHA_RES_GROUP_IDLE_TIMER, RESILIENT_IDLE_S * 100); /* USER_HZ */
	mnl_attr_nest_end(nlh, nest);
}

int kernel_write_group(uint32_t id, const struct nhleg *legs, unsigned n, bool resilient,
		       uint8_t protocol, bool create)
{
	struct nexthop_grp grp[ROUTE_HOPS_MAX] = {0};
	struct nlmsghdr *nlh = nl_batch_begin(
		batch, RTM_NEWNEXTHOP, create ? NLM_F_CREATE | NLM_F_EXCL : NLM_F_REPLACE, &answer);
	struct nhmsg *nhm = mnl_nlmsg_put_extra_header(nlh, sizeof(*nhm));

	answer = 0;
	nhm->nh_family = AF_UNSPEC;
	nhm->nh_protocol = protocol;
	for (unsigned i = 0; i < n; i++)
		grp[i] = (struct nexthop_grp){.id = legs[i].id, .weight = legs[i].weight - 1};
	mnl_attr_put_u32(nlh, NHA_ID, id);
	mnl_attr_put(nlh, NHA_GROUP, n * sizeof(grp[0]), grp);
	if (resilient)
		put_resilient(nlh);
	nl_batch_end(batch, nlh);
	return flush_for_answer();
}

void kernel_delete_nexthop(uint32_t id)
{
	put_nexthop(RTM_DELNEXTHOP, 0, id, 0, AF_UNSPEC, 0, NULL);
	nl_batch_flush(batch);
}

#define FRA_DSCP_LATER 25 /* since 6.13; older kernels pass over what they do not know */

static bool has_dscp(void)
{
	unsigned major, minor;
	struct utsname u;

	return uname(&u) == 0 && sscanf(u.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 13));
}

/* The kernel compares the port's place in a flow, where type and code of ICMP stand. */
static void put_ip_protocol(struct nlmsghdr *nlh, const struct krule *r)
{
	struct fib_rule_port_range types = {.start = r->icmp_first, .end = r->icmp_last};

	if (r->ip_protocol)
		mnl_attr_put_u8(nlh, FRA_IP_PROTO, r->ip_protocol);
	if (!r->icmp_first)
		return;
	mnl_attr_put_u8(nlh, FRA_IP_PROTO, r->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	mnl_attr_put(nlh, FRA_DPORT_RANGE, sizeof(types), &types);
}

int kernel_write_rule(bool add, const struct krule *r)
{
	struct nlmsghdr *nlh = nl_batch_begin(batch, add ? RTM_NEWRULE : RTM_DELRULE,
					      add ? NLM_F_CREATE | NLM_F_EXCL : 0, &answer);
	struct fib_rule_hdr *frh = mnl_nlmsg_put_extra_header(nlh, sizeof(*frh));
	struct addr source = addr_of_prefix(&r->source), dst = addr_of_prefix(&r->dst);

	answer = 0;
	frh->family = r->family;
	frh->action = r->action;
	if (r->family == AF_INET && (r->tos & ~0x1c) && has_dscp())
		mnl_attr_put_u8(nlh, FRA_DSCP_LATER, r->tos >> 2);
	else
		frh->tos = r->tos;
	frh->table = r->table < 256 ? r->table : RT_TABLE_UNSPEC;
	frh->src_len = r->source.len;
	frh->dst_len = r->dst.len;
	mnl_attr_put_u32(nlh, FRA_TABLE, r->table);
	mnl_attr_put_u32(nlh, FRA_PRIORITY, r->priority);
	mnl_attr_put_u8(nlh, FRA_PROTOCOL, r->protocol);
	if (r->fwmask) {
		mnl_attr_put_u32(nlh, FRA_FWMARK, r->fwmark);
		mnl_attr_put_u32(nlh, FRA_FWMASK, r->fwmask);
	}
	if (r->no_default)
		mnl_attr_put_u32(nlh, FRA_SUPPRESS_PREFIXLEN, 0);
	if (r->source.len)
		put_addr(nlh, FRA_SRC, &source);
	if (r->dst.len)
		put_addr(nlh, FRA_DST, &dst);
	if (r->iif[0])
		mnl_attr_put_strz(nlh, FRA_IIFNAME, r->iif);
	if (r->oif[0])
		mnl_attr_put_strz(nlh, FRA_OIFNAME, r->oif);
	put_ip_protocol(nlh, r);
	nl_batch_end(batch, nlh);
	return flush_for_answer();
}
