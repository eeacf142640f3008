/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drains: which tunnel peers an operator wants empty, and RUNDIR/drained, which has a line
 * "INTERFACE PEER" for each, so that neither a restart of wgd nor an upgrade undoes what a person
 * has asked for; a reboot does.
 */
#ifndef WGBGP_DRAINS_H
#define WGBGP_DRAINS_H

#include <stdbool.h>

void drains_open(const char *rundir); /* reads the file */
void drains_close(void);
bool drains_has(const char *ifname, const char *peer);
void drains_set(const char *ifname, const char *peer, bool on);
int drains_write(void); /* 0 or -errno */
const char *drains_path(void);

#endif
