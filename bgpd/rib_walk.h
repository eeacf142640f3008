/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_walk: the walk round all tables, a lap at a time as long as one is wanted (rib_lap.h). It
 * removes paths that are void, judges again those of neighbours that want it, and marks networks
 * whose next hop changed.
 */
#ifndef WGBGP_BGPD_RIB_WALK_H
#define WGBGP_BGPD_RIB_WALK_H

#include <stdbool.h>

bool rib_walk_some(unsigned n); /* networks; true: there is more */

#endif
