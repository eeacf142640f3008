/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * knobs: settings of the kernel that the parent makes, below /proc/sys.
 *
 * Forwarding is let on for good. That ICMP errors have an address of the interface that the packet
 * came in by is for planes (zebra-lite's errorway.h) and holds for the whole machine: what was off
 * before is off again when no plane is in use any more. RUNDIR/errors-knob remembers that it was: a
 * parent that is started anew finds it, and a reboot forgets both.
 */
#ifndef WGBGP_KNOBS_H
#define WGBGP_KNOBS_H

#include <stdbool.h>

void knobs_open(const char *rundir); /* without it nothing is remembered over a restart */
void knobs_forward(void);	     /* on, of both families */
void knobs_errors(bool wanted);
void knobs_close(void);

#endif
