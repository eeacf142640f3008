/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slab: objects of one size, for what there are millions of. No header per object; freed ones are
 * used again, and a chunk of them that is empty goes back to malloc; slab_trim() now and then gives
 * to the system what is free there. Counters for the CLI.
 */
#ifndef WGBGP_SLAB_H
#define WGBGP_SLAB_H

#include <stdbool.h>
#include <stddef.h>

struct chunk;

struct slab {
	const char *name;  /* for counters */
	size_t size;	   /* bytes an object */
	size_t used;	   /* objects handed out */
	size_t chunks;	   /* chunks taken from the system */
	size_t empty;	   /* of these, those that are empty: at most one */
	struct chunk *open, *full; /* with room, without */
};

#define SLAB_INIT(name_, type)                        \
	{                                             \
		.name = (name_), .size = sizeof(type) \
	}

void *slab_alloc(struct slab *s); /* zeroed; never NULL */
void slab_free(struct slab *s, void *object);
void slab_destroy(struct slab *s); /* every object becomes invalid */
bool slab_trim(void); /* where malloc has much more free than before; true: some went back */

#endif
