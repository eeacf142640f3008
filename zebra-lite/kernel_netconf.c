/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Settings of interfaces, by rtnetlink: zebra-lite opens no file for reading, and a container may
 * have no /proc/sys.
 */
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include "kernel.h"

static int take_rp_filter(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct netconfmsg)) if (mnl_attr_get_type(attr) ==
								    NETCONFA_RP_FILTER) *
		(int *)data = (int)mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

/* One question, one answer, which the kernel has ready when the question was sent. */
static int read_rp_filter(int32_t ifindex)
{
	_Alignas(struct nlmsghdr) uint8_t buffer[1024];
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct netconfmsg *m;
	int value = -1;
	ssize_t n;

	nlh->nlmsg_type = RTM_GETNETCONF;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	m = mnl_nlmsg_put_extra_header(nlh, sizeof(*m));
	m->ncm_family = AF_INET;
	mnl_attr_put_u32(nlh, NETCONFA_IFINDEX, (uint32_t)ifindex);
	if (!nl)
		return -1;
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) > 0 &&
	    (n = mnl_socket_recvfrom(nl, buffer, sizeof(buffer))) > 0)
		mnl_cb_run(buffer, (size_t)n, 0, 0, take_rp_filter, &value);
	mnl_socket_close(nl);
	return value;
}

int kernel_rp_filter(const char *ifname)
{
	uint32_t ifindex = kernel_link_by_name(ifname);
	int all = read_rp_filter(NETCONFA_IFINDEX_ALL);
	int own = ifindex ? read_rp_filter((int32_t)ifindex) : -1;

	return all > own ? all : own;
}
