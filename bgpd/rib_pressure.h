/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_pressure: a neighbour is read no faster than the networks that it changes are decided.
 */
#ifndef WGBGP_BGPD_RIB_PRESSURE_H
#define WGBGP_BGPD_RIB_PRESSURE_H

#include "rib_peer.h"

void rib_pressure_heard(struct peer_rib *pr); /* it changed something, and is up */
void rib_pressure_decided(uint16_t source);   /* a network from its queue */
void rib_pressure_rest(void); /* some were decided: those that are slowed may have to rest now */
void rib_pressure_forget(struct peer_rib *pr); /* its peer will be gone */
void rib_pressure_free(void);

#endif
