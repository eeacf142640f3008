/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rig_clock: for tests with the rig: a clock that stands still until the test turns it. The program
 * is linked with RIG_CLOCK_LDFLAGS (local.mk): all but lib/loop.c itself asks this clock.
 */
#ifndef WGBGP_BGPD_RIG_CLOCK_H
#define WGBGP_BGPD_RIG_CLOCK_H

#include <stdint.h>

/* Turns the clock by MS; what is due meanwhile has its turn in order, and so has what it leads to
 * on sockets of this host. */
void rig_pass(uint64_t ms);
void rig_clock_reset(void); /* forgets what runs */

#endif
