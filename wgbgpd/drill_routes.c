/* SPDX-License-Identifier: BSD-2-Clause */
#include "drill_routes.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "loop.h"
#include "util.h"

#define READ_BYTES 65536
#define RECEIVE_BYTES (16 << 20) /* ten thousands of routes may move at once */

static struct {
	struct mnl_socket *nl; /* NULL: not watching */
	struct watch watch;
	uint32_t ifindex;
	uint8_t protocol;
	struct drill_moves away, back;
} routes;

static int on_route_attr(const struct nlattr *attr, void *arg)
{
	uint32_t *oif = arg;

	if (mnl_attr_get_type(attr) == RTA_OIF && mnl_attr_get_payload_len(attr) == sizeof(*oif))
		*oif = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static int on_nexthop_attr(const struct nlattr *attr, void *arg)
{
	uint32_t *oif = arg;

	if (mnl_attr_get_type(attr) == NHA_OIF && mnl_attr_get_payload_len(attr) == sizeof(*oif))
		*oif = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static void note(uint32_t oif)
{
	struct drill_moves *m = oif == routes.ifindex ? &routes.back : &routes.away;

	if (!oif)
		return;
	m->last = now_us();
	if (!m->writes++)
		m->first = m->last;
}

static int on_message(const struct nlmsghdr *nlh, void *arg)
{
	uint32_t oif = 0;

	if (nlh->nlmsg_type == RTM_NEWROUTE) {
		const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);

		mnl_attr_parse(nlh, sizeof(*rtm), on_route_attr, &oif);
		if (rtm->rtm_protocol == routes.protocol)
			note(oif);
	} else if (nlh->nlmsg_type == RTM_NEWNEXTHOP) {
		const struct nhmsg *nhm = mnl_nlmsg_get_payload(nlh);

		mnl_attr_parse(nlh, sizeof(*nhm), on_nexthop_attr, &oif);
		if (nhm->nh_protocol == routes.protocol)
			note(oif);
	}
	return MNL_CB_OK;
}

static void on_readable(int fd, short what, void *arg)
{
	static char buf[READ_BYTES];

	for (;;) {
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

		if (n > 0)
			mnl_cb_run(buf, n, 0, 0, on_message, NULL);
		else if (errno !=
			 ENOBUFS) /* some were missed: the count is too low, the times are not */
			return;
	}
}

static int subscribe(struct mnl_socket *nl)
{
	static const int groups[] = {RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_NEXTHOP};
	int bytes = RECEIVE_BYTES, fd = mnl_socket_get_fd(nl);

	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		if (mnl_socket_setsockopt(nl, NETLINK_ADD_MEMBERSHIP, (void *)&groups[i],
					  sizeof(groups[i])) < 0)
			return -errno;
	return 0;
}

int drill_routes_start(uint32_t ifindex, uint8_t protocol)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int err;

	if (!nl)
		return -errno;
	err = subscribe(nl);
	if (err < 0) {
		mnl_socket_close(nl);
		return err;
	}
	drill_routes_stop();
	routes.nl = nl;
	routes.ifindex = ifindex;
	routes.protocol = protocol;
	drill_routes_reset();
	watch_init(&routes.watch, mnl_socket_get_fd(nl), EV_READ, on_readable, NULL);
	watch_on(&routes.watch);
	return 0;
}

struct drill_moves drill_routes_away(void)
{
	return routes.away;
}

struct drill_moves drill_routes_back(void)
{
	return routes.back;
}

void drill_routes_reset(void)
{
	routes.away = routes.back = (struct drill_moves){0};
}

void drill_routes_stop(void)
{
	if (!routes.nl)
		return;
	watch_off(&routes.watch);
	mnl_socket_close(routes.nl);
	routes.nl = NULL;
}
