/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay: a new zebra-lite hears of everything: interfaces and their peers, then, as soon as all
 * devices were tried, learned entries, of whatever life of whichever of us, and the end mark. A bit
 * at a time: a quantum a turn of the loop, and nothing while the channel is full. What changes
 * meanwhile is told as ever (report.h); the replay passes over peers that were told so already.
 * Refusals that are over (allowedips_retry()) are told in the same way.
 */
#ifndef WGBGP_REPLAY_H
#define WGBGP_REPLAY_H

void replay_start(void);  /* the channel is new */
void replay_go_on(void);  /* the channel takes more, or there is more to tell */
void replay_cancel(void); /* the channel is gone */

#endif
