/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nexthop: what leads to an address.
 *
 * A next hop is known once for each address that bgpd watches or that a ranked list names. It
 * resolves, in this order, to a tunnel peer (exact tunnel address), or by the longest match in the
 * RIB: to a neighbour on a connected subnet, to the gateway of somebody's route, or through a
 * learned route to what that route's own next hop resolves to (limited in depth, never through a
 * route that hangs on the next hop itself). It is looked at again when its tunnel, its link or a
 * route that covers it changes (hopset.h).
 *
 * Where the prefixes of some lists are to be looked at again (nexthop_users.c), one walk over the
 * RIB finds them for all lists and next hops that changed in one turn: that is a few ms at a
 * million prefixes, and cheaper than links in every one of them.
 */
#ifndef WGBGP_ZEBRA_NEXTHOP_H
#define WGBGP_ZEBRA_NEXTHOP_H

#include "hopset.h"

/* Interned; the caller owns one reference. N of 1 at least. */
struct hopset *hopset_get(const struct route_hops *hops);

void nexthop_watch(const struct addr *a);
void nexthop_unwatch(const struct addr *a);
void nexthop_forget_watches(void); /* a new bgpd watches again */

/* Nothing is told before the kernel was read and wgd has told its tunnels: until then bgpd goes by
 * what it last heard. */
void nexthop_open(void); /* marks are looked at from now on */
void nexthop_kernel_ready(void);
void nexthop_tunnels_ready(void);

void nexthop_run(void); /* looks at all marked ones now */
/* Tells bgpd what changed, now or, as long as fib_repairing(), a little later; whoever has moved
 * prefixes calls this again, and so does who finds that bgpd is not behind any more. */
void nexthop_tell(void);
void nexthop_reset(void);

/* nexthop_users.c: the prefixes that have NH in a list are to be looked at again. */
void nexthop_users_mark(struct nexthop *nh, bool urgent); /* with the next nexthop_users_look() */
void nexthop_lists_mark(struct nexthop *nh, bool urgent); /* without static ones */
/* A tunnel or a link is down: routes that were found at the start and stay for now are to be looked
 * at, too, where there is something else for the prefix (rib_found_stays()). */
void nexthop_found_mark(void);
void nexthop_users_look(void);
void nexthop_users_dirty(struct nexthop *nh); /* now */
/* The interface's peers own prefixes otherwise than before, wherever next hops lead. */
void nexthop_owners_changed(const struct tunnel_if *i);

#endif
