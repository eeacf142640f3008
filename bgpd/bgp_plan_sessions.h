/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bgp_plan_sessions: for bgp_plan: the neighbours before a configuration was applied, and what
 * became of them.
 */
#ifndef WGBGP_BGPD_BGP_PLAN_SESSIONS_H
#define WGBGP_BGPD_BGP_PLAN_SESSIONS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "prefix.h"

void plan_sessions_note(void); /* before */
/* The configuration was applied: whose sessions are over? COME: addresses to which a tunnel leads
 * only now. */
void plan_sessions_look(const json_t *come);
/* Whether what the neighbour with this number of rib_peer.h says next decides. */
bool plan_sessions_open(uint16_t rib_id);
/* Of whoever had it before; NULL: ourselves. */
const struct addr *plan_sessions_address(uint16_t rib_id);
/* A row for each neighbour that is another one now, behind the walk; how many sessions end. */
unsigned plan_sessions_say(json_t *rows);

#endif
