/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disjoint: keeps a kernel's set of intervals, which may not overlap, at what a set of prefixes
 * covers.
 *
 * In the kernel are the prefixes that lie in no other one. When one comes that covers some which
 * are there, those go out and it comes in; when it goes, they come back: with every address covered
 * by the same as before, if the caller makes one transaction of all that a call of disjoint_work()
 * put out. The order of what is put out never makes two intervals overlap.
 */
#ifndef WGBGP_ZEBRA_DISJOINT_H
#define WGBGP_ZEBRA_DISJOINT_H

#include "prefix.h"

/* What the kernel shall do, in this order. */
typedef void (*disjoint_put)(bool add, const struct prefix *p);

void disjoint_set(const struct prefix *p, bool present);
/* The kernel's set of a family in a plane is empty. */
void disjoint_emptied(uint8_t plane, uint8_t family);
/* Works off at most MAX changes of those that there are. What covers many gives many at once. */
void disjoint_work(size_t max, disjoint_put put);
size_t disjoint_queued(void);
/* How many intervals the kernel has when all that was put out is done. */
size_t disjoint_count(uint8_t plane, uint8_t family);
void disjoint_reset(void);

#endif
