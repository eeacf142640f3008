/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe: a small data packet into a tunnel, to a peer's tunnel address.
 *
 * WireGuard answers any data packet within 10 s, whatever the far end does with what is inside. A
 * UDP datagram to the discard port, out of a socket that is bound to the interface.
 */
#ifndef WGBGP_PROBE_H
#define WGBGP_PROBE_H

#include "prefix.h"

struct probe {
	int fd4, fd6; /* -1 while not open */
};

void probe_init(struct probe *p);
void probe_close(struct probe *p); /* also when the interface changed */
int probe_send(struct probe *p, const char *ifname, const struct addr *to); /* 0 or -errno */

#endif
