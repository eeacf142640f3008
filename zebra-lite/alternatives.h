/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * alternatives: may a tunnel be taken down? Only when each prefix that uses it has another next
 * hop that is not demoted, and whose tunnel is known to be alive.
 *
 * Request `alternatives` (`peer`, `interface`?), answered by the tunnel (interface, ifindex, peer,
 * state), how many prefixes use it, how many of them have no healthy alternative, and the first of
 * these.
 */
#ifndef WGBGP_ZEBRA_ALTERNATIVES_H
#define WGBGP_ZEBRA_ALTERNATIVES_H

#include "show.h"

void alternatives_start(struct show *s);
void alternatives_step(struct show *s);
void alternatives_finish(struct show *s);

#endif
