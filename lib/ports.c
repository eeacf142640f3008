/* SPDX-License-Identifier: BSD-2-Clause */
#include "ports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct place {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} at;
	socklen_t len;
};

static struct place place_of(const char *address, unsigned port)
{
	struct place p = {.len = 0};

	if (inet_pton(AF_INET, address, &p.at.v4.sin_addr) == 1) {
		p.at.v4.sin_family = AF_INET;
		p.at.v4.sin_port = htons((uint16_t)port);
		p.len = sizeof(p.at.v4);
	} else {
		assert_int_equal(inet_pton(AF_INET6, address, &p.at.v6.sin6_addr), 1);
		p.at.v6.sin6_family = AF_INET6;
		p.at.v6.sin6_port = htons((uint16_t)port);
		p.len = sizeof(p.at.v6);
	}
	return p;
}

static int socket_for(const struct place *p, int flags)
{
	int fd = socket(p->at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	assert_true(fd >= 0);
	return fd;
}

int port_take(const char *address, unsigned port)
{
	struct place p = place_of(address, port);
	int fd = socket_for(&p, SOCK_NONBLOCK), yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)); /* after others' connections */
	assert_int_equal(bind(fd, &p.at.any, p.len), 0);
	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

unsigned port_of(int fd)
{
	struct place p = {.len = sizeof(p.at)};

	assert_int_equal(getsockname(fd, &p.at.any, &p.len), 0);
	return ntohs(p.at.any.sa_family == AF_INET ? p.at.v4.sin_port : p.at.v6.sin6_port);
}

unsigned port_any(void)
{
	int fd = port_take("0.0.0.0", 0);
	unsigned port = port_of(fd);

	close(fd);
	return port;
}

bool port_is_free(const char *address, unsigned port)
{
	struct place p = place_of(address, port);
	int fd = socket_for(&p, 0);
	bool bound = bind(fd, &p.at.any, p.len) == 0;

	close(fd);
	return bound;
}

bool port_answers(const char *address, unsigned port)
{
	struct place p = place_of(address, port);
	int fd = socket_for(&p, 0);
	bool connected = connect(fd, &p.at.any, p.len) == 0;

	close(fd);
	return connected;
}
