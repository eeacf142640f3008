/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What BFD's sockets are given, and what is made of it where the kernel refuses: its calls are
 * played, and written down. (daemon_test has real ones.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bfd_socket.h"
#include "said.h"
#include "testing.h"
#include "util.h"

static int calls_left; /* until one fails by `refusal` */
static int refusal;
static unsigned taken; /* so many ports are */
static unsigned binds;

static int judge(void)
{
	if (!refusal || calls_left-- > 0)
		return 0;
	errno = refusal;
	return -1;
}

/* --- the kernel --- */

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	static const struct {
		int level, name;
		const char *text;
	} rows[] = {
		{SOL_SOCKET, SO_REUSEADDR, "reuse"},
		{IPPROTO_IP, IP_RECVTTL, "receive-ttl"},
		{IPPROTO_IP, IP_TTL, "ttl"},
		{IPPROTO_IP, IP_TOS, "tos"},
		{IPPROTO_IPV6, IPV6_V6ONLY, "v6only"},
		{IPPROTO_IPV6, IPV6_RECVHOPLIMIT, "receive-hop-limit"},
		{IPPROTO_IPV6, IPV6_UNICAST_HOPS, "hop-limit"},
		{IPPROTO_IPV6, IPV6_TCLASS, "class"},
	};

	if (level == SOL_SOCKET && name == SO_BINDTODEVICE) {
		assert_int_equal(len, strlen(value) + 1);
		say("device %s, ", (const char *)value);
		return judge();
	}
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].level == level && rows[i].name == name) {
			assert_int_equal(len, sizeof(int));
			say("%s %d, ", rows[i].text, *(const int *)value);
			return judge();
		}
	fail_msg("option %d of level %d", name, level);
	return -1;
}

static void say_address(const struct sockaddr *sa, socklen_t len)
{
	struct endpoint e;

	endpoint_from_sockaddr(sa, &e);
	assert_int_equal(len, sa->sa_family == AF_INET ? sizeof(struct sockaddr_in)
						       : sizeof(struct sockaddr_in6));
	say("%s port %u", ADDR_STR(&e.addr), e.port);
	if (sa->sa_family == AF_INET6)
		say(" scope %u", ((const struct sockaddr_in6 *)sa)->sin6_scope_id);
}

int bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(binds++ < 1000);
	if (binds <= taken) {
		errno = EADDRINUSE;
		return -1;
	}
	say_address(sa, len);
	return judge();
}

ssize_t sendto(int fd, const void *data, size_t n, int flags, const struct sockaddr *sa,
	       socklen_t len)
{
	assert_int_equal(flags, 0);
	say("%.*s to ", (int)n, (const char *)data);
	say_address(sa, len);
	return judge() < 0 ? -1 : (ssize_t)n;
}

/* What comes with a packet. */
static const struct extra {
	int level, type, value;
} *extras;
static unsigned n_extras;

ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
	struct endpoint e = {.port = 3784};
	struct cmsghdr *c = m->msg_control;
	size_t room = m->msg_controllen;

	assert_int_equal(addr_parse("fe80::7", &e.addr), 0);
	if (judge() < 0)
		return -1;
	memset(m->msg_control, 0, room);
	for (unsigned i = 0; i < n_extras; i++) {
		assert_true((char *)c + CMSG_SPACE(sizeof(int)) <= (char *)m->msg_control + room);
		c->cmsg_level = extras[i].level;
		c->cmsg_type = extras[i].type;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &extras[i].value, sizeof(int));
		c = (struct cmsghdr *)((char *)c + CMSG_SPACE(sizeof(int)));
	}
	m->msg_controllen = n_extras * CMSG_SPACE(sizeof(int));
	m->msg_namelen = endpoint_to_sockaddr(&e, m->msg_name);
	assert_int_equal(m->msg_iovlen, 1);
	memcpy(m->msg_iov->iov_base, "xyz", 3);
	return 3;
}

/* --- chance: of which port --- */

static uint32_t drawn;

static const char *random_name(void)
{
	return "played";
}

static uint32_t random_number(void)
{
	return drawn;
}

static uint32_t random_below(const uint32_t limit)
{
	return drawn == UINT32_MAX ? limit - 1 : drawn % limit;
}

static void random_bytes(void *const buf, const size_t size)
{
	memset(buf, 7, size);
}

static struct randombytes_implementation chance = {.implementation_name = random_name,
						   .random = random_number,
						   .uniform = random_below,
						   .buf = random_bytes};

/* --- the checks --- */

static int fd_before;

static int begin(void **state)
{
	fd_before = test_lowest_fd();
	randombytes_set_implementation(&chance);
	return 0;
}

static struct addr addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static int open_one(bool listens, const char *local)
{
	struct addr a = addr(local);

	binds = 0;
	return listens ? bfd_socket_listen(a.family, "wg0") : bfd_socket_speak(&a, "wg0", 7);
}

/* Each of the calls is made, in this order; one that fails is what it fails by, and nothing stays
 * open. */
static void test_open(void **state)
{
	static const struct {
		bool listens;
		const char *local, *said;
		int calls;
	} rows[] = {
		{true, "10.0.0.1", "device wg0, reuse 1, receive-ttl 1, 0.0.0.0 port 3784", 4},
		{true, "fd00::1",
		 "device wg0, v6only 1, reuse 1, receive-hop-limit 1, :: port 3784 scope 0", 5},
		{false, "10.0.0.1", "device wg0, ttl 255, tos 192, 10.0.0.1 port 49152", 4},
		{false, "fd00::1",
		 "device wg0, v6only 1, hop-limit 255, class 192, fd00::1 port 49152 scope 0", 5},
		{false, "fe80::1",
		 "device wg0, v6only 1, hop-limit 255, class 192, fe80::1 port 49152 scope 7", 5},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		int fd = open_one(rows[i].listens, rows[i].local);

		assert_int_equal(fd, fd_before);
		close(fd);
		expect_at(rows[i].said, (int)i);
		refusal = EACCES;
		for (int n = 0; n < rows[i].calls; n++) {
			calls_left = n;
			assert_int_equal(open_one(rows[i].listens, rows[i].local), -EACCES);
			assert_int_equal(test_lowest_fd(), fd_before);
		}
		refusal = 0;
		said[0] = '\0';
	}
}

/* Any port of the range; another one where it is taken, but not for ever. */
static void test_ports(void **state)
{
	int fd;

	drawn = UINT32_MAX;
	fd = open_one(false, "10.0.0.1");
	expect("device wg0, ttl 255, tos 192, 10.0.0.1 port 65535");
	close(fd);
	drawn = 5;
	taken = 63;
	fd = open_one(false, "10.0.0.1");
	assert_true(fd >= 0);
	assert_int_equal(binds, 64);
	expect("device wg0, ttl 255, tos 192, 10.0.0.1 port 49157");
	close(fd);
	taken = 64;
	assert_int_equal(open_one(false, "10.0.0.1"), -EADDRINUSE);
	assert_int_equal(binds, 64);
	assert_int_equal(test_lowest_fd(), fd_before);
	taken = 0;
	refusal = EADDRNOTAVAIL;
	calls_left = 3;
	assert_int_equal(open_one(false, "10.0.0.1"), -EADDRNOTAVAIL);
	assert_int_equal(binds, 1);
}

static void test_send(void **state)
{
	struct addr a = addr("10.0.0.2"), b = addr("fe80::2"), c = addr("fd00::2");

	assert_int_equal(bfd_socket_send(0, &a, 7, "x", 1), 0);
	expect("x to 10.0.0.2 port 3784");
	assert_int_equal(bfd_socket_send(0, &b, 7, "xy", 2), 0);
	expect("xy to fe80::2 port 3784 scope 7");
	assert_int_equal(bfd_socket_send(0, &c, 7, "xy", 2), 0);
	expect("xy to fd00::2 port 3784 scope 0");
	refusal = ENETDOWN;
	assert_int_equal(bfd_socket_send(0, &a, 7, "x", 1), -ENETDOWN);
}

/* The time to live is what the kernel says of it in its family, and of nothing else. */
static void test_receive(void **state)
{
	static const struct {
		struct extra extras[2];
		unsigned n;
		int ttl;
	} rows[] = {
		{{{0}}, 0, -1},
		{{{IPPROTO_IP, IP_TTL, 255}}, 1, 255},
		{{{IPPROTO_IP, IP_TTL, 0}}, 1, 0},
		{{{IPPROTO_IPV6, IPV6_HOPLIMIT, 254}}, 1, 254},
		{{{IPPROTO_IP, IP_TOS, 7}}, 1, -1},
		{{{IPPROTO_IPV6, IPV6_TCLASS, 7}}, 1, -1},
		{{{IPPROTO_IPV6, IP_TTL, 7}}, 1, -1},
		{{{IPPROTO_IP, IPV6_HOPLIMIT, 7}}, 1, -1},
		{{{IPPROTO_IP, IP_TOS, 7}, {IPPROTO_IP, IP_TTL, 9}}, 2, 9},
	};
	struct addr from;
	char data[8];
	int ttl;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		extras = rows[i].extras;
		n_extras = rows[i].n;
		assert_int_equal(bfd_socket_receive(0, &from, &ttl, data, sizeof(data)), 3);
		assert_memory_equal(data, "xyz", 3);
		assert_string_equal(ADDR_STR(&from), "fe80::7");
		if (ttl != rows[i].ttl)
			fail_msg("row %u: %d", i, ttl);
	}
	refusal = EAGAIN;
	assert_int_equal(bfd_socket_receive(0, &from, &ttl, data, sizeof(data)), -EAGAIN);
	refusal = ENETDOWN;
	assert_int_equal(bfd_socket_receive(0, &from, &ttl, data, sizeof(data)), -ENETDOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_open, begin),
		cmocka_unit_test_setup(test_ports, begin),
		cmocka_unit_test_setup(test_send, begin),
		cmocka_unit_test_setup(test_receive, begin),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
