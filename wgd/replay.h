/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay: a new zebra-lite is told everything: interfaces and their peers, then, as soon as all
 * devices were tried, the learned entries, whichever process of zebra-lite or wgd put them there,
 * and the end mark. Each turn of the loop sends a part, and none while the channel is full. What
 * changes meanwhile is told at once (report.h); the replay leaves out peers that were told so.
 * Refusals that are over (allowedips_retry()) are told in the same way.
 */
#ifndef WGBGP_REPLAY_H
#define WGBGP_REPLAY_H

void replay_start(void);  /* the channel is new */
void replay_go_on(void);  /* the channel takes more, or there is more to tell */
void replay_cancel(void); /* the channel is gone */

#endif
