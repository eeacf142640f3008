/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * restart: our own restart (RFC 4724 section 4.1): what is still to come is not taken for gone.
 *
 * zebra-lite tells which routes it kept from the bgpd before, by which next hops they go, and on
 * which ones they fall back (ROUTES_KEPT). Such a prefix is left as it is, neither installed nor
 * announced otherwise, while a next hop that it goes by is awaited: its tunnel is not down, and the
 * neighbour there is not up again or has not sent End-of-RIB. It need not be configured: one of a
 * listen range is known by what is kept of it. All other prefixes are decided, installed and
 * announced at once. When a next hop is not awaited any more, what nobody announced again is
 * withdrawn by name; of several that share a prefix that one alone.
 *
 * Our End-of-RIB and ROUTES_SYNC wait until nothing is awaited, or the restart time is over: else
 * the neighbours would drop what we have still to hear of. Two that restart at once do not wait for
 * each other: when only neighbours that restart are missing, and nothing came for a while, those
 * get End-of-RIB. A first start, where zebra-lite kept nothing, waits for nobody who is not up.
 *
 * Nothing is decided before zebra-lite has told what it kept, and what our own paths rest on.
 */
#ifndef WGBGP_BGPD_RESTART_H
#define WGBGP_BGPD_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#include "messages.h"
#include "nexthop.h"
#include "peer.h"
#include "rib_table.h"

/* Who may be sent End-of-RIB. */
enum restart_over { OVER_FOR_NOBODY, OVER_FOR_RESTARTING, OVER_FOR_ALL };

void restart_begin(void);		       /* the first configuration was applied */
void restart_check(void);		       /* a neighbour came up, went, or sent End-of-RIB */
void restart_look(void);		       /* what follows: of all of them, so once a turn */
void restart_channel(void);		       /* zebra-lite is another one: it tells again ... */
void restart_kept(const struct msg_routes *m); /* ... what it kept for bgpd, and then ... */
void restart_told(uint32_t kept); /* ... that this and all that our paths rest on was told; KEPT:
				     routes of ours of whatever kind that were there before */
bool restart_deferring(void);	  /* nothing is decided yet */
bool restart_keeping(void);	  /* what was kept may still come again: no ROUTES_SYNC */
/* It is not to be decided yet. REST: next hops by which it is kept, without those that are over:
 * their neighbour has spoken, and has no path for it. */
bool restart_holds(const struct rib_table *t, uint32_t net, struct route_hops *rest);
/* zebra-lite forwards by it something that it kept and that is not decided yet; or just NET. */
bool restart_goes_by(const struct nexthop *nh);
bool restart_net_goes_by(const struct net *net, const struct nexthop *nh);
/* Marks networks that are not held any more, or by fewer; N at most; true: there may be more. */
bool restart_release_some(unsigned n);
enum restart_over restart_over(void);
bool restart_lost(void); /* nothing of ours was there at the start: forwarding was not preserved */
void restart_free(void);

#endif
