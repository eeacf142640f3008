/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * device_link: the link of a device: its addresses and MTU as configured, up or down.
 */
#ifndef WGBGP_DEVICE_LINK_H
#define WGBGP_DEVICE_LINK_H

#include <stdbool.h>
#include <stdint.h>

struct device;
struct link_info;

/* What INFO says of it is known now. */
void device_link_take(struct device *dev, const struct link_info *info);
/* Gives it the MTU and the addresses that are configured. */
void device_link_sync(struct device *dev, const struct link_info *info);
/* Up or down, at a start and when the configuration is applied. In between somebody who sets a link
 * down by hand means it. */
void device_link_admin(struct device *dev, const struct link_info *info);
/* The MTU is otherwise than configured, and that may be changed now. */
bool device_link_mtu_due(const struct device *dev, uint32_t mtu);
/* Addresses may have changed (an event), or it is time to try again what was refused. */
void device_link_check_addrs(struct device *dev);
void device_link_drop_addrs(struct device *dev); /* those that are not configured */

#endif
