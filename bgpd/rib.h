/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib: Adj-RIB-In and Loc-RIB in one table: per prefix the paths of all neighbours and the best of
 * them.
 */
#ifndef WGBGP_BGPD_RIB_H
#define WGBGP_BGPD_RIB_H

#include "messages.h"
#include "peer.h"
#include "rib_table.h"
#include "show.h"

/* Called by main. The rest of the configuration (policies, network, redistribute, permit) is the
 * tables' own: apply() comes after `bgp` and the list of neighbours are up to date. */
void rib_start(void);
void rib_stop(void); /* frees everything; sends nothing */
void rib_apply(const json_t *config);
/* Everything that is known was decided and handed on. */
bool rib_settled(void);
/* For a copy of bgpd (rehearse.h), which has no event loop: what the loop would come to when time
 * passes and nobody says anything. All networks that something known changes wait to be decided;
 * ONE gets each of those that wait, and says nothing to anybody. */
void rib_mark_all(void);
void rib_decide_all(void (*one)(struct rib_table *t, uint32_t net));
extern const struct show_command rib_commands[]; /* bgp-routes ...; ends with a nameless row */

#endif
