/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echo: what was sent as ICMP echo requests to a peer's tunnel address, and what came back. Pure
 * accounting: times go in, verdicts come out; who sends is in peer_echo.c.
 *
 * - A request is lost when the answer to one sent 100 ms later has arrived. Nothing is lost by a
 *   timeout: while no answers come at all the row of unanswered ones is the verdict, and a
 *   round trip that became longer makes no losses.
 * - A row of unanswered requests is a verdict when it is `multiplier` long, or as much longer as
 *   the loss before it demands: where three in ten are lost, four in a row are no news.
 * - The far end may not answer at all: until the first answer a row says nothing.
 * - Requests of an outage do not count as loss: loss is what happens while answers come. Those
 *   sent before the first answer have waited for a handshake, perhaps: they measure nothing.
 * - Large requests run beside the small ones. A row of them lost, each with a small one answered
 *   after it, is a black hole.
 */
#ifndef WGBGP_ECHO_H
#define WGBGP_ECHO_H

#include <stdbool.h>
#include <stdint.h>

#include "conf_leaves.h"

#define ECHO_SLOTS 128 /* requests that are remembered, a power of two */

/* OLD: it waits, and was sent before an outage ended. */
enum echo_fate { ECHO_NONE, ECHO_WAITING, ECHO_OLD, ECHO_ANSWERED };

struct echo_slot {
	uint64_t sent; /* us, monotonic */
	uint16_t seq;
	uint8_t fate; /* enum echo_fate */
	bool large;
};

struct echo {
	uint16_t next_seq;
	bool answered; /* ever: the far end does answer */
	/* the row without an answer */
	uint32_t row;	    /* small requests since the last answer */
	uint64_t row_since; /* us: the first of them was sent */
	bool outage;	    /* the row was a verdict */
	/* large requests */
	uint16_t large_seq; /* the last one */
	bool large_waiting; /* it has no answer yet */
	bool large_passed;  /* a small one sent after it was answered */
	uint32_t large_row; /* lost in a row */
	uint64_t large_at;  /* us: it was sent; 0: none yet */
	struct echo_slot slots[ECHO_SLOTS];
	/* counters for show */
	uint64_t sent, received, lost;
};

/* What an answer says. */
struct echo_answer {
	bool known; /* it is one, to a request that waited */
	bool large;
	bool first;    /* at the start or after an outage: it may have waited for a handshake */
	uint32_t rtt;  /* us */
	uint32_t lost; /* small requests before it that are lost now */
};

void echo_init(struct echo *e, uint16_t first_seq);
uint16_t echo_sent(struct echo *e, uint64_t now, bool large); /* returns its sequence number */
struct echo_answer echo_received(struct echo *e, uint16_t seq, uint64_t now);
/* How many in a row are a verdict where LOSS of 1000 are lost otherwise. */
uint32_t echo_needed(const struct conf_liveness *c, unsigned loss);
/* More than half of that row: somebody may have a closer look. */
bool echo_suspicious(const struct echo *e, const struct conf_liveness *c, unsigned loss);
/* GRACE (us): how long an answer to the last one may take, at most an interval counts. */
bool echo_unanswered(struct echo *e, const struct conf_liveness *c, unsigned loss, uint64_t grace,
		     uint64_t now);
bool echo_dead(const struct echo *e, const struct conf_liveness *c, unsigned loss);
/* The last one of the row was just sent: time to look again after that grace. */
bool echo_last_sent(const struct echo *e, const struct conf_liveness *c, unsigned loss);
bool echo_large_due(const struct echo *e, const struct conf_liveness *c, uint64_t now);
bool echo_black_hole(const struct echo *e, const struct conf_liveness *c, unsigned loss);

#endif
