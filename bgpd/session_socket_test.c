/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets of sessions over the loopback, both families, made by us and accepted by us: what the
 * kernel says of each.
 */
#include "config.h" /* accept4() */

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "listen.h"
#include "log.h"
#include "session_socket.h"
#include "util.h"

static const struct family {
	const char *loopback;
	uint8_t family;
	int level, class;
} families[] = {
	{"127.0.0.1", AF_INET, IPPROTO_IP, IP_TOS},
	{"::1", AF_INET6, IPPROTO_IPV6, IPV6_TCLASS},
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
	int fd = socket(f->family, SOCK_STREAM, 0);

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
		assert_int_equal(option(in, f->level, f->class), 0xc0); /* one that is refused, too */
		session_socket_prepare(p, in);
		assert_int_equal(option(listening, f->level, f->class), 0xc0);
		assert_int_equal(option(out, f->level, f->class), 0xc0);
		assert_int_equal(option(in, f->level, f->class), 0xc0);
		close(out);
		close(in);
		listen_stop();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_class),
	};

	log_set_level(getenv("VERBOSE") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
