/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zhistory: what zebra-lite asks of wgd and of the kernel, in the history (history.h).
 */
#ifndef WGBGP_ZEBRA_ZHISTORY_H
#define WGBGP_ZEBRA_ZHISTORY_H

#include "books.h"
#include "out.h"

void zhistory_entries(const struct msg_allowed *m);	    /* a batch of them, on its way to wgd */
void zhistory_refused(const struct msg_allowed_refused *m); /* by wgd */
/* N's route as F has it, by HOP, family 0: by none; ERR, negative: the kernel refused it. */
void zhistory_route(enum route_op op, const struct rib_node *n, const struct fib *f,
		    const struct addr *hop, int err);
/* Whatever uses the object of that number leaves by HOP now, of PEER where it is not NULL. */
void zhistory_moved(uint32_t object, const struct tunnel_peer *peer, const struct addr *hop);

#endif
