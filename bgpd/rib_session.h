/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_session: what the beginning and the end of a neighbour and of its sessions do to its paths:
 * they become void, or stale and kept until it has announced them again (RFC 4724).
 */
#ifndef WGBGP_BGPD_RIB_SESSION_H
#define WGBGP_BGPD_RIB_SESSION_H

#include "rib_peer.h"

void rib_session_new(struct peer *p);  /* it exists now: watches its address */
void rib_session_free(struct peer *p); /* it is deleted: everything of it goes */
void rib_sessions_free(void);	       /* all of them, with nothing to clean up in the tables */
/* ESTABLISHED. The caller lets restart_check() follow, when routes to it have a place as well. */
void rib_session_up(struct peer *p);
/* RETAIN: keep its paths as stale for the neighbour's restart time (RFC 4724). */
void rib_session_down(struct peer *p, bool retain, enum reason why);
void rib_end_of_rib(struct peer *p, enum bgp_family family);
/* Import policy or anything else that judges this neighbour's paths changed: judge them again (the
 * rib keeps what was received before policy), without a refresh. */
void rib_rejudge(struct peer *p);
void rib_rejudge_all(void);		      /* of all neighbours */
void rib_session_walked(struct peer_rib *pr); /* a lap of the walk ended */
/* What `show` says of a neighbour. */
struct rib_session_counts {
	uint32_t received[BGP_FAMILIES], accepted[BGP_FAMILIES];
};
struct rib_session_counts rib_session_counts(const struct peer *p);
/* Paths of an earlier session are kept until it has announced them again. */
bool rib_session_keeps_stale(const struct peer *p);

#endif
