/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib: brings the kernel's routes and WireGuard's AllowedIPs to what the RIB wants, in order.
 *
 * What a prefix has in both tables (one route, and on each tunnel interface one owner) is one
 * interned struct fib, shared by all prefixes that have the same. A prefix that may have changed is
 * queued once; a batch takes some thousand prefixes, works out their targets, and goes through
 *
 *   1. SETs: new and moved entries; and where a prefix goes away whose covering route leaves by an
 *      interface on which it has an entry, the entry is given to the covering route's owner there.
 *   2. wgd's acknowledgement. What it refused keeps its old route and becomes a verdict.
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

#include "fib_queue.h"
#include "hash.h"
#include "islab.h"
#include "messages.h"
#include "tunnel.h"

struct rib_node;

#define FIB_OWNERS_MAX 16

struct nhobj;

struct fib_owner {
	uint32_t ifindex;
	struct tunnel_peer *peer;
};

struct fib {
	struct hash_node hash;
	uint32_t refs;
	uint32_t id;	  /* number, for struct rib_node */
	uint32_t oif;	  /* 0 when the route names an object, which moves: see fib_oif() */
	struct nhobj *nh; /* nexthop object that the route names, or NULL; a reference */
	struct addr gateway;
	uint8_t type; /* RTN_…, 0: no route */
	uint8_t n;
	struct fib_owner owner[]; /* by ifindex */
};

/* What a prefix should have, before it is interned. */
struct fib_plan {
	uint32_t oif;
	struct nhobj *nh;
	struct addr gateway;
	uint8_t type, n;
	struct fib_owner owner[FIB_OWNERS_MAX]; /* sorted by fib_get() */
	struct addr hop; /* not kept: the next hop that gives the route, family 0 when none does */
	uint8_t proto;	 /* not kept: enum rib_proto that was selected */
};

/* Interned; the caller owns one reference. NULL when the plan is empty. */
struct fib *fib_get(struct fib_plan *plan);
void fib_plan_route(struct fib_plan *plan, const struct fib *f);
/* All that F has but the interface's entry; F may be NULL. */
void fib_plan_but(struct fib_plan *plan, const struct fib *f, uint32_t ifindex);
/* False: there is no room for it. */
bool fib_plan_owner(struct fib_plan *plan, uint32_t ifindex, struct tunnel_peer *peer);
/* The same for N's entry that stands, unless the plan has one on the interface. Where there is no
 * room it goes. */
void fib_plan_entry(struct fib_plan *plan, const struct rib_node *n, const struct fib_owner *o);
/* What N should have now. Starts the time of entries that linger. */
void fib_want(struct rib_node *n, struct fib_plan *plan);
extern struct islab fib_numbers;	      /* struct fib * */
static inline struct fib *fib_at(uint32_t id) /* 0: NULL */
{
	return id ? *(struct fib **)islab_at(&fib_numbers, id) : NULL;
}
struct fib *fib_ref(struct fib *f);
void fib_unref(struct fib *f); /* NULL is fine */
struct tunnel_peer *fib_owner_on(const struct fib *f, uint32_t ifindex);
bool fib_same_route(const struct fib *a, const struct fib *b); /* NULL: no route */
/* Interfaces that packets leave by now; fib_oif(): of a route with one, else the first. */
unsigned fib_oifs(const struct fib *f, uint32_t oifs[ROUTE_HOPS_MAX]);
uint32_t fib_oif(const struct fib *f);
bool fib_leaves_by(const struct fib *f, uint32_t ifindex);
/* A link that it leaves by is down or was since: what happens to the route is the link's doing. */
bool fib_fell(const struct fib *f, uint64_t since_ms);
/* Wherever NH is named PEER has the entry on the interface. */
bool fib_all_own(const struct nhobj *nh, uint32_t ifindex, const struct tunnel_peer *peer);

void fib_dirty(struct rib_node *n, bool urgent);
void fib_look(void); /* at the queue, be it empty: something waits for that */

/* Gates: nothing is written before the kernel was read and wgd has told its tunnels. */
void fib_kernel_ready(void);
void fib_wgd_away(void);
void fib_wgd_synced(void);
void fib_wgd_drained(void);
void fib_swept(void); /* what is stale has been queued for removal */

void fib_held(const struct msg_allowed *m); /* entries that wgd has; before fib_wgd_synced() */
void fib_acked(const struct msg_allowed_ack *ack);
void fib_allowed_refused(const struct msg_allowed_refused *m);
void fib_route_failed(void *cookie,
		      int err); /* of out.route(), before out.route_done(); any thread */
void fib_routes_written(void);	/* out.route_done() may have another answer */
/* Waits for routes that are under way into the kernel, and books them: who hears of the kernel
 * compares with books that are whole. */
void fib_settle(void);
/* The books: N has F, whose reference they take; or its entries without a route. */
void fib_set_installed(struct rib_node *n, struct fib *f);
void fib_drop_route(struct rib_node *n);
void fib_set_owner(struct rib_node *n, struct tunnel_peer *peer); /* and the entry of PEER */
/* The kernel was found without our route, or with something else in its place. */
void fib_route_lost(struct rib_node *n);
/* A route of ours is in the kernel that differs from what we know of: of an earlier life, or
 * somebody changed it. */
struct kroute;
void fib_route_found(struct rib_node *n, const struct kroute *r);
bool fib_is_swept(void);
bool fib_begun(void);	  /* the kernel was read, and wgd has told its tunnels once */
bool fib_repairing(void); /* prefixes are to be moved urgently, and not all of them have */
bool fib_idle(void);	  /* no batch, replay or acknowledgement is under way */
/* Other numbers for our routes are in force from now: the old ones are taken away first. */
struct zconfig;
void fib_renumber(const struct zconfig *old);
void fib_teardown(void);
void fib_linger_reset(void);
void fib_reset(void); /* before rib_reset() */

struct fib_counters {
	uint64_t batches, sets, unsets, route_writes, route_errors, refused, drift, resyncs,
		repairs, beyond; /* hops of new lists that bgpd knows to be beyond the ceiling */
	uint64_t beyond_ms;	 /* the last of these */
	uint64_t flushed, races; /* routes that went with their link; writes that came behind it */
	uint64_t drift_ms, route_errors_ms; /* monotonic: the last ones */
	size_t queued, urgent, lingering, in_batch, fibs;
};
extern struct fib_counters fib_counters;

extern unsigned fib_linger_ms; /* 3000; tests make it shorter */
extern unsigned fib_batch_max; /* prefixes a batch; tests make it smaller */

#endif
