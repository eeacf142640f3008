/* SPDX-License-Identifier: BSD-2-Clause */
#include "session_local.h"

#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer_way.h"
#include "util.h"

struct own {
	struct addr addr;
	uint32_t ifindex;
	uint8_t len;   /* of its network */
	uint8_t worth; /* as a next hop */
};

struct owns {
	struct own *v; /* owned */
	size_t n;
};

/* Of IPv4 the first one is taken. */
static uint8_t worth_of(uint8_t family, uint32_t flags)
{
	if (family == AF_INET)
		return 4;
	if (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED))
		return 1;
	if (flags & (IFA_F_TEMPORARY | IFA_F_DEPRECATED))
		return 2;
	return flags & IFA_F_PERMANENT ? 4 : 3;
}

static void own_add(struct owns *all, const struct nlmsghdr *nlh)
{
	const struct ifaddrmsg *ifa = NLMSG_DATA(nlh);
	const uint8_t *local = NULL, *address = NULL;
	uint32_t flags = ifa->ifa_flags;
	int left = (int)IFA_PAYLOAD(nlh);

	if (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6)
		return;
	for (const struct rtattr *a = IFA_RTA(ifa); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == IFA_FLAGS && RTA_PAYLOAD(a) >= sizeof(flags))
			memcpy(&flags, RTA_DATA(a), sizeof(flags));
		if (RTA_PAYLOAD(a) < family_bytes(ifa->ifa_family))
			continue;
		if (a->rta_type == IFA_LOCAL)
			local = RTA_DATA(a);
		else if (a->rta_type == IFA_ADDRESS)
			address = RTA_DATA(a);
	}
	if (!local && !address)
		return;
	if (!(all->n & (all->n + 1))) /* room for 1, 3, 7, … */
		all->v = xrealloc(all->v, (2 * all->n + 2) * sizeof(*all->v));
	all->v[all->n++] = (struct own){
		.addr = addr_make(ifa->ifa_family, local ? local : address),
		.ifindex = ifa->ifa_index,
		.len = ifa->ifa_prefixlen,
		.worth = worth_of(ifa->ifa_family, flags),
	};
}

/* True: more is to come. */
static bool owns_add(struct owns *all, const void *buf, size_t len)
{
	const struct nlmsghdr *nlh = buf;

	for (; NLMSG_OK(nlh, len); nlh = NLMSG_NEXT(nlh, len)) {
		if (nlh->nlmsg_type == RTM_NEWADDR &&
		    nlh->nlmsg_len >= NLMSG_SPACE(sizeof(struct ifaddrmsg)))
			own_add(all, nlh);
		else if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR)
			return false;
	}
	return true;
}

/* All addresses of the machine; what the kernel does not tell is left out. The caller's to free. */
static struct owns owns_read(void)
{
	struct {
		struct nlmsghdr nlh;
		struct ifaddrmsg ifa;
	} ask = {.nlh = {.nlmsg_len = sizeof(ask),
			 .nlmsg_type = RTM_GETADDR,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}};
	static char buf[32768] __attribute__((aligned(8)));
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct owns all = {0};
	ssize_t n;

	if (fd < 0)
		return all;
	if (send(fd, &ask, sizeof(ask), 0) == sizeof(ask))
		while ((n = recv(fd, buf, sizeof(buf), 0)) > 0 && owns_add(&all, buf, (size_t)n))
			;
	close(fd);
	return all;
}

/* The interface by which P is reached, where zebra-lite has said it; 0: it has not. */
static uint32_t interface_to(const struct peer *p)
{
	struct msg_nexthop m;

	return peer_way_nexthop(p, &m) ? if_nametoindex(m.ifname) : 0;
}

/* The interface that has A. Of one that several have: with the index SCOPE (0: any), that by which
 * P is reached, or the first. */
static uint32_t interface_of(const struct owns *all, const struct addr *a, uint32_t scope,
			     const struct peer *p)
{
	uint32_t to = scope ? scope : interface_to(p), first = 0;

	for (size_t i = 0; i < all->n; i++) {
		if (!addr_eq(&all->v[i].addr, a))
			continue;
		if (all->v[i].ifindex == to)
			return to;
		first = first ? first : all->v[i].ifindex;
	}
	return scope ? 0 : first;
}

/* The address of FAMILY on the interface that others are told best; the first of several. Never one
 * of loopback: it is somebody else there. SHARED: none that is alone in its network. */
static struct addr address_on(const struct owns *all, uint32_t ifindex, uint8_t family, bool shared)
{
	const struct own *best = NULL;

	for (size_t i = 0; i < all->n; i++) {
		const struct own *o = &all->v[i];

		if (o->ifindex == ifindex && o->addr.family == family && addr_is_host(&o->addr) &&
		    !addr_is_link_local(&o->addr) && !(shared && o->len == family_bits(family)) &&
		    (!best || o->worth > best->worth))
			best = o;
	}
	return best ? best->addr : (struct addr){0};
}

void session_locals(struct peer *p, int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct endpoint local = {0};
	struct owns all;
	uint32_t ifindex;

	if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0 &&
	    (ss.ss_family == AF_INET || ss.ss_family == AF_INET6))
		endpoint_from_sockaddr((struct sockaddr *)&ss, &local);
	p->local = local.addr;
	p->local4 = p->local6 = p->local_ll = (struct addr){0};
	p->ifname[0] = '\0';
	if (!p->local.family)
		return;
	all = owns_read();
	ifindex = interface_of(&all, &p->local, local.scope_id, p);
	if (ifindex) {
		/* RFC 2545 section 3: both where the neighbour is in the network of the global one;
		 * what it cannot reach on the link it refuses (BIRD). */
		bool by_link = p->local.family == AF_INET6 && addr_is_link_local(&p->local);

		p->local4 = address_on(&all, ifindex, AF_INET, p->extended_hop);
		p->local6 = address_on(&all, ifindex, AF_INET6, by_link);
		if (!if_indextoname(ifindex, p->ifname))
			p->ifname[0] = '\0';
	}
	free(all.v);
	if (p->local.family == AF_INET)
		p->local4 = p->local;
	else if (addr_is_link_local(&p->local))
		p->local_ll = p->local;
	else
		p->local6 = p->local;
}
