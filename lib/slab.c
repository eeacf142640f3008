/* SPDX-License-Identifier: BSD-2-Clause */
#include "slab.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

#define CHUNK_BYTES (64 * 1024)

struct chunk {
	struct chunk *next;
};

static size_t slot_size(const struct slab *s)
{
	size_t size = s->size < sizeof(void *) ? sizeof(void *) : s->size;

	return (size + 7) & ~(size_t)7;
}

static void add_chunk(struct slab *s)
{
	size_t slot = slot_size(s);
	size_t bytes = slot * 8 > CHUNK_BYTES ? slot * 8 : CHUNK_BYTES;
	struct chunk *chunk = xmalloc(bytes);

	chunk->next = s->chunk_list;
	s->chunk_list = chunk;
	s->chunks++;
	s->fresh = (char *)chunk + 16;
	s->end = (char *)chunk + bytes;
}

void *slab_alloc(struct slab *s)
{
	void *object = s->free_list;

	s->used++;
	if (object) {
		s->free_list = *(void **)object;
	} else {
		if (!s->fresh || s->fresh + slot_size(s) > s->end)
			add_chunk(s);
		object = s->fresh;
		s->fresh += slot_size(s);
	}
	return memset(object, 0, s->size);
}

void slab_free(struct slab *s, void *object)
{
	if (!object)
		return;
	ensure(s->used > 0);
	*(void **)object = s->free_list;
	s->free_list = object;
	s->used--;
}

void slab_destroy(struct slab *s)
{
	struct chunk *chunk = s->chunk_list, *next;

	for (; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	*s = (struct slab){.name = s->name, .size = s->size};
}
