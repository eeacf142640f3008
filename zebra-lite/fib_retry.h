/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib_retry: routes that the kernel refused, and when each is tried again.
 *
 * The last write for a prefix that was refused is remembered with the prefix. The same write does
 * not go out before its time (lib/retry.h), whoever wants the route: a ranked list, a static route,
 * a pin, a tunnel's host route, or nobody any more (a removal). Another one (by the next hop behind
 * the one that was refused, say) goes out at once. When the time is up the prefix's refusals by
 * KERNEL_ERROR are cleared and it is looked at again.
 *
 * How often it was refused is forgotten when the prefix leads where the first of the refused writes
 * led (by the same next hop, gateway and interface), or some time after the last refusal. Not when
 * it leads elsewhere: bgpd takes its list back and gives it anew in between. Numbers do not count:
 * an interface or an object that is made anew has another one, and the write that was refused is
 * never wanted again.
 */
#ifndef WGBGP_ZEBRA_FIB_RETRY_H
#define WGBGP_ZEBRA_FIB_RETRY_H

#include <stddef.h>

#include "retry.h"

struct addr;
struct fib;
struct rib_node;

/* The route of TARGET (NULL: its removal), which is given by HOP (family 0: by none), was refused
 * with -errno. True where that is news. */
bool fib_retry_failed(struct rib_node *n, const struct fib *target, const struct addr *hop,
		      int err);
/* It is not to be written now. */
bool fib_retry_waits(const struct rib_node *n, const struct fib *target);
/* N has it, as it should. */
void fib_retry_done(struct rib_node *n, const struct fib *target, const struct addr *hop);
void fib_retry_cleared(struct rib_node *n); /* what was in its way is gone: it is tried now */
void fib_retry_kick(void);	/* links or addresses changed: all are tried soon (lib/retry.h) */
size_t fib_retry_lasting(void); /* prefixes that were refused several times, at last a moment ago */
/* What was refused and is not in place yet; NULL: nothing. */
const struct retry *fib_retry_of(const struct rib_node *n);
void fib_retry_reset(void); /* of rib_reset() */

#endif
