/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * routes: a table to be offered: prefixes with their attribute sets, and its encoding as the
 * UPDATE messages that a neighbour would send.
 *
 * Routes with equal attributes that follow one another share messages. The encoding is done before
 * the clock starts; sending is then a matter of write(2).
 */
#ifndef WGBGP_BENCH_ROUTES_H
#define WGBGP_BENCH_ROUTES_H

#include "attrs.h"

struct route {
	struct prefix prefix;
	uint32_t attrs; /* number in the pool */
};

struct routes {
	struct attrs_pool *pool; /* borrowed */
	struct route *list;	 /* owned */
	size_t count, cap;
	bool recorded; /* AS paths are complete: nothing is put in front of them */
};

void routes_add(struct routes *r, const struct prefix *p, uint32_t attrs);
void routes_group(struct routes *r); /* orders by attribute set, the first ones first */
void routes_free(struct routes *r);

struct encoded {
	struct wr bytes;
	size_t messages, prefixes;
};

/* Appends the UPDATEs of both families, the IPv4 ones first. */
void routes_encode(const struct routes *r, const struct attrs_target *to, struct encoded *out);
/* Appends UPDATEs that withdraw these prefixes. */
void routes_encode_withdraw(const struct prefix *list, size_t count, struct encoded *out);
void routes_encode_end(uint8_t family, struct encoded *out); /* End-of-RIB, RFC 4724 */

#endif
