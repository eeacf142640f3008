/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mrt: table dumps (RFC 6396), TABLE_DUMP and TABLE_DUMP_V2, both families: what each of the
 * collector's peers had announced, as a table that can be offered again.
 */
#ifndef WGBGP_BENCH_MRT_H
#define WGBGP_BENCH_MRT_H

#include "routes.h"

struct mrt_peer {
	struct addr address;
	uint32_t as;
	struct routes *routes; /* whoever takes it out sets NULL */
};

struct mrt {
	struct attrs_pool *pool; /* borrowed */
	struct mrt_peer *peers;
	size_t npeers;
	size_t entries, skipped; /* skipped: records of other kinds, entries that do not decode */
};

/* Returns 0 or a negative errno; a dump that is cut off gives what is there. */
int mrt_read(struct mrt *m, const char *path, struct attrs_pool *pool);
void mrt_free(struct mrt *m);

#endif
