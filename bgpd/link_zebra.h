/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link_zebra: the channel to zebra-lite.
 *
 * Down go, for each network, the ranked distinct next hops of its eligible paths (at most 8), and
 * which addresses to watch; up come next-hop states, verdicts and the routes of others. The lists
 * of next hops are interned: a network remembers the number of the list that was sent, so nothing
 * is sent twice, and neighbours in the queue with the same list share a message. A new channel gets
 * a full replay by a walk, and ROUTES_SYNC when everything was said. What zebra-lite kept for a
 * network from an earlier bgpd stands in the same place until a list of ours is sent.
 */
#ifndef WGBGP_BGPD_LINK_ZEBRA_H
#define WGBGP_BGPD_LINK_ZEBRA_H

#include <assert.h>
#include <sys/queue.h>

#include "hash.h"
#include "ipc.h"
#include "messages.h"
#include "rib_table.h"

/* Next hops that at least one network was sent with, or is kept with. */
struct zebra_hops {
	struct hash_node node;
	LIST_ENTRY(zebra_hops) link; /* of those that are kept */
	uint32_t refs;
	uint32_t id;
	uint32_t kept_by; /* channel that told it; 0: it is a list of ours */
	uint8_t awaited;  /* kept: a bit for each by which somebody may announce a path again */
	uint8_t n;
	struct route_hop hop[];
};
#define HOPS_ALL(n) ((uint8_t)((1u << (n)) - 1)) /* of `awaited` */
static_assert(ROUTE_HOPS_MAX <= 8, "a bit for each next hop");

/* Takes FD; the old channel is thrown away. FRAME gets what comes by this one. */
void link_zebra_channel(int fd, void (*frame)(void *arg, const struct ipc_frame *f));
uint32_t link_zebra_number(void); /* of the channel: how many there were before, and it */
void link_zebra_free(void);
void link_zebra_mute(void); /* nothing is said any more: for a copy of this daemon (rehearse.h) */
bool link_zebra_full(void); /* the queue has to wait; rib_work() comes when it drained */
bool link_zebra_overfull(void); /* ... even those of whom little waits */

void link_zebra_watch(const struct addr *a, bool on);
/* What is wanted for this network now; n = 0: nothing. */
void link_zebra_route(struct rib_table *t, uint32_t net, const struct route_hops *hops);
uint64_t link_zebra_epoch(void); /* how often that was something else than before */
/* zebra-lite has routes for it that were kept from an earlier bgpd: what link_zebra_route() says
 * next is sent in any case. Nothing changes where something was sent by us. */
void link_zebra_keep(struct rib_table *t, uint32_t net, const struct route_hops *hops);
/* Of what is kept for it no more than REST is forwarded by from now on, and kept. */
void link_zebra_narrow(struct rib_table *t, uint32_t net, const struct route_hops *rest);
/* What is wanted for it, or kept; NULL: nothing. */
const struct zebra_hops *link_zebra_told(const struct net *net);
bool link_zebra_has_told(const struct net *net, const struct route_hops *hops); /* exactly that */
struct zebra_hops *link_zebra_kept(const struct net *net);	     /* NULL: nothing is any more */
struct zebra_hops *link_zebra_next_kept(const struct zebra_hops *h); /* NULL: the first; the end */
/* The end of a quantum: what is full goes out; so does the message that is being filled. */
void link_zebra_kick(void);
void link_zebra_flush(void);
/* A quantum of the replay; true: there is more. */
bool link_zebra_replay_some(unsigned n);
/* Nothing is left to decide: tells zebra-lite so once per channel, but while what it kept of an
 * earlier bgpd is not to be swept yet (KEEP). */
void link_zebra_settled(bool keep);

#endif
