/* SPDX-License-Identifier: BSD-2-Clause */
#include "trie.h"

#include <stdlib.h>

#include "util.h"

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

/* How many leading bits A and B share, at most MAX. */
static unsigned common_bits(const uint8_t *a, const uint8_t *b, unsigned max)
{
	unsigned bits = 0;

	for (unsigned i = 0; bits < max; i++, bits += 8) {
		uint8_t diff = a[i] ^ b[i];

		if (diff) {
			bits += __builtin_clz(diff) - 24;
			break;
		}
	}
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

/* NODE takes the place, the children and the parent of the glue node GLUE. */
static void replace_glue(struct trie *t, struct trie_node *glue, struct trie_node *node)
{
	for (int i = 0; i < 2; i++) {
		node->child[i] = glue->child[i];
		if (node->child[i])
			node->child[i]->parent = node;
	}
	link_child(t, glue->parent, glue, node);
	free(glue);
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
		return;
	}
	glue = xcalloc(1, sizeof(*glue));
	glue->p = prefix_make(node->p.family, node->p.b, shared);
	glue->p.plane = node->p.plane;
	glue->glue = true;
	link_child(t, parent, at, glue);
	adopt(glue, at);
	adopt(glue, node);
}

struct trie_node *trie_insert(struct trie *t, struct trie_node *node, const struct prefix *p)
{
	struct trie_node *at;

	ensure(p->plane < PLANES_MAX);
	if (p->plane && !t->more)
		t->more = xcalloc(PLANES_MAX - 1, sizeof(*t->more));
	at = root_of(t, p);
	*node = (struct trie_node){.p = *p};
	if (!at) {
		*slot_of(t, p) = node;
		t->count++;
		return NULL;
	}
	for (;;) {
		unsigned max = at->p.len < p->len ? at->p.len : p->len;
		unsigned shared = common_bits(at->p.b, p->b, max);
		struct trie_node *next;

		if (shared < at->p.len) {
			insert_before(t, at, node, shared);
			break;
		}
		if (at->p.len == p->len) {
			if (!at->glue)
				return at;
			replace_glue(t, at, node);
			break;
		}
		next = at->child[bit_at(p->b, at->p.len)];
		if (!next) {
			adopt(at, node);
			break;
		}
		at = next;
	}
	t->count++;
	return NULL;
}

/* Drops glue nodes that no longer branch, from AT upwards. */
static void prune(struct trie *t, struct trie_node *at)
{
	while (at && at->glue && !(at->child[0] && at->child[1])) {
		struct trie_node *parent = at->parent;

		link_child(t, parent, at, at->child[0] ? at->child[0] : at->child[1]);
		free(at);
		at = parent;
	}
}

void trie_remove(struct trie *t, struct trie_node *node)
{
	struct trie_node *parent = node->parent;

	if (node->child[0] && node->child[1]) {
		struct trie_node *glue = xcalloc(1, sizeof(*glue));

		glue->p = node->p;
		glue->glue = true;
		link_child(t, parent, node, glue);
		adopt(glue, node->child[0]);
		adopt(glue, node->child[1]);
	} else {
		link_child(t, parent, node, node->child[0] ? node->child[0] : node->child[1]);
		prune(t, parent);
	}
	node->parent = node->child[0] = node->child[1] = NULL;
	if (--t->count == 0) {
		free(t->more);
		t->more = NULL;
	}
}

/* The deepest node on the way to P that covers it; glue counts only where ANY is set. */
static struct trie_node *descend(const struct trie *t, const struct prefix *p, bool any)
{
	struct trie_node *at = root_of(t, p), *best = NULL;

	while (at && at->p.len <= p->len && common_bits(at->p.b, p->b, at->p.len) == at->p.len) {
		if (any || !at->glue)
			best = at;
		if (at->p.len == p->len)
			break;
		at = at->child[bit_at(p->b, at->p.len)];
	}
	return best;
}

struct trie_node *trie_exact(const struct trie *t, const struct prefix *p)
{
	struct trie_node *node = descend(t, p, false);

	return node && node->p.len == p->len ? node : NULL;
}

struct trie_node *trie_match(const struct trie *t, const struct prefix *p)
{
	return descend(t, p, false);
}

struct trie_node *trie_match_addr(const struct trie *t, const struct addr *a)
{
	struct prefix p = prefix_of_addr(a);

	return descend(t, &p, false);
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
		unsigned max = at->p.len < p->len ? at->p.len : p->len;
		unsigned shared = common_bits(at->p.b, p->b, max);
		struct trie_node *child;

		if (shared < max) { /* AT's whole subtree is in front of P, or behind it */
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
