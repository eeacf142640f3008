/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drain: tunnel peers that an operator wants empty, before work on the far end, say.
 *
 * A drained peer lives on as before, but is told to everybody as degraded, reason `draining`: every
 * other path wins, the only one stays. bgpd asks its neighbours there by GRACEFUL_SHUTDOWN to do
 * the same. Which peers these are is kept by drains.h.
 */
#ifndef WGBGP_WGD_DRAIN_H
#define WGBGP_WGD_DRAIN_H

#include "show.h"

/* Requests `drain` and `undrain` (`interface`?, `peer`?, `all`?): sets or clears it for every peer
 * that they name; answered by the peers. */
void drain_request(struct show *s);
void undrain_request(struct show *s);

#endif
