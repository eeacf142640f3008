/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop_fake: loop.h for tests, with a clock that stands until it is moved. What happens, and in
 * which order, depends on the calls alone: a random test that failed fails again.
 *
 * A test that links this file has no descriptors to watch; it calls loop_fake_turn() where a daemon
 * has loop_run().
 */
#ifndef WGBGP_LOOP_FAKE_H
#define WGBGP_LOOP_FAKE_H

#include "loop.h"

void loop_fake_pass(uint64_t us);     /* time goes by, and nothing runs */
void loop_fake_turn(void);	      /* once what is due by now: timers, and jobs behind them */
bool loop_fake_rests(void);	      /* nothing is due before time goes by */
extern unsigned long loop_fake_looks; /* at the clock, so far */

#endif
