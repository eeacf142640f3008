/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * device_sync: a device that answers is read and given what it lacks: when it is opened, and when
 * the configuration is applied.
 */
#ifndef WGBGP_DEVICE_SYNC_H
#define WGBGP_DEVICE_SYNC_H

struct allowed_drift;
struct device;
struct if_conf;
struct owner;
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
/* Marks which peers the dump has; OWNERS: device_owners(). */
void device_sync_seen(struct device *dev, struct owner **owners, const struct wg_dump *dump);
/* The configured entries of all peers, without what OLD gave them beyond; NULL: nothing. */
void device_sync_entries(struct device *dev, const struct if_conf *old);
void device_sync_say_drift(struct device *dev, const struct allowed_drift *drift);

#endif
