/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pulse: how long the other end of a channel has not answered a PING.
 *
 * A tick a second asks once more where the last PING was answered, else it counts. What is counted
 * is the silence while we were awake: a tick that comes late, because our own process stood still,
 * counts as one in time. So a machine that was frozen as a whole finds nobody hung, and an answer
 * that lies in the socket is read before enough ticks have passed.
 */
#ifndef WGBGP_PULSE_H
#define WGBGP_PULSE_H

#include <stdbool.h>
#include <stdint.h>

#define PULSE_TICK_MS 1000
#define PULSE_SILENT_MS 3000 /* nobody is kept waiting longer */
#define PULSE_HUNG_MS 11000  /* longer than any of our quanta on a busy machine */

struct pulse {
	bool asked;	    /* a PING is out */
	uint64_t last_ms;   /* the last tick, monotonic */
	uint64_t silent_ms; /* since that PING */
};

void pulse_start(struct pulse *p, uint64_t now_ms);
/* True: send a PING. */
bool pulse_tick(struct pulse *p, uint64_t now_ms);
/* A PONG, or anything else that shows life. */
void pulse_heard(struct pulse *p);

#endif
