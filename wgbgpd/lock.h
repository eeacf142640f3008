/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lock: one instance per RUNDIR, and never two who write to the same tables.
 *
 * RUNDIR/wgbgpd.pid is locked by the parent; its daemons have the same open file, so the lock stays
 * until the last of them has ended. Where a parent died, its successor waits for the daemons that
 * it left. One that hangs does not end: after 5 s it is killed, if it runs one of our programs and
 * holds this very lock. The open file is for reading only: who holds it cannot change the number.
 */
#ifndef WGBGP_LOCK_H
#define WGBGP_LOCK_H

/* The descriptor, or -errno with a line on standard error. */
int lock_take(const char *rundir);

#endif
