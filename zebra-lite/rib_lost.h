/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_lost: a line of the log for prefixes that had a route into a tunnel and have none any more:
 * their last path is gone. A thousand of them are one line, and there is one in a minute at most,
 * with all since the last one. Those that have a route again by then are not in it: it is of what
 * is lost when it is written. Of a thousand that is known, not of those beyond.
 */
#ifndef WGBGP_ZEBRA_RIB_LOST_H
#define WGBGP_ZEBRA_RIB_LOST_H

#include "books.h"
#include "rib_node.h"

/* The route of N, which is F, is being taken out. */
void rib_lost(const struct rib_node *n, const struct fib *f);
/* F, into a tunnel or not, becomes the route of N. */
void rib_lost_back(const struct rib_node *n, const struct fib *f);
void rib_lost_reset(void);

#endif
