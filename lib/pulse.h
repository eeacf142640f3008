/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pulse: how long the other end of a channel has not answered a PING.
 *
 * There is a tick each second. If the last PING was answered, the tick sends the next one; else it
 * adds the time since the tick before to the silence. A tick that comes late, because our own
 * process did not run, adds only a second. So after a stop of the whole machine nobody is taken for
 * hung, and an answer that waits in the socket is read before enough ticks have passed.
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
