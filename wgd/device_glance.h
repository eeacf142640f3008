/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * device_glance: reads counters and handshakes in between two polls: before a verdict, or on a
 * suspicion; where it is soon done at once, else beside the loop. What readings of late have cost
 * decides how often.
 */
#ifndef WGBGP_DEVICE_GLANCE_H
#define WGBGP_DEVICE_GLANCE_H

#include <stdbool.h>
#include <stdint.h>

struct device;
struct peer;
struct silence;

/* False where that takes too long, or fails. */
bool device_glance(struct device *dev);
/* The same beside the loop, however long it takes; its peers are told when it is done. False: none
 * begins, as one is under way or it fails. */
bool device_look(struct device *dev, bool with_entries);
void device_looked(void); /* some of them are done */
/* What a poll has waited for says no more than what came in; or nothing. */
void device_look_use(struct device *dev);
void device_look_forget(struct device *dev);
/* When, in ms, it may be done on a mere suspicion: those take a share of the time. Who does it then
 * sets `glanced_at`. */
uint64_t device_glance_due(const struct device *dev);
/* A silence of the peer begins now, as some probe of it says. */
void peer_silent(struct peer *p, struct silence *s);

/* What something costs: one time that was slow on a busy machine says little about the device, a
 * fast one all. KNOWN 0: nothing is. */
uint64_t device_cost_of_late(uint64_t known, uint64_t us);
void device_note_read(struct device *dev, uint64_t begun_us); /* a dump, which is there now */

#endif
