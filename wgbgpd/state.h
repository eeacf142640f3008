/* SPDX-License-Identifier: BSD-2-Clause */
/* state: STATEDIR, what outlives a reboot: LOCALSTATEDIR/lib/wgbgp, or WGBGP_STATEDIR of the
 * environment. */
#ifndef WGBGP_STATE_H
#define WGBGP_STATE_H

/* The path of a file there, the caller's; makes the directory. Where that is missing whole, wgd
 * says so. */
char *state_path(const char *name);

#endif
