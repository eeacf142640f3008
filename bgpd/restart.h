/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * restart: our own restart (RFC 4724 section 4.1): nothing is decided, announced or installed until
 * the neighbours have sent what they have, so that forwarding, which lives on, does not change
 * meanwhile.
 *
 * Waited for: End-of-RIB of each neighbour that is ESTABLISHED and knows graceful restart, and, for
 * a short while, neighbours that are configured and not up yet (a first start looks the same as a
 * restart, and must not wait the whole restart time for a neighbour that is away): the configured
 * ones, and those of a listen range that are nobody's to name. Nor for any of them where zebra-lite
 * says that it keeps no routes of an earlier bgpd. And zebra-lite's word on every next hop, without
 * which all paths would be ineligible, and on the routes that our own paths rest on.
 *
 * A neighbour that restarts itself is not waited for: it may be waiting for us. But routes that
 * zebra-lite kept are not swept before it has sent End-of-RIB too, or the restart time is over.
 */
#ifndef WGBGP_BGPD_RESTART_H
#define WGBGP_BGPD_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#include "messages.h"
#include "peer.h"

void restart_begin(void);	      /* the first configuration was applied */
void restart_check(void);	      /* a neighbour came up, went, or sent End-of-RIB */
void restart_own_known(void);	      /* zebra-lite has told all routes that ours rest on */
void restart_routes_kept(uint32_t n); /* zebra-lite's word, on each new channel */
bool restart_deferring(void);
bool restart_keeping(void); /* what zebra-lite kept may still come again: no ROUTES_SYNC */
void restart_free(void);

#endif
