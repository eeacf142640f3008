/* SPDX-License-Identifier: BSD-2-Clause */
#include "icmp_error.h"

#include <errno.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <string.h>
#include <sys/socket.h>

#include "buf.h"
#include "icmp.h"
#include "log.h"
#include "loop.h"

#define IP4_HEADER 20
#define ICMP_REST 6    /* of the header, behind type and code */
#define QUOTED_MAX 256 /* more than the headers of a datagram */
#define DRAIN_MAX 64   /* errors a wakeup */

static int fd4 = -1, fd6 = -1;
static struct watch watch4, watch6;
static icmp_error_fn heard;

static bool says_no_way(int family, uint8_t type, uint8_t code)
{
	if (family == AF_INET)
		return (type == ICMP_DEST_UNREACH && code != ICMP_FRAG_NEEDED) ||
		       (type == ICMP_TIME_EXCEEDED && code == ICMP_EXC_TTL);
	return type == ICMP6_DST_UNREACH ||
	       (type == ICMP6_TIME_EXCEEDED && code == ICMP6_TIME_EXCEED_TRANSIT);
}

static struct addr take_addr(struct rd *r, int family)
{
	const uint8_t *bytes = rd_take(r, family_bytes(family));

	return bytes ? addr_make(family, bytes) : (struct addr){0};
}

/* Up to the addresses. Whether it is UDP, and the first fragment. */
static bool quotes_udp4(struct rd *r, size_t *options)
{
	size_t header = (rd_u8(r) & 15) * 4U;
	uint16_t fragment;
	uint8_t protocol;

	rd_take(r, 5); /* type of service, length, identification */
	fragment = rd_u16(r);
	rd_take(r, 1); /* time to live */
	protocol = rd_u8(r);
	rd_take(r, 2); /* checksum */
	if (header < IP4_HEADER)
		return false;
	*options = header - IP4_HEADER;
	return protocol == IPPROTO_UDP && (fragment & 0x1fff) == 0;
}

static bool quotes_udp6(struct rd *r)
{
	uint8_t version = rd_u8(r) >> 4, next;

	rd_take(r, 5); /* class, flow, length */
	next = rd_u8(r);
	rd_take(r, 1); /* hop limit */
	return version == 6 && next == IPPROTO_UDP;
}

bool icmp_error_parse(int family, const uint8_t *data, size_t len, struct icmp_error *out)
{
	size_t header = family == AF_INET && len ? (data[0] & 15) * 4U : 0, options = 0;
	struct rd r;

	if (family == AF_INET && header < IP4_HEADER)
		return false;
	rd_init(&r, data, len);
	rd_take(&r, header);
	*out = (struct icmp_error){.type = rd_u8(&r)};
	out->code = rd_u8(&r);
	rd_take(&r, ICMP_REST);
	if (!says_no_way(family, out->type, out->code) ||
	    !(family == AF_INET ? quotes_udp4(&r, &options) : quotes_udp6(&r)))
		return false;
	out->from.addr = take_addr(&r, family);
	out->to.addr = take_addr(&r, family);
	rd_take(&r, options);
	out->from.port = rd_u16(&r);
	out->to.port = rd_u16(&r);
	return !r.bad;
}

static void on_readable(int fd, short what, void *arg)
{
	int family = fd == fd4 ? AF_INET : AF_INET6;
	uint8_t data[QUOTED_MAX];
	struct icmp_error m;

	for (int n = 0; n < DRAIN_MAX; n++) {
		ssize_t got = recv(fd, data, sizeof(data), MSG_DONTWAIT);

		if (got < 0)
			return;
		if (icmp_error_parse(family, data, got, &m))
			heard(&m);
	}
}

static int open_one(int family, const uint8_t types[2], struct watch *w)
{
	int fd = icmp_socket(family, types, 2);

	if (fd < 0) {
		/* That the right is missing, the parent has said. */
		log_event(fd == -EPERM ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "no-icmp-errors",
			  "family=%s error=\"%s\"", family == AF_INET ? "ipv4" : "ipv6",
			  strerror(-fd));
		return -1;
	}
	watch_init(w, fd, EV_READ, on_readable, NULL);
	watch_on(w);
	return fd;
}

void icmp_errors_open(icmp_error_fn fn)
{
	static const uint8_t types4[] = {ICMP_DEST_UNREACH, ICMP_TIME_EXCEEDED},
			     types6[] = {ICMP6_DST_UNREACH, ICMP6_TIME_EXCEEDED};

	heard = fn;
	fd4 = open_one(AF_INET, types4, &watch4);
	fd6 = open_one(AF_INET6, types6, &watch6);
}

void icmp_errors_close(void)
{
	icmp_socket_close(&fd4, &watch4);
	icmp_socket_close(&fd6, &watch6);
}

const char *icmp_error_name(const struct icmp_error *m)
{
	static const struct {
		uint8_t family, type, code;
		const char *name;
	} rows[] = {
		{AF_INET, 3, 0, "no-route"},	      {AF_INET, 3, 1, "host-unreachable"},
		{AF_INET, 3, 3, "port-unreachable"},  {AF_INET, 3, 9, "prohibited"},
		{AF_INET, 3, 10, "prohibited"},	      {AF_INET, 3, 13, "prohibited"},
		{AF_INET6, 1, 0, "no-route"},	      {AF_INET6, 1, 1, "prohibited"},
		{AF_INET6, 1, 3, "host-unreachable"}, {AF_INET6, 1, 4, "port-unreachable"},
		{AF_INET6, 1, 5, "prohibited"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].family == m->to.addr.family && rows[i].type == m->type &&
		    rows[i].code == m->code)
			return rows[i].name;
	return "other";
}
