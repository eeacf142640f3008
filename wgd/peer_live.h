/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer_live: whether a peer lives: readings of the device and the evidence of others become a
 * judgement (liveness.h), and who is told of it; and the probes that make it show life.
 */
#ifndef WGBGP_PEER_LIVE_H
#define WGBGP_PEER_LIVE_H

#include <stdint.h>

#include "liveness.h"

struct peer;
struct wg_peer;

/* A reading of the device; NULL: it is not in there. */
void peer_read(struct peer *p, const struct wg_peer *found);
/* Judges it anew by what was read last and by its evidence. */
void peer_judge(struct peer *p);
void peer_bfd(struct peer *p, enum bfd_evidence says); /* what it says now */
/* What errors of the underlay say is past, or the peer goes. */
void peer_live_forget_errors(struct peer *p);
void peer_probe(struct peer *p, uint64_t now);
void peer_probe_now(struct peer *p); /* due or not, in every way there is */

#endif
