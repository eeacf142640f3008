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

#define BACKLOG 128	  /* as many come at once: fewer than CONNS_MAX, so that each is heard */
#define SEND_BYTES 131072 /* of an answer that may be in a socket */
#define ADDRESS_MAX 256
#define LOOPBACK "lo"

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

static int bind_to_device(int fd, const char *interface)
{
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
			  (socklen_t)strlen(interface)) < 0
		       ? -errno
		       : 0;
}

/* A socket of no interface and one of all addresses of an interface exclude each other at a port;
 * those of two interfaces do not. So a loopback address is one of the interface lo. */
static int prepare_door(int fd, const union socket_addr *a, const char *interface)
{
	const int on = 1, out = SEND_BYTES;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &out, sizeof(out)); /* of what is accepted, too */
	if (a->any.sa_family == AF_UNIX)
		return 0;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (interface)
		return bind_to_device(fd, interface);
	if (is_own(a))
		bind_to_device(fd, LOOPBACK); /* it is good without that, too */
	return 0;
}

static int listen_at(const union socket_addr *a, int len, const char *interface)
{
	int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;
	mode_t mask;

	if (fd < 0)
		return -errno;
	if (a->any.sa_family == AF_UNIX)
		remove_old(a);
	mask = umask(0117); /* a UNIX socket is for its owner and its group */
	err = prepare_door(fd, a, interface);
	if (!err && (bind(fd, &a->any, (socklen_t)len) < 0 || listen(fd, BACKLOG) < 0))
		err = -errno;
	umask(mask);
	if (err)
		close(fd);
	return err ? err : fd;
}

const char *door_interface(const char *address)
{
	const char *at = address[0] == '/' ? NULL : strrchr(address, '@');

	return at ? at + 1 : NULL;
}

int door_open(const char *address, bool guarded, char *error, size_t size)
{
	const char *interface = door_interface(address);
	char own[ADDRESS_MAX];
	union socket_addr a;
	int len, fd;

	snprintf(own, sizeof(own), "%.*s",
		 (int)(interface ? interface - 1 - address : (long)strlen(address)), address);
	len = parse(own, &a, error, size);
	if (len < 0)
		return len;
	if (!is_own(&a) && !guarded && !interface) {
		snprintf(error, size,
			 "%s: others reach it, and would see all routes, peers and endpoints: it "
			 "takes a token (-t), or a tunnel of a plane (%s@INTERFACE); loopback "
			 "addresses and UNIX sockets take nothing",
			 address, address);
		return -EACCES;
	}
	fd = listen_at(&a, len, interface);
	if (fd < 0)
		snprintf(error, size, "%s: %s", address, strerror(-fd));
	return fd;
}
