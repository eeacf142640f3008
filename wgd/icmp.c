/* SPDX-License-Identifier: BSD-2-Clause */
#include "icmp.h"

#include <errno.h>
#include <linux/icmp.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <netinet/icmp6.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

#define ECHO_HEADER 8
#define BODY (ICMP_COOKIE_BYTES + 4) /* cookie, id */
#define IP4_HEADER 20
#define IP4_HEADER_MAX 60
#define IP6_HEADER 40
#define PACKET_MAX 65535
#define DRAIN_MAX 1000
#define LATE_MAX_US 10000000 /* a stamp that is older is a step of the clock */

void icmp_init(struct icmp *i, icmp_fn fn, void *arg)
{
	*i = (struct icmp){.fd4 = -1, .fd6 = -1, .fn = fn, .arg = arg};
	i->ident = randombytes_random();
	randombytes_buf(i->cookie, sizeof(i->cookie));
}

void icmp_socket_close(int *fd, struct watch *w)
{
	watch_off(w);
	close(*fd);
	*fd = -1;
}

void icmp_close(struct icmp *i)
{
	icmp_socket_close(&i->fd4, &i->watch4);
	icmp_socket_close(&i->fd6, &i->watch6);
}

static int set_filter(int fd, int family, const uint8_t *types, size_t n)
{
	struct icmp_filter filter4 = {~0U};
	struct icmp6_filter filter6;

	ICMP6_FILTER_SETBLOCKALL(&filter6);
	for (size_t i = 0; i < n; i++) {
		if (family == AF_INET)
			filter4.data &= ~(1U << types[i]);
		else
			ICMP6_FILTER_SETPASS(types[i], &filter6);
	}
	if (family == AF_INET)
		return setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter4, sizeof(filter4));
	return setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter6, sizeof(filter6));
}

int icmp_socket(int family, const uint8_t *types, size_t n)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	int err;

	if (fd < 0)
		return -errno;
	if (set_filter(fd, family, types, n) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int set_no_fragments(int fd, int family)
{
	int probe = family == AF_INET ? IP_PMTUDISC_PROBE : IPV6_PMTUDISC_PROBE, on = 1;

	if (family == AF_INET)
		return setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof(probe));
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_DONTFRAG, &on, sizeof(on)) < 0)
		return -1;
	return setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &probe, sizeof(probe));
}

static int icmp_open_socket(int family, const char *ifname)
{
	uint8_t type = family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;
	int fd = icmp_socket(family, &type, 1), on = 1, err;

	if (fd < 0)
		return fd;
	if (set_no_fragments(fd, family) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, ifname, strlen(ifname)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static void put16(uint8_t *at, uint16_t v)
{
	at[0] = v >> 8;
	at[1] = v;
}

static void put32(uint8_t *at, uint32_t v)
{
	put16(at, v >> 16);
	put16(at + 2, v);
}

static uint16_t get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

bool icmp_parse(const struct icmp *i, int family, const uint8_t *data, size_t len,
		struct icmp_answer *a)
{
	size_t header = family == AF_INET && len ? (data[0] & 15) * 4U : 0;
	uint8_t type = family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;

	if ((family == AF_INET && header < IP4_HEADER) || len < header + ECHO_HEADER + BODY)
		return false;
	data += header;
	if (data[0] != type || data[1] != 0 || get16(data + 4) != i->ident ||
	    sodium_memcmp(data + ECHO_HEADER, i->cookie, ICMP_COOKIE_BYTES) != 0)
		return false;
	a->seq = get16(data + 6);
	a->id = get32(data + ECHO_HEADER + ICMP_COOKIE_BYTES);
	return true;
}

/* When the kernel got it: its stamp is of the wall clock. */
static uint64_t arrival(struct msghdr *msg)
{
	struct timespec stamp, now;
	uint64_t mono = now_us();
	int64_t late = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
		clock_gettime(CLOCK_REALTIME, &now);
		late = (int64_t)(now.tv_sec - stamp.tv_sec) * 1000000 +
		       (now.tv_nsec - stamp.tv_nsec) / 1000;
	}
	return late > 0 && late < LATE_MAX_US ? mono - late : mono;
}

/* One answer. False: nothing more is there. */
static bool icmp_receive(struct icmp *i, int fd, int family)
{
	uint8_t data[IP4_HEADER_MAX + ECHO_HEADER + BODY]; /* the rest is filling */
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(sizeof(struct timespec))];
	} control;
	struct sockaddr_storage sa = {0};
	struct iovec iov = {data, sizeof(data)};
	struct msghdr msg = {.msg_name = &sa,
			     .msg_namelen = sizeof(sa),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control.bytes)};
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT);
	struct icmp_answer a = {0};
	struct endpoint from;

	if (n < 0)
		return errno != EAGAIN && errno != EWOULDBLOCK; /* an error of an earlier one */
	if (!icmp_parse(i, family, data, n, &a))
		return true;
	endpoint_from_sockaddr((struct sockaddr *)&sa, &from);
	a.from = from.addr;
	a.at = arrival(&msg);
	i->fn(i->arg, &a);
	return true;
}

static void on_readable4(int fd, short what, void *arg)
{
	for (int n = 0; n < DRAIN_MAX && icmp_receive(arg, fd, AF_INET); n++)
		;
}

static void on_readable6(int fd, short what, void *arg)
{
	for (int n = 0; n < DRAIN_MAX && icmp_receive(arg, fd, AF_INET6); n++)
		;
}

void icmp_drain(struct icmp *i)
{
	if (i->fd4 >= 0)
		on_readable4(i->fd4, EV_READ, i);
	if (i->fd6 >= 0)
		on_readable6(i->fd6, EV_READ, i);
}

static int ensure_open(struct icmp *i, int family, const char *ifname)
{
	int *fd = family == AF_INET ? &i->fd4 : &i->fd6, got;
	struct watch *w = family == AF_INET ? &i->watch4 : &i->watch6;

	if (*fd >= 0)
		return *fd;
	got = icmp_open_socket(family, ifname);
	if (got < 0)
		return got;
	*fd = got;
	watch_init(w, got, EV_READ, family == AF_INET ? on_readable4 : on_readable6, i);
	watch_on(w);
	return got;
}

int icmp_send(struct icmp *i, const char *ifname, const struct addr *to, uint32_t id, uint16_t seq,
	      unsigned size)
{
	static uint8_t data[PACKET_MAX]; /* the filling stays zero */
	bool four = to->family == AF_INET;
	size_t header = four ? IP4_HEADER : IP6_HEADER, len = ECHO_HEADER + BODY;
	struct endpoint at = {.addr = *to};
	struct sockaddr_storage sa;
	socklen_t sa_len = endpoint_to_sockaddr(&at, &sa);
	int fd = ensure_open(i, to->family, ifname);
	ssize_t n;

	if (fd < 0)
		return fd;
	if (size > header + len)
		len = (size < PACKET_MAX ? size : PACKET_MAX) - header;
	data[0] = four ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	data[1] = 0;
	put16(data + 2, 0);
	put16(data + 4, i->ident);
	put16(data + 6, seq);
	memcpy(data + ECHO_HEADER, i->cookie, ICMP_COOKIE_BYTES);
	put32(data + ECHO_HEADER + ICMP_COOKIE_BYTES, id);
	if (four)
		put16(data + 2, internet_checksum(data, len));
	/* An error of an earlier one is reported once: it says nothing about this one. */
	n = sendto(fd, data, len, 0, (struct sockaddr *)&sa, sa_len);
	if (n < 0 && (errno == ECONNREFUSED || errno == EHOSTUNREACH))
		n = sendto(fd, data, len, 0, (struct sockaddr *)&sa, sa_len);
	return n < 0 ? -errno : 0;
}
