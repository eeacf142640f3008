/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * silence: from when on bytes that WireGuard received contradict that a far end is silent. Pure.
 *
 * A probe finds the silence; the counters say whether something else came in. That takes two
 * readings: the first one after it began parts what came before from what comes later, the second
 * one knows. Where the device can be read at once the first is done when the silence begins and the
 * second when the probe gives up; where that takes long both are made beside the loop, or the polls
 * do it. Until then nothing is known, and nothing is shown to be dead.
 */
#ifndef WGBGP_SILENCE_H
#define WGBGP_SILENCE_H

#include <stdbool.h>
#include <stdint.h>

struct silence {
	bool begun;	/* there is one */
	uint64_t first; /* ms: the first reading; 0: none yet */
	uint64_t since; /* ms: what is received after that contradicts it; 0: not known yet */
};

void silence_begin(struct silence *s);
/* The device was read, which is about to be judged. NOW in ms. */
void silence_read(struct silence *s, uint64_t now);
/* It was read so shortly before that this one may count as the first. */
void silence_was_read(struct silence *s, uint64_t now);

#endif
