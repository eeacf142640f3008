/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prefix_table: prefixes that are collected once and only asked afterwards, in 32 bytes each.
 *
 * Rows stand in the order of prefix_cmp(): whatever covers a prefix is in front of it. Each row
 * knows the next shorter one that covers it, so a search is one by halves and a few steps up. For
 * what changes one by one there is lib/trie.
 */
#ifndef WGBGP_PREFIX_TABLE_H
#define WGBGP_PREFIX_TABLE_H

#include "prefix.h"

struct prefix_row {
	struct prefix p;
	bool flag;	   /* the owner's */
	uint32_t cover;	   /* row + 1 of the longest prefix that covers P; 0: none */
	const void *owner; /* not owned by the table */
};

struct prefix_table { /* zero: empty */
	struct prefix_row *rows;
	size_t n, cap;
};

/* Collects; of equal prefixes the first one's owner stays, and a flag that any of them has. */
void prefix_table_add(struct prefix_table *t, const struct prefix *p, const void *owner, bool flag);
/* Once, behind the last one that is added and before anything is asked. */
void prefix_table_seal(struct prefix_table *t);
void prefix_table_free(struct prefix_table *t); /* empty then */

/* The longest row that covers P (P itself counts), or NULL. Most tables that are asked are empty.
 */
const struct prefix_row *prefix_table_search(const struct prefix_table *t, const struct prefix *p);
static inline const struct prefix_row *prefix_table_match(const struct prefix_table *t,
							  const struct prefix *p)
{
	return t->n ? prefix_table_search(t, p) : NULL;
}
/* The next shorter row that covers ROW, or NULL. */
const struct prefix_row *prefix_table_cover(const struct prefix_table *t,
					    const struct prefix_row *row);

#endif
