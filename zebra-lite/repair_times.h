/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * repair_times: how long it takes from a tunnel's fall, as it is known here, until the last of the
 * prefixes that led there has another way, or none, in the kernel and in WireGuard.
 *
 * Tunnels that fall while prefixes of another one are still moved are taken to be done with them.
 */
#ifndef WGBGP_ZEBRA_REPAIR_TIMES_H
#define WGBGP_ZEBRA_REPAIR_TIMES_H

#include <jansson.h>
#include <stdbool.h>

void repair_fell(void); /* a tunnel that prefixes lead to; they are not queued yet */
/* At the end of a turn: whether such prefixes are queued or under way. */
void repair_look(bool repairing);
void repair_forget(void);	 /* who writes was lost: what is under way ends some other way */
json_t *repair_times_json(void); /* `repair-times` of rib-summary */
void repair_times_reset(void);

#endif
