/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wceiling: the ceiling (ceiling.h), asked a third time, of each learned entry before it is booked:
 * neither bgpd nor zebra-lite can give a tunnel peer what the configuration does not permit it.
 *
 * Entries for static routes of the configuration pass, and parts of entries that are configured for
 * the peer or that somebody else gave it: zebra-lite sets these, too. Interfaces with `any` have no
 * entries; zebra-lite alone judges them.
 */
#ifndef WGBGP_WCEILING_H
#define WGBGP_WCEILING_H

#include <jansson.h>
#include <stdint.h>

#include "prefix.h"
#include "reason.h"

struct peer;

/* Old and new configuration are in force from APPLY to PRUNE. */
void wceiling_apply(const json_t *config, uint32_t generation);
void wceiling_prune(void);
void wceiling_reset(void);

/* Why P must not be an entry of the peer; NONE. What was asked in knowledge of the configuration
 * (GENERATION: of who asks) is said and counted at the device: an attack or a bug. */
enum reason wceiling_judge(struct peer *peer, const struct prefix *p, uint32_t generation);
int wceiling_private_len(const struct addr *a); /* ceiling.h */

#endif
