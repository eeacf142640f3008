/* SPDX-License-Identifier: BSD-2-Clause */
#include "doors.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/util.h>

#include "util.h"

#define BACKLOG 512

union socket_addr {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un path;
};

static bool is_own(const union socket_addr *a)
{
	if (a->any.sa_family == AF_INET)
		return (ntohl(a->v4.sin_addr.s_addr) >> 24) == 127;
	return a->any.sa_family == AF_UNIX || IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}

/* The length of ADDRESS as the kernel takes it, or -errno with a sentence. */
static int parse(const char *address, union socket_addr *out, char *error, size_t size)
{
	int len = sizeof(*out);

	memset(out, 0, sizeof(*out));
	if (address[0] == '/') {
		out->path.sun_family = AF_UNIX;
		if (str_copy(out->path.sun_path, address, sizeof(out->path.sun_path)))
			return sizeof(out->path);
		snprintf(error, size, "%s: too long for a UNIX socket", address);
		return -ENAMETOOLONG;
	}
	if (evutil_parse_sockaddr_port(address, &out->any, &len) < 0 ||
	    !(out->any.sa_family == AF_INET ? out->v4.sin_port : out->v6.sin6_port)) {
		snprintf(error, size,
			 "%s: expected ADDRESS:PORT, [ADDRESS]:PORT or the path of a UNIX socket",
			 address);
		return -EINVAL;
	}
	return len;
}

/* A socket of an earlier life that nobody listens at goes. */
static void remove_old(const union socket_addr *a)
{
	struct stat st;
	int fd;

	if (stat(a->path.sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, &a->any, sizeof(a->path)) < 0 && errno == ECONNREFUSED)
		unlink(a->path.sun_path);
	if (fd >= 0)
		close(fd);
}

static int listen_at(const union socket_addr *a, int len)
{
	int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err = 0;
	const int on = 1;

	if (fd < 0)
		return -errno;
	if (a->any.sa_family == AF_UNIX)
		remove_old(a);
	else
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, &a->any, (socklen_t)len) < 0 || listen(fd, BACKLOG) < 0)
		err = -errno;
	if (err)
		close(fd);
	return err ? err : fd;
}

int door_open(const char *address, char *error, size_t size)
{
	union socket_addr a;
	int len = parse(address, &a, error, size), fd;

	if (len < 0)
		return len;
	if (!is_own(&a)) {
		snprintf(error, size,
			 "%s: only loopback addresses and UNIX sockets: whoever reaches another "
			 "one would see all routes, keys' owners and endpoints",
			 address);
		return -EACCES;
	}
	fd = listen_at(&a, len);
	if (fd < 0)
		snprintf(error, size, "%s: %s", address, strerror(-fd));
	return fd;
}
