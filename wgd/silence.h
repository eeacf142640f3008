/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * silence: from when on bytes that WireGuard received contradict that a far end is silent. Pure.
 *
 * A probe finds the silence; the counters, read after that, say whether something else came in. For
 * this a reading must part what came before from what comes later. Where the device can be read
 * when the silence begins, that is the one. Where that would take too long it is left to the polls:
 * the first one parts, the second one knows. Until then nothing is known, and nothing is shown to
 * be dead.
 */
#ifndef WGBGP_SILENCE_H
#define WGBGP_SILENCE_H

#include <stdbool.h>
#include <stdint.h>

struct silence {
	uint64_t since; /* ms: what is received after that contradicts it; 0: not known yet */
	uint64_t first; /* ms: the first reading since it began, where `since` waits for another */
	bool begun, unread;
};

/* NOW in ms; READ: the device was read just now. */
void silence_begin(struct silence *s, bool read, uint64_t now);
/* The device was read, which is about to be judged. */
void silence_read(struct silence *s, uint64_t now);

#endif
