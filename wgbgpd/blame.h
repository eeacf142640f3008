/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * blame: whether a change on trial is to blame for the loss of something that it does not touch.
 * Pure.
 *
 * It is when the loss began with the change, or within 20 s of it: so long tunnels need to be found
 * dead. Later one far end alone is its own affair: it reboots, a line is cut, somebody pulls a
 * plug. Two far ends that are lost within 20 s of each other have a cause in common, and the change
 * is what was done last. What somebody asked for (`clear bgp`, an administrative shutdown by the
 * neighbor) says nothing of the change. Nor does what had ended twice within the ten minutes before
 * it: that is not even watched (blame_flaps()).
 */
#ifndef WGBGP_BLAME_H
#define WGBGP_BLAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLAME_SOON_MS 20000
#define BLAME_FLAP_MS 600000

struct blame {
	uint64_t since; /* ms: the change began */
	uint64_t began; /* ms: the last loss that did not count; 0: there was none */
	char whose[64]; /* its far end */
};

struct blame_loss {
	const char *whose; /* far end: what it has several of is lost at once */
	uint64_t began;	   /* ms; not when it was noticed */
	bool asked;
};

void blame_begin(struct blame *b, uint64_t now);
/* The change is to blame. */
bool blame_counts(struct blame *b, const struct blame_loss *loss);

/* When something ended last, and before that; ms, 0: never. */
struct blame_ends {
	uint64_t last, before;
};
bool blame_flaps(const struct blame_ends *ends, uint64_t now);

#endif
