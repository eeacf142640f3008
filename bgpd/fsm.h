/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsm: one connection on its way from CONNECT to ESTABLISHED (RFC 4271 section 8), and its timers.
 *
 * A session may have two of them until the collision is resolved (section 6.8). The machine knows
 * messages and timers; what concerns the neighbour as a whole (which connection wins, when to
 * connect again, the tables) it asks of the session.
 */
#ifndef WGBGP_BGPD_FSM_H
#define WGBGP_BGPD_FSM_H

#include "conn.h"
#include "loop.h"

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
	bool started;		 /* administratively */
	bool refusal_said;	 /* that connections of its are refused for now */
	bool was_up;		 /* since this daemon started */
	struct update_context context; /* of the ESTABLISHED connection */
};

struct fsm {
	struct session *session;
	struct conn *conn;
	bool outgoing;
	enum peer_state state; /* CONNECT, OPENSENT, OPENCONFIRM, ESTABLISHED */
	uint64_t started_ms;
	uint64_t state_ms; /* when it came into it */
	struct timer hold, keepalive, send_hold;
	uint16_t hold_time, keepalive_time; /* seconds; 0 none */
	uint32_t send_hold_time;	    /* seconds; 0 none; ESTABLISHED */
	struct open open;		    /* the neighbour's, from OPENCONFIRM on */
};

/* ms until an OPEN, or the KEEPALIVE behind it, must have come (RFC 4271 section 8.2.2: large). */
extern uint64_t fsm_open_hold_ms;

/* How a connection ended. */
enum fsm_end { FSM_SENT, FSM_RECEIVED, FSM_LOST }; /* our NOTIFICATION, theirs, none */

/* Takes FD; outgoing: connect() was called on it. */
struct fsm *fsm_new(struct session *s, int fd, bool outgoing);
/* Sends ERROR where a connection stands (NULL: nothing is said) and frees F; the session is not
 * told. */
void fsm_close(struct fsm *f, const struct bgp_error *error);
void fsm_send_keepalive(struct fsm *f);
/* The times in the configuration changed; ESTABLISHED. */
void fsm_keepalive_changed(struct fsm *f);
void fsm_send_hold_changed(struct fsm *f);

/* Of session.c, called by the machine. Those that return false have freed F. */
void session_update_state(struct session *s); /* the neighbour's, of its connections' */
void session_put_open(const struct session *s, struct open *o);
bool session_opened(struct fsm *f, struct bgp_error *error); /* false with error.code: send it */
void session_established(struct fsm *f);
void session_update(struct fsm *f, const uint8_t *body, size_t len);
void session_refresh_asked(struct fsm *f, const uint8_t *body, size_t len);
/* F is over: told by whom, and why; frees F. WHY may be NULL. */
void session_ended(struct fsm *f, enum fsm_end end, const struct bgp_error *error, const char *why);

/* MS made shorter by up to a quarter (RFC 4271 section 10). */
uint64_t jitter(uint64_t ms);

#endif
