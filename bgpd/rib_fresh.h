/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_fresh: a session that has just come up takes no traffic off a path that works. It begins
 * after what is kept of the last session is known, and once more when the tunnel comes up later; it
 * ends by itself or with the session.
 */
#ifndef WGBGP_BGPD_RIB_FRESH_H
#define WGBGP_BGPD_RIB_FRESH_H

#include "decide.h"
#include "rib_peer.h"

void rib_fresh_init(struct peer_rib *pr);
/* The session is up, or the way to the neighbour can be used again, or for the first time; from now
 * on, whether it was fresh before or not. NULL: it has no tables. */
void rib_fresh_begin(struct peer_rib *pr);
/* zebra-lite has told what it kept: who goes on by that is not fresh. */
void rib_fresh_review(struct peer_rib *pr);
void rib_fresh_end(struct peer_rib *pr);
/* Demotes those of the candidates for NET that come by a fresh session where the path USED (0: none
 * since our start) is among them, too, and BEST would take traffic off it, or share it. True:
 * decide again. */
bool rib_fresh_hold_back(struct candidate *c, size_t n, const struct net *net, uint32_t used,
			 uint32_t best);

#endif
