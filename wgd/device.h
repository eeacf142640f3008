/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * device: the life of one WireGuard interface.
 *
 * A device is WAITING (the interface is to be created, adopted or found again), STARTING (a
 * userspace program was started and has not answered yet), READY (read and reconciled; polled
 * from now on) or REFUSED (cannot be used; tried again now and then). Whatever is lost while it is
 * READY (the link, the program, a peer, an entry) is noticed at the latest at the next poll, put
 * back and said.
 *
 * Interfaces that we create carry the ifalias "wgbgp" and are wholly ours. Adopted ones keep what
 * was there: what we add is in the ledger, and only that is ever changed or removed.
 */
#ifndef WGBGP_DEVICE_H
#define WGBGP_DEVICE_H

#include "roster.h"

void devices_open(const char *rundir);
void devices_close(void); /* frees; changes nothing outside */
/* Why CONF cannot be applied; 0 or -EINVAL. */
int devices_check(const struct wgconf *conf, char *error, size_t size);
void devices_apply(struct wgconf *conf); /* takes it over */
void devices_prune(void);
void devices_teardown(void);
void devices_link_event(const char *ifname, int ifindex);

void device_lost(struct device *dev, const char *why);
void device_poll(struct device *dev);

#endif
