/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pinger: with a played socket, what requests look like after pinger_tune(), and the errors that
 * are told; the same of whole packets. drill_echo_test has plain requests and their answers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loop.h"
#include "pinger.h"
#include "util.h"

#define FD 4711

static uint8_t sent[70000];
static size_t sent_len;
static struct sockaddr_ll sent_to;
static int domains[2];
static size_t n_sockets;
static struct sockaddr_ll bound;
static struct {
	uint8_t data[2000];
	size_t len;
	uint8_t kind;
} packets[4]; /* that come in by interface 9 */
static size_t n_packets, n_read;
static int refuse_send, refuse_option;
static struct {
	int level, name, value;
} options[8];
static size_t n_options;
static struct watch *watched;
static struct {
	uint8_t data[8];
	size_t len;
	int level, type;
	struct sock_extended_err e;
	struct sockaddr_in6 offender; /* or IPv4's at its beginning */
} queue[8];
static size_t n_queued, n_taken;
static struct pinger_error errors[8];
static size_t n_errors, n_answers;

int __wrap_socket(int domain, int type, int protocol);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
ssize_t __wrap_sendto(int fd, const void *data, size_t len, int flags, const struct sockaddr *to,
		      socklen_t to_len);
ssize_t __wrap_recv(int fd, void *buf, size_t size, int flags);
int __wrap_bind(int fd, const struct sockaddr *at, socklen_t len);
ssize_t __wrap_recvfrom(int fd, void *buf, size_t size, int flags, struct sockaddr *from,
			socklen_t *len);
ssize_t __wrap_recvmsg(int fd, struct msghdr *msg, int flags);
int __real_close(int fd);
int __wrap_close(int fd);
void __wrap_watch_on(struct watch *w);
void __wrap_watch_off(struct watch *w);

int __wrap_socket(int domain, int type, int protocol)
{
	if (n_sockets < ARRAY_SIZE(domains))
		domains[n_sockets] = domain;
	n_sockets++;
	return FD;
}

int __wrap_bind(int fd, const struct sockaddr *at, socklen_t len)
{
	if (at->sa_family == AF_PACKET)
		memcpy(&bound, at, sizeof(bound));
	return 0;
}

ssize_t __wrap_recvfrom(int fd, void *buf, size_t size, int flags, struct sockaddr *from,
			socklen_t *len)
{
	struct sockaddr_ll *ll = (struct sockaddr_ll *)from;
	size_t i = n_read;

	if (i == n_packets) {
		errno = EAGAIN;
		return -1;
	}
	assert_true(packets[i].len <= size);
	*ll = (struct sockaddr_ll){.sll_ifindex = 9, .sll_pkttype = packets[i].kind};
	memcpy(buf, packets[i].data, packets[i].len);
	n_read++;
	return (ssize_t)packets[i].len;
}

int __wrap_close(int fd)
{
	return fd == FD ? 0 : __real_close(fd);
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	assert_int_equal(fd, FD);
	if (name == SO_ATTACH_FILTER)
		return 0;
	assert_int_equal(len, sizeof(int));
	if (refuse_option == name) {
		errno = EPERM;
		return -1;
	}
	options[n_options].level = level;
	options[n_options].name = name;
	options[n_options++].value = *(const int *)value;
	return 0;
}

ssize_t __wrap_sendto(int fd, const void *data, size_t len, int flags, const struct sockaddr *to,
		      socklen_t to_len)
{
	assert_true(len <= sizeof(sent));
	memcpy(sent, data, len);
	sent_len = len;
	memcpy(&sent_to, to, to_len < sizeof(sent_to) ? to_len : sizeof(sent_to));
	errno = refuse_send;
	return refuse_send ? -1 : (ssize_t)len;
}

ssize_t __wrap_recv(int fd, void *buf, size_t size, int flags)
{
	errno = EAGAIN;
	return -1;
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *msg, int flags)
{
	size_t i = n_taken, payload = sizeof(queue[i].e) + sizeof(queue[i].offender);
	struct cmsghdr *c = msg->msg_control;

	assert_true(flags & MSG_ERRQUEUE);
	if (i == n_queued) {
		errno = EAGAIN;
		return -1;
	}
	n_taken++;
	memcpy(msg->msg_iov->iov_base, queue[i].data, queue[i].len);
	c->cmsg_level = queue[i].level;
	c->cmsg_type = queue[i].type;
	c->cmsg_len = CMSG_LEN(payload);
	memcpy(CMSG_DATA(c), &queue[i].e, sizeof(queue[i].e));
	memcpy(CMSG_DATA(c) + sizeof(queue[i].e), &queue[i].offender, sizeof(queue[i].offender));
	msg->msg_controllen = CMSG_SPACE(payload);
	return (ssize_t)queue[i].len;
}

void __wrap_watch_on(struct watch *w)
{
	watched = w;
}

void __wrap_watch_off(struct watch *w)
{
	watched = NULL;
}

static void on_answer(void *arg, uint32_t number)
{
	n_answers++;
}

static void on_error(void *arg, const struct pinger_error *e)
{
	errors[n_errors++] = *e;
}

static void opened(struct pinger *p, const char *to)
{
	struct addr a;

	n_options = n_queued = n_taken = n_errors = 0;
	refuse_send = refuse_option = 0;
	assert_int_equal(addr_parse(to, &a), 0);
	assert_int_equal(pinger_open(p, &a, NULL, on_answer, NULL), 0);
}

static uint32_t sum_of(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void test_sizes(void **state)
{
	static const struct {
		unsigned size;
		size_t four, six; /* of the ICMP message */
	} rows[] = {{0, 24, 24},	{30, 24, 24},	       {1280, 1260, 1240},
		    {1421, 1401, 1381}, {65535, 65515, 65495}, {65536, 65515, 65495}};
	struct pinger p;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		opened(&p, "10.0.0.1");
		assert_int_equal(pinger_tune(&p, rows[i].size, 0, on_error), 0);
		assert_int_equal(pinger_send(&p, 3), 0);
		assert_int_equal(sent_len, rows[i].four);
		assert_int_equal(sum_of(sent, sent_len), 0xffff);
		pinger_close(&p);
		opened(&p, "fd00::1");
		assert_int_equal(pinger_tune(&p, rows[i].size, 0, on_error), 0);
		assert_int_equal(pinger_send(&p, 3), 0);
		assert_int_equal(sent_len, rows[i].six);
		pinger_close(&p);
	}
	assert_null(watched);
}

static bool has_option(int level, int name, int value)
{
	for (size_t i = 0; i < n_options; i++)
		if (options[i].level == level && options[i].name == name)
			return options[i].value == value;
	return false;
}

static void test_options(void **state)
{
	struct pinger p;

	opened(&p, "10.0.0.1");
	assert_int_equal(n_options, 0);
	assert_int_equal(pinger_tune(&p, 0, 0, on_error), 0);
	assert_int_equal(n_options, 1);
	assert_true(has_option(IPPROTO_IP, IP_RECVERR, 1));
	assert_int_equal(pinger_tune(&p, 1400, 1, on_error), 0);
	assert_true(has_option(IPPROTO_IP, IP_TTL, 1));
	assert_true(has_option(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE));
	pinger_close(&p);
	opened(&p, "fd00::1");
	assert_int_equal(pinger_tune(&p, 1400, 2, on_error), 0);
	assert_int_equal(n_options, 4);
	assert_true(has_option(IPPROTO_IPV6, IPV6_RECVERR, 1));
	assert_true(has_option(IPPROTO_IPV6, IPV6_UNICAST_HOPS, 2));
	assert_true(has_option(IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE));
	assert_true(has_option(IPPROTO_IPV6, IPV6_DONTFRAG, 1));
	refuse_option = IPV6_DONTFRAG;
	assert_int_equal(pinger_tune(&p, 1400, 2, on_error), -EPERM);
	refuse_send = EMSGSIZE;
	assert_int_equal(pinger_send(&p, 1), -EMSGSIZE);
	pinger_close(&p);
}

/* An error about what was sent last, from "10.9.0.2" or IPv6's. */
static void fails(int level, int type, uint8_t origin, uint8_t icmp_type, uint8_t code, int err,
		  uint32_t info, const char *from)
{
	struct endpoint e = {.port = 0};
	struct sockaddr_storage sa;

	addr_parse(from, &e.addr);
	endpoint_to_sockaddr(&e, &sa);
	memcpy(queue[n_queued].data, sent, 8);
	queue[n_queued].len = 8;
	queue[n_queued].level = level;
	queue[n_queued].type = type;
	queue[n_queued].e = (struct sock_extended_err){.ee_errno = (uint32_t)err,
						       .ee_origin = origin,
						       .ee_type = icmp_type,
						       .ee_code = code,
						       .ee_info = info};
	memcpy(&queue[n_queued].offender, &sa, sizeof(queue[n_queued].offender));
	n_queued++;
}

static void test_errors(void **state)
{
	struct pinger p;
	struct addr from;

	opened(&p, "10.0.0.1");
	assert_int_equal(pinger_tune(&p, 1400, 0, on_error), 0);
	pinger_send(&p, 65536 + 7);
	fails(IPPROTO_IP, IP_RECVERR, SO_EE_ORIGIN_ICMP, 3, 4, EMSGSIZE, 1300, "10.9.0.2");
	fails(IPPROTO_IP, IP_RECVERR, SO_EE_ORIGIN_ICMP, 3, 1, EHOSTUNREACH, 99, "10.9.0.3");
	fails(IPPROTO_IP, IP_RECVERR, SO_EE_ORIGIN_LOCAL, 0, 0, EMSGSIZE, 1300, "10.9.0.3");
	fails(IPPROTO_IP, IP_TTL, SO_EE_ORIGIN_ICMP, 3, 1, EHOSTUNREACH, 0, "10.9.0.3");
	fails(IPPROTO_IP, IP_RECVERR, SO_EE_ORIGIN_ICMP, 3, 1, EHOSTUNREACH, 0, "10.9.0.3");
	queue[4].data[4] ^= 1; /* of another's request */
	fails(IPPROTO_IP, IP_RECVERR, SO_EE_ORIGIN_ICMP, 3, 1, EHOSTUNREACH, 0, "10.9.0.3");
	queue[5].len = 7;
	watched->fn(FD, EV_READ, watched->arg);
	assert_int_equal(n_taken, 6);
	assert_int_equal(n_errors, 2);
	addr_parse("10.9.0.2", &from);
	assert_true(addr_eq(&errors[0].from, &from));
	assert_int_equal(errors[0].number, 7);
	assert_int_equal(errors[0].type, 3);
	assert_int_equal(errors[0].code, 4);
	assert_int_equal(errors[0].mtu, 1300);
	assert_int_equal(errors[1].mtu, 0);
	pinger_close(&p);
	opened(&p, "fd00::1");
	assert_int_equal(pinger_tune(&p, 0, 1, on_error), 0);
	pinger_send(&p, 1);
	fails(IPPROTO_IPV6, IPV6_RECVERR, SO_EE_ORIGIN_ICMP6, 3, 0, EHOSTUNREACH, 0, "fd09::2");
	watched->fn(FD, EV_READ, watched->arg);
	assert_int_equal(n_errors, 1);
	addr_parse("fd09::2", &from);
	assert_true(addr_eq(&errors[0].from, &from));
	pinger_close(&p);
	opened(&p, "10.0.0.1"); /* nobody wants them */
	fails(IPPROTO_IP, IP_RECVERR, SO_EE_ORIGIN_ICMP, 3, 1, EHOSTUNREACH, 0, "10.9.0.3");
	watched->fn(FD, EV_READ, watched->arg);
	assert_int_equal(n_taken, 0);
	pinger_close(&p);
	assert_int_equal(n_answers, 0);
}

/* ---- of somebody behind this machine */

static void opened_passed(struct pinger *p, unsigned tunnel, const char *to, const char *from)
{
	struct addr a, b;

	n_sockets = n_options = n_packets = n_read = n_errors = n_answers = 0;
	refuse_send = refuse_option = 0;
	assert_int_equal(addr_parse(to, &a), 0);
	assert_int_equal(addr_parse(from, &b), 0);
	assert_int_equal(pinger_open_passed(p, tunnel, &a, &b, on_answer, NULL), 0);
}

/* A packet with the header of HEADER, as long, from "10.9.0.2" or "fd09::2", and BODY. */
static void comes_in(const uint8_t *header, const uint8_t *body, size_t len, uint8_t kind)
{
	bool four = header[0] >> 4 == 4;
	size_t at = four ? 20 : 40;
	struct addr from;

	addr_parse(four ? "10.9.0.2" : "fd09::2", &from);
	memcpy(packets[n_packets].data, header, at);
	memcpy(packets[n_packets].data + (four ? 12 : 8), from.b, four ? 4 : 16);
	memcpy(packets[n_packets].data + at, body, len);
	packets[n_packets].kind = kind;
	packets[n_packets++].len = at + len;
}

static void are_read(struct pinger *p)
{
	n_read = n_answers = n_errors = 0;
	p->answered_by = 0;
	watched->fn(FD, EV_READ, watched->arg);
	assert_int_equal(n_read, n_packets);
	n_packets = n_read = 0;
}

/* A request is a whole packet of the source, with sums that are right, on the tunnel. */
static void test_packet_of_another(void **state)
{
	struct pinger p;
	uint8_t pseudo[2000] = {0};
	struct addr from, to;

	opened_passed(&p, 7, "10.0.0.1", "192.168.1.9");
	assert_int_equal(n_sockets, 1);
	assert_int_equal(domains[0], AF_PACKET);
	assert_int_equal(bound.sll_ifindex, 0);
	assert_int_equal(pinger_tune(&p, 1400, 1, on_error), 0);
	assert_int_equal(n_options, 0);
	assert_int_equal(pinger_send(&p, 3), 0);
	assert_int_equal(sent_len, 1400);
	assert_int_equal(sent_to.sll_family, AF_PACKET);
	assert_int_equal(sent_to.sll_ifindex, 7);
	assert_int_equal(sent_to.sll_protocol, htons(0x0800));
	assert_memory_equal(sent, "\x45\0\x05\x78\0\0\x40\0\1\1", 10);
	assert_memory_equal(sent + 12, "\xc0\xa8\1\x9\xa\0\0\1", 8);
	assert_int_equal(sum_of(sent, 20), 0xffff);
	assert_int_equal(sum_of(sent + 20, 1380), 0xffff);
	assert_int_equal(sent[20], 8);
	pinger_close(&p);
	opened_passed(&p, 7, "fd00::1", "fd00:1::9");
	assert_int_equal(pinger_tune(&p, 1280, 0, on_error), 0);
	assert_int_equal(pinger_send(&p, 3), 0);
	assert_int_equal(sent_len, 1280);
	assert_int_equal(sent_to.sll_protocol, htons(0x86dd));
	assert_memory_equal(sent, "\x60\0\0\0\x04\xd8\x3a\x40", 8);
	addr_parse("fd00:1::9", &from);
	addr_parse("fd00::1", &to);
	assert_memory_equal(sent + 8, from.b, 16);
	assert_memory_equal(sent + 24, to.b, 16);
	memcpy(pseudo, sent + 8, 32);
	memcpy(pseudo + 34, "\x04\xd8", 2);
	pseudo[39] = 58;
	memcpy(pseudo + 40, sent + 40, 1240);
	assert_int_equal(sum_of(pseudo, 1280), 0xffff);
	pinger_close(&p);
}

/* By no tunnel: as usual, from our own address; the other socket is read. */
static void test_sent_as_usual(void **state)
{
	struct pinger p;

	opened_passed(&p, 0, "10.0.0.1", "192.168.1.1");
	assert_int_equal(n_sockets, 2);
	assert_int_equal(domains[0], AF_PACKET);
	assert_int_equal(domains[1], AF_INET);
	assert_int_equal(pinger_tune(&p, 1400, 1, on_error), 0);
	assert_true(has_option(IPPROTO_IP, IP_TTL, 1));
	assert_int_equal(pinger_send(&p, 3), 0);
	assert_int_equal(sent_len, 1380);
	assert_int_equal(sent[0], 8);
	pinger_close(&p);
}

/* Answers and errors in packets that come in. */
static void test_packets(void **state)
{
	static const struct {
		const char *to, *from, *by;
		uint8_t reply, unreachable, large;
		size_t mtu_at;
	} rows[] = {{"10.0.0.1", "192.168.1.9", "10.9.0.2", 0, 3, 3, 6},
		    {"fd00::1", "fd00:1::9", "fd09::2", 129, 1, 2, 6}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t request[64], error[8 + 64] = {0};
		struct pinger p;
		size_t len, at;
		struct addr by;

		opened_passed(&p, 7, rows[i].to, rows[i].from);
		assert_int_equal(pinger_tune(&p, 0, 0, on_error), 0);
		pinger_send(&p, 65536 + 7);
		memcpy(request, sent, len = sent_len);
		at = len - 24;
		/* the answer; what we send on; the answer to another's */
		request[at] = rows[i].reply;
		comes_in(request, request + at, 24, PACKET_HOST);
		comes_in(request, request + at, 24, PACKET_OUTGOING);
		request[at + 8] ^= 1;
		comes_in(request, request + at, 24, PACKET_HOST);
		are_read(&p);
		assert_int_equal(n_answers, 1);
		assert_int_equal(p.answered_by, 9);
		/* who says what */
		memcpy(request, sent, len);
		memcpy(error + 8, sent, len);
		error[0] = rows[i].unreachable;
		comes_in(request, error, 8 + at + 8, PACKET_HOST);
		error[0] = rows[i].large;
		error[1] = i == 0 ? 4 : 0;
		memcpy(error + rows[i].mtu_at, "\x05\x14", 2);
		comes_in(request, error, 8 + len, PACKET_HOST);
		error[8 + at + 4] ^= 1; /* of another's request */
		comes_in(request, error, 8 + len, PACKET_HOST);
		are_read(&p);
		assert_int_equal(n_answers, 0);
		assert_int_equal(n_errors, 2);
		addr_parse(rows[i].by, &by);
		assert_true(addr_eq(&errors[0].from, &by));
		assert_int_equal(errors[0].number, 7);
		assert_int_equal(errors[0].type, rows[i].unreachable);
		assert_int_equal(errors[0].mtu, 0);
		assert_int_equal(errors[1].type, rows[i].large);
		assert_int_equal(errors[1].mtu, 1300);
		/* cut off anywhere */
		error[8 + at + 4] ^= 1;
		for (size_t n = 0; n < at + 8 + at + 8; n++) {
			comes_in(request, error, 8 + len, PACKET_HOST);
			packets[0].len = n;
			n_read = n_errors = 0;
			watched->fn(FD, EV_READ, watched->arg);
			assert_int_equal(n_errors, 0);
			n_packets = 0;
		}
		pinger_close(&p);
	}
	assert_null(watched);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),	      cmocka_unit_test(test_options),
		cmocka_unit_test(test_errors),	      cmocka_unit_test(test_packet_of_another),
		cmocka_unit_test(test_sent_as_usual), cmocka_unit_test(test_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
