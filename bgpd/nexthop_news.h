/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nexthop_news: what zebra-lite says of a next hop, and what a change of it does to others: the
 * sessions and update groups of neighbours behind it, and the walk over its paths.
 *
 * One whose tunnel is back stays down, held, while the session of the neighbour behind it has yet
 * to show that it outlived that (session_proof.h).
 */
#ifndef WGBGP_BGPD_NEXTHOP_NEWS_H
#define WGBGP_BGPD_NEXTHOP_NEWS_H

#include "messages.h"
#include "peer.h"

void nexthop_heard(const struct msg_nexthop *m);
/* The session of P has proved itself, or is over. */
void nexthop_proved(const struct peer *p);

#endif
