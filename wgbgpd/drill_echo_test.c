/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drill_echo: the stream with a played socket and a clock that is turned: the packets, which
 * answers count, and what is lost in every order of answers, beside a model that looks at each
 * request.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "drill_echo.h"
#include "loop_fake.h"
#include "testing.h"
#include "util.h"

#define FD 4711
#define PACKET 24 /* bytes: header of 8, payload of 16 */

/* ---- the played socket */

static int opened, refuse_socket, refuse_send;
static int domain, protocol;
static struct sockaddr_storage sent_to;
static uint8_t packets[4096][PACKET]; /* all that were sent */
static unsigned n_packets;
static uint8_t incoming[512];
static size_t incoming_len;
static unsigned dry; /* reads of nothing, one behind the other */
static struct watch *watched;

int __wrap_socket(int d, int type, int p);
ssize_t __wrap_sendto(int fd, const void *data, size_t len, int flags, const struct sockaddr *to,
		      socklen_t to_len);
ssize_t __wrap_recv(int fd, void *buf, size_t size, int flags);
int __real_close(int fd);
int __wrap_close(int fd);
void __wrap_watch_on(struct watch *w);
void __wrap_watch_off(struct watch *w);

int __wrap_socket(int d, int type, int p)
{
	assert_int_equal(type, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK);
	domain = d;
	protocol = p;
	errno = refuse_socket;
	opened += !refuse_socket;
	return refuse_socket ? -1 : FD;
}

ssize_t __wrap_sendto(int fd, const void *data, size_t len, int flags, const struct sockaddr *to,
		      socklen_t to_len)
{
	assert_int_equal(fd, FD);
	assert_int_equal(len, PACKET);
	assert_int_equal(flags, MSG_DONTWAIT);
	memset(&sent_to, 0, sizeof(sent_to));
	memcpy(&sent_to, to, to_len);
	memcpy(packets[n_packets++], data, len);
	errno = refuse_send;
	return refuse_send ? -1 : (ssize_t)len;
}

ssize_t __wrap_recv(int fd, void *buf, size_t size, int flags)
{
	ssize_t len = incoming_len;

	assert_int_equal(fd, FD);
	assert_int_equal(flags, MSG_DONTWAIT);
	assert_true(size >= sizeof(incoming));
	if (!len && ++dry > 1)
		fail_msg("it reads for ever");
	if (!len) {
		errno = EAGAIN;
		return -1;
	}
	dry = 0;
	memcpy(buf, incoming, len);
	incoming_len = 0;
	return len;
}

int __wrap_close(int fd)
{
	if (fd != FD)
		return __real_close(fd);
	opened--;
	return 0;
}

void __wrap_watch_on(struct watch *w)
{
	watched = w;
}

void __wrap_watch_off(struct watch *w)
{
	watched = NULL;
}

static uint16_t u16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static void put_u32(uint8_t *p, uint32_t value)
{
	memcpy(p, &value, sizeof(value));
}

/* PACKET of BEFORE bytes of a header of IP arrives. */
static void arrives(const uint8_t *packet, size_t len, size_t before)
{
	memset(incoming, 0, sizeof(incoming));
	incoming[0] = 0x40 | before / 4;
	memcpy(incoming + before, packet, len);
	incoming_len = before + len;
	assert_non_null(watched);
	dry = 0;
	watched->fn(FD, EV_READ, watched->arg);
}

static void reply(unsigned number, uint8_t type, size_t before)
{
	uint8_t packet[PACKET];

	memcpy(packet, packets[number], PACKET);
	packet[0] = type;
	arrives(packet, PACKET, before);
}

static void answered(unsigned number)
{
	reply(number, 0, 20);
}

static void turn(unsigned n)
{
	while (n--) {
		loop_fake_pass(10000);
		loop_fake_turn();
	}
}

static void start(const char *text)
{
	struct addr to;

	assert_int_equal(addr_parse(text, &to), 0);
	n_packets = 0;
	assert_int_equal(drill_echo_start(&to), 0);
}

static int teardown(void **state)
{
	drill_echo_stop();
	refuse_socket = refuse_send = 0;
	return 0;
}

/* ---- */

/* The sum over all of a packet, its checksum among it, is all ones (RFC 1071). */
static uint16_t sum_of(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += u16(p + i);
	while (sum > 0xffff)
		sum = (sum >> 16) + (sum & 0xffff);
	return sum;
}

static void test_ipv4(void **state)
{
	const struct sockaddr_in *to = (const struct sockaddr_in *)&sent_to;

	start("10.0.0.1");
	assert_int_equal(domain, AF_INET);
	assert_int_equal(protocol, IPPROTO_ICMP);
	assert_int_equal(n_packets, 1); /* at once */
	assert_int_equal(to->sin_family, AF_INET);
	assert_int_equal(ntohl(to->sin_addr.s_addr), 0x0a000001);
	turn(300); /* then a hundred a second */
	assert_int_equal(n_packets, 301);
	for (unsigned i = 0; i < n_packets; i++) {
		const uint8_t *p = packets[i];

		assert_int_equal(p[0], 8); /* echo request */
		assert_int_equal(p[1], 0);
		assert_int_equal(sum_of(p, PACKET), 0xffff);
		assert_int_equal(u16(p + 4), u16(packets[0] + 4)); /* identifier */
		assert_int_equal(u16(p + 6), i);		   /* sequence */
		assert_memory_equal(p + 8, packets[0] + 8, 8);	   /* whose stream it is */
		assert_memory_equal(p + 16, &i, 4);
	}
	assert_int_equal(opened, 1);
	drill_echo_stop();
	assert_int_equal(opened, 0);
	assert_null(watched);
	turn(10);
	assert_int_equal(n_packets, 301);
}

static void test_ipv6(void **state)
{
	const struct sockaddr_in6 *to = (const struct sockaddr_in6 *)&sent_to;

	start("fd00::7");
	assert_int_equal(domain, AF_INET6);
	assert_int_equal(protocol, IPPROTO_ICMPV6);
	assert_int_equal(to->sin6_family, AF_INET6);
	assert_int_equal(to->sin6_addr.s6_addr[15], 7);
	assert_int_equal(packets[0][0], 128);
	assert_int_equal(u16(packets[0] + 2), 0); /* the kernel's business */
	turn(2);
	reply(1, 129, 0);
	assert_int_equal(drill_echo_received(), 1);
	reply(2, 128, 0); /* a request of somebody */
	reply(2, 0, 0);
	assert_int_equal(drill_echo_received(), 1);
}

static void test_answers(void **state)
{
	uint8_t packet[PACKET];

	start("10.0.0.1");
	turn(5);
	answered(0);
	assert_int_equal(drill_echo_received(), 1);
	answered(0); /* twice */
	assert_int_equal(drill_echo_received(), 1);
	reply(1, 0, 24); /* with an option in the header of IP */
	assert_int_equal(drill_echo_received(), 2);
	reply(2, 3, 20); /* an ICMP error */
	reply(2, 8, 20); /* our own request */
	memcpy(packet, packets[2], PACKET);
	packet[0] = 0;
	arrives(packet, PACKET - 1, 20); /* too short */
	packet[8] ^= 1;			 /* of another stream */
	arrives(packet, PACKET, 20);
	packet[8] ^= 1;
	put_u32(packet + 16, 6); /* not yet sent */
	arrives(packet, PACKET, 20);
	put_u32(packet + 16, UINT32_MAX);
	arrives(packet, PACKET, 20);
	assert_int_equal(drill_echo_received(), 2);
	put_u32(packet + 16, 5); /* the last one */
	arrives(packet, PACKET, 20);
	assert_int_equal(drill_echo_received(), 3);
}

static void test_refused(void **state)
{
	struct drill_echo_result r;
	struct addr to;

	addr_parse("10.0.0.1", &to);
	refuse_socket = EPERM;
	assert_int_equal(drill_echo_start(&to), -EPERM);
	drill_echo_stop(); /* fine when there is none */
	refuse_socket = 0;
	refuse_send = ENETUNREACH; /* such requests are lost */
	start("10.0.0.1");
	turn(9);
	r = drill_echo_result(0, now_us());
	assert_int_equal(r.sent, 10);
	assert_int_equal(r.lost, 10);
}

/* A new stream knows nothing of the one before. */
static void test_again(void **state)
{
	struct drill_echo_result r;
	uint8_t before[PACKET];

	start("10.0.0.1");
	turn(9);
	answered(0);
	memcpy(before, packets[1], PACKET);
	start("10.0.0.2");
	assert_int_equal(opened, 1);
	assert_int_equal(drill_echo_received(), 0);
	assert_int_equal(u16(packets[0] + 6), 0);
	turn(4);
	before[0] = 0;
	arrives(before, PACKET, 20);
	assert_int_equal(drill_echo_received(), 0);
	r = drill_echo_result(0, now_us());
	assert_int_equal(r.sent, 5);
	assert_int_equal(n_packets, 5);
}

/* It ends by itself some time. */
static void test_long(void **state)
{
	struct drill_echo_result r;

	start("10.0.0.1");
	for (int i = 0; i < 200100; i++) {
		n_packets = 0;
		turn(1);
	}
	assert_int_equal(n_packets, 0);
	r = drill_echo_result(0, now_us());
	assert_int_equal(r.sent, 200000);
	assert_int_equal(r.lost, 200000);
}

/* What the header promises, request by request. A run begins with the answered request before it,
 * or where there is none with its first one, and ends with the answered one behind it, or TO. */
static struct drill_echo_result model(const bool *good, unsigned n, uint64_t first, uint64_t from,
				      uint64_t to)
{
	struct drill_echo_result r = {0};

	for (unsigned i = 0; i < n; i++) {
		uint64_t at = first + i * 10000ull, begin, end;
		unsigned k;
		double ms;

		if (at < from || at > to)
			continue;
		r.sent++;
		if (good[i])
			continue;
		r.lost++;
		for (k = i; k > 0 && !good[k - 1] && first + (k - 1) * 10000ull >= from; k--)
			;
		begin = first + k * 10000ull;
		while (k > 0 && !good[k - 1])
			k--;
		if (k > 0)
			begin = first + (k - 1) * 10000ull;
		for (k = i; k < n && !good[k] && first + k * 10000ull <= to; k++)
			;
		end = k < n && first + k * 10000ull <= to ? first + k * 10000ull : to;
		ms = (end - begin) / 1000.0;
		if (ms > r.blackout_ms)
			r.blackout_ms = ms;
	}
	return r;
}

static void test_lost(void **state)
{
	unsigned seed = test_seed();

	srandom(seed);
	for (int round = 0; round < 500; round++) {
		unsigned n = 1 + random() % 40, quota = random() % 101;
		uint64_t first = now_us(), last, from, to;
		struct drill_echo_result have, want;
		bool good[41];

		start("10.0.0.1");
		turn(n - 1);
		last = now_us();
		for (unsigned i = 0; i < n; i++) {
			good[i] = (unsigned)(random() % 100) < quota;
			if (good[i])
				answered(i);
		}
		from = first + random() % 400 * 1000;
		to = from + random() % 400 * 1000;
		if (random() % 3 == 0)
			to = last;
		have = drill_echo_result(from, to);
		want = model(good, n, first, from, to);
		if (have.sent != want.sent || have.lost != want.lost ||
		    have.blackout_ms != want.blackout_ms)
			fail_msg("seed %u, round %d: %u, %u, %.1f instead of %u, %u, %.1f", seed,
				 round, have.sent, have.lost, have.blackout_ms, want.sent,
				 want.lost, want.blackout_ms);
		loop_fake_pass(1000);
	}
}

#define TEST(fn) cmocka_unit_test_teardown(fn, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ipv4),  TEST(test_ipv6), TEST(test_answers), TEST(test_refused),
		TEST(test_again), TEST(test_long), TEST(test_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
