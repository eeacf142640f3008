/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer_errors: what the underlay says about packets to a peer.
 *
 * WireGuard itself passes over ICMP errors, and so it must: anybody can forge one. Here they are a
 * hint. One that quotes a packet from our port to a peer's endpoint makes us ask the peer; when
 * another one follows, and nothing was received from the peer since the first, its tunnel is
 * degraded (liveness.h), until something is received, its endpoint changes, or the errors cease.
 */
#ifndef WGBGP_PEER_ERRORS_H
#define WGBGP_PEER_ERRORS_H

#include "icmp_error.h"
#include "loop.h"
#include "silence.h"

struct peer;

struct peer_errors {
	struct silence silence; /* since the first one of a row; not begun: there is none */
	uint64_t last;		/* ms: the last one that counted */
	uint64_t count;		/* of all */
	struct icmp_error latest; /* valid where there are some */
	struct timer again;
	bool renew; /* peer_endpoint_renew() when it was read: it may have roamed by now */
};

void peer_errors_heard(const struct icmp_error *m);

#endif
