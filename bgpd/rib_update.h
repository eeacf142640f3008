/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_update: what a neighbour's UPDATE says goes into the tables, and so do paths of our own.
 */
#ifndef WGBGP_BGPD_RIB_UPDATE_H
#define WGBGP_BGPD_RIB_UPDATE_H

#include "rib_peer.h"

void rib_update(struct peer *p, const struct update *u);
/* PR announces P, whose plane may be one that its paths leak into. */
void rib_announce_in(struct peer_rib *pr, const struct prefix *p, struct attr *a);
/* RFC 4486: more prefixes than configured end the session. */
void rib_check_limit(struct peer *p);
/* A path of ours: ATTR's reference is taken over, NULL removes it. */
void rib_set_local(const struct prefix *p, struct attr *attr, enum reason refused);

#endif
