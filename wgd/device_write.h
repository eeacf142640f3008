/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * device_write: the queued changes of AllowedIPs go to the device, the ledger of an adopted
 * interface before and behind them; and what is known of the device after a change has failed.
 */
#ifndef WGBGP_DEVICE_WRITE_H
#define WGBGP_DEVICE_WRITE_H

#include <stdbool.h>

struct device;
struct owner;
struct wg_dump;

#define LEDGER_TEXT "its ledger cannot be written: nothing is added to it"

/* Whose the peers of a dump are; ADD: strangers get a peer of their own. Release with free(). */
struct owner **device_owners(struct device *dev, const struct wg_dump *dump, bool add);
/* The ledger of an adopted interface says what is about to be done. 0, or -errno: it must not be
 * done; that is said, and what was added is to be taken out again. */
int device_ledger(struct device *dev);
/* A change failed with ERR, and how much of it was done is not known: says so, reads the device. */
void device_change_failed(struct device *dev, int err);
/* Hands the queued changes to the device. 0, or -errno: then the device was read again. Removals
 * that are to be confirmed by a reading wait for the next poll with entries where that takes long:
 * allowedips_going.h. */
int device_flush(struct device *dev);
/* The same with such a reading at hand: they are done. NULL: it is made, whatever it takes. */
int device_flush_all(struct device *dev, const struct wg_dump *dump);

#endif
