/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drill_routes: sees, with the kernel's own notifications, when our routes leave an interface and
 * when they come back to it. An observer of its own: it believes nothing that zebra-lite says.
 */
#ifndef WGBGP_DRILL_ROUTES_H
#define WGBGP_DRILL_ROUTES_H

#include <stdint.h>

/* Times are us, monotonic; 0: did not happen. A move of a nexthop object counts as one write: it
 * moves every prefix that uses it. */
struct drill_moves {
	uint64_t first, last;
	uint32_t writes;
};

/* Watches routes of the protocol number that leave by the interface. 0 or -errno. */
int drill_routes_start(uint32_t ifindex, uint8_t protocol);
/* Moves away from the interface, and to it, since the start or the last reset. */
struct drill_moves drill_routes_away(void);
struct drill_moves drill_routes_back(void);
void drill_routes_reset(void);
void drill_routes_stop(void); /* fine when there is none */

#endif
