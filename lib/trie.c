/* SPDX-License-Identifier: BSD-2-Clause */
#include "trie.h"

#include <stdlib.h>
#include <string.h>

#include "slab.h"
#include "util.h"

#define INDEX_BITS 16
#define INDEX_FROM 4096 /* nodes of callers */

/* There are nearly as many branching nodes as others. */
static struct slab branches = SLAB_INIT("trie branches", struct trie_node);

/* Of a plane that has one. */
static struct trie_node **slot_of(struct trie *t, const struct prefix *p)
{
	unsigned f = p->family == AF_INET6;

	return p->plane ? &t->more[p->plane - 1][f] : &t->root[f];
}

static struct trie_node *root_at(const struct trie *t, unsigned plane, unsigned family)
{
	if (!plane)
		return t->root[family];
	return t->more ? t->more[plane - 1][family] : NULL;
}

static struct trie_node *root_of(const struct trie *t, const struct prefix *p)
{
	return root_at(t, p->plane, p->family == AF_INET6);
}

/* The first root behind the one that P belongs under. */
static struct trie_node *root_behind(const struct trie *t, const struct prefix *p)
{
	unsigned end = t->more ? 2 * PLANES_MAX : 2;

	for (unsigned i = 2 * p->plane + (p->family == AF_INET6) + 1; i < end; i++) {
		struct trie_node *root = root_at(t, i / 2, i % 2);

		if (root)
			return root;
	}
	return NULL;
}

static unsigned bit_at(const uint8_t *b, unsigned i)
{
	return (b[i / 8] >> (7 - i % 8)) & 1;
}

/* How many leading bits A and B share, at most as many as the shorter one has. */
static unsigned shared_bits(const struct prefix *a, const struct prefix *b)
{
	unsigned max = a->len < b->len ? a->len : b->len, bits = bits_shared(a->b, b->b);

	return bits < max ? bits : max;
}

static void link_child(struct trie *t, struct trie_node *parent, struct trie_node *old,
		       struct trie_node *new)
{
	if (!parent)
		*slot_of(t, &old->p) = new;
	else
		parent->child[parent->child[1] == old] = new;
	if (new)
		new->parent = parent;
}

static void adopt(struct trie_node *parent, struct trie_node *child)
{
	parent->child[bit_at(child->p.b, parent->p.len)] = child;
	child->parent = parent;
}

/*
 * The index names for each beginning of INDEX_BITS the last node on the way there that covers it,
 * glue included; NULL where there is none. A node that is inserted takes over entries of the node
 * above it, and a node that is removed gives them back to that one.
 */
static bool indexed(const struct trie *t, const struct prefix *p)
{
	return t->index && p->family == AF_INET && !p->plane;
}

static unsigned index_of(const struct prefix *p)
{
	return p->b[0] << 8 | p->b[1];
}

/* In the range of P what was FROM is TO now. */
static void repoint(struct trie *t, const struct prefix *p, const struct trie_node *from,
		    struct trie_node *to)
{
	struct trie_node **at, **end;

	if (!indexed(t, p) || p->len > INDEX_BITS)
		return;
	at = t->index + index_of(p);
	for (end = at + (1u << (INDEX_BITS - p->len)); at < end; at++)
		if (*at == from)
			*at = to;
}

/* NODE was put into its place. */
static void entered(struct trie *t, struct trie_node *node)
{
	repoint(t, &node->p, node->parent, node);
}

static void index_subtree(struct trie *t, struct trie_node *node)
{
	if (!node || node->p.len > INDEX_BITS)
		return;
	entered(t, node);
	index_subtree(t, node->child[0]);
	index_subtree(t, node->child[1]);
}

static void count_in(struct trie *t)
{
	if (++t->count < INDEX_FROM || t->index)
		return;
	t->index = xcalloc(1u << INDEX_BITS, sizeof(*t->index));
	index_subtree(t, t->root[0]);
}

static void count_out(struct trie *t)
{
	if (--t->count > 0)
		return;
	free(t->more);
	free(t->index);
	t->more = NULL;
	t->index = NULL;
}

/* NODE takes the place, the children and the parent of the glue node GLUE. */
static void replace_glue(struct trie *t, struct trie_node *glue, struct trie_node *node)
{
	for (int i = 0; i < 2; i++) {
		node->child[i] = glue->child[i];
		if (node->child[i])
			node->child[i]->parent = node;
	}
	link_child(t, glue->parent, glue, node);
	repoint(t, &node->p, glue, node);
	slab_free(&branches, glue);
}

/* NODE and AT share SHARED bits, fewer than AT has: one of them or a glue node comes in front of
 * AT. */
static void insert_before(struct trie *t, struct trie_node *at, struct trie_node *node,
			  unsigned shared)
{
	struct trie_node *parent = at->parent, *glue;

	if (shared == node->p.len) {
		link_child(t, parent, at, node);
		adopt(node, at);
		entered(t, node);
		return;
	}
	glue = slab_alloc(&branches);
	glue->p = prefix_make(node->p.family, node->p.b, shared);
	glue->p.plane = node->p.plane;
	glue->glue = true;
	link_child(t, parent, at, glue);
	adopt(glue, at);
	adopt(glue, node);
	entered(t, glue);
	entered(t, node);
}

/*
 * Where the bits of P lead, glue included; NULL in an empty trie. All that covers P is on the way
 * there. What the branches skipped is not compared on the way: one comparison with the node where
 * it ends says for each of those above it, too, whether it covers P.
 */
static struct trie_node *lead(const struct trie *t, const struct prefix *p)
{
	struct trie_node *at = NULL, *next;

	if (indexed(t, p) && p->len >= INDEX_BITS)
		at = t->index[index_of(p)];
	if (!at)
		at = root_of(t, p);
	for (; at && at->p.len < p->len; at = next) {
		next = at->child[bit_at(p->b, at->p.len)];
		if (!next)
			break;
	}
	return at;
}

struct trie_node *trie_insert(struct trie *t, struct trie_node *node, const struct prefix *p)
{
	struct trie_node *at;
	unsigned shared;

	ensure(p->plane < PLANES_MAX);
	if (p->plane && !t->more)
		t->more = xcalloc(PLANES_MAX - 1, sizeof(*t->more));
	*node = (struct trie_node){.p = *p};
	at = lead(t, p);
	if (!at) {
		*slot_of(t, p) = node;
		entered(t, node);
	} else if ((shared = shared_bits(&at->p, p)) < at->p.len) {
		while (at->parent && at->parent->p.len > shared)
			at = at->parent;
		insert_before(t, at, node, shared);
	} else if (at->p.len < p->len) {
		adopt(at, node);
		entered(t, node);
	} else if (at->glue) {
		replace_glue(t, at, node);
	} else {
		return at;
	}
	count_in(t);
	return NULL;
}

/* Drops glue nodes that no longer branch, from AT upwards. */
static void prune(struct trie *t, struct trie_node *at)
{
	while (at && at->glue && !(at->child[0] && at->child[1])) {
		struct trie_node *parent = at->parent;

		link_child(t, parent, at, at->child[0] ? at->child[0] : at->child[1]);
		repoint(t, &at->p, at, parent);
		slab_free(&branches, at);
		at = parent;
	}
}

void trie_remove(struct trie *t, struct trie_node *node)
{
	struct trie_node *parent = node->parent;

	if (node->child[0] && node->child[1]) {
		struct trie_node *glue = slab_alloc(&branches);

		glue->p = node->p;
		glue->glue = true;
		link_child(t, parent, node, glue);
		repoint(t, &node->p, node, glue);
		adopt(glue, node->child[0]);
		adopt(glue, node->child[1]);
	} else {
		link_child(t, parent, node, node->child[0] ? node->child[0] : node->child[1]);
		repoint(t, &node->p, node, parent);
		prune(t, parent);
	}
	node->parent = node->child[0] = node->child[1] = NULL;
	count_out(t);
}

struct trie_node *trie_exact(const struct trie *t, const struct prefix *p)
{
	struct trie_node *at = lead(t, p);

	if (!at || at->glue || at->p.len != p->len || shared_bits(&at->p, p) != p->len)
		return NULL;
	return at;
}

struct trie_node *trie_match(const struct trie *t, const struct prefix *p)
{
	struct trie_node *at = lead(t, p);
	unsigned shared = at ? shared_bits(&at->p, p) : 0;

	while (at && (at->glue || at->p.len > shared))
		at = at->parent;
	return at;
}

struct trie_node *trie_match_addr(const struct trie *t, const struct addr *a)
{
	struct prefix p = prefix_of_addr(a);

	return trie_match(t, &p);
}

struct trie_node *trie_cover(const struct trie_node *node)
{
	struct trie_node *at = node->parent;

	while (at && at->glue)
		at = at->parent;
	return at;
}

/* The node behind the whole subtree of NODE, glue included. */
static struct trie_node *next_subtree(const struct trie_node *node)
{
	while (node->parent) {
		const struct trie_node *parent = node->parent;

		if (parent->child[0] == node && parent->child[1])
			return parent->child[1];
		node = parent;
	}
	return NULL;
}

static struct trie_node *step(const struct trie_node *node)
{
	if (node->child[0])
		return node->child[0];
	if (node->child[1])
		return node->child[1];
	return next_subtree(node);
}

static struct trie_node *skip_glue(struct trie_node *node)
{
	while (node && node->glue)
		node = step(node);
	return node;
}

struct trie_node *trie_first(const struct trie *t)
{
	return skip_glue(t->root[0] ? t->root[0]
				    : root_behind(t, &(struct prefix){.family = AF_INET}));
}

struct trie_node *trie_next(const struct trie *t, const struct trie_node *node)
{
	struct trie_node *next = skip_glue(step(node));

	return next ? next : skip_glue(root_behind(t, &node->p));
}

struct trie_node *trie_first_from(const struct trie *t, const struct prefix *p)
{
	struct trie_node *at = root_of(t, p);

	while (at) {
		unsigned shared = shared_bits(&at->p, p);
		struct trie_node *child;

		if (shared < at->p.len &&
		    shared < p->len) { /* AT's whole subtree is in front of P, or behind it */
			if (bit_at(at->p.b, shared) > bit_at(p->b, shared))
				break;
			at = next_subtree(at);
			break;
		}
		if (at->p.len >= p->len)
			break;
		child = at->child[bit_at(p->b, at->p.len)];
		if (!child) {
			bool left = bit_at(p->b, at->p.len) == 0;

			at = left && at->child[1] ? at->child[1] : next_subtree(at);
			break;
		}
		at = child;
	}
	at = skip_glue(at);
	return at ? at : skip_glue(root_behind(t, p));
}

struct trie_node *trie_first_in(const struct trie *t, const struct prefix *p)
{
	struct trie_node *node = trie_first_from(t, p);

	return node && prefix_covers(p, &node->p) ? node : NULL;
}

struct trie_node *trie_next_in(const struct trie *t, const struct trie_node *node,
			       const struct prefix *p)
{
	struct trie_node *next = trie_next(t, node);

	return next && prefix_covers(p, &next->p) ? next : NULL;
}
