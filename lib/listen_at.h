/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listen_at: the addresses that BGP listens on, by the configuration. The parent makes the sockets,
 * bgpd closes those that a new configuration no longer has.
 *
 * They are those of `listen-address`. Without this statement they are the addresses of the tunnel
 * interfaces and every local-address, if each neighbour and listen range is reached by one of them;
 * else all addresses.
 */
#ifndef WGBGP_LISTEN_AT_H
#define WGBGP_LISTEN_AT_H

#include <jansson.h>
#include <stdbool.h>

#include "prefix.h"

#define LISTEN_AT_MAX 64 /* more of them: all addresses */

struct listen_at {
	struct addr *addrs; /* owned by the caller; none: all addresses of both families */
	size_t n;
	uint16_t port;
	bool written; /* by listen-address: a socket for each is a must */
};

/* CONFIG: effective. */
struct listen_at listen_at(const json_t *config);

#endif
