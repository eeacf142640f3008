/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link_zebra: the channel to zebra-lite.
 *
 * Down go, for each network, the ranked distinct next hops of its eligible paths (at most 8), and
 * which addresses to watch; up come next-hop states, verdicts and the routes of others. The lists
 * of next hops are interned: a network remembers the number of the list that was sent, so nothing
 * is sent twice, and neighbours in the queue with the same list share a message. A new channel gets
 * a full replay by a walk, and ROUTES_SYNC when everything was said.
 */
#ifndef WGBGP_BGPD_LINK_ZEBRA_H
#define WGBGP_BGPD_LINK_ZEBRA_H

#include "ipc.h"
#include "messages.h"
#include "rib_table.h"

/* Takes FD; the old channel is thrown away. FRAME gets what comes by this one. */
void link_zebra_channel(int fd, void (*frame)(void *arg, const struct ipc_frame *f));
void link_zebra_free(void);
bool link_zebra_full(void); /* the queue has to wait; rib_work() comes when it drained */

void link_zebra_watch(const struct addr *a, bool on);
/* What is wanted for this network now; n = 0: nothing. */
void link_zebra_route(struct rib_table *t, uint32_t net, const struct route_hops *hops);
/* Sends the message that is being filled. */
void link_zebra_flush(void);
/* A quantum of the replay; true: there is more. */
bool link_zebra_replay_some(unsigned n);
/* Nothing is left to decide: tells zebra-lite so once per channel, but while what it kept of an
 * earlier bgpd is not to be swept yet (KEEP). */
void link_zebra_settled(bool keep);

#endif
