/* SPDX-License-Identifier: BSD-2-Clause */
#include "slab.h"

#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define CHUNK_BYTES (64 * 1024) /* a power of two: an object's address says where its chunk is */
#define CHUNK_SPARE 64		/* for malloc's own data, so that one chunk follows another */
#define HEADER_BYTES ((sizeof(struct chunk) + 15) & ~(size_t)15)
#define TRIM_BYTES (8 * 1024 * 1024)

/* Stands in one of its slab's lists: of those that have room, or of the full ones. */
struct chunk {
	struct chunk *next, **prev;
	struct slab *slab;
	void *free_list; /* freed objects */
	char *fresh;	 /* behind it nothing was ever used */
	unsigned used;
};

static size_t slot_size(const struct slab *s)
{
	size_t size = s->size < sizeof(void *) ? sizeof(void *) : s->size;

	return (size + 7) & ~(size_t)7;
}

/* A few objects fit; larger ones have a chunk each. */
static bool is_small(const struct slab *s)
{
	return slot_size(s) < CHUNK_BYTES / 4;
}

static void list_put(struct chunk **head, struct chunk *c)
{
	c->next = *head;
	c->prev = head;
	if (c->next)
		c->next->prev = &c->next;
	*head = c;
}

static void list_take(struct chunk *c)
{
	*c->prev = c->next;
	if (c->next)
		c->next->prev = c->prev;
}

static struct chunk *chunk_new(struct slab *s, size_t bytes)
{
	void *memory = NULL;
	struct chunk *c;

	if (posix_memalign(&memory, is_small(s) ? CHUNK_BYTES : 64, bytes) != 0)
		fatal("out of memory");
	c = memory;
	*c = (struct chunk){.slab = s, .fresh = (char *)c + HEADER_BYTES};
	list_put(&s->open, c);
	s->chunks++;
	return c;
}

static void chunk_free(struct slab *s, struct chunk *c)
{
	list_take(c);
	free(c);
	s->chunks--;
}

static bool has_room(const struct slab *s, const struct chunk *c)
{
	return c->free_list ||
	       c->fresh + slot_size(s) <= (const char *)c + CHUNK_BYTES - CHUNK_SPARE;
}

static void *take(struct slab *s, struct chunk *c)
{
	void *object = c->free_list;

	if (object) {
		c->free_list = *(void **)object;
	} else {
		object = c->fresh;
		c->fresh += slot_size(s);
	}
	if (!c->used++)
		s->empty--;
	if (!has_room(s, c)) {
		list_take(c);
		list_put(&s->full, c);
	}
	return object;
}

void *slab_alloc(struct slab *s)
{
	void *object;

	s->used++;
	if (!is_small(s)) {
		struct chunk *c = chunk_new(s, HEADER_BYTES + slot_size(s));

		object = c->fresh;
	} else {
		if (!s->open) {
			chunk_new(s, CHUNK_BYTES - CHUNK_SPARE);
			s->empty++;
		}
		object = take(s, s->open);
	}
	return memset(object, 0, s->size);
}

/* One empty chunk is kept: else an object that is taken and released by turns would allocate and
 * free a chunk each time. */
static void give_back(struct slab *s, struct chunk *c, void *object)
{
	if (!has_room(s, c)) {
		list_take(c);
		list_put(&s->open, c);
	}
	*(void **)object = c->free_list;
	c->free_list = object;
	if (--c->used)
		return;
	if (s->empty)
		chunk_free(s, c);
	else
		s->empty++;
}

void slab_free(struct slab *s, void *object)
{
	if (!object)
		return;
	ensure(s->used > 0);
	s->used--;
	if (is_small(s))
		give_back(s, (struct chunk *)((uintptr_t)object & -(uintptr_t)CHUNK_BYTES), object);
	else
		chunk_free(s, (struct chunk *)((char *)object - HEADER_BYTES));
}

void slab_destroy(struct slab *s)
{
	while (s->open)
		chunk_free(s, s->open);
	while (s->full)
		chunk_free(s, s->full);
	*s = (struct slab){.name = s->name, .size = s->size};
}

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
static size_t known_free; /* bytes that malloc had free and gave back, or the least since */

bool slab_trim(void)
{
	size_t is_free = mallinfo2().fordblks;

	if (is_free < known_free)
		known_free = is_free;
	if (is_free < known_free + TRIM_BYTES)
		return false;
	known_free = is_free;
	return malloc_trim(0) == 1;
}
#else
bool slab_trim(void)
{
	return false;
}
#endif
