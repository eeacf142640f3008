/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * liveness: is a tunnel up? A pure state machine: what was read from the device and what the probes
 * found goes in, with the time; a state and its reason come out.
 *
 * What it rests on, weakest first:
 * - A session lives 180 s from its handshake; packets are refused afterwards. A peer with traffic
 *   renews it after 120 s. So a handshake older than that, and something sent since then which
 *   brought no answer, or data already 15 s before: down, for certain (HANDSHAKE_STALE).
 * - A data packet is answered within 10 s, by an empty packet if by nothing else and even where the
 *   inner packet is dropped. So a probe, or other data, sent and nothing received for 15 s: down
 *   (PROBE_UNANSWERED). The time counts from the last that was received: a probe follows within a
 *   poll, and is given so much less.
 * - The same where a far end answers probes and ceases to, for that time, and two readings since
 *   then show that nothing else came in (peer_watch.h).
 * - Where nobody sends, nothing is known: idle, never down.
 * - Handshake messages also count as bytes received, but a far end that only repeats its initiation
 *   does not hear us: such growth is no sign of life.
 * - ICMP echo (echo.h) and BFD speak sooner, and only of a far end that answered before. While
 *   they miss their answers and WireGuard still receives, the tunnel is degraded (another path is
 *   better, this one may carry); when it receives nothing either, it is down. A row of lost echo
 *   requests may also be bad luck: twice as many are needed for that.
 * - BFD's neighbour that says down does not hear us, whatever we receive: down.
 * - No way to the endpoint, ICMP errors and nothing received after them, loss, and large packets
 *   that get lost are degraded, never down.
 *
 * Down by silence or age alone is weak: who has no other path may keep it. Down quickly, up
 * slowly: after `up_hold` without a bad sign a tunnel may be used again; where BFD had it down, it
 * is degraded as soon as BFD is up, so that who has nothing better need not wait. One that was
 * found bad again and again (a flapper) then stays degraded for longer, twice as long each time, at
 * most `up_hold_max`; each `up_hold_max` of good behaviour takes one step back. What is found at a
 * start counts at once. So does a sign of life when the way to the endpoint is there again that had
 * gone: nothing says that the far end was ever away. A way that comes and goes is held like the
 * rest, but for one return in each `up_hold`.
 */
#ifndef WGBGP_LIVENESS_H
#define WGBGP_LIVENESS_H

#include <stdbool.h>
#include <stdint.h>

#include "conf_leaves.h"
#include "messages.h"

/* What BFD says. EXPIRED and SIGNALLED stay until it is up, or administratively down. */
enum bfd_evidence {
	BFD_SAYS_NOTHING,   /* off, or not up yet since it was started: the far end may have none */
	BFD_SAYS_UP,	    /* packets arrive in time */
	BFD_SAYS_EXPIRED,   /* it was up, and the detection time passed without a packet */
	BFD_SAYS_SIGNALLED, /* it was up, and the neighbour says down: it does not hear us */
	BFD_SAYS_ADMIN_DOWN, /* the neighbour switched it off: says nothing */
};
const char *bfd_evidence_name(enum bfd_evidence e);

/* What others found out about the peer. */
struct evidence {
	enum bfd_evidence bfd;
	uint64_t bfd_silent;   /* EXPIRED: bytes received after this time (ms) contradict it
				  (silence.h) */
	bool echo_unanswered;  /* so many echo requests in a row that it is no coincidence */
	bool echo_dead;	       /* twice as many */
	uint64_t echo_silent;  /* bytes received after this time (ms) contradict that */
	uint64_t echo_reply;   /* ms, monotonic: the last answer arrived; 0: none */
	bool probe_dead;       /* probes that were answered before are not, for the whole timeout */
	uint64_t probe_silent; /* bytes received after this time (ms) contradict that */
	bool underlay_down; /* nothing leads to the endpoint, or its interface lost its carrier */
	bool refused;	    /* ICMP errors came, about packets to the endpoint */
	uint64_t refused_silent; /* bytes received after this time (ms) contradict that */
	bool lossy;		 /* too many echo requests are lost */
	bool black_hole;	 /* large ones are lost, small ones are not */
};

/* What a judgement starts from. All times in ms. */
struct liveness_input {
	bool read;	  /* the device was read just now; else what was read last is given again */
	uint64_t read_at; /* when that began; 0: just now, too */
	uint64_t now;	  /* monotonic */
	int64_t wall;	  /* wall clock now */
	int64_t handshake; /* wall clock of the last handshake; 0: never */
	uint64_t rx, tx;   /* bytes */
	bool link_up;	   /* the interface's */
	bool present;	   /* the peer is in the device */
	struct evidence evidence;
};

/* What tunnels go down for. */
#define LIVENESS_DEATHS 10
extern const enum reason liveness_deaths[LIVENESS_DEATHS];

struct liveness {
	enum tunnel_state state;
	enum reason reason;
	bool weak;			 /* DOWN by silence or age alone */
	uint64_t since;			 /* ms, monotonic: when the state was entered */
	uint32_t changes;		 /* of state */
	uint64_t downs[LIVENESS_DEATHS]; /* of them, to DOWN for that */
	/* what was seen */
	bool started;		/* there was a reading */
	bool rekeyed;		/* a key changed since it worked */
	int64_t void_handshake; /* of the earlier keys, which readings still tell; 0 none */
	int64_t handshake;	/* wall, as read last */
	uint64_t age_at_sight; /* its age when first seen: later steps of the wall clock don't count
				*/
	uint64_t first_seen;   /* monotonic time of that */
	uint64_t rx, tx;       /* as read last */
	uint64_t read_at;      /* when that began */
	uint64_t alive_at;     /* last sign of life; 0: none yet */
	uint64_t sent_at;      /* tx was last seen to grow; 0: not yet */
	uint64_t probe_at;     /* last probe; 0: none */
	uint64_t waiting_since; /* first data sent without a sign of life since; 0: none */
	uint64_t stale_since;	/* sent into an expired session without answer since; 0: not */
	enum bfd_evidence bfd;	/* as said last */
	/* hysteresis */
	uint64_t bad_at;      /* last bad sign while not up */
	uint64_t good_since;  /* not up, but good again since; 0: not */
	bool bfd_death;	      /* what it last was down for: BFD said so */
	bool underlay_death;  /* it ceased to be good when nothing led to the endpoint */
	uint64_t no_way_at;   /* nothing led there, the last time */
	uint64_t returned_at; /* last return without a hold; 0: none */
	unsigned flaps;	      /* times it was found bad, less what was forgiven */
};

void liveness_init(struct liveness *l, uint64_t now);
/* Down for REASON, with all that was seen of it forgotten: the interface is gone, say. What counts
 * changes goes on. */
void liveness_end(struct liveness *l, enum reason reason, uint64_t now);
/* A tunnel that worked has another key at its far end now: down until the first handshake shows
 * that it is the right one. Nothing passes before that; what uses it must not wait. */
void liveness_rekey(struct liveness *l);
/* The same where our own key changed: WireGuard forgets the session and keeps the peer, so readings
 * go on telling of its last handshake. To be judged at the next reading. */
void liveness_void_handshake(struct liveness *l);
/* L is what the wgd before knew, who sent the probes: one of our own is due, and has a fifth of the
 * timeout, at most 300 ms, for its answer before the silence counts. */
void liveness_take_over(struct liveness *l, const struct conf_liveness *c, uint64_t now);
/* Judges, by a reading or by new evidence. True when state or reason changed. */
bool liveness_update(struct liveness *l, const struct conf_liveness *c,
		     const struct liveness_input *in);
/* A probe should be sent now; liveness_probed() says that it was. */
bool liveness_probe_due(const struct liveness *l, const struct conf_liveness *c, uint64_t now);
void liveness_probed(struct liveness *l, uint64_t now);
/* When an answer that is waited for is overdue: a reading then is worth more than the next poll's.
 * 0: nothing is. */
uint64_t liveness_deadline(const struct liveness *l, const struct conf_liveness *c);
/* A probe that follows a sign of life within this time (ms) is as good as one at once, ... */
uint64_t liveness_lag(const struct conf_liveness *c);
/* ... as its answer may only take so long: the timeout less that. */
uint64_t liveness_patience(const struct conf_liveness *c);
/* Age of the last handshake in ms; -1: never. */
int64_t liveness_handshake_age(const struct liveness *l, uint64_t now);
/* How long it must be good before it is up again, ms. */
uint64_t liveness_hold(const struct liveness *l, const struct conf_liveness *c);

#endif
