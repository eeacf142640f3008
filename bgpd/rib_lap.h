/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_lap: which laps of the walk round all tables somebody needs.
 *
 * The walk (rib_walk.c) goes round as long as a lap is wanted: for a next hop that changed, for its
 * paths to be decided again; for a neighbour, for paths to be removed (its session ended, or it did
 * not send them again after a restart) or judged again.
 */
#ifndef WGBGP_BGPD_RIB_LAP_H
#define WGBGP_BGPD_RIB_LAP_H

#include <stdbool.h>
#include <stdint.h>

struct peer_rib;

extern uint32_t rib_lap; /* number of the present one */

/* The walk is to meet every path once from now on; it has when the lap with this number ends. */
uint32_t rib_lap_need(void);
void rib_lap_for(struct peer_rib *pr);		   /* the same, on behalf of a neighbour's flags */
static inline bool rib_lap_pending(uint32_t until) /* that lap has not ended yet */
{
	return until >= rib_lap;
}
bool rib_lap_wanted(void); /* the present one */
/* For the walk: it leaves the start of the tables, it has met every path. */
void rib_lap_begin(void);
void rib_lap_end(void);

#endif
