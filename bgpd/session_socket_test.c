/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets of sessions over the loopback, both families, made by us and accepted by us: what the
 * kernel says of each.
 */
#include "config.h" /* accept4() */

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "listen.h"
#include "log.h"
#include "password.h"
#include "quoted.h"
#include "session_socket.h"
#include "tcp_md5.h"
#include "util.h"

static const struct family {
	const char *loopback;
	uint8_t family;
	int level, class, ttl, min_ttl;
	const char *range;
} families[] = {
	{"127.0.0.1", AF_INET, IPPROTO_IP, IP_TOS, IP_TTL, IP_MINTTL, "127.0.0.0/8"},
	{"::1", AF_INET6, IPPROTO_IPV6, IPV6_TCLASS, IPV6_UNICAST_HOPS, IPV6_MINHOPCOUNT,
	 "::/64"},
};

static int option(int fd, int level, int name)
{
	socklen_t len = sizeof(int);
	int value = -1;

	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

/* A listening socket, known to bgpd as one of the parent's, and its address. */
static int listener(const struct family *f, struct endpoint *at)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int fd = socket(f->family, SOCK_STREAM | SOCK_NONBLOCK, 0);

	*at = (struct endpoint){0};
	assert_int_equal(addr_parse(f->loopback, &at->addr), 0);
	len = endpoint_to_sockaddr(at, &ss);
	if (fd < 0 || bind(fd, (struct sockaddr *)&ss, len) < 0)
		skip(); /* a machine without this family */
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &len), 0);
	endpoint_from_sockaddr((struct sockaddr *)&ss, at);
	listen_add(at, fd);
	return fd;
}

static struct peer *peer_at(const struct endpoint *at)
{
	static struct peer p;

	memset(&p, 0, sizeof(p));
	p.conf.address = at->addr;
	p.conf.port = at->port;
	return &p;
}

/* Each kind of socket there is carries CS6. */
static void test_class(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(families); i++) {
		const struct family *f = &families[i];
		struct endpoint at;
		int listening = listener(f, &at), out, in;
		struct peer *p = peer_at(&at);

		out = session_socket_connect(p);
		assert_true(out >= 0);
		in = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
		assert_true(in >= 0);
		/* One that is refused has it, too. */
		assert_int_equal(option(in, f->level, f->class), 0xc0);
		session_socket_prepare(p, in);
		assert_int_equal(option(listening, f->level, f->class), 0xc0);
		assert_int_equal(option(out, f->level, f->class), 0xc0);
		assert_int_equal(option(in, f->level, f->class), 0xc0);
		close(out);
		close(in);
		listen_stop();
	}
}

/* TTL of what goes out, and the least one of what comes in, by what is configured. */
static void test_ttl(void **state)
{
	static const struct {
		bool internal;
		uint8_t multihop, security;
		int ttl, least;
	} rows[] = {
		{false, 0, 0, 1, 0},	 {false, 3, 0, 3, 0},	  {true, 0, 0, 255, 0},
		{false, 0, 1, 255, 255}, {false, 0, 2, 255, 254}, {true, 0, 254, 255, 2},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(families) * ARRAY_SIZE(rows); i++) {
		const struct family *f = &families[i % ARRAY_SIZE(families)];
		unsigned r = i / ARRAY_SIZE(families);
		struct endpoint at;
		int listening = listener(f, &at), fds[2];
		struct peer *p = peer_at(&at);

		p->conf.remote_type = rows[r].internal ? REMOTE_INTERNAL : REMOTE_EXTERNAL;
		p->conf.multihop = rows[r].multihop;
		p->conf.ttl_security = rows[r].security;
		fds[0] = session_socket_connect(p);
		assert_true(fds[0] >= 0);
		fds[1] = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
		assert_int_equal(session_socket_prepare(p, fds[1]), 0);
		for (int k = 0; k < 2; k++) {
			assert_int_equal(option(fds[k], f->level, f->ttl), rows[r].ttl);
			assert_int_equal(option(fds[k], f->level, f->min_ttl), rows[r].least);
			close(fds[k]);
		}
		listen_stop();
	}
}

/* The configuration says which sockets of the parent's stay. */
static void test_listeners(void **state)
{
	static const struct {
		const char *neighbor;
		bool stays;
	} rows[] = {
		{"{'address': '127.0.0.2'}", true}, /* by a tunnel whose own address it is */
		{"{'address': '192.0.2.1'}", false},
		{"{'address': '192.0.2.1', 'local-address': '127.0.0.1'}", true},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct endpoint at;
		int fd = listener(&families[0], &at);
		char *text = xasprintf("{'wireguard': {'interface': [{'name': 'wg0', 'address': "
				       "['127.0.0.1/8']}]}, 'bgp': {'as': 1, 'listen-port': %u, "
				       "'neighbor': [%s]}}",
				       at.port, rows[i].neighbor);
		json_t *config = quoted(text);

		listen_apply(config);
		assert_int_equal(fcntl(fd, F_GETFD) >= 0, rows[i].stays);
		listen_stop();
		json_decref(config);
		free(text);
	}
}

static struct password *password(const char *text)
{
	struct password *p;

	if (!text)
		return NULL;
	password_put("/pw", text);
	p = password_get("/pw");
	assert_non_null(p);
	return p;
}

static bool is_connected(int fd)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	return info.tcpi_state == TCP_ESTABLISHED;
}

/* Who has which password, and whether a connection comes of it: on the loopback the answer to a SYN
 * is there when connect() returns, or never. */
static void test_password(void **state)
{
	static const struct {
		const char *listening, *range, *ours;
		bool connects;
	} rows[] = {
		{NULL, NULL, NULL, true},	{"one", NULL, "one", true},
		{"one", NULL, "two", false},	{"one", NULL, "One", false},
		{"one", NULL, "one ", false},	{"one", NULL, NULL, false},
		{NULL, NULL, "one", false},	{NULL, "one", "one", true},
		{NULL, "one", "two", false},	{NULL, "one", NULL, false},
		{"two", "one", "two", true},	{"two", "one", "one", false},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(families) * ARRAY_SIZE(rows); i++) {
		const struct family *f = &families[i % ARRAY_SIZE(families)];
		unsigned r = i / ARRAY_SIZE(families);
		struct prefix whole, range;
		struct endpoint at;
		int listening = listener(f, &at), out, in;
		struct peer *p = peer_at(&at);

		whole = prefix_make(at.addr.family, at.addr.b,
				    (uint8_t)family_bits(at.addr.family));
		assert_int_equal(prefix_parse(f->range, &range), 0);
		if (rows[r].listening)
			assert_int_equal(tcp_md5_set(listening, &whole, rows[r].listening,
						     strlen(rows[r].listening)),
					 0);
		if (rows[r].range)
			assert_int_equal(tcp_md5_set(listening, &range, rows[r].range,
						     strlen(rows[r].range)),
					 0);
		p->conf.password = password(rows[r].ours);
		out = session_socket_connect(p);
		assert_true(out >= 0);
		in = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
		if (is_connected(out) != rows[r].connects || (in >= 0) != rows[r].connects)
			fail_msg("%s, row %u", f->loopback, r);
		if (in >= 0)
			close(in);
		close(out);
		password_unref(p->conf.password);
		/* None any more: anybody again. */
		assert_int_equal(tcp_md5_set(listening, &whole, NULL, 0), 0);
		assert_int_equal(tcp_md5_set(listening, &range, NULL, 0), 0);
		p->conf.password = NULL;
		out = session_socket_connect(p);
		assert_true(is_connected(out));
		close(out);
		listen_stop();
		password_sweep();
	}
}

/* One that came in before there was a password is held to it: what is not signed is not heard. */
static void test_password_later(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(families); i++) {
		struct endpoint at;
		int listening = listener(&families[i], &at), out, in;
		struct peer *p = peer_at(&at);
		char byte;

		out = session_socket_connect(p);
		in = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
		assert_int_equal(write(out, "a", 1), 1);
		assert_int_equal(read(in, &byte, 1), 1);
		p->conf.password = password("one");
		assert_int_equal(session_socket_prepare(p, in), 0);
		assert_int_equal(write(out, "b", 1), 1);
		assert_int_equal(read(in, &byte, 1), -1);
		assert_int_equal(errno, EAGAIN);
		password_unref(p->conf.password);
		close(out);
		close(in);
		listen_stop();
		password_sweep();
	}
}

static void test_password_store(void **state)
{
	struct peer p = {.conf.password_wanted = true};
	struct password *one, *again, *two;

	assert_null(password_get("/pw"));
	assert_non_null(session_socket_obstacle(&p));
	one = password("one");
	p.conf.password = one;
	assert_null(session_socket_obstacle(&p));
	again = password("one");
	assert_ptr_equal(one, again);
	two = password("two");
	assert_false(password_eq(one, two));
	assert_false(password_eq(one, NULL));
	password_sweep();
	assert_ptr_equal(password_get("/pw"), two);
	password_unref(two);
	password_unref(two);
	password_sweep();
	assert_null(password_get("/pw"));
	password_unref(again);
	password_put("/other", "one");
	again = password_get("/other");
	assert_true(password_eq(one, again)); /* a file of another name changes nothing */
	password_unref(again);
	password_unref(one);
	password_sweep();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_class),
		cmocka_unit_test(test_ttl),
		cmocka_unit_test(test_listeners),
		cmocka_unit_test(test_password),
		cmocka_unit_test(test_password_later),
		cmocka_unit_test(test_password_store),
	};

	assert_true(sodium_init() >= 0);
	log_set_level(getenv("VERBOSE") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
