/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dirty: the prefixes that may have changed, each queued once; the urgent ones before others.
 *
 * Who queues one does not know who takes it out: that one is woken by what dirty_open() was given.
 * Two rings. A node that is taken out of the middle leaves a ghost behind, always in front of where
 * it may be queued again; struct rib_node counts them, and stays until they have passed.
 */
#ifndef WGBGP_ZEBRA_DIRTY_H
#define WGBGP_ZEBRA_DIRTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rib_node;

/* WAKE: something is queued. BUSY: much (true) or little (false) is: stop or go on reading from
 * bgpd; may be NULL. */
void dirty_open(void (*wake)(void), void (*busy)(bool busy));
void fib_dirty(struct rib_node *n, bool urgent);
/* At the queue, be it empty: what it waited for may be there (wgd reads, the kernel wrote). */
void fib_look(void);
void fib_queue_put(struct rib_node *n, bool urgent); /* behind the others; it is not queued yet */
struct rib_node *fib_queue_take(bool *urgent);	     /* NULL: empty */
void fib_queue_put_back(struct rib_node *n, bool urgent); /* taken just now; it is first again */
void fib_dequeue(struct rib_node *n);
void rib_release(struct rib_node *n); /* frees it when nothing is known of it any more */
void fib_queue_reset(void);

struct fib_counters {
	uint64_t batches, sets, unsets, route_writes, route_errors, refused, drift, resyncs,
		repairs, beyond; /* hops of new lists that bgpd knows to be beyond the ceiling */
	uint64_t beyond_ms;	 /* the last of these */
	uint64_t flushed, races; /* routes that went with their link; writes that came behind it */
	uint64_t drift_ms, route_errors_ms; /* monotonic: the last ones */
	size_t queued, urgent, lingering, in_batch, fibs;
};
extern struct fib_counters fib_counters;

#endif
