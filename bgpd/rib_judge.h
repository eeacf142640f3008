/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_judge: whether a path may compete, whatever its next hop's state.
 */
#ifndef WGBGP_BGPD_RIB_JUDGE_H
#define WGBGP_BGPD_RIB_JUDGE_H

#include "rib_peer.h"

/* Sets the path's attributes as policy makes them. RECEIVED is a reference, taken over. */
void rib_judge(uint32_t path, struct attr *received);
void rib_judge_forget(struct peer_rib *pr); /* the chain or a check changed */

#endif
