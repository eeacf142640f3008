/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * neighbors: makes the list of neighbours what the configuration says, and lets those in that a
 * listen range accepts; each change of a neighbour is told to its session and to the tables.
 */
#ifndef WGBGP_BGPD_NEIGHBORS_H
#define WGBGP_BGPD_NEIGHBORS_H

#include "peer.h"

/* `bgp` and the list of neighbours become what the configuration says. */
void neighbors_apply(const json_t *config);
void neighbors_stop(void); /* closes without a word and frees everything (RFC 4724) */
/* A neighbour from a listen range for this address; NULL: a stranger, or the group is full. */
struct peer *neighbor_from_range(const struct addr *address, const char *zone);
void neighbor_delete(struct peer *p); /* the session must have ended */

#endif
