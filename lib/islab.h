/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * islab: millions of objects of one size, which are named by 32-bit numbers.
 *
 * A number takes half the room of a pointer. Numbers start with 1, so 0 means "none". Released
 * numbers are used again first. Memory never moves: a pointer to an object is valid as long as the
 * object. A walk counts from 1 to below `high`; the owner has to tell objects in use from free
 * ones, of which all bytes but the first four are zero.
 */
#ifndef WGBGP_ISLAB_H
#define WGBGP_ISLAB_H

#include <stddef.h>
#include <stdint.h>

struct islab {
	size_t stride; /* bytes an object, a multiple of 4 */
	uint8_t **chunks;
	uint32_t high; /* numbers below it were given out at least once; 0 before the first */
	uint32_t free; /* list through the first 32 bits */
	uint32_t used;
};
#define ISLAB_CHUNK 4096 /* objects */

static inline void *islab_at(const struct islab *s, uint32_t id)
{
	return s->chunks[id / ISLAB_CHUNK] + (id % ISLAB_CHUNK) * s->stride;
}

uint32_t islab_alloc(struct islab *s); /* zeroed */
void islab_release(struct islab *s, uint32_t id);
void islab_destroy(struct islab *s); /* every object becomes invalid */

#endif
