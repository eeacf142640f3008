/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * userspace: starting a userspace WireGuard program (wireguard-go) for an interface.
 *
 * The process is detached: a session of its own, no descriptor of ours, its parent gone at once, so
 * that it outlives wgd. What it says goes to RUNDIR/IF.log, its process id to RUNDIR/IF.pid.
 */
#ifndef WGBGP_USERSPACE_H
#define WGBGP_USERSPACE_H

#include <stdbool.h>

/* Starts PROGRAM -f IFNAME. 0 or -errno (also where it cannot be executed); does not wait until it
 * is ready. */
int userspace_start(const char *program, const char *rundir, const char *ifname);
/* The program can be found (an absolute path, or in PATH). */
bool userspace_present(const char *program);
/* The program that was started for the interface runs. */
bool userspace_runs(const char *program, const char *rundir, const char *ifname);
/* The process that was started for the interface is no more, whatever program it was. */
bool userspace_ended(const char *rundir, const char *ifname);
/* Ends the process that we started for the interface, if it is still that one; removes the files.
 */
void userspace_stop(const char *program, const char *rundir, const char *ifname);

#endif
