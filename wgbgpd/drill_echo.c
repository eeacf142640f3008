/* SPDX-License-Identifier: BSD-2-Clause */
#include "drill_echo.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop.h"
#include "util.h"

#define INTERVAL_MS 10
#define HEADER_BYTES 8 /* of ICMP */
#define RECEIVE_BYTES 2048
#define REQUESTS_MAX 200000 /* more than half an hour */

struct payload {
	uint64_t nonce;
	uint32_t number;
};

static struct {
	int fd;			    /* -1: no stream */
	struct sockaddr_storage to; /* not connected: the source is to follow the route */
	socklen_t to_len;
	uint8_t family;
	uint64_t nonce;
	uint64_t *sent_at; /* us, by number */
	bool *answered;	   /* by number */
	uint32_t sent, received;
	struct timer timer;
	struct watch watch;
} echo = {.fd = -1};

static uint16_t checksum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t) ~(sum + (sum >> 16)));
}

static void echo_send_one(void *arg)
{
	uint8_t packet[HEADER_BYTES + sizeof(struct payload)] = {0};
	struct payload payload = {echo.nonce, echo.sent};
	struct icmphdr *h = (struct icmphdr *)packet;
	uint16_t sum;

	timer_start(&echo.timer, INTERVAL_MS);
	if (echo.sent == REQUESTS_MAX)
		return;
	/* Both families have type, code, checksum, identifier, number in the same places. */
	h->type = echo.family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	h->un.echo.id = htons((uint16_t)echo.nonce);
	h->un.echo.sequence = htons((uint16_t)echo.sent);
	memcpy(packet + HEADER_BYTES, &payload, sizeof(payload));
	sum = echo.family == AF_INET ? checksum(packet, sizeof(packet)) : 0; /* else the kernel's */
	memcpy(packet + 2, &sum, sizeof(sum));
	echo.sent_at[echo.sent++] = now_us();
	if (sendto(echo.fd, packet, sizeof(packet), MSG_DONTWAIT, (struct sockaddr *)&echo.to,
		   echo.to_len) < 0)
		return; /* not answered: lost */
}

static void on_packet(int fd, short what, void *arg)
{
	uint8_t buf[RECEIVE_BYTES];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		size_t at = echo.family == AF_INET ? (size_t)(buf[0] & 15) * 4 : 0;
		uint8_t reply = echo.family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;
		struct payload payload;

		if ((size_t)n < at + HEADER_BYTES + sizeof(payload) || buf[at] != reply)
			continue;
		memcpy(&payload, buf + at + HEADER_BYTES, sizeof(payload));
		if (payload.nonce != echo.nonce || payload.number >= echo.sent ||
		    echo.answered[payload.number])
			continue;
		echo.answered[payload.number] = true;
		echo.received++;
	}
}

int drill_echo_start(const struct addr *to)
{
	int protocol = to->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	struct endpoint e = {.addr = *to};
	int fd = socket(to->family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);

	if (fd < 0)
		return -errno;
	drill_echo_stop();
	echo.fd = fd;
	echo.to_len = endpoint_to_sockaddr(&e, &echo.to);
	echo.family = to->family;
	randombytes_buf(&echo.nonce, sizeof(echo.nonce));
	echo.sent_at = xcalloc(REQUESTS_MAX, sizeof(*echo.sent_at));
	echo.answered = xcalloc(REQUESTS_MAX, sizeof(*echo.answered));
	watch_init(&echo.watch, fd, EV_READ, on_packet, NULL);
	watch_on(&echo.watch);
	timer_init(&echo.timer, echo_send_one, NULL);
	echo_send_one(NULL);
	return 0;
}

uint32_t drill_echo_received(void)
{
	return echo.received;
}

static void dark(struct drill_echo_result *r, uint64_t from, uint64_t to)
{
	double ms = (to - from) / 1000.0;

	if (ms > r->blackout_ms)
		r->blackout_ms = ms;
}

struct drill_echo_result drill_echo_result(uint64_t from, uint64_t to)
{
	struct drill_echo_result r = {0};
	uint64_t last_good = 0, dark_from = 0;

	for (uint32_t i = 0; i < echo.sent && echo.sent_at[i] <= to; i++) {
		uint64_t at = echo.sent_at[i];

		if (at >= from)
			r.sent++;
		if (echo.answered[i]) {
			if (dark_from)
				dark(&r, dark_from, at);
			last_good = at;
			dark_from = 0;
		} else if (at >= from) {
			r.lost++;
			if (!dark_from)
				dark_from = last_good ? last_good : at;
		}
	}
	if (dark_from) /* has not ended */
		dark(&r, dark_from, to);
	return r;
}

void drill_echo_stop(void)
{
	if (echo.fd < 0)
		return;
	timer_stop(&echo.timer);
	watch_off(&echo.watch);
	close(echo.fd);
	free(echo.sent_at);
	free(echo.answered);
	echo.sent = echo.received = 0;
	echo.fd = -1;
}
