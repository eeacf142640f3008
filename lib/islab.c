/* SPDX-License-Identifier: BSD-2-Clause */
#include "islab.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

uint32_t islab_alloc(struct islab *s)
{
	uint32_t id = s->free;

	if (id) {
		memcpy(&s->free, islab_at(s, id), sizeof(s->free));
	} else {
		if (!s->high)
			s->high = 1;
		id = s->high++;
		if (id % ISLAB_CHUNK == 0 || id == 1) {
			uint32_t chunk = id / ISLAB_CHUNK;

			if ((chunk & (chunk - 1)) == 0)
				s->chunks = xrealloc(s->chunks,
						     (chunk ? chunk * 2 : 1) * sizeof(*s->chunks));
			s->chunks[chunk] = xmalloc(ISLAB_CHUNK * s->stride);
		}
	}
	s->used++;
	memset(islab_at(s, id), 0, s->stride);
	return id;
}

void islab_release(struct islab *s, uint32_t id)
{
	void *object = islab_at(s, id);

	ensure(s->used > 0);
	memset(object, 0, s->stride);
	memcpy(object, &s->free, sizeof(s->free));
	s->free = id;
	s->used--;
}

void islab_destroy(struct islab *s)
{
	for (uint32_t i = 0; s->high && i <= (s->high - 1) / ISLAB_CHUNK; i++)
		free(s->chunks[i]);
	free(s->chunks);
	*s = (struct islab){.stride = s->stride};
}
