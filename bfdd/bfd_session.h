/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bfd_session: one session's state machine, RFC 5880 section 6.8, asynchronous mode without echo.
 *
 * Pure: packets and the time go in, packets to send and news to tell come out. All times and
 * intervals are microseconds; times are of one monotonic clock.
 *
 * - A session that is not Up sends once a second whatever is configured (6.8.3), and at once when
 *   its state changes (6.8.7). A new session sends AdminDown for a moment first: a far end that had
 *   an Up session with an earlier bfdd of ours then ends it without removing a path. If we began
 *   with Down, the far end would conclude that the path is broken (RFC 5882 sections 4.1 and 3.2).
 * - The detection time is the far end's multiplier times the larger of two intervals: the one that
 *   we ask for and the one in which it sends. Silence for two thirds of it is SUSPECT: the caller
 *   looks at other evidence.
 * - A tick that comes much too late shows that this process did not run, and the process that
 *   carries the tunnel perhaps neither. That time does not count: the detection time continues, for
 *   at least an interval. All that is added so comes to three times the detection time at most. If
 *   the far end then signals that it did not hear us, that was our fault and not the path's: no
 *   SIGNALLED is told.
 */
#ifndef WGBGP_BFD_SESSION_H
#define WGBGP_BFD_SESSION_H

#include "bfd_packet.h"
#include "messages.h"

#define BFD_NEVER UINT64_MAX
#define BFD_SLOW_US 1000000u /* between packets while not Up, at least */
#define BFD_HELLO_US 100000u /* AdminDown at the beginning, and at the end */

struct bfd_params {
	uint32_t tx_us, rx_us; /* desired min tx, required min rx */
	uint8_t multiplier;
	bool passive; /* silent until the far end speaks */
};

struct bfd_session {
	struct bfd_params conf;
	uint8_t state, diag; /* enum bfd_state, enum bfd_diag */
	uint8_t remote_state, remote_diag;
	uint8_t remote_multiplier;
	bool remote_demand;
	uint32_t local_discr, remote_discr; /* remote: 0 while not known */
	uint32_t desired_tx, required_rx;   /* as we say them now */
	uint32_t used_tx, used_rx;	    /* in force: a poll may still be under way */
	uint32_t remote_min_rx, remote_desired_tx;
	bool polling;	      /* each packet has P, until one with F comes */
	bool poll_again;      /* something changed since that poll began */
	bool suspected;	      /* said, in this silence */
	uint8_t standing;     /* enum bfd_news but SUSPECT */
	uint64_t hello_until; /* AdminDown of a beginning or an end; 0: over */
	bool ending;	      /* bfd_session_disable() was called */
	uint64_t tx_at;	      /* next packet; BFD_NEVER */
	uint64_t sent_at;     /* last packet of ours; 0: none */
	uint64_t slept_at;    /* before that, none for longer than the far end waits; 0: never */
	uint64_t heard_at;    /* last packet taken; 0: none since it was last Down by silence */
	uint64_t expire_at;   /* end of the detection time; BFD_NEVER */
	uint64_t put_off_us;  /* of that, in this silence, because we stood still */
	uint64_t up_since;    /* 0: not Up */
	uint64_t tx_packets, rx_packets;
	uint32_t transitions; /* of state */
	uint32_t random;      /* of the jitter */
};

struct bfd_out {
	bool send; /* PACKET is to go out */
	struct bfd_packet packet;
	bool tell;    /* NEWS is to be told */
	uint8_t news; /* enum bfd_news */
};

void bfd_session_init(struct bfd_session *s, const struct bfd_params *conf, uint32_t local_discr,
		      uint32_t seed, uint64_t now);
/* Other timers, without an interruption (6.8.3). */
void bfd_session_configure(struct bfd_session *s, const struct bfd_params *conf, uint64_t now);
/* The session is to end: AdminDown from now on, and a little later bfd_session_ended(). */
void bfd_session_disable(struct bfd_session *s, uint64_t now);
bool bfd_session_ended(const struct bfd_session *s);
/* A packet that is this session's. False: refused (A bit), nothing changed. */
bool bfd_session_receive(struct bfd_session *s, const struct bfd_packet *p, uint64_t now,
			 struct bfd_out *out);
/* Everything that is due. Call it when bfd_session_next() has come, after all packets that have
 * arrived by then were handed in. */
void bfd_session_tick(struct bfd_session *s, uint64_t now, struct bfd_out *out);
uint64_t bfd_session_next(const struct bfd_session *s);
/* The tick would say SUSPECT or EXPIRED: look first whether a packet waits. */
bool bfd_session_overdue(const struct bfd_session *s, uint64_t now);
uint32_t bfd_session_tx_interval(const struct bfd_session *s); /* before jitter */
uint32_t bfd_session_detection(const struct bfd_session *s);   /* 0: nothing heard yet */

#endif
