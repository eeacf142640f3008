/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bfd_heap: which session has to act next. A binary heap, ordered by time, of nodes that their
 * owners embed; a change of a node's time costs a few moves and no memory.
 */
#ifndef WGBGP_BFD_HEAP_H
#define WGBGP_BFD_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct bfd_due {
	uint64_t at; /* us; as the heap has it */
	size_t place;
};

struct bfd_heap {
	struct bfd_due **v;
	size_t n, cap;
};

void bfd_heap_insert(struct bfd_heap *h, struct bfd_due *d, uint64_t at);
void bfd_heap_remove(struct bfd_heap *h, struct bfd_due *d);
void bfd_heap_move(struct bfd_heap *h, struct bfd_due *d, uint64_t at);
struct bfd_due *bfd_heap_first(const struct bfd_heap *h); /* NULL: empty */
void bfd_heap_free(struct bfd_heap *h);

#endif
