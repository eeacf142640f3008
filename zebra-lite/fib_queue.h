/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib_queue: the prefixes that may have changed, each queued once; the urgent ones before others.
 *
 * Two rings. A node that is taken out of the middle leaves a ghost behind, always in front of where
 * it may be queued again; struct rib_node counts them, and stays until they have passed.
 */
#ifndef WGBGP_ZEBRA_FIB_QUEUE_H
#define WGBGP_ZEBRA_FIB_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

struct rib_node;

void fib_queue_put(struct rib_node *n, bool urgent); /* behind the others; it is not queued yet */
struct rib_node *fib_queue_take(bool *urgent);	     /* NULL: empty */
void fib_queue_put_back(struct rib_node *n, bool urgent); /* taken just now; it is first again */
void fib_dequeue(struct rib_node *n);
void fib_queue_reset(void);

#endif
