/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * allowedips_going: entries of ours on an adopted interface that are to be removed, and are still
 * where they were as far as is known. A removal by the graveyard takes an entry from whomever has
 * it, so the device has to be read before, and where that takes long nobody waits for it:
 * removals are taken out of the queue, and the next comparison with the device queues them again.
 * Where somebody has moved such an entry to a peer of his meanwhile it is his. What is put anywhere
 * again before is going no more.
 *
 * They count as installed in the tallies: a device that has just what the books say confirms all
 * of them without a look at any.
 */
#ifndef WGBGP_ALLOWEDIPS_GOING_H
#define WGBGP_ALLOWEDIPS_GOING_H

#include "allowedips.h"

/* Takes the removals out of the queue. The rest of it may be handed to the device at once: what is
 * inserted finds nothing inside that is going and at another peer, as that is given to its peer
 * first. To be called, or the next one, before each write while something is going. */
void allowedips_hold_removals(struct allowedips *a);

/* The same, but the removals stay in the queue: they are confirmed. */
void allowedips_give_going(struct allowedips *a);

/* Called by allowedips.c: */
void allowedips_going_forget(struct allowedips *a, const struct prefix *p); /* it is set again */
/* The device has P at OWNER. True: there it was, and it is going no more; its removal is the
 * caller's. Elsewhere: it is not ours any more, either. */
bool allowedips_going_seen(struct allowedips *a, const struct owner *owner, const struct prefix *p);
/* FN queues the removal of each, MOST of them: they are where they were. */
void allowedips_going_some(struct allowedips *a, size_t most,
			   void (*fn)(struct allowedips *a, struct owner *from,
				      const struct prefix *p));
/* The device has them no more: all of them, or those of owners who are away, or whose fate is not
 * to stay. */
void allowedips_going_gone(struct allowedips *a);
/* Nothing is known of the device: what is found there later is judged by the ledger, which has
 * them still. */
void allowedips_going_unknown(struct allowedips *a);
void allowedips_going_left(struct allowedips *a);

#endif
