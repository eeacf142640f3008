/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsm: one connection on its way from CONNECT to ESTABLISHED (RFC 4271 section 8), and its timers.
 *
 * A session may have two of them until the collision is resolved (section 6.8). The machine knows
 * messages and timers; what concerns the neighbour as a whole (which connection wins, when to
 * connect again, the tables) it asks of whoever made it, by struct fsm_ops.
 */
#ifndef WGBGP_BGPD_FSM_H
#define WGBGP_BGPD_FSM_H

#include "conn.h"
#include "loop.h"

struct fsm {
	const struct fsm_ops *ops;
	struct peer *peer;
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

/* What the machine asks and tells. */
struct fsm_ops {
	void (*put_open)(const struct peer *p, struct open *o); /* ours */
	/* Theirs came. False with error.code: that is sent; without: F has been freed. */
	bool (*opened)(struct fsm *f, struct bgp_error *error);
	void (*established)(struct fsm *f);
	void (*update)(struct fsm *f, const uint8_t *body, size_t len);
	void (*refresh_asked)(struct fsm *f, const uint8_t *body, size_t len);
	/* F is over: by whom, and why; ERROR is the NOTIFICATION, NULL there was none. Frees F. */
	void (*ended)(struct fsm *f, enum fsm_end end, const struct bgp_error *error,
		      const char *why);
	void (*state_changed)(struct peer *p);
};

/* Takes FD; outgoing: connect() was called on it. OPS must stay valid. */
struct fsm *fsm_new(const struct fsm_ops *ops, struct peer *p, int fd, bool outgoing);
/* Sends ERROR where a connection stands (NULL: nothing is said) and frees F, without ended(). */
void fsm_close(struct fsm *f, const struct bgp_error *error);
void fsm_send_keepalive(struct fsm *f);
/* The times in the configuration changed; ESTABLISHED. */
void fsm_keepalive_changed(struct fsm *f);
void fsm_send_hold_changed(struct fsm *f);

/* MS made shorter by up to a quarter (RFC 4271 section 10). */
uint64_t fsm_jitter(uint64_t ms);

#endif
