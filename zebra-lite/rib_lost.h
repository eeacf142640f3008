/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_lost: lines of the log for prefixes that had a route into a tunnel and have none any more, as
 * their last path is gone (last-path-lost), and for those of them that have one again
 * (last-path-back). A thousand of them are one line, and there is one of each kind in a minute at
 * most, with all since the last one. Those that have a route again by then are not in the first,
 * and those that lost it again are not in the second: each is of what is so when it is written.
 *
 *   route goes ──► new ──said──► said ──route comes──► back ──said──► forgotten
 *                   └─ route comes: forgotten  ▲          │
 *                                              └──────────┘ route goes
 *
 * A thousand of each are known by name, the newest; of others there is a number. A prefix that
 * comes to have a route and is not known counts as one of those that were said to be lost. What was
 * said to be lost is forgotten when nothing is kept in for it any more: `keep-in-time` after that,
 * or by `clear keep-in`.
 */
#ifndef WGBGP_ZEBRA_RIB_LOST_H
#define WGBGP_ZEBRA_RIB_LOST_H

#include "books.h"
#include "rib_node.h"

/* The route of N, which is F, is being taken out. */
void rib_lost(const struct rib_node *n, const struct fib *f);
/* F, into a tunnel or not, becomes the route of N. */
void rib_lost_back(const struct rib_node *n, const struct fib *f);
/* P need not come back; NULL: nor any other that was said to be lost. */
void rib_lost_forget(const struct prefix *p);
void rib_lost_reset(void);

#endif
