/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * silence: from when on bytes that WireGuard received contradict that a far end is silent. Pure.
 *
 * A probe finds the silence; the counters say whether something else came in. That takes two
 * readings: the first one after it began parts what came before from what comes later, the second
 * one knows. Where the device can be read at once the first is done when the silence begins and the
 * second when the probe gives up; where that takes long both are made beside the loop, or the polls
 * do it. Until then nothing is known, and nothing is shown to be dead.
 *
 * A reading takes seconds where there is much to say, and its counters are of some moment in that
 * time. One that was under way when the silence began may have them from before. What came in
 * between them and the silence is told by the next reading and contradicts nothing: then that one
 * is the first. Where the next one tells of nothing new the earlier one was as good as any.
 */
#ifndef WGBGP_SILENCE_H
#define WGBGP_SILENCE_H

#include <stdbool.h>
#include <stdint.h>

struct silence {
	bool begun;	   /* there is one */
	uint64_t begun_at; /* ms */
	uint64_t first;	   /* ms: the first reading; 0: none yet */
	bool early;	   /* which was under way at BEGUN_AT */
	uint64_t since;	   /* ms: what is received after that contradicts it; 0: not known yet */
};

struct silence_reading {
	uint64_t begun_at, taken_at; /* ms */
	bool grown;		     /* it tells of more bytes received than the one before */
};

/* There is one, and it is not known yet what came in. */
static inline bool silence_is_open(const struct silence *s)
{
	return s->begun && !s->since;
}

void silence_begin(struct silence *s, uint64_t now);
/* The device was read, which is about to be judged. */
void silence_read(struct silence *s, const struct silence_reading *r);
/* It was read so shortly before that this one may count as the first. */
void silence_was_read(struct silence *s, uint64_t now);

#endif
