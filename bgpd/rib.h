/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib: Adj-RIB-In and Loc-RIB in one table: per prefix the paths of all neighbours and the best of
 * them.
 */
#ifndef WGBGP_BGPD_RIB_H
#define WGBGP_BGPD_RIB_H

#include "peer.h"

/* Called by the session. */
void rib_peer_up(struct peer *p); /* ESTABLISHED: start sending everything, then End-of-RIB */
/* RETAIN: keep its paths as stale for the neighbour's restart time (RFC 4724). */
void rib_peer_down(struct peer *p, bool retain, enum reason why);
void rib_update(struct peer *p, const struct update *u);
void rib_end_of_rib(struct peer *p, enum bgp_family family);
void rib_send_again(struct peer *p, enum bgp_family family); /* it asked by ROUTE-REFRESH */
void rib_peer_free(struct peer *p); /* the neighbour is deleted: everything of it goes */
/* Import policy or anything else that judges this neighbour's paths changed: judge them again (the
 * rib keeps what was received before policy), without a refresh. */
void rib_rejudge(struct peer *p);

#endif
