/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib: brings the kernel's routes and WireGuard's AllowedIPs to what the RIB wants, in order.
 *
 * A batch takes some thousand prefixes of the queue, works out their targets, and goes through
 *
 *   1. SETs: new and moved entries; and where a prefix goes away whose covering route leaves by an
 *      interface on which it has an entry, the entry is given to the covering route's owner there.
 *   2. wgd's acknowledgement. What it refused keeps its old route and becomes a verdict. Where
 *      there are no SETs, and packets leave by another tunnel than before, that of the UNSETs
 * there: an entry that goes must not catch them. That is not waited for for ever.
 *   3. routes: additions and changes first, removals after them.
 *   4. UNSETs of entries whose route is gone or whose time is over.
 *
 * A prefix that changes while it is in a batch is queued again, and waits for that batch. Two
 * batches may be under way: where neither takes a route away nor has to do with objects, the second
 * one's SETs follow those of the first to wgd, which so is never idle; and where a batch has
 * nothing to do with entries or objects, and so needs no order, the next one is put together while
 * the kernel works. Routes and books go in the order of the batches. Entries on an
 * interface whose path was withdrawn while the route lives on elsewhere stay for fib_linger_ms;
 * where all peers of an interface are only down they stay until bgpd withdraws them. So no packet
 * for an installed prefix finds a peer that is neither the old nor the new one.
 */
#ifndef WGBGP_ZEBRA_FIB_H
#define WGBGP_ZEBRA_FIB_H

#include "books.h"
#include "dirty.h"
#include "messages.h"

/* What N should have now, but for the object that its route may name: see nhobj_choose(). */
void fib_want(const struct rib_node *n, struct fib_plan *plan);
/* The route that was found for N at the start stays, whatever N should have. */
bool fib_found_stays(const struct rib_node *n);

enum fib_answer {
	FIB_TARGET,
	FIB_PIN_AWAITED, /* before it gets that */
	FIB_FOUND_STAYS, /* until the sweep, or bgpd says otherwise: rib_found_stays() */
};
/* What N is to have: the same, after all that it rests on was judged again. Clocks of entries that
 * linger run. FIB_TARGET: by *PLAN *TARGET, a reference, NULL nothing; else there is none. */
enum fib_answer fib_target(struct rib_node *n, struct fib_plan *plan, struct fib **target);
/* Before all else: it is told by the queue and by the books. BUSY: see dirty_open(). */
void fib_open(void (*busy)(bool busy));

/* Gates: nothing is written before the kernel was read and wgd has told its tunnels. */
void fib_found(void); /* the kernel has a route of ours */
void fib_kernel_ready(void);
void fib_wgd_away(void);
void fib_wgd_synced(void);
void fib_swept(void); /* what is stale has been queued for removal */

void fib_held(const struct msg_allowed *m); /* entries that wgd has; before fib_wgd_synced() */
void fib_acked(const struct msg_allowed_ack *ack);
void fib_allowed_refused(const struct msg_allowed_refused *m);
/* Of out.route(), before out.route_done(); any thread. COOKIE: int *, where ERR goes, or NULL. */
void fib_route_failed(void *cookie, int err);
/* Waits for routes that are under way into the kernel, and books them: who hears of the kernel
 * compares with books that are whole. */
void fib_settle(void);
bool fib_is_swept(void);
/* Entries are to go, and wgd has not answered yet: what leads by their interface finds them. */
bool fib_is_unsetting(void);
/* The last message to wgd that says so of that interface; 0: there are none. */
uint32_t fib_unsets_on(uint32_t ifindex);
bool fib_begun(void);	  /* the kernel was read, and wgd has told its tunnels once */
bool fib_repairing(void); /* prefixes are to be moved urgently, and not all of them have */
bool fib_idle(void);	  /* no batch, replay or acknowledgement is under way */
/* Other numbers for our routes are in force from now: the old ones are taken away first. */
struct zconfig;
void fib_renumber(const struct zconfig *old);
void fib_teardown(void);
void fib_linger_reset(void);
void fib_reset(void); /* before rib_reset() */

extern unsigned fib_linger_ms; /* 3000; tests make it shorter */
extern unsigned fib_batch_max; /* prefixes a batch; tests make it smaller */

#endif
