/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib_internal: what fib_order.c and fib_cover.c share: a prefix in a batch.
 */
#ifndef WGBGP_ZEBRA_FIB_INTERNAL_H
#define WGBGP_ZEBRA_FIB_INTERNAL_H

#include "fib.h"

struct item {
	struct rib_node *node;
	struct fib *target;	 /* owned reference */
	struct fib_owner *given; /* owned: entries handed to the covering route's owner; peer NULL:
				    wgd refused, and the entry went instead */
	unsigned n_given;
	struct addr hop; /* that gives the route */
	int err;	 /* the kernel's, 0 fine */
	uint16_t bad;	 /* owners of the target that wgd refused, a bit each */
	uint8_t proto;	 /* enum rib_proto */
	bool urgent;	 /* it was queued so */
	bool removed;	 /* the target has no route */
	bool blocked;	 /* wgd refused the owner that the route leads to, or its object is gone */
	bool deferred;	 /* removal put off: the covering route is not settled, or it moved */
	bool held; /* a longer one is blocked, whose addresses this one would catch or let go */
};

static inline bool fib_has_route(const struct fib *f)
{
	return f && f->type;
}

/* fib_order.c: what N has behind the batch that it is in, if it is in one. */
const struct fib *fib_after(const struct rib_node *n);
/* The node of P in that plane; NULL: there is none, or no such plane. */
struct rib_node *fib_node_in(const struct prefix *p, unsigned plane);
/* Who has the entry in another plane, where that was leaked; PLANE negative: whichever. */
struct tunnel_peer *fib_owner_elsewhere(const struct prefix *p, uint32_t ifindex, int plane);
/* Into the message to wgd that is being put together. */
void fib_entry(enum allowed_op op, const struct tunnel_peer *peer, const struct prefix *p);
/* For N's entry that stands, unless the plan has one there. Where there is no room it goes. */
void fib_plan_entry(struct fib_plan *plan, const struct rib_node *n, const struct fib_owner *o);

/* fib_cover.c. IT's route goes away: where its addresses then leave by an interface on which it has
 * an entry, the entry goes to the covering route's owner before. */
void fib_hand_over(struct item *it);
/* wgd refused what was given to PEER: the entry where it was has to go before the route. */
void fib_give_refused(struct item *it, const struct tunnel_peer *peer);
/* The interface's entry is dealt with by the two above; not where who was to have it is gone: it
 * may be where it was. */
bool fib_was_given(const struct item *it, uint32_t ifindex);
/* Packets for N's addresses leave by the interface where N has no route. */
bool fib_found_behind(const struct rib_node *n, uint32_t ifindex);
/* fib_held.c. To a wgd that we have just met: N's entries, or that they go. */
void fib_replay(struct rib_node *n);
/* How often routes went another way outside of batches: with their object, or by somebody's hand.
 * Who covers whom may be another one then. */
uint64_t fib_moves(void);

#endif
