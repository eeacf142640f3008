/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batches: what zebra-lite wants in AllowedIPs, batch by batch, and the answers.
 *
 * A batch changes what is wanted at once; what that means for a device goes to it by the thread of
 * wg.h, so that the next batch, or the rest of a large one, is looked at while WireGuard works. A
 * few changes, and those of an adopted interface (whose ledger stands before and behind them), are
 * made on the spot. Batches are answered in the order of their arrival, each when all that it gave
 * to devices is done: a program that does not answer for a while is no refusal, its batches wait.
 * Where a device fails it is read again, and whatever a batch that is not answered yet set there
 * and is not in place is refused.
 */
#ifndef WGBGP_BATCHES_H
#define WGBGP_BATCHES_H

#include <stdbool.h>
#include <stdint.h>

struct device;
struct ipc_frame;
struct prefix;

void batches_open(void (*answered)(void)); /* some were answered */
void batches_close(void);
/* ALLOWED from zebra-lite; false: malformed. */
bool batches_allowed(const struct ipc_frame *frame);
/* What was refused may be asked for again: said behind the answers that are awaited, since the
 * refusal may be in one of them. */
void batches_free(uint32_t peer_id, const struct prefix *p);
bool batches_under_way(void); /* some are not answered yet */
/* Waits a moment until nothing is under way to the device, and answers what is done. False:
 * something still is. */
bool batches_settle(struct device *dev);
void batches_end(struct device *dev); /* before it is closed: what is under way there fails */
/* The device was read and repaired, or that failed: what became of the batches that it had not
 * answered in time is known. */
void batches_known(struct device *dev, int err);
void batches_forget(void); /* zebra-lite is gone: nobody waits for answers */

#endif
