/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * retry: when something that was refused is tried again.
 *
 * Whoever writes somewhere (the kernel, WireGuard, nftables, a file) keeps a struct retry beside
 * what is wanted. While retry_waits() the same thing is not tried again, whatever calls for it: a
 * second after the first refusal, twice as long after each further one, up to RETRY_MAX_MS. Where
 * the circumstances changed in a way that may help (a link came up, an address came) retry_kick()
 * brings the next attempt forward: to this moment for the first such event, later and later after
 * the last attempt for the next ones, so that no stream of events makes a stream of refused writes.
 * What events of long ago have used up is earned back with time: today's event, which helps, is
 * followed at once, however many did not help before. In a minute there are at most RETRY_MINUTE
 * attempts. All zero: nothing was refused.
 */
#ifndef WGBGP_RETRY_H
#define WGBGP_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#define RETRY_FIRST_MS 1000
#define RETRY_MAX_MS 30000
#define RETRY_MINUTE 20
#define RETRY_LEVELS 6 /* delays that there are: 1, 2, 4, 8, 16, 30 s */
#define RETRY_KICKS 6  /* the same of attempts that an event brings forward */
#define RETRY_KICK_MIN_MS 100
#define RETRY_EARN_MS 15000 /* without an attempt: one of those is earned back */

/* FIRST, twice as long after each of FAILURES, at most MOST: for what is counted elsewhere. */
uint64_t retry_delay_ms(uint64_t first, unsigned failures, uint64_t most);

struct retry {
	uint64_t tried_ms; /* monotonic: of the last attempt */
	int error;	   /* it ended with; negative errno, 0: nothing was refused */
	uint16_t count;	   /* refusals in a row, of attempts whose time had come */
	uint16_t kicks;	   /* and of those that an event brought forward, less what was earned */
	bool kicked;	   /* so is the next one */
};

/* It was tried and refused. True where this is news: the first refusal, or for another cause. */
bool retry_failed(struct retry *r, int err);
static inline void retry_done(struct retry *r) /* it went well, or is not wanted any more */
{
	*r = (struct retry){0};
}
bool retry_waits(const struct retry *r);       /* it may not be tried now */
unsigned retry_level(const struct retry *r);   /* which of the delays; something was refused */
uint64_t retry_left_ms(const struct retry *r); /* until it may be tried; 0: now */
/* Something changed that may help. True: what was refused may be tried now; else later. */
bool retry_kick(struct retry *r);

#endif
