/* SPDX-License-Identifier: BSD-2-Clause */
#include "pinger.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netpacket/packet.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

#define HEADER_BYTES 8	/* of ICMP */
#define IP_BYTES_MAX 40 /* of its header, as we write it */
#define HOPS 64
#define RECEIVE_BYTES 2048
#define PACKET_MAX 65535

struct payload {
	uint64_t nonce;
	uint32_t number;
};

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)be16(p) << 16 | be16(p + 2);
}

static size_t ip_bytes(const struct pinger *p)
{
	return p->family == AF_INET ? sizeof(struct ip) : sizeof(struct ip6_hdr);
}

/* Of the ICMP message, so that the packet has the size that is asked for. */
static size_t request_bytes(const struct pinger *p)
{
	size_t least = HEADER_BYTES + sizeof(struct payload), header = ip_bytes(p);

	return p->size > header + least ? p->size - header : least;
}

/* Both families have type, code, checksum, identifier, number in the same places. */
static void put_request(const struct pinger *p, uint32_t number, uint8_t *icmp, size_t len)
{
	struct icmphdr *h = (struct icmphdr *)icmp;
	struct payload payload = {p->nonce, number};
	uint16_t sum;

	*h = (struct icmphdr){.type = p->family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST};
	h->un.echo.id = htons((uint16_t)p->nonce);
	h->un.echo.sequence = htons((uint16_t)number);
	memcpy(icmp + HEADER_BYTES, &payload, sizeof(payload));
	sum = p->family == AF_INET ? htons(internet_checksum(icmp, len))
				   : 0; /* else the kernel's, or put_ip6()'s */
	memcpy(icmp + 2, &sum, sizeof(sum));
}

static struct addr to_addr(const struct pinger *p)
{
	struct endpoint e;

	endpoint_from_sockaddr((const struct sockaddr *)&p->to, &e);
	return e.addr;
}

/* In front of LEN bytes of ICMP. */
static void put_ip4(const struct pinger *p, uint8_t *icmp, size_t len)
{
	struct ip h = {.ip_v = 4, .ip_hl = sizeof(h) / 4, .ip_p = IPPROTO_ICMP};
	struct addr to = to_addr(p);

	h.ip_len = htons((uint16_t)(sizeof(h) + len));
	h.ip_off = htons(IP_DF);
	h.ip_ttl = (uint8_t)(p->hops ? p->hops : HOPS);
	memcpy(&h.ip_src, p->from.b, sizeof(h.ip_src));
	memcpy(&h.ip_dst, to.b, sizeof(h.ip_dst));
	h.ip_sum = htons(internet_checksum((const uint8_t *)&h, sizeof(h)));
	memcpy(icmp - sizeof(h), &h, sizeof(h));
}

/* RFC 4443 section 2.3: the sum is that of a pseudo-header, too, which has the length of ours. */
static void put_ip6(const struct pinger *p, uint8_t *icmp, size_t len)
{
	struct {
		uint8_t from[16], to[16];
		uint32_t len;
		uint8_t zero[3], next;
	} pseudo = {.len = htonl((uint32_t)len), .next = IPPROTO_ICMPV6};
	struct ip6_hdr h = {.ip6_plen = htons((uint16_t)len), .ip6_nxt = IPPROTO_ICMPV6};
	struct addr to = to_addr(p);
	uint16_t sum;

	memcpy(pseudo.from, p->from.b, sizeof(pseudo.from));
	memcpy(pseudo.to, to.b, sizeof(pseudo.to));
	memcpy(icmp - sizeof(pseudo), &pseudo, sizeof(pseudo));
	sum = htons(internet_checksum(icmp - sizeof(pseudo), sizeof(pseudo) + len));
	memcpy(icmp + 2, &sum, sizeof(sum));
	h.ip6_vfc = 6 << 4;
	h.ip6_hlim = (uint8_t)(p->hops ? p->hops : HOPS);
	memcpy(&h.ip6_src, p->from.b, sizeof(h.ip6_src));
	memcpy(&h.ip6_dst, to.b, sizeof(h.ip6_dst));
	memcpy(icmp - sizeof(h), &h, sizeof(h));
}

static uint16_t protocol_of(const struct pinger *p)
{
	return htons(p->family == AF_INET ? ETHERTYPE_IP : ETHERTYPE_IPV6);
}

int pinger_send(struct pinger *p, uint32_t number)
{
	static uint8_t packet[IP_BYTES_MAX + PACKET_MAX]; /* the filling stays zero */
	const struct sockaddr_ll link = {.sll_family = AF_PACKET,
					 .sll_protocol = protocol_of(p),
					 .sll_ifindex = (int)p->tunnel};
	const struct sockaddr *to = (const struct sockaddr *)&p->to;
	uint8_t *icmp = packet + IP_BYTES_MAX;
	size_t len = request_bytes(p), header = p->tunnel ? ip_bytes(p) : 0;
	socklen_t to_len = p->to_len;

	put_request(p, number, icmp, len);
	if (p->tunnel) {
		(p->family == AF_INET ? put_ip4 : put_ip6)(p, icmp, len);
		to = (const struct sockaddr *)&link;
		to_len = sizeof(link);
	}
	if (sendto(p->out, icmp - header, header + len, MSG_DONTWAIT, to, to_len) < 0)
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

/* ---- what comes in */

static bool take_answer(struct pinger *p, const uint8_t *icmp, size_t len)
{
	uint8_t reply = p->family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;
	struct payload payload;

	if (len < HEADER_BYTES + sizeof(payload) || icmp[0] != reply)
		return false;
	memcpy(&payload, icmp + HEADER_BYTES, sizeof(payload));
	if (payload.nonce == p->nonce)
		p->answered(p->arg, payload.number);
	return payload.nonce == p->nonce;
}

/* Of the IP header at PACKET, LEN bytes are there; 0: it is no header of ICMP's. */
static size_t ip_header(const struct pinger *p, const uint8_t *packet, size_t len)
{
	bool four = p->family == AF_INET;
	size_t bytes = four && len ? (size_t)(packet[0] & 15) * 4 : ip_bytes(p);

	if (bytes < ip_bytes(p) || len < bytes + HEADER_BYTES)
		return 0;
	return packet[four ? 9 : 6] == (four ? IPPROTO_ICMP : IPPROTO_ICMPV6) ? bytes : 0;
}

/* An error that has a request of ours in it. */
static void take_said(struct pinger *p, const uint8_t *packet, const uint8_t *icmp, size_t len)
{
	bool four = p->family == AF_INET;
	const uint8_t *inner = icmp + HEADER_BYTES;
	size_t at = ip_header(p, inner, len - HEADER_BYTES);
	uint8_t request = four ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	bool error = four ? icmp[0] == ICMP_DEST_UNREACH || icmp[0] == ICMP_TIME_EXCEEDED
			  : icmp[0] < ICMP6_ECHO_REQUEST;
	bool large = four ? icmp[0] == ICMP_DEST_UNREACH && icmp[1] == ICMP_FRAG_NEEDED
			  : icmp[0] == ICMP6_PACKET_TOO_BIG;
	struct pinger_error e = {.type = icmp[0], .code = icmp[1]};

	if (!error || !at || inner[at] != request || be16(inner + at + 4) != (uint16_t)p->nonce)
		return;
	e.number = be16(inner + at + 6);
	e.mtu = !large ? 0 : four ? be16(icmp + 6) : be32(icmp + 4);
	e.from.family = p->family;
	memcpy(e.from.b, packet + (four ? 12 : 8), four ? 4 : 16);
	p->failed(p->arg, &e);
}

/* A whole packet that came in. */
static void take_packet(struct pinger *p, const uint8_t *packet, size_t len, unsigned by)
{
	size_t at = ip_header(p, packet, len);

	if (!at)
		return;
	if (take_answer(p, packet + at, len - at))
		p->answered_by = by;
	else if (p->failed)
		take_said(p, packet, packet + at, len - at);
}

static void read_packets(struct pinger *p)
{
	struct sockaddr_ll from = {0};
	socklen_t from_len = sizeof(from);
	uint8_t buf[RECEIVE_BYTES];
	ssize_t n;

	while ((n = recvfrom(p->fd, buf, sizeof(buf), MSG_DONTWAIT, (struct sockaddr *)&from,
			     &from_len)) > 0) {
		if (from.sll_pkttype != PACKET_OUTGOING)
			take_packet(p, buf, (size_t)n, (unsigned)from.sll_ifindex);
		from_len = sizeof(from);
	}
}

static void pinger_on_packet(int fd, short what, void *arg)
{
	struct pinger *p = arg;
	uint8_t buf[RECEIVE_BYTES];
	ssize_t n;

	if (p->packets) {
		read_packets(p);
		return;
	}
	while (p->failed && take_error(p))
		;
	while ((n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		size_t at = p->family == AF_INET ? (size_t)(buf[0] & 15) * 4 : 0;

		if ((size_t)n > at)
			take_answer(p, buf + at, (size_t)n - at);
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

/* A socket from which requests are sent as the routes say; or -errno. */
static int open_raw(uint8_t family, const struct addr *from)
{
	int protocol = family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	int err = fd < 0 ? -errno : from && from->family ? bind_to(fd, from) : 0;

	if (err < 0 && fd >= 0)
		close(fd);
	return err < 0 ? err : fd;
}

/* One that sees what comes in by ICMP, before any rule but those of an interface; or -errno. */
static int open_packets(const struct pinger *p)
{
	bool four = p->family == AF_INET;
	struct sock_filter icmp_only[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, four ? 9u : 6u),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, four ? IPPROTO_ICMP : IPPROTO_ICMPV6, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff), BPF_STMT(BPF_RET | BPF_K, 0)};
	struct sock_fprog filter = {.len = ARRAY_SIZE(icmp_only), .filter = icmp_only};
	struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = protocol_of(p)};
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) == 0 &&
	    bind(fd, (struct sockaddr *)&all, sizeof(all)) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static void pinger_fill(struct pinger *p, const struct addr *to,
			void (*answered)(void *arg, uint32_t number), void *arg)
{
	struct endpoint e = {.addr = *to};

	*p = (struct pinger){
		.fd = -1, .out = -1, .family = to->family, .answered = answered, .arg = arg};
	p->to_len = endpoint_to_sockaddr(&e, &p->to);
	randombytes_buf(&p->nonce, sizeof(p->nonce));
}

static void pinger_begin(struct pinger *p)
{
	watch_init(&p->watch, p->fd, EV_READ, pinger_on_packet, p);
	watch_on(&p->watch);
}

int pinger_open(struct pinger *p, const struct addr *to, const struct addr *from,
		void (*answered)(void *arg, uint32_t number), void *arg)
{
	int fd = open_raw(to->family, from);

	pinger_fill(p, to, answered, arg);
	if (fd < 0)
		return fd;
	p->fd = p->out = fd;
	pinger_begin(p);
	return 0;
}

int pinger_open_passed(struct pinger *p, unsigned tunnel, const struct addr *to,
		       const struct addr *from, void (*answered)(void *arg, uint32_t number),
		       void *arg)
{
	int fd, out;

	pinger_fill(p, to, answered, arg);
	p->packets = true;
	p->tunnel = tunnel;
	p->from = *from;
	fd = open_packets(p);
	out = fd < 0 || tunnel ? fd : open_raw(to->family, from);
	if (out < 0) {
		if (fd >= 0)
			close(fd);
		return out;
	}
	p->fd = fd;
	p->out = out;
	pinger_begin(p);
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

	for (size_t i = 0; i < ARRAY_SIZE(options) && !p->tunnel; i++)
		if (options[i].wanted &&
		    setsockopt(p->out, options[i].level, options[i].name, &options[i].value,
			       sizeof(options[i].value)) < 0)
			return -errno;
	p->size = size < PACKET_MAX ? size : PACKET_MAX;
	p->hops = hops;
	p->failed = failed;
	return 0;
}

void pinger_close(struct pinger *p)
{
	if (p->fd < 0)
		return;
	watch_off(&p->watch);
	if (p->out != p->fd)
		close(p->out);
	close(p->fd);
	p->fd = p->out = -1;
}
