/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * device_poll: the poll of a device that is READY: it is read, what differs is put back, and what
 * was read goes to the peers.
 */
#ifndef WGBGP_DEVICE_POLL_H
#define WGBGP_DEVICE_POLL_H

#include <stdbool.h>

struct device;
struct link_info;

/* One poll, and when the next one is due. Returns why the device is lost; NULL: it is not.
 * MAY_WAIT: if it takes long to read that is done beside the loop, and the poll goes on then. */
const char *device_poll(struct device *dev, bool may_wait);
/* INFO is not what was known of the link so far. */
void device_poll_link(struct device *dev, const struct link_info *info);

#endif
