/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trie: a path-compressed binary trie of prefixes with intrusive nodes.
 *
 * One trie holds one family or both, of any planes (a root each). The owner embeds a struct
 * trie_node and keeps the memory; the trie allocates only its own branching nodes (glue), which
 * callers never see. A large one has an index of its IPv4 nodes by their first 16 bits, or a lookup
 * would wait for memory at each of 20 levels. Walks run in order of plane, family, address, length;
 * a walk survives removal of the node it just left if the next one was fetched before, and a
 * resumable walk remembers a prefix and continues with trie_first_from().
 */
#ifndef WGBGP_TRIE_H
#define WGBGP_TRIE_H

#include "prefix.h"

struct trie_node {
	struct trie_node *parent;   /* NULL at a root */
	struct trie_node *child[2]; /* by the bit behind p.len */
	struct prefix p;	    /* set by trie_insert() */
	bool glue;		    /* branching only, owned by the trie */
};

struct trie {
	struct trie_node *root[2];    /* of the main plane: IPv4, IPv6 */
	struct trie_node *(*more)[2]; /* of the planes from 1 on; NULL while there is none */
	struct trie_node **index;     /* of IPv4 in the main plane, in trie.c; NULL while small */
	size_t count;		      /* nodes of callers; with the last one everything is freed */
};

/* Puts NODE in as P. Returns NULL, or the node that already stands there (NODE is then not in). */
struct trie_node *trie_insert(struct trie *t, struct trie_node *node, const struct prefix *p);
void trie_remove(struct trie *t, struct trie_node *node);

struct trie_node *trie_exact(const struct trie *t, const struct prefix *p);
/* The longest node that covers P (P itself counts). */
struct trie_node *trie_match(const struct trie *t, const struct prefix *p);
struct trie_node *trie_match_addr(const struct trie *t, const struct addr *a);
/* The next shorter covering node of NODE, or NULL. */
struct trie_node *trie_cover(const struct trie_node *node);

/* In-order walk. */
struct trie_node *trie_first(const struct trie *t);
struct trie_node *trie_next(const struct trie *t, const struct trie_node *node);
/* The first node at P or behind it in walk order. */
struct trie_node *trie_first_from(const struct trie *t, const struct prefix *p);
/* Walk of everything equal to or inside P; trie_next_in() ends with NULL behind the last one. */
struct trie_node *trie_first_in(const struct trie *t, const struct prefix *p);
struct trie_node *trie_next_in(const struct trie *t, const struct trie_node *node,
			       const struct prefix *p);

#define TRIE_FOREACH(t, node) \
	for (struct trie_node *node = trie_first(t); node; node = trie_next(t, node))
/* The same where NODE may be removed. */
#define TRIE_FOREACH_SAFE(t, node, next)                                                    \
	for (struct trie_node *node = trie_first(t), *next = node ? trie_next(t, node) : NULL; \
	     node; node = next, next = node ? trie_next(t, node) : NULL)

#endif
