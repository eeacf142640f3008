/* SPDX-License-Identifier: BSD-2-Clause */
#include "bfd_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <sodium.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONTROL_PORT 3784
#define SOURCE_MIN 49152
#define SOURCE_PORTS (65536 - SOURCE_MIN)
#define TRIES 64
#define TOS_CS6 0xc0

/* What a family calls its options. */
struct names {
	int level, receive_ttl, ttl, tos;
};

static const struct names *names_of(uint8_t family)
{
	static const struct names ipv4 = {IPPROTO_IP, IP_RECVTTL, IP_TTL, IP_TOS};
	static const struct names ipv6 = {IPPROTO_IPV6, IPV6_RECVHOPLIMIT, IPV6_UNICAST_HOPS,
					  IPV6_TCLASS};

	return family == AF_INET ? &ipv4 : &ipv6;
}

static bool set_int(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

static int fail(int fd)
{
	int err = -errno;

	close(fd);
	return err;
}

static int open_bound(uint8_t family, const char *ifname)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, ifname, strlen(ifname) + 1) < 0 ||
	    (family == AF_INET6 && !set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)))
		return fail(fd);
	return fd;
}

int bfd_socket_listen(uint8_t family, const char *ifname)
{
	const struct names *names = names_of(family);
	struct endpoint any = {.addr.family = family, .port = CONTROL_PORT};
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&any, &sa);
	int fd = open_bound(family, ifname);

	if (fd < 0)
		return fd;
	/* Another BFD daemon may serve other interfaces. */
	if (!set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1) ||
	    !set_int(fd, names->level, names->receive_ttl, 1) ||
	    bind(fd, (struct sockaddr *)&sa, len) < 0)
		return fail(fd);
	return fd;
}

static struct endpoint make_endpoint(const struct addr *a, uint16_t port, uint32_t ifindex)
{
	struct endpoint e = {.addr = *a, .port = port};

	if (a->family == AF_INET6 && addr_is_link_local(a))
		e.scope_id = ifindex;
	return e;
}

int bfd_socket_speak(const struct addr *local, const char *ifname, uint32_t ifindex)
{
	const struct names *names = names_of(local->family);
	int fd = open_bound(local->family, ifname);

	if (fd < 0)
		return fd;
	if (!set_int(fd, names->level, names->ttl, BFD_TTL) ||
	    !set_int(fd, names->level, names->tos, TOS_CS6))
		return fail(fd);
	for (int i = 0; i < TRIES; i++) {
		uint16_t port = SOURCE_MIN + randombytes_uniform(SOURCE_PORTS);
		struct endpoint e = make_endpoint(local, port, ifindex);
		struct sockaddr_storage sa;
		socklen_t len = endpoint_to_sockaddr(&e, &sa);

		if (bind(fd, (struct sockaddr *)&sa, len) == 0)
			return fd;
		if (errno != EADDRINUSE)
			break;
	}
	return fail(fd);
}

int bfd_socket_send(int fd, const struct addr *remote, uint32_t ifindex, const void *data,
		    size_t len)
{
	struct endpoint e = make_endpoint(remote, CONTROL_PORT, ifindex);
	struct sockaddr_storage sa;
	socklen_t sa_len = endpoint_to_sockaddr(&e, &sa);

	return sendto(fd, data, len, 0, (struct sockaddr *)&sa, sa_len) < 0 ? -errno : 0;
}

static int find_ttl(struct msghdr *msg)
{
	int ttl;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		bool v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL;
		bool v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT;

		if (v4 || v6) {
			memcpy(&ttl, CMSG_DATA(c), sizeof(ttl));
			return ttl;
		}
	}
	return -1;
}

int bfd_socket_receive(int fd, struct addr *from, int *ttl, void *data, size_t size)
{
	union {
		char buf[CMSG_SPACE(sizeof(int)) * 2];
		struct cmsghdr align;
	} control;
	struct sockaddr_storage sa;
	struct iovec iov = {data, size};
	struct msghdr msg = {.msg_name = &sa,
			     .msg_namelen = sizeof(sa),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.buf,
			     .msg_controllen = sizeof(control.buf)};
	ssize_t n = recvmsg(fd, &msg, 0);
	struct endpoint e;

	if (n < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	endpoint_from_sockaddr((struct sockaddr *)&sa, &e);
	*from = e.addr;
	*ttl = find_ttl(&msg);
	return (int)n;
}
