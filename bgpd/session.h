/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session: the connection to a neighbour: the RFC 4271 state machine, its timers and its socket.
 */
#ifndef WGBGP_BGPD_SESSION_H
#define WGBGP_BGPD_SESSION_H

#include "loop.h"
#include "peer.h"

struct fsm; /* fsm.h */

/* Only the files of session look into it. */
struct session {
	struct peer *peer;
	struct fsm *out, *in;	 /* connections made by us, by the neighbour, not ESTABLISHED */
	struct fsm *up;		 /* the ESTABLISHED one */
	struct timer retry;	 /* ConnectRetry */
	struct timer idle;	 /* IdleHold: nothing is tried until it ends */
	struct timer rest;	 /* after max-prefix: nobody is let in until it ends */
	struct timer gone;	 /* a dynamic neighbour is deleted when it ends */
	struct timer proof;	 /* of the neighbour, that it still knows us (session_proof.h) */
	uint64_t proof_messages; /* how many it had sent when that began */
	unsigned failures;	 /* in a row: IdleHold grows */
	unsigned tries;		 /* in a row without a connection: ConnectRetry grows */
	unsigned early;		 /* ends in a row of connections that were not up for long */
	uint64_t early_ms;	 /* when the last one ended */
	bool early_up;		 /* that one had been ESTABLISHED */
	struct timer held;	 /* a call of the neighbour waits for its end (session_calls.h) */
	int held_fd;		 /* that call; -1: none */
	bool ceased;		 /* IdleHold is for a Cease that the neighbour sent */
	bool started;		 /* administratively */
	bool refusal_said;	 /* that connections of its are refused for now */
	struct update_context context; /* of the ESTABLISHED connection */
};

/* Called by neighbors.c. */
void session_new(struct peer *p);   /* fills p->session; idle */
void session_free(struct peer *p);  /* without a word; the tables are not told */
void session_start(struct peer *p); /* may connect, may be connected to */
/* A connection that the neighbour made; takes FD. Refused with a Cease while it is disabled, rests
 * after max-prefix, or after some errors in a row, unless a Cease of its ended the last one. Where
 * its connections end again and again it waits for our OPEN (session_calls.h). */
void session_accept(struct peer *p, int fd);
/* Ends it for good, or until session_start(). SUBCODE of Cease. */
void session_disable(struct peer *p, uint8_t subcode, const char *why);
/* Another port, time or direction of connections, and no session is up: begins anew. */
void session_call_again(struct peer *p);
/* `clear`: Cease/Administrative Reset, and connect again at once. */
void session_clear(struct peer *p);
/* The neighbour may send more than when it was told to rest: it is let in again. */
void session_limit_raised(struct peer *p);
bool session_busy(const struct peer *p); /* a connection exists in whatever state */

/* Called by the tables. */
void session_kick(struct peer *p);			      /* adjout has something to send */
/* Asks for ROUTE-REFRESH (RFC 2918); the session is up. */
void session_refresh(struct peer *p, enum bgp_family family);
/* Ends whatever connection there is with a Cease (RFC 4486). */
void session_stop(struct peer *p, uint8_t subcode, const char *why);
/* The way to the neighbour came up or went down (next-hop state of its address). Up: connect now,
 * whatever ConnectRetry says. Down: nothing but a note; the tables have withdrawn the paths. */
void session_path_changed(struct peer *p, bool up);
/* ... and it is down for certain (WHY), not by silence alone: an ESTABLISHED session ends at once,
 * unless configured otherwise. */
void session_tunnel_dead(struct peer *p, enum reason why);

#endif
