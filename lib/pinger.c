/* SPDX-License-Identifier: BSD-2-Clause */
#include "pinger.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

#define HEADER_BYTES 8 /* of ICMP */
#define RECEIVE_BYTES 2048
#define PACKET_MAX 65535

struct payload {
	uint64_t nonce;
	uint32_t number;
};

static uint16_t checksum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* Of the ICMP message, so that the packet has the size that is asked for. */
static size_t request_bytes(const struct pinger *p)
{
	size_t least = HEADER_BYTES + sizeof(struct payload),
	       header = p->family == AF_INET ? 20 : 40;

	return p->size > header + least ? p->size - header : least;
}

int pinger_send(struct pinger *p, uint32_t number)
{
	static uint8_t packet[PACKET_MAX]; /* the filling stays zero */
	struct payload payload = {p->nonce, number};
	struct icmphdr *h = (struct icmphdr *)packet;
	size_t len = request_bytes(p);
	uint16_t sum;

	/* Both families have type, code, checksum, identifier, number in the same places. */
	*h = (struct icmphdr){.type = p->family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST};
	h->un.echo.id = htons((uint16_t)p->nonce);
	h->un.echo.sequence = htons((uint16_t)number);
	memcpy(packet + HEADER_BYTES, &payload, sizeof(payload));
	sum = p->family == AF_INET ? checksum(packet, len) : 0; /* else the kernel's */
	memcpy(packet + 2, &sum, sizeof(sum));
	if (sendto(p->fd, packet, len, MSG_DONTWAIT, (struct sockaddr *)&p->to, p->to_len) < 0)
		return -errno;
	return 0;
}

/* ---- errors */

/* What the kernel says beside a request that it gives back. */
static void read_error(const struct sock_extended_err *from, struct pinger_error *out)
{
	struct endpoint offender;

	out->type = from->ee_type;
	out->code = from->ee_code;
	out->mtu = from->ee_errno == EMSGSIZE ? from->ee_info : 0;
	endpoint_from_sockaddr(SO_EE_OFFENDER(from), &offender);
	out->from = offender.addr;
}

static bool is_of_icmp(const struct cmsghdr *c)
{
	const struct sock_extended_err *e = (const void *)CMSG_DATA(c);

	return ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
		(c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR)) &&
	       (e->ee_origin == SO_EE_ORIGIN_ICMP || e->ee_origin == SO_EE_ORIGIN_ICMP6);
}

/* One error; a raw socket gets those of others' requests, too. False: no more. */
static bool take_error(struct pinger *p)
{
	struct icmphdr request;
	union {
		struct cmsghdr align;
		uint8_t bytes[512];
	} control;
	struct iovec iov = {&request, sizeof(request)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control.bytes)};
	ssize_t n = recvmsg(p->fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT);

	if (n < 0)
		return false;
	if (n < HEADER_BYTES || request.un.echo.id != htons((uint16_t)p->nonce))
		return true;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		struct pinger_error e = {.number = ntohs(request.un.echo.sequence)};

		if (!is_of_icmp(c))
			continue;
		read_error((const void *)CMSG_DATA(c), &e);
		p->failed(p->arg, &e);
	}
	return true;
}

static void pinger_on_packet(int fd, short what, void *arg)
{
	struct pinger *p = arg;
	uint8_t buf[RECEIVE_BYTES];
	ssize_t n;

	while (p->failed && take_error(p))
		;
	while ((n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		size_t at = p->family == AF_INET ? (size_t)(buf[0] & 15) * 4 : 0;
		uint8_t reply = p->family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;
		struct payload payload;

		if ((size_t)n < at + HEADER_BYTES + sizeof(payload) || buf[at] != reply)
			continue;
		memcpy(&payload, buf + at + HEADER_BYTES, sizeof(payload));
		if (payload.nonce == p->nonce)
			p->answered(p->arg, payload.number);
	}
}

/* ---- the socket */

static int bind_to(int fd, const struct addr *from)
{
	struct endpoint e = {.addr = *from};
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&e, &sa);

	return bind(fd, (struct sockaddr *)&sa, len) < 0 ? -errno : 0;
}

int pinger_open(struct pinger *p, const struct addr *to, const struct addr *from,
		void (*answered)(void *arg, uint32_t number), void *arg)
{
	int protocol = to->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	struct endpoint e = {.addr = *to};
	int fd = socket(to->family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	int err = fd < 0 ? -errno : from && from->family ? bind_to(fd, from) : 0;

	if (err < 0 && fd >= 0)
		close(fd);
	*p = (struct pinger){.fd = -1};
	if (err < 0)
		return err;
	p->fd = fd;
	p->to_len = endpoint_to_sockaddr(&e, &p->to);
	p->family = to->family;
	p->answered = answered;
	p->arg = arg;
	randombytes_buf(&p->nonce, sizeof(p->nonce));
	watch_init(&p->watch, fd, EV_READ, pinger_on_packet, p);
	watch_on(&p->watch);
	return 0;
}

int pinger_tune(struct pinger *p, unsigned size, unsigned hops, pinger_error_fn failed)
{
	bool four = p->family == AF_INET;
	const struct {
		int level, name, value;
		bool wanted;
	} options[] = {
		{four ? IPPROTO_IP : IPPROTO_IPV6, four ? IP_RECVERR : IPV6_RECVERR, 1, true},
		{four ? IPPROTO_IP : IPPROTO_IPV6, four ? IP_TTL : IPV6_UNICAST_HOPS, (int)hops,
		 hops > 0},
		{four ? IPPROTO_IP : IPPROTO_IPV6, four ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER,
		 four ? IP_PMTUDISC_PROBE : IPV6_PMTUDISC_PROBE, size > 0},
		{IPPROTO_IPV6, IPV6_DONTFRAG, 1, size > 0 && !four},
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].wanted &&
		    setsockopt(p->fd, options[i].level, options[i].name, &options[i].value,
			       sizeof(options[i].value)) < 0)
			return -errno;
	p->size = size < PACKET_MAX ? size : PACKET_MAX;
	p->failed = failed;
	return 0;
}

void pinger_close(struct pinger *p)
{
	if (p->fd < 0)
		return;
	watch_off(&p->watch);
	close(p->fd);
	p->fd = -1;
}
