/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel_route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "machine.h"
#include "util.h"

static int on_attr(const struct nlattr *attr, void *arg)
{
	const struct nlattr **tb = arg;

	if (mnl_attr_type_valid(attr, RTA_MAX) == 1)
		tb[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

/* A path MTU that the kernel found out stands among the metrics. */
static int on_metric(const struct nlattr *attr, void *arg)
{
	uint32_t *mtu = arg;

	if (mnl_attr_get_type(attr) == RTAX_MTU && mnl_attr_get_payload_len(attr) == sizeof(*mtu))
		*mtu = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static int kernel_on_route(const struct nlmsghdr *nlh, void *arg)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[RTA_MAX + 1] = {0};
	struct kernel_route *out = arg;

	mnl_attr_parse(nlh, sizeof(*rtm), on_attr, tb);
	out->local = rtm->rtm_type == RTN_LOCAL;
	if (tb[RTA_OIF])
		if_indextoname(mnl_attr_get_u32(tb[RTA_OIF]), out->interface);
	if (tb[RTA_GATEWAY] &&
	    mnl_attr_get_payload_len(tb[RTA_GATEWAY]) == family_bytes(rtm->rtm_family))
		out->gateway = addr_make(rtm->rtm_family, mnl_attr_get_payload(tb[RTA_GATEWAY]));
	if (tb[RTA_METRICS])
		mnl_attr_parse_nested(tb[RTA_METRICS], on_metric, &out->mtu);
	if (!out->mtu)
		out->mtu = machine_mtu(out->interface);
	return MNL_CB_STOP;
}

/* What a packet looks like, besides its destination; 0 and NULL: nothing special. */
struct flow {
	uint32_t oif, iif, mark;
	const struct addr *src;
	bool error; /* it is an ICMP error */
};

#define TOO_BIG4 (ICMP_DEST_UNREACH << 8 | ICMP_FRAG_NEEDED)
#define TOO_BIG6 (ICMPV6_PKT_TOOBIG << 8)

/* Type and code stand where ports do. */
static void put_error(struct nlmsghdr *nlh, uint8_t family)
{
	bool four = family == AF_INET;

	mnl_attr_put_u8(nlh, RTA_IP_PROTO, four ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	mnl_attr_put_u16(nlh, RTA_DPORT, htons(four ? TOO_BIG4 : TOO_BIG6));
}

#define BUFFER_BYTES 8192 /* of libmnl: no message is larger */

static int exchange(struct mnl_socket *nl, const struct addr *to, const struct flow *flow,
		    struct kernel_route *out)
{
	char buf[BUFFER_BYTES];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm;
	ssize_t n;

	nlh->nlmsg_type = RTM_GETROUTE;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = 1;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = to->family;
	rtm->rtm_dst_len = family_bits(to->family);
	mnl_attr_put(nlh, RTA_DST, family_bytes(to->family), to->b);
	if (flow->src) {
		rtm->rtm_src_len = family_bits(to->family);
		mnl_attr_put(nlh, RTA_SRC, family_bytes(to->family), flow->src->b);
	}
	if (flow->oif)
		mnl_attr_put_u32(nlh, RTA_OIF, flow->oif);
	if (flow->iif)
		mnl_attr_put_u32(nlh, RTA_IIF, flow->iif);
	if (flow->mark)
		mnl_attr_put_u32(nlh, RTA_MARK, flow->mark);
	if (flow->error)
		put_error(nlh, to->family);
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
	if (n < 0 || mnl_cb_run(buf, n, 1, mnl_socket_get_portid(nl), kernel_on_route, out) < 0)
		return -errno;
	return 0;
}

static int get(const struct addr *to, const struct flow *flow, struct kernel_route *out)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int err;

	*out = (struct kernel_route){0};
	if (!nl)
		return -errno;
	err = mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno : exchange(nl, to, flow, out);
	mnl_socket_close(nl);
	return err;
}

int kernel_route_get(const struct addr *to, struct kernel_route *out)
{
	return get(to, &(struct flow){0}, out);
}

int kernel_route_get_marked(const struct addr *to, uint32_t mark, struct kernel_route *out)
{
	return get(to, &(struct flow){.mark = mark}, out);
}

/* 0: there is none. Asked for a name that it does not know the kernel would load a module of that
 * name for who is root, and others may ask root: so all names are asked for. */
static uint32_t index_of(const char *interface)
{
	struct if_nameindex *all = if_nameindex();
	uint32_t index = 0;

	for (const struct if_nameindex *i = all; i && i->if_name; i++)
		if (str_eq(i->if_name, interface))
			index = i->if_index;
	if (all)
		if_freenameindex(all);
	return index;
}

int kernel_route_get_bound(const struct addr *to, const char *from, struct kernel_route *out)
{
	uint32_t oif = index_of(from);

	return oif ? get(to, &(struct flow){.oif = oif}, out) : -ENODEV;
}

int kernel_route_get_from(const struct addr *to, const char *from, const struct addr *src,
			  struct kernel_route *out)
{
	uint32_t oif = *from ? index_of(from) : 0;

	return oif || !*from ? get(to, &(struct flow){.oif = oif, .src = src}, out) : -ENODEV;
}

int kernel_route_get_forwarded(const struct addr *to, const char *from, const struct addr *src,
			       struct kernel_route *out)
{
	uint32_t iif = index_of(from);

	return iif ? get(to, &(struct flow){.iif = iif, .src = src}, out) : -ENODEV;
}

int kernel_route_get_error(const struct addr *to, const struct addr *src, struct kernel_route *out)
{
	return get(to, &(struct flow){.src = src, .error = true}, out);
}
