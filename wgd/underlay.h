/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * underlay: does anything lead to the endpoints of the peers?
 *
 * For each peer the kernel is asked for the route that its encrypted packets take (with the
 * device's mark), and for the state of the interface at its end: no route, an unreachable one, or
 * no carrier there is a hint (liveness.h), not a proof. All are looked at again after each change
 * of a link or an address, and a few with each poll, so that other changes are found, too; whoever
 * changed is asked by a probe at once. Where another interface leads to an endpoint than before,
 * WireGuard is made to choose its source address anew.
 */
#ifndef WGBGP_UNDERLAY_H
#define WGBGP_UNDERLAY_H

struct device;
struct peer;

void underlay_open(void);
void underlay_close(void);
void underlay_changed(void);		       /* look at every peer soon */
void underlay_poll(struct device *dev);	       /* look at some of them */
void underlay_peer_gone(const struct peer *p); /* before it is freed */

#endif
