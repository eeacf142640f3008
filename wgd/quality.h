/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quality: how good a tunnel is, from the answers to echo requests, and what that costs. Pure.
 *
 * Latency and jitter that are shown are running means (RFC 6298, RFC 3550). The cost takes the
 * median of the last answers instead: after a step it is there in five of them, and one late answer
 * does not move it. Loss is counted over the last 256 requests; so that a bad tunnel is found
 * sooner, three lost of the last twelve are also enough to call it lossy.
 *
 * The cost is weights times values, rounded to steps. It moves only when it is off by the minimum
 * improvement, has been so for a second (worse) or for the hold time (better), and then goes to
 * where it should be at once. A tunnel that gets better and soon worse again waits twice as long
 * the next time.
 */
#ifndef WGBGP_QUALITY_H
#define WGBGP_QUALITY_H

#include <stdbool.h>
#include <stdint.h>

#include "conf_leaves.h"

#define QUALITY_WINDOW 256
#define QUALITY_MEDIAN 9

struct quality {
	/* round trips, us */
	unsigned samples; /* since the start or the last outage */
	uint32_t latency, jitter;
	uint32_t recent[QUALITY_MEDIAN];
	/* loss */
	uint64_t window[QUALITY_WINDOW / 64]; /* a bit set: lost; the last one is bit 0 of [0] */
	unsigned determined;		      /* how many bits say something */
	bool lossy;
	/* cost */
	uint32_t cost;
	bool costed;	      /* it is one: there were samples enough */
	bool off, off_better; /* it should be another one, a lower one */
	uint64_t off_since;   /* ms */
	uint64_t better_at;   /* ms: it became lower last; 0: never */
	unsigned backoff;     /* doublings of the hold time */
};

void quality_init(struct quality *q);
void quality_answer(struct quality *q, uint32_t rtt); /* us */
void quality_lost(struct quality *q, uint32_t n);
void quality_outage(struct quality *q);		/* round trips before it say nothing any more */
unsigned quality_loss(const struct quality *q); /* of 1000, in the window */
/* Looks at loss and cost anew, now in ms; from LOSSY_AT percent on it is lossy, 0 never. True when
 * the cost moved or it became or ceased to be lossy. */
bool quality_update(struct quality *q, const struct conf_quality *c, uint32_t lossy_at,
		    uint64_t now);

#endif
