/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cut: takes one tunnel down on purpose, for a drill, without touching its configuration.
 *
 * A table of our own, inet wgbgp_drill, drops the tunnel's encrypted packets on their way in and
 * out. The elements that match carry a timeout, and an expired element matches nothing: the kernel
 * restores the tunnel in time even if every process here is gone. What is left of the table is
 * removed at the end, at a stop, and by the next wgd (RUNDIR/cut says that there is something).
 * An interface with a single peer is matched by its port alone, else by the far end's address and
 * both ports, and an endpoint that changes meanwhile is added.
 */
#ifndef WGBGP_WGD_CUT_H
#define WGBGP_WGD_CUT_H

#include "show.h"

struct peer;

void cut_open(const char *rundir); /* removes what an earlier life left */
void cut_close(void);		   /* restores */
void cut_peer_gone(const struct peer *p);

/* Requests `cut` (`interface`, `peer`, `seconds`), answered by when it began, and `cut-end`. */
void cut_request(struct show *s);
void cut_end_request(struct show *s);

#endif
