/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devices: all of wgd's own is opened and closed here, and events of links come in.
 */
#ifndef WGBGP_DEVICES_H
#define WGBGP_DEVICES_H

void devices_open(const char *rundir);
void devices_close(void); /* frees; changes nothing outside */
void devices_link_event(const char *ifname, int ifindex);
/* What it had is gone, even if it is back when somebody looks. devices_link_event() follows. */
void devices_link_deleted(int ifindex);

#endif
