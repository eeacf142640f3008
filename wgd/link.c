/* SPDX-License-Identifier: BSD-2-Clause */
#include "link.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <stdlib.h>
#include <string.h>

#include "loop.h"
#include "util.h"

#ifndef IFF_LOWER_UP
#define IFF_LOWER_UP (1 << 16)
#endif

static struct nl_sock *sock;
static struct mnl_socket *events;
static struct watch events_watch;
static link_event_fn event_fn;
static void *event_arg;

/* libnl's error numbers as errno values. */
static int error_of(int nl_error)
{
	switch (nl_error < 0 ? -nl_error : 0) {
	case 0:
		return 0;
	case NLE_NODEV:
	case NLE_OBJ_NOTFOUND:
		return -ENODEV;
	case NLE_EXIST:
		return -EEXIST;
	case NLE_OPNOTSUPP:
		return -EOPNOTSUPP;
	case NLE_PERM:
		return -EPERM;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_BUSY:
		return -EBUSY;
	case NLE_NOADDR:
		return -EADDRNOTAVAIL;
	default:
		return -EINVAL;
	}
}

void link_open(void)
{
	sock = nl_socket_alloc();
	if (!sock || nl_connect(sock, NETLINK_ROUTE) < 0)
		fatal("no rtnetlink socket");
}

void link_close(void)
{
	watch_off(&events_watch);
	if (events)
		mnl_socket_close(events);
	events = NULL;
	nl_socket_free(sock);
	sock = NULL;
}

int link_get(const char *ifname, struct link_info *out)
{
	struct rtnl_link *link;
	const char *text;
	int err = rtnl_link_get_kernel(sock, 0, ifname, &link);
	unsigned flags;

	if (err < 0)
		return error_of(err);
	*out = (struct link_info){.ifindex = rtnl_link_get_ifindex(link),
				  .mtu = rtnl_link_get_mtu(link),
				  .frame_errors = rtnl_link_get_stat(link, RTNL_LINK_RX_FRAME_ERR)};
	flags = rtnl_link_get_flags(link);
	out->admin_up = flags & IFF_UP;
	out->running = flags & IFF_LOWER_UP;
	text = rtnl_link_get_type(link);
	str_copy(out->kind, text ? text : "", sizeof(out->kind));
	text = rtnl_link_get_ifalias(link);
	str_copy(out->alias, text ? text : "", sizeof(out->alias));
	rtnl_link_put(link);
	return 0;
}

struct each {
	void (*fn)(void *arg, const char *ifname, int ifindex);
	void *arg;
};

static void each_ours(struct nl_object *object, void *arg)
{
	struct rtnl_link *link = (struct rtnl_link *)object;
	const char *alias = rtnl_link_get_ifalias(link);
	struct each *each = arg;

	if (alias && str_eq(alias, LINK_ALIAS))
		each->fn(each->arg, rtnl_link_get_name(link), rtnl_link_get_ifindex(link));
}

int link_each_ours(void (*fn)(void *arg, const char *ifname, int ifindex), void *arg)
{
	struct each each = {fn, arg};
	struct nl_cache *cache;
	int err = rtnl_link_alloc_cache(sock, AF_UNSPEC, &cache);

	if (err < 0)
		return error_of(err);
	nl_cache_foreach(cache, each_ours, &each);
	nl_cache_free(cache);
	return 0;
}

int link_create(const char *ifname)
{
	struct rtnl_link *link = rtnl_link_alloc();
	int err;

	rtnl_link_set_name(link, ifname);
	rtnl_link_set_type(link, "wireguard");
	err = rtnl_link_add(sock, link, NLM_F_CREATE | NLM_F_EXCL);
	rtnl_link_put(link);
	return error_of(err);
}

int link_delete(int ifindex)
{
	struct rtnl_link *link = rtnl_link_alloc();
	int err;

	rtnl_link_set_ifindex(link, ifindex);
	err = rtnl_link_delete(sock, link);
	rtnl_link_put(link);
	return error_of(err);
}

/* Changes the link by the difference of TO from an object that knows the index only. */
static int change(int ifindex, struct rtnl_link *to)
{
	struct rtnl_link *from = rtnl_link_alloc();
	int err;

	rtnl_link_set_ifindex(from, ifindex);
	err = rtnl_link_change(sock, from, to, 0);
	rtnl_link_put(from);
	rtnl_link_put(to);
	return error_of(err);
}

int link_set_alias(int ifindex, const char *alias)
{
	struct rtnl_link *to = rtnl_link_alloc();

	rtnl_link_set_ifalias(to, alias);
	return change(ifindex, to);
}

int link_set_mtu(int ifindex, uint32_t mtu)
{
	struct rtnl_link *to = rtnl_link_alloc();

	rtnl_link_set_mtu(to, mtu);
	return change(ifindex, to);
}

int link_set_up(int ifindex, bool up)
{
	struct rtnl_link *to = rtnl_link_alloc();

	if (up)
		rtnl_link_set_flags(to, IFF_UP);
	else
		rtnl_link_unset_flags(to, IFF_UP);
	return change(ifindex, to);
}

struct collect {
	int ifindex;
	struct tunnel_addr *addrs;
	size_t n;
};

static void collect_addr(struct nl_object *object, void *arg)
{
	struct collect *c = arg;
	struct rtnl_addr *a = (struct rtnl_addr *)object;
	struct nl_addr *local = rtnl_addr_get_local(a);
	struct addr addr;

	if (rtnl_addr_get_ifindex(a) != c->ifindex || !local)
		return;
	if (nl_addr_get_family(local) != AF_INET && nl_addr_get_family(local) != AF_INET6)
		return;
	addr = addr_make(nl_addr_get_family(local), nl_addr_get_binary_addr(local));
	if (addr.family == AF_INET6 && addr_is_link_local(&addr))
		return;
	c->addrs = xrealloc(c->addrs, (c->n + 1) * sizeof(*c->addrs));
	c->addrs[c->n++] = (struct tunnel_addr){addr, rtnl_addr_get_prefixlen(a)};
}

int link_addrs(int ifindex, struct tunnel_addr **out, size_t *n)
{
	struct collect c = {.ifindex = ifindex};
	struct nl_cache *cache;
	int err = rtnl_addr_alloc_cache(sock, &cache);

	*out = NULL;
	*n = 0;
	if (err < 0)
		return error_of(err);
	nl_cache_foreach(cache, collect_addr, &c);
	nl_cache_free(cache);
	*out = c.addrs;
	*n = c.n;
	return 0;
}

static struct rtnl_addr *make_addr(int ifindex, const struct tunnel_addr *a)
{
	struct rtnl_addr *out = rtnl_addr_alloc();
	struct nl_addr *local =
		nl_addr_build(a->addr.family, a->addr.b, family_bytes(a->addr.family));

	nl_addr_set_prefixlen(local, a->len);
	rtnl_addr_set_ifindex(out, ifindex);
	rtnl_addr_set_local(out, local);
	nl_addr_put(local);
	return out;
}

int link_add_addr(int ifindex, const struct tunnel_addr *a)
{
	struct rtnl_addr *addr = make_addr(ifindex, a);
	int err = error_of(rtnl_addr_add(sock, addr, 0));

	rtnl_addr_put(addr);
	return err == -EEXIST ? 0 : err;
}

int link_delete_addr(int ifindex, const struct tunnel_addr *a)
{
	struct rtnl_addr *addr = make_addr(ifindex, a);
	int err = error_of(rtnl_addr_delete(sock, addr, 0));

	rtnl_addr_put(addr);
	return err;
}

static int link_attr(const struct nlattr *attr, void *arg)
{
	const char **name = arg;

	if (mnl_attr_get_type(attr) == IFLA_IFNAME &&
	    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
		*name = mnl_attr_get_str(attr);
	return MNL_CB_OK;
}

static int on_message(const struct nlmsghdr *nlh, void *arg)
{
	const char *name = NULL;

	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK: {
		const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

		if (ifi->ifi_family == AF_INET6) { /* it was switched on or off there */
			event_fn(event_arg, NULL, ifi->ifi_index, false);
			break;
		}
		mnl_attr_parse(nlh, sizeof(*ifi), link_attr, &name);
		event_fn(event_arg, name, ifi->ifi_index,
			 nlh->nlmsg_type == RTM_DELLINK && ifi->ifi_family == AF_UNSPEC);
		break;
	}
	case RTM_NEWADDR:
	case RTM_DELADDR: {
		const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);

		event_fn(event_arg, NULL, ifa->ifa_index, false);
		break;
	}
	}
	return MNL_CB_OK;
}

static void on_events(int fd, short what, void *arg)
{
	char buf[16384] __attribute__((aligned(8)));
	ssize_t n;

	for (int i = 0; i < 64; i++) {
		n = mnl_socket_recvfrom(events, buf, sizeof(buf));
		if (n < 0 && errno == ENOBUFS)
			event_fn(event_arg, NULL, 0, false);
		if (n <= 0)
			return;
		mnl_cb_run(buf, n, 0, 0, on_message, NULL);
	}
}

void link_watch(link_event_fn fn, void *arg)
{
	event_fn = fn;
	event_arg = arg;
	events = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!events || mnl_socket_bind(events,
				       RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
					       RTMGRP_IPV6_IFINFO,
				       MNL_SOCKET_AUTOPID) < 0)
		fatal("no rtnetlink event socket");
	watch_init(&events_watch, mnl_socket_get_fd(events), EV_READ, on_events, NULL);
	watch_on(&events_watch);
}
