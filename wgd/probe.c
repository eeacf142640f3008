/* SPDX-License-Identifier: BSD-2-Clause */
#include "probe.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define DISCARD_PORT 9

void probe_init(struct probe *p)
{
	p->fd4 = p->fd6 = -1;
}

void probe_close(struct probe *p)
{
	close(p->fd4);
	close(p->fd6);
	probe_init(p);
}

static int probe_open_socket(int family, const char *ifname)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, ifname, strlen(ifname)) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int probe_send(struct probe *p, const char *ifname, const struct addr *to)
{
	static const char text[] = "wgbgp probe";
	int *fd = to->family == AF_INET ? &p->fd4 : &p->fd6, got;
	struct endpoint at = {.addr = *to, .port = DISCARD_PORT};
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&at, &sa);
	ssize_t n;

	if (*fd < 0) {
		got = probe_open_socket(to->family, ifname);
		if (got < 0)
			return got;
		*fd = got;
	}
	/* An ICMP error of an earlier probe is reported once: it says nothing about this one. */
	n = sendto(*fd, text, sizeof(text), 0, (struct sockaddr *)&sa, len);
	if (n < 0 && errno == ECONNREFUSED)
		n = sendto(*fd, text, sizeof(text), 0, (struct sockaddr *)&sa, len);
	return n < 0 ? -errno : 0;
}
