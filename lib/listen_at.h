/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listen_at: the addresses that BGP listens on, by the configuration: for the parent, which makes the
 * sockets, and bgpd, which closes those that it is no longer to use.
 *
 * Those of `listen-address`. Without that the addresses of the tunnel interfaces and every
 * local-address, where each neighbour and listen range is reached by one of them; else all.
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
	bool written; /* by listen-address: each of them has to be had */
};

/* CONFIG: effective. */
struct listen_at listen_at(const json_t *config);

#endif
