/* SPDX-License-Identifier: BSD-2-Clause */
#include "session_socket.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "password.h"
#include "util.h"

#define CS6 0xc0 /* network control (RFC 4594 section 3.2), as the octet in the IP header */

/* RFC 4271 section 11 leaves it open; one hop is what every implementation takes for eBGP. */
static int ttl_of(const struct peer *p)
{
	if (p->conf.ttl_security)
		return 255;
	if (p->conf.multihop)
		return p->conf.multihop;
	return peer_is_external(&p->conf) ? 1 : 255;
}

/* The DSCP of all that BGP sends. */
static void mark(int fd, uint8_t family)
{
	int class = CS6;

	if (family == AF_INET)
		setsockopt(fd, IPPROTO_IP, IP_TOS, &class, sizeof(class));
	else
		setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &class, sizeof(class));
}

static void set_ttl(int fd, uint8_t family, int ttl)
{
	if (family == AF_INET)
		setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	else
		setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &ttl, sizeof(ttl));
}

void session_socket_listening(int fd, uint8_t family)
{
	mark(fd, family);
	set_ttl(fd, family, 255);
}

/* RFC 5082: who is further away than so many hops cannot send such a TTL. */
static int check_ttl(int fd, uint8_t family, int hops)
{
	int least = 256 - hops, err;

	if (family == AF_INET)
		err = setsockopt(fd, IPPROTO_IP, IP_MINTTL, &least, sizeof(least));
	else
		err = setsockopt(fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT, &least, sizeof(least));
	return err < 0 ? -errno : 0;
}

const char *session_socket_obstacle(const struct peer *p)
{
	return p->conf.password_wanted && !p->conf.password ? "its password-file cannot be read"
							    : NULL;
}

int session_socket_prepare(const struct peer *p, int fd)
{
	int ttl = ttl_of(p), err = 0;

	mark(fd, p->conf.address.family);
	set_ttl(fd, p->conf.address.family, ttl);
	/* A dual-stack socket carries IPv4 under the IPv6 option's level too. */
	if (p->conf.address.family == AF_INET)
		set_ttl(fd, AF_INET6, ttl);
	if (p->conf.ttl_security)
		err = check_ttl(fd, p->conf.address.family, p->conf.ttl_security);
	/* On one that was accepted as well: it may be older than the password. */
	if (!err && p->conf.password)
		err = password_set(p->conf.password, fd, &p->conf.address);
	return err;
}

static int bind_local(const struct peer *p, int fd, uint32_t zone)
{
	struct endpoint local = {.addr = p->conf.local_address};
	struct sockaddr_storage ss;
	socklen_t len;

	if (!local.addr.family)
		local.addr = p->conf.link_address;
	if (!local.addr.family)
		return 0;
	local.scope_id = addr_is_link_local(&local.addr) ? zone : 0;
	if (local.addr.family != p->conf.address.family)
		return -EAFNOSUPPORT;
	len = endpoint_to_sockaddr(&local, &ss);
	return bind(fd, (struct sockaddr *)&ss, len) < 0 ? -errno : 0;
}

int session_socket_connect(const struct peer *p)
{
	struct endpoint remote = {.addr = p->conf.address, .port = p->conf.port};
	struct sockaddr_storage ss;
	socklen_t len;
	int fd, err;

	if (p->conf.zone[0] && !(remote.scope_id = if_nametoindex(p->conf.zone)))
		return -ENODEV;
	fd = socket(remote.addr.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	err = session_socket_prepare(p, fd);
	/* By the plane's rules; without the right to, by those of the main plane. */
	if (p->conf.device[0])
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, p->conf.device,
			   (socklen_t)strlen(p->conf.device));
	if (err == 0)
		err = bind_local(p, fd, remote.scope_id);
	if (err == 0) {
		len = endpoint_to_sockaddr(&remote, &ss);
		if (connect(fd, (struct sockaddr *)&ss, len) < 0 && errno != EINPROGRESS)
			err = -errno;
	}
	if (err < 0) {
		close(fd);
		return err;
	}
	return fd;
}
