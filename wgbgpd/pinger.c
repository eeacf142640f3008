/* SPDX-License-Identifier: BSD-2-Clause */
#include "pinger.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#define HEADER_BYTES 8 /* of ICMP */
#define RECEIVE_BYTES 2048

struct payload {
	uint64_t nonce;
	uint32_t number;
};

static uint16_t checksum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t) ~(sum + (sum >> 16)));
}

void pinger_send(struct pinger *p, uint32_t number)
{
	uint8_t packet[HEADER_BYTES + sizeof(struct payload)] = {0};
	struct payload payload = {p->nonce, number};
	struct icmphdr *h = (struct icmphdr *)packet;
	uint16_t sum;

	/* Both families have type, code, checksum, identifier, number in the same places. */
	h->type = p->family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	h->un.echo.id = htons((uint16_t)p->nonce);
	h->un.echo.sequence = htons((uint16_t)number);
	memcpy(packet + HEADER_BYTES, &payload, sizeof(payload));
	sum = p->family == AF_INET ? checksum(packet, sizeof(packet)) : 0; /* else the kernel's */
	memcpy(packet + 2, &sum, sizeof(sum));
	if (sendto(p->fd, packet, sizeof(packet), MSG_DONTWAIT, (struct sockaddr *)&p->to,
		   p->to_len) < 0)
		return; /* not answered: lost */
}

static void pinger_on_packet(int fd, short what, void *arg)
{
	struct pinger *p = arg;
	uint8_t buf[RECEIVE_BYTES];
	ssize_t n;

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

void pinger_close(struct pinger *p)
{
	if (p->fd < 0)
		return;
	watch_off(&p->watch);
	close(p->fd);
	p->fd = -1;
}
