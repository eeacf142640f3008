/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * withhold: peers of an interface whose link is down are kept out of a userspace program.
 *
 * The kernel's WireGuard closes its sockets with the link. A program goes on answering: handshakes,
 * keepalives, and the far end takes the tunnel for healthy. Without peers it says nothing. What the
 * peers should have stays known; they are put back, with the endpoints where they were last heard,
 * before anybody is told that the link is up. Peers of others (adopted interfaces) stay.
 */
#ifndef WGBGP_WITHHOLD_H
#define WGBGP_WITHHOLD_H

#include <stdbool.h>

struct device;
struct peer;

bool withhold_wanted(const struct device *dev);
/* P, which is not foreign, may be in the device or not (THERE). True: it is not to be given to it.
 */
bool withhold_peer(struct peer *p, bool there);
/* Takes out what is in there, or puts back what is not, as the link is. */
void withhold_sync(struct device *dev);

#endif
