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

#include <stdbool.h>

#define DEVICE_OPEN_MIN_MS 100 /* between two attempts to open one */

struct device;
struct link_info;

void device_set_rundir(const char *dir); /* NULL: none any more */
const char *device_rundir(void);
/* An interface of this name, of which INFO is known, was created by us. */
bool device_is_ours(const char *ifname, const struct link_info *info);

struct device *device_new(const char *name);
void device_open(void *device); /* tries it, and later again where that fails; a timer's function */
/* READY no more. Everything that we want is kept, to be put back. */
void device_lost(struct device *dev, const char *why);
void device_delete_own(struct device *dev); /* the interface that was created for it */
void device_free(struct device *dev); /* changes nothing outside */

#endif
