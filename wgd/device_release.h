/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * device_release: who leaves: a peer that nobody wants any more keeps its learned entries until
 * zebra-lite has moved them, but no longer than for a while.
 */
#ifndef WGBGP_DEVICE_RELEASE_H
#define WGBGP_DEVICE_RELEASE_H

struct device;
struct peer;

/* Drops leaving peers of the device that are free of learned entries, or whose time is up. */
void device_release(struct device *dev);
void peer_free(struct peer *p); /* and everybody forgets it */
/* Those whose fate says so, with their entries; the entries of who is lost are nowhere now. */
void peers_free_gone(struct device *dev);

#endif
