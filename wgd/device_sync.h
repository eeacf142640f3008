/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * device_sync: the inner half of device: a device that answers is read, reconciled and repaired.
 */
#ifndef WGBGP_DEVICE_SYNC_H
#define WGBGP_DEVICE_SYNC_H

#include <stdbool.h>
#include <stdint.h>

struct device;
struct if_conf;
struct wg_dump;

/* Private key, port and mark, where they differ from what DUMP says. */
int device_sync_key(struct device *dev, const struct wg_dump *dump);
/* All of it: what is there is taken over, what lacks is given. 0 or -errno. */
int device_sync_open(struct device *dev);
/* The configured peers of a device that cannot be used: they are known, and down. What the
 * configuration before, OLD, gave them beyond this one is wanted no more. */
void device_sync_names(struct device *dev, const struct if_conf *old);
/* A changed configuration; OLD is the one before. */
int device_sync_config(struct device *dev, const struct if_conf *old);
/* State, MTU and addresses of the link. False when it is gone: device_lost() was called. */
bool device_check_link(struct device *dev);

#endif
