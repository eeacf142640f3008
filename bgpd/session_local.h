/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session_local: our own addresses at this end of a connection, which are the next hops that we
 * announce.
 *
 * An interface may have several IPv6 addresses. One that was configured stays; what the kernel made
 * from a router's word (SLAAC), and what it changes every day (temporary), does not, and whoever
 * were told it as a next hop would lose us. So the kernel is asked for the flags, too, which
 * getifaddrs() does not tell.
 */
#ifndef WGBGP_BGPD_SESSION_LOCAL_H
#define WGBGP_BGPD_SESSION_LOCAL_H

#include "peer.h"

/* Our addresses at this end of the connection: p->local, and p->local4, p->local6 and p->local_ll
 * of the interface that has it. */
void session_locals(struct peer *p, int fd);

#endif
