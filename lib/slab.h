/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slab: objects of one size, for what there are millions of. No header per object; freed ones are
 * used again; memory goes back to the system only when the slab is destroyed. Counters for the CLI.
 */
#ifndef WGBGP_SLAB_H
#define WGBGP_SLAB_H

#include <stddef.h>

struct slab {
	const char *name;  /* for counters */
	size_t size;	   /* bytes an object */
	size_t used;	   /* objects handed out */
	size_t chunks;	   /* chunks taken from the system */
	void *free_list;   /* freed objects */
	void *chunk_list;  /* chunks, for slab_destroy() */
	char *fresh, *end; /* unused rest of the newest chunk */
};

#define SLAB_INIT(name_, type)                        \
	{                                             \
		.name = (name_), .size = sizeof(type) \
	}

void *slab_alloc(struct slab *s); /* zeroed; never NULL */
void slab_free(struct slab *s, void *object);
void slab_destroy(struct slab *s); /* every object becomes invalid */

#endif
