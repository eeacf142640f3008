/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wg_reader: reads a device beside the loop, by a thread and a back-end of its own, so that nobody
 * waits for a long answer: neither the loop, nor what the device's other thread is to change.
 *
 * One reading is under way at a time. A program that does not answer keeps the thread, and nobody
 * else. The back-end is opened with the first reading, and again after one that failed.
 */
#ifndef WGBGP_WG_READER_H
#define WGBGP_WG_READER_H

#include "wg.h"

struct wg_reader;

struct wg_look {
	struct wg_dump dump; /* empty where ERR is not 0 */
	int err;
	uint64_t work_us; /* of the thread: processor time */
};

void wg_reader_open(void (*fn)(void)); /* called in the loop when something was read */
void wg_reader_close(void);	       /* when all readers ended */
/* Begins a reading of WG. *R NULL: the reader is made. 0 or -errno; -EBUSY: an earlier one is under
 * way, or not taken. */
int wg_reader_ask(struct wg_reader **r, const struct wg *wg, bool with_entries);
/* False: none is done. The dump is the caller's. R NULL is fine. */
bool wg_reader_take(struct wg_reader *r, struct wg_look *look);
void wg_reader_end(struct wg_reader **r); /* *R is NULL then; what is under way ends */

#endif
