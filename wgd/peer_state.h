/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer_state: what is told to others of the state of a peer. A drained one is degraded while it
 * lives.
 */
#ifndef WGBGP_PEER_STATE_H
#define WGBGP_PEER_STATE_H

#include "liveness.h"

struct peer;

enum tunnel_state peer_state(const struct peer *p);
enum reason peer_reason(const struct peer *p);
/* What the quality of its echo adds. */
uint32_t peer_state_echo_cost(const struct peer *p);
uint32_t peer_cost(const struct peer *p); /* configured, and what its state adds */

#endif
