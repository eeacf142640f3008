/* SPDX-License-Identifier: BSD-2-Clause */
#include "host_links.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#define BUFFER_BYTES 32768 /* as many as the kernel fills at a time */
#define TRIES_MAX 5	   /* an interface that comes or goes spoils a dump: EINTR */

struct link_attrs {
	const char *name;
	const struct nlattr *stats;
};

static int link_on_attr(const struct nlattr *attr, void *arg)
{
	struct link_attrs *a = arg;

	if (mnl_attr_get_type(attr) == IFLA_IFNAME &&
	    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
		a->name = mnl_attr_get_str(attr);
	if (mnl_attr_get_type(attr) == IFLA_STATS64)
		a->stats = attr;
	return MNL_CB_OK;
}

/* An older or newer kernel has fewer or more of them. */
static struct rtnl_link_stats64 stats_of(const struct nlattr *attr)
{
	struct rtnl_link_stats64 stats = {0};
	size_t len = mnl_attr_get_payload_len(attr);

	memcpy(&stats, mnl_attr_get_payload(attr), len < sizeof(stats) ? len : sizeof(stats));
	return stats;
}

static int host_on_link(const struct nlmsghdr *nlh, void *arg)
{
	struct link_attrs a = {NULL, NULL};
	struct rtnl_link_stats64 s;
	json_t *rows = arg;

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return MNL_CB_OK;
	mnl_attr_parse(nlh, sizeof(struct ifinfomsg), link_on_attr, &a);
	if (!a.name || !a.stats)
		return MNL_CB_OK;
	s = stats_of(a.stats);
	json_array_append_new(rows, json_pack("{s:s, s:I, s:I, s:I, s:I}", "name", a.name,
					      "rx-errors", (json_int_t)s.rx_errors, "tx-errors",
					      (json_int_t)s.tx_errors, "rx-dropped",
					      (json_int_t)s.rx_dropped, "tx-dropped",
					      (json_int_t)s.tx_dropped));
	return MNL_CB_OK;
}

static int send_question(struct mnl_socket *nl)
{
	char buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = 1;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	return mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0 ? -1 : 0;
}

/* 0, or -1 with errno. */
static int dump(struct mnl_socket *nl, json_t *rows)
{
	char buf[BUFFER_BYTES];
	int more = MNL_CB_OK;

	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 || send_question(nl) < 0)
		return -1;
	while (more > MNL_CB_STOP) {
		ssize_t n = mnl_socket_recvfrom(nl, buf, sizeof(buf));

		more = n < 0 ? -1
			     : mnl_cb_run(buf, (size_t)n, 1, mnl_socket_get_portid(nl),
					  host_on_link, rows);
	}
	return more;
}

static json_t *links_now(void)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	json_t *rows = json_array();
	int err = nl ? dump(nl, rows) : -1, why = errno;

	if (nl)
		mnl_socket_close(nl);
	if (err == 0)
		return rows;
	json_decref(rows);
	errno = why;
	return NULL;
}

json_t *host_links(void)
{
	json_t *rows = links_now();

	for (unsigned i = 1; i < TRIES_MAX && !rows && errno == EINTR; i++)
		rows = links_now();
	return rows;
}
