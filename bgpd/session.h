/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session: the connection to a neighbour: the RFC 4271 state machine, its timers and its socket.
 */
#ifndef WGBGP_BGPD_SESSION_H
#define WGBGP_BGPD_SESSION_H

#include "peer.h"

/* Called by the tables. */
void session_kick(struct peer *p);			      /* adjout has something to send */
void session_refresh(struct peer *p, enum bgp_family family); /* ask for ROUTE-REFRESH (RFC 2918) */
/* Ends the session with a NOTIFICATION (RFC 4271 section 6); CODE 0: none is sent. */
void session_stop(struct peer *p, uint8_t code, uint8_t subcode, const char *why);
/* The way to the neighbour came up or went down (next-hop state of its address). Up: connect now,
 * whatever ConnectRetry says. Down: nothing but a note; the tables have withdrawn the paths. */
void session_path_changed(struct peer *p, bool up);

#endif
